"""`acore replay` and `acore at`: what they say of a journal, how they end, and how one goes through it."""

import json
import os
import pty
import select
import signal
import sqlite3  # noqa: TID251 - spoils a journal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import copytree
from types import MappingProxyType
from typing import Any

import anyio
import pytest

from acore.actors.core import core_specs
from acore.capsule import source as capsules
from acore.checks import builtin
from acore.checks.registry import Check, checks_of
from acore.cli import invoke
from acore.clock import NANOSECONDS, instant
from acore.errors import ExitCode
from acore.events.metrics import ActivityCounted
from acore.runtime.memory import REMEMBER_AFTER
from acore.sandbox import Person, Sandbox
from tests.actors.house import STEADY, house, prober
from tests.e2e.bot import ACORE, outcome, running

CHECKS = MappingProxyType(
    {
        name: Check(name=name, help=check.help, tier=check.tier, run=STEADY["steady"].run)
        for name, check in checks_of(builtin).items()
    }
)
ACTORS = ("config", "lifecycle", "health", "metrics")


async def lived(folder: Path, pause: float = 20) -> None:
    """Let acore's own core actors live for three pauses (s), with checks that always find the same."""
    tiers = {name: check.tier for name, check in CHECKS.items()}
    async with house(folder, prober(CHECKS), *core_specs(tiers)) as home:
        for commands in (0, 1, 2):
            await home.tell(ActivityCounted(messages=5, commands=commands, errors=0))
            await home.clock.advance(pause)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory that a bot in good health has left."""
    folder = tmp_path_factory.mktemp("home") / "data"
    folder.mkdir()
    anyio.run(lived, folder)
    return folder


def rows(data: Path, name: str) -> list[int]:
    """Return the numbers of the entries of this kind."""
    with closing(sqlite3.connect(data / "acore.db")) as connection:
        found = connection.execute("SELECT seq FROM journal WHERE name = ? ORDER BY seq", (name,))
        return [seq for (seq,) in found.fetchall()]


@pytest.fixture
def spoiled(data: Path, tmp_path: Path) -> Path:
    """Return a copy in which another decision is recorded than the one that was taken."""
    folder = tmp_path / "spoiled"
    copytree(data, folder)
    with closing(sqlite3.connect(folder / "acore.db")) as connection:
        other = "UPDATE journal SET payload = replace(payload, '60', '61') WHERE name = 'settings.loaded'"
        connection.execute(other)
        connection.commit()
    return folder


def acore(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Return how `acore` ends, and what it says on each stream."""
    code = invoke([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_all_actors_decide_the_same_and_that_is_said(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = acore(capsys, "replay", data)

    assert (code, err) == (ExitCode.OK, "")
    lines = out.splitlines()
    assert [line.split()[1] for line in lines[:4]] == list(ACTORS)
    assert all("decides today what it decided then" in line for line in lines[:4])
    assert lines[4].startswith("All 4 decide the same")
    assert "\x1b" not in out


def test_machines_are_told_an_object_an_actor(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = acore(capsys, "replay", "--data", data, "--actor", "metrics", "--json")

    (told,) = objects(out)
    assert code == ExitCode.OK
    assert told["actor"] == "metrics"
    assert told["replayed"]["divergences"] == []
    assert told["replayed"]["state"]["counters"]["messages"] == 15


def test_a_difference_is_told_whole_and_ends_with_1(
    spoiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R04, R05: what came in, where in the code, what differs, what came before, and the versions."""
    code, out, err = acore(capsys, "replay", spoiled)

    assert (code, err) == (ExitCode.FAILURE, "")
    (loaded,) = rows(spoiled, "settings.loaded")
    assert "✗ config     decides something else today" in out
    for words in (
        "handled by   ",
        "on_start (run 1 of the settings)",
        "then ",
        "now ",
        "versions ",
        "where ",
    ):
        assert words in out
    assert "acore replay --actor config --step" in out
    assert "lifecycle" not in out.partition("✗")[2], "it stops at the first"
    assert loaded


def test_with_collect_the_others_are_replayed_too(spoiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R05."""
    code, out, _ = acore(capsys, "replay", spoiled, "--collect", "--json")

    told = {one["actor"]: one["replayed"]["divergences"] for one in objects(out)}
    assert code == ExitCode.FAILURE
    assert list(told) == list(ACTORS)
    (first, *_) = told["config"]
    assert first["kind"] == "other payload"
    assert first["expected"].startswith("settings.loaded ")
    assert told["lifecycle"] == told["metrics"] == []


def test_only_what_was_asked_for_is_judged(
    data: Path, spoiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R12: by number, by time and by first cause; a difference elsewhere makes no verdict."""
    with closing(sqlite3.connect(spoiled / "acore.db")) as connection:
        begun, began, cause = connection.execute(
            "SELECT seq, wall_ns, correlation FROM journal "
            "WHERE name = 'actor.started' AND payload ->> '$.actor' = 'config'"
        ).fetchone()
    # What each knew at its stop is compared, too, and came of what is recorded otherwise.
    (remembered, *_) = rows(data, "actor.remembered")
    until = remembered - 1
    (*_, counted) = rows(data, "activity.counted")
    later = f"{instant(began + 30 * NANOSECONDS):%Y-%m-%dT%H:%M:%S}"

    def judged(*arguments: object) -> tuple[int, list[str]]:
        code, out, _ = acore(capsys, "replay", spoiled, "--collect", *arguments)
        return code, [line.split()[1] for line in out.splitlines() if line.startswith(("✓", "✗"))]

    assert judged("--to", begun)[0] == ExitCode.FAILURE
    assert judged("--from", begun, "--to", later) == (ExitCode.FAILURE, list(ACTORS))
    assert judged("--correlation", cause) == (ExitCode.FAILURE, ["config", "lifecycle", "health"])
    assert judged("--from", later, "--to", until) == (ExitCode.OK, ["health", "metrics"])
    assert judged("--from", later)[0] == ExitCode.FAILURE
    assert judged("--from", counted, "--to", counted) == (ExitCode.OK, ["metrics"])


@pytest.mark.parametrize(
    "arguments",
    [("--from", 10**6), ("--to", 0), ("--from", 50, "--to", 40), ("--correlation", "nothing-began-so")],
)
def test_what_nobody_was_told_of_is_no_verdict(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...]
) -> None:
    """R12: a slip in a number or an id is not taken for "all decide the same"."""
    code, out, err = acore(capsys, "replay", data, *arguments)

    assert code == ExitCode.NOT_JUDGED
    assert "✓" not in out
    assert "nothing was judged: none of these actors was told anything in what was asked for" in err


async def test_what_an_actor_knew_is_judged_only_where_it_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R03, R12: a state of before, or of no cause at all, is no difference in what is judged."""
    (tmp_path / "data").mkdir()
    await lived(tmp_path / "data", REMEMBER_AFTER)
    with closing(sqlite3.connect(tmp_path / "data/acore.db")) as connection:
        (seq,) = connection.execute(
            "UPDATE journal SET payload = json_set(payload, '$.digest', 'another') "
            "WHERE name = 'actor.remembered' AND payload ->> '$.actor' = 'metrics' RETURNING seq"
        ).fetchone()
        (cause,) = connection.execute(
            "SELECT correlation FROM journal WHERE name = 'activity.counted' LIMIT 1"
        ).fetchone()
        connection.commit()

    def ends(*arguments: object) -> int:
        return acore(capsys, "replay", tmp_path / "data", "--actor", "metrics", *arguments)[0]

    assert ends() == ends("--from", seq) == ExitCode.FAILURE
    assert ends("--to", seq - 1) == ends("--correlation", cause) == ExitCode.OK


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "nowhere"], ExitCode.UNAVAILABLE, "there is no database at "),
        (["replay", "no.journal"], ExitCode.DATA, "no.journal holds no journal"),
        (["replay", "DATA", "--actor", "gateway"], ExitCode.USAGE, "'gateway' is no actor that can be"),
        (["replay", "DATA", "--step"], ExitCode.USAGE, "name it with --actor"),
        (["replay", "DATA", "--script", "no.journal"], ExitCode.USAGE, "--script has the orders for --step"),
        (["replay", "DATA", "--data", "DATA"], ExitCode.USAGE, "give one of them"),
        (["replay", "DATA", "--from", "then"], ExitCode.USAGE, "'then' is neither an entry's number"),
        (["at", "--data", "DATA", "0"], ExitCode.FAILURE, "the journal begins with entry 1"),
        (["at", "--data", "DATA", "2001-01-01"], ExitCode.FAILURE, "the journal begins with entry 1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(  # noqa: PLR0917 - pytest passes them by name
    arguments: list[str],
    code: ExitCode,
    words: str,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "no.journal").write_text("something else", "utf-8")
    ended, out, err = acore(capsys, *(str(data) if part == "DATA" else part for part in arguments))

    assert (ended, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_steps_are_gone_through_by_a_script(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R16: what came in, when, what was said, and what changed."""
    script = tmp_path / "orders"
    script.write_text("# to the second\nnext\nfind *.counted\n\nback\nstate\nlast\ncontinue\nquit\n", "utf-8")
    code, out, err = acore(capsys, "replay", data, "--step", "--actor", "metrics", "--script", script)

    first, second, _ = rows(data, "activity.counted")
    assert (code, err) == (ExitCode.OK, "")
    assert [int(line.split()[2]) for line in out.splitlines() if line.startswith("── entry")][1:] == [
        first,
        second,
        first,
    ]
    assert "activity.counted: messages 5, commands 0, errors 0" in out
    assert "    counters.messages  0 → 5\n" in out
    assert "handled by count" in out
    assert "acore/actors/metrics.py:" in out
    assert "There is none from here to the end" in out


def test_steps_are_told_to_machines(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """R16: one object an answer."""
    script = tmp_path / "orders"
    third = rows(data, "activity.counted")[2]
    script.write_text(f"g {third}\nb\nf no.such\n", "utf-8")
    _, out, _ = acore(capsys, "replay", data, "--step", "--actor", "metrics", "--script", script, "--json")

    here, before, nothing = objects(out)
    assert (here["row"]["seq"], here["row"]["payload"]["commands"]) == (third, 2)
    assert {"path": "counters.messages", "expected": "10", "actual": "15"} in here["changed"]
    assert here["after"]["counters"]["messages"] == 15
    assert here["before"] == before["after"]
    assert nothing == {"step": None, "end": "end"}


def test_a_script_with_something_else_in_it_ends_with_64(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "orders"
    script.write_text("next\nfly\nnext\n", "utf-8")
    code, out, err = acore(capsys, "replay", data, "--step", "--actor", "metrics", "--script", script)

    assert code == ExitCode.USAGE
    assert out.count("── entry") == 1
    assert "'fly' is none of next, back, goto" in err


@contextmanager
def terminal(data: Path, *arguments: str) -> Generator["Terminal"]:
    """Run `acore` in a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*ACORE, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=data.parent,
        env={"PATH": os.defpath, "TERM": "xterm-256color", "COLUMNS": "80", "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


class Terminal:
    """What a person sees of a process, and types."""

    def __init__(self, process: "subprocess.Popen[bytes]", end: int) -> None:
        self.process = process
        self.end = end
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def interrupted(self) -> int:
        """Press Ctrl-C until it ends: Python's readline misses one that comes before it waits for a key."""
        for _ in range(20):
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                return self.process.wait(1)
        raise AssertionError("Ctrl-C does not end it")

    def until(self, text: str, *, within: float = 20.0) -> str:
        """Return what is new on the screen when *text* is there."""
        while text not in self.seen:
            assert select.select([self.end], [], [], within)[0], f"no {text!r} in {self.seen!r}"
            try:
                self.seen += os.read(self.end, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"it ended without {text!r}: {self.seen!r}") from None
        seen, _, self.seen = self.seen.partition(text)
        return seen


def test_steps_are_gone_through_in_a_terminal(data: Path) -> None:
    """R16: with colours, in 80 columns; Enter goes on; the end of the input ends it."""
    first, *_ = rows(data, "activity.counted")
    with terminal(data, "replay", "--step", "--actor", "metrics", "--data", "data") as screen:
        screen.until("metrics> ")
        screen.type(f"goto {first}\n")
        shown = screen.until("metrics> ")
        screen.type("\n")
        further = screen.until("metrics> ")
        screen.type("nonsense\n")
        screen.until("is none of")
        screen.until("metrics> ")
        screen.type("\x04")
        code = screen.process.wait(20)

    assert code == ExitCode.OK
    assert f"entry {first}" in shown
    assert "\x1b[31m0\x1b[0m → \x1b[32m5\x1b[0m" in shown
    assert "── entry" in further
    assert f"entry {first} " not in further


def test_ctrl_c_ends_it_and_leaves_nothing_behind(data: Path) -> None:
    """R16: neither the process that replays nor a file."""
    before = sorted(path.name for path in data.iterdir())
    with terminal(data, "replay", "--step", "--actor", "metrics", "--data", "data") as screen:
        screen.until("metrics> ")
        (child,) = children(screen.process.pid)
        code = screen.interrupted()

    assert code == ExitCode.OK
    assert not Path(f"/proc/{child}").exists()
    assert sorted(path.name for path in data.iterdir()) == before


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()]


def test_what_was_believed_is_told_field_by_field(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, _ = rows(data, "activity.counted")
    code, out, err = acore(capsys, "at", "--data", data, first, "--actor", "metrics")
    _, whole, _ = acore(capsys, "at", "--data", data, second, "--json")

    assert (code, err) == (ExitCode.OK, "")
    assert "metrics\tcounters.messages\t5\n" in out
    told = {one["actor"]: one for one in json.loads(whole)["beliefs"]}
    assert list(told) == list(ACTORS)
    counters = told["metrics"]["state"]["counters"]
    assert counters == {"messages": 10, "commands": 1, "errors": 0, "upto": second}
    assert told["metrics"]["changed"]["seq"] == told["metrics"]["read"]["seq"] == second


def test_what_was_exported_is_replayed_and_looked_into_elsewhere(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: the same verdict, steps and beliefs, from one file."""
    file = tmp_path / "night.acore"
    exported = acore(capsys, "events", "--data", data, "export", "-o", file)
    monkeypatch.chdir(tmp_path)
    _, here, _ = acore(capsys, "replay", data, "--json")
    code, there, err = acore(capsys, "replay", "night.acore", "--json")
    (tmp_path / "orders").write_text("find *.counted\n", "utf-8")
    stepping = ("--step", "--actor", "metrics", "--script", "orders", "--json")
    first, *_ = rows(data, "activity.counted")

    assert exported[0] == code == ExitCode.OK, exported
    assert err == ""
    states = [[one["replayed"]["state"] for one in objects(text)] for text in (here, there)]
    assert states[0] == states[1]
    assert acore(capsys, "replay", "night.acore", *stepping)[1] == acore(capsys, "replay", data, *stepping)[1]
    known = acore(capsys, "at", first, "--file", "night.acore", "--actor", "metrics", "--json")
    assert known == acore(capsys, "at", first, "--data", data, "--actor", "metrics", "--json")


def test_a_file_that_breaks_off_is_used_up_to_there_and_that_is_said(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R17: by every command that reads it, on the other stream than what it tells."""
    file = tmp_path / "night.jsonl"
    acore(capsys, "events", "--data", data, "export", "-o", file)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-9]))

    for command in (
        ("replay", file),
        ("at", 20, "--file", file),
        ("what-if", file),
        ("events", "tail", "--data", file),
        ("why", 20, "--data", file),
    ):
        code, out, err = acore(capsys, *command)
        assert code == ExitCode.OK, command
        assert out
        assert f"night.jsonl breaks off at line {len(lines) - 8}" in err, command

    file.write_bytes(b"".join((*lines[:30], *lines[31:])))
    code, _, err = acore(capsys, "replay", file)
    assert code == ExitCode.DATA
    assert f"`acore events import {file} --data DIR --accept-damaged`" in err


def test_what_is_not_all_there_is_not_gone_through_again(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R12, R15: what cannot be lived through is no list of all that would have been missing."""
    file, (first, *_) = tmp_path / "night.jsonl", rows(data, "activity.counted")
    acore(capsys, "events", "--data", data, "export", "-o", file, "--from", first, "--only-range")
    beginning = acore(capsys, "what-if", file)
    acore(capsys, "events", "--data", data, "export", "-o", file, "--actor", "health")
    narrowed = acore(capsys, "what-if", file)

    assert beginning[:2] == narrowed[:2] == (ExitCode.OK, "")
    assert "were not gone through: its beginning is gone" in beginning[2]
    assert "were not gone through: not all that was said is there" in narrowed[2]


def test_a_file_with_more_than_is_kept_in_memory_is_replayed_as_a_database_is(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R17: of which nothing is left afterwards."""
    file = tmp_path / "night.jsonl"
    acore(capsys, "events", "--data", data, "export", "-o", file)
    as_it_is = acore(capsys, "replay", file, "--json")
    monkeypatch.setattr(capsules, "KEPT_IN_MEMORY", 10)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    assert acore(capsys, "replay", file, "--json") == as_it_is
    assert [path.name for path in tmp_path.iterdir()] == ["night.jsonl"]


def test_what_changed_between_two_moments_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, _, third = rows(data, "activity.counted")
    code, out, _ = acore(capsys, "at", "--data", data, first, "--diff", third, "--actor", "metrics")
    _, same, _ = acore(capsys, "at", "--data", data, third, "--diff", third, "--json")

    assert code == ExitCode.OK
    assert "metrics\tcounters.messages\t5\t15\n" in out
    assert [one["changed"] for one in json.loads(same)["actors"]] == [[]] * 4


async def test_a_running_bot_and_a_dead_one_are_replayed(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    """R07, R18: beside the bot, whose token the process that replays never sees."""
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        alive = await outcome(home, "replay")
        still_answers = await member.invoke("botstatus")
        await bot.kill()
    dead = await outcome(home, "replay", "--json")
    then = await outcome(home, "at", "1d", "--json")

    assert alive.process.returncode == ExitCode.OK, alive.output
    assert "All 4 decide the same" in alive.out
    assert still_answers is not None
    assert dead.process.returncode == ExitCode.OK, dead.output
    assert [one["actor"] for one in objects(dead.out)] == list(ACTORS)
    assert then.process.returncode == ExitCode.FAILURE
    assert "the journal begins with entry 1" in then.err


def test_help_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("replay", "at", "what-if"):
        code, out, _ = acore(capsys, command, "--help")
        assert code == ExitCode.OK
        assert max(map(len, out.splitlines())) <= 80


def test_what_today_might_have_made_of_it_is_told_and_is_no_verdict(
    data: Path, spoiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R15: what is recorded stands for the code of then."""
    same = acore(capsys, "what-if", data)
    code, out, err = acore(capsys, "what-if", spoiled)
    _, told, _ = acore(capsys, "what-if", spoiled, "--json", "--to", 1)

    assert same[0] == code == ExitCode.OK
    assert same[1].startswith("Nothing would have been different: ")
    assert err == ""
    assert "another fact settings.loaded  from config, entry " in out
    assert "facts.health_check_interval" in out
    assert "For a verdict: acore replay" in out
    assert json.loads(told)["result"]["otherwise"] == []
