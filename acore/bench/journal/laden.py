"""acore as it runs, with a disk that stalls at every sync and core actors that have all they can take to do.

`python -m acore.bench.journal.laden` takes its settings from the environment, as `acore run` does.
"""

from collections.abc import Callable
from contextlib import closing
from threading import Event as Waiting
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from acore.app import App
from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.events.discord import GatewayView, Link
from acore.events.mailbox import DEFAULT_CAPACITY
from acore.log import configure
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.settings.load import Loaded, load, process_environment
from acore.storage.sqlite import Connection

STALL = 0.5
"""Seconds that each sync takes."""
ROOM = 200
"""Places that are left in each mailbox: what the bot itself has to say is not to be refused."""
TEDIUM = 0.5
"""Seconds that a core actor waits in each of its chores."""
_AT_ONCE = 500
_LOOK = 0.05


@wire("bench.chore")
class Chore(Event):
    """Every core actor has something to do."""


def stalling(connection: Connection) -> None:
    """Let every commit of *connection* take as long as a disk that stalls at its sync."""
    never = Waiting()

    def stall(statement: str) -> None:
        if statement == "COMMIT":
            never.wait(STALL)  # in the writer's thread, where the sync would be

    connection.set_trace_callback(stall)


class Foreman(EdgeActor):
    """Keeps the mailboxes of all core actors full."""

    def __init__(self, queued: Callable[[], int]) -> None:
        """Fill up as long as *queued*, the length of the fullest mailbox, allows."""
        self._queued = queued

    async def run(self, io: EdgeContext) -> None:
        """Hand out chores from when the bot is connected until asked to stop."""
        io.ready()
        while (gateway := io.view(GatewayView)) is None or gateway.link is not Link.READY:
            await io.clock.sleep(_LOOK)
        while not io.stopping.is_set():
            for _ in range(max(0, min(_AT_ONCE, DEFAULT_CAPACITY - ROOM - self._queued()))):
                io.publish(Chore())
            await checkpoint()


@wire("bench.tedium")
class Tedium(Command[None]):
    """What a chore waits for."""


class Bore(EdgeActor):
    """Takes its time."""

    @handles
    async def answer(self, _tedium: Tedium, io: EdgeContext) -> None:
        """Answer at last."""
        await io.clock.sleep(TEDIUM)


async def _do(_self: object, _chore: Chore, ctx: Context) -> None:
    """Wait for somebody who takes his time; nothing else is handled meanwhile."""
    await ctx.ask(Tedium())


def busy(spec: ChildSpec) -> ChildSpec:
    """Return *spec* with an actor that has chores beside its work."""
    base = spec.actor
    assert issubclass(base, Actor)  # noqa: S101 - it is a core actor's
    laden: Any = type(
        base.__name__,
        (base,),
        {
            "do": handles(_do),
            "asks": (*base.asks, Tedium),
            "__doc__": base.__doc__,
            "__module__": __name__,
        },
    )
    start = spec.start

    def begin() -> Actor[Any] | EdgeActor:
        made = base() if start is None else start()
        made.__class__ = laden
        return made

    return ChildSpec(id=spec.id, actor=laden, start=begin)


def laden(app: Callable[[], App], tree: SupervisorSpec) -> SupervisorSpec:
    """Return *tree* with busy core actors, and somebody who sees to that."""

    def queued() -> int:
        system = app().system
        if system is None:
            return DEFAULT_CAPACITY
        core = next(info for info in system.tree() if info.id == "core")
        return max(info.queued for info in core.children)

    children: list[ChildSpec | SupervisorSpec] = []
    for child in tree.children:
        if isinstance(child, SupervisorSpec) and child.id == "core":
            specs = tuple(busy(spec) for spec in child.children if isinstance(spec, ChildSpec))
            children.append(SupervisorSpec(id="core", children=specs))
        else:
            children.append(child)
    foreman = ChildSpec(id="foreman", actor=Foreman, start=lambda: Foreman(queued))
    bore = ChildSpec(id="bore", actor=Bore)
    return SupervisorSpec(
        id=tree.id, children=(bore, *children, foreman), strategy=tree.strategy, limit=tree.limit
    )


def main() -> None:
    """Run until stopped."""

    def read() -> Loaded:
        return load(toml=None, env_file=None, environ=process_environment())

    loaded = read()
    app: App = App(loaded, read, amend=lambda tree: laden(lambda: app, tree), prepare=stalling)
    with closing(configure(level=loaded.settings.log_level)):
        anyio.run(app.run)


if __name__ == "__main__":
    main()
