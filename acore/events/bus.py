"""The bus: one synchronous stretch from a fact to the journal and every mailbox."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from math import inf
from threading import get_ident
from typing import Any

import msgspec

from acore.clock import Clock
from acore.errors import AcoreError
from acore.events.asks import (
    AskDeadlockError,
    AskError,
    Asks,
    AskTimeoutError,
    MailboxFullError,
    NobodyAnswersError,
    asking,
)
from acore.events.base import (
    Command,
    Effect,
    Entry,
    Envelope,
    Event,
    Kind,
    Message,
    Origin,
    Trace,
    derive_id,
)
from acore.events.catalog import CATALOG, Catalog, InvalidMessageError
from acore.events.listener import Listener
from acore.events.recorder import Recorder
from acore.events.rest import NotIdleError, PressureError, Rest
from acore.events.store import JournalFilled, JournalRelieved
from acore.events.supervision import NOTICES, Burial, LetterDied
from acore.events.transport import Deliver, DirectTransport, Inbox, Transport
from acore.events.views import Views

MAX_HOPS = 64
"""So many messages may cause one another in a row before it is called a storm."""
MAX_BYTES = 1_000_000
"""The largest message, encoded; below the 1 MiB that NATS allows by default. Replies stay in the process."""
KEPT_LETTERS = 1000
LISTENER_CAPACITY = 1000
_NO_THREAD = -1


class BusClosedError(AcoreError):
    """Something was sent after everything had stopped, or from a thread before anything had begun."""

    def __init__(self, message: str, *, has_begun: bool = True) -> None:
        super().__init__(f"{message} was not sent: acore has {'stopped' if has_begun else 'not started yet'}")


class ForeignThreadError(AcoreError):
    """Something was sent from a thread that is not the event loop's."""

    def __init__(self, message: str) -> None:
        super().__init__(
            f"{message} was not sent: another thread than the event loop's uses publish_from_thread"
        )


class NobodyPerformsError(AcoreError):
    """No actor of this tree performs an effect of this type."""

    def __init__(self, effect: str) -> None:
        super().__init__(f"no part of this acore performs {effect}")


class PayloadTooLargeError(InvalidMessageError):
    """A message is larger than any receiver has to take."""

    def __init__(self, cls: type, size: int, limit: int) -> None:
        super().__init__(cls, f"it has {size} bytes, {limit} are allowed; send a reference to what is large")


class TurnedAway(msgspec.Struct):
    """What was refused while nothing more could be recorded: how much, since when, and what is to be said."""

    facts: int = 0
    effects: int = 0
    since: float = 0.0
    is_told: bool = False
    put_off: deque[tuple[LetterDied, Trace, str]] = msgspec.field(
        default_factory=partial(deque[Any], maxlen=KEPT_LETTERS)
    )

    def count(self, kind: Kind) -> None:
        """Count one more."""
        if kind is Kind.EFFECT:
            self.effects += 1
        else:
            self.facts += 1


class _Line(msgspec.Struct, frozen=True):
    """All that sending one type of message takes, looked up once."""

    name: str
    version: int
    is_row: bool
    is_kept: bool
    ways: tuple[Deliver, ...]


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
        max_bytes: int = MAX_BYTES,
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
            max_bytes: The largest message, encoded.
        """
        self.clock = clock
        self.recorder = recorder
        self.origin = Origin(node=node, boot=boot)
        self.seq = last_seq
        self.catalog = catalog
        self.max_bytes = max_bytes
        # -1 while nothing more can be recorded: each message is then looked at, at no cost before.
        self._largest = max_bytes
        self._turned_away = TurnedAway()
        self.views = Views(clock)
        self.buried: Counter[Burial] = Counter()
        self.letters: deque[LetterDied] = deque(maxlen=KEPT_LETTERS)
        self.transport = transport or DirectTransport()
        self.is_draining = False
        self._inboxes: dict[str, Inbox] = {}
        self._wanted: dict[type[Message], dict[str, Inbox]] = {}
        self._answers: dict[type[Message], Inbox] = {}
        self._performs: dict[type[Message], Inbox] = {}
        self._listeners = 0
        self._lines: dict[type[Message], _Line] = {}
        self._lines_under: dict[type, set[type[Message]]] = {}
        self._asks = Asks(clock)
        recorder.when_relieved(self.rested)
        recorder.when_filled(self._mark_full)
        self._unsaid: deque[tuple[LetterDied, Trace, str]] = deque()
        self._is_sending = False
        self._is_closed = False
        self._rest = Rest(clock)
        # Every message is stamped: what a stamp takes is looked up once.
        self._carry = catalog.carry
        self._wall_ns = clock.wall_ns
        self._monotonic_ns = clock.monotonic_ns
        self._thread = get_ident()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._from_threads: dict[Future[Envelope], str] = {}

    @property
    def node(self) -> str:
        """This process's name among several."""
        return self.origin.node

    @property
    def boot(self) -> str:
        """Names this run of the process."""
        return self.origin.boot

    def open(self) -> None:
        """Belong to the running event loop and its thread from now on."""
        self._loop = asyncio.get_running_loop()
        self._thread = get_ident()

    # --- who receives what

    def join(
        self,
        inbox: Inbox,
        *,
        events: Iterable[type[Event]] = (),
        commands: Iterable[type[Command[Any]]] = (),
        effects: Iterable[type[Effect]] = (),
    ) -> None:
        """Take *inbox* in until it leaves; restarts of its actor change nothing.

        Raises:
            AcoreError: The name, a command or an effect has its receiver already.
        """
        if inbox.name in self._inboxes:
            raise AcoreError(f"there is an actor named {inbox.name!r} already")
        tables = ((self._answers, tuple(commands)), (self._performs, tuple(effects)))
        for table, types in tables:
            for cls in types:
                if cls in table:
                    raise AcoreError(
                        f"{cls.__name__} has a receiver already: {table[cls].name}, not {inbox.name}"
                    )
        for table, types in tables:
            for cls in types:
                table[cls] = inbox
                self._forget_lines(cls)
        self._inboxes[inbox.name] = inbox
        for cls in events:
            self._wanted.setdefault(cls, {})[inbox.name] = inbox
            self._forget_lines(cls)

    def leave(self, inbox: Inbox) -> None:
        """Send nothing to *inbox* any more; leaving again changes nothing. What it has, it keeps."""
        if self._inboxes.pop(inbox.name, None) is None:
            return
        for cls, inboxes in list(self._wanted.items()):
            if inboxes.pop(inbox.name, None) is not None:
                self._forget_lines(cls)
        for table in (self._answers, self._performs):
            for cls in [cls for cls, owner in table.items() if owner is inbox]:
                del table[cls]
                self._forget_lines(cls)

    def listen(
        self,
        *kinds: type[Event],
        since: int | None = None,
        once: bool = False,
        capacity: int = LISTENER_CAPACITY,
    ) -> Listener:
        """Hear facts without being an actor; to be closed, or used in a `with`.

        Args:
            kinds: Which facts; `Event` for all.
            since: Hear first what the journal has after this number, without a gap or a repetition.
            once: Close after the first fact.
            capacity: How many may wait to be taken out.
        """
        self._listeners += 1
        name = f"listener-{self._listeners}"
        listener = Listener(
            name,
            past=None if since is None else partial(self._past, kinds, self.seq),
            since=since or 0,
            capacity=capacity,
            is_once=once,
            may_repeat=self.transport.may_repeat,
            bury=lambda envelope, reason, detail: self.bury(envelope, reason, name, detail=detail),
            leave=self.leave,
        )
        self.join(listener, events=kinds)
        return listener

    async def _past(self, kinds: tuple[type[Event], ...], upto: int, since: int) -> AsyncIterator[Envelope]:
        """Yield what was journaled after *since* until listening began."""
        async for envelope in self.recorder.past(since, upto):
            if envelope.kind is Kind.EVENT and isinstance(envelope.message, kinds):
                yield envelope

    # --- facts and effects

    def publish(self, event: Event, trace: Trace, *, event_id: str = "") -> Envelope:
        """Send a fact: validated, numbered, journaled and queued for every subscriber, without a pause.

        While so much waits to be written that nothing more can be recorded, what is new is refused: nobody
        receives it, and `was_refused` of what is returned says so. What follows from something that was taken
        in before, or is vital, is never refused.

        Args:
            event: The fact.
            trace: What it inherits.
            event_id: Its id; one is made for a fact that nothing in acore caused.

        Raises:
            InvalidMessageError: The event does not fit its declaration, or is too large.
            BusClosedError: Everything has stopped.
            ForeignThreadError: This is not the event loop's thread.
        """
        return self.send(Kind.EVENT, event, trace, event_id)

    def perform(self, effect: Effect, trace: Trace, *, event_id: str = "") -> Envelope:
        """Request *effect* from the edge actor that performs it.

        Raises:
            InvalidMessageError: The effect does not fit its declaration, or is too large.
            MailboxFullError: The actor refuses more than it has.
            BusClosedError: Everything has stopped.
            ForeignThreadError: This is not the event loop's thread.
        """
        inbox = self._performs.get(type(effect))
        refusal = inbox.refusal(type(effect).__name__) if inbox is not None else None
        if isinstance(refusal, MailboxFullError):  # who is stopped may come back: the letter says so
            raise refusal
        return self.send(Kind.EFFECT, effect, trace, event_id)

    def performer(self, kind: type[Effect]) -> Inbox:
        """Return who performs effects of this type now.

        Raises:
            NobodyPerformsError: No actor of this tree does.
            AskError: The actor is stopped, or refuses more than it has.
        """
        inbox = self._performs.get(kind)
        if inbox is None:
            raise NobodyPerformsError(kind.__name__)
        if refusal := inbox.refusal(kind.__name__):
            raise refusal
        return inbox

    async def room_for(self, kind: type[Effect]) -> None:
        """Return when less than half of what may wait for the performer of *kind* waits.

        Raises:
            NobodyPerformsError: No actor of this tree performs it.
            AskError: The actor is stopped, or refuses more than it has.
        """
        inbox = self.performer(kind)
        await self._rest.until(lambda: iter((inbox.name,) if inbox.is_half_full else ()), inf, PressureError)

    def resume(self, effect: Effect, trace: Trace, *, effect_id: str, attempt: int) -> Envelope:
        """Hand *effect*, which the journal has already, to whoever performs it now.

        Whoever has begun it in this run begins it once more only as a later *attempt* than that.

        Raises:
            NobodyPerformsError: No actor of this tree does.
            AskError: The actor is stopped, or refuses more than it has.
            InvalidMessageError: The effect does not fit its declaration.
            BusClosedError: Everything has stopped.
            ForeignThreadError: This is not the event loop's thread.
        """
        kind = type(effect)
        self.performer(kind)
        effect, payload = self._carry(effect)
        if get_ident() != self._thread or len(payload) > self.max_bytes:
            self._refuse(effect, payload)
        self.seq += 1
        stamp = (self.seq, self._wall_ns(), self._monotonic_ns())
        envelope = Envelope(*stamp, Kind.EFFECT, effect, trace, self.origin, effect_id, attempt=attempt)
        for deliver in (self._lines.get(kind) or self._line(kind)).ways:
            deliver(envelope)
        return envelope

    def send(
        self, kind: Kind, message: Message, trace: Trace, message_id: str = "", payload: bytes = b""
    ) -> Envelope:
        """Send an event or effect. Every fact takes this path, so it is kept short and in one piece.

        Args:
            kind: Which of both it is.
            message: What is sent.
            trace: What it inherits.
            message_id: Its id; one is made if none is given.
            payload: What `Catalog.carry` returned beside *message*; empty when it was not asked.
        """
        line = self._lines.get(type(message)) or self._line(type(message))
        if not payload:
            message, payload = self._carry(message)
        is_performed = True
        if get_ident() != self._thread or len(payload) > self._largest:
            self._refuse(message, payload)
            is_vital = not line.is_kept or self.catalog.of(type(message)).is_vital
            if not is_vital and not trace.cause:
                return self._turn_away(kind, message, trace, message_id)
            is_performed = is_vital or kind is not Kind.EFFECT or self.catalog.of(type(message)).is_urgent
        self.seq = seq = self.seq + 1
        envelope = Envelope(
            seq, self._wall_ns(), self._monotonic_ns(), kind, message, trace, self.origin, message_id
        )
        if line.is_kept:
            self.recorder.append(Entry(envelope, line.name, line.version, payload, line.is_row))
        if trace.hops > MAX_HOPS and self._ends_storm(envelope):
            return envelope
        if not is_performed:
            self._put_off(envelope, line.name)
            return envelope
        self._is_sending = True
        try:
            for deliver in line.ways:
                deliver(envelope)
        finally:
            self._is_sending = False
        if kind is Kind.EFFECT and not line.ways:
            self.bury(envelope, Burial.UNHANDLED, "")
        if self._unsaid:
            self._say_burials()
        return envelope

    def publish_from_thread(self, event: Event, source: str) -> "Future[Envelope]":
        """Send a fact from a thread that is not the event loop's, in the order of the calls.

        Args:
            event: The fact.
            source: Who states it.

        Returns:
            What will hold the envelope, or why it was not sent.

        Raises:
            InvalidMessageError: The event does not fit its declaration, or is too large.
            BusClosedError: Everything has stopped, or nothing has begun.
        """
        event, payload = self.catalog.carry(event)
        name = type(event).__name__
        if len(payload) > self.max_bytes:
            raise PayloadTooLargeError(type(event), len(payload), self.max_bytes)
        sent: Future[Envelope] = Future()

        def publish() -> None:
            # Whoever takes it out answers for it: this, or `close`.
            if self._from_threads.pop(sent, None) is None or not sent.set_running_or_notify_cancel():
                return
            try:
                envelope = self.send(Kind.EVENT, event, Trace(source), payload=payload)
            except Exception as error:  # noqa: BLE001 - it belongs to the thread that waits for it
                sent.set_exception(error)
            else:
                sent.set_result(envelope)

        loop = self._loop
        if loop is None:
            raise BusClosedError(name, has_begun=False)
        # First noted, then looked: `close` does it the other way round, so nobody waits in vain.
        self._from_threads[sent] = name
        if not self._is_closed:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(publish)
                return sent
        self._from_threads.pop(sent, None)
        raise BusClosedError(name)

    # --- questions

    async def ask[R](
        self,
        command: Command[R],
        trace: Trace,
        *,
        within: float = 5.0,
        command_id: str = "",
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
            InvalidMessageError: The command does not fit its declaration, or is too large.
            BusClosedError: Everything has stopped.
            ForeignThreadError: This is not the event loop's thread.
        """
        if not within > 0:  # this way round, which NaN fails too
            raise ValueError(f"within must be more than 0 s, not {within:g}")
        kind = type(command)
        command, payload = self.catalog.carry(command)
        if get_ident() != self._thread or len(payload) > self.max_bytes:
            self._refuse(command, payload)
        try:
            inbox = self._receiver(kind, trace)
        except AskError as refusal:
            if is_recorded:
                refused = self._number(command, payload, trace, command_id, "", is_row=True)
                self._record_reply(refused, "bus", refusal)
            raise
        now = self.clock.monotonic()
        until = now + within if trace.deadline is None else min(now + within, trace.deadline)
        due = Trace(trace.source, trace.cause, trace.correlation, trace.hops, until, asking(trace))
        is_row = is_recorded or inbox.is_replayed
        envelope = self._number(command, payload, due, command_id, inbox.name, is_row=is_row)
        asker, own = self._exclusive(trace.source), envelope.id
        late = partial(_late, inbox, kind.__name__, until - now)
        reply = self._asks.open(own, asker, inbox.name, until, late)
        for deliver in (self._lines.get(kind) or self._line(kind)).ways:
            deliver(envelope)
        try:
            value = await reply
        except AskError as error:
            if is_recorded:
                self._record_reply(envelope, inbox.name, error)
            raise
        finally:
            self._asks.close(own, asker)
        if is_recorded:
            self._record_reply(envelope, inbox.name, value)
        return value  # pyright: ignore[reportReturnType] - `Catalog.carry_reply` checked it

    def reply(self, envelope: Envelope, value: object, actor: str) -> None:
        """Give *value*, as `Catalog.carry_reply` returned it, to whoever asked the command in *envelope*."""
        if not self._asks.answer(envelope.id, value):
            self.bury(envelope, Burial.LATE_REPLY, actor)

    def fail(self, message_id: str, error: Exception) -> bool:
        """Tell whoever asked the command of this id that no reply will come; return whether one waited."""
        return self._asks.fail(message_id, error)

    def is_awaited(self, envelope: Envelope) -> bool:
        """Return whether somebody still waits for the reply to the command in *envelope*."""
        return self._asks.is_open(envelope.id)

    # --- what could not be delivered

    def bury(
        self, envelope: Envelope, reason: Burial, actor: str, *, incarnation: int = 0, detail: str = ""
    ) -> None:
        """Count, keep and journal that *envelope* could not be delivered to *actor*."""
        self.buried[reason] += 1
        # A letter about a letter would feed what it reports.
        if isinstance(envelope.message, LetterDied):
            return
        letter = LetterDied(
            reason=reason,
            actor=actor,
            message=self.catalog.of(type(envelope.message)).name,
            message_id=envelope.id,
            incarnation=incarnation,
            detail=detail,
        )
        self.letters.append(letter)
        # That an actor has stopped is no news for one that stopped before it; the fact is in the journal.
        if self._is_closed or (self.is_draining and isinstance(envelope.message, NOTICES)):
            return
        trace = Trace("bus", envelope.id, envelope.correlation, envelope.trace.hops + 1)
        self._unsaid.append((letter, trace, derive_id(envelope.id, f"bus/{actor}/{reason}", 0)))
        # Said while its message is still on its way to others, a letter would overtake it.
        if not self._is_sending:
            self._say_burials()

    # --- rest and pressure

    async def idle(self, within: float = 5.0) -> None:
        """Return when nothing is queued, handled, asked or on its way; timers that are not due do not count.

        Args:
            within: Seconds to wait.

        Raises:
            NotIdleError: Something goes on, and what.
        """
        await self._rest.until(self.under_way, within, NotIdleError)

    async def ready(self, within: float = 5.0) -> None:
        """Return when a source may go on: no mailbox that holds sources back is near its limit.

        Args:
            within: Seconds to wait.

        Raises:
            PressureError: It took longer, and who has too much to do.
        """
        await self._rest.until(self.pressed, within, PressureError)

    def under_way(self) -> Iterator[str]:
        """Yield what is queued, handled or on its way, in words; nothing when the bus is idle."""
        yield from self.transport.under_way()
        for inbox in self._inboxes.values():
            yield from inbox.under_way()

    def pressed(self) -> Iterator[str]:
        """Yield who has so much to do that sources should hold back."""
        for inbox in self._inboxes.values():
            if inbox.is_pressed:
                yield inbox.name
        if self.recorder.is_pressed:
            yield "the journal"

    def rested(self) -> None:
        """Say that something was worked off, so that who waits for rest or room looks again."""
        self._rest.look_again()

    # --- the end

    def drain(self) -> None:
        """Say that everything is about to stop: an actor that stops from now on is not coming back."""
        self.is_draining = True

    def close(self) -> None:
        """Refuse everything from now on."""
        self._is_closed = True
        self._thread = _NO_THREAD
        with suppress(KeyError):  # none is left, perhaps since its thread was quicker
            while True:
                sent, name = self._from_threads.popitem()
                if sent.set_running_or_notify_cancel():
                    sent.set_exception(BusClosedError(name))

    # --- inside

    def _receiver(self, kind: type[Message], trace: Trace) -> Inbox:
        """Return who answers *kind*.

        Raises:
            AskError: Nobody does, or not now, or it would wait for the asker.
        """
        inbox = self._answers.get(kind)
        if inbox is None:
            raise NobodyAnswersError(kind.__name__)
        if inbox.name == trace.source or inbox.name in trace.chain:
            raise AskDeadlockError(kind.__name__, (*asking(trace), inbox.name))
        if circle := self._asks.circle(trace.source, inbox.name):
            raise AskDeadlockError(kind.__name__, circle)
        if refusal := inbox.refusal(kind.__name__):
            raise refusal
        return inbox

    def _exclusive(self, name: str) -> str:
        """Return *name* if that actor does nothing else while it waits; else nothing."""
        inbox = self._inboxes.get(name)
        return name if inbox is not None and inbox.is_replayed else ""

    def _say_burials(self) -> None:
        while self._unsaid:
            letter, trace, own = self._unsaid.popleft()
            self.publish(letter, trace, event_id=own)

    def _ends_storm(self, envelope: Envelope) -> bool:
        """Bury what comes of too many others; the letter about it is one hop further and still heard."""
        if not isinstance(envelope.message, LetterDied):
            detail = f"caused through {MAX_HOPS} others"
            self.bury(envelope, Burial.LOOP, envelope.source, detail=detail)
            return True
        return envelope.trace.hops > MAX_HOPS + 2

    def _line(self, cls: type[Message]) -> _Line:
        """Look up all that sending a *cls* takes."""
        wire = self.catalog.of(cls)
        bases = [base for base in cls.__mro__ if issubclass(base, Message)]
        receivers: dict[str, Inbox] = {}
        for table in (self._answers, self._performs):
            if (one := table.get(cls)) is not None:
                receivers[one.name] = one
        wanted = [self._wanted[base] for base in bases if base in self._wanted]
        if len(wanted) == 1:
            receivers |= wanted[0]
        elif wanted:
            names = set[str]().union(*wanted)
            receivers = {name: inbox for name, inbox in self._inboxes.items() if name in names}
        line = _Line(
            name=wire.name,
            version=wire.version,
            is_row=wire.journaled,
            is_kept=wire.journaled or wire.projected,
            ways=tuple(self.transport.way_to(inbox) for inbox in receivers.values()),
        )
        self._lines[cls] = line
        for base in bases:
            self._lines_under.setdefault(base, set()).add(cls)
        return line

    def _forget_lines(self, cls: type[Message]) -> None:
        """Look up anew what concerns *cls* and what derives from it."""
        for known in self._lines_under.pop(cls, ()):
            self._lines.pop(known, None)

    def _refuse(self, message: Message, payload: bytes) -> None:
        """Raise what is wrong with sending *message*; nothing may be, while the recorder is full."""
        if len(payload) > self.max_bytes:
            raise PayloadTooLargeError(type(message), len(payload), self.max_bytes)
        if get_ident() != self._thread:
            raise (BusClosedError if self._is_closed else ForeignThreadError)(type(message).__name__)

    def _mark_full(self) -> None:
        """Look closer at every message while the recorder is full; tell what was refused when it is not."""
        is_full = self.recorder.is_full
        self._largest = -1 if is_full else self.max_bytes
        turned, self._turned_away = self._turned_away, TurnedAway()
        if is_full or not turned.is_told or self._is_closed:
            return
        # What was asked for and not done stands in the journal; that it was not done has to stand there too.
        self._unsaid.extend(turned.put_off)
        self._say_burials()
        relieved = JournalRelieved(
            facts=turned.facts,
            effects=turned.effects,
            seconds=self.clock.monotonic() - turned.since,
        )
        self.publish(relieved, Trace("bus"))

    def _turn_away(self, kind: Kind, message: Message, trace: Trace, message_id: str) -> Envelope:
        """Refuse what is new, before it has a number or anybody acts on it."""
        self._tell_of_full()
        self._turned_away.count(kind)
        self.buried[Burial.FULL] += 1
        name = self.catalog.of(type(message)).name
        self.letters.append(_not_recorded(name, message_id, "the journal"))
        return Envelope(
            0, self._wall_ns(), self._monotonic_ns(), kind, message, trace, self.origin, message_id
        )

    def _put_off(self, envelope: Envelope, name: str) -> None:
        """Have nobody perform an effect that was recorded as the output of something taken in before."""
        self._tell_of_full()
        self._turned_away.count(Kind.EFFECT)
        self.buried[Burial.FULL] += 1
        inbox = self._performs.get(type(envelope.message))
        actor = inbox.name if inbox is not None else ""
        letter = _not_recorded(name, envelope.id, actor)
        self.letters.append(letter)
        trace = Trace("bus", envelope.id, envelope.correlation, envelope.trace.hops + 1)
        own = derive_id(envelope.id, f"bus/{actor}/{Burial.FULL}", 0)
        self._turned_away.put_off.append((letter, trace, own))

    def _tell_of_full(self) -> None:
        if not self._turned_away.is_told:
            self._turned_away.is_told = True
            self._turned_away.since = self.clock.monotonic()
            self.publish(JournalFilled(waiting=self.recorder.waiting), Trace("bus"))

    def _number(
        self, command: Message, payload: bytes, trace: Trace, command_id: str, target: str, *, is_row: bool
    ) -> Envelope:
        """Number a command, and have it journaled if it is to be a row."""
        self.seq += 1
        envelope = Envelope(
            self.seq,
            self._wall_ns(),
            self._monotonic_ns(),
            Kind.COMMAND,
            command,
            trace,
            self.origin,
            command_id,
            target,
        )
        if is_row:
            line = self._lines.get(type(command)) or self._line(type(command))
            self.recorder.append(Entry(envelope, line.name, line.version, payload))
        return envelope

    def _record_reply(self, command: Envelope, source: str, value: object) -> None:
        wire = self.catalog.of(type(command.message))
        if isinstance(value, AskError):
            kind = Kind.NO_REPLY
            payload = msgspec.json.encode({"error": type(value).__name__, "text": str(value)})
        else:
            kind, payload = Kind.REPLY, msgspec.json.encode(value)  # as `Catalog.carry_reply` returned it
        self.seq += 1
        envelope = Envelope(
            self.seq,
            self._wall_ns(),
            self._monotonic_ns(),
            kind,
            command.message,
            Trace(source, command.id, command.correlation),
            self.origin,
            derive_id(command.id, "reply", 0),
            command.source,
        )
        self.recorder.append(Entry(envelope, wire.name, wire.version, payload))


def _not_recorded(message: str, message_id: str, actor: str) -> LetterDied:
    return LetterDied(
        reason=Burial.FULL,
        actor=actor,
        message=message,
        message_id=message_id,
        detail="too much waits to be written already",
    )


def _late(inbox: Inbox, command: str, seconds: float) -> AskTimeoutError:
    return AskTimeoutError(inbox.name, command, seconds, inbox.describe())
