"""The whole program in the test's own process, in a sandbox, with actors that can be made to fail."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from anyio import Event as Flag
from anyio import create_task_group

from acore.app import App
from acore.clock import Clock, RealClock
from acore.events.base import Command, Envelope, Event, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.views import View
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildInfo
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.sandbox import Sandbox
from acore.settings.load import load
from acore.storage.query import Filter, tail
from acore.storage.store import DATABASE_NAME
from tests.e2e.bot import LONG, settings_for
from tests.failing import FragileConfig, FragileGateway, FragileHealth, FragileLifecycle, FragileMetrics

QUICK = Backoff(first=0.05, cap=0.05, jitter=0)


@wire("test.wait_for_ever")
class WaitForEver(Command[None]):
    """Is there an answer? Never."""


@wire("test.hang")
class Hang(Event):
    """A test wants the health actor to hang."""


class Asked(View):
    """Somebody waits for the answer that never comes."""


class HangingHealth(FragileHealth):
    asks = (*FragileHealth.asks, WaitForEver)

    @handles
    async def hang(self, _wanted: Hang, ctx: Context) -> None:
        await ctx.ask(WaitForEver(), within=3600.0)


class TarPit(EdgeActor):
    """Never answers."""

    @handles
    async def answer(self, _question: WaitForEver, io: EdgeContext) -> None:
        io.show(Asked())
        await io.stopping.wait()


FRAGILE: dict[str, type[Actor[Any]] | type[EdgeActor]] = {
    "config": FragileConfig,
    "health": HangingHealth,
    "metrics": FragileMetrics,
    "lifecycle": FragileLifecycle,
    "gateway": FragileGateway,
}


def fragile(tree: SupervisorSpec, backoff: Backoff = QUICK) -> SupervisorSpec:
    """Return *tree* with actors in place of the five named ones that fail when a test wants it."""
    children: list[ChildSpec | SupervisorSpec] = []
    for child in tree.children:
        if isinstance(child, SupervisorSpec):
            children.append(fragile(child, backoff))
        elif child.id in FRAGILE:
            children.append(_fragile(child, backoff))
        else:
            children.append(child)
    if tree.id == "sources":
        children.append(ChildSpec(id="tar pit", actor=TarPit))
    return SupervisorSpec(id=tree.id, children=tuple(children), strategy=tree.strategy, limit=tree.limit)


def _fragile(spec: ChildSpec, backoff: Backoff) -> ChildSpec:
    kind: Any = FRAGILE[spec.id]

    def start() -> Actor[Any] | EdgeActor:
        actor: Any = spec.build()
        actor.__class__ = kind
        return actor

    return ChildSpec(id=spec.id, actor=kind, start=start, backoff=backoff, shutdown=min(1.0, spec.shutdown))


class ShiftedClock(RealClock):
    """The machine's time, ahead by as much as a test wants."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def wall_ns(self) -> int:
        return super().wall_ns() + int(self.ahead.total_seconds() * 1e9)


class Inside:
    """A running program, seen from inside."""

    def __init__(self, app: App, data: Path) -> None:
        self.app = app
        self.data = data

    @property
    def bus(self) -> Bus:
        assert self.app.system is not None
        return self.app.system.bus

    def say(self, event: Event) -> Envelope:
        """State a fact as somebody outside would."""
        return self.bus.publish(event, Trace(source="test"))

    async def sees[V: View](self, kind: type[V], matches: Callable[[V], bool]) -> V:
        """Return the first view of *kind* that matches."""
        with RealClock().deadline(LONG):
            await self.bus.views.wait(kind, matches)
        view = self.bus.views.get(kind)
        assert view is not None
        assert matches(view), f"no {kind.__name__} came that matches; the last is {view}"
        return view

    def actor(self, name: str) -> ChildInfo:
        """Return what the tree says of an actor now."""
        assert self.app.system is not None
        return next(one for one in _flat(self.app.system.tree()) if one.id == name)

    async def journaled(self) -> None:
        """Return when everything said so far is on disk."""
        await self.bus.recorder.wait_durable(self.bus.seq)

    def told(self, name: str, actor: str | None = None) -> list[dict[str, Any]]:
        """Return what the journal on disk has of this kind."""
        rows = tail(self.data / DATABASE_NAME, Filter(name=name, actor=actor), limit=1000)
        return [msgspec.json.decode(row.payload) for row in rows]


def _flat(infos: Iterable[ChildInfo]) -> list[ChildInfo]:
    return [one for info in infos for one in (info, *_flat(info.children))]


@asynccontextmanager
async def inside(
    sandbox: Sandbox,
    data: Path,
    *,
    amend: Callable[[SupervisorSpec], SupervisorSpec] = fragile,
    clock: Clock | None = None,
    is_ready: bool = True,
) -> AsyncGenerator[Inside]:
    """Run the program in *sandbox*, and end it in good order after the block.

    Args:
        sandbox: Where it connects.
        data: Its data directory.
        amend: Changes its tree of actors.
        clock: Its clock, if not the machine's.
        is_ready: Whether the block begins when commands can be used; else when every actor has started.
    """
    # What holds up the loop here holds up the tests, which have a limit of their own.
    environ = settings_for(sandbox, ACORE_DATA_DIR=str(data), STANDSTILL_LIMIT="0")
    loaded = load(toml=None, env_file=None, environ=environ)
    app = App(loaded, lambda: loaded, amend=amend, clock=clock)
    async with create_task_group() as tasks:
        started = Flag()

        def announce(_system: System) -> None:
            started.set()

        tasks.start_soon(app.run, announce)
        await started.wait()
        if is_ready:
            await app.connected()
        yield Inside(app, data)
        app.ask_to_stop("the test is over")
