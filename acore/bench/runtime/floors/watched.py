"""Supervised loops that one task looks after: once a second it reads when each was last alive."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import perf_counter

from acore.bench.runtime.floors import anyio_stream
from acore.bench.runtime.floors.deque_mailbox import in_tasks

_EVERY = 1.0
_TOO_LONG = 1e9


async def _watch(beats: dict[int, float]) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        now = perf_counter()
        _ = [who for who, beat in beats.items() if now - beat > _TOO_LONG]


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """So many supervised loops, and the task that looks after them."""
    beats = dict.fromkeys(range(actors), perf_counter())
    async with anyio_stream.idle(actors), in_tasks(_watch(beats)):
        yield
