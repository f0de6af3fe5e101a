"""What an actor says now beside what it said then, in one run of the process.

A reader goes along what it said, as another one does along what it was told. What it says now is compared
with the next of that, so that nothing has to be kept but a page of each.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

import msgspec

from acore.clock import NANOSECONDS
from acore.errors import AcoreError
from acore.events.base import Kind, derive_id
from acore.events.upcast import UnreadableMessageError
from acore.replay.compare import Difference, Spoken, compare, contrast
from acore.replay.ledger import Ledger
from acore.replay.life import Life, Moment, recorded_error
from acore.replay.report import (
    LAST_INPUTS,
    Divergence,
    DivergenceKind,
    LastInput,
    differences,
    place_of,
)
from acore.replay.said import Sayings
from acore.replay.trial import Trial
from acore.replay.upcast import noted
from acore.runtime.actor import Actor, Output
from acore.runtime.driver import Answer, Ask
from acore.runtime.edge import UndeclaredAskError
from acore.runtime.memory import canonical, digest_of, shape_of
from acore.runtime.watchdog import HANDLER_TIMEOUT
from acore.storage.query import Row
from acore.storage.scan import Boot

# How long an actor may have been busy with a message, e.g. waiting for a reply, when the journal ended.
_BUSY_AT_MOST = int(HANDLER_TIMEOUT) * NANOSECONDS
# Replies that nobody recorded, as to who asked from outside, are waited for until so many others came.
_AWAITED = 10_000
_EXCUSED = 1000
# How late a timer may be, and how long acore must have gone on after that, until it counts as not set then.
_LATE_AT_MOST = 60 * NANOSECONDS
_REPLIES = frozenset({Kind.REPLY, Kind.NO_REPLY})


class UnfinishedError(AcoreError):
    """Then, the handler did not come further than this: there is nothing to compare it with."""


class OtherAskError(AcoreError):
    """The handler asks what it did not ask then, so there is no answer for it."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.kind)
        self.difference = difference


class _Armed(msgspec.Struct, frozen=True, gc=False):
    """Something set for later, which comes back as an input when its time has come."""

    cause: Row
    method: str
    spoken: Spoken
    key: str
    delay_ns: int


class Judge:
    """Compares what one actor says with what it said in one run of the process, and answers from that.

    `last` has what it handled last: a row, or number, name and handler. `begun_at` is the number of the
    snapshot begun at, 0 for none, and `unread` has the ids of the messages that waited then.
    """

    def __init__(self, trial: Trial, ledger: Ledger, boot: Boot, life: Life, said: Sayings) -> None:
        """Begin before the first thing that was said."""
        self.said = said
        self.last: deque[Row | tuple[int, str, str]] = deque(maxlen=LAST_INPUTS)
        self.begun_at = 0
        self.unread: frozenset[str] = frozenset()
        self._trial = trial
        self._name = trial.name
        self._catalog = trial.catalog
        self._ledger = ledger
        self._boot = boot
        self._life = life
        self._awaited: OrderedDict[str, tuple[Row, str, str]] = OrderedDict()
        self._armed: dict[str, _Armed] = {}
        self._keys: dict[str, str] = {}
        # Those that nobody knows yet when they were set, and when the others are due.
        self._undated: list[str] = []
        self._due: list[tuple[int, str]] = []
        self._overdue: set[str] = set()
        self._excused: OrderedDict[str, None] = OrderedDict()
        self._sought, self._is_before = "", True

    def be(self, actor: Actor[Any], incarnation: int) -> None:
        """Compare what *actor* says from now on, in the run of this number."""
        self._actor = actor
        self.incarnation = incarnation
        self.disarm()

    def disarm(self) -> None:
        """Forget what is set for later: the run that set it is over."""
        self._armed.clear()
        self._keys.clear()
        self._undated.clear()
        self._due.clear()
        self._overdue.clear()

    def answer(self, row: Row, ask: Ask[Any]) -> Answer:
        """Return what the journal says was replied to *ask*."""
        if type(ask.command) not in self._actor.asks:
            raise UndeclaredAskError(self._name, type(ask.command).__name__)
        command, payload = self._catalog.carry(ask.command)
        now = Spoken(Kind.COMMAND, self._catalog.of(type(command)).name, payload.decode())
        self._ledger.outputs.update(payload)
        asked = self._asked(row, ask.command_id)
        if asked is None:
            if self.may_be_cut(row):
                raise UnfinishedError
            raise OtherAskError(Difference(DivergenceKind.EXTRA_OUTPUT, "", str(now)))
        then = self._as_now(asked, now)
        if then != now:
            raise OtherAskError(contrast(then, now))
        reply = self._reply_to(asked.id)
        if reply is None:
            raise UnfinishedError
        if reply.kind == Kind.NO_REPLY:
            return None, recorded_error(reply)
        return self._catalog.decode_reply(reply.name, reply.payload.encode()), None

    def _asked(self, row: Row, command_id: str) -> Row | None:
        """Return what the actor asked next while it handled *row*; None when it asked nothing more."""
        while (one := self.said.peek()) is not None:
            if one.cause == row.id and one.kind == Kind.COMMAND and one.source == self._name:
                self.said.take()
                if one.id != command_id and row.id in self._excused:
                    continue  # of an attempt that came to nothing
                self.date(one.mono_ns)
                return one
            if not self._is_apart(one):
                return self._asked_later(row)
            self._pass()
        return None

    def _asked_later(self, row: Row) -> Row | None:
        """Return what was asked after something was said: of a message that was or is several."""
        if row.id not in self.said.reshaped:
            return None
        for index, one in self.said.ahead():
            if one.cause != row.id and one.source == self._name:
                return None
            if one.kind == Kind.COMMAND and one.source == self._name:
                return self.said.pull(index)
        return None

    def _reply_to(self, command_id: str) -> Row | None:
        self._pass_others(command_id)  # timers that rang while it waited
        end = self._life.ends[self._life.at] or self._boot.last_seq
        for index, one in self.said.ahead():
            if one.kind in _REPLIES and one.cause == command_id:
                return self.said.pull(index)
            if one.seq > end or (one.kind == Kind.COMMAND and one.source == self._name):
                return None
        return None

    def conclude(
        self, row: Row, method: str, outputs: Iterable[Output], *, hook: str = "", reply: str = ""
    ) -> None:
        """Compare all that the actor said, now that it has ended well with a message.

        Args:
            row: The message.
            method: What handled it.
            outputs: What was said.
            hook: Set when a hook handled it, to its name.
            reply: What was replied, as JSON; blank for nothing.
        """
        ledger = self._ledger
        if reply:
            ledger.outputs.update(reply.encode())
            self._awaited[row.id] = (row, method, reply)
            if len(self._awaited) > _AWAITED:
                self._awaited.popitem(last=False)
        self._pass_others(row.id)  # before what is set now takes the place of a timer that has rung
        now: list[Spoken] = []
        for output in outputs:
            ledger.outputs.update(output.payload)
            wire = self._catalog.of(type(output.message))
            if not wire.journaled:
                continue
            spoken = Spoken(output.kind, wire.name, output.payload.decode())
            if output.delay is None:
                now.append(spoken)
            else:
                self._arm(row, method, output, spoken)
        then = self._said_of(row, hook, now)
        if len(then) < len(now) and then == now[: len(then)] and self.may_be_cut(row):
            return
        for difference in compare(then, now):
            self.diverge(row, method, difference)

    def _arm(self, row: Row, method: str, output: Output, spoken: Spoken) -> None:
        key = output.key or output.id
        if (old := self._keys.pop(key, None)) is not None:
            self._armed.pop(old, None)
        self._keys[key] = output.id
        delay_ns = round((output.delay or 0) * NANOSECONDS)
        self._armed[output.id] = _Armed(row, method, spoken, key, delay_ns)
        self._undated.append(output.id)

    def date(self, mono_ns: int) -> None:
        """Take it that all that was handled up to here had been handled at this instant.

        A timer that had to ring long before, and did not, was not set then.
        """
        for own in self._undated:
            if own in self._armed:
                heappush(self._due, (mono_ns + self._armed[own].delay_ns, own))
        self._undated.clear()
        while self._due and self._due[0][0] + _LATE_AT_MOST < mono_ns:
            _, own = heappop(self._due)
            if own not in self._armed:
                continue
            if own not in self._overdue:  # the process may have stood still, and it rings any moment
                self._overdue.add(own)
                heappush(self._due, (mono_ns, own))
                continue
            armed = self._disarm(own)
            difference = Difference(DivergenceKind.EXTRA_OUTPUT, "", str(armed.spoken))
            self.diverge(armed.cause, armed.method, difference)

    def _said_of(self, row: Row, hook: str, now: Sequence[Spoken]) -> list[Spoken]:
        """Take out and return what the actor said when it handled *row*, as it reads today."""
        own: set[str] | None = None
        if hook and self._trial.is_input(row):
            # An actor may also handle the fact that starts or stops it: the same cause, other ids.
            own = {derive_id(row.id, f"{self._name}.{hook}", i) for i in range(len(now) + LAST_INPUTS)}
        then: list[Spoken] = []
        said = self.said
        while (one := said.peek()) is not None:
            if one.cause != row.id or one.id in self._armed or one.kind in _REPLIES:
                if not self._is_apart(one):
                    break
                self._pass()
            elif own is not None and one.id not in own:
                break
            elif (armed := self._armed_alike(one)) is not None:
                self._disarm(armed)
                said.take()
            else:
                said.take()
                counterpart = now[len(then)] if len(then) < len(now) else None
                then.append(self._as_now(one, counterpart))
                self.date(one.mono_ns)
        return then

    def _as_now(self, then: Row, now: Spoken | None) -> Spoken:
        """Return *then* as it reads now: a field added since has its default in what is old."""
        spoken = Spoken(then.kind, then.name, then.payload)
        if now is None or spoken == now or then.name != now.name:
            return spoken
        try:
            message = self._catalog.decode(then.name, then.version, then.payload.encode())
        except UnreadableMessageError as error:
            raise noted(error, then) from error.__cause__
        return Spoken(then.kind, then.name, self._catalog.encode(message).decode())

    def _is_apart(self, one: Row) -> bool:
        """Return whether *one* came of no handling that is still to come: a timer, a reply, a leftover."""
        if one.id in self._armed or one.cause in self._excused:
            return True
        if one.kind in _REPLIES:
            # That there is none may be said of a command that never came to it.
            return one.source != self._name or one.kind == Kind.NO_REPLY or one.cause in self._awaited
        return self._armed_alike(one) is not None or self._is_older(one)

    def _is_older(self, one: Row) -> bool:
        """Return whether *one* came of a timer that was set before the snapshot begun at."""
        if not self.begun_at or one.cause in self.unread or one.kind != Kind.EVENT:
            return False
        if one.cause != self._sought:  # the same one is looked at again and again
            self._sought, cause = one.cause, self._trial.find(one.cause)
            self._is_before = cause is None or cause.seq < self.begun_at
        return self._is_before

    def pass_until(self, seq: int, *, is_alive: bool) -> None:
        """Go past what was said before number *seq*: whatever it came of is over.

        What came of nothing that was handled is missed, unless the actor is not alive now.
        """
        while self.said.seq < seq and not self._ledger.is_over:
            self._pass(is_alive=is_alive)

    def _pass_others(self, cause: str) -> None:
        """Go past what came of nothing that is still to be handled, up to what came of *cause*."""
        while (one := self.said.peek()) is not None and one.cause != cause and self._is_apart(one):
            self._pass()

    def _pass(self, *, is_alive: bool = True) -> None:
        """Take out the next thing that was said, which came of nothing that is being handled."""
        one = self.said.take()
        if one is None:
            return
        if one.kind in _REPLIES:
            if one.source == self._name and (asked := self._awaited.pop(one.cause, None)) is not None:
                self._compare_reply(one, *asked)
            return
        own = one.id if one.id in self._armed else self._armed_alike(one)
        if own is not None:
            armed = self._disarm(own)
            then = self._as_now(one, armed.spoken)
            if then != armed.spoken:
                self.diverge(armed.cause, armed.method, contrast(then, armed.spoken))
            return
        if is_alive and one.cause not in self._excused:
            self._miss(one)

    def _miss(self, one: Row) -> None:
        """Note what was said and is not, though what it came of has been handled."""
        cause = self._trial.find(one.cause) if one.cause else None
        if cause is None or cause.seq < self.begun_at:
            return  # it came of what was before the beginning
        plan = self._trial.plans.get((cause.name, cause.version))
        spoken = str(Spoken(one.kind, one.name, one.payload))
        self.diverge(
            cause, plan.method if plan else "", Difference(DivergenceKind.MISSING_OUTPUT, spoken, "")
        )

    def _armed_alike(self, one: Row) -> str | None:
        """Return the id of what is set for later and reads as *one*, whose ids are not those of today."""
        if one.cause not in self.said.reshaped:
            return None
        return next(
            (
                own
                for own, armed in self._armed.items()
                if armed.cause.id == one.cause and self._as_now(one, armed.spoken) == armed.spoken
            ),
            None,
        )

    def _disarm(self, own: str) -> _Armed:
        armed = self._armed.pop(own)
        self._keys.pop(armed.key, None)
        self._overdue.discard(own)
        return armed

    def _compare_reply(self, then: Row, row: Row, method: str, reply: str) -> None:
        if then.kind != Kind.REPLY or then.payload == reply:
            return
        wire = self._catalog.named(then.name)
        assert wire is not None  # noqa: S101 - the command was handled
        value = self._catalog.decode_reply(then.name, then.payload.encode())
        expected = self._catalog.encode_reply(wire.cls, value).decode()
        if expected != reply:
            fields = differences(expected, reply)
            self.diverge(row, method, Difference(DivergenceKind.OTHER_PAYLOAD, expected, reply, fields))

    def excuse(self, row: Row) -> None:
        """Miss nothing that was said of *row*: its handling came to nothing, then or now."""
        self._excused[row.id] = None
        if len(self._excused) > _EXCUSED:
            self._excused.popitem(last=False)

    def expect(self, row: Row) -> None:
        """Miss again what was said of *row*: it has been handled to its end after all."""
        if self._excused:
            self._excused.pop(row.id, None)

    def may_be_cut(self, row: Row) -> bool:
        """Return whether what came of *row* may be missing only because the journal ends."""
        if self._boot.last_mono_ns - row.mono_ns > _BUSY_AT_MOST:
            return False
        if self._life.signs[self._life.at]:
            return False
        return not any(
            one.source == self._name
            and one.kind not in _REPLIES
            and one.id not in self._armed
            and one.cause != row.id
            for _, one in self.said.ahead()
        )

    def weigh(self, moment: Moment) -> None:
        """Compare what it knows with what it knew."""
        if not self._ledger.is_judged(moment.seq, moment.wall_ns, ""):
            return
        state = canonical(self._actor.state)
        if moment.digest in {"", digest_of(state)}:
            return
        if moment.shape != shape_of(self._actor.state_type):
            self._warn(f"What {self._name} knew has other fields now: entry {moment.seq} is not compared.")
            return
        kept = self._trial.kept(moment.seq)
        expected = kept if kept is not None else f"the digest {moment.digest}"
        now = state.decode()
        fields = differences(kept, now) if kept is not None else ()
        self._note(moment, Difference(DivergenceKind.OTHER_STATE, expected, now, fields))

    def _warn(self, text: str) -> None:
        if len(self._ledger.warnings) < LAST_INPUTS:
            self._ledger.warnings.append(text)

    def diverge(self, row: Row, method: str, difference: Difference) -> None:
        """Note a difference at a message, if what came of it is judged."""
        if self._ledger.is_judged(row.seq, row.wall_ns, row.correlation):
            self._note(row, difference, method)

    def _note(self, what: Row | Moment, difference: Difference, method: str = "") -> None:
        """Note a difference at a message, or at a moment, which is one of what was handled last."""
        last = tuple(map(self._shown, self.last))
        method = method or (last[-1].handler if last else "")
        self._ledger.add(
            Divergence(
                kind=difference.kind,
                seq=what.seq,
                message=what.name,
                actor=self._name,
                incarnation=self.incarnation,
                handler=method,
                place=place_of(type(self._actor), method),
                expected=difference.expected,
                actual=difference.actual,
                fields=difference.fields,
                last_inputs=last,
                written_by=self._boot.version,
                replayed_by=self._trial.replayed_by,
            )
        )

    def _shown(self, one: Row | tuple[int, str, str]) -> LastInput:
        if isinstance(one, tuple):
            seq, name, handler = one
            return LastInput(seq=seq, name=name, handler=handler)
        return LastInput(seq=one.seq, name=one.name, handler=self._trial.plans[one.name, one.version].method)
