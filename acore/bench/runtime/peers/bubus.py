"""bubus: an event bus of pydantic models, each of which is made anew for every dispatch."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from acore.bench.runtime.sample import FIELDS
from acore.bench.runtime.shapes import Receive, Send

bubus: Any = import_module("bubus")

# Above its default history of 50 events it complains: so many are sent before the last is waited for.
_TOGETHER = 50


class Reading(bubus.BaseEvent):
    """The sample, as bubus wants it; an event of it must not begin with an underscore."""

    id: int
    ts: float
    source: str
    seq: int
    level: str
    value: float


@asynccontextmanager
async def _bus() -> AsyncGenerator[Any]:
    logging.disable(logging.CRITICAL)
    bus = bubus.EventBus(name="bench")
    try:
        yield bus
    finally:
        await bus.stop(timeout=1, clear=True)


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """`dispatch`, in batches, and wait for the last of each."""
    async with _bus() as bus:
        for number, receive in enumerate(receivers):

            async def handle(message: object, receive: Receive = receive) -> None:
                receive(message)

            handle.__name__ = handle.__qualname__ = f"handle_{number}"
            bus.on(Reading, handle)

        async def send(messages: int) -> None:
            for number in range(1, messages + 1):
                event = bus.dispatch(Reading(**FIELDS))
                if number % _TOGETHER == 0 or number == messages:
                    await event

        yield send


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """`dispatch`, and wait for what the handler returns."""
    async with _bus() as bus:

        async def answer(reading: Any) -> int:  # noqa: ANN401 - bubus calls with its own event
            return reading.seq

        bus.on(Reading, answer)

        async def one() -> object:
            event = await bus.dispatch(Reading(**FIELDS))
            return await event.event_result()

        yield one
