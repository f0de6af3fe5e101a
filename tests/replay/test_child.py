"""The process that replays: it touches nothing outside, and however it ends, that is told."""

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import anyio
import msgspec
import pytest

from acore.replay.child.start import Child, ReplayDiedError, ReplayFailedError
from acore.replay.child.wire import ActorReplayed, Next, Progress, ReplayTask, Stepped, StepTask
from acore.runtime.spec import ChildSpec
from acore.storage.sqlite import attach
from acore.storage.store import DATABASE_NAME
from tests.actors.house import house
from tests.replay.cheats import DEADLY, DEEDS, HARMLESS, Honest, Known, Told

NAMES = ("honest", *DEEDS, *HARMLESS, *DEADLY)
SAID = {
    "time": "asks for the time: time.time",
    "chance": "uses chance: random.random",
    "secret": "uses chance: secrets.token_hex",
    "name": "uses chance: uuid.uuid4",
    "network": "reaches for the network: socket.getaddrinfo '127.0.0.1'",
    "web": "reaches for the network: urllib.Request 'http://127.0.0.1:9'",
    "file": "writes to a file: open",
    "removal": "changes files: os.remove",
    "program": "starts something: subprocess.Popen 'touch'",
    "copy": "starts something: os.fork",
    "hidden": "writes to a file: open",
}


async def lived(folder: Path) -> None:
    """Let honest actors of all names live, of whom some cheat when they are replayed."""
    async with house(folder, *(ChildSpec(id=name, actor=Honest) for name in NAMES)) as home:
        await home.tell(*(Told(n=n, folder=str(folder)) for n in (1, 2, 3)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with what honest actors did."""
    path = tmp_path_factory.mktemp("data")
    anyio.run(lived, path)
    return path


def contents(folder: Path) -> dict[str, str]:
    """Return what is in the files of *folder*."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def task(folder: Path, cast: str, *actors: str, limit: float = 10.0) -> ReplayTask:
    return ReplayTask(
        source=str(folder), cast=f"tests.replay.cheats:{cast}", actors=actors, limit=limit, collects=True
    )


def replayed(wanted: ReplayTask) -> Iterator[ActorReplayed]:
    with Child(wanted) as child:
        yield from (reply for reply in child.replies() if isinstance(reply, ActorReplayed))


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, ActorReplayed]:
    before = contents(folder)
    found = {one.actor: one for one in replayed(task(folder, "refused"))}
    assert contents(folder) == before, "R07: the journal, and all beside it, is as it was"
    return found


def test_nothing_is_left_either_by_one_that_ends_before_it_knows_what_to_do(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R07, R18."""
    before = contents(folder)
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n: > {folder / DATABASE_NAME}-wal\n")
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(program))
    more_than_a_pipe_holds = "x" * (1 << 20)
    child = Child(task(folder, "refused", more_than_a_pipe_holds))

    with pytest.raises(ReplayDiedError, match="ended with 0"), child:
        pass

    assert contents(folder) == before


def test_nothing_is_left_beside_the_journal_of_a_dead_bot(folder: Path) -> None:
    """R07, R18: no shared memory and no log; the database is not even touched. A log that was there stays."""
    database = folder / DATABASE_NAME
    before = contents(folder), database.stat().st_mtime_ns
    assert list(replayed(task(folder, "refused", "honest")))
    assert (contents(folder), database.stat().st_mtime_ns) == before

    log = folder / f"{DATABASE_NAME}-wal"
    log.touch()
    assert list(replayed(task(folder, "refused", "honest")))
    assert log.exists()
    log.unlink()
    (folder / f"{DATABASE_NAME}-shm").unlink()


@pytest.mark.parametrize("deed", DEEDS)
def test_a_cheat_is_caught_and_named_and_nothing_has_happened(
    deed: str, told: dict[str, ActorReplayed]
) -> None:
    """R06, R07: by file and line, also one that hides the error from everybody."""
    breach = told[deed].breaches[0]

    assert f"{breach.deed}: {breach.what}".startswith(SAID[deed])
    assert "tests/replay/cheats.py:" in breach.place
    is_hidden = deed == "hidden"
    assert [one.actual.partition(":")[0] for one in told[deed].replayed.divergences] == (
        [] if is_hidden else ["BreachError"]
    )


def test_who_is_honest_or_only_talks_decides_the_same(told: dict[str, ActorReplayed]) -> None:
    """R07: what is printed, logged and written to standard output goes nowhere."""
    for name in ("honest", "talk"):
        assert told[name].breaches == ()
        assert told[name].replayed.divergences == ()
        assert msgspec.json.decode(told[name].replayed.state, type=Known).total == 6


def test_the_process_has_neither_the_discord_client_nor_the_bots_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R07: who would carry effects out is not even imported."""
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    (found,) = replayed(task(folder, "curious"))

    known = msgspec.json.decode(found.replayed.state, type=Known)
    assert {"acore.replay.engine", "msgspec"} <= set(known.modules)
    assert {"nextcord", "aiohttp", "acore.discord", "acore.app"} & set(known.modules) == set()
    assert "DISCORD_TOKEN" not in known.environment


@pytest.mark.parametrize(
    ("actor", "error", "words"),
    [
        ("hanging", ReplayFailedError, "hanging does not get on: a handler has been at "),
        ("exiting", ReplayDiedError, "ended with 3 before it was done"),
        ("killed", ReplayDiedError, "was killed by SIGKILL before it was done"),
    ],
)
def test_a_process_that_hangs_or_dies_is_told_of_in_a_sentence(
    folder: Path, actor: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        list(replayed(task(folder, "deadly", actor, limit=0.4)))

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    if actor == "hanging":
        assert "tests/replay/cheats.py:" in str(caught.value)


def test_it_is_one_handler_that_may_take_so_long_and_not_all_together(folder: Path) -> None:
    """The timer beats five times a second, and finds each of the handlers three times, or six."""
    (busy,) = replayed(task(folder, "refused", "busy", limit=1.0))

    assert busy.replayed.handled == 5, "its start, three messages, and its stop"
    with pytest.raises(ReplayFailedError, match="busier does not get on"):
        list(replayed(task(folder, "refused", "busier", limit=1.0)))


def test_nothing_is_left_of_a_replay_that_is_broken_off(folder: Path) -> None:
    """R16."""
    child = Child(task(folder, "refused"))

    def interrupted() -> None:
        with child:
            next(child.replies())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_a_replay_that_stands_still_holds_up_no_checkpoint(folder: Path) -> None:
    """R18: between two pages it has no transaction open, so what the bot writes meanwhile is taken over."""
    path = folder / DATABASE_NAME
    writer = attach(path, "rw")
    wanted = StepTask(source=str(folder), cast="tests.replay.cheats:curious", actor="honest")
    with Child(wanted) as child:
        for _ in child.replies():
            pass
        child.say(Next())
        answer = [reply for reply in child.replies() if not isinstance(reply, Progress)]
        assert isinstance(answer[0], Stepped)
        assert answer[0].step is not None

        for n in range(50):
            writer.execute("UPDATE probe SET wall_ns = ?", (n,))
            writer.execute("INSERT INTO counters VALUES (?, 0)", (f"test {n}",))
        is_busy, in_log, taken_over = writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    assert (is_busy, in_log, taken_over) == (0, 0, 0)
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0
    writer.close()
