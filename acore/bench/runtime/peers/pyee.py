"""pyee's emitter for asyncio, with asynchronous handlers: a task for each delivery."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from acore.bench.runtime.sample import SAMPLE
from acore.bench.runtime.shapes import GIVE_WAY, Receive, Send

pyee: Any = import_module("pyee.asyncio")


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """`emit`, to handlers that are coroutines."""
    emitter = pyee.AsyncIOEventEmitter()
    for receive in receivers:

        async def handle(message: object, receive: Receive = receive) -> None:
            receive(message)

        emitter.on("sample", handle)

    async def send(messages: int) -> None:
        emit = emitter.emit
        for number in range(messages):
            emit("sample", SAMPLE)
            if not number % GIVE_WAY:
                await asyncio.sleep(0)

    yield send
