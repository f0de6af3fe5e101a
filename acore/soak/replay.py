"""Random lives of the core actors, lived on a real store and then replayed: do they decide the same again?"""

import importlib
import inspect
import pkgutil
import random
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, cast

import msgspec
from anyio import create_task_group, to_thread

from acore import actors
from acore.actors.core import core_specs
from acore.checks import builtin
from acore.checks.registry import checks_of
from acore.clock import HeldClock, RealClock
from acore.events.asks import AskError
from acore.events.base import Command, Effect, Event, Kind, Message, Trace
from acore.events.bus import Bus
from acore.events.catalog import CATALOG, reply_type, wire
from acore.golden.drawn import drawn
from acore.record import Record
from acore.replay.engine import canonical, replay
from acore.replay.source import DatabaseSource
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildState
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartLimit
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.storage.query import Row, tail
from acore.storage.scan import LIFE
from acore.storage.store import DATABASE_NAME, Store, open_store
from acore.storage.writer import StoreWriter

MESSAGES = 40
"""How many messages an actor gets in one run of the program."""
RUNS = 2
"""Of how many runs of the program a life is made."""
_ENDLESS = RestartLimit(intensity=1_000_000_000, period=1.0)
# One message in so many makes the actor fail, and one question in so many gets no answer.
_STUMBLES, _NO_ANSWER = 12, 15
_LONGEST_WAIT = 120.0
# What came too shortly before the end is not judged: it may be cut off there.
_AFTERWARDS = 240.0
_ALL = 1_000_000


@wire("soak.stumbled")
class Stumbled(Event):
    """The actor under test is to fail."""


class LifeReport(Record):
    """What came of one life. `digest` covers all that the actor said, and what it knew at its end."""

    actor: str
    seed: int
    messages: int
    handled: int
    crashes: int
    digest: str
    problems: tuple[str, ...]


class ReplaySoakReport(Record):
    """What a soak found. `problems` is empty when all is well; `digest` is the same for the same seed."""

    seed: int
    seconds: float
    lives: int
    messages: int
    handled: int
    crashes: int
    digest: str
    problems: tuple[str, ...]


def subjects() -> tuple[ChildSpec, ...]:
    """Return the core actors: those that the tree has."""
    return core_specs({name: check.tier for name, check in checks_of(builtin).items()})


def forgotten(specs: Iterable[ChildSpec]) -> tuple[str, ...]:
    """Return a sentence for each core actor in `acore.actors` that is none of *specs*."""
    known = {spec.actor for spec in specs}
    found: dict[type, None] = {}
    for module in pkgutil.walk_packages(actors.__path__, f"{actors.__name__}."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, Actor) and kind is not Actor and kind.__module__ == module.name:
                found[kind] = None
    return tuple(
        f"{kind.__module__}.{kind.__qualname__} is in no replay: name it in acore/actors/core.py"
        for kind in found
        if kind not in known
    )


async def soak(
    rounds: int,
    seed: int,
    *,
    messages: int = MESSAGES,
    specs: Sequence[ChildSpec] | None = None,
    on_progress: Callable[[int], None] = lambda _lives: None,
) -> ReplaySoakReport:
    """Let each core actor live *rounds* lives, replay them, and say what was found.

    Args:
        rounds: How many lives each.
        seed: What all choices are made from.
        messages: How many messages an actor gets in each of the runs of a life.
        specs: The actors; None for all core actors.
        on_progress: Told after each life how many there were.
    """
    clock = RealClock()
    began = clock.monotonic()
    lives: list[LifeReport] = []
    for number in range(rounds):
        for spec in specs if specs is not None else subjects():
            directory = Path(await to_thread.run_sync(mkdtemp))
            lives.append(await live(spec, seed + number, directory, messages=messages))
            await to_thread.run_sync(rmtree, directory)
            on_progress(len(lives))
    return ReplaySoakReport(
        seed=seed,
        seconds=clock.monotonic() - began,
        lives=len(lives),
        messages=sum(one.messages for one in lives),
        handled=sum(one.handled for one in lives),
        crashes=sum(one.crashes for one in lives),
        digest=blake2b("".join(one.digest for one in lives).encode(), digest_size=12).hexdigest(),
        problems=tuple(problem for one in lives for problem in one.problems),
    )


async def live(spec: ChildSpec, seed: int, directory: Path, *, messages: int = MESSAGES) -> LifeReport:
    """Let one core actor live, replay it, and say what was found.

    Args:
        spec: The actor.
        seed: What all choices are made from.
        directory: An empty one, for its store.
        messages: How many messages it gets in each run.
    """
    life = _Life(spec, seed)
    for run in range(RUNS):
        async with life.running(directory, f"boot-{run}") as bus:
            for _ in range(messages):
                await life.go_on(bus)
            await life.clock.advance(_AFTERWARDS)
    return await to_thread.run_sync(life.report, directory / DATABASE_NAME)


class _Life:
    """One actor, what is sent to it, and what answers it."""

    def __init__(self, spec: ChildSpec, seed: int) -> None:
        self.clock = HeldClock()
        self._spec = spec
        self._seed = seed
        self._chance = random.Random(f"{spec.id} {seed}")  # noqa: S311 - a life is repeated from its seed
        self._kind = _fragile(cast("type[Actor[Any]]", spec.actor))
        self._kinds = tuple(_concrete(self._kind.handlers))
        self._words = (spec.id, "gateway", "store", *checks_of(builtin))
        self._made: list[Actor[Any]] = []
        self._sent = 0
        self._is_over = False
        self._may_fail = False

    # --- living

    async def go_on(self, bus: Bus) -> None:
        """Send one message, or let some time pass; wait until all that comes of it has happened."""
        if not self._chance.randrange(_STUMBLES):
            bus.publish(Stumbled(), Trace("soak"))
        else:
            message = self._message()
            if isinstance(message, Command):
                await self._ask(bus, cast("Command[Any]", message))
            else:
                bus.publish(cast("Event", message), Trace("soak"))
        self._sent += 1
        await self.clock.advance(self._chance.choice((0.0, 0.01, self._chance.random() * _LONGEST_WAIT)))

    def _message(self) -> Message:
        """Return what may be sent: of the actor's own starts and ends only its supervisor tells."""
        while True:
            message: Message = self.draw(self._chance.choice(self._kinds))
            is_life = CATALOG.of(type(message)).name in LIFE
            if not (is_life and getattr(message, "actor", "") == self._spec.id):
                return message

    def draw(self, cls: Any) -> Any:  # noqa: ANN401 - a reply may be any type, also a union
        """Return a random value of *cls*."""
        return drawn(cls, self._chance, self._words)

    def fails(self) -> bool:
        """Return whether the outside fails this time; what fails at its first start is not started again."""
        return self._may_fail and not self._chance.randrange(_NO_ANSWER)

    @asynccontextmanager
    async def running(self, directory: Path, boot: str) -> AsyncGenerator[Bus]:
        """Run the actor, with what answers it, on a store in *directory*."""
        async with open_store(directory, boot=boot, clock=self.clock) as store:
            bus = Bus(self.clock, store.journal, boot=boot, last_seq=store.last_seq)
            system = System(self._tree(store), bus)
            clock = self.clock
            watch = _Watch(system, store)
            clock.watch(watch.under_way)
            self._is_over = self._may_fail = False
            async with create_task_group() as group:
                group.start_soon(self._run, system)
                await clock.settle()
                while any(info.state is not ChildState.RUNNING for info in system.tree()):
                    await clock.advance(0.1)
                self._may_fail = True
                try:
                    yield bus
                finally:
                    system.stop()
                    while not self._is_over:
                        await clock.advance(1)
            watch.is_over = True

    async def _run(self, system: System) -> None:
        try:
            await system.run()
        finally:
            self._is_over = True

    async def _ask(self, bus: Bus, command: Command[Any]) -> None:
        async def ask() -> None:
            try:
                await bus.ask(command, Trace("soak"))
            except AskError:
                return  # it failed on the question, which is recorded

        async with create_task_group() as group:
            group.start_soon(ask)
            await self.clock.advance(0.01)
            await self.clock.advance(10)  # longer than any question is waited for

    def _tree(self, store: Store) -> SupervisorSpec:
        outside = _stand_in(self, self._kind)
        return SupervisorSpec(
            id="root",
            limit=_ENDLESS,
            children=(
                SupervisorSpec(id="store", children=store.children()[:1]),
                SupervisorSpec(
                    id="life",
                    limit=_ENDLESS,
                    backoff=None,
                    children=(
                        ChildSpec(id="outside", actor=outside, backoff=None),
                        ChildSpec(
                            id=self._spec.id, actor=self._kind, start=self._build_watched, backoff=None
                        ),
                    ),
                ),
            ),
        )

    def _build_watched(self) -> Actor[Any]:
        self._made.append(self._build())
        return self._made[-1]

    def _build(self) -> Actor[Any]:
        made = cast("Actor[Any]", self._spec.build())
        made.__class__ = self._kind  # whatever it was made from, it is the same and can fail
        return made

    # --- judging

    def report(self, path: Path) -> LifeReport:
        """Replay what was lived, and compare."""
        name = self._spec.id
        rows = tail(path, limit=_ALL)
        again = replay(name, self._build, DatabaseSource(path), collect=True)
        state = canonical(self._made[-1].state)
        problems = [f"{name}, seed {self._seed}: {problem}" for problem in _misread(rows)]
        problems += [f"{name}, seed {self._seed}: {one.text()}" for one in again.divergences]
        if again.approximate:
            problems.append(f"{name}, seed {self._seed}: nothing was judged: {again.approximate}")
        if (known := bytes(again.state)) != state:
            problems.append(f"{name}, seed {self._seed}: it knew {state!r}, and knows {known!r} now")
        mine = f'"actor":"{name}"'
        ended = [row for row in rows if row.name == "actor.exited" and mine in row.payload]
        return LifeReport(
            actor=name,
            seed=self._seed,
            messages=self._sent,
            handled=again.handled,
            crashes=sum('"exit":"crashed"' in row.payload for row in ended),
            digest=_digest(name, rows, state),
            problems=tuple(problems),
        )


class _Watch:
    """Tells a held clock what goes on in threads."""

    def __init__(self, system: System, store: Store) -> None:
        self._system = system
        self._store = store
        self.is_over = False

    def under_way(self) -> Iterator[str]:
        """Yield what has to end before time moves."""
        if self.is_over:
            return
        if working := to_thread.current_default_thread_limiter().borrowed_tokens:
            yield f"{working} calls in threads"
        yield from self._store.under_way()
        yield from self._system.bus.under_way()
        for cell in self._system.cells.values():
            yield from cell.under_way()


def _fragile(kind: type[Actor[Any]]) -> type[Actor[Any]]:
    """Return *kind*, failing when it is told to."""

    async def stumble(self: Actor[Any], _stumbled: Stumbled, _ctx: Context) -> None:  # noqa: ARG001 - a handler's
        raise ValueError("it stumbled")

    return type(f"Fragile{kind.__name__}", (kind,), {"stumble": handles(Stumbled)(stumble)})


def _stand_in(life: _Life, kind: type[Actor[Any]]) -> type[EdgeActor]:
    """Return an edge that answers what *kind* asks, and does what it wants done, in random ways."""
    own = {*kind.handlers, *StoreWriter.handlers}
    commands = [command for command in kind.asks if command not in own]
    effects = [one.cls for one in CATALOG if one.kind is Kind.EFFECT]

    async def answer(self: EdgeActor, question: Message, _io: EdgeContext) -> object:  # noqa: ARG001 - a handler's
        if life.fails():
            raise OSError("the outside failed")
        return life.draw(reply_type(cast("type[Command[Any]]", type(question))))

    async def perform(self: EdgeActor, _effect: Effect, _io: EdgeContext) -> None:  # noqa: ARG001 - a handler's
        return

    members: dict[str, Any] = {"perform": handles(*effects)(perform)}
    if commands:
        members["answer"] = handles(*commands)(answer)
    return type("Outside", (EdgeActor,), members)


def _concrete(handlers: Mapping[type[Message], str]) -> Iterator[type[Message]]:
    """Yield what can be sent of what is handled: of a base class, all that derive from it."""
    for one in sorted(CATALOG, key=lambda one: one.name):
        if one.kind is not Kind.EFFECT and one.cls is not Stumbled and issubclass(one.cls, tuple(handlers)):
            yield one.cls


def _misread(rows: Iterable[Row]) -> Iterator[str]:
    """Yield what does not read back as what it is."""
    for row in rows:
        payload, wire_ = row.payload.encode(), CATALOG.named(row.name)
        if row.kind == Kind.NO_REPLY or wire_ is None:
            continue
        if row.kind == Kind.REPLY:
            again = CATALOG.encode_reply(wire_.cls, CATALOG.decode_reply(row.name, payload))
        else:
            again = CATALOG.encode(CATALOG.decode(row.name, row.version, payload))
        if again != payload:
            yield f"entry {row.seq}, {row.name}, is read back as {again.decode()}, and was {row.payload}"


def _digest(name: str, rows: Iterable[Row], state: bytes) -> str:
    said = [(row.id, row.kind, row.name, row.payload) for row in rows if row.source == name]
    return blake2b(msgspec.json.encode(said) + state, digest_size=12).hexdigest()
