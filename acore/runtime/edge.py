"""An edge actor: ordinary anyio code that owns one piece of the outside."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, ClassVar

from anyio import Event as Flag
from anyio import create_task_group
from anyio.abc import TaskGroup

from acore.clock import Clock
from acore.events.base import Command, Effect, Envelope, Event, Message, Trace, derive_id, trace_of
from acore.events.bus import Bus
from acore.events.views import Seen, View
from acore.runtime.handlers import collect
from acore.runtime.incarnation import Incarnation


class EdgeContext:
    """What an edge actor may use: the bus, the clock, a task group of its own, and when to stop."""

    def __init__(
        self, bus: Bus, run: Incarnation, actor: str, tasks: TaskGroup, handling: Envelope | None = None
    ) -> None:
        self.actor = actor
        self.tasks = tasks
        self.handling = handling
        self._bus = bus
        self._run = run
        self._index = count()

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

    def bound(self, handling: Envelope) -> "EdgeContext":
        """Return a context whose outputs are caused by *handling*."""
        return EdgeContext(self._bus, self._run, self.actor, self.tasks, handling)

    def ready(self) -> None:
        """Say that messages may come; whoever starts next has waited for this."""
        self._run.ready()

    @asynccontextmanager
    async def until_stopped(self) -> AsyncGenerator[TaskGroup]:
        """Cancel the block when the actor is asked to stop; what follows the block is the clean-up."""
        async with create_task_group() as group:

            async def watch() -> None:
                await self._run.stopping.wait()
                group.cancel_scope.cancel()

            group.start_soon(watch)
            yield group
            group.cancel_scope.cancel()

    def publish(self, event: Event) -> Envelope:
        """State a fact, at once.

        Raises:
            InvalidMessageError: The event does not fit its declaration.
        """
        self._run.check_current()
        return self._bus.publish(event, self._trace(), event_id=self._next_id())

    def perform(self, effect: Effect) -> Envelope:
        """Request an effect; its outcome comes as an event.

        Raises:
            InvalidMessageError: The effect does not fit its declaration.
        """
        self._run.check_current()
        return self._bus.perform(effect, self._trace(), event_id=self._next_id())

    async def ask[R](self, command: Command[R], *, within: float = 5.0) -> R:
        """Ask another actor.

        Args:
            command: The question.
            within: Seconds to wait for the reply.

        Raises:
            AskError: There is no reply, and why.
        """
        return await self._bus.ask(command, self._trace(), within=within, command_id=self._next_id())

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

    def _trace(self) -> Trace:
        return Trace(source=self.actor) if self.handling is None else trace_of(self.handling, self.actor)

    def _next_id(self) -> str | None:
        if self.handling is None:
            return None
        return derive_id(self.handling.id, self.actor, next(self._index))


class EdgeActor:
    """Owns one outside thing; publishes what it sees, answers commands, performs effects.

    Events are handled one after the other; commands and effects several at once, at most `at_once`.
    An effect's handler returns the event that tells its outcome.
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
