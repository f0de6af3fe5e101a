"""A tree of actors that crash at random, thousands of times: is anything lost, doubled or left behind?"""

import asyncio
import gc
import random
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from anyio import create_task_group, to_thread
from anyio.lowlevel import checkpoint

from acore.clock import RealClock
from acore.errors import AcoreError
from acore.events.base import Entry, Event, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.recorder import MemoryRecorder, Recorder
from acore.events.supervision import ActorExited, ActorStarted, Burial, LetterDied
from acore.record import Record
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildInfo
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartLimit, RestartType, Strategy
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.storage.query import Filter, tail
from acore.storage.store import Store, open_store

ATTEMPTS = 3
"""How often a message that crashes its actor is handled before it is given up."""
_ENDLESS = RestartLimit(intensity=1_000_000_000, period=1.0)
_ROUND = 100
_PATIENCE = 60.0
_PAGE = 5000
# One in so many messages makes trouble; the others must get through beside it.
_TROUBLE = 3
# Objects that caches, free lists and the journal's tail may hold more of at the end than at the beginning.
_ALLOWANCE = 2000

DEEDS = ("raise", "raise_twice", "poison", "group", "stop", "cancel", "background")
"""What an actor may do instead of its work, or beside it."""


@wire("soak.work")
class Work(Event):
    """One actor is to do one piece of work, in the way that *deed* says."""

    number: int
    actor: str
    deed: str


@wire("soak.done")
class Done(Event):
    """A piece of work is done."""

    number: int
    actor: str


class SoakReport(Record):
    """What a soak found. `objects` are those the collector knows; `problems` is empty when all is well."""

    seed: int
    seconds: float
    messages: int
    crashes: int
    restarts: int
    given_up: int
    lost: int
    doubled: int
    objects_before: int
    objects_after: int
    problems: tuple[str, ...]


class _Nothing(msgspec.Struct):
    """A worker remembers nothing."""


class CoreWorker(Actor[_Nothing]):
    """Does its work, or fails at it, as it is told."""

    def __init__(self, name: str) -> None:
        """Answer to *name*."""
        super().__init__()
        self._name = name

    @handles
    async def work(self, work: Work, ctx: Context) -> None:
        """Do one piece of work."""
        if work.actor != self._name:
            return
        match work.deed:
            case "poison":
                raise ValueError("always")
            case "raise" | "cancel" | "background" if ctx.attempt == 1:
                raise OSError("once")
            case "raise_twice" if ctx.attempt < ATTEMPTS:
                raise RuntimeError("twice")
            case "group" if ctx.attempt == 1:
                raise ExceptionGroup(
                    "several", [ExceptionGroup("inner", [KeyError("one")]), TypeError("two")]
                )
            case "stop":
                ctx.stop()
            case _:
                pass
        ctx.publish(Done(number=work.number, actor=self._name))


class EdgeWorker(EdgeActor):
    """The same, with tasks of its own that can fail or be cancelled under it."""

    def __init__(self, name: str) -> None:
        """Answer to *name*."""
        self._name = name

    @handles
    async def work(self, work: Work, io: EdgeContext) -> None:
        """Do one piece of work."""
        attempt = io.handling.attempt if io.handling else 1
        if work.actor != self._name:
            return
        match work.deed:
            case "poison":
                raise ValueError("always")
            case "raise" | "stop" if attempt == 1:
                raise OSError("once")
            case "raise_twice" if attempt < ATTEMPTS:
                raise RuntimeError("twice")
            case "group" if attempt == 1:
                raise ExceptionGroup("several", [KeyError("one"), TypeError("two")])
            case "cancel" if attempt == 1:
                if task := asyncio.current_task():
                    task.cancel()
                await checkpoint()
            case "background" if attempt == 1:
                io.spawn(self._fail)
                await io.stopping.wait()
            case _:
                pass
        io.publish(Done(number=work.number, actor=self._name))

    async def _fail(self) -> None:
        raise ConnectionError("beside it")


class _Tally(EdgeActor):
    """Counts what becomes of every piece of work; it is never told to fail."""

    def __init__(self, count: Callable[[Event], None]) -> None:
        self._count = count

    @handles
    async def done(self, done: Done, _io: EdgeContext) -> None:
        self._count(done)

    @handles
    async def died(self, letter: LetterDied, _io: EdgeContext) -> None:
        self._count(letter)

    @handles
    async def started(self, started: ActorStarted, _io: EdgeContext) -> None:
        self._count(started)

    @handles
    async def exited(self, exited: ActorExited, _io: EdgeContext) -> None:
        self._count(exited)


class _Forgetful(MemoryRecorder):
    """Counts starts and ends, and keeps nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: Counter[str] = Counter()

    def append(self, entry: Entry) -> None:
        match entry.message:
            case ActorStarted(actor=actor):
                self.starts[actor] += 1
            case _:
                pass


class _Soak:
    """One soak under way."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)  # noqa: S311 - a soak is repeated from its seed
        self.sent = 0
        self.crashes = 0
        self.restarts = 0
        self.given_up = 0
        self.problems: list[str] = []
        self._outcomes = bytearray()
        self._poisoned: dict[str, int] = {}
        self.workers: list[str] = []

    def tree(self, store: Store | None) -> SupervisorSpec:
        """Return a tree with every strategy and every restart type that comes back."""
        groups = tuple(
            SupervisorSpec(
                id=strategy.value,
                strategy=strategy,
                limit=_ENDLESS,
                backoff=None,
                children=self._team(strategy),
            )
            for strategy in Strategy
        )
        return SupervisorSpec(
            id="soak",
            limit=_ENDLESS,
            children=(
                *((SupervisorSpec(id="store", children=store.children()),) if store else ()),
                ChildSpec(id="tally", actor=_Tally, start=lambda: _Tally(self.count), capacity=1_000_000),
                SupervisorSpec(id="teams", limit=_ENDLESS, backoff=None, children=groups),
            ),
        )

    def _team(self, strategy: Strategy) -> tuple[ChildSpec, ...]:
        team: list[ChildSpec] = []
        for number, kind in enumerate((CoreWorker, EdgeWorker, CoreWorker)):
            name = f"{strategy.value}.{number}"
            self.workers.append(name)
            team.append(
                ChildSpec(
                    id=name,
                    actor=kind,
                    start=partial(kind, name),
                    restart=RestartType.PERMANENT,
                    backoff=None,
                    max_attempts=ATTEMPTS,
                )
            )
        return tuple(team)

    def send(self, bus: Bus) -> None:
        """Ask for one piece of work."""
        deed = "work" if self.random.randrange(_TROUBLE) else self.random.choice(DEEDS)
        self._outcomes.append(0)
        work = Work(number=self.sent, actor=self.random.choice(self.workers), deed=deed)
        envelope = bus.publish(work, Trace("soak"))
        if deed == "poison":
            self._poisoned[envelope.id] = self.sent
        self.sent += 1

    def count(self, event: Event) -> None:
        """Take note of what became of a piece of work, or of an actor."""
        match event:
            case Done(number=number):
                self._settle(number)
            case LetterDied(reason=Burial.POISON, message_id=message):
                self.given_up += 1
                self._settle(self._poisoned.pop(message))
            case LetterDied():
                self.problems.append(f"buried as {event.reason}: {event.message} for {event.actor}")
            case ActorExited():
                self.crashes += event.exit not in {"normal", "shutdown"}
            case ActorStarted():
                self.restarts += event.incarnation > 1
            case _:
                pass

    def _settle(self, number: int) -> None:
        self._outcomes[number] = min(255, self._outcomes[number] + 1)

    @property
    def lost(self) -> int:
        """How many pieces of work nothing came of."""
        return self._outcomes.count(0)

    @property
    def doubled(self) -> int:
        """How many pieces of work more than one thing came of."""
        return len(self._outcomes) - self.lost - self._outcomes.count(1)


async def soak(
    crashes: int,
    seed: int,
    directory: Path | None,
    on_progress: Callable[[int], None] = lambda _crashes: None,
) -> SoakReport:
    """Let actors crash until there were *crashes* crashes, and say what was found.

    Args:
        crashes: How many.
        seed: What all choices are made from.
        directory: Where a real store writes the journal; None keeps it in memory, counted only.
        on_progress: Told now and then how many crashes there were.
    """
    clock = RealClock()
    began = clock.monotonic()
    under_way = _Soak(seed)
    boot = secrets.token_hex(8)
    async with AsyncExitStack() as stack:
        store = None
        if directory is not None:
            store = await stack.enter_async_context(open_store(directory, boot=boot, clock=clock))
        recorder: Recorder = store.journal if store else _Forgetful()
        bus = Bus(clock, recorder, boot=boot)
        system = System(under_way.tree(store), bus)
        async with _running(system):
            await _crash(under_way, bus, crashes // 10, on_progress)
            before = await _objects(bus)
            await _crash(under_way, bus, crashes, on_progress)
            after = await _objects(bus)
            runs = {info.id: info.incarnation for info in _actors(system.tree())}
            if store is not None:
                await store.journal.wait_durable(bus.seq)
                starts = await to_thread.run_sync(_starts, store.path)
            else:
                starts = recorder.starts if isinstance(recorder, _Forgetful) else Counter[str]()
    problems = [*dict.fromkeys(under_way.problems)]
    for actor, count in sorted(runs.items()):
        if starts[actor] != count:
            problems.append(f"{actor}: {count} runs in the tree, {starts[actor]} starts in the journal")
    if after > before + _ALLOWANCE:
        problems.append(f"{after - before} objects more than after a tenth of the crashes")
    for what, many in (("lost", under_way.lost), ("doubled", under_way.doubled)):
        if many:
            problems.append(f"{many} of {under_way.sent} messages were {what}")
    return SoakReport(
        seed=seed,
        seconds=clock.monotonic() - began,
        messages=under_way.sent,
        crashes=under_way.crashes,
        restarts=under_way.restarts,
        given_up=under_way.given_up,
        lost=under_way.lost,
        doubled=under_way.doubled,
        objects_before=before,
        objects_after=after,
        problems=tuple(problems),
    )


async def _crash(under_way: _Soak, bus: Bus, upto: int, on_progress: Callable[[int], None]) -> None:
    """Send work until there were *upto* crashes, and wait until something came of all of it."""
    while under_way.crashes < upto:
        for _ in range(_ROUND):
            under_way.send(bus)
        await _settled(under_way, bus)
        on_progress(under_way.crashes)


async def _settled(under_way: _Soak, bus: Bus) -> None:
    """Return when something came of everything, or nothing more will."""
    with bus.clock.deadline(_PATIENCE):
        while under_way.lost:
            await checkpoint()
    try:
        await bus.idle(within=_PATIENCE)
    except AcoreError as error:
        under_way.problems.append(str(error))


@asynccontextmanager
async def _running(system: System) -> AsyncGenerator[None]:
    async with create_task_group() as group:
        group.start_soon(system.run)
        await system.wait_ready()
        yield
        system.stop()


async def _objects(bus: Bus) -> int:
    """Count what is there when nothing waits to be written any more."""
    await bus.recorder.wait_durable(bus.seq)
    gc.collect()
    return len(gc.get_objects())


def _starts(path: Path) -> Counter[str]:
    """Count the starts of every actor in the journal on disk."""
    found: Counter[str] = Counter()
    after = 0
    while page := tail(path, Filter(name="actor.started"), limit=_PAGE, after=after):
        for row in page:
            started: dict[str, Any] = msgspec.json.decode(row.payload)
            found[started["actor"]] += 1
        after = page[-1].seq
    return found


def _actors(infos: tuple[ChildInfo, ...]) -> Iterator[ChildInfo]:
    for info in infos:
        yield from _actors(info.children)
        if not info.is_supervisor:
            yield info
