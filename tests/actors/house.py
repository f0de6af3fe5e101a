"""The actors on a real store and a held clock, with what happened to them: what every test here stands on."""

import signal
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import msgspec
from anyio import create_task_group, to_thread

from acore.actors.files import FilesActor, facts_of
from acore.actors.health import HealthActor
from acore.actors.prober import ProberActor
from acore.actors.process import ProcessActor, Signals
from acore.app import _actors, _line
from acore.checks.registry import Check, Result, Surroundings, Tier, check
from acore.clock import HeldClock
from acore.events.base import Command, Envelope, Event, Message, Trace
from acore.events.bus import Bus
from acore.events.health import Health
from acore.events.lifecycle import ActorLine, ProcessFacts
from acore.events.metrics import HostSampled
from acore.events.parts import RestartPart
from acore.events.recorder import Recorder
from acore.events.settings import SettingsFacts
from acore.events.transport import Transport
from acore.events.views import Seen, View
from acore.runtime.actor import Actor
from acore.runtime.administration import ChildState
from acore.runtime.edge import EdgeActor
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.settings.load import Loaded, load
from acore.storage.database import Prepare
from acore.storage.query import Row, tail
from acore.storage.store import Store, open_store
from tests.failing import FragileConfig, FragileHealth, FragileLifecycle, FragileMetrics

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
PROCESS = ProcessFacts(
    version="1.2.3",
    commit="0123456789ab",
    python="3.12.1",
    host="machine",
    pid=4321,
    began=BEGAN,
    settings_revision="feed",
)
SAMPLE = HostSampled(
    cpu_percent=12.0,
    memory_percent=34.0,
    process_bytes=56_000_000,
    process_cpu_percent=1.0,
    disk_percent=78.0,
    loop_lag=0.001,
)


@check(Tier.CRITICAL)
async def steady(_around: Surroundings) -> Result:
    """A check that always finds the same."""
    return Result(status=Health.HEALTHY, message="all well")


STEADY: Mapping[str, Check] = MappingProxyType({"steady": steady})


def loaded(**environ: str) -> Loaded:
    """Return the settings that this environment makes."""
    return load(toml=None, env_file=None, environ=environ)


def facts(**environ: str) -> SettingsFacts:
    """Return what core actors know of the settings that this environment makes."""
    return facts_of(loaded(**environ))


class Keeper(Protocol):
    """What keeps all that travels, and answers what was kept."""

    @property
    def journal(self) -> Recorder: ...
    @property
    def last_seq(self) -> int: ...
    def children(self) -> tuple[ChildSpec, ...]: ...
    def under_way(self) -> Iterator[str]: ...


class House:
    """A running system, and the ways to talk to it and to see what it did."""

    system: System

    def __init__(self, keeper: Keeper, bus: Bus, clock: HeldClock) -> None:
        self.keeper = keeper
        self.bus = bus
        self.clock = clock
        self.ended: list[str] = []
        """The reasons for which the process was to end in good order."""
        self.restarting: list[RestartPart] = []
        """Who was to be restarted; the test says what came of it."""
        self.runs: dict[str, list[Actor[Any] | EdgeActor]] = {}
        self.is_over = False

    async def run(self) -> None:
        """Run the system to its end."""
        try:
            await self.system.run()
        finally:
            self.is_over = True

    def restart(self, wanted: RestartPart, _trace: Trace) -> None:
        """Note who is to be restarted."""
        self.restarting.append(wanted)

    def lines(self) -> tuple[ActorLine, ...]:
        """Return how every actor is, as the process itself tells it."""
        now, since = self.clock.now(), self.clock.monotonic()
        return tuple(_line(info, now, since) for info in _actors(self.system.tree()))

    def under_way(self) -> Iterator[str]:
        """Yield what goes on in threads, where a held clock cannot see it."""
        if working := to_thread.current_default_thread_limiter().borrowed_tokens:
            yield f"{working} calls in threads"
        yield from self.keeper.under_way()
        for spec in self.keeper.children():
            cell = self.system.cells[spec.id]
            yield from cell.under_way()
            run = cell._run
            if cell.is_running and run is not None and not (run.is_ready and not run.stopping.is_set()):
                yield f"{spec.id} opens or closes the database"

    def watched(self, spec: ChildSpec) -> ChildSpec:
        """Return *spec*, with each actor it makes kept in `runs`."""

        def start() -> Actor[Any] | EdgeActor:
            made = spec.build()
            self.runs.setdefault(spec.id, []).append(made)
            return made

        return msgspec.structs.replace(spec, start=start)

    def say(self, event: Event, source: str = "test") -> Envelope:
        """State a fact as somebody outside would."""
        return self.bus.publish(event, Trace(source=source))

    async def tell(self, *events: Event) -> None:
        """State facts, and let all that follows at once happen."""
        for event in events:
            self.say(event)
        await self.clock.advance(0.01)

    async def ask[R](self, command: Command[R]) -> R:
        """Ask as somebody outside would."""
        return await self.bus.ask(command, Trace(source="test"))

    def view[V: View](self, kind: type[V]) -> V:
        """Return what is shown now; there has to be something."""
        return self.seen(kind).view

    def seen[V: View](self, kind: type[V]) -> Seen[V]:
        """Return what is shown now, with its instant; there has to be something."""
        seen = self.bus.views.seen(kind)
        assert seen is not None
        return seen

    def state(self, name: str) -> bytes:
        """Return the state of the present run of a core actor, as a replay shows it."""
        actor = self.runs[name][-1]
        assert isinstance(actor, Actor)
        return msgspec.json.encode(actor.state, order="deterministic")

    async def rows(self, boot: str | None = None) -> tuple[Row, ...]:
        """Return the journal as it is on disk when all that was said is there."""
        assert isinstance(self.keeper, Store)
        await self.keeper.journal.wait_durable(self.bus.seq)
        rows = await to_thread.run_sync(partial(tail, self.keeper.path, limit=1_000_000))
        return tuple(row for row in rows if boot in {None, row.boot})

    async def told[M: Message](self, kind: type[M]) -> list[M]:
        """Return the journaled messages of one kind."""
        name = self.bus.catalog.of(kind).name
        found = [row for row in await self.rows() if row.name == name and row.kind in {"event", "effect"}]
        return [msgspec.json.decode(row.payload, type=kind) for row in found]


@asynccontextmanager
async def house(
    directory: Path,
    *actors: ChildSpec,
    boot: str = "boot-1",
    clock: HeldClock | None = None,
    settings: Loaded | None = None,
    transport: Transport | None = None,
    prepare: Prepare | None = None,
) -> AsyncGenerator[House]:
    """Run *actors* over a store in *directory*, with the edges they ask; stop all in order at the end."""
    clock = clock or HeldClock()
    async with (
        open_store(directory, boot=boot, clock=clock, prepare=prepare) as store,
        inhabited(store, actors, boot=boot, clock=clock, settings=settings, transport=transport) as home,
    ):
        yield home


@asynccontextmanager
async def inhabited(
    keeper: Keeper,
    actors: Iterable[ChildSpec],
    *,
    boot: str,
    clock: HeldClock,
    settings: Loaded | None = None,
    transport: Transport | None = None,
) -> AsyncGenerator[House]:
    """Run *actors* over what keeps and recalls all that they say."""
    bus = Bus(clock, keeper.journal, boot=boot, last_seq=keeper.last_seq, transport=transport)
    home = House(keeper, bus, clock)
    home.system = system = System(
        SupervisorSpec(
            id="root",
            children=(
                SupervisorSpec(id="store", children=keeper.children()),
                *(home.watched(spec) for spec in _edges(actors, settings or loaded(), home)),
                *(home.watched(spec) for spec in actors),
            ),
        ),
        bus,
    )
    clock.watch(home.under_way)
    async with create_task_group() as group:
        group.start_soon(home.run)
        await clock.settle()
        while any(info.state is not ChildState.RUNNING for info in system.tree()):
            await clock.advance(0.1)  # what an actor asks at its start may be on its way
        try:
            yield home
        finally:
            system.stop()
            while not home.is_over:
                await clock.advance(1)


def core(**kinds: type[Actor[Any]]) -> tuple[ChildSpec, ...]:
    """Describe core actors by name."""
    return tuple(ChildSpec(id=name, actor=kind) for name, kind in kinds.items())


def health(kind: type[HealthActor] = HealthActor, checks: Mapping[str, Check] = STEADY) -> ChildSpec:
    """Describe a health actor that watches over *checks*."""
    tiers = {name: one.tier for name, one in checks.items()}
    return ChildSpec(id="health", actor=kind, start=lambda: kind(tiers))


def prober(checks: Mapping[str, Check] = STEADY) -> ChildSpec:
    """Describe the edge that runs *checks*."""
    return ChildSpec(id="prober", actor=ProberActor, start=lambda: ProberActor(checks))


def everybody() -> tuple[ChildSpec, ...]:
    """Describe the four core actors, each of which fails when it is struck."""
    return (
        prober(),
        *core(config=FragileConfig, lifecycle=FragileLifecycle),
        health(FragileHealth),
        *core(metrics=FragileMetrics),
    )


def _edges(actors: Iterable[ChildSpec], settings: Loaded, home: House) -> tuple[ChildSpec, ...]:
    """Describe what answers for files and process, unless the test brings its own."""
    end = home.ended.append
    signals = Signals(home.clock, end, partial(signal.raise_signal, signal.SIGKILL))
    given = {spec.id for spec in actors}
    edges = (
        ChildSpec(id="files", actor=FilesActor, start=lambda: FilesActor(settings, lambda: settings)),
        ChildSpec(
            id="process",
            actor=ProcessActor,
            start=lambda: ProcessActor(
                PROCESS, home.lines, signals, lambda why, _cause: end(why), home.restart
            ),
        ),
    )
    return tuple(spec for spec in edges if spec.id not in given)
