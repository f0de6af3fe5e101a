"""Reading a journal that grows: in pages, beside the writer, at a cost that does not depend on its size."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.storage import query
from acore.storage.query import Filter, last_run, last_seq, tail
from acore.storage.sqlite import Connection
from acore.storage.store import open_store
from tests.storage.world import running


class Work:
    """Counts SQLite's steps on connections that only read: what they cost, whatever the machine does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps = 0
        connect = query.connect_reader

        def counting(path: Path) -> Connection:
            connection = connect(path)
            connection.set_progress_handler(self._step, 10)
            return connection

        monkeypatch.setattr(query, "connect_reader", counting)

    def _step(self) -> None:
        self.steps += 1

    def of(self, job: Callable[[], object]) -> int:
        """Return what *job* costs."""
        self.steps = 0
        job()
        return self.steps


async def test_opening_the_last_number_and_a_page_cost_the_same_whatever_the_journal_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J17: ten times the rows, and not one of SQLite's steps in ten more."""
    work, costs = Work(monkeypatch), list[list[int]]()
    clock = HeldClock()
    for number, rows in enumerate((500, 5_000)):
        async with running(tmp_path, clock, boot=f"boot-{number}") as world:
            for count in range(rows):
                world.count(count)
            await world.durable()
            path, last = world.store.path, world.bus.seq
            jobs = (
                partial(last_seq, path),
                partial(last_run, path),
                partial(tail, path, limit=100),
                partial(tail, path, limit=100, after=last - 200),
                partial(tail, path, Filter(name="activity.counted"), limit=100, after=last - 200),
            )
            costs.append([work.of(job) for job in jobs])
            assert last_seq(path) == last
    small, big = costs
    assert all(cost <= before + 20 for before, cost in zip(small, big, strict=True)), costs
    async with open_store(tmp_path, boot="boot-9", clock=clock) as store:
        assert store.last_seq > 5_500


async def test_a_slow_reader_holds_no_transaction_between_its_pages_so_the_log_does_not_grow(
    tmp_path: Path,
) -> None:
    """J17: rows by the thousand are written between two pages, and the log is taken over all the same."""

    def often(connection: Connection) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 100")  # SQLite's own choice is 1000 pages, 4 MB

    async with running(tmp_path, HeldClock(), prepare=often) as world:
        log = world.store.path.with_name("acore.db-wal")
        seen, after, sizes = 0, 0, list[int]()
        for turn in range(12):
            for _ in range(500):
                world.count(turn)
            await world.durable()
            page = tail(world.store.path, limit=300, after=after)
            seen, after = seen + len(page), page[-1].seq
            sizes.append(log.stat().st_size)
        assert seen == 12 * 300
        assert max(sizes) < 1_000_000, "a hundred pages and what one transaction writes"

        # A reader that does hold one shows that this is no matter of course.
        holding = query.connect_reader(world.store.path)
        holding.execute("BEGIN")
        holding.execute("SELECT seq FROM progress").fetchone()
        for _ in range(12):
            for _ in range(500):
                world.count(1)
            await world.durable()
        assert log.stat().st_size > 2 * max(sizes)
        holding.close()


async def test_all_pages_together_are_the_whole_journal_once_also_while_it_is_written(tmp_path: Path) -> None:
    """J17: the next page begins after the last number, not after so many rows."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(1_000):
            world.count(number)
        await world.durable()
        seen: list[int] = []
        after = 0
        while page := tail(world.store.path, limit=170, after=after):
            seen += [row.seq for row in page]
            after = page[-1].seq
            if len(seen) < 1_500:
                world.count(0)
                await world.durable()
        assert seen == [seq for (seq,) in world.rows("SELECT seq FROM journal ORDER BY seq")]
