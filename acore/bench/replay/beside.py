"""What a replay costs whoever writes the same file meanwhile (R18).

`python -m acore.bench.replay.beside DIRECTORY SECONDS` opens the store there as a running bot does, and for
each line that it reads says facts for so long, one after the other; it answers with the median of the
nanoseconds until such a fact was durable.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter, perf_counter_ns

from anyio import create_task_group

from acore.bench.runtime.measures import settled
from acore.bench.runtime.ours.messages import MEASURED
from acore.clock import RealClock
from acore.events.base import Trace
from acore.events.bus import Bus
from acore.runtime.spec import SupervisorSpec
from acore.runtime.system import System
from acore.storage.store import Store, open_store

_PAUSE = 0.005  # seconds from one fact to the next: a bot does not say them as fast as it can
_LEAST = 5


def slowdown(directory: Path, rounds: int, replay: Callable[[], None], seconds: float) -> float:
    """Return how many times as long a fact takes until it is durable while the file is replayed.

    Args:
        directory: Where the database is; facts are added to it.
        rounds: How often both are measured; it is the median of the ratios.
        replay: Replays the database once.
        seconds: How long each is measured.
    """
    command = [sys.executable, "-m", "acore.bench.replay.beside", str(directory), str(seconds)]
    ratios: list[float] = []
    with subprocess.Popen(  # noqa: S603 - this interpreter, with arguments of our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdin is not None  # noqa: S101 - it is a pipe
        assert writer.stdout is not None  # noqa: S101 - it is a pipe
        ask, answer = writer.stdin, writer.stdout

        def measured() -> int:
            ask.write("\n")
            ask.flush()
            return int(answer.readline())

        measured()  # what the first facts pay for is there
        for _ in range(rounds):
            alone = measured()
            with ThreadPoolExecutor(1) as waiting:
                beside = waiting.submit(measured)
                while not beside.done():
                    replay()
            ratios.append(beside.result() / alone)
        ask.close()
    return median(ratios)


async def _serve(directory: Path, seconds: float) -> None:
    clock = RealClock()
    async with open_store(directory, boot="beside", clock=clock) as store, create_task_group() as group:
        bus = Bus(clock, store.journal, boot="beside", last_seq=store.last_seq)
        system = System(SupervisorSpec(id="store", children=store.children()), bus)
        group.start_soon(system.run)
        await system.wait_ready()
        while sys.stdin.readline():
            print(await _median(bus, store, seconds), flush=True)  # noqa: T201 - this is its answer
        system.stop()


async def _median(bus: Bus, store: Store, seconds: float) -> int:
    taken: list[int] = []
    until = perf_counter() + seconds
    while len(taken) < _LEAST or perf_counter() < until:
        await bus.clock.sleep(_PAUSE)
        began = perf_counter_ns()
        await store.journal.wait_durable(bus.publish(MEASURED, Trace("source")).seq)
        taken.append(perf_counter_ns() - began)
    return round(median(settled(taken)))


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2])))
