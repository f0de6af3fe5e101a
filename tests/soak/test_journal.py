"""`acore soak journal`, small: the full count runs by hand."""

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec
import pytest
from click.testing import CliRunner

from acore.cli.soak.journal import journal
from acore.clock import RealClock
from acore.events.base import Policy
from acore.soak.journal import soak as soaking
from acore.soak.journal.boundaries import KILLS, Boundary
from acore.soak.journal.check import compare
from acore.soak.journal.client import Client, Ledger, StuckError
from acore.soak.journal.soak import JournalReport, soak
from acore.soak.journal.victim import Orders
from acore.storage.sqlite import attach
from acore.storage.store import DATABASE_NAME


def test_a_process_killed_at_every_step_has_kept_what_it_promised(tmp_path: Path) -> None:
    """J01, J02, J03, J04, J05, J13, J16: each way to die once, and the end in good order."""
    seed = 20260101
    report = anyio.run(soak, len(KILLS), seed, tmp_path)

    assert report.problems == (), f"seed {seed}"
    assert report.deaths == dict.fromkeys(sorted(Boundary), 1)
    assert report.durable > 0
    assert report.effects > 0
    assert report.outcomes > 0
    assert report.harms > 0
    assert list(tmp_path.iterdir()) == []


def test_a_log_cut_to_its_last_sync_holds_what_was_called_durable(tmp_path: Path) -> None:
    """J01: with a part of the next transaction in the log, which a machine without power may have lost."""
    ledger = Ledger()
    client = Client(ledger, random.Random(1), RealClock())  # noqa: S311 - the same in every run
    path = tmp_path / DATABASE_NAME
    orders = Orders(
        directory=str(tmp_path), boot="boot-1", boundary=Boundary.COMMIT_SPILLED, nth=4, cache_pages=1
    )

    anyio.run(client.spend, orders)

    assert ledger.durable_seq > 0
    assert soaking._cut(path, ledger)
    synced, size = ledger.synced[-1]
    assert path.with_name("acore.db-wal").stat().st_size == size
    assert synced >= ledger.durable_seq
    assert list(compare(path, ledger)) == []
    assert ledger.upto == synced


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """One killed run: its database, and what the client was told."""
    directory = tmp_path_factory.mktemp("life")
    ledger = Ledger()
    client = Client(ledger, random.Random(2), RealClock())  # noqa: S311 - the same in every run
    orders = Orders(directory=str(directory), boot="boot-1", boundary=Boundary.EFFECT_AFTER, nth=9)
    anyio.run(client.spend, orders)
    return directory / DATABASE_NAME, ledger


COPIED = (
    "kind, name, version, node, boot, wall_ns, mono_ns, "
    "source, target, cause, correlation, attempt, payload, hash"
)
TAMPERINGS = {
    "was called durable as": "DELETE FROM journal WHERE name = 'soak.asked'",
    "is there 2 times": (
        f"INSERT INTO journal (seq, id, {COPIED}) "  # noqa: S608 - the test's own words
        f"SELECT (SELECT max(seq) + 1 FROM journal), 'other', {COPIED} FROM journal "
        "WHERE name = 'soak.asked' LIMIT 1"
    ),
    "was seen and is not in the journal": "UPDATE journal SET id = 'x' || id WHERE name LIKE 'soak.strike_%'",
    "and the store knows nothing of it": "DELETE FROM outbox",
    "was never asked for or has its outcome": "UPDATE outbox SET id = id || 'x'",
    "where no batch ended": "UPDATE progress SET seq = seq + 1",
    "beyond the highest number given": "UPDATE progress SET seq = seq - 1",
    "the counters of": "UPDATE counters SET value = value + 1",
    "verifying: removed": "DELETE FROM journal WHERE seq = 3",
    "the one before of a later run": (
        "UPDATE journal SET boot = 'boot-0' WHERE seq = (SELECT max(seq) FROM journal)"
    ),
    "verifying: changed": "UPDATE journal SET source = 'other' WHERE seq = 3",
    "the file tells otherwise": "UPDATE runs SET ended_ns = 1",
}


@pytest.mark.parametrize("found", TAMPERINGS)
def test_what_is_not_as_promised_is_found(found: str, life: tuple[Path, Ledger], tmp_path: Path) -> None:
    """J01, J02, J03, J13, J16: the comparison can fail."""
    path, ledger = _copied(life, tmp_path)
    connection = attach(path, "rw")
    try:
        connection.execute(TAMPERINGS[found])
    finally:
        connection.close()

    problems = list(compare(path, ledger))

    assert any(found in problem for problem in problems), problems


def test_an_effect_that_is_seen_twice_is_found_unless_it_may_be(
    life: tuple[Path, Ledger], tmp_path: Path
) -> None:
    """J02: what may be done once only, what may be done again, and what has another id each time."""
    path, ledger = _copied(life, tmp_path)
    assert list(compare(path, ledger)) == []
    number, effect = ledger.effects[0]

    ledger.effects.append((number, effect))
    ledger.asked[number] = Policy.AT_MOST_ONCE
    assert list(compare(path, ledger)) == [
        f"the effect of request {number} (at_most_once) was seen 2 times",
    ]
    ledger.asked[number] = Policy.IDEMPOTENT
    assert list(compare(path, ledger)) == []
    ledger.effects.append((number, "other"))
    assert f"request {number} has 2 effects with different ids" in list(compare(path, ledger))


def test_a_process_that_does_not_come_to_its_end_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no directory")
    client = Client(Ledger(), random.Random(3), RealClock())  # noqa: S311 - the same in every run
    orders = Orders(directory=str(file), boot="boot-1", boundary=Boundary.ACCEPTED)

    with pytest.raises(StuckError, match=r"(?s)run boot-1 did not come to accepted .*DataDirectoryError"):
        anyio.run(client.spend, orders)


def _copied(life: tuple[Path, Ledger], directory: Path) -> tuple[Path, Ledger]:
    path, ledger = life
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, directory / file.name)
    return directory / path.name, msgspec.json.decode(msgspec.json.encode(ledger), type=Ledger)


REPORT = JournalReport(
    seed=7,
    seconds=2.0,
    deaths={"accepted": 1, "none": 1},
    requests=100,
    accepted=90,
    durable=80,
    effects=70,
    again=1,
    outcomes=60,
    cuts=1,
    harms=2,
    problems=(),
)


@pytest.mark.parametrize(("problems", "code"), [((), 0), (("request 1 is there 2 times",), 1)])
def test_the_command_reports_to_people_and_machines(
    problems: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = msgspec.structs.replace(REPORT, problems=problems, kept=("data",) if problems else ())

    async def soaked(runs: int, seed: int, directory: Path, advance: Callable[[int], None]) -> JournalReport:
        assert (runs, seed, directory.parent) == (2, 7, tmp_path)
        advance(2)
        return report

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("acore.cli.soak.journal.soak_journal", soaked)
    shown = CliRunner().invoke(journal, ["--runs", "2", "--seed", "7"], standalone_mode=False)
    machine = CliRunner().invoke(journal, ["--runs", "2", "--seed", "7", "--json"], standalone_mode=False)

    assert shown.return_value == code
    assert ("the journal kept every promise" in shown.output) == (not problems)
    assert all(problem in shown.output for problem in problems)
    assert msgspec.json.decode(machine.output, type=JournalReport) == report
