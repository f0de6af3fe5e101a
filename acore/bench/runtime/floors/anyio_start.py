"""`await group.start(…)` and nothing else: the least that starts something and waits until it runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio import create_task_group
from anyio.abc import TaskStatus


async def _sleep(*, task_status: TaskStatus[None]) -> None:
    task_status.started()
    await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """So many tasks, started one after the other."""
    async with create_task_group() as group:
        for _ in range(actors):
            await group.start(_sleep)
        yield
        group.cancel_scope.cancel()
