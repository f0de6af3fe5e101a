"""Cells: the part of an actor that outlives its restarts, and owns its mailbox."""

from asyncio import CancelledError
from collections.abc import Callable, Iterator
from typing import Any

from anyio import Semaphore, create_task_group
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from acore.clock import Timer
from acore.errors import AcoreError
from acore.events.base import Envelope, Event, Kind, Message, Trace
from acore.events.bus import ActorCrashedError, ActorStoppedError, AskError, Bus, MailboxFullError
from acore.events.supervision import ActorStarted, ActorStopping, Burial
from acore.runtime.actor import Actor, Context, Output
from acore.runtime.driver import Answer, Done, Handling, close, step
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import split
from acore.runtime.incarnation import Incarnation, StaleIncarnationError
from acore.runtime.mailbox import Mailbox
from acore.runtime.report import reason

# After so many messages in a row a core actor lets the others run; a turn of the loop costs about four.
_FAIR_SHARE = 64
# An urgent effect waits this long for its cause to be durable, then goes (Discord's own limit is 3 s).
URGENT_WAIT = 0.25
_HOOKS = frozenset({"on_start", "on_stop"})


class UndeclaredAskError(AcoreError):
    """An actor asks a command that its class does not declare."""

    def __init__(self, actor: str, command: str) -> None:
        super().__init__(
            f"{actor} asked {command}: name it in the class's `asks`, where cycles are looked for"
        )


class WorkLostError(AcoreError):
    """Something outside acore cancelled an actor's work under it."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"the task that hands {actor} its messages was cancelled by something outside acore")


class Cell[A: (Actor[Any], EdgeActor)]:
    """What the bus and the supervisor know of one actor."""

    def __init__(
        self, name: str, kind: type[A], build: Callable[[], A], bus: Bus, mailbox: Mailbox | None = None
    ) -> None:
        """Join *bus* as *name*.

        Args:
            name: The actor's name, unique on its bus.
            kind: Its class, whose handlers say what it receives.
            build: Makes the actor anew for each run.
            bus: Where it receives and sends.
            mailbox: Its queue.

        Raises:
            AcoreError: The name, or a command or effect of its, is taken.
        """
        self._name = name
        self.kind = kind
        self.build = build
        self.bus = bus
        self.mailbox = Mailbox() if mailbox is None else mailbox  # an empty one is false
        self.current: Envelope | None = None
        self.is_running = False
        self.is_closed = False
        self.handled: int = 0
        self.runs: int = 0
        self._run: Incarnation | None = None
        self._methods: dict[type[Message], str | None] = {}
        events, commands, effects = split(kind.handlers)
        bus.join(self, events=events, commands=commands, effects=effects)

    @property
    def name(self) -> str:
        """The actor's name."""
        return self._name

    @property
    def is_replayed(self) -> bool:
        """Whether what it is sent is journaled, whoever sends it: core actors can be replayed."""
        return issubclass(self.kind, Actor)

    def accept(self, envelope: Envelope) -> None:
        """Queue *envelope*, or bury it."""
        if self.is_closed:
            self._bury(envelope, Burial.STOPPED)
        elif lost := self.mailbox.put(envelope):
            self._bury(lost, Burial.FULL, f"{self.mailbox.capacity} messages are waiting already")

    def refusal(self, command: str) -> AskError | None:
        """Return why *command* cannot be asked now."""
        return ActorStoppedError(self.name, command) if self.is_closed else None

    def describe(self) -> str:
        """Return what the actor is doing, in a few words."""
        doing = f"handling {type(self.current.message).__name__}" if self.current else "idle"
        if not self.is_running:
            doing = "not running"
        return f"{doing}, {len(self.mailbox)} queued"

    def under_way(self) -> Iterator[str]:
        """Yield what a running actor has queued or is handling; one that is down waits for its supervisor."""
        if self.is_running and (self.current is not None or len(self.mailbox)):
            yield f"{self.name}: {self.describe()}"

    def handling(self) -> tuple[str, str]:
        """Return wire name and id of the message being handled, or two empty strings."""
        if self.current is None:
            return "", ""
        return self.bus.catalog.of(type(self.current.message)).name, self.current.id

    def close(self) -> None:
        """Bury what is queued and refuse what comes, until the next run if there is one."""
        self.is_closed = True
        for envelope in self.mailbox.clear():
            self._bury(envelope, Burial.STOPPED)

    async def run(self, run: Incarnation) -> None:
        """Do one run of the actor."""
        self._run = run
        self.current = None
        self.is_closed = False
        run.on_stop = self.mailbox.wake
        started = self.bus.publish(
            ActorStarted(actor=self.name, incarnation=run.number), Trace(source=self.name)
        )
        self.is_running = True
        try:
            await self._live(self.build(), run, started)
        finally:
            if self._run is run:
                self.is_running = False

    async def _live(self, actor: A, run: Incarnation, started: Envelope) -> None:
        raise NotImplementedError

    def _method(self, kind: type[Message]) -> str | None:
        """Return the most specific handler for *kind*: an event reaches an actor once."""
        if kind not in self._methods:
            known = self.kind.handlers
            self._methods[kind] = next((known[base] for base in kind.__mro__ if base in known), None)
        return self._methods[kind]

    def _bury(self, envelope: Envelope, reason: Burial, detail: str = "") -> None:
        number = self._run.number if self._run else 0
        self.bus.bury(envelope, reason, self.name, incarnation=number, detail=detail)
        if envelope.kind is Kind.COMMAND:
            command = type(envelope.message).__name__
            full = MailboxFullError(self.name, command, self.mailbox.capacity)
            self.bus.fail(envelope, full if reason is Burial.FULL else ActorStoppedError(self.name, command))

    def _is_expired(self, envelope: Envelope) -> bool:
        """Drop a command that nobody waits for any more; doing it now could surprise."""
        if envelope.kind is Kind.COMMAND and not self.bus.is_awaited(envelope):
            self._bury(envelope, Burial.EXPIRED)
            return True
        return False

    def _tell_asker(self, envelope: Envelope, error: BaseException) -> None:
        if envelope.kind is Kind.COMMAND:
            what = type(envelope.message).__name__
            if isinstance(error, CancelledError) and self._run and self._run.stopping.is_set():
                self.bus.fail(envelope, ActorStoppedError(self.name, what))
            else:
                self.bus.fail(envelope, ActorCrashedError(self.name, what, reason(error)))


class CoreCell(Cell[Actor[Any]]):
    """Runs a core actor: one message at a time, all or nothing."""

    async def _live(self, actor: Actor[Any], run: Incarnation, started: Envelope) -> None:
        timers: dict[str, Timer] = {}
        try:
            await self._handle(actor, run, timers, started, "on_start")
            run.ready()
            await self._serve(actor, run, timers)
            last_words = ActorStopping(actor=self.name, incarnation=run.number, unread=len(self.mailbox))
            stopping = self.bus.publish(last_words, Trace(source=self.name))
            await self._handle(actor, run, timers, stopping, "on_stop")
        finally:
            for timer in timers.values():
                timer.cancel()

    async def _serve(self, actor: Actor[Any], run: Incarnation, timers: dict[str, Timer]) -> None:
        take, turn = self.mailbox.take, 0
        while not run.stopping.is_set():
            envelope = take()
            if envelope is None:
                await self.mailbox.wait()
                continue
            method = self._method(type(envelope.message))
            if method is None or self._is_expired(envelope):
                continue
            await self._handle(actor, run, timers, envelope, method)
            self.handled += 1
            turn += 1
            if turn >= _FAIR_SHARE:
                turn = 0
                await checkpoint()

    async def _handle(
        self, actor: Actor[Any], run: Incarnation, timers: dict[str, Timer], envelope: Envelope, method: str
    ) -> None:
        hook = method if method in _HOOKS else ""
        ctx = Context(envelope, self.name, run.number, hook=hook, catalog=self.bus.catalog)
        handler = getattr(actor, method)
        handling: Handling = handler(ctx) if hook else handler(envelope.message, ctx)
        self.current = envelope
        try:
            value = await self._drive(handling, actor, ctx)
            run.check_current()
            if envelope.kind is Kind.COMMAND:
                value, _ = self.bus.catalog.carry_reply(type(envelope.message), value)
            self._let_out(ctx, run, timers)
            if envelope.kind is Kind.COMMAND:
                self.bus.reply(envelope, value, self.name)
        except BaseException as error:
            self._tell_asker(envelope, error)
            if isinstance(error, CancelledError) and not hook:
                self._bury(envelope, Burial.INTERRUPTED)
            raise
        finally:
            close(handling)
        if (view := actor.view()) is not None:
            self.bus.views.show(view, self.name)
        self.current = None

    async def _drive(self, handling: Handling, actor: Actor[Any], ctx: Context) -> object:
        asked = step(handling)
        while not isinstance(asked, Done):
            command = asked.command
            if type(command) not in actor.asks:
                raise UndeclaredAskError(self.name, type(command).__name__)
            answer: Answer
            try:
                answer = (
                    await self.bus.ask(
                        command, ctx.trace, within=asked.within, command_id=asked.command_id, is_recorded=True
                    ),
                    None,
                )
            except AskError as error:
                answer = (None, error)
            asked = step(handling, answer)
        return asked.value

    def _let_out(self, ctx: Context, run: Incarnation, timers: dict[str, Timer]) -> None:
        """Send what a handler that succeeded has said, in its order and without a pause."""
        for output in ctx.outputs:
            if output.delay is None:
                self.bus.send(output.kind, output.message, output.payload, ctx.trace, output.id)
            else:
                self._arm(output, ctx.trace, timers)
        if ctx.wants_stop:
            run.request_stop()

    def _arm(self, output: Output, trace: Trace, timers: dict[str, Timer]) -> None:
        key = output.key or output.id
        if (old := timers.pop(key, None)) is not None:
            old.cancel()

        def fire() -> None:
            timers.pop(key, None)
            # What is due later starts a new count of hops: a daily timer is no storm.
            later = Trace(source=trace.source, cause=trace.cause, correlation=trace.correlation)
            self.bus.send(output.kind, output.message, output.payload, later, output.id)

        timers[key] = self.bus.clock.call_later(output.delay or 0.0, fire)


class EdgeCell(Cell[EdgeActor]):
    """Runs an edge actor: its own loop, and beside it the messages for it."""

    def __init__(
        self,
        name: str,
        kind: type[EdgeActor],
        build: Callable[[], EdgeActor],
        bus: Bus,
        mailbox: Mailbox | None = None,
    ) -> None:
        super().__init__(name, kind, build, bus, mailbox)
        self._at_work: dict[str, Envelope] = {}

    def describe(self) -> str:
        """Return what the actor is doing, in a few words."""
        if not self.is_running or not self._at_work:
            return super().describe()
        names = sorted({type(envelope.message).__name__ for envelope in self._at_work.values()})
        return f"working on {', '.join(names)}, {len(self.mailbox)} queued"

    def under_way(self) -> Iterator[str]:
        """Yield what is queued, and every command and effect that is being worked on."""
        yield from super().under_way()
        if self.is_running:
            yield from (f"{self.name}: working on {type(e.message).__name__}" for e in self._at_work.values())

    async def _live(self, actor: EdgeActor, run: Incarnation, started: Envelope) -> None:  # noqa: ARG002 - core's only
        self._at_work.clear()
        shift = _Shift(actor, run)
        async with create_task_group() as tasks:
            io = EdgeContext(self.bus, run, self.name, tasks)
            async with create_task_group() as work:
                work.start_soon(self._pump, shift, io, work)
                await actor.run(io)
                if not run.is_ready:
                    work.cancel_scope.cancel()
                shift.is_over = True
                self.mailbox.wake()
            tasks.cancel_scope.cancel()
        if shift.end is not None:
            raise shift.end
        if not shift.is_over:
            raise WorkLostError(self.name)

    async def _pump(self, shift: "_Shift", io: EdgeContext, work: TaskGroup) -> None:
        """Hand out what is queued until the actor's own loop is over; what is begun by then is finished."""
        await shift.run.became_ready.wait()
        while not shift.is_over:
            envelope = self.mailbox.take()
            if envelope is None:
                await self.mailbox.wait()
                continue
            method = self._method(type(envelope.message))
            if method is None or self._is_expired(envelope):
                continue
            if envelope.kind is Kind.EVENT:
                self.handled += 1
                self.current = envelope
                await self._work(shift, method, io.bound(envelope), work)
                self.current = None
            else:
                await self._take_place(shift, envelope)
                self.handled += 1
                self._at_work[envelope.id] = envelope
                work.start_soon(self._work, shift, method, io.bound(envelope), work)

    async def _take_place(self, shift: "_Shift", envelope: Envelope) -> None:
        try:
            await shift.places.acquire()
        except BaseException:
            self.mailbox.put_back(envelope)
            raise

    async def _work(self, shift: "_Shift", method: str, io: EdgeContext, work: TaskGroup) -> None:
        envelope = io.handling
        assert envelope is not None  # noqa: S101 - it was bound to one
        try:
            if work.cancel_scope.cancel_called:  # by a failure beside it, before this was begun
                self.mailbox.put_back(envelope)
                return
            if envelope.kind is Kind.EFFECT:
                await self._until_cause_is_durable(envelope)
            outcome = await getattr(shift.actor, method)(envelope.message, io)
            shift.run.check_current()
            if envelope.kind is Kind.COMMAND:
                value, _ = self.bus.catalog.carry_reply(type(envelope.message), outcome)
                self.bus.reply(envelope, value, self.name)
            elif envelope.kind is Kind.EFFECT and isinstance(outcome, Event):
                io.publish(outcome)
        except StaleIncarnationError:
            self._bury(envelope, Burial.STALE)
            raise
        except Exception as error:
            self._tell_asker(envelope, error)
            self.current = envelope
            raise
        except (KeyboardInterrupt, SystemExit) as end:
            # A task that ends with one of these takes the loop down; carried over, all stops in order.
            self._tell_asker(envelope, end)
            self.current = envelope
            shift.end = end
            work.cancel_scope.cancel()
        except CancelledError as error:
            self._tell_asker(envelope, error)
            self._bury(envelope, Burial.INTERRUPTED)
            raise
        finally:
            if envelope.kind is not Kind.EVENT:
                self._at_work.pop(envelope.id, None)
                shift.places.release()

    async def _until_cause_is_durable(self, envelope: Envelope) -> None:
        if not self.bus.catalog.of(type(envelope.message)).is_urgent:
            await self.bus.recorder.wait_durable(envelope.seq)
            return
        with self.bus.clock.deadline(URGENT_WAIT):
            await self.bus.recorder.wait_durable(envelope.seq)


class _Shift:
    """One run of an edge actor, at work."""

    def __init__(self, actor: EdgeActor, run: Incarnation) -> None:
        self.actor = actor
        self.run = run
        self.places = Semaphore(actor.at_once)
        self.is_over = False
        self.end: BaseException | None = None
