"""anyio's memory streams with a buffer that is never full: nobody waits for a place."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from anyio import create_memory_object_stream

from acore.bench.runtime.floors.anyio_stream import receive_all
from acore.bench.runtime.floors.deque_mailbox import in_tasks
from acore.bench.runtime.sample import SAMPLE, Sample
from acore.bench.runtime.shapes import GIVE_WAY, Receive, Send


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """One stream and one task for each receiver."""
    pairs = [create_memory_object_stream[Sample](math.inf) for _ in receivers]
    outgoing = [pair[0] for pair in pairs]

    async def send(messages: int) -> None:
        for number in range(messages):
            for stream in outgoing:
                stream.send_nowait(SAMPLE)
            if not number % GIVE_WAY:
                await asyncio.sleep(0)

    tasks = (receive_all(pair[1], receive) for pair, receive in zip(pairs, receivers, strict=True))
    async with in_tasks(*tasks):
        yield send
    for one, other in pairs:
        one.close()
        other.close()
