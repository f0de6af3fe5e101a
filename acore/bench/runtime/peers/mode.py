"""mode-streaming: services with a queue and a task, and a supervisor that restarts them."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from acore.bench.runtime.sample import SAMPLE
from acore.bench.runtime.shapes import BUFFER, Receive, Send
from acore.bench.runtime.tally import CrashError, Restarts

mode: Any = import_module("mode")
queues: Any = import_module("mode.utils.queues")

# Its supervisor needs a moment until it waits for the next failure.
_SETTLE = 0.001


def _log_to_nobody() -> None:
    """Leave the library's log calls on, which are part of its cost, but have nothing written."""
    root = logging.getLogger()
    root.handlers[:] = [logging.NullHandler()]
    root.setLevel(logging.INFO)


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """A service for each receiver, whose task reads the queue that is written to from outside."""
    _log_to_nobody()

    class Receiver(mode.Service):
        def __init__(self, receive: Receive) -> None:
            self.receive = receive
            flow = queues.FlowControlEvent(initially_suspended=False)
            self.queue = queues.ThrowableQueue(BUFFER, flow_control=flow)
            super().__init__()  # pyright: ignore[reportUnknownMemberType] - mode comes without its types

        @mode.Service.task
        async def consume(self) -> None:
            queue, receive = self.queue, self.receive
            while not self.should_stop:
                receive(await queue.get())

    services: list[Any] = [Receiver(receive) for receive in receivers]
    for service in services:
        await service.start()
    puts: list[Callable[[object], Awaitable[None]]] = [service.queue.put for service in services]

    async def send(messages: int) -> None:
        for _ in range(messages):
            for put in puts:
                await put(SAMPLE)

    yield send
    for service in services:
        await service.stop()


@asynccontextmanager
async def crash(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """A service under a one-for-one supervisor."""
    _log_to_nobody()

    class Fragile(mode.Service):
        async def on_start(self) -> None:
            self.queue = asyncio.Queue[int]()

        @mode.Service.task
        async def consume(self) -> None:
            restarts.running()
            await self.queue.get()
            restarts.crashing()
            raise CrashError

    fragile: Any = Fragile()
    supervisor = mode.OneForOneSupervisor(max_restarts=1e9, over=1.0)
    supervisor.add(fragile)
    await supervisor.start()

    async def hit() -> None:
        await asyncio.sleep(_SETTLE)
        fragile.queue.put_nowait(1)

    yield hit
    await supervisor.stop()


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """So many services under one supervisor, each with a queue and a task."""
    _log_to_nobody()

    class Idle(mode.Service):
        async def on_start(self) -> None:
            self.queue = asyncio.Queue[int](BUFFER)

        @mode.Service.task
        async def consume(self) -> None:
            await self.queue.get()

    services: list[Any] = [Idle() for _ in range(actors)]
    supervisor = mode.OneForOneSupervisor()
    supervisor.add(*services)
    await supervisor.start()
    yield
    await supervisor.stop()
