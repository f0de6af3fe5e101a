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


def given[A: Actor[Nothing]](kind: type[A], **things: object) -> A:
    """Make an actor and hand it what it measures with: the guard would refuse a clock it is made with."""
    actor = kind()
    for name, thing in things.items():
        setattr(actor, name, thing)
    return actor


class Receiver(Actor[Nothing]):
    """Hands on what it gets."""

    receive: Receive

    @handles
    async def take(self, measured: Measured, ctx: Context) -> None:  # noqa: ARG002 - every handler is called so
        """Hand *measured* on."""
        self.receive(measured)


class _Answerer(Actor[Nothing]):
    @handles
    async def answer(self, question: GetNumber, ctx: Context) -> int:  # noqa: ARG002 - every handler is called so
        return question.seq


class _Fragile(Actor[Nothing]):
    restarts: Restarts

    @override
    async def on_start(self, ctx: Context) -> None:
        self.restarts.running()

    @handles
    async def fail(self, order: BreakCore, ctx: Context) -> None:  # noqa: ARG002 - every handler is called so
        self.restarts.crashing()
        raise CrashError


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """An edge actor publishes, core actors handle."""
    children = [
        child(f"receiver-{n}", Receiver, partial(given, Receiver, receive=one))
        for n, one in enumerate(receivers)
    ]
    async with stage(*children) as io:
        yield sender(io, MEASURED)


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """An edge actor asks a core actor, with a time limit."""
    async with stage(child("answerer", _Answerer, _Answerer), asks=(GetNumber,)) as io:
        yield lambda: io.ask(GET_NUMBER, within=5.0)


@asynccontextmanager
async def crash(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """A core actor fails at every message."""
    async with stage(child("fragile", _Fragile, partial(given, _Fragile, restarts=restarts))) as io:

        async def hit() -> None:
            await checkpoint()
            io.publish(BreakCore())

        yield hit


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """Core actors for which nothing comes."""

    def receive(_message: object) -> None:
        """Take what never comes."""

    async with stage(
        *(child(f"idle-{n}", Receiver, partial(given, Receiver, receive=receive)) for n in range(actors))
    ):
        yield
