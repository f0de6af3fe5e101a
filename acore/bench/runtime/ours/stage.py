"""A tree of actors that runs on real time, and the actor through which messages come in."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_task_group
from anyio.lowlevel import checkpoint

from acore.bench.runtime.shapes import Send
from acore.clock import RealClock
from acore.events.base import Command, Entry, Event
from acore.events.bus import Bus
from acore.events.recorder import MemoryRecorder, Recorder
from acore.runtime.actor import Actor
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.restart import RestartLimit
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System

# A source publishes what came in with one read from outside, then waits for more.
_GIVE_WAY = 64


class Forgetful(MemoryRecorder):
    """A recorder that keeps nothing."""

    def append(self, entry: Entry) -> None:
        """Let *entry* go."""


class _Source(EdgeActor):
    """Publishes what it is told to, from outside."""

    def __init__(self, lend: Callable[[EdgeContext], None]) -> None:
        self._lend = lend

    async def run(self, io: EdgeContext) -> None:
        io.ready()
        self._lend(io)
        await io.stopping.wait()


def child(
    name: str, actor: type[Actor[Any]] | type[EdgeActor], start: Callable[[], Actor[Any] | EdgeActor]
) -> ChildSpec:
    """Describe an actor that is restarted at once."""
    return ChildSpec(id=name, actor=actor, start=start, backoff=None)


@asynccontextmanager
async def stage(
    *children: ChildSpec, recorder: Recorder | None = None, asks: tuple[type[Command[Any]], ...] = ()
) -> AsyncGenerator[EdgeContext]:
    """Run *children* under one supervisor, and yield what an edge actor beside them that *asks* may use."""
    source = type("_Source", (_Source,), {"asks": asks})
    lent: asyncio.Future[EdgeContext] = asyncio.get_running_loop().create_future()
    # As often as they like: the limit counts what failed within the period.
    limit = RestartLimit(intensity=1000, period=0.001)
    root = SupervisorSpec(
        id="root",
        children=(
            SupervisorSpec(id="actors", children=children, limit=limit),
            ChildSpec(id="source", actor=source, start=lambda: source(lent.set_result)),
        ),
        limit=RestartLimit(intensity=0),
    )
    system = System(root, Bus(RealClock(), recorder or Forgetful(), boot="bench"))
    async with create_task_group() as tasks:
        tasks.start_soon(system.run)
        yield await lent
        system.stop()


def sender(io: EdgeContext, event: Event) -> Send:
    """Return what publishes *event* so many times, giving way to the loop as a real source does."""

    async def send(messages: int) -> None:
        publish = io.publish
        for number in range(1, messages + 1):
            publish(event)
            if not number % _GIVE_WAY:
                await checkpoint()

    return send
