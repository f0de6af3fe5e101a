"""How each thing is measured, the same for every contestant."""

import asyncio
import gc
import os
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter, perf_counter_ns
from typing import Self

from acore.bench.runtime.sample import REPLY
from acore.bench.runtime.shapes import Ask, Crash, Figures, Idle, Params, Tell
from acore.bench.runtime.tally import PATIENCE, Restarts, Tally
from acore.errors import AcoreError
from acore.host.reader import resident_bytes

_FIRST = 10
_MOST = 2_000_000
_LATENCIES = 3000
_SETTLE = 0.3


class WrongReplyError(AcoreError):
    """A contestant answered something else than what it was asked for."""

    def __init__(self, reply: object) -> None:
        super().__init__(f"the reply is {reply!r} and should be {REPLY!r}")


class Spent:
    """Seconds since it was made: on the wall, and those in which this process ran.

    They are the same on a machine to itself for what runs in one thread and waits for nothing; on a shared
    one the second says what the first would be. Where threads wait for each other only the first is true.
    """

    def __init__(self) -> None:
        self.elapsed, self.busy = perf_counter(), time.process_time()

    def stop(self) -> Self:
        """Stop counting."""
        self.elapsed, self.busy = perf_counter() - self.elapsed, time.process_time() - self.busy
        return self

    def figures(self, times: int) -> Figures:
        """Return what was done *times* as rates and as nanoseconds for each."""
        return {
            "per_second": times / self.elapsed,
            "busy_per_second": times / self.busy,
            "busy_ns": self.busy / times * 1e9,
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which *percent* of *values* lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(percent / 100 * len(ordered)))]


def settled[T](values: Sequence[T]) -> Sequence[T]:
    """Return *values* without the first tenth, in which caches and buffers are still cold."""
    return values[len(values) // 10 :]


async def measure_tell(tell: Tell, params: Params, *, is_threaded: bool) -> Figures:
    """Return deliveries per second, from the first sent to the last received.

    Raises:
        LostMessagesError: A receiver has not got exactly what was sent.
    """
    tally = Tally(params.fan_out, is_threaded=is_threaded)
    async with _patient(tally), tell(tally.receivers) as send:

        async def sent(messages: int) -> Spent:
            tally.expect(messages)
            spent = Spent()
            await send(messages)
            await tally.wait()
            return spent.stop()

        count = params.messages
        if count is None:
            rate = _FIRST / (await sent(_FIRST)).elapsed
            trial = _within(rate * params.seconds / 4, params.fan_out)
            rate = trial / (await sent(trial)).elapsed
            count = _within(rate * params.seconds, params.fan_out)
            gc.collect()
        spent = await sent(count)
    return {"messages": count, **spent.figures(count * params.fan_out)}


async def measure_latency(tell: Tell, params: Params, *, is_threaded: bool) -> Figures:
    """Return nanoseconds from sending one message to its handling, when nothing else goes on."""
    tally = Tally(1, is_threaded=is_threaded)
    (count,) = tally.receivers
    taken: list[int] = []
    began = 0

    def receive(message: object) -> None:
        taken.append(perf_counter_ns() - began)
        count(message)

    async with _patient(tally), tell([receive]) as send:
        gc.collect()
        for _ in range(params.messages or _LATENCIES):
            tally.expect(1)
            began = perf_counter_ns()
            await send(1)
            await tally.wait()
    return {"p50": percentile(settled(taken), 50), "p99": percentile(settled(taken), 99)}


async def measure_ask(open_ask: Ask, params: Params, *, is_threaded: bool) -> Figures:  # noqa: ARG001 - one shape for all
    """Return how many questions are answered in a second, asked one after the other.

    Raises:
        WrongReplyError: A reply is not the one to the question.
    """
    async with open_ask() as ask:

        async def asked(times: int) -> Spent:
            spent = Spent()
            for _ in range(times):
                reply = await ask()
                if reply != REPLY:
                    raise WrongReplyError(reply)
            return spent.stop()

        count = params.messages
        if count is None:
            rate = _FIRST / (await asked(_FIRST)).elapsed
            trial = _within(rate * params.seconds / 4)
            rate = trial / (await asked(trial)).elapsed
            count = _within(rate * params.seconds)
            gc.collect()
        spent = await asked(count)
    return {"messages": count, **spent.figures(count)}


async def measure_crash(crash: Crash, params: Params, *, is_threaded: bool) -> Figures:
    """Return the median of nanoseconds from a crash to the next run."""
    restarts = Restarts(is_threaded=is_threaded)
    least, most = params.messages or 2 * _FIRST, params.messages or _LATENCIES
    async with crash(restarts) as hit:
        await restarts.wait()
        until = perf_counter() + 2 * params.seconds
        while len(restarts.taken) < least or (perf_counter() < until and len(restarts.taken) < most):
            await hit()
            await restarts.wait()
    return {"messages": len(restarts.taken), "p50": median(settled(restarts.taken))}


async def measure_spawn(idle: Idle, params: Params, *, is_threaded: bool) -> Figures:  # noqa: ARG001 - one shape for all
    """Return microseconds of processor time per actor that a group of `actors` takes until all run."""
    taken: list[float] = []
    until = perf_counter() + params.seconds
    while not taken or perf_counter() < until:
        gc.collect()
        spent = Spent()
        async with idle(params.actors):
            taken.append(spent.stop().busy)
    return {"messages": len(taken), "spawn_us": median(taken) / params.actors * 1e6}


async def measure_idle(idle: Idle, params: Params, *, is_threaded: bool) -> Figures:  # noqa: ARG001 - one shape for all
    """Return what actors cost that do nothing: KiB each, percent of one core for all, and their start."""
    async with idle(1):  # pays for imports and what is made once
        await asyncio.sleep(0)
    await asyncio.sleep(_SETTLE / 6)
    gc.collect()
    before = resident_bytes(os.getpid())
    spent = Spent()
    async with idle(params.actors):
        spent.stop()
        await asyncio.sleep(_SETTLE)
        after = resident_bytes(os.getpid())
        gc.collect()
        await asyncio.sleep(_SETTLE)
        watched = Spent()
        await asyncio.sleep(params.seconds)
        watched.stop()
    return {
        "kib": (after - before) / params.actors / 1024,
        "spawn_us": spent.busy / params.actors * 1e6,
        "cpu_percent": 100 * watched.busy / watched.elapsed,
    }


@asynccontextmanager
async def _patient(tally: Tally) -> AsyncGenerator[None]:
    """Wait so long for what was sent, and no longer."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        tally.check()
        raise


def _within(messages: float, fan_out: int = 1) -> int:
    return int(min(_MOST / fan_out, max(_FIRST, messages)))
