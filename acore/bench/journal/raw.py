"""SQLite spoken to directly: what a journal written by hand would pay for the same rows.

`append_*` and `one` write acore's own table, with its columns, constraints and indexes, into a file that
acore's own scripts have made. `bare_*` write a table of five columns without an index: the least that can be
called a journal. `hop` and `grouped` do what `one` does from an event loop, through a thread, as anybody must
who does not want the loop to wait for the disk: by hand, with nothing around it.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter, perf_counter_ns

from anyio import TemporaryDirectory, create_task_group, to_thread

from acore.bench.journal.ours import WAITERS, synced
from acore.bench.runtime.measures import Spent, percentile, settled
from acore.bench.runtime.ours.messages import MEASURED
from acore.bench.runtime.shapes import Figures, Params
from acore.events.catalog import CATALOG
from acore.storage.chain import COLUMNS
from acore.storage.database import Database, connect, open_in_thread
from acore.storage.sqlite import Connection, transact

_LEAST = 5
_PAYLOAD = CATALOG.encode(MEASURED).decode()
_NAME = CATALOG.of(type(MEASURED)).name
_WALL_NS, _MONO_NS = 1_722_850_000_123_456_789, 123_456_789_012
_INSERT = f"INSERT INTO journal ({', '.join(COLUMNS)}, hash) VALUES ({', '.join('?' * len(COLUMNS))}, ?)"  # noqa: S608 - acore's own names
_BARE = (
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, type TEXT NOT NULL, "
    "actor TEXT NOT NULL, payload BLOB NOT NULL)"
)
_INSERT_BARE = "INSERT INTO events (ts, type, actor, payload) VALUES (?, ?, ?, ?)"

type Rows = Sequence[tuple[object, ...]]
type Batch = Callable[[int, int], Rows]


def _rows(first: int, size: int) -> Rows:
    """Return *size* rows of acore's table, as its own writer would write them."""
    return [
        (
            seq,
            own := f"{seq:x}-bench",
            "event",
            _NAME,
            1,
            "local",
            "bench",
            _WALL_NS + seq,
            _MONO_NS + seq,
            "source",
            "",
            "",
            own,
            1,
            _PAYLOAD,
            seq.to_bytes(16),
        )
        for seq in range(first, first + size)
    ]


def _bare_rows(first: int, size: int) -> Rows:
    return [(_WALL_NS + seq, _NAME, "source", _PAYLOAD.encode()) for seq in range(first, first + size)]


@contextmanager
def _opened(level: str) -> Generator[Connection]:
    with tempfile.TemporaryDirectory(prefix="acore-bench-") as folder:
        connection = connect(Path(folder) / "raw.db", prepare=synced(level))
        try:
            yield connection
        finally:
            connection.close()


async def append_normal(params: Params) -> Figures:
    """Return rows a second, in batches of `messages`, where a commit does not wait for the disk."""
    return await to_thread.run_sync(_append, "NORMAL", params)


async def append_full(params: Params) -> Figures:
    """Return the same where each commit waits for the disk."""
    return await to_thread.run_sync(_append, "FULL", params)


async def bare_normal(params: Params) -> Figures:
    """Return what `append_normal` does, for the bare table."""
    return await to_thread.run_sync(_append, "NORMAL", params, _INSERT_BARE, _bare_rows)


async def bare_full(params: Params) -> Figures:
    """Return what `append_full` does, for the bare table."""
    return await to_thread.run_sync(_append, "FULL", params, _INSERT_BARE, _bare_rows)


def _append(level: str, params: Params, insert: str = _INSERT, batch: Batch = _rows) -> Figures:
    size = params.messages or 1
    with _opened(level) as connection:
        connection.execute(_BARE)
        seconds, busy, rows, first = 0.0, 0.0, 0, 1
        until = perf_counter() + params.seconds
        while not rows or perf_counter() < until:
            values = batch(first, size)  # made beforehand: only what SQLite does is counted
            first += size
            spent = Spent()
            transact(connection, lambda writing, values=values: writing.executemany(insert, values))
            spent.stop()
            if first > _LEAST * size:
                seconds, busy, rows = seconds + spent.elapsed, busy + spent.busy, rows + size
        return {"per_second": rows / seconds, "busy_per_second": rows / busy}


async def one(params: Params) -> Figures:
    """Return nanoseconds that a commit of one row takes, and how many there are in a second."""
    return await to_thread.run_sync(_one, params)


def _one(params: Params) -> Figures:
    taken: list[int] = []
    with _opened("FULL") as connection:
        until = perf_counter() + params.seconds
        while len(taken) < _LEAST or perf_counter() < until:
            values = _rows(len(taken) + 1, 1)
            began = perf_counter_ns()
            transact(connection, lambda writing, values=values: writing.executemany(_INSERT, values))
            taken.append(perf_counter_ns() - began)
    rest = settled(taken)
    return {
        "p50": percentile(rest, 50),
        "p99": percentile(rest, 99),
        "per_second": len(rest) / sum(rest) * 1e9,
    }


async def hop(params: Params) -> Figures:
    """Return nanoseconds that a commit of one row takes in a thread, as the event loop sees it."""
    taken: list[int] = []
    async with _threaded() as database:
        until = perf_counter() + params.seconds
        while len(taken) < _LEAST or perf_counter() < until:
            began = perf_counter_ns()
            await database.run(partial(_commit, rows=_rows(len(taken) + 1, 1)))
            taken.append(perf_counter_ns() - began)
    return {"p50": percentile(settled(taken), 50), "p99": percentile(settled(taken), 99)}


async def grouped(params: Params) -> Figures:
    """Return rows a second when a hundred wait at a time, each for its own, and one commit serves all."""
    done = 0
    waiting: list[tuple[tuple[object, ...], asyncio.Future[None]]] = []
    loop = asyncio.get_running_loop()
    async with _threaded() as database:
        began = perf_counter()
        until = began + params.seconds
        gathered = asyncio.Event()

        async def waiter(first: int) -> None:
            nonlocal done
            seq = first
            while perf_counter() < until:
                (row,) = _rows(seq, 1)
                seq += WAITERS
                durable = loop.create_future()
                waiting.append((row, durable))
                gathered.set()
                await durable
                done += 1

        async def write() -> None:
            while True:
                await gathered.wait()
                gathered.clear()
                some = waiting.copy()
                waiting.clear()
                await database.run(partial(_commit, rows=[row for row, _ in some]))
                for _, durable in some:
                    durable.set_result(None)

        async with create_task_group() as tasks:
            tasks.start_soon(write)
            async with create_task_group() as group:
                for first in range(1, WAITERS + 1):
                    group.start_soon(waiter, first)
            tasks.cancel_scope.cancel()
        return {"per_second": done / (perf_counter() - began)}


@asynccontextmanager
async def _threaded() -> AsyncGenerator[Database]:
    async with TemporaryDirectory(prefix="acore-bench-") as folder:
        path = Path(folder) / "raw.db"
        async with await open_in_thread(partial(connect, path, prepare=synced("FULL"))) as database:
            yield database


def _commit(connection: Connection, rows: Rows) -> None:
    transact(connection, lambda writing: writing.executemany(_INSERT, rows))
