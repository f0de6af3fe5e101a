"""The bus: one synchronous stretch from a fact to the journal and every mailbox."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import msgspec

from acore.clock import NANOSECONDS, Clock
from acore.errors import AcoreError
from acore.events.base import (
    Command,
    Effect,
    Entry,
    Envelope,
    Event,
    Kind,
    Message,
    Trace,
    derive_id,
)
from acore.events.catalog import CATALOG, Catalog, Wire
from acore.events.recorder import Recorder
from acore.events.supervision import NOTICES, Burial, LetterDied
from acore.events.views import Views

MAX_HOPS = 64
KEPT_LETTERS = 1000


class BusClosedError(AcoreError):
    """Something was sent after everything had stopped."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} was not sent: acore has stopped")


class AskError(AcoreError):
    """A command brought no reply."""


class NobodyAnswersError(AskError):
    """No actor answers this command."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no actor answers {what}")


class ActorStoppedError(AskError):
    """The actor that answers the command is stopped."""

    def __init__(self, actor: str, command: str) -> None:
        super().__init__(f"{actor} is stopped and cannot answer {command}")


class MailboxFullError(AskError):
    """So much waits for the actor that the command found no place, or lost it to a later message."""

    def __init__(self, actor: str, command: str, waiting: int) -> None:
        super().__init__(f"{actor} has no room for {command}: {waiting} messages are waiting already")


class ActorCrashedError(AskError):
    """The actor failed while it was working on the command."""

    def __init__(self, actor: str, command: str, error: str) -> None:
        super().__init__(f"{actor} failed on {command}: {error}")


class AskTimeoutError(AskError):
    """Nobody replied in time."""

    def __init__(self, actor: str, command: str, seconds: float, state: str) -> None:
        super().__init__(f"no reply to {command} from {actor} within {seconds:g} s ({state})")


class AskDeadlockError(AskError):
    """The asked actor is waiting, itself or through others, for the one that asks."""

    def __init__(self, command: str, chain: tuple[str, ...]) -> None:
        super().__init__(f"asking {command} would wait for ever: {' → '.join(chain)}")


class Inbox(Protocol):
    """What the bus knows of an actor: the part that outlives its restarts."""

    @property
    def name(self) -> str:
        """The actor's name, unique on its bus."""
        ...

    @property
    def is_replayed(self) -> bool:
        """Whether its decisions are replayed, so that every command it gets has to be journaled."""
        ...

    def accept(self, envelope: Envelope) -> None:
        """Queue *envelope*, or bury it; never waits, never raises."""
        ...

    def refusal(self, command: str) -> AskError | None:
        """Return why *command* cannot be asked now; None when it can."""
        ...

    def describe(self) -> str:
        """Return in a few words what the actor is doing, for the error of one who waited in vain."""
        ...

    def under_way(self) -> Iterator[str]:
        """Yield what is queued or being handled, in words; nothing when idle."""
        ...


class Transport(Protocol):
    """How an envelope gets from the bus to an inbox; the seam for tests and for other processes."""

    def send(self, inbox: Inbox, envelope: Envelope) -> None:
        """Hand *envelope* to *inbox*."""
        ...


class DirectTransport:
    """Everything in one process: delivered at once, in order, exactly once."""

    def send(self, inbox: Inbox, envelope: Envelope) -> None:
        """Hand *envelope* to *inbox* at once."""
        inbox.accept(envelope)


class Bus:
    """Carries events to all who subscribed, commands to who answers, effects to who performs them."""

    def __init__(
        self,
        clock: Clock,
        recorder: Recorder,
        *,
        node: str = "local",
        boot: str,
        last_seq: int = 0,
        catalog: Catalog = CATALOG,
        transport: Transport | None = None,
    ) -> None:
        """Make a bus that numbers on from *last_seq*.

        Args:
            clock: Whose time stamps the envelopes.
            recorder: Keeps what is journaled.
            node: This process's name among several.
            boot: Names this run of the process; unlike any other's.
            last_seq: The highest number that the journal has seen.
            catalog: The message types that may travel.
            transport: How envelopes reach the inboxes.
        """
        self.clock = clock
        self.recorder = recorder
        self.node = node
        self.boot = boot
        self.seq = last_seq
        self.catalog = catalog
        self.views = Views(clock)
        self.buried: Counter[Burial] = Counter()
        self.letters: deque[LetterDied] = deque(maxlen=KEPT_LETTERS)
        self._transport = transport or DirectTransport()
        self._inboxes: dict[str, Inbox] = {}
        self._subscribers: list[tuple[Inbox, tuple[type[Event], ...]]] = []
        self._routes: dict[type[Event], tuple[Inbox, ...]] = {}
        self._answers: dict[type[Message], Inbox] = {}
        self._performs: dict[type[Message], Inbox] = {}
        self._asks: dict[str, asyncio.Future[object]] = {}
        self._roots: Counter[str] = Counter()
        self._unsaid: deque[tuple[LetterDied, Trace, str]] = deque()
        self._is_sending = False
        self.is_draining = False
        self._is_closed = False

    def join(
        self,
        inbox: Inbox,
        *,
        events: Iterable[type[Event]] = (),
        commands: Iterable[type[Command[Any]]] = (),
        effects: Iterable[type[Effect]] = (),
    ) -> None:
        """Take *inbox* in, for as long as the bus lives; restarts of its actor change nothing.

        Raises:
            AcoreError: The name, a command or an effect has its receiver already.
        """
        if inbox.name in self._inboxes:
            raise AcoreError(f"there is an actor named {inbox.name!r} already")
        for table, types in ((self._answers, tuple(commands)), (self._performs, tuple(effects))):
            for cls in types:
                if cls in table:
                    raise AcoreError(
                        f"{cls.__name__} has a receiver already: {table[cls].name}, not {inbox.name}"
                    )
                table[cls] = inbox
        self._inboxes[inbox.name] = inbox
        if wanted := tuple(events):
            self._subscribers.append((inbox, wanted))
            self._routes.clear()

    def publish(self, event: Event, trace: Trace, *, event_id: str | None = None) -> Envelope:
        """Send a fact: validated, numbered, journaled and queued for every subscriber, without a pause.

        Args:
            event: The fact.
            trace: What it inherits.
            event_id: Its id; one is made for a fact that nothing in acore caused.

        Raises:
            InvalidMessageError: The event does not fit its declaration.
            BusClosedError: Everything has stopped.
        """
        return self.send(Kind.EVENT, *self.catalog.carry(event), trace, event_id)

    def perform(self, effect: Effect, trace: Trace, *, event_id: str | None = None) -> Envelope:
        """Request *effect* from the edge actor that performs it.

        Raises:
            InvalidMessageError: The effect does not fit its declaration.
            BusClosedError: Everything has stopped.
        """
        return self.send(Kind.EFFECT, *self.catalog.carry(effect), trace, event_id)

    def send(
        self, kind: Kind, message: Message, payload: bytes, trace: Trace, event_id: str | None
    ) -> Envelope:
        """Send an event or effect: *message* and *payload* are what `Catalog.carry` returned."""
        if self._is_closed:
            raise BusClosedError(type(message).__name__)
        envelope = self._stamp(kind, message, payload, trace, event_id)
        if envelope.hops > MAX_HOPS:
            # The letter that ends a storm is one hop further and still heard; what it sets off is not.
            if not isinstance(message, LetterDied):
                self.bury(envelope, Burial.LOOP, trace.source, detail=f"caused through {MAX_HOPS} others")
                return envelope
            if envelope.hops > MAX_HOPS + 2:
                return envelope
        self._is_sending = True
        try:
            if kind is Kind.EVENT:
                for inbox in self._route(type(message)):  # pyright: ignore[reportArgumentType] - an EVENT's message is one
                    self._transport.send(inbox, envelope)
            elif inbox := self._performs.get(type(message)):
                self._transport.send(inbox, envelope)
            else:
                self.bury(envelope, Burial.UNHANDLED, "")
        finally:
            self._is_sending = False
        if self._unsaid:
            self._say_burials()
        return envelope

    async def ask[R](
        self,
        command: Command[R],
        trace: Trace,
        *,
        within: float = 5.0,
        command_id: str | None = None,
        is_recorded: bool = False,
    ) -> R:
        """Ask *command* of the actor that answers it.

        Args:
            command: The question.
            trace: Who asks, and what it inherits; its deadline is kept if it is nearer.
            within: Seconds to wait, more than 0.
            command_id: The command's id; one is made if none is given.
            is_recorded: Whether command and reply are journaled, so that the asker can be replayed.

        Raises:
            AskError: There is no reply, and why.
            InvalidMessageError: The command does not fit its declaration.
        """
        if not within > 0:  # this way round, which NaN fails too
            raise ValueError(f"within must be more than 0 s, not {within:g}")
        name = type(command).__name__
        command, payload = self.catalog.carry(command)
        if self._is_closed:
            raise BusClosedError(name)
        try:
            inbox = self._receiver(type(command), trace)
        except AskError as refusal:
            if is_recorded:
                refused = self._stamp(Kind.COMMAND, command, payload, trace, command_id, is_journaled=True)
                self._record_reply(refused, "bus", refusal)
            raise
        now = self.clock.monotonic()
        until = now + within if trace.deadline is None else min(now + within, trace.deadline)
        due = Trace(
            source=trace.source,
            cause=trace.cause,
            correlation=trace.correlation,
            hops=trace.hops,
            deadline=until,
            chain=_asking(trace),
        )
        envelope = self._stamp(
            Kind.COMMAND,
            command,
            payload,
            due,
            command_id,
            target=inbox.name,
            is_journaled=is_recorded or inbox.is_replayed,
        )
        reply: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._asks[envelope.id] = reply

        def give_up() -> None:
            if not reply.done():
                waited = self.clock.monotonic() - now
                reply.set_exception(AskTimeoutError(inbox.name, name, waited, inbox.describe()))

        timer = self.clock.call_later(until - now, give_up)
        self._transport.send(inbox, envelope)
        try:
            value = await reply
        except AskError as error:
            if is_recorded:
                self._record_reply(envelope, inbox.name, error)
            raise
        finally:
            timer.cancel()
            self._asks.pop(envelope.id, None)
        if is_recorded:
            self._record_reply(envelope, inbox.name, value)
        return value  # pyright: ignore[reportReturnType] - `Catalog.carry_reply` checked it

    def reply(self, envelope: Envelope, value: object, actor: str) -> None:
        """Give *value*, as `Catalog.carry_reply` returned it, to whoever asked the command in *envelope*."""
        waiting = self._asks.get(envelope.id)
        if waiting is None or waiting.done():
            self.bury(envelope, Burial.LATE_REPLY, actor)
            return
        waiting.set_result(value)

    def fail(self, envelope: Envelope, error: AskError) -> None:
        """Tell whoever asked the command in *envelope* that there will be no reply."""
        waiting = self._asks.get(envelope.id)
        if waiting is not None and not waiting.done():
            waiting.set_exception(error)

    def is_awaited(self, envelope: Envelope) -> bool:
        """Return whether somebody still waits for the reply to the command in *envelope*."""
        waiting = self._asks.get(envelope.id)
        return waiting is not None and not waiting.done()

    def bury(
        self, envelope: Envelope, reason: Burial, actor: str, *, incarnation: int = 0, detail: str = ""
    ) -> None:
        """Count, keep and journal that *envelope* could not be delivered to *actor*."""
        self.buried[reason] += 1
        letter = LetterDied(
            reason=reason,
            actor=actor,
            message=self.catalog.of(type(envelope.message)).name,
            message_id=envelope.id,
            incarnation=incarnation,
            detail=detail,
        )
        # A letter about a letter would feed what it reports.
        if isinstance(envelope.message, LetterDied):
            return
        self.letters.append(letter)
        # That an actor has stopped is no news for one that stopped before it; the fact is in the journal.
        if self._is_closed or (self.is_draining and isinstance(envelope.message, NOTICES)):
            return
        trace = Trace(
            source="bus", cause=envelope.id, correlation=envelope.correlation, hops=envelope.hops + 1
        )
        self._unsaid.append((letter, trace, derive_id(envelope.id, f"bus/{actor}/{reason}", 0)))
        # Said while its message is still on its way to others, a letter would overtake it.
        if not self._is_sending:
            self._say_burials()

    def root_id(self, source: str) -> str:
        """Return the id of the next thing that *source* says of its own accord."""
        self._roots[source] += 1
        return derive_id(self.boot, source, self._roots[source])

    def drain(self) -> None:
        """Say that everything is about to stop: an actor that stops from now on is not coming back."""
        self.is_draining = True

    def close(self) -> None:
        """Refuse everything from now on."""
        self._is_closed = True

    def under_way(self) -> Iterator[str]:
        """Yield what is queued, handled or awaited, in words; nothing when the bus is idle."""
        for inbox in self._inboxes.values():
            yield from inbox.under_way()

    def _receiver(self, kind: type[Message], trace: Trace) -> Inbox:
        """Return who answers *kind*.

        Raises:
            AskError: Nobody does, or not now, or it would wait for the asker.
        """
        inbox = self._answers.get(kind)
        if inbox is None:
            raise NobodyAnswersError(kind.__name__)
        if inbox.name == trace.source or inbox.name in trace.chain:
            raise AskDeadlockError(kind.__name__, (*_asking(trace), inbox.name))
        if refusal := inbox.refusal(kind.__name__):
            raise refusal
        return inbox

    def _say_burials(self) -> None:
        while self._unsaid:
            letter, trace, own = self._unsaid.popleft()
            self.publish(letter, trace, event_id=own)

    def _route(self, cls: type[Event]) -> tuple[Inbox, ...]:
        route = self._routes.get(cls)
        if route is None:
            route = tuple(inbox for inbox, wanted in self._subscribers if issubclass(cls, wanted))
            self._routes[cls] = route
        return route

    def _stamp(
        self,
        kind: Kind,
        message: Message,
        payload: bytes,
        trace: Trace,
        message_id: str | None,
        *,
        target: str = "",
        is_journaled: bool | None = None,
    ) -> Envelope:
        wire = self.catalog.of(type(message))
        self.seq += 1
        own = message_id or self.root_id(trace.source)
        envelope = Envelope(
            seq=self.seq,
            id=own,
            node=self.node,
            boot=self.boot,
            wall_ns=self.clock.wall_ns(),
            mono_ns=int(self.clock.monotonic() * NANOSECONDS),
            source=trace.source,
            kind=kind,
            message=message,
            target=target,
            cause=trace.cause,
            correlation=trace.correlation or own,
            hops=trace.hops,
            deadline=trace.deadline,
            chain=trace.chain,
        )
        is_row = wire.journaled if is_journaled is None else is_journaled
        if is_row or wire.projected:
            self.recorder.append(_entry(envelope, wire, payload, is_row=is_row))
        return envelope

    def _record_reply(self, command: Envelope, source: str, value: object) -> None:
        wire = self.catalog.of(type(command.message))
        if isinstance(value, AskError):
            kind, payload = (
                Kind.NO_REPLY,
                msgspec.json.encode({"error": type(value).__name__, "text": str(value)}),
            )
        else:
            kind, payload = Kind.REPLY, self.catalog.encode_reply(wire.cls, value)
        self.seq += 1
        self.recorder.append(
            Entry(
                seq=self.seq,
                id=derive_id(command.id, "reply", 0),
                kind=kind,
                name=wire.name,
                version=wire.version,
                node=self.node,
                boot=self.boot,
                wall_ns=self.clock.wall_ns(),
                mono_ns=int(self.clock.monotonic() * NANOSECONDS),
                source=source,
                target=command.source,
                cause=command.id,
                correlation=command.correlation,
                attempt=1,
                payload=payload,
            )
        )


def _asking(trace: Trace) -> tuple[str, ...]:
    """Return who waits for whom, up to the one who asks now."""
    return trace.chain if trace.source in trace.chain else (*trace.chain, trace.source)


def _entry(envelope: Envelope, wire: Wire, payload: bytes, *, is_row: bool) -> Entry:
    return Entry(
        seq=envelope.seq,
        id=envelope.id,
        kind=envelope.kind,
        name=wire.name,
        version=wire.version,
        node=envelope.node,
        boot=envelope.boot,
        wall_ns=envelope.wall_ns,
        mono_ns=envelope.mono_ns,
        source=envelope.source,
        target=envelope.target,
        cause=envelope.cause,
        correlation=envelope.correlation,
        attempt=envelope.attempt,
        payload=payload,
        message=envelope.message,
        is_row=is_row,
    )
