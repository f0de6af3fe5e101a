"""thespian on its simple system base: all actors in one thread, each message handled where it is sent."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from acore.bench.runtime.sample import SAMPLE, Sample
from acore.bench.runtime.shapes import Receive, Send

thespian: Any = import_module("thespian.actors")

_QUIET = {"version": 1, "root": {"level": "CRITICAL", "handlers": list[str]()}}


def _system() -> Any:  # noqa: ANN401 - thespian has no types
    system = thespian.ActorSystem("simpleSystemBase", logDefs=_QUIET)
    logging.getLogger("Thespian").setLevel(logging.CRITICAL)
    return system


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """`tell`, to one actor after the other."""
    unclaimed = iter(receivers)

    class Receiver(thespian.Actor):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType] - thespian has no types
            self.hand_on = next(unclaimed)  # `_receive` is thespian's own

        def receiveMessage(self, message: object, _sender: object) -> None:  # noqa: N802 - thespian's name
            if isinstance(message, Sample):
                self.hand_on(message)

    system = _system()
    actors = [system.createActor(Receiver) for _ in receivers]

    async def send(messages: int) -> None:
        one = system.tell
        for _ in range(messages):
            for actor in actors:
                one(actor, SAMPLE)

    yield send
    system.shutdown()


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """`ask`, with a time limit."""

    class Answerer(thespian.Actor):
        def receiveMessage(self, message: object, sender: object) -> None:  # noqa: N802 - thespian's name
            if isinstance(message, Sample):
                self.send(sender, message.seq)

    system = _system()
    actor = system.createActor(Answerer)

    async def one() -> object:
        return system.ask(actor, SAMPLE, 5)

    yield one
    system.shutdown()
