import asyncio
import subprocess
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint
from loguru import logger

from acore.clock import HeldClock, RealClock
from acore.events.base import Entry, Envelope, Event, Kind, Origin, Trace
from acore.events.discord import BudgetRead, IdentifyBudget
from acore.events.metrics import ActivityCounted, LoadCounters
from acore.events.store import ProbeStore, StoreState
from acore.runtime.edge import EdgeContext
from acore.runtime.restart import RestartLimitError
from acore.storage import rows as journal_rows
from acore.storage.sqlite import Connection, Error
from acore.storage.store import DATABASE_NAME, Store
from acore.storage.sweeper import EVERY
from acore.storage.verify import verify
from acore.storage.writer import FIRST_RETRY, FLUSH_WITHIN, LAST_RETRY, StoreWriter
from tests.storage.world import COUNTED, PYTHON, ROOT, World, rows, running

FACTS = "SELECT name FROM journal WHERE name LIKE 'store.%' ORDER BY seq"


class Disk:
    """Lets the test say how much room there is: every new connection is limited to what is said."""

    def __init__(self) -> None:
        self.is_full = False

    def prepare(self, connection: Connection) -> None:
        if self.is_full:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")


class Counting:
    """Counts the transactions of every connection."""

    def __init__(self) -> None:
        self.commits = 0

    def prepare(self, connection: Connection) -> None:
        connection.set_trace_callback(self._trace)

    def _trace(self, statement: str) -> None:
        self.commits += statement == "COMMIT"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread or process brings about."""
    while not condition():
        await checkpoint()


async def test_what_is_durable_is_on_disk_in_the_order_it_was_said(tmp_path: Path) -> None:
    """J01."""
    async with running(tmp_path, RealClock()) as world:
        for number in range(1, 50):
            envelope = world.count(number)
            assert world.store.journal.durable_seq < envelope.seq
            if number % 7 == 0:
                await world.store.journal.wait_durable(envelope.seq)
                assert world.counted() == list(range(1, number + 1))
                assert world.store.journal.durable_seq >= envelope.seq


async def test_many_who_wait_share_few_commits(tmp_path: Path) -> None:
    """Group commit: the next transaction is whatever gathered during the last one."""
    counting = Counting()
    async with running(tmp_path, RealClock(), prepare=counting.prepare) as world:
        await world.durable()
        before = counting.commits

        async def say(number: int) -> None:
            await world.store.journal.wait_durable(world.count(number).seq)

        async with create_task_group() as group:
            for number in range(500):
                group.start_soon(say, number)

        assert counting.commits - before <= 10
        assert len(world.counted()) == 500


async def test_a_batch_is_bounded(tmp_path: Path) -> None:
    counting = Counting()
    async with running(tmp_path, HeldClock(), prepare=counting.prepare) as world:
        await world.durable()
        before = counting.commits

        for _ in range(2500):
            world.count(1)
        await world.durable()

        assert counting.commits - before == 3


class Mortal(StoreWriter):
    """A writer whose task a test can get hold of."""

    task: asyncio.Task[object] | None = None

    async def run(self, io: EdgeContext) -> None:
        Mortal.task = asyncio.current_task()
        await super().run(io)


class Assassin:
    """Cancels the writer's task from the database's thread, in the middle of its n-th transaction."""

    def __init__(self, nth: int, statement: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = nth
        self._statement = statement
        self.has_struck = False

    def prepare(self, connection: Connection) -> None:
        connection.set_trace_callback(self._trace)

    def _trace(self, statement: str) -> None:
        if statement.startswith(self._statement):
            self._left -= 1
            if self._left == 0:
                self.has_struck = True
                task = Mortal.task
                assert task is not None
                self._loop.call_soon_threadsafe(task.cancel)


@pytest.mark.parametrize("statement", ["BEGIN", "COMMIT", "UPDATE progress"])
async def test_a_writer_lost_in_the_middle_of_a_commit_loses_nothing_and_writes_nothing_twice(
    tmp_path: Path, statement: str
) -> None:
    """J10, J12, J15."""
    assassin = Assassin(3, statement)
    clock = HeldClock()

    def mortal(store: Store) -> StoreWriter:
        return Mortal(store.journal, store.path, store.opening, prepare=assassin.prepare)

    async with running(tmp_path, clock, writer=mortal) as world:
        for number in range(1, 200):
            world.count(number)
            if number % 20 == 0:
                await clock.settle()
        await clock.advance(1)
        await world.durable()

        assert assassin.has_struck
        exits = world.rows("SELECT payload ->> '$.exit' FROM journal WHERE name = 'actor.exited'")
        assert exits == [("lost",)]
        assert world.counted() == list(range(1, 200))
        assert (await world.ask(LoadCounters())).messages == sum(range(1, 200))


class Doubtful(StoreWriter):
    """Commits, and is told that it failed: as when the disk reports an error after the COMMIT was sent."""

    left = 3

    def _commit(
        self, connection: Connection, entries: Sequence[Entry], boot: str, wall_ns: int
    ) -> tuple[journal_rows.Spoiled, ...]:
        spoiled = super()._commit(connection, entries, boot, wall_ns)
        if self.left:
            self.left -= 1
            error = Error("disk I/O error")
            error.sqlite_errorcode = 10  # SQLITE_IOERR
            raise error
        return spoiled


async def test_a_commit_whose_outcome_was_not_seen_is_not_done_twice(tmp_path: Path) -> None:
    """J05, J12: rows, tables and chain are as if it had been seen."""
    clock = HeldClock()

    def doubtful(store: Store) -> StoreWriter:
        return Doubtful(store.journal, store.path, store.opening)

    async with running(tmp_path, clock, writer=doubtful) as world:
        for number in range(1, 50):
            world.count(number)
        await clock.advance(10)
        await world.durable()

        assert world.counted() == list(range(1, 50))
        assert world.rows("SELECT value FROM counters") == [(sum(range(1, 50)),)]
        assert world.rows(FACTS) == [("store.degraded",), ("store.recovered",)]
    assert verify(tmp_path / "acore.db").findings == ()


async def test_a_writer_that_crashes_keeps_what_was_said_meanwhile(tmp_path: Path) -> None:
    """J15."""
    left = [0]

    def stumble(connection: Connection) -> None:
        connection.set_progress_handler(lambda: left[0] > 0, 1)  # true interrupts the statement
        left[0] = max(0, left[0] - 1)
        if left[0] > 0:
            raise ValueError("stumbled")

    clock = HeldClock()
    async with running(tmp_path, clock, prepare=stumble) as world:
        await world.durable()
        left[0] = 3
        for number in range(10):
            world.count(number)
        await clock.advance(5)
        await world.durable()

        assert world.counted() == list(range(10))
        crashes = world.rows("SELECT payload ->> '$.reason' FROM journal WHERE name = 'actor.exited'")
        assert crashes == [("ValueError: stumbled",)] * 2


def failing(disk: Disk) -> Callable[[Store], StoreWriter]:
    return lambda store: StoreWriter(store.journal, store.path, store.opening, prepare=disk.prepare)


async def test_a_full_disk_holds_nobody_up_and_everything_is_written_when_there_is_room(
    tmp_path: Path,
) -> None:
    """J07."""
    disk, clock = Disk(), HeldClock()
    disk.is_full = True
    async with running(tmp_path, clock, writer=failing(disk)) as world:
        began = clock.now()
        for number in range(3000):
            world.count(number)
        await clock.settle()

        view = world.view
        assert (view.state, view.reason) == (StoreState.RETRYING, "database or disk is full")
        assert view.since == began
        assert view.waiting >= 3000
        assert world.counted() == []

        await clock.advance(60)
        world.count(3000)
        assert world.view.state is StoreState.RETRYING
        disk.is_full = False
        await clock.advance(LAST_RETRY)

        assert world.counted() == list(range(3001))
        assert world.view.state is StoreState.WRITING
        assert world.view.since > began
        await world.durable()
        assert world.rows(FACTS) == [("store.degraded",), ("store.recovered",)]
        assert world.rows("SELECT count(*) - count(DISTINCT id) FROM journal") == [(0,)]


class Attempts(Disk):
    """A disk that is full, and notes when somebody wants to write to it."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__()
        self.is_full = True
        self.at: list[float] = []
        self._clock = clock

    def prepare(self, connection: Connection) -> None:
        self.at.append(self._clock.monotonic())
        super().prepare(connection)

    @property
    def waits(self) -> list[float]:
        """The seconds between two attempts."""
        return [round(after - before, 3) for before, after in pairwise(self.at)]


DAY = timedelta(days=1)
SET_BY = pytest.mark.parametrize("set_by", [timedelta(0), DAY, -DAY, timedelta(days=-9000)])
"""By how much the machine's clock is set meanwhile."""


@SET_BY
async def test_retries_come_less_and_less_often(tmp_path: Path, set_by: timedelta) -> None:
    """J07, J14: also when the machine's clock is set meanwhile, and all begins anew after a success."""
    clock = HeldClock()
    disk = Attempts(clock)
    async with running(tmp_path, clock, prepare=disk.prepare) as world:
        for number in range(500):
            world.count(number)
        await clock.advance(1)
        clock.step_wall(set_by)
        await clock.advance(29)
        assert disk.waits[:7] == [FIRST_RETRY * 2**n for n in range(6)] + [LAST_RETRY]
        assert set(disk.waits[6:]) == {LAST_RETRY}
        disk.is_full = False
        clock.step_wall(-set_by)
        await clock.advance(LAST_RETRY)
        await world.durable()
        assert world.view.state is StoreState.WRITING


@SET_BY
async def test_an_ordered_stop_tries_for_its_seconds_by_no_clock_that_can_be_set(
    tmp_path: Path, set_by: timedelta
) -> None:
    """J14."""
    clock = HeldClock()
    disk = Attempts(clock)
    async with create_task_group() as group, running(tmp_path, clock, prepare=disk.prepare) as world:
        await clock.settle()
        for number in range(500):
            world.count(number)
        await clock.settle()
        disk.at.clear()
        world.system.stop()
        await until(lambda: bool(disk.at))  # those that stop first close their connections
        clock.step_wall(set_by)
        group.start_soon(clock.advance, FLUSH_WITHIN + LAST_RETRY)

    assert disk.waits == [2 * FIRST_RETRY, 4 * FIRST_RETRY, 8 * FIRST_RETRY, 16 * FIRST_RETRY]
    assert sum(disk.waits) < FLUSH_WITHIN <= sum(disk.waits) + 32 * FIRST_RETRY


HOLD = """
import sys
from pathlib import Path
from acore.storage.database import connect
connection = connect(Path(sys.argv[1]))
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read(1)
connection.execute("COMMIT")
connection.close()
"""


def lock(path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [PYTHON, "-c", HOLD, str(path)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def let_go(child: subprocess.Popen[str]) -> None:
    child.communicate("x")
    assert child.returncode == 0


async def test_another_process_that_locks_the_file_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    """J08: within SQLite's own busy timeout, and without a failure."""
    async with running(tmp_path, RealClock()) as world:
        await world.durable()
        child = await asyncio.to_thread(lock, world.store.path)
        for number in range(10):
            world.count(number)
        await until(lambda: list(world.store.under_way()) == ["store: writing"])
        await asyncio.to_thread(let_go, child)
        await world.durable()

        assert world.counted() == list(range(10))
        assert world.rows(FACTS) == []


async def test_another_process_that_keeps_the_file_locked_is_outlasted(tmp_path: Path) -> None:
    """J08."""
    clock = HeldClock()

    def impatient(connection: Connection) -> None:
        connection.execute("PRAGMA busy_timeout = 20")

    async with running(tmp_path, clock, prepare=impatient) as world:
        await world.durable()
        child = lock(world.store.path)
        for number in range(10):
            world.count(number)
        await clock.advance(3)
        assert world.view.reason == "database is locked"
        let_go(child)
        await clock.advance(5)
        await world.durable()

        assert world.counted() == list(range(10))
        assert world.rows(FACTS) == [("store.degraded",), ("store.recovered",)]


async def test_every_transaction_that_writes_takes_the_lock_at_its_beginning(tmp_path: Path) -> None:
    """J08: one that begins by reading could not write any more when another process wrote in between."""
    statements: list[tuple[bool, str]] = []

    def prepare(connection: Connection) -> None:
        connection.set_trace_callback(
            lambda statement: statements.append((connection.in_transaction, statement))
        )

    clock = HeldClock()
    async with running(tmp_path, clock, prepare=prepare) as world:
        for number in range(50):
            world.count(number)
        await world.ask(ProbeStore())
        await clock.advance(EVERY + 1)
        await world.durable()

    begun = {statement for _, statement in statements if statement.startswith("BEGIN")}
    assert begun == {"BEGIN IMMEDIATE"}
    changes = [
        inside for inside, statement in statements if statement.startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert len(changes) > 50
    assert all(changes)


class Doomed(StoreWriter):
    """Fails whenever it is to write, once a test says so."""

    is_broken = False

    def _commit(
        self, connection: Connection, entries: Sequence[Entry], boot: str, wall_ns: int
    ) -> tuple[journal_rows.Spoiled, ...]:
        if Doomed.is_broken:
            raise ValueError("stumbled")
        return super()._commit(connection, entries, boot, wall_ns)


async def test_a_writer_that_nothing_helps_ends_everything_in_order_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J15: nobody acts on without a journal; what was taken in is written when all have stopped."""
    clock = HeldClock()

    async def go_on() -> None:
        async with running(
            tmp_path, clock, writer=lambda store: Doomed(store.journal, store.path, store.opening)
        ) as world:
            await world.durable()
            monkeypatch.setattr(Doomed, "is_broken", True)
            for number in range(100):
                world.count(number)
            await clock.advance(600)

    with pytest.raises(ExceptionGroup) as caught:
        await go_on()
    words = "writer kept failing .*; it began with ValueError: stumbled"
    assert caught.group_contains(RestartLimitError, match=words)
    path = tmp_path / DATABASE_NAME
    assert rows(path, COUNTED) == [(number,) for number in range(100)]
    gave_up = "SELECT payload ->> '$.actor' FROM journal WHERE name = 'supervisor.gave_up'"
    assert rows(path, gave_up) == [("writer",)]


def spoil(world: World, name: Any, wall_ns: int, source: Any) -> None:  # noqa: ANN401 - what no type allows
    """Append an entry that no bus would make."""
    world.bus.seq += 1
    seq = world.bus.seq
    trace, origin = Trace(source), Origin(node="x", boot="x")
    envelope = Envelope(seq, wall_ns, 1, Kind.EVENT, Event(), trace, origin, f"x{seq}")
    world.store.journal.append(Entry(envelope, name, 1, b"{}"))


@pytest.mark.parametrize(
    ("name", "wall_ns", "source"),
    [("x", 1, None), (None, 1, "x"), ("x", 2**64, "x"), ("x", 1, "\ud800")],
)
async def test_a_row_that_cannot_be_written_goes_alone_to_quarantine(
    tmp_path: Path,
    name: Any,  # noqa: ANN401 - what no type allows is the point
    wall_ns: int,
    source: Any,  # noqa: ANN401 - as above
) -> None:
    """J11."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(50):
            world.count(number)
        spoil(world, name, wall_ns, source)
        spoiled = world.bus.seq
        for number in range(50, 99):
            world.count(number)
        await world.durable()

        assert world.counted() == list(range(99))
        assert world.rows("SELECT seq, stage, payload FROM quarantine") == [(spoiled, "row", b"{}")]
        assert world.rows("SELECT value FROM counters") == [(sum(range(99)),)]
        assert world.view.state is StoreState.WRITING


async def test_a_table_that_an_event_does_not_fit_does_not_cost_the_event(tmp_path: Path) -> None:
    """J11: the row stays in the journal; what its table missed is in quarantine."""
    async with running(tmp_path, HeldClock()) as world:
        budget = IdentifyBudget(total=5, remaining=-1, resets_at=world.bus.clock.now())
        world.count(1)
        bad = world.say(BudgetRead(budget=budget))
        world.count(2)
        await world.durable()

        assert world.rows("SELECT name FROM journal WHERE seq = ?", bad.seq) == [("discord.budget_read",)]
        assert world.rows("SELECT seq, stage FROM quarantine") == [(bad.seq, "projection")]
        assert world.rows("SELECT value FROM counters") == [(3,)]


async def test_an_id_that_comes_again_is_written_and_counted_once(tmp_path: Path) -> None:
    """J12."""
    async with running(tmp_path, HeldClock()) as world:
        first = world.count(5)
        world.bus.publish(ActivityCounted(messages=5), Trace(source="test"), event_id=first.id)
        world.count(1)
        await world.durable()

        assert world.counted() == [5, 1]
        assert world.rows("SELECT value FROM counters") == [(6,)]


async def test_an_ordered_stop_writes_what_is_left_and_what_is_said_while_stopping(tmp_path: Path) -> None:
    """J16, B28."""
    async with running(tmp_path, RealClock()) as world:
        await world.durable()
        for number in range(2000):
            world.count(number)

    assert world.counted() == list(range(2000))
    assert world.store.journal.waiting == 0
    exits = world.rows("SELECT payload ->> '$.actor' FROM journal WHERE name = 'actor.exited' ORDER BY seq")
    assert exits == [("samples",), ("reader",), ("writer",)]


async def test_a_stop_that_cannot_write_says_how_much_is_lost(tmp_path: Path) -> None:
    """J16."""
    said: list[str] = []
    sink = logger.add(lambda line: said.append(line.record["message"]), level="ERROR")
    clock, disk = HeldClock(), Disk()
    disk.is_full = True
    async with create_task_group() as group, running(tmp_path, clock, prepare=disk.prepare) as world:
        await clock.settle()
        for number in range(500):
            world.count(number)
        await clock.settle()
        group.start_soon(clock.advance, FLUSH_WITHIN + LAST_RETRY)
        world.system.stop()
    logger.remove(sink)

    assert said == [f"the store stops with {said[0].split()[4]} entries not written"]
    # There was room again when the last words were written.
    assert world.counted() == list(range(500))


async def test_a_run_that_another_has_replaced_writes_nothing_more(tmp_path: Path) -> None:
    """J09: whoever removes the lock file and starts a second acore has one that writes, not two."""

    async def be_fenced_out() -> None:
        async with running(tmp_path, HeldClock()) as world:
            await world.durable()
            world.rows("UPDATE progress SET writer = 'boot-2'")
            world.count(1)
            await world.durable()

    with pytest.raises(ExceptionGroup) as caught:
        await be_fenced_out()

    assert caught.group_contains(journal_rows.FencedOutError, match="run boot-2 has taken")
    assert rows(tmp_path / "acore.db", "SELECT * FROM counters") == []


async def test_a_probe_writes_reads_and_looks_the_file_over(tmp_path: Path) -> None:
    async with running(tmp_path, RealClock()) as world:
        probe = await world.ask(ProbeStore())

        assert probe.integrity == "ok"
        assert probe.file_bytes == world.store.path.stat().st_size
        assert probe.wal_bytes > 0
        assert 0 < probe.seconds < 60


async def test_a_probe_tells_what_is_wrong_and_the_writer_lives(tmp_path: Path) -> None:
    is_frozen = False

    def freeze(connection: Connection) -> None:
        connection.execute(f"PRAGMA query_only = {is_frozen:d}")

    async with running(tmp_path, RealClock(), prepare=freeze) as world:
        await world.durable()
        is_frozen = True
        probe = await world.ask(ProbeStore())
        world.count(1)
        await world.durable()

        assert probe.integrity == "attempt to write a readonly database"
        assert world.system.tree()[0].incarnation == 1
