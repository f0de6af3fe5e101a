"""One actor's life in one run of the process, lived again beside the rows of then.

Two readers go along together: one has what the actor was told, one what it said. What it says now is compared
with the next of what it said, so that nothing has to be kept but a page of each.
"""

from bisect import bisect_left
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from acore.clock import NANOSECONDS
from acore.errors import AcoreError
from acore.events.base import Envelope, Kind, Message, Origin, Trace, derive_id
from acore.events.catalog import Catalog
from acore.events.upcast import UnreadableMessageError
from acore.replay.compare import Difference, Spoken, compare, contrast
from acore.replay.life import (
    BURIED,
    REQUEUED,
    Life,
    Moment,
    recorded_error,
)
from acore.replay.report import (
    KEPT_DIVERGENCES,
    LAST_INPUTS,
    Divergence,
    DivergenceKind,
    LastInput,
    Said,
    Step,
    differences,
)
from acore.replay.said import Sayings
from acore.replay.upcast import noted, renewed
from acore.runtime.actor import Actor, Context, Output, Speaker
from acore.runtime.driver import Answer, Ask, Done, Handling, NoLoop, close, loop_in_place, put_in_place, step
from acore.runtime.edge import UndeclaredAskError
from acore.runtime.memory import Memory, canonical, digest_of, shape_of
from acore.runtime.watchdog import HANDLER_TIMEOUT
from acore.storage.query import Row
from acore.storage.scan import Boot, Snapshot

# How long an actor may have been busy with a message, e.g. waiting for a reply, when the journal ended.
_BUSY_AT_MOST = int(HANDLER_TIMEOUT) * NANOSECONDS
# Replies that nobody recorded, as to who asked from outside, are waited for until so many others came.
_AWAITED = 10_000
_EXCUSED = 1000
_NEVER_BEGUN = "never begun"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPLIES = frozenset({Kind.REPLY, Kind.NO_REPLY})


class _UnfinishedError(AcoreError):
    """Then, the handler did not come further than this: there is nothing to compare it with."""


class _OtherAskError(AcoreError):
    """The handler asks what it did not ask then, so there is no answer for it."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.kind)
        self.difference = difference


class Plan(msgspec.Struct, frozen=True):
    """How rows of one name and version are handled: decoded and given to `method`; blank when by none.

    One that is not of today's version is brought up first.
    """

    decode: Callable[[str], Any]
    method: str
    is_of_today: bool = True


type _Way = tuple[int, Callable[[str], Any], Callable[[Any, Context], Handling] | None]
"""The version of today, what decodes it, and what handles it; None when the actor does not."""


class _Armed(msgspec.Struct, frozen=True, gc=False):
    """Something set for later, which comes back as an input when its time has come."""

    cause: Row
    method: str
    incarnation: int
    spoken: Spoken
    key: str


type Judges = Callable[[int, int, str], bool]
"""Whether what came of the row with this number, instant in nanoseconds and correlation is judged."""


class _Turn(msgspec.Struct, gc=False):
    """One attempt at a message: by which method or hook, and how it ended then and now."""

    row: Row
    method: str
    hook: str
    failure: str | None
    attempt: int
    error: str = ""


class Ledger:
    """What a replay adds up over all runs of the process."""

    def __init__(self, judges: Judges | None, *, goes_on: bool, tells: bool) -> None:
        """Begin with nothing.

        Args:
            judges: Whether what came of a row is judged; None for every one.
            goes_on: Whether to go on after the first difference.
            tells: Whether steps are wanted.
        """
        self.judges = judges
        self.tells = tells
        self.handled = 0
        self.judged = 0
        self.divergences: list[Divergence] = []
        self.further = 0
        self.steps: deque[Step] = deque()
        self.warnings: list[str] = []
        self.is_over = False
        self.outputs = blake2b(digest_size=16)
        self._goes_on = goes_on

    def is_judged(self, seq: int, wall_ns: int, correlation: str) -> bool:
        """Return whether what came of a row is judged; blank is the correlation of what no message led to."""
        return self.judges is None or self.judges(seq, wall_ns, correlation)

    def add(self, divergence: Divergence) -> None:
        """Note a difference; the first one may be the last."""
        if self.is_over:
            return
        if len(self.divergences) < KEPT_DIVERGENCES:
            self.divergences.append(divergence)
        else:
            self.further += 1
        self.is_over = not self._goes_on


class Trial(msgspec.Struct):
    """Who is replayed, with all that is the same in every run of the process."""

    name: str
    build: Callable[[], Actor[Any]]
    catalog: Catalog
    plans: dict[tuple[str, int], Plan]
    find: Callable[[str], Row | None]
    kept: Callable[[int], str | None]
    """Returns the state that is kept for the row of this number."""
    replayed_by: str
    is_strict: bool
    """Whether a run is only lived when all that it was told is there."""
    want_states: bool


class Again:
    """One actor over one run of the process."""

    def __init__(self, trial: Trial, ledger: Ledger, boot: Boot, life: Life, said: Sayings) -> None:
        """Begin before its first start."""
        self._trial = trial
        self._name = trial.name
        self._catalog = trial.catalog
        self._plans = trial.plans
        self._ledger = ledger
        self._boot = boot
        self._life = life
        self._moments = life.moments
        self._at = 0
        self._said = said
        self._waiting: deque[Row] = deque()
        self._attempts: dict[str, int] = {}
        self._awaited: OrderedDict[str, tuple[Row, str, str]] = OrderedDict()
        self._armed: dict[str, _Armed] = {}
        self._keys: dict[str, str] = {}
        self._excused: OrderedDict[str, None] = OrderedDict()
        self._last: deque[Row | tuple[int, str, str]] = deque(maxlen=LAST_INPUTS)
        self._begun_at = 0
        self._started_at = 0
        self._saw_end = False
        self._is_alive = False
        self._takes = False
        self._now: Row | None = None
        # The short way is for who tells no steps.
        self._is_plain = not ledger.tells
        self._origin = Origin(node=boot.node, boot=boot.boot)
        self._index = 0
        self._is_handling = False
        self._roots: dict[str, Trace] = {}
        self._broken: BaseException | None = None
        self._told = len(ledger.divergences)
        self.first_fed = 0
        """The number of the first row that was fed, or of the snapshot begun at; 0 for none."""
        self.is_cut = False
        """Whether a run was left out, since what it was told is not all there."""
        self._be(trial.build(), 0)

    def _be(self, actor: Actor[Any], incarnation: int) -> None:
        """Be *actor*, in the run of this number."""
        self.actor = actor
        self._incarnation = incarnation
        self._handlers: dict[str, Any] = {}
        self._ways: dict[str, _Way] = {}
        self._memory = memory = Memory(self._life.patches.get(incarnation, {}))
        self._speaker = Speaker(self._name, incarnation, self._catalog, memory=memory)
        self._armed.clear()
        self._keys.clear()

    # --- the way through the rows

    def begin_at(self, snapshot: Snapshot, state: Any, unread: Sequence[Row]) -> None:  # noqa: ANN401 - of the actor's own type
        """Begin with a *state* that was kept, and with the messages that waited then."""
        self._be(self._trial.build(), snapshot.incarnation)
        self.actor.state = state
        while self._at < len(self._moments) and self._moments[self._at].seq <= snapshot.seq:
            moment = self._moments[self._at]
            if moment.seq == snapshot.seq and moment.latest:
                self._memory.latest_ns = nanoseconds(datetime.fromisoformat(moment.latest))
            self._at += 1
        for message, names in self._life.patches.get(snapshot.incarnation, {}).items():
            row = self._trial.find(message)
            if row is None or row.seq < snapshot.seq:
                self._memory.patches |= names
        self._begun_at = self._started_at = self.first_fed = snapshot.seq
        self._is_alive = self._takes = True
        self._waiting.extend(unread)

    def begin_anywhere(self) -> None:
        """Be alive at once, whatever came before: nothing that follows is sure."""
        self._is_alive = self._takes = True

    def go(self, pages: Iterator[Sequence[Row]], on_page: Callable[[int], None] | None) -> Iterator[Step]:
        """Live through *pages* of what it was told; yield the steps, if they are wanted."""
        ledger = self._ledger
        for page in pages:
            rows, index = page, 0
            if self._is_plain and self._takes:
                # What waits stands before what comes: in one line it goes the short way, too.
                rows = (*self._waiting, *page)
                self._waiting.clear()
            while index < len(rows):
                if self._is_plain and self._takes and not self._waiting:
                    index = self._hurry(rows, index)
                    if ledger.is_over or index == len(rows):
                        break
                self._arrive(rows[index])
                index += 1
                if ledger.steps:
                    yield from _emptied(ledger.steps)
                if ledger.is_over:
                    break
            if ledger.is_over:
                return
            if on_page is not None:
                on_page(page[-1].seq)

    def _arrive(self, row: Row) -> None:
        """Take in what comes next, after all that happened before it."""
        moments, dead = self._moments, self._life.never_came
        while self._at < len(moments) and moments[self._at].seq <= row.seq:
            self._live(moments[self._at])
        waiting, until = self._life.due[self._at]
        if dead and (gone := dead.get(row.id)) and not gone >= until > 0:
            return
        if self._is_input(row):
            self._waiting.append(row)
            self._work_off(waiting)

    # --- the short way: events that are handled, and nothing else happens

    def _hurry(self, rows: Sequence[Row], index: int) -> int:
        """Handle *rows* from *index* on while nothing but that happens; return the first that is left."""
        waiting, until = self._life.due[self._at]
        end = len(rows)
        if self._at < len(self._moments):
            end = bisect_left(rows, self._moments[self._at].seq, lo=index, key=_seq)
        if until:
            end -= waiting
        if end <= index:
            return index
        self._index = index
        turn = self._turn(rows, end)
        try:
            wants = step(turn, note=self._hear)
            while not isinstance(wants, Done):
                wants = step(turn, self._answer(rows[self._index], wants), note=self._hear)
        except Exception as error:
            close(turn)
            row = rows[self._index]
            if isinstance(error, msgspec.DecodeError) and not self._is_handling:
                raise noted(UnreadableMessageError(row.name, row.version, str(error)), row) from error
            if not self._is_handling:
                raise
            broken, self._broken, self._is_handling = self._broken, None, False
            method = self._plans[row.name, row.version].method
            self._give_up(_Turn(row, method, "", None, 1), broken or error)
            self._index += 1
        return self._index

    async def _turn(self, rows: Sequence[Row], end: int) -> None:
        """Handle one after the other.

        As in a live cell, a turn is stepped and awaits the handlers: that costs a third of stepping each.
        """
        put_in_place(NoLoop(self._hear))  # whoever steps the turn puts the loop back
        said, last, ways, event = self._said, self._last, self._ways, Kind.EVENT
        speaker, origin, special = self._speaker, self._origin, self._life.special
        roots, judges, digest = self._roots, self._ledger.judges, self._ledger.outputs.update
        handled = judged = 0
        try:
            for index in range(self._index, end):
                row = rows[index]
                self._index = index
                version, decode, handler = ways.get(row.name) or self._way(row.name)
                # Whatever is not simple goes the long way.
                if row.version != version or said.seq <= row.seq or (special and row.id in special):
                    return
                if handler is None:
                    continue
                message = decode(row.payload)
                last.append(row)
                if row.cause or row.correlation != row.id:
                    trace = Trace(row.source, row.cause, row.correlation)
                else:  # what nothing led to inherits nothing, and many share that
                    trace = roots.get(row.source) or roots.setdefault(row.source, Trace(row.source))
                envelope = Envelope(
                    row.seq, row.wall_ns, row.mono_ns, event, message, trace, origin, row.id, row.target
                )
                ctx = Context(envelope, speaker)
                handled += 1
                if judges is not None and judges(row.seq, row.wall_ns, row.correlation):
                    judged += 1
                self._is_handling = True
                await handler(message, ctx)
                if self._broken is not None:
                    raise self._broken
                self._is_handling = False
                outputs = ctx.outputs
                if outputs and not ctx.wants_stop and said.agrees(row.id, outputs):
                    for output in outputs:
                        digest(output.payload)
                elif (outputs or ctx.wants_stop or said.cause == row.id) and self._is_done_after(row, ctx):
                    self._index += 1
                    return
            self._index = end
        finally:
            self._ledger.handled += handled
            self._ledger.judged += handled if judges is None else judged

    def _is_done_after(self, row: Row, ctx: Context) -> bool:
        """Compare what was said with all care; return whether nothing more is handled after it."""
        self._now = row
        method = self._plans[row.name, row.version].method
        loop = loop_in_place()
        put_in_place(None)  # it is not the handlers that look something up
        try:
            self._conclude(_Turn(row, method, "", None, 1), ctx.outputs, "")
        finally:
            put_in_place(loop)
        self._takes = not ctx.wants_stop
        return self._ledger.is_over or not self._takes

    def _way(self, name: str) -> _Way:
        """Return how events of a name are handled by the present run."""
        wire = self._catalog.named(name)
        plan = None if wire is None else self._plans.get((name, wire.version))
        if wire is None or plan is None or wire.kind is not Kind.EVENT:
            way: _Way = (0, _undecoded, None)
        else:
            way = (wire.version, plan.decode, getattr(self.actor, plan.method) if plan.method else None)
        self._ways[name] = way
        return way

    def _hear(self, error: BaseException) -> None:
        self._broken = self._broken or error

    def finish(self, upto: int, coming: int) -> Iterator[Step]:
        """Come to the end: of the run of the process, or of what is wanted of it.

        Args:
            upto: The last number that is wanted.
            coming: How many more inputs come before the next moment that tells how many wait.
        """
        moments = self._moments
        while not self._ledger.is_over and self._at < len(moments) and moments[self._at].seq <= upto:
            self._live(moments[self._at])
        if not self._ledger.is_over:
            self._work_off(max(0, self._life.due[self._at][0] - coming))
        if not self._ledger.is_over and upto >= self._boot.last_seq:
            self._pass_until(upto + 1)
        yield from _emptied(self._ledger.steps)

    def due(self) -> tuple[int, int]:
        """Return how many messages wait at the next moment that tells it, and its number."""
        return self._life.due[self._at]

    def _work_off(self, leave: int) -> None:
        """Handle what waits but for the last *leave*, which then waited longer."""
        waiting, life = self._waiting, self._life
        while self._takes and len(waiting) > leave and not self._ledger.is_over:
            if life.replaced and waiting[0].id in life.replaced:
                return  # a newer one will take its place
            row = waiting.popleft()
            if row.id in life.never_came:
                continue
            self._feed(row)

    def _is_input(self, row: Row) -> bool:
        plan = self._plans.get((row.name, row.version))
        if plan is None:
            return False
        if plan.is_of_today:
            return bool(plan.method)
        return any(self._plans[part.name, part.version].method for part in renewed(row, self._catalog))

    def _live(self, moment: Moment) -> None:
        """Start, stop or end with the actor of then, or compare what it knows."""
        self._at += 1
        if moment.name not in {BURIED, REQUEUED}:
            self._pass_until(moment.seq)
        match moment.name:
            case "actor.started":
                self._start(moment)
            case "actor.stopping" if self._is_alive:
                assert moment.row is not None  # noqa: S101 - a stop has its row
                self._takes = False
                self._feed(moment.row, "on_stop")
            case "message.requeued":
                self._put_back(moment)
            case "actor.exited" if self._incarnation in {0, moment.incarnation}:
                self._end(moment)
            case "actor.remembered" if self._is_alive and moment.incarnation == self._incarnation:
                self._weigh(moment)
            case "letter.died":
                self._replace(moment)
            case _:
                pass
        if self._life.never_came:
            gone, until = self._life.never_came, self._life.due[self._at][1]
            if any(row.id in gone for row in self._waiting):
                self._waiting = deque(
                    row for row in self._waiting if row.id not in gone or gone[row.id] >= until > 0
                )
        self._work_off(self._life.due[self._at][0])

    def _start(self, moment: Moment) -> None:
        self._incarnation = moment.incarnation
        # What waited for a run may have come before the journal's beginning, if the run before has.
        if moment.incarnation == 1 or self._saw_end or not self._trial.is_strict:
            assert moment.row is not None  # noqa: S101 - a start has its row
            self._be(self._trial.build(), moment.incarnation)
            self._started_at = moment.seq
            self.first_fed = self.first_fed or moment.seq
            self._is_alive = self._takes = True
            self._feed(moment.row, "on_start")
        else:
            self.is_cut = True

    def _put_back(self, moment: Moment) -> None:
        again = self._now if self._now is not None and self._now.id == moment.message else None
        again = again or self._trial.find(moment.message)
        if again is not None and moment.message not in self._life.replaced:
            self._waiting.appendleft(again)
            self._attempts[again.id] = moment.attempt

    def _replace(self, moment: Moment) -> None:
        """Let the newest message take the place of the one that it replaced."""
        self._life.replaced.discard(moment.message)
        for index, row in enumerate(self._waiting):
            if row.id == moment.message:
                self._waiting[index] = self._waiting.pop() if index + 1 < len(self._waiting) else row
                return

    def _end(self, moment: Moment) -> None:
        """End a run of then, and with it what it had handled and this one, which was over before, had not."""
        ids = [one.id for one in self._waiting]
        # What a hook fails on, e.g. the fact of the own start, was not taken out of the queue for that.
        if moment.message in ids and moment.message not in self._attempts and not moment.in_hook:
            for _ in range(ids.index(moment.message) + 1):
                self._waiting.popleft()
        # Which messages a run left to the next one is known if it failed on one of them, or was followed.
        self._saw_end = self._is_alive or (
            bool(moment.message) and self._trial.find(moment.message) is not None
        )
        self._is_alive = self._takes = False
        self._armed.clear()
        self._keys.clear()

    def _weigh(self, moment: Moment) -> None:
        """Compare what it knows with what it knew."""
        if not self._ledger.is_judged(moment.seq, moment.wall_ns, ""):
            return
        state = canonical(self.actor.state)
        if moment.digest in {"", digest_of(state)}:
            return
        if moment.shape != shape_of(self.actor.state_type):
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

    # --- one message

    def _feed(self, row: Row, hook: str = "") -> None:
        """Let the actor handle *row*; if it ended with it then, it ends with it now."""
        failure = self._failure(row, hook) if self._life.has_failures or self._life.interrupted else None
        self._now = row
        attempt = self._attempts.pop(row.id, 1) if self._attempts else 1
        if failure == "":
            self._is_alive = self._takes = False
            self._excuse(row)
            return
        if failure == _NEVER_BEGUN:
            return
        if self._said.seq <= row.seq:  # it may be the actor's own, of a timer set before the beginning
            self._pass_until(row.seq + 1)
        plan = self._plans[row.name, row.version]
        turn = _Turn(row, hook or plan.method, hook, failure, attempt)
        self._last.append((row.seq, row.name, turn.method))
        if self._ledger.tells:
            self._tell_of(turn, plan)
        elif plan.is_of_today or hook:
            self._take(turn, plan)
        else:
            self._take_parts(turn)

    def _failure(self, row: Row, hook: str) -> str | None:
        """Return the error that this attempt at *row* ended with; see `Life.failure`."""
        failure = self._life.failure(row.id, in_hook=bool(hook))
        letter = None if hook else self._life.interrupted.get(row.id)
        if failure is not None or letter is None:
            return failure
        # It may have waited again, and nobody came.
        return "" if letter >= self._started_at else _NEVER_BEGUN

    def _take(self, turn: _Turn, plan: Plan) -> Sequence[Output]:
        """Handle a message as it is; return what was said, nothing when it failed."""
        row = turn.row
        try:
            message: Message = plan.decode(row.payload)
        except msgspec.DecodeError as error:
            raise noted(UnreadableMessageError(row.name, row.version, str(error)), row) from error
        speaker = self._speaker
        if turn.hook:
            speaker = Speaker(self._name, self._incarnation, self._catalog, turn.hook, memory=self._memory)
        ctx = Context(row.envelope(message, attempt=turn.attempt), speaker)
        reply = self._handle(turn, ctx, message)
        if reply is None:
            return ()
        if ctx.outputs or reply or self._said.cause == row.id:
            self._conclude(turn, ctx.outputs, reply)
        if self._excused:
            self._excused.pop(row.id, None)
        self._takes = self._takes and not ctx.wants_stop
        return ctx.outputs

    def _take_parts(self, turn: _Turn) -> Sequence[Output]:
        """Handle what a message has become since: another one, or several."""
        outputs: list[Output] = []
        row, reply, wants_stop = turn.row, "", False
        parts = renewed(row, self._catalog)
        if len(parts) > 1:
            self._said.reshaped.add(row.id)
        for part in parts:
            plan = self._plans[part.name, part.version]
            if not plan.method:  # only another part of what was one then has a handler
                continue
            turn.method = plan.method
            message: Message = plan.decode(part.payload)
            ctx = Context(row.envelope(message, attempt=turn.attempt), self._speaker)
            answered = self._handle(turn, ctx, message)
            if answered is None:
                return ()
            reply = answered
            outputs += ctx.outputs
            wants_stop |= ctx.wants_stop
        self._conclude(turn, outputs, reply)
        self._takes = self._takes and not wants_stop
        self._said.reshaped.discard(row.id)
        return outputs

    def _handle(self, turn: _Turn, ctx: Context, message: Message) -> str | None:
        """Return the reply, blank for none; None when it did not end well, which is noted if it did then."""
        row, method, ledger = turn.row, turn.method, self._ledger
        ledger.handled += 1
        ledger.judged += ledger.is_judged(row.seq, row.wall_ns, row.correlation)
        handler = self._handlers.get(method)
        if handler is None:
            handler = self._handlers[method] = getattr(self.actor, method)
        handling: Handling = handler(ctx) if turn.hook else handler(message, ctx)
        try:
            wants = step(handling)
            while not isinstance(wants, Done):
                wants = step(handling, self._answer(row, wants))
            reply = ""
            if row.kind == Kind.COMMAND:
                reply = self._catalog.encode_reply(type(message), wants.value).decode()
        except Exception as error:  # noqa: BLE001 - whatever it raises is compared with what it raised then
            self._give_up(turn, error)
        else:
            if turn.failure is None:
                return reply
            self._is_alive = self._takes = False
            self._excuse(row)
            self._diverge(row, method, Difference(DivergenceKind.OTHER_FAILURE, turn.failure, ""))
        finally:
            close(handling)
        return None

    def _give_up(self, turn: _Turn, error: BaseException) -> None:
        """Note what ended the handling of a message: the journal, a question, or what the handler raised."""
        row, failure = turn.row, turn.failure
        self._excuse(row)
        if isinstance(error, _UnfinishedError):
            turn.error = "it was not finished then"
            self._is_alive = self._takes = not self._trial.is_strict
            return
        if isinstance(error, _OtherAskError):
            turn.error = "it asks something else"
            self._diverge(row, turn.method, error.difference)
            self._takes = self._takes and not turn.hook  # what it did not learn at its start, it would miss
            return
        raised = type(error).__name__
        turn.error = f"{raised}: {error}" if str(error) else raised
        if raised != failure and not (failure is None and self._may_be_cut(row)):
            other = Difference(DivergenceKind.OTHER_FAILURE, failure or "", turn.error)
            self._diverge(row, turn.method, other)
        self._is_alive = self._takes = False

    def _answer(self, row: Row, ask: Ask[Any]) -> Answer:
        """Return what the journal says was replied to *ask*."""
        if type(ask.command) not in self.actor.asks:
            raise UndeclaredAskError(self._name, type(ask.command).__name__)
        command, payload = self._catalog.carry(ask.command)
        now = Spoken(Kind.COMMAND, self._catalog.of(type(command)).name, payload.decode())
        self._ledger.outputs.update(payload)
        asked = self._asked(row, ask.command_id)
        if asked is None:
            if self._may_be_cut(row):
                raise _UnfinishedError
            raise _OtherAskError(Difference(DivergenceKind.EXTRA_OUTPUT, "", str(now)))
        then = self._as_now(asked, now)
        if then != now:
            raise _OtherAskError(contrast(then, now))
        reply = self._reply_to(asked.id)
        if reply is None:
            raise _UnfinishedError
        if reply.kind == Kind.NO_REPLY:
            return None, recorded_error(reply)
        return self._catalog.decode_reply(reply.name, reply.payload.encode()), None

    def _asked(self, row: Row, command_id: str) -> Row | None:
        """Return what the actor asked next while it handled *row*; None when it asked nothing more."""
        while (one := self._said.peek()) is not None:
            if one.cause == row.id and one.kind == Kind.COMMAND and one.source == self._name:
                self._said.take()
                if one.id != command_id and row.id in self._excused:
                    continue  # of an attempt that came to nothing
                return one
            if not self._is_apart(one):
                return self._asked_later(row)
            self._pass()
        return None

    def _asked_later(self, row: Row) -> Row | None:
        """Return what was asked after something was said: of a message that was or is several."""
        if row.id not in self._said.reshaped:
            return None
        for index, one in self._said.ahead():
            if one.cause != row.id and one.source == self._name:
                return None
            if one.kind == Kind.COMMAND and one.source == self._name:
                return self._said.pull(index)
        return None

    def _reply_to(self, command_id: str) -> Row | None:
        end = self._life.ends[self._at] or self._boot.last_seq
        for index, one in self._said.ahead():
            if one.kind in _REPLIES and one.cause == command_id:
                return self._said.pull(index)
            if one.seq > end or (one.kind == Kind.COMMAND and one.source == self._name):
                return None
        return None

    # --- then and now

    def _conclude(self, turn: _Turn, outputs: Sequence[Output], reply: str) -> None:
        """Compare all that the actor said, now that it has ended well with a message."""
        row, method = turn.row, turn.method
        ledger = self._ledger
        if reply:
            ledger.outputs.update(reply.encode())
            self._awaited[row.id] = (row, method, reply)
            if len(self._awaited) > _AWAITED:
                self._awaited.popitem(last=False)
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
        then = self._said_of(row, turn.hook, now)
        if len(then) < len(now) and then == now[: len(then)] and self._may_be_cut(row):
            return
        for difference in compare(then, now):
            self._diverge(row, method, difference)

    def _arm(self, row: Row, method: str, output: Output, spoken: Spoken) -> None:
        key = output.key or output.id
        if (old := self._keys.pop(key, None)) is not None:
            self._armed.pop(old, None)
        self._keys[key] = output.id
        self._armed[output.id] = _Armed(row, method, self._incarnation, spoken, key)

    def _said_of(self, row: Row, hook: str, now: Sequence[Spoken]) -> list[Spoken]:
        """Take out and return what the actor said when it handled *row*, as it reads today."""
        own: set[str] | None = None
        if hook and self._is_input(row):
            # An actor may also handle the fact that starts or stops it: the same cause, other ids.
            own = {derive_id(row.id, f"{self._name}.{hook}", i) for i in range(len(now) + LAST_INPUTS)}
        then: list[Spoken] = []
        said = self._said
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
        return then

    def _as_now(self, then: Row, now: Spoken | None) -> Spoken:
        """Return *then* as it reads now: a field added since has its default in what is old."""
        spoken = Spoken(then.kind, then.name, then.payload)
        if now is None or spoken == now or then.name != now.name:
            return spoken
        message = self._catalog.decode(then.name, then.version, then.payload.encode())
        return Spoken(then.kind, then.name, self._catalog.encode(message).decode())

    def _is_apart(self, one: Row) -> bool:
        """Return whether *one* came of no handling that is still to come: a timer, a reply, a leftover."""
        if one.id in self._armed or one.cause in self._excused:
            return True
        if one.kind in _REPLIES:
            return one.source != self._name or one.cause in self._awaited
        return self._armed_alike(one) is not None or self._is_older(one)

    def _is_older(self, one: Row) -> bool:
        """Return whether *one* came of a timer that was set before the snapshot begun at."""
        if not self._begun_at or not self._is_input(one) or any(row.id == one.cause for row in self._waiting):
            return False
        cause = self._trial.find(one.cause)
        return cause is None or cause.seq < self._begun_at

    def _pass_until(self, seq: int) -> None:
        """Go past what was said before number *seq*: whatever it came of is over."""
        while self._said.seq < seq and not self._ledger.is_over:
            self._pass()

    def _pass(self) -> None:
        """Take out the next thing that was said, which came of nothing that is being handled."""
        one = self._said.take()
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
                self._diverge(armed.cause, armed.method, contrast(then, armed.spoken))
            return
        if self._is_alive and one.cause not in self._excused:
            self._miss(one)

    def _miss(self, one: Row) -> None:
        """Note what was said and is not, though what it came of has been handled."""
        cause = self._trial.find(one.cause) if one.cause else None
        if cause is None or cause.seq < self._begun_at:
            return  # it came of what was before the beginning
        plan = self._plans.get((cause.name, cause.version))
        spoken = str(Spoken(one.kind, one.name, one.payload))
        self._diverge(
            cause, plan.method if plan else "", Difference(DivergenceKind.MISSING_OUTPUT, spoken, "")
        )

    def _armed_alike(self, one: Row) -> str | None:
        """Return the id of what is set for later and reads as *one*, whose ids are not those of today."""
        if one.cause not in self._said.reshaped:
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
            self._diverge(row, method, Difference(DivergenceKind.OTHER_PAYLOAD, expected, reply, fields))

    def _excuse(self, row: Row) -> None:
        """Miss nothing that was said of *row*: its handling came to nothing, then or now."""
        self._excused[row.id] = None
        if len(self._excused) > _EXCUSED:
            self._excused.popitem(last=False)

    def _may_be_cut(self, row: Row) -> bool:
        """Return whether what came of *row* may be missing only because the journal ends."""
        if self._boot.last_mono_ns - row.mono_ns > _BUSY_AT_MOST:
            return False
        if self._life.signs[self._at]:
            return False
        return not any(
            one.source == self._name
            and one.kind not in _REPLIES
            and one.id not in self._armed
            and one.cause != row.id
            for _, one in self._said.ahead()
        )

    # --- what is told

    def _diverge(self, row: Row, method: str, difference: Difference) -> None:
        if self._ledger.is_judged(row.seq, row.wall_ns, row.correlation):
            self._note(row, difference, method)

    def _note(self, what: Row | Moment, difference: Difference, method: str = "") -> None:
        """Note a difference at a message, or at a moment, which is one of what was handled last."""
        last = tuple(map(self._shown, self._last))
        method = method or (last[-1].handler if last else "")
        self._ledger.add(
            Divergence(
                kind=difference.kind,
                seq=what.seq,
                message=what.name,
                actor=self._name,
                incarnation=self._incarnation,
                handler=method,
                place=place_of(type(self.actor), method),
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
        return LastInput(seq=one.seq, name=one.name, handler=self._plans[one.name, one.version].method)

    def _tell_of(self, turn: _Turn, plan: Plan) -> None:
        """Handle a message and tell the step, if it is wanted."""
        ledger, row, want_states = self._ledger, turn.row, self._trial.want_states
        before = canonical(self.actor.state).decode() if want_states else ""
        is_whole = plan.is_of_today or bool(turn.hook)
        outputs = self._take(turn, plan) if is_whole else self._take_parts(turn)
        if not ledger.is_judged(row.seq, row.wall_ns, row.correlation):
            return
        ledger.steps.append(
            Step(
                row=row,
                actor=self._name,
                incarnation=self._incarnation,
                handler=turn.method,
                place=place_of(type(self.actor), turn.method),
                attempt=turn.attempt,
                before=before,
                after=canonical(self.actor.state).decode() if want_states else "",
                outputs=tuple(
                    Said(
                        kind=one.kind,
                        name=self._catalog.of(type(one.message)).name,
                        payload=one.payload.decode(),
                        due=one.delay,
                    )
                    for one in outputs
                ),
                error=turn.error,
                divergences=tuple(ledger.divergences[self._told :]),
            )
        )
        self._told = len(ledger.divergences)


def place_of(kind: type[Actor[Any]], method: str) -> str:
    """Return file and line of an actor's *method*; of its class when it has no such method."""
    code = getattr(getattr(kind, method, None), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else kind.__qualname__


def nanoseconds(at: datetime) -> int:
    """Return the nanoseconds since 1970 of an instant."""
    return (at - _EPOCH) // timedelta(microseconds=1) * (NANOSECONDS // 10**6)


def _seq(row: Row) -> int:
    return row.seq


def _undecoded(_payload: str) -> object:
    """Stand in where another way is taken."""


def _emptied(steps: deque[Step]) -> Iterator[Step]:
    while steps:
        yield steps.popleft()
