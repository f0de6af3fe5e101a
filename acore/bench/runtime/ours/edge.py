"""Edge actors: what is not journaled may be sent to them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import override

from anyio.lowlevel import checkpoint

from acore.bench.runtime.ours.messages import GAUGED, BreakEdge, Gauged
from acore.bench.runtime.ours.stage import child, sender, stage
from acore.bench.runtime.shapes import Receive, Send
from acore.bench.runtime.tally import CrashError, Restarts
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles


class Receiver(EdgeActor):
    """Hands on what it gets."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    @handles
    async def take(self, gauged: Gauged, io: EdgeContext) -> None:  # noqa: ARG002 - every handler is called so
        """Hand *gauged* on."""
        self._receive(gauged)


class _Fragile(EdgeActor):
    def __init__(self, restarts: Restarts) -> None:
        self._restarts = restarts

    @override
    async def run(self, io: EdgeContext) -> None:
        self._restarts.running()
        await super().run(io)

    @handles
    async def fail(self, order: BreakEdge, io: EdgeContext) -> None:  # noqa: ARG002 - every handler is called so
        self._restarts.crashing()
        raise CrashError


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """An edge actor publishes, edge actors handle."""
    children = [child(f"receiver-{n}", Receiver, partial(Receiver, one)) for n, one in enumerate(receivers)]
    async with stage(*children) as io:
        yield sender(io, GAUGED)


@asynccontextmanager
async def crash(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """An edge actor fails at every message."""
    async with stage(child("fragile", _Fragile, partial(_Fragile, restarts))) as io:

        async def hit() -> None:
            await checkpoint()
            io.publish(BreakEdge())

        yield hit


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """Edge actors for which nothing comes."""

    def receive(_message: object) -> None:
        """Take what never comes."""

    async with stage(*(child(f"idle-{n}", Receiver, partial(Receiver, receive)) for n in range(actors))):
        yield
