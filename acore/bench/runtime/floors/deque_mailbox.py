"""The least that decouples a publisher from its receivers: a deque and one future that wakes."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager


class Mailbox[T]:
    """A queue for one reader."""

    __slots__ = ("queue", "waiting")

    def __init__(self) -> None:
        self.queue: deque[T] = deque()
        self.waiting: asyncio.Future[None] | None = None

    def put(self, message: T) -> None:
        """Queue *message*."""
        self.queue.append(message)
        waiting = self.waiting
        if waiting is not None:
            self.waiting = None
            if not waiting.done():
                waiting.set_result(None)


async def serve[T](mailbox: Mailbox[T], handle: Callable[[T], None]) -> None:
    """Hand *handle* all that comes, for ever."""
    loop, queue = asyncio.get_running_loop(), mailbox.queue
    while True:
        if not queue:
            mailbox.waiting = loop.create_future()
            await mailbox.waiting
        pop = queue.popleft
        while queue:
            handle(pop())


@asynccontextmanager
async def in_tasks(*work: Awaitable[None]) -> AsyncGenerator[None]:
    """Run *work* in tasks of their own until the block ends."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_awaited(one)) for one in work]
        await asyncio.sleep(0)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _awaited(work: Awaitable[None]) -> None:
    await work
