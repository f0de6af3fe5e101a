"""acore's side: facts go through the bus to the actor that writes, in a real file."""

import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter, perf_counter_ns, process_time_ns

from anyio import TemporaryDirectory, create_task_group
from anyio.lowlevel import checkpoint
from msgspec import json

from acore.bench.runtime.measures import Spent, percentile, settled
from acore.bench.runtime.ours.messages import MEASURED
from acore.bench.runtime.ours.stage import stage
from acore.bench.runtime.shapes import Figures, Params
from acore.clock import RealClock
from acore.events.base import Entry, Envelope, Kind, Trace
from acore.events.bus import Bus
from acore.events.catalog import CATALOG
from acore.runtime.edge import EdgeContext
from acore.runtime.spec import SupervisorSpec
from acore.runtime.system import System
from acore.storage.journal import Journal
from acore.storage.sqlite import Connection
from acore.storage.store import open_store

WAITERS = 100
"""So many wait at the same time for what each has said to be durable."""
APPENDS = 100_000
_GIVE_WAY = 64
_LEAST = 5


def synced(level: str) -> Callable[[Connection], None]:
    """Return what makes a connection sync as *level* says: NORMAL or FULL."""

    def prepare(connection: Connection) -> None:
        connection.execute(f"PRAGMA synchronous = {level}")

    return prepare


@asynccontextmanager
async def _journaled(level: str) -> AsyncGenerator[EdgeContext]:
    """Yield what an actor may use whose facts are written to a file that is thrown away."""
    async with (
        TemporaryDirectory(prefix="acore-bench-") as folder,
        open_store(Path(folder), boot="bench", clock=RealClock(), prepare=synced(level)) as store,
        stage(*store.children(), recorder=store.journal) as io,
    ):
        yield io


@asynccontextmanager
async def _writing(level: str) -> AsyncGenerator[tuple[Bus, Journal]]:
    """Yield a journal that is written to a file that is thrown away, and the bus whose numbers it has."""
    clock = RealClock()
    async with (
        TemporaryDirectory(prefix="acore-bench-") as folder,
        open_store(Path(folder), boot="bench", clock=clock, prepare=synced(level)) as store,
        create_task_group() as group,
    ):
        bus = Bus(clock, store.journal, boot="bench", last_seq=store.last_seq)
        system = System(SupervisorSpec(id="store", children=store.children()), bus)
        group.start_soon(system.run)
        await system.wait_ready()
        yield bus, store.journal
        system.stop()


async def append_normal(params: Params) -> Figures:
    """Return rows a second, in batches of `messages`, where a commit does not wait for the disk."""
    return await _append("NORMAL", params)


async def append_full(params: Params) -> Figures:
    """Return the same where each commit waits for the disk, as in the running bot."""
    return await _append("FULL", params)


async def _append(level: str, params: Params) -> Figures:
    """Encode a batch and hand it to the journal, wait until it is on disk, and go on with the next one.

    That each fact is read back and compared is the bus's part, which `say_normal` and `say_full` measure too.
    """
    wire, trace = CATALOG.of(type(MEASURED)), Trace("source")
    encode = json.Encoder().encode
    async with _writing(level) as (bus, journal):
        wall_ns, monotonic_ns = bus.clock.wall_ns, bus.clock.monotonic_ns

        async def batch(size: int) -> None:
            for _ in range(size):
                bus.seq = seq = bus.seq + 1
                envelope = Envelope(seq, wall_ns(), monotonic_ns(), Kind.EVENT, MEASURED, trace, bus.origin)
                journal.append(Entry(envelope, wire.name, wire.version, encode(MEASURED)))
            await journal.wait_durable(bus.seq)

        return await _batches(batch, params)


async def say_normal(params: Params) -> Figures:
    """Return what `append_normal` does of facts that are said on the bus, which checks each."""
    return await _say("NORMAL", params)


async def say_full(params: Params) -> Figures:
    """Return the same where each commit waits for the disk, as in the running bot."""
    return await _say("FULL", params)


async def _say(level: str, params: Params) -> Figures:
    """Say a batch, wait until it is on disk, and say the next one."""
    async with _journaled(level) as io:

        async def batch(size: int) -> None:
            for _ in range(size - 1):
                io.publish(MEASURED)
            await io.durable(io.publish(MEASURED).seq)

        return await _batches(batch, params)


async def _batches(batch: Callable[[int], Awaitable[None]], params: Params) -> Figures:
    """Return what was done in batches.

    `busy_per_second` goes by the processor time of both threads: what it would be on a machine to itself.
    """
    size = params.messages or 1
    for _ in range(_LEAST):
        await batch(size)
    spent, rows = Spent(), 0
    until = perf_counter() + params.seconds
    while perf_counter() < until:
        await batch(size)
        rows += size
    return spent.stop().figures(rows)


async def one(params: Params) -> Figures:
    """Return nanoseconds until one fact is durable, when nothing else waits."""
    taken: list[int] = []
    async with _journaled("FULL") as io:
        until = perf_counter() + params.seconds
        while len(taken) < _LEAST or perf_counter() < until:
            began = perf_counter_ns()
            await io.durable(io.publish(MEASURED).seq)
            taken.append(perf_counter_ns() - began)
    return {"p50": percentile(settled(taken), 50), "p99": percentile(settled(taken), 99)}


async def many(params: Params) -> Figures:
    """Return durable facts a second, when a hundred wait at a time, each for its own."""
    done = 0
    async with _journaled("FULL") as io:
        await io.durable(io.publish(MEASURED).seq)
        began = perf_counter()
        until = began + params.seconds

        async def waiter() -> None:
            nonlocal done
            while perf_counter() < until:
                await io.durable(io.publish(MEASURED).seq)
                done += 1

        async with create_task_group() as group:
            for _ in range(WAITERS):
                group.start_soon(waiter)
        return {"per_second": done / (perf_counter() - began)}


async def stall(params: Params) -> Figures:
    """Return the longest turn of the event loop, in ms, while facts are said and written."""
    async with _journaled("FULL") as io:
        longest = await _longest_turn(io, params.messages or APPENDS)
        await io.durable(io.publish(MEASURED).seq)
    return longest


async def quiet(params: Params) -> Figures:
    """Return the same while they are said and nothing is written."""
    async with stage() as io:
        return await _longest_turn(io, params.messages or APPENDS)


async def _longest_turn(io: EdgeContext, facts: int) -> Figures:
    """Say *facts* facts, a few in each turn of the loop as a source does; return the longest turn, in ms.

    `stalled` is the lesser of a turn's real time and of the processor time that the whole process took
    in it: a thread that keeps the loop waiting runs meanwhile, and what the machine gives to other programs
    is left out. `longest` is the real time.
    """
    stalled = longest = 0
    gc.collect()
    for _ in range(0, facts, _GIVE_WAY):
        began, busy = perf_counter_ns(), process_time_ns()
        for _ in range(_GIVE_WAY):
            io.publish(MEASURED)
        await checkpoint()
        taken = perf_counter_ns() - began
        stalled = max(stalled, min(taken, process_time_ns() - busy))
        longest = max(longest, taken)
    return {"stalled": stalled / 1e6, "longest": longest / 1e6}
