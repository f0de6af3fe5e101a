"""An edge actor: ordinary anyio code that owns one piece of the outside."""

from asyncio import CancelledError, Task, current_task
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from enum import Enum, auto
from functools import partial
from math import inf
from typing import Any, ClassVar

import msgspec
from anyio import Semaphore, create_task_group, current_effective_deadline
from anyio.abc import TaskGroup

from acore.clock import Clock
from acore.errors import AcoreError
from acore.events.base import (
    Command,
    Effect,
    Envelope,
    Event,
    Kind,
    Message,
    Trace,
    derive_id,
    outcome_id,
    trace_of,
)
from acore.events.bus import Bus
from acore.events.views import Seen, View
from acore.runtime.handlers import collect
from acore.runtime.incarnation import Flag, Incarnation
from acore.runtime.report import reason


class UndeclaredAskError(AcoreError):
    """An actor asks a command that its class does not declare."""

    def __init__(self, actor: str, command: str) -> None:
        super().__init__(
            f"{actor} asked {command}: name it in the class's `asks`, where cycles are looked for"
        )


class Outcome(Enum):
    """What an effect's handler may return instead of the fact that tells its outcome."""

    LATER = auto()
    """It is not known yet, or the process ends first. Whoever learns it publishes it under `outcome_id`; if
    nobody does, the effect stays open, and the next run of the process deals with it by its policy."""


class TaskEndedError(AcoreError):
    """A task that should go on as long as its actor has ended."""

    def __init__(self, task: str, how: str) -> None:
        super().__init__(f"the task {task} {how}, though it should go on as long as its actor")


class EdgeContext(msgspec.Struct):
    """What an edge actor may use: the bus, the clock, tasks of its own, and when to stop."""

    # One is made for every message, which a Struct does in a third of the time. The fields have places.
    _bus: Bus
    _run: Incarnation
    actor: str
    _shift: "Shift"
    handling: Envelope | None = None
    _inherited: Trace | None = None
    _index: int = 0

    @property
    def clock(self) -> Clock:
        """The clock that everybody here goes by."""
        return self._bus.clock

    @property
    def boot(self) -> str:
        """Names this run of the process."""
        return self._bus.boot

    @property
    def incarnation(self) -> int:
        """Which run of the actor this is, from 1."""
        return self._run.number

    @property
    def stopping(self) -> Flag:
        """Set when the actor is asked to stop."""
        return self._run.stopping

    @property
    def has_spoken(self) -> bool:
        """Whether anything has gone out because of the message being handled."""
        return self._index > 0

    def bound(self, handling: Envelope) -> "EdgeContext":
        """Return a context whose outputs are caused by *handling*."""
        return EdgeContext(self._bus, self._run, self.actor, self._shift, handling)

    def spawn[*Args](
        self, work: Callable[[*Args], Awaitable[object]], *args: *Args, forever: bool = False
    ) -> None:
        """Start a task that lives as long as the actor's run; see `Crew.spawn`."""
        self._shift.crew.spawn(work, *args, forever=forever)

    def ready(self) -> None:
        """Say that messages may come; whoever starts next has waited for this."""
        self._run.ready()

    @asynccontextmanager
    async def until_stopped(self) -> "AsyncGenerator[Crew]":
        """Cancel the block and its tasks when the actor is to stop; what follows it is the clean-up."""
        async with create_task_group() as group:

            async def watch() -> None:
                await self._run.stopping.wait()
                group.cancel_scope.cancel()

            group.start_soon(watch)
            yield Crew(self.actor, self._shift, group)
            group.cancel_scope.cancel()

    def publish(self, event: Event) -> Envelope:
        """State a fact, at once.

        Raises:
            InvalidMessageError: The event does not fit its declaration, or is too large.
        """
        if not self._run.is_current:
            self._run.check_current()
        # A source does this for every message: what is not needed for one of its own accord is not called.
        own = "" if self.handling is None else self._next_id()
        return self._bus.send(Kind.EVENT, event, self._inherited or self._trace, own)

    def perform(self, effect: Effect) -> Envelope:
        """Request an effect; its outcome comes as an event.

        Raises:
            InvalidMessageError: The effect does not fit its declaration, or is too large.
        """
        self._run.check_current()
        return self._bus.perform(effect, self._trace, event_id=self._next_id())

    async def room_for(self, kind: type[Effect]) -> None:
        """Return when whoever performs *kind* can take more without losing any; see `Bus.room_for`."""
        self._run.check_current()
        await self._bus.room_for(kind)

    def resume(
        self, effect: Effect, *, effect_id: str, trace: Trace, attempt: int, noting: Event
    ) -> Envelope:
        """Have an effect performed that was begun before; see `Bus.resume`.

        Args:
            effect: The effect.
            effect_id: Its id then.
            trace: What it inherited then.
            attempt: How many times it is begun with this one.
            noting: The fact that it is resumed: on disk before the effect starts, unless that is urgent.
        """
        self._run.check_current()
        self._bus.performer(type(effect))
        self._bus.publish(noting, Trace(self.actor, effect_id, trace.correlation))
        return self._bus.resume(effect, trace, effect_id=effect_id, attempt=attempt)

    def conclude(self, effect_id: str, outcome: Event, correlation: str) -> Envelope:
        """State what became of the effect with this id, which is its one outcome."""
        self._run.check_current()
        trace = Trace(self.actor, effect_id, correlation)
        return self._bus.publish(outcome, trace, event_id=outcome_id(effect_id))

    async def ask[R](self, command: Command[R], *, within: float = 5.0) -> R:
        """Ask another actor.

        Args:
            command: The question.
            within: Seconds to wait for the reply.

        Raises:
            AskError: There is no reply, and why.
            UndeclaredAskError: The actor's class does not name *command* in its `asks`.
        """
        if type(command) not in self._shift.actor.asks:
            raise UndeclaredAskError(self.actor, type(command).__name__)
        self._run.check_current()
        return await self._bus.ask(command, self._trace, within=within, command_id=self._next_ask())

    def show(self, view: View) -> None:
        """Make *view* what everybody may know of this actor."""
        self._run.check_current()
        self._bus.views.show(view, self.actor)

    def view[V: View](self, kind: type[V]) -> V | None:
        """Return the latest view of *kind*; None when nobody has shown one."""
        return self._bus.views.get(kind)

    def seen[V: View](self, kind: type[V]) -> Seen[V] | None:
        """Return the latest view of *kind* with the instant it was shown; None when nobody has shown one."""
        return self._bus.views.seen(kind)

    async def durable(self, seq: int) -> None:
        """Return when the journal up to *seq* survives a crash of the machine."""
        await self._bus.recorder.wait_durable(seq)

    async def publish_when_ready(self, event: Event, *, within: float = 5.0) -> Envelope:
        """State a fact when those who have too much to do have caught up; for sources that can wait.

        Raises:
            PressureError: They did not within *within* seconds.
            InvalidMessageError: The event does not fit its declaration, or is too large.
        """
        await self._bus.ready(within)
        return self.publish(event)

    @property
    def _trace(self) -> Trace:
        if self._inherited is None:
            self._inherited = (
                Trace(self.actor) if self.handling is None else trace_of(self.handling, self.actor)
            )
        return self._inherited

    def _next_ask(self) -> str:
        """Return the id of a question: another one at each attempt, for each is answered anew."""
        own = self._next_id()
        attempt = 1 if self.handling is None else self.handling.attempt
        return own if attempt == 1 else derive_id(own, self.actor, attempt)

    def _next_id(self) -> str:
        if self.handling is None:
            return ""
        own = derive_id(self.handling.id, self.actor, self._index)
        self._index += 1
        return own


class Crew:
    """Tasks of an edge actor, whose end does not go unnoticed."""

    def __init__(self, actor: str, shift: "Shift", group: TaskGroup) -> None:
        self._actor = actor
        self._shift = shift
        self._group = group

    def spawn[*Args](
        self, work: Callable[[*Args], Awaitable[object]], *args: *Args, forever: bool = False
    ) -> None:
        """Start a task; if it fails, the actor fails with its error.

        Args:
            work: What the task does.
            args: Given to *work*.
            forever: Whether it should go on: its end, before it is cancelled from here, is a failure too.
        """
        name = f"{self._actor}: {getattr(work, '__name__', work)}"
        self._group.start_soon(self._watch, partial(work, *args), forever, name=name)

    async def _watch(self, work: Callable[[], Awaitable[object]], forever: bool) -> None:  # noqa: FBT001 - a task's arguments have places
        task, how = current_task(), "ended"
        with self._shift.failing():
            try:
                await work()
            except CancelledError:
                # Whoever cancels in acore closes a scope around the task; a library takes the task itself.
                if task is None or current_effective_deadline() == -inf:
                    raise
                task.uncancel()
                how, forever = "was cancelled by something outside acore", True
            except (KeyboardInterrupt, SystemExit) as end:
                # A task that ends with one of these takes the loop down; carried over, all stops in order.
                self._shift.end_with(end)
            if forever and self._shift.goes_on:
                raise TaskEndedError(task.get_name() if task else self._actor, how)


class Shift:
    """One run of an edge actor at work."""

    def __init__(self, actor: "EdgeActor", run: Incarnation, name: str, group: TaskGroup) -> None:
        """Begin *run* of *actor*; *group* is what its own tasks live in."""
        self.actor = actor
        self.run = run
        self.crew = Crew(name, self, group)
        self.places = Semaphore(actor.at_once)
        self.is_over = False
        self.end: BaseException | None = None
        self.pump: Task[Any] | None = None
        self.at_work: dict[Task[Any], Envelope] = {}
        self.given_up: list[Envelope] = []
        self._group = group

    @property
    def goes_on(self) -> bool:
        """Whether nothing has begun to end the run."""
        return not (self.is_over or self.end or self.run.stopping.is_set())

    @contextmanager
    def failing(self) -> Generator[None]:
        """See to it that what fails in the block ends the run, also when another task of it would hang."""
        try:
            yield
        except Exception as error:
            self.run.fail(reason(error))
            raise

    def end_with(self, end: BaseException) -> None:
        """End the run with *end*, whatever is under way."""
        self.end = self.end or end
        self._group.cancel_scope.cancel()


class EdgeActor:
    """Owns one outside thing; publishes what it sees, answers commands, performs effects.

    Events are handled one after the other; commands and effects several at once, at most `at_once`.
    An effect's handler returns the event that tells its outcome, None when it is done and there is nothing
    to tell, or `Outcome.LATER`.
    """

    handlers: ClassVar[Mapping[type[Message], str]] = {}
    asks: ClassVar[tuple[type[Command[Any]], ...]] = ()
    at_once: ClassVar[int] = 8

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.handlers = collect(cls)

    async def run(self, io: EdgeContext) -> None:
        """Own the outside until asked to stop, then clean up and return. Says `io.ready()` once."""
        io.ready()
        await io.stopping.wait()
