"""Feeds a core actor what the journal says it was told, and compares what it says with what it said then.

Nothing outside is touched and no event loop is needed: acore steps the handlers itself, and the answers
to what they ask come from the journal.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from acore.errors import AcoreError
from acore.events.base import Kind, Message
from acore.events.catalog import CATALOG, Catalog
from acore.record import Record
from acore.replay.past import EXITED, REQUEUED, STARTED, STOPPING, Past, field, recorded_error, unread
from acore.replay.upcast import Renewed, Skipped, Unknown, renew
from acore.runtime.actor import Actor, Context, Output, Speaker
from acore.runtime.driver import Answer, Ask, Done, Handling, close, step
from acore.runtime.edge import UndeclaredAskError
from acore.storage.query import Row

type Told = Callable[[Row, tuple[int, str, Actor[Any], str, list[Output]]], None]


class Divergence(Record):
    """An actor did something else than it did then; what is blank was not done."""

    seq: int
    message: str
    incarnation: int
    handler: str
    problem: str
    expected: str
    actual: str


class Replayed(Record):
    """What came of a replay: how many messages were handled again, the differences, and the last state."""

    handled: int
    divergences: tuple[Divergence, ...]
    state: msgspec.Raw
    skipped: tuple[Skipped, ...] = ()
    """Unknown messages that were left out: what the actor made of them then it cannot do now."""


class _UnfinishedError(AcoreError):
    """Then, the handler did not come further than this: there is nothing to compare it with."""


class _OtherAskError(AcoreError):
    """The handler asks what it did not ask then, so there is no answer for it."""

    def __init__(self, problem: str, expected: str, actual: str) -> None:
        super().__init__(problem)
        self.expected = expected
        self.actual = actual


def replay(
    name: str,
    build: Callable[[], Actor[Any]],
    rows: Sequence[Row],
    *,
    catalog: Catalog = CATALOG,
    unknown: Unknown = "stop",
    told: Told | None = None,
) -> Replayed:
    """Replay one actor.

    Args:
        name: The actor's name in the journal.
        build: Makes it anew for each of its runs.
        rows: The journal in order, of one or several runs of the process; older versions are brought up.
        catalog: The message types.
        unknown: What to do when a message is not known: stop before anything is handled, or skip it.
        told: Called after each message, with the row, the actor's run, the method, the actor, the state
            before as JSON, and what was said.

    Raises:
        UnknownMessageError: The journal holds a message that is not known here and may be the actor's.
        UnreadableMessageError: An old message does not fit, or an upcaster failed.
    """
    renewed = renew(rows, name, catalog, unknown=unknown)
    handled, divergences = 0, list[Divergence]()
    state = _state(build())
    for _, boot in groupby(renewed.rows, key=lambda row: row.boot):
        one = _Replay(name, build, list(boot), renewed, catalog)
        one.told = told
        one.go()
        handled += one.handled
        divergences += one.divergences
        state = _state(one.actor)
    return Replayed(handled=handled, divergences=tuple(divergences), state=state, skipped=renewed.skipped)


class _Replay:
    """One actor over one run of the process."""

    def __init__(
        self,
        name: str,
        build: Callable[[], Actor[Any]],
        rows: Sequence[Row],
        renewed: Renewed,
        catalog: Catalog,
    ) -> None:
        self.actor = build()
        self.handled = 0
        self.divergences: list[Divergence] = []
        self._name = name
        self._build = build
        self._rows = rows
        self._catalog = catalog
        self._past = Past(name, rows, renewed.parts)
        self._renewed = renewed
        self.told: Told | None = None
        self._waiting: list[Row] = []
        self._again: set[str] = set()
        self._attempts: Counter[str] = Counter()
        self._left = self._left_for_the_next_run()
        self._incarnation = 0
        self._saw_end = False
        self._is_alive = False
        self._takes = False

    def go(self) -> None:
        for row in self._rows:
            if self._past.is_about(row):
                self._live(row)
            if self._is_input(row) and row.id not in self._past.never_came:
                self._waiting.append(row)
            while self._takes and self._waiting and self._left.get(self._waiting[0].id, 0) <= row.seq:
                self._feed(self._waiting.pop(0))

    def _live(self, row: Row) -> None:
        """Start, stop or end with the actor of then."""
        if row.name == STARTED:
            self._incarnation = field(row, "incarnation")
            # What waited for a run may have come before the journal's beginning, if the run before has.
            if self._incarnation == 1 or self._saw_end:
                self.actor = self._build()
                self._is_alive = self._takes = True
                self._feed(row, "on_start")
        elif row.name == STOPPING and self._is_alive:
            self._feed(row, "on_stop")
            self._takes = False
        elif row.name == REQUEUED and (again := self._past.by_id.get(field(row, "message_id"))):
            self._waiting.insert(0, again)
            self._again.add(again.id)
        elif row.name == EXITED and self._incarnation in {0, field(row, "incarnation")}:
            self._end(row)

    def _end(self, row: Row) -> None:
        """End a run of then, and with it what it had handled and this one, which was over before, had not."""
        ids = [one.id for one in self._waiting]
        if row.cause in ids and row.cause not in self._again:
            del self._waiting[: ids.index(row.cause) + 1]
        # Which messages a run left to the next one is known if it failed on one of them, or was followed.
        self._saw_end = self._is_alive or row.cause in self._past.by_id
        self._is_alive = self._takes = False

    def _left_for_the_next_run(self) -> dict[str, int]:
        """Return the messages that a run left unread when it was stopped, with the number of its stop."""
        left: dict[str, int] = {}
        came: list[Row] = []
        for row in self._rows:
            if row.name == STOPPING and self._past.is_about(row) and (count := unread(row)):
                there = [one for one in came if self._past.never_came.get(one.id, row.seq) >= row.seq]
                left |= {one.id: row.seq for one in there[-count:]}
            if self._is_input(row):
                came.append(row)
        return left

    def _is_input(self, row: Row) -> bool:
        if row.kind == Kind.COMMAND:
            return row.target == self._name
        return row.kind == Kind.EVENT and any(self._handled_by(part) for part in self._parts(row))

    def _parts(self, row: Row) -> tuple[Row, ...]:
        """Return what became of *row*; usually itself."""
        return self._renewed.parts.get(row.id, (row,))

    def _handled_by(self, row: Row) -> str | None:
        wire = self._catalog.named(row.name)
        return None if wire is None else _handler(self.actor, wire.cls)

    # --- one message

    def _feed(self, row: Row, hook: str = "") -> None:
        """Let the actor handle *row*; if it ended with it then, it ends with it now."""
        self._again.discard(row.id)
        failure = self._past.failure(row, in_hook=bool(hook))
        if failure is not None:
            self._is_alive = self._takes = False
        if failure == "":
            return
        said: list[Output] = []
        wants_stop = False
        method = reply = ""
        speaker = Speaker(self._name, self._incarnation, self._catalog, hook)
        self._attempts[row.id] += not hook
        for part in self._parts(row):
            if not (hook or self._handled_by(part)):  # only another part of what was one then has a handler
                continue
            method = hook or self._handled_by(part) or ""
            message = self._catalog.decode(part.name, part.version, part.payload.encode())
            ctx = Context(row.envelope(message, attempt=self._attempts[row.id]), speaker)
            handler = getattr(self.actor, method)
            before = bytes(_state(self.actor)).decode() if self.told else ""
            reply = self._handle(row, method, hook, failure, handler(ctx) if hook else handler(message, ctx))
            if self.told is not None:
                self.told(row, (self._incarnation, method, self.actor, before, ctx.outputs))
            if reply is None:
                return
            said += ctx.outputs
            wants_stop |= ctx.wants_stop
        if failure is not None:
            self._diverge(row, method, "did not raise", failure, "")
            return
        self._compare_outputs(row, method, said)
        # An actor may also handle the fact that started or stops it; what is left now it may say then.
        if not (hook and self._is_input(row)):
            self._miss(row, method)
        self._compare_replies(row, method, reply)
        self._takes = self._takes and not wants_stop

    def _handle(
        self, row: Row, method: str, hook: str, failure: str | None, handling: Handling
    ) -> str | None:
        """Return the reply, blank for none; None when it did not end well, which is noted if it did then."""
        self.handled += 1
        try:
            return self._reply(row, self._drive(row, handling))
        except _UnfinishedError:
            self._is_alive = self._takes = False
        except _OtherAskError as ask:
            self._diverge(row, method, str(ask), ask.expected, ask.actual)
            self._takes = self._takes and not hook  # what it did not learn at its start, it would miss
        except Exception as error:  # noqa: BLE001 - whatever it raises is compared with what it raised then
            self._is_alive = self._takes = False
            if type(error).__name__ != failure and not (failure is None and self._past.may_be_cut(row)):
                self._diverge(row, method, "raised", failure or "", type(error).__name__)
        finally:
            close(handling)
        return None

    def _drive(self, row: Row, handling: Handling) -> object:
        wants = step(handling)
        while isinstance(wants, Ask):
            wants = step(handling, self._answer(row, wants))
        assert isinstance(wants, Done)  # noqa: S101 - step returns nothing else
        return wants.value

    def _answer(self, row: Row, ask: Ask[Any]) -> Answer:
        if type(ask.command) not in self.actor.asks:
            raise UndeclaredAskError(self._name, type(ask.command).__name__)
        now = self._shown(*self._catalog.carry(ask.command))
        asked = self._past.asked.get(row.id, {})
        then = self._alike(asked, now) if self._is_reshaped(row) else self._past.by_id.get(ask.command_id)
        if then is None:
            if self._past.may_be_cut(row):
                raise _UnfinishedError
            raise _OtherAskError("extra ask", "", now)
        if not self._is_same(then, now):
            raise _OtherAskError("different ask", _shown(then), now)
        asked.pop(then.id, None)
        reply = self._past.replies.get(then.id)
        if reply is None:
            raise _UnfinishedError
        if reply.kind == Kind.NO_REPLY:
            return None, recorded_error(reply)
        return self._catalog.decode_reply(reply.name, reply.payload.encode()), None

    def _reply(self, row: Row, value: object) -> str:
        """Return the reply to *row* as the asker reads it; blank when nobody asked."""
        wire = self._catalog.named(row.name)
        if row.kind != Kind.COMMAND or wire is None:
            return ""
        return self._catalog.encode_reply(wire.cls, value).decode()

    # --- then and now

    def _compare_outputs(self, row: Row, method: str, outputs: Iterable[Output]) -> None:
        said = self._past.said.get(row.id, {})
        for output in outputs:
            now = self._shown(output.message, output.payload)
            own = self._alike(said, now) if self._is_reshaped(row) else said.get(output.id)
            then = said.pop(own.id) if own is not None else None
            if then is not None:
                if not self._is_same(then, now):
                    self._diverge(row, method, "different output", _shown(then), now)
            # What was set for later may not have been due before the journal ended or the actor stopped.
            elif output.delay is None and self._is_kept(output) and not self._past.may_be_cut(row):
                self._diverge(row, method, "extra output", "", now)

    def _miss(self, row: Row, method: str) -> None:
        """Note what came of *row* then and does not now."""
        for problem, then in (("missing ask", self._past.asked), ("missing output", self._past.said)):
            for one in then.get(row.id, {}).values():
                self._diverge(row, method, problem, _shown(one), "")

    def _compare_replies(self, row: Row, method: str, reply: str) -> None:
        then = self._past.replies.get(row.id)
        if then is None or then.kind != Kind.REPLY or then.payload == reply:
            return
        if self._reply(row, self._catalog.decode_reply(then.name, then.payload.encode())) != reply:
            self._diverge(row, method, "different reply", then.payload, reply)

    def _is_reshaped(self, row: Row) -> bool:
        """Return whether what was said on *row* is found by what it is: its ids are not those of today."""
        return row.id in self._renewed.reshaped

    def _alike(self, then: Mapping[str, Row], now: str) -> Row | None:
        return next((row for row in then.values() if self._is_same(row, now)), None)

    def _is_same(self, then: Row, now: str) -> bool:
        """Return whether *then* reads as *now* does: a field added since has its default in what is old."""
        if _shown(then) == now:
            return True
        if not now.startswith(f"{then.name} "):
            return False
        message = self._catalog.decode(then.name, then.version, then.payload.encode())
        return self._shown(message, self._catalog.encode(message)) == now

    def _is_kept(self, output: Output) -> bool:
        return self._catalog.of(type(output.message)).journaled

    def _shown(self, message: Message, payload: bytes) -> str:
        return f"{self._catalog.of(type(message)).name} {payload.decode()}"

    def _diverge(self, row: Row, method: str, problem: str, expected: str, actual: str) -> None:
        self.divergences.append(
            Divergence(
                seq=row.seq,
                message=row.name,
                incarnation=self._incarnation,
                handler=method,
                problem=problem,
                expected=expected,
                actual=actual,
            )
        )


def _state(actor: Actor[Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(actor.state, order="deterministic"))


def _shown(row: Row) -> str:
    return f"{row.name} {row.payload}"


def _handler(actor: Actor[Any], kind: type[Message]) -> str | None:
    return next((actor.handlers[base] for base in _bases(kind) if base in actor.handlers), None)


def _bases(kind: type[Message]) -> Iterator[type[Message]]:
    for base in kind.__mro__:
        if issubclass(base, Message):
            yield base
