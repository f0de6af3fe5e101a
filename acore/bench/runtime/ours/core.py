"""Core actors: what is sent to them is recorded, here by a recorder that keeps nothing."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import override

import msgspec
from anyio.lowlevel import checkpoint

from acore.bench.runtime.ours.messages import GET_NUMBER, MEASURED, BreakCore, GetNumber, Measured
from acore.bench.runtime.ours.stage import child, sender, stage
from acore.bench.runtime.shapes import Receive, Send
from acore.bench.runtime.tally import CrashError, Restarts
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles


class Nothing(msgspec.Struct):
    """The state of an actor that remembers nothing."""


class Receiver(Actor[Nothing]):
    """Hands on what it gets."""

    def __init__(self, receive: Receive) -> None:
        super().__init__()
        self._receive = receive

    @handles
    async def take(self, measured: Measured, ctx: Context) -> None:  # noqa: ARG002 - every handler is called so
        """Hand *measured* on."""
        self._receive(measured)


class _Answerer(Actor[Nothing]):
    @handles
    async def answer(self, question: GetNumber, ctx: Context) -> int:  # noqa: ARG002 - every handler is called so
        return question.seq


class _Fragile(Actor[Nothing]):
    def __init__(self, restarts: Restarts) -> None:
        super().__init__()
        self._restarts = restarts

    @override
    async def on_start(self, ctx: Context) -> None:
        self._restarts.running()

    @handles
    async def fail(self, order: BreakCore, ctx: Context) -> None:  # noqa: ARG002 - every handler is called so
        self._restarts.crashing()
        raise CrashError


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """An edge actor publishes, core actors handle."""
    children = [child(f"receiver-{n}", Receiver, partial(Receiver, one)) for n, one in enumerate(receivers)]
    async with stage(*children) as io:
        yield sender(io, MEASURED)


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """An edge actor asks a core actor, with a time limit."""
    async with stage(child("answerer", _Answerer, _Answerer)) as io:
        yield lambda: io.ask(GET_NUMBER, within=5.0)


@asynccontextmanager
async def crash(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """A core actor fails at every message."""
    async with stage(child("fragile", _Fragile, partial(_Fragile, restarts))) as io:

        async def hit() -> None:
            await checkpoint()
            io.publish(BreakCore())

        yield hit


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """Core actors for which nothing comes."""

    def receive(_message: object) -> None:
        """Take what never comes."""

    async with stage(*(child(f"idle-{n}", Receiver, partial(Receiver, receive)) for n in range(actors))):
        yield
