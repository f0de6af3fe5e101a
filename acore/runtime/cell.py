"""Cells: the part of an actor that outlives its restarts, and owns its mailbox."""

from asyncio import CancelledError, Task
from collections import OrderedDict
from collections.abc import Collection, Iterator
from enum import Enum, auto
from typing import Any, cast

import msgspec

from acore.errors import AcoreError
from acore.events.asks import ActorCrashedError, ActorStoppedError, AskError, MailboxFullError
from acore.events.base import Envelope, Kind, Message, Policy, Trace
from acore.events.bus import Bus
from acore.events.mailbox import Overflow
from acore.events.supervision import ActorStarted, Burial, MessageRequeued
from acore.events.transport import KEPT_IDS, Deliver
from acore.runtime.actor import Actor
from acore.runtime.cause import UNCAUSED, Cause
from acore.runtime.edge import EdgeActor
from acore.runtime.handlers import split
from acore.runtime.incarnation import Body, Incarnation, StaleIncarnationError
from acore.runtime.report import reason
from acore.runtime.spec import ChildSpec
from acore.runtime.stack import Call, place
from acore.runtime.watchdog import HandlerTimeoutError

FAIR_SHARE = 64
"""After so many messages in a row an actor lets the others run; a turn of the loop costs about four."""
# What was buried for one of these was not begun, and may be sent again.
_NEVER_BEGUN = frozenset({Burial.FULL, Burial.STOPPED})


class BrokenOffError(AcoreError):
    """What was being done for a message was cancelled, and is not begun again."""

    def __init__(self) -> None:
        super().__init__("its handling was interrupted")


class _Fate(Enum):
    """What became of a message, unless it is a command that was replied to."""

    UNKNOWN = auto()
    TO_COME = auto()
    FAILED = auto()


class Cell[A: (Actor[Any], EdgeActor)](Body):
    """What the bus, the supervisor and the watchdog know of one actor."""

    __slots__ = (
        "_crashes",
        "_deliver",
        "_has_to_stop",
        "_is_last_call",
        "_outcomes",
        "_run",
        "bus",
        "current",
        "handled",
        "is_running",
        "mailbox",
        "runs",
        "spec",
    )

    def __init__(self, spec: ChildSpec, bus: Bus) -> None:
        """Join *bus* as *spec* says.

        Raises:
            AcoreError: The name, or a command or effect of its, is taken.
        """
        self.spec = spec
        self.bus = bus
        self.mailbox = spec.mailbox()
        self.mailbox.open(self._bury)
        self.current: Envelope | None = None
        self.is_running = False
        self.handled: int = 0
        self.runs: int = 0
        self._deliver: Deliver = self.mailbox.accept
        self._run: Incarnation | None = None
        self._has_to_stop = False
        self._is_last_call = False
        self._crashes: dict[str, int] | None = None
        self._outcomes: OrderedDict[str, object] | None = None
        if bus.transport.may_repeat:
            self._outcomes = OrderedDict()
            self._deliver = self._accept_once
        events, commands, effects = split(spec.actor.handlers)
        bus.join(self, events=events, commands=commands, effects=effects)

    @property
    def name(self) -> str:
        """The actor's name."""
        return self.spec.id

    @property
    def slow_after(self) -> float | None:
        """Seconds after which a handler is told of; None for never."""
        return self.spec.slow_after

    @property
    def handler_timeout(self) -> float | None:
        """Seconds after which a handler is given up; None for never."""
        return self.spec.handler_timeout

    @property
    def is_replayed(self) -> bool:
        """Whether what it is sent is journaled, whoever sends it: core actors can be replayed."""
        return issubclass(self.spec.actor, Actor)

    @property
    def accept(self) -> Deliver:
        """What queues an envelope, or buries it."""
        return self._deliver

    @property
    def is_pressed(self) -> bool:
        """Whether so much waits for it that sources should hold back."""
        return self.mailbox.is_pressed

    @property
    def is_half_full(self) -> bool:
        """Whether half of what may wait for it waits."""
        return 2 * len(self.mailbox) >= self.mailbox.capacity

    @property
    def queued(self) -> int:
        """How many messages wait."""
        return len(self.mailbox)

    def refusal(self, message: str) -> AskError | None:
        """Return why *message* cannot be sent to it alone now."""
        if self.mailbox.is_closed:
            return ActorStoppedError(self.name, message)
        if self.mailbox.overflow is Overflow.REJECT and self.mailbox.is_full:
            return MailboxFullError(self.name, message, self.mailbox.capacity)
        return None

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

    def handling(self) -> tuple[str, Cause]:
        """Return the wire name of the message being handled, if there is one, and it as a cause."""
        if self.current is None:
            return "", UNCAUSED
        return self.bus.catalog.of(type(self.current.message)).name, Cause.of(self.current)

    def at_work(self) -> Collection[Envelope]:
        """Return what is being handled now; nothing when idle or down."""
        return (self.current,) if self.current is not None and self._is_alive() else ()

    def calls(self, envelope: Envelope) -> tuple[Call, ...]:
        """Return where the handling of *envelope* waits, outermost first."""
        raise NotImplementedError

    def time_out(self, envelope: Envelope, seconds: float) -> bool:
        """Give up the handling of *envelope* after *seconds*; return whether it was."""
        run = self._run
        if run is None or not run.is_ready or run.stopping.is_set():
            return False
        what = self.bus.catalog.of(type(envelope.message)).name
        error = HandlerTimeoutError(self.name, what, seconds, place(self.calls(envelope)))
        return self._give_up(envelope, run, error)

    def handled_by(self, task: Task[Any]) -> Envelope | None:  # noqa: ARG002 - a core actor has one task
        """Return what *task*, one of this actor's, is handling; for a thread, while the loop stands still."""
        return self.current

    def _is_alive(self) -> bool:
        return self.is_running and self._run is not None and self._run.is_current

    def _give_up(self, envelope: Envelope, run: Incarnation, error: HandlerTimeoutError) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        """Bury what is queued and refuse what comes, until the next run if there is one."""
        self.mailbox.close()
        for envelope in self.mailbox.clear():
            self._bury(envelope, Burial.STOPPED if envelope.attempt == 1 else Burial.INTERRUPTED)
        self.bus.rested()

    def drain(self) -> None:
        """Refuse what comes from now on; when what was accepted is done, the run asks itself to stop."""
        self.mailbox.close()
        self._is_last_call = True
        self.mailbox.wake()

    async def run(self, run: Incarnation) -> None:
        """Do one run of the actor."""
        self._run = run
        self.current = None
        self._has_to_stop = self._is_last_call = False
        self.mailbox.open(self._bury)
        run.obey(self._on_stop)
        began = ActorStarted(actor=self.name, incarnation=run.number)
        started = self.bus.publish(began, run.begun_by.trace(self.name))
        self.is_running = True
        try:
            await self._live(cast("A", self.spec.build()), run, started)
        finally:
            if self._run is run:
                self.is_running = False
                self.bus.rested()

    async def _live(self, actor: A, run: Incarnation, started: Envelope) -> None:
        raise NotImplementedError

    def _on_stop(self) -> None:
        self._has_to_stop = True
        self.mailbox.wake()

    def _method(self, kind: type[Message]) -> str | None:
        """Return the most specific handler for *kind*: an event reaches an actor once."""
        known = self.spec.actor.handlers
        return next((known[base] for base in kind.__mro__ if base in known), None)

    def _bury(self, envelope: Envelope, reason: Burial, detail: str = "") -> None:
        number = self._run.number if self._run else 0
        if self._outcomes is not None and self._may_come_again(reason):
            self._outcomes.pop(envelope.id, None)
        else:
            self._keep(envelope, _Fate.FAILED)
        self.bus.bury(envelope, reason, self.name, incarnation=number, detail=detail)
        if envelope.kind is Kind.COMMAND:
            command = type(envelope.message).__name__
            full = MailboxFullError(self.name, command, self.mailbox.capacity)
            stopped = ActorStoppedError(self.name, command)
            self.bus.fail(envelope.id, full if reason is Burial.FULL else stopped)

    def _is_expired(self, envelope: Envelope) -> bool:
        """Drop a command that nobody waits for any more; doing it now could surprise."""
        if envelope.kind is Kind.COMMAND and not self.bus.is_awaited(envelope):
            self._bury(envelope, Burial.EXPIRED)
            return True
        return False

    # --- a message that came to nothing

    def _fail(self, envelope: Envelope, error: BaseException, *, is_untouched: bool) -> None:
        """Decide what becomes of a message whose handling raised *error*.

        Whoever asked hears of it before the message is buried: a burial only says that nothing comes.

        Args:
            envelope: The message.
            error: What was raised; a cancellation when something else ended the handling.
            is_untouched: Whether nothing has come of the message, so that it can be handled again.
        """
        if isinstance(error, StaleIncarnationError):
            self._break_off(envelope, error, Burial.STALE)
            return
        if isinstance(error, CancelledError):
            if self.bus.is_draining:  # nobody comes back who could handle it again
                self._bury(envelope, Burial.INTERRUPTED)
            elif is_untouched:
                self._requeue(envelope, "its handling was interrupted")
            else:
                self._break_off(envelope, error, Burial.INTERRUPTED)
            return
        if isinstance(error, Exception) and self.spec.max_attempts > 1 and self._may_be_repeated(envelope):
            if self._crashes is None:
                self._crashes = {}
            crashes = self._crashes[envelope.id] = self._crashes.get(envelope.id, 0) + 1
            if len(self._crashes) > KEPT_IDS:  # those of messages that got through in the end
                del self._crashes[next(iter(self._crashes))]
            if crashes < self.spec.max_attempts:
                self._requeue(envelope, reason(error))
                return
            del self._crashes[envelope.id]
            self._tell_asker(envelope, error)
            self._bury(envelope, Burial.POISON, f"after {crashes} attempts: {reason(error)}")
            return
        self._tell_asker(envelope, error)
        self._come_to_nothing(envelope, error)

    def _break_off(self, envelope: Envelope, error: BaseException, why: Burial) -> None:
        """Give up a message that was begun and cannot be begun again."""
        self._tell_asker(envelope, error)
        self._bury(envelope, why)
        # This run does not take it up again, and the next may be months away: it would count as owed till
        # then, and the journal would be kept for it. What only a person can judge stays owed.
        if not self.bus.is_draining and self._may_be_repeated(envelope):
            broken_off = BrokenOffError() if isinstance(error, CancelledError) else error
            self._come_to_nothing(envelope, broken_off)

    def _come_to_nothing(self, envelope: Envelope, error: BaseException) -> None:
        """Do what is to be done about a message that is used up, though its handling failed."""

    def _may_be_repeated(self, envelope: Envelope) -> bool:
        """Return whether *envelope* may be begun again: of effects, only one that does no harm twice."""
        return self.bus.catalog.of(type(envelope.message)).policy in {None, Policy.IDEMPOTENT}

    def _requeue(self, envelope: Envelope, why: str) -> None:
        again = msgspec.structs.replace(envelope, attempt=envelope.attempt + 1)
        self.mailbox.put_back(again)
        requeued = MessageRequeued(
            actor=self.name,
            message=self.bus.catalog.of(type(envelope.message)).name,
            message_id=envelope.id,
            attempt=again.attempt,
            reason=why,
        )
        self.bus.publish(requeued, Trace(self.name, envelope.id, envelope.correlation))

    def _tell_asker(self, envelope: Envelope, error: BaseException) -> None:
        if envelope.kind is Kind.COMMAND:
            self._keep(envelope, _Fate.FAILED)
            what = type(envelope.message).__name__
            self.bus.fail(envelope.id, ActorCrashedError(self.name, what, reason(error)))

    # --- where a message may come twice

    def _accept_once(self, envelope: Envelope) -> None:
        """Queue what is new; answer a repeated command from what became of it the first time."""
        assert self._outcomes is not None  # noqa: S101 - set together with this entrance
        is_awaited = self.bus.is_awaited(envelope)
        outcome = self._outcomes.get(envelope.id, _Fate.UNKNOWN)
        # Who asks once more after a failure has another go.
        if outcome is _Fate.UNKNOWN or (outcome is _Fate.FAILED and is_awaited):
            self._outcomes[envelope.id] = _Fate.TO_COME
            if len(self._outcomes) > KEPT_IDS:
                self._outcomes.popitem(last=False)
            self.mailbox.accept(envelope)
        elif is_awaited and not isinstance(outcome, _Fate):
            self.bus.reply(envelope, outcome, self.name)

    def _may_come_again(self, reason: Burial) -> bool:
        """Return whether what was buried for *reason* is as good as new: not begun, and not replaced."""
        is_replaced = reason is Burial.FULL and self.mailbox.overflow is Overflow.COALESCE
        return reason in _NEVER_BEGUN and not is_replaced

    def _reply(self, envelope: Envelope, value: object) -> None:
        """Give *value*, as `Catalog.carry_reply` returned it, to the asker."""
        self._keep(envelope, value)
        self.bus.reply(envelope, value, self.name)

    def _keep(self, envelope: Envelope, outcome: object) -> None:
        """Remember what became of a message, unless so many came after it that it is forgotten."""
        if self._outcomes is not None and envelope.id in self._outcomes:
            self._outcomes[envelope.id] = outcome
