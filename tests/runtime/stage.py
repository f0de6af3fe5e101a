"""A tree of actors on a held clock, with what happened to it: what every test here stands on."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

from anyio import CancelScope, create_task_group
from anyio.abc import TaskGroup

from acore.clock import HeldClock
from acore.events.base import Entry, Envelope, Event, Message, Trace
from acore.events.bus import Bus
from acore.events.recorder import MemoryRecorder
from acore.events.supervision import ActorExited, ActorStarted, LetterDied
from acore.events.transport import Transport
from acore.runtime.actor import Actor
from acore.runtime.administration import ChildInfo
from acore.runtime.edge import EdgeActor
from acore.runtime.restart import Backoff, RestartLimit, Strategy
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System

AT_ONCE = Backoff(first=0.001, cap=0.001, jitter=0)
GENEROUS = RestartLimit(intensity=1000, period=60)


def child(actor: type[Actor[Any]] | type[EdgeActor], **fields: object) -> ChildSpec:
    """Describe an actor called after its class, restarted almost at once."""
    named: dict[str, Any] = {"id": actor.__name__.lower(), "backoff": AT_ONCE, **fields}
    return ChildSpec(actor=actor, **named)


def tree(
    *children: ChildSpec | SupervisorSpec, strategy: Strategy = Strategy.ONE_FOR_ONE, **fields: object
) -> SupervisorSpec:
    """Describe a supervisor; the topmost one is called root."""
    named: dict[str, Any] = {"id": "root", "limit": GENEROUS, "backoff": AT_ONCE, **fields}
    return SupervisorSpec(children=children, strategy=strategy, **named)


class Begun[T]:
    """Something that goes on beside the test."""

    def __init__(self) -> None:
        self.is_done = False
        self._value: T | None = None
        self._error: Exception | None = None

    async def go(self, work: Coroutine[Any, Any, T]) -> None:
        """Do it, and keep what came of it."""
        try:
            self._value = await work
        except Exception as error:  # noqa: BLE001 - it is raised where the outcome is asked for
            self._error = error
        self.is_done = True

    def outcome(self) -> T:
        """Return what came of it, or raise what it raised."""
        assert self.is_done
        if self._error is not None:
            raise self._error
        return cast("T", self._value)


class Stage:
    """One system, and the ways to talk to it and to see what it did."""

    def __init__(
        self,
        root: SupervisorSpec,
        *,
        boot: str = "test",
        clock: HeldClock | None = None,
        transport: Transport | None = None,
        stop_within: float | None = None,
    ) -> None:
        self.clock = clock or HeldClock()
        self.recorder = MemoryRecorder()
        self.bus = Bus(self.clock, self.recorder, boot=boot, transport=transport)
        self.system = System(root, self.bus, stop_within=stop_within)
        self.error: BaseException | None = None
        self.is_over = False
        self.tasks: TaskGroup | None = None

    async def run(self) -> None:
        """Run the system and keep what it ended with."""
        try:
            await self.system.run()
        except Exception as error:  # noqa: BLE001 - what it ended with is what the test asks about
            self.error = error
        finally:
            self.is_over = True

    def begin[T](self, work: Coroutine[Any, Any, T]) -> Begun[T]:
        """Start *work*, which may end later or, at the latest, with the stage."""
        begun = Begun[T]()
        assert self.tasks is not None
        self.tasks.start_soon(begun.go, work)
        return begun

    async def tell(self, *events: Event) -> None:
        """State facts as somebody outside would, and let all that follows happen."""
        for event in events:
            self.say(event)
        await self.clock.advance(0.01)

    def say(self, event: Event) -> Envelope:
        """State a fact as somebody outside would."""
        return self.bus.publish(event, Trace(source="test"))

    def entries(self, *kinds: type[Message]) -> list[Entry]:
        """Return what the journal has of these kinds."""
        return [entry for entry in self.recorder.entries if isinstance(entry.message, kinds)]

    def messages[M: Message](self, kind: type[M]) -> list[M]:
        """Return the journaled messages of one kind."""
        return [entry.message for entry in self.recorder.entries if isinstance(entry.message, kind)]

    def life(self) -> list[str]:
        """Return starts and ends of all actors, in order."""
        lines: list[str] = []
        for entry in self.entries(ActorStarted, ActorExited):
            match entry.message:
                case ActorStarted(actor=actor, incarnation=number):
                    lines.append(f"{actor}#{number} starts")
                case ActorExited(actor=actor, incarnation=number, exit=end):
                    lines.append(f"{actor}#{number} {end}")
                case _:
                    pass
        return lines

    def letters(self) -> list[tuple[str, str, str]]:
        """Return reason, actor and message of each dead letter in the journal."""
        return [(one.reason, one.actor, one.message) for one in self.messages(LetterDied)]

    def info(self, name: str) -> ChildInfo:
        """Return what the supervisors tell of one child."""
        return next(one for one in _flat(self.system.tree()) if one.id == name)


def _flat(infos: tuple[ChildInfo, ...]) -> list[ChildInfo]:
    return [one for info in infos for one in (info, *_flat(info.children))]


@asynccontextmanager
async def running(
    *children: ChildSpec | SupervisorSpec,
    strategy: Strategy = Strategy.ONE_FOR_ONE,
    boot: str = "test",
    clock: HeldClock | None = None,
    transport: Transport | None = None,
    stop_within: float | None = None,
    **fields: object,
) -> AsyncGenerator[Stage]:
    """Run a tree, and stop it in order at the end; no task may be left then."""
    before = asyncio.all_tasks()
    root = tree(*children, strategy=strategy, **fields)
    stage = Stage(root, boot=boot, clock=clock, transport=transport, stop_within=stop_within)
    async with create_task_group() as tasks:
        stage.tasks = tasks
        tasks.start_soon(stage.run)
        try:
            await stage.clock.settle()
            yield stage
        finally:
            # Also when the test has failed: nobody else lets the time pass that an ordered stop may take.
            with CancelScope(shield=True):
                stage.system.stop()
                for _ in range(200):
                    if not stage.is_over:
                        await stage.clock.advance(1)
    assert asyncio.all_tasks() == before
