"""What would have happened with today's code: what the core actors say now is fed onward among them.

What comes from outside, an edge's facts and its answers, is as recorded, also where the outside would have
answered otherwise. So this tells what may have been different; it is no verdict on anybody.
"""

import heapq
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from operator import attrgetter
from typing import Any

import msgspec

from acore.clock import NANOSECONDS
from acore.errors import AcoreError
from acore.events.base import Command, Envelope, Kind, Message, trace_of
from acore.events.catalog import CATALOG, Catalog
from acore.events.upcast import UnreadableMessageError
from acore.record import Record
from acore.replay.cast import Cast
from acore.replay.life import (
    EXITED,
    REQUEUED,
    SAID_OF_ONESELF,
    STARTED,
    STOPPING,
    Life,
    field,
    recorded_error,
)
from acore.replay.report import FieldDifference, differences
from acore.replay.source import Boot, Part, Source, Wanted
from acore.replay.upcast import noted, renewed
from acore.runtime.actor import Actor, Context, Output, Speaker
from acore.runtime.driver import Answer, Ask, Handling, close, step
from acore.runtime.memory import Memory
from acore.runtime.restart import ExitKind
from acore.storage.query import Row

KEPT = 500
"""So many differences are kept; more are counted."""
# How a run ends that somebody wanted to end: it would have ended with other code, too.
_WANTED_ENDS = frozenset({ExitKind.NORMAL, ExitKind.SHUTDOWN, ExitKind.KILLED})
# A message of today that leads to so many others in one go leads to ever more.
_ENDLESS = 10_000


class Otherwise(Record):
    """Something that would have been said more, less, or otherwise.

    Attributes:
        seq: The entry of the message on which it is said, or was.
        at_ns: When, in nanoseconds since 1970.
        actor: Who says it, or did.
        kind: As in the journal: a fact is an event, what is wanted outside an effect.
        name: Its wire name.
        then: Its content then, as JSON; blank when it was not said.
        now: Its content now; blank when it is not said.
        fields: What differs between the two.
    """

    seq: int
    at_ns: int
    actor: str
    kind: str
    name: str
    then: str
    now: str
    fields: tuple[FieldDifference, ...] = ()


class NotKnown(Record):
    """Something that a replay cannot know, and what became of it: an answer, mostly."""

    seq: int
    actor: str
    what: str


class LeftOut(Record):
    """A run of the process of which not all is there, from one number to another, and why."""

    first_seq: int
    last_seq: int
    why: str


class WhatIf(Record):
    """What may have been different.

    Attributes:
        handled: How many messages were handled.
        alike: How many things would have been said as they were.
        otherwise: What would not.
        not_known: What depends on something that is not recorded: from there on, less is sure.
        further: How many of both were counted and not kept.
        left_out: The runs of the process that were not gone through, since not all of them is there.
    """

    handled: int
    alike: int
    otherwise: tuple[Otherwise, ...]
    not_known: tuple[NotKnown, ...]
    further: int = 0
    left_out: tuple[LeftOut, ...] = ()


class EndlessError(AcoreError):
    """With today's code, one message leads to more and more."""

    def __init__(self, seq: int) -> None:
        super().__init__(
            f"after entry {seq}, today's actors would go on and on telling each other things: one message "
            f"has led to {_ENDLESS:,} others"
        )


type _Due = tuple[int, int, str, str, Envelope]
"""When, in what order among those at one time, who said it, the key of a timer, and what."""

# What a handler returns that did not come to its end.
_NO_VALUE = object()


class _UnknownReplyError(AcoreError):
    """Nobody knows what would have been replied; the handler does not go on."""


def what_if(
    cast: Cast,
    source: Source,
    *,
    upto: int | None = None,
    on_progress: Callable[[int], None] | None = None,
    catalog: Catalog = CATALOG,
) -> WhatIf:
    """Return what would have happened if today's code had run.

    What was said in one run of the process is kept in memory while that run is gone through.

    Args:
        cast: The core actors, all of them: who is missing here is one of those outside.
        source: The journal.
        upto: The number of the last entry.
        on_progress: Told from time to time how far the journal has been gone through.
        catalog: The message types.

    Raises:
        EndlessError: One message would lead to ever more.
        AcoreError: The journal cannot be read, or holds what is not known here.
    """
    found, names = _Found(), _handled(cast, source, catalog)
    left_out: list[LeftOut] = []
    for boot in source.facts().boots:
        last = boot.last_seq if upto is None else min(boot.last_seq, upto)
        if boot.first_seq > last:
            break
        if why := _lack(cast, source, boot):
            left_out.append(LeftOut(first_seq=boot.first_seq, last_seq=last, why=why))
        else:
            _World(cast, source, boot, last, found, catalog, names).go(on_progress)
    return WhatIf(
        handled=found.handled,
        alike=found.alike,
        otherwise=tuple(sorted(found.otherwise, key=lambda one: one.seq)),
        not_known=tuple(found.not_known),
        further=found.further,
        left_out=tuple(left_out),
    )


def _lack(cast: Cast, source: Source, boot: Boot) -> str:
    """Return what of a run of the process is not there; blank when all of it is."""
    facts = source.facts()
    if not facts.is_whole:
        return "not all that was said is there"
    missing = [high for low, high in facts.gone if low <= boot.last_seq and high >= boot.first_seq]
    if missing:
        return f"some entries up to {max(missing)} are missing"
    if facts.gone and boot == facts.boots[0]:
        firsts = (next(_starts(source, name, boot), 0) for name in cast)
        return "" if 1 in firsts else "its beginning is gone"
    return ""


def _starts(source: Source, actor: str, boot: Boot) -> Iterator[int]:
    """Yield which runs of an actor began in a run of the process."""
    for row in _told(source, actor, boot, boot.last_seq):
        if row.name == STARTED:
            yield field(row, "incarnation")


def _told(source: Source, actor: str, boot: Boot, upto: int) -> Iterator[Row]:
    """Yield what is told of an actor's life in a run of the process."""
    for page in source.rows(Wanted(actor=actor, part=Part.LIFE), after=boot.first_seq - 1, upto=upto):
        yield from page


class _Found:
    """What has come out so far."""

    def __init__(self) -> None:
        self.handled = self.alike = self.further = 0
        self.otherwise: list[Otherwise] = []
        self.not_known: list[NotKnown] = []

    def add[One](self, kept: list[One], one: One) -> None:
        if len(kept) < KEPT:
            kept.append(one)
        else:
            self.further += 1


class _Living:
    """One core actor, as it would be."""

    def __init__(self, name: str, actor: Actor[Any], incarnation: int) -> None:
        self.name = name
        self.actor = actor
        self.incarnation = incarnation
        self.memory = Memory()
        self.is_up = True
        self.takes = True
        """Whether it takes what comes; one that is to stop leaves that to the next run."""

    def speaker(self, catalog: Catalog, hook: str = "") -> Speaker:
        return Speaker(self.name, self.incarnation, catalog, hook, memory=self.memory)

    def method_for(self, kind: type[Message]) -> str | None:
        handlers = self.actor.handlers
        return next((handlers[base] for base in kind.__mro__ if base in handlers), None)


class _Said(Record):
    """What was or is said, to be compared."""

    seq: int
    at_ns: int
    actor: str
    kind: str
    name: str
    payload: str
    id: str
    cause: str


class _World:
    """The core actors through one run of the process."""

    def __init__(  # noqa: PLR0917 - made in one place
        self,
        cast: Cast,
        source: Source,
        boot: Boot,
        last: int,
        found: _Found,
        catalog: Catalog,
        names: tuple[str, ...],
    ) -> None:
        self._cast = cast
        self._catalog = catalog
        self._found = found
        self._last = last
        self._living: dict[str, _Living] = {}
        self._order = count()
        self._rows = _rows(cast, source, boot.first_seq - 1, last, catalog, names)
        own = [row for row in self._rows if row.source in cast]
        self._then = {row.id: row for row in own if row.kind in {Kind.EVENT, Kind.EFFECT} and _is_said(row)}
        self._asked = {row.id: row for row in own if row.kind == Kind.COMMAND}
        self._alike: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in self._asked.values():
            self._alike[row.source, row.name, row.payload].append(row)
        self._ends = frozenset((field(row, "actor"), row.cause) for row in self._rows if row.name == EXITED)
        lives = {name: Life(name, _told(source, name, boot, last)) for name in cast}
        self._lost = {name: life.lost for name, life in lives.items()}
        self._stops = frozenset(
            (name, moment.incarnation)
            for name, life in lives.items()
            for moment in life.moments
            if moment.name == STOPPING
        )
        self._again = frozenset(
            (name, moment.message, moment.attempt)
            for name, life in lives.items()
            for moment in life.moments
            if moment.name == REQUEUED
        )
        self._replies = {row.cause: row for row in self._rows if row.kind in {Kind.REPLY, Kind.NO_REPLY}}
        self._now: list[_Said] = []
        # What is due at an entry of the journal, and what at an instant.
        self._coming: list[_Due] = []
        self._timers: list[_Due] = []
        self._waiting: dict[str, list[Envelope]] = {name: [] for name in cast}
        self._handlers = {name: build().handlers for name, build in cast.items()}
        self._keys: dict[tuple[str, str], int] = {}
        self._cancelled: set[int] = set()
        self._scheduled: set[int] = set()

    def go(self, on_progress: Callable[[int], None] | None) -> None:
        for place, row in enumerate(self._rows):
            self._catch_up(row.seq, row.wall_ns)
            if row.name in {STARTED, STOPPING, EXITED} and row.kind == Kind.EVENT:
                self._live(row)
            if row.source not in self._cast or not _is_said(row):
                self._from_outside(row)
            if on_progress is not None and not place % 500:
                on_progress(row.seq)
        self._catch_up(self._last + 1, self._rows[-1].wall_ns if self._rows else 0)
        self._compare()

    # --- what comes when

    def _catch_up(self, seq: int, wall_ns: int) -> None:
        """Handle all that comes of what was, before the entry *seq*."""
        handled = 0
        while True:
            if self._coming and self._coming[0][0] < seq:
                due = heapq.heappop(self._coming)
            elif self._timers and self._timers[0][0] <= wall_ns:
                due = heapq.heappop(self._timers)
            else:
                return
            _, number, actor, key, envelope = due
            if number in self._cancelled:
                self._cancelled.discard(number)
                continue
            if self._keys.get((actor, key)) == number:
                del self._keys[actor, key]
            handled += 1
            if handled > _ENDLESS:
                raise EndlessError(seq)
            self._say(envelope)

    def _from_outside(self, row: Row) -> None:
        if row.kind not in {Kind.EVENT, Kind.COMMAND}:
            return
        wire = self._catalog.named(row.name)
        if wire is None:
            return
        envelope = row.envelope(_read(row, self._catalog))
        if row.kind == Kind.EVENT:
            self._deliver(envelope)
        elif row.target in self._cast:
            self._take(row.target, envelope)

    def _live(self, row: Row) -> None:
        """Start, stop and end with the actors of then; but not with a failure that need not be one now."""
        name = field(row, "actor")
        if name not in self._cast:
            return
        living = self._living.get(name)
        if row.name == STARTED and (living is None or not living.is_up):
            self._start(name, field(row, "incarnation"), row.envelope(_read(row, self._catalog)))
        elif living is None or not living.is_up:
            return
        elif row.name == STOPPING:
            living.takes = False
            self._hook(living, "on_stop", row.envelope(_read(row, self._catalog)))
        elif row.name == EXITED and field(row, "exit") in _WANTED_ENDS:
            self._end(living)

    def _start(self, name: str, incarnation: int, because: Envelope) -> None:
        living = self._living[name] = _Living(name, self._cast[name](), incarnation)
        self._hook(living, "on_start", because)
        waiting, self._waiting[name] = self._waiting[name], []
        for envelope in waiting:
            self._take(name, envelope)

    def _end(self, living: _Living) -> None:
        living.is_up = living.takes = False
        self._cancelled |= {
            number
            for _, number, actor, _, _ in (*self._timers, *self._coming)
            if actor == living.name and number in self._scheduled
        }

    # --- handling

    def _say(self, envelope: Envelope) -> None:
        """Let a fact be known that a core actor states now."""
        self._note(envelope)
        self._deliver(envelope)

    def _deliver(self, envelope: Envelope) -> None:
        kinds = type(envelope.message).__mro__
        for name, handlers in self._handlers.items():
            if any(kind in handlers for kind in kinds):
                self._take(name, envelope)

    def _take(self, name: str, envelope: Envelope) -> None:
        """Let an actor have a message: now, or when it is up."""
        if envelope.id in self._lost[name]:
            return  # where it found no room, or came too late, then
        living = self._living.get(name)
        if living is None or not living.takes:
            self._waiting[name].append(envelope)
            return
        value = self._handle(living, envelope)
        then = self._replies.get(envelope.id) if envelope.kind is Kind.COMMAND else None
        if then is not None and then.kind == Kind.REPLY and value is not _NO_VALUE:
            now = self._catalog.encode_reply(type(envelope.message), value).decode()
            if now == then.payload:
                self._found.alike += 1
            else:
                self._differ(_said_in(then), then.payload, now)

    def _handle(self, living: _Living, envelope: Envelope) -> object:
        method = living.method_for(type(envelope.message))
        assert method is not None  # noqa: S101 - who calls this has looked
        ctx = Context(envelope, living.speaker(self._catalog))
        return self._drive(living, getattr(living.actor, method)(envelope.message, ctx), ctx)

    def _hook(self, living: _Living, hook: str, envelope: Envelope) -> None:
        ctx = Context(envelope, living.speaker(self._catalog, hook))
        self._drive(living, getattr(living.actor, hook)(ctx), ctx, hook)

    def _drive(self, living: _Living, handling: Handling, ctx: Context, hook: str = "") -> object:
        self._found.handled += 1
        try:
            wants = step(handling)
            while isinstance(wants, Ask):
                wants = step(handling, self._answer(living, ctx, wants))
        except _UnknownReplyError:
            return _NO_VALUE
        except Exception as error:  # noqa: BLE001 - whatever it raises, it would have failed
            self._fail(living, ctx, error, hook)
            return _NO_VALUE
        finally:
            close(handling)
        for output in ctx.outputs:
            self._send(living, ctx, output)
        if ctx.wants_stop and living.takes:
            living.takes = False
            if (living.name, living.incarnation) not in self._stops:  # else it stops where it did then
                self._hook(living, "on_stop", ctx.envelope)
                self._end(living)
        return wants.value

    def _fail(self, living: _Living, ctx: Context, error: Exception, hook: str) -> None:
        """Note the failure, unless it failed then too, and begin anew as a supervisor would."""
        self._end(living)
        if (living.name, ctx.message_id) in self._ends:
            again = msgspec.structs.replace(ctx.envelope, attempt=ctx.attempt + 1)
            if (living.name, again.id, again.attempt) in self._again:
                self._waiting[living.name].insert(0, again)
            return  # it begins again where it did then
        # One that fails at its start would fail again and again.
        further = "and not come up" if hook else "and begun anew"
        what = f"would have failed with {type(error).__name__}: {error}, {further}"
        self._not_known(living, ctx, what)
        if not hook:
            self._start(living.name, living.incarnation + 1, ctx.envelope)

    def _answer(self, living: _Living, ctx: Context, ask: Ask[Any]) -> Answer:
        asked = next((one for one in self._living.values() if _answers(one, ask.command)), None)
        if asked is not None:
            message, _ = self._catalog.carry(ask.command)
            envelope = _envelope(ctx, living, Kind.COMMAND, message, ask.command_id)
            value = self._handle(asked, envelope)
            if value is _NO_VALUE:
                raise _UnknownReplyError
            return value, None
        message, payload = self._catalog.carry(ask.command)
        then = self._asked.get(ask.command_id)
        name = self._catalog.of(type(message)).name
        if then is None or (then.name, then.payload) != (name, payload.decode()):
            then = self._nearest(self._alike.get((living.name, name, payload.decode()), []), ctx.seq)
        reply = None if then is None else self._replies.get(then.id)
        if reply is None:
            self._not_known(living, ctx, f"asks {name} {payload.decode()}, which was not asked then")
            raise _UnknownReplyError
        if reply.kind == Kind.NO_REPLY:
            return None, recorded_error(reply)
        return self._catalog.decode_reply(reply.name, reply.payload.encode()), None

    @staticmethod
    def _nearest(rows: Sequence[Row], seq: int) -> Row | None:
        place = bisect_left(rows, seq, key=attrgetter("seq"))
        return min(rows[max(0, place - 1) : place + 1], key=lambda row: abs(row.seq - seq), default=None)

    def _send(self, living: _Living, ctx: Context, output: Output) -> None:
        envelope = _envelope(ctx, living, output.kind, output.message, output.id)
        then = self._then.get(output.id)
        number = next(self._order)
        if output.delay is not None:
            self._scheduled.add(number)
            if output.key:
                self._replace(living.name, output.key, number)
        if output.kind is not Kind.EVENT:
            self._note(envelope)
        elif then is not None:
            # Where it was said then too, what came from outside in between comes in between again.
            again = _moved(envelope, seq=then.seq, wall_ns=then.wall_ns)
            heapq.heappush(self._coming, (then.seq, number, living.name, output.key, again))
        elif output.delay is None:
            heapq.heappush(self._coming, (ctx.seq, number, living.name, "", envelope))
        else:
            due = ctx.envelope.wall_ns + round(output.delay * NANOSECONDS)
            late = _moved(envelope, seq=ctx.seq, wall_ns=due)
            heapq.heappush(self._timers, (due, number, living.name, output.key, late))

    def _replace(self, actor: str, key: str, number: int) -> None:
        before = self._keys.get((actor, key))
        if before is not None:
            self._cancelled.add(before)
        self._keys[actor, key] = number

    def _not_known(self, living: _Living, ctx: Context, what: str) -> None:
        self._found.add(self._found.not_known, NotKnown(seq=ctx.seq, actor=living.name, what=what))

    # --- then and now

    def _note(self, envelope: Envelope) -> None:
        wire = self._catalog.of(type(envelope.message))
        if wire.journaled:
            self._now.append(
                _Said(
                    seq=envelope.seq,
                    at_ns=envelope.wall_ns,
                    actor=envelope.source,
                    kind=envelope.kind,
                    name=wire.name,
                    payload=self._catalog.encode(envelope.message).decode(),
                    id=envelope.id,
                    cause=envelope.cause,
                )
            )

    def _compare(self) -> None:
        """Pair what was said with what is said: by its id, else by what it is, else by what it came of."""
        then = {row.id: _said_in(row) for row in self._then.values()}
        left = [said for said in self._now if not self._pair(then, said, then.get(said.id))]
        for rule in (_content, _cause):
            waiting: dict[object, deque[_Said]] = {}
            for said in then.values():
                waiting.setdefault(rule(said), deque()).append(said)
            unpaired: list[_Said] = []
            for said in left:
                those = waiting.get(rule(said))
                if those:
                    self._pair(then, said, those.popleft(), is_sure=True)
                else:
                    unpaired.append(said)
            left = unpaired
        for said in left:
            self._differ(said, "", said.payload)
        for said in then.values():
            self._differ(said, said.payload, "")

    def _pair(self, then: dict[str, _Said], now: _Said, old: _Said | None, *, is_sure: bool = False) -> bool:
        if old is None or (not is_sure and _content(old) != _content(now)):
            return False
        del then[old.id]
        if _content(old) == _content(now):
            self._found.alike += 1
        else:
            self._differ(now, old.payload, now.payload)
        return True

    def _differ(self, said: _Said, then: str, now: str) -> None:
        one = Otherwise(
            seq=said.seq,
            at_ns=said.at_ns,
            actor=said.actor,
            kind=said.kind,
            name=said.name,
            then=then,
            now=now,
            fields=differences(then, now) if then and now else (),
        )
        self._found.add(self._found.otherwise, one)


def _handled(cast: Cast, source: Source, catalog: Catalog) -> tuple[str, ...]:
    """Return the names of the facts in the journal that an actor of *cast* handles."""
    handled = frozenset(base for build in cast.values() for base in build().handlers)
    names = sorted({row.name for row in source.names() if row.kind == Kind.EVENT})
    return tuple(name for name in names if _is_handled(name, handled, catalog))


def _rows(  # noqa: PLR0917 - made in one place
    cast: Cast, source: Source, after: int, upto: int, catalog: Catalog, names: tuple[str, ...]
) -> Sequence[Row]:
    """Return all that came to the actors of *cast*, what they said, and what became of them, in order."""
    found: dict[int, Row] = {}
    for actor in cast:
        for part in Part:
            for page in source.rows(Wanted(actor=actor, part=part, names=names), after=after, upto=upto):
                found |= {row.seq: row for row in page}
    known = (found[seq] for seq in sorted(found) if catalog.knows(found[seq].name, found[seq].version))
    return [today for row in known for today in renewed(row, catalog)]


def _is_handled(name: str, handled: frozenset[type[Message]], catalog: Catalog) -> bool:
    wire = catalog.named(name)
    if wire is None:
        return True  # of an older name; what became of it is seen later
    return any(base in handled for base in wire.cls.__mro__)


def _is_said(row: Row) -> bool:
    """Return whether *row* is something that an actor decided, and not what is said of its life."""
    return row.name not in SAID_OF_ONESELF and row.name != EXITED


def _answers(living: _Living, command: Command[Any]) -> bool:
    return living.is_up and living.method_for(type(command)) is not None


def _said_in(row: Row) -> _Said:
    return _Said(
        seq=row.seq,
        at_ns=row.wall_ns,
        actor=row.source,
        kind=row.kind,
        name=row.name,
        payload=row.payload,
        id=row.id,
        cause=row.cause,
    )


def _content(said: _Said) -> tuple[str, ...]:
    return said.actor, said.kind, said.name, said.payload


def _cause(said: _Said) -> tuple[str, ...]:
    return said.actor, said.kind, said.name, said.cause


def _read(row: Row, catalog: Catalog) -> Message:
    try:
        return catalog.decode(row.name, row.version, row.payload.encode())
    except UnreadableMessageError as error:
        raise noted(error, row) from error.__cause__


def _envelope(ctx: Context, living: _Living, kind: Kind, message: Message, message_id: str) -> Envelope:
    """Return what a core actor sends now: as of the moment of the message that it handles."""
    own = ctx.envelope
    return Envelope(
        own.seq, own.wall_ns, own.mono_ns, kind, message, trace_of(own, living.name), own.origin, message_id
    )


def _moved(envelope: Envelope, *, seq: int, wall_ns: int) -> Envelope:
    return msgspec.structs.replace(envelope, seq=seq, wall_ns=wall_ns)
