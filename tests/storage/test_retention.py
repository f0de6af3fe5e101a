"""What is old or too much goes, from the beginning and a little at a time; what is needed stays."""

from collections.abc import Generator
from pathlib import Path

import pytest

from acore.clock import NANOSECONDS, HeldClock
from acore.events.store import PurgeJournal, PurgeOutcome
from acore.storage.chain import COLUMNS, linked
from acore.storage.database import connect
from acore.storage.limits import MEGABYTE, Limits
from acore.storage.pins import PinError, pin, pins, unpin
from acore.storage.retention import (
    BATCH,
    BEYOND,
    Moment,
    Present,
    Swept,
    forecast,
    sweep,
    used_bytes,
)
from acore.storage.rows import FencedOutError, take_over
from acore.storage.sqlite import Connection, transact
from acore.storage.sweeper import EVERY, TOLD_EVERY
from acore.storage.verify import verify
from tests.storage.world import running

DAY = 24 * 3600
NOW = 1_800_000_000 * NANOSECONDS
WEEK = Limits(days=7, max_bytes=512 * MEGABYTE, replayed=("thinker",))


class File:
    """A journal that a test writes the rows of itself, chained as the writer does it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = connect(path)
        self.seq = 0
        take_over(self.connection, "now")

    def add(
        self,
        count: int = 1,
        *,
        days_ago: float = 0.0,
        boot: str = "now",
        mono: float | None = None,
        name: str = "test.said",
        payload: str = "{}",
    ) -> int:
        """Add rows of one instant; return the number of the last."""
        wall_ns = NOW - round(days_ago * DAY * NANOSECONDS)
        mono_ns = wall_ns if mono is None else round(mono * NANOSECONDS)
        rows: list[tuple[int | str, ...]] = []
        for seq in range(self.seq + 1, self.seq + count + 1):
            values = {
                "seq": seq, "id": f"{seq:x}-{boot}", "kind": "event", "name": name, "version": 1, "node": "n",
                "boot": boot, "wall_ns": wall_ns, "mono_ns": mono_ns, "source": "test", "target": "",
                "cause": "", "correlation": f"{seq:x}-{boot}", "attempt": 1, "payload": payload,
            }  # fmt: skip
            rows.append(tuple(values[column] for column in COLUMNS))
        self.seq += count
        head = self.connection.execute("SELECT hash FROM progress").fetchone()[0]
        whole, head = linked(head, rows)
        places = ", ".join("?" * (len(COLUMNS) + 1))
        sql = f"INSERT INTO journal ({', '.join(COLUMNS)}, hash) VALUES ({places})"  # noqa: S608 - its own names
        transact(self.connection, lambda connection: connection.executemany(sql, whole))
        self.connection.execute("UPDATE progress SET seq = ?, hash = ?", (self.seq, head))
        return self.seq

    def started(self, actor: str, incarnation: int = 1, *, days_ago: float = 0.0) -> int:
        payload = f'{{"actor":"{actor}","incarnation":{incarnation}}}'
        return self.add(name="actor.started", payload=payload, days_ago=days_ago)

    def kept(self, actor: str, seq: int, *, unread: int = 0, boot: str = "now", incarnation: int = 1) -> None:
        self.connection.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, '', '', '{}')",
            (actor, seq, boot, incarnation, unread),
        )

    def sweep(self, limits: Limits = WEEK, *, wall_ns: int = NOW, down_to: int | None = None) -> int:
        """Remove all that is to go; return how much that was."""
        removed, swept = 0, Swept(is_done=False)
        while not swept.is_done:
            swept = sweep(
                self.connection,
                limits,
                present(wall_ns),
                down_to=limits.max_bytes if down_to is None else down_to,
            )
            removed += swept.rows
        return removed

    @property
    def first(self) -> int:
        """The oldest row that is left; 0 for none."""
        return self.connection.execute("SELECT ifnull(min(seq), 0) FROM journal").fetchone()[0]


def present(wall_ns: int = NOW, *, mono_ns: int = NOW) -> Present:
    return Present(
        boot="now",
        began=Moment(wall_ns=NOW - DAY * NANOSECONDS, mono_ns=NOW - DAY * NANOSECONDS),
        now=Moment(wall_ns=wall_ns, mono_ns=mono_ns),
    )


@pytest.fixture
def file(tmp_path: Path) -> Generator[File]:
    made = File(tmp_path / "acore.db")
    yield made
    made.connection.close()


def test_what_is_older_than_it_is_kept_goes_in_small_batches_and_is_noted_so_that_the_rest_is_verified(
    file: File,
) -> None:
    """J18, J05: one line a day and reason tells of what is gone; the chain goes on from its hash."""
    file.add(3 * BATCH + 7, days_ago=8, boot="then")
    file.add(50, days_ago=1)

    first = sweep(file.connection, WEEK, present(), down_to=WEEK.max_bytes)
    assert (first.rows, first.first_seq, first.last_seq, first.is_done) == (BATCH, 1, BATCH, False)
    assert first.rows + file.sweep() == 3 * BATCH + 7
    assert file.first == 3 * BATCH + 8
    gone = file.connection.execute("SELECT first_seq, last_seq, rows, reason FROM gone").fetchall()
    assert gone == [(1, 3 * BATCH + 7, 3 * BATCH + 7, "age")]
    verified = verify(file.path)
    assert (verified.rows, verified.findings) == (50, ())

    file.connection.execute("DELETE FROM journal WHERE seq = ?", (file.first,))
    assert verify(file.path).findings, "what acore did not remove is missed"


def test_without_anything_old_nothing_goes(file: File) -> None:
    """J18."""
    file.add(500, days_ago=6.9, boot="then")
    file.add(5)
    assert file.sweep() == 0


def test_what_has_to_stay_is_found_without_reading_through_all_that_was_ever_asked(tmp_path: Path) -> None:
    """J18: thousands of commands and restarts are no reason to hold the writer up at every few rows."""
    steps: list[int] = []
    for number, many in enumerate((50, 5000)):
        file = File(tmp_path / f"{number}.db")
        file.add(many, name="interaction.received", payload='{"interaction":1}', days_ago=8)
        file.add(many, name="actor.started", payload='{"actor":"other","incarnation":1}', days_ago=8)
        file.add(name="actor.started", payload='{"actor":"thinker","incarnation":1}')
        file.add(name="interaction.received", payload='{"interaction":77}')
        file.connection.execute("INSERT INTO pending (interaction, received) VALUES (77, '{}')")
        taken = [0]

        def count(taken: list[int] = taken) -> int:
            taken[0] += 1
            return 0

        file.connection.set_progress_handler(count, 100)
        swept = sweep(file.connection, WEEK, present(), down_to=WEEK.max_bytes)
        file.connection.set_progress_handler(None, 0)
        assert swept.rows == BATCH
        steps += taken
        file.connection.close()
    assert steps[1] < 2 * steps[0]


@pytest.mark.parametrize("need", ["outbox", "pending", "pin", "run", "kept"])
def test_what_is_needed_stays_with_all_that_follows_it(file: File, need: str) -> None:
    """J18: an effect without an outcome, an open command, a pin, the present run of an actor."""
    file.add(100, days_ago=30, boot="then")
    received = '{"interaction":77}'
    keep = file.add(name="interaction.received", payload=received, days_ago=30, boot="then")
    file.add(100, days_ago=30, boot="then")
    match need:
        case "outbox":
            file.connection.execute(
                "INSERT INTO outbox (id, seq, name, version, policy, boot, wall_ns, source, cause, "
                "correlation, payload) VALUES ('x', ?, 'test.ring', 1, 'idempotent', 'then', 0, '', '', '', "
                "'{}')",
                (keep,),
            )
        case "pending":
            file.connection.execute("INSERT INTO pending (interaction, received) VALUES (77, ?)", (received,))
        case "pin":
            transact(file.connection, lambda c: pin(c, "night", keep, HeldClock().now(), "ann"))
        case "run":
            keep = file.started("thinker", days_ago=30)
        case _:
            file.started("thinker", days_ago=30)
            file.add(100, days_ago=30, boot="then")
            keep = file.add(days_ago=30, boot="then")
            file.kept("thinker", keep)
            file.kept("thinker", file.add(days_ago=30, boot="then"), unread=3)
    file.add(100, days_ago=30, boot="then")
    file.add(5)

    assert file.sweep() == keep - 1
    assert file.first == keep


def test_a_pin_goes_when_nobody_wants_it_any_more_and_bad_ones_are_refused(file: File) -> None:
    """J18."""
    now = HeldClock().now()
    file.add(10, days_ago=30, boot="then")
    file.add(1)
    pin(file.connection, "night", 3, now, "ann")
    pin(file.connection, "night", 4, now, "ann")
    assert [(one.name, one.seq, one.at) for one in pins(file.connection)] == [("night", 4, now)]
    with pytest.raises(
        PinError, match=r"entry 99 is not in the journal \(it reaches from 1 to 11\): pin one"
    ):
        pin(file.connection, "x", 99, now, "ann")
    with pytest.raises(PinError, match="'' is no name for a pin"):
        pin(file.connection, "", 3, now, "ann")
    with pytest.raises(PinError, match="there is no pin 'day': there are night"):
        unpin(file.connection, "day")
    assert file.sweep() == 3
    unpin(file.connection, "night")
    assert file.sweep() == 7


def test_an_actor_that_was_restarted_needs_what_it_was_sent_while_it_was_down(file: File) -> None:
    """J18."""
    file.add(10, days_ago=30, boot="then")
    first = file.started("thinker", days_ago=30)
    file.add(10, days_ago=30, boot="then")
    file.started("thinker", 2, days_ago=30)
    file.add(5)
    assert file.sweep() == first - 1


@pytest.mark.parametrize("ahead", [1, 365, 36500])
def test_a_clock_that_jumps_ahead_while_the_bot_runs_makes_nothing_old(file: File, ahead: int) -> None:
    """J18, J14: also not what earlier runs left."""
    file.add(300, days_ago=3, boot="then")
    file.add(300)
    assert file.sweep(wall_ns=NOW + ahead * DAY * NANOSECONDS) == 0


def test_a_clock_that_was_wrong_for_a_while_is_corrected_by_the_time_that_nobody_sets(file: File) -> None:
    """J18, J14: rows of 1970, and of the next century, are as old as their run says at its end."""
    day = DAY
    file.add(10, days_ago=20_000, boot="young", mono=5.0)
    file.add(10, days_ago=1, boot="young", mono=10.0)
    file.add(10)
    assert file.sweep() == 0, "the run ended a day ago, whatever its clock said at first"

    late = File(file.path.with_name("late.db"))
    late.add(10, days_ago=-3650, boot="wrong", mono=1.0)
    late.add(10, days_ago=9, boot="wrong", mono=1.0 + day)
    late.add(10)
    assert late.sweep() == 20
    late.connection.close()


def test_rows_of_the_future_stay_until_there_is_too_much(file: File) -> None:
    """J18."""
    file.add(300, days_ago=-3650, boot="wrong")
    file.add(10)
    assert file.sweep() == 0
    assert file.sweep(down_to=0) == 309, "the newest entry of all stays"


def test_what_is_too_much_goes_and_the_file_becomes_smaller(file: File) -> None:
    """J18: in small transactions; what is free at the end of the file goes back to the disk."""
    limits = Limits(days=365, max_bytes=4 * MEGABYTE)
    file.add(14_000, payload=f'{{"text":"{"x" * 900}"}}')
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    before = file.path.stat().st_size
    assert used_bytes(file.connection) > 14 * MEGABYTE

    seen = forecast(file.connection, limits, present())
    removed = file.sweep(limits)
    assert used_bytes(file.connection) <= limits.max_bytes
    assert used_bytes(file.connection) > 0.8 * limits.max_bytes, "and no more than that"
    assert (seen.reason, abs(seen.rows - removed) < 0.1 * removed) == ("size", True)
    file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert file.path.stat().st_size < before - 2 * MEGABYTE
    assert verify(file.path).findings == ()


def test_the_present_run_is_cut_only_when_half_as_much_again_is_there_and_that_is_said(file: File) -> None:
    """J18: what is owed and what is pinned is never cut."""
    start = file.started("thinker")
    file.add(6_000, payload=f'{{"text":"{"x" * 900}"}}')
    used = used_bytes(file.connection)
    some = Limits(max_bytes=int(used / BEYOND) + MEGABYTE, replayed=("thinker",))
    held = sweep(file.connection, some, present(), down_to=some.max_bytes)
    assert (held.rows, held.is_done) == (0, True)
    assert held.held_by == "a replay of the present run of thinker"

    less = Limits(max_bytes=used // 2, replayed=("thinker",))
    cut = sweep(file.connection, less, present(), down_to=less.max_bytes)
    assert (cut.first_seq, cut.rows, cut.is_cut) == (start, BATCH, True)
    pin(file.connection, "here", file.first + 10, HeldClock().now(), "ann")
    last = sweep(file.connection, less, present(), down_to=0)
    assert (last.rows, last.held_by) == (10, f"the pin here on entry {file.first}")


def test_a_dry_run_changes_nothing(file: File) -> None:
    """J18."""
    file.add(5_000, days_ago=9, boot="then")
    keep = file.add(days_ago=9, boot="then")
    file.add(10)
    seen = forecast(file.connection, WEEK, present())
    assert (seen.rows, seen.last_seq, seen.reason, seen.held_by) == (5_001, keep, "age", "")
    pin(file.connection, "here", 100, HeldClock().now(), "ann")
    seen = forecast(file.connection, WEEK, present())
    assert (seen.rows, seen.held_by) == (99, "the pin here on entry 100")
    assert file.first == 1
    assert forecast(file.connection, Limits(days=30), present()) == PurgeOutcome(
        used_bytes=used_bytes(file.connection)
    )


def test_a_run_that_was_replaced_removes_nothing(file: File) -> None:
    """J18, J09."""
    file.add(10, days_ago=30, boot="then")
    file.add(1)
    file.connection.execute("UPDATE progress SET writer = 'another'")
    with pytest.raises(FencedOutError):
        file.sweep()


# --- beside a running bot


async def test_the_writer_tidies_up_by_itself_and_tells_once_a_day(tmp_path: Path) -> None:
    """J18: nothing is old in the first minutes of a run; the journal tells of it rarely, a person at once."""
    clock = HeldClock()
    async with running(tmp_path, clock, boot="boot-0") as world:
        for number in range(300):
            world.count(number)
        await world.durable()
    await clock.advance(8 * DAY)
    async with running(tmp_path, clock, boot="boot-1") as world:
        for number in range(300, 310):
            world.count(number)
        await clock.advance(EVERY - 1)
        assert len(world.counted()) == 310

        await clock.advance(EVERY)
        assert world.counted() == list(range(300, 310))
        await clock.advance(6.9 * DAY)
        assert world.counted() == list(range(300, 310))
        await clock.advance(DAY)
        world.count(310)
        await world.durable()
        assert world.counted() == [310]
        told = world.rows("SELECT payload ->> '$.rows' FROM journal WHERE name = 'journal.purged'")
        assert len(told) <= 8 * DAY / TOLD_EVERY
        assert sum(rows for (rows,) in told) >= 10
        assert (await world.ask(PurgeJournal(by="ann"))).rows == 0
        await world.durable()
        noted = world.rows("SELECT who, action FROM audit")
        assert noted == [("ann", "purge")]
        assert verify(world.store.path).findings == ()


async def test_a_bot_that_is_restarted_every_few_minutes_lets_go_of_what_is_old_too(tmp_path: Path) -> None:
    """J18."""
    clock = HeldClock()
    async with running(tmp_path, clock, boot="boot-0") as world:
        for number in range(2 * BATCH):
            world.count(number)
        await world.durable()
    await clock.advance(8 * DAY)
    for run in (1, 2):
        async with running(tmp_path, clock, boot=f"boot-{run}") as world:
            world.count(-run)
            await clock.advance(15 * 60)
            left = world.counted()
    assert left == [-1, -2]


class Watched:
    """Tells how long the longest transaction took that was not the journal's own, by SQLite's steps."""

    def __init__(self) -> None:
        self.longest = 0
        self._steps = 0

    def prepare(self, connection: Connection) -> None:
        connection.set_progress_handler(self._step, 1000)
        connection.set_trace_callback(self._trace)

    def _step(self) -> None:
        self._steps += 1

    def _trace(self, statement: str) -> None:
        if statement.startswith("BEGIN"):
            self._steps = 0
        elif statement == "COMMIT":
            self.longest = max(self.longest, self._steps)


async def test_what_is_to_be_written_never_waits_for_more_than_one_small_step(tmp_path: Path) -> None:
    """J18: rows by the thousand go in steps that are no longer than writing as many, by an order."""
    clock, watched = HeldClock(), Watched()
    async with running(tmp_path, clock, boot="boot-0") as world:
        for number in range(3_000):
            world.count(number)
        await world.durable()
    await clock.advance(8 * DAY)
    async with running(tmp_path, clock, boot="boot-1", prepare=watched.prepare) as world:
        watched.longest = 0
        await clock.advance(EVERY + 5)
        assert world.counted() == []
        by_sweeping, watched.longest = watched.longest, 0
        for number in range(BATCH):
            world.count(number)
        await world.durable()
        assert 0 < by_sweeping <= 10 * watched.longest
