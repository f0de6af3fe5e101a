import random
import signal
import subprocess
from itertools import pairwise
from pathlib import Path

from acore.clock import HeldClock
from acore.storage.query import last_seq
from acore.storage.sqlite import Connection
from acore.storage.store import DATABASE_NAME
from tests.storage.world import PYTHON, ROOT, rows, running

KILLS = 10


def killed(directory: Path, boot: str, after_bytes: int) -> int:
    """Kill a writing process at some moment, and return the number it last knew to be durable."""
    child = subprocess.Popen(
        [PYTHON, "-m", "tests.storage.victim", str(directory), boot], cwd=ROOT, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        said = child.stdout.read(after_bytes)
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read()
    *whole, _ = said.split(b"\n")
    return int(whole[-1])


def test_after_a_kill_at_any_moment_what_was_called_durable_is_there(tmp_path: Path) -> None:
    """J01, J03, J13, J16."""
    seed = 20260101
    chance = random.Random(seed)  # noqa: S311 - the moments are to be the same in every run
    path = tmp_path / DATABASE_NAME
    before = 0
    for number in range(KILLS):
        durable = killed(tmp_path, f"boot-{number}", chance.randint(10, 300))

        seq = last_seq(path)
        assert seq >= durable > before, f"seed {seed}, kill {number}"
        before = seq
        # A transaction is there as a whole or not at all: table and journal tell the same.
        ((counted, sums),) = rows(
            path,
            "SELECT (SELECT count(*) FROM journal WHERE name = 'activity.counted'), "
            "(SELECT value FROM counters WHERE name = 'messages')",
        )
        assert counted == sums
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        assert rows(path, "SELECT max(seq) <= ? FROM journal", seq) == [(1,)]
        assert_without_gap(path, f"boot-{number}")


def assert_without_gap(path: Path, boot: str) -> None:
    """A boot's rows have their numbers in a row, but for those of what is no row."""
    seqs = [seq for (seq,) in rows(path, "SELECT seq FROM journal WHERE boot = ? ORDER BY seq", boot)]
    steps = {after - before for before, after in pairwise(seqs)}
    assert steps <= {1, 2}


async def test_a_log_cut_in_its_last_transaction_loses_that_one_only(tmp_path: Path) -> None:
    """J04: as after a power cut in the middle of a write."""
    copy = tmp_path / "copy.db"
    async with running(tmp_path, HeldClock()) as world:
        for number in range(5):
            world.count(number)
            await world.durable()
        copy.write_bytes(world.store.path.read_bytes())
        log = world.store.path.with_name("acore.db-wal").read_bytes()
        copy.with_name("copy.db-wal").write_bytes(log[:-10])

    found = rows(copy, "SELECT payload ->> '$.messages' FROM journal WHERE name = 'activity.counted'")
    assert found == [(0,), (1,), (2,), (3,)]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]


async def test_after_a_lost_log_the_journal_goes_on_from_what_is_there(tmp_path: Path) -> None:
    """J05, J06: what a checkpoint had taken over is whole."""

    def never_checkpoint(connection: Connection) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    lost = tmp_path / "lost"
    lost.mkdir()
    async with running(tmp_path, HeldClock(), prepare=never_checkpoint) as world:
        world.count(1)
        await world.durable()
        (lost / DATABASE_NAME).write_bytes(world.store.path.read_bytes())

    async with running(lost, HeldClock(), boot="boot-2") as world:
        world.count(2)
        await world.durable()
        assert world.counted() == [2]
