"""One actor's life in one run of the process, lived again along the rows of what it was told then.

What it says on the way is compared by a `Judge`.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from acore.clock import nanoseconds
from acore.events.base import Envelope, Kind, Message, Origin, Trace
from acore.events.upcast import UnreadableMessageError
from acore.replay.compare import Difference
from acore.replay.judge import Judge, OtherAskError, UnfinishedError
from acore.replay.ledger import Ledger
from acore.replay.life import BURIED, REQUEUED, STARTED, STOPPING, Life, Moment
from acore.replay.report import DivergenceKind, Said, Step, place_of
from acore.replay.said import Sayings
from acore.replay.trial import Plan, Trial, undecoded
from acore.replay.upcast import noted, renewed
from acore.runtime.actor import Actor, Context, Output, Speaker
from acore.runtime.driver import Done, Handling, NoLoop, close, loop_in_place, put_in_place, step
from acore.runtime.memory import Memory, canonical
from acore.storage.query import Row
from acore.storage.scan import Boot
from acore.storage.snapshots import Snapshot

_NEVER_BEGUN = "never begun"

type _Way = tuple[int, Callable[[str], Any], Callable[[Any, Context], Handling] | None]
"""The version of today, what decodes it, and what handles it; None when the actor does not."""


class _Turn(msgspec.Struct, gc=False):
    """One attempt at a message: by which method or hook, and how it ended then and now."""

    row: Row
    method: str
    hook: str
    failure: str | None
    attempt: int
    error: str = ""


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
        self._judge = Judge(trial, ledger, boot, life, said)
        self._life = life
        self._moments = life.moments
        self._said = said
        self._waiting: deque[Row] = deque()
        self._attempts: dict[str, int] = {}
        self._started_at = 0
        self._saw_end = False
        self._is_lived = not trial.is_strict
        """Whether the present run is one that is lived again, from its start or from a state."""
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
        self._judge.be(actor, incarnation)

    # --- the way through the rows

    def begin_at(self, snapshot: Snapshot, state: Any, unread: Sequence[Row]) -> None:  # noqa: ANN401 - of the actor's own type
        """Begin with a *state* that was kept, and with the messages that waited then."""
        self._be(self._trial.build(), snapshot.incarnation)
        self.actor.state = state
        has_stopped = False
        while self._life.at < len(self._moments) and self._moments[self._life.at].seq <= snapshot.seq:
            moment = self._moments[self._life.at]
            if moment.name in {STARTED, STOPPING}:
                has_stopped = moment.name == STOPPING
            if moment.seq == snapshot.seq:
                self._memory.patches = frozenset(moment.patches)
                if moment.latest:
                    self._memory.latest_ns = nanoseconds(datetime.fromisoformat(moment.latest))
            self._life.at += 1
        # A journal may be older than the note of patches that goes with a state.
        for message, names in self._life.patches.get(snapshot.incarnation, {}).items():
            row = self._trial.find(message)
            if row is None or row.seq < snapshot.seq:
                self._memory.patches |= names
        self._is_lived = True
        self._judge.begun_at = self._started_at = self.first_fed = snapshot.seq
        self._judge.unread = frozenset(row.id for row in unread)
        self._is_alive = True
        self._takes = not has_stopped  # what waits is for the next run
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
        while self._life.at < len(moments) and moments[self._life.at].seq <= row.seq:
            self._live(moments[self._life.at])
        waiting, until = self._life.due[self._life.at]
        if dead and (gone := dead.get(row.id)) and not gone >= until > 0:
            return
        if self._trial.is_input(row):
            self._waiting.append(row)
            self._work_off(waiting)

    # --- the short way: events that are handled, and nothing else happens

    def _hurry(self, rows: Sequence[Row], index: int) -> int:
        """Handle *rows* from *index* on while nothing but that happens; return the first that is left."""
        waiting, until = self._life.due[self._life.at]
        end = len(rows)
        if self._life.at < len(self._moments):
            end = bisect_left(rows, self._moments[self._life.at].seq, lo=index, key=_seq)
        if until and waiting:
            end = self._before_waiting(rows, index, end, waiting)
        if end <= index:
            return index
        self._index = index
        turn = self._turn(rows, end)
        try:
            wants = step(turn, note=self._hear)
            while not isinstance(wants, Done):
                wants = step(turn, self._judge.answer(rows[self._index], wants), note=self._hear)
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

    def _before_waiting(self, rows: Sequence[Row], index: int, end: int, count: int) -> int:
        """Return where the last *count* messages begin that surely waited."""
        special = self._life.special
        while count and end > index:
            end -= 1
            row = rows[end]
            count -= row.id not in special and self._way(row.name)[2] is not None
        return end

    async def _turn(self, rows: Sequence[Row], end: int) -> None:
        """Handle one after the other.

        As in a live cell, a turn is stepped and awaits the handlers: that costs a third of stepping each.
        """
        put_in_place(NoLoop(self._hear))  # whoever steps the turn puts the loop back
        said, last, ways, event = self._said, self._judge.last, self._ways, Kind.EVENT
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
            self._judge.conclude(row, method, ctx.outputs)
        finally:
            put_in_place(loop)
        self._takes = not ctx.wants_stop
        return self._ledger.is_over or not self._takes

    def _way(self, name: str) -> _Way:
        """Return how events of a name are handled by the present run."""
        wire = self._catalog.named(name)
        plan = None if wire is None else self._plans.get((name, wire.version))
        if wire is None or plan is None or wire.kind is not Kind.EVENT:
            way: _Way = (0, undecoded, None)
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
        while (
            not self._ledger.is_over and self._life.at < len(moments) and moments[self._life.at].seq <= upto
        ):
            self._live(moments[self._life.at])
        if not self._ledger.is_over:
            self._work_off(max(0, self._life.due[self._life.at][0] - coming))
        if not self._ledger.is_over and upto >= self._boot.last_seq:
            self._pass_until(upto + 1, self._boot.last_mono_ns)
        yield from _emptied(self._ledger.steps)

    def due(self) -> tuple[int, int]:
        """Return how many messages wait at the next moment that tells it, and its number."""
        return self._life.due[self._life.at]

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

    def _live(self, moment: Moment) -> None:
        """Start, stop or end with the actor of then, or compare what it knows."""
        self._life.at += 1
        if moment.name not in {BURIED, REQUEUED}:
            self._pass_until(moment.seq, moment.mono_ns)
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
                self._judge.weigh(moment)
            case "letter.died":
                self._replace(moment)
            case _:
                pass
        if self._life.never_came:
            gone, until = self._life.never_came, self._life.due[self._life.at][1]
            if any(row.id in gone for row in self._waiting):
                self._waiting = deque(
                    row for row in self._waiting if row.id not in gone or gone[row.id] >= until > 0
                )
        self._work_off(self._life.due[self._life.at][0])

    def _pass_until(self, seq: int, mono_ns: int) -> None:
        """Go past what was said before number *seq*, by when all that is handled now had been handled."""
        self._judge.pass_until(seq, is_alive=self._is_alive)
        if self._is_alive:
            self._judge.date(mono_ns)

    def _start(self, moment: Moment) -> None:
        self._incarnation = moment.incarnation
        # What waited for a run may have come before the journal's beginning, if the run before has.
        if moment.incarnation == 1 or self._saw_end or not self._trial.is_strict:
            assert moment.row is not None  # noqa: S101 - a start has its row
            self._be(self._trial.build(), moment.incarnation)
            self._started_at = moment.seq
            self._is_lived = True
            self.first_fed = self.first_fed or moment.seq
            self._is_alive = self._takes = True
            self._feed(moment.row, "on_start")
        else:
            self.is_cut = True
            self._is_lived = False

    def _put_back(self, moment: Moment) -> None:
        # Of the attempt that failed all has been said; what comes is of the next one.
        self._judge.pass_until(moment.seq, is_alive=False)
        again = self._now if self._now is not None and self._now.id == moment.message else None
        again = again or self._trial.find(moment.message)
        self._life.put_back(moment.message, moment.attempt)
        if not self._is_lived:
            self._drop_through(moment.message)
        if again is not None:
            self._judge.expect(again)
            self._waiting.appendleft(again)
            self._attempts[again.id] = moment.attempt

    def _drop_through(self, message: str) -> None:
        """Take out of what waits what was taken out then: all up to *message*, which was being handled."""
        place = next((place for place, one in enumerate(self._waiting, 1) if one.id == message), 0)
        for _ in range(place):
            self._waiting.popleft()

    def _replace(self, moment: Moment) -> None:
        """Let the newest message take the place of the one that it replaced."""
        self._life.replaced.discard(moment.message)
        for index, row in enumerate(self._waiting):
            if row.id == moment.message:
                self._waiting[index] = self._waiting.pop() if index + 1 < len(self._waiting) else row
                return

    def _end(self, moment: Moment) -> None:
        """End a run of then, and with it what it had handled and this one, which was over before, had not."""
        if not self._is_lived and moment.message:
            self._life.failure(moment.message, in_hook=moment.in_hook)  # of an attempt that is not made again
        message, now = moment.message, self._now.id if self._now is not None else ""
        # What a hook fails on, e.g. the fact of the own start, was not taken out of the queue for that.
        if message not in {"", now} and message not in self._attempts and not moment.in_hook:
            self._drop_through(message)
        # Which messages a run left to the next one is known if it failed on one of them, or was followed.
        self._saw_end = self._is_alive or (
            bool(moment.message) and self._trial.find(moment.message) is not None
        )
        self._is_alive = self._takes = False
        self._judge.disarm()

    # --- one message

    def _feed(self, row: Row, hook: str = "") -> None:
        """Let the actor handle *row*; if it ended with it then, it ends with it now."""
        failure = self._failure(row, hook) if self._life.has_failures or self._life.interrupted else None
        self._now = row
        attempt = self._attempts.pop(row.id, 1) if self._attempts else 1
        if failure == "":
            self._is_alive = self._takes = False
            self._judge.excuse(row)
            return
        if failure == _NEVER_BEGUN:
            return
        if self._said.seq <= row.seq:  # it may be the actor's own, of a timer set before the beginning
            self._judge.pass_until(row.seq + 1, is_alive=self._is_alive)
        plan = self._plans[row.name, row.version]
        turn = _Turn(row, hook or plan.method, hook, failure, attempt)
        self._judge.last.append((row.seq, row.name, turn.method))
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
            self._judge.conclude(row, turn.method, ctx.outputs, hook=turn.hook, reply=reply)
        self._judge.expect(row)
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
        self._judge.conclude(row, turn.method, outputs, reply=reply)
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
                wants = step(handling, self._judge.answer(row, wants))
            reply = ""
            if row.kind == Kind.COMMAND:
                reply = self._catalog.encode_reply(type(message), wants.value).decode()
        except Exception as error:  # noqa: BLE001 - whatever it raises is compared with what it raised then
            self._give_up(turn, error)
        else:
            if turn.failure is None:
                return reply
            self._is_alive = self._takes = False
            self._judge.excuse(row)
            self._judge.diverge(row, method, Difference(DivergenceKind.OTHER_FAILURE, turn.failure, ""))
        finally:
            close(handling)
        return None

    def _give_up(self, turn: _Turn, error: BaseException) -> None:
        """Note what ended the handling of a message: the journal, a question, or what the handler raised."""
        row, failure = turn.row, turn.failure
        self._judge.excuse(row)
        if isinstance(error, UnfinishedError):
            turn.error = "it was not finished then"
            self._is_alive = self._takes = not self._trial.is_strict
            return
        if isinstance(error, OtherAskError):
            turn.error = "it asks something else"
            self._judge.diverge(row, turn.method, error.difference)
            self._takes = self._takes and not turn.hook  # what it did not learn at its start, it would miss
            return
        raised = type(error).__name__
        turn.error = f"{raised}: {error}" if str(error) else raised
        if raised != failure and not (failure is None and self._judge.may_be_cut(row)):
            other = Difference(DivergenceKind.OTHER_FAILURE, failure or "", turn.error)
            self._judge.diverge(row, turn.method, other)
        self._is_alive = self._takes = False

    # --- what is told

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


def _seq(row: Row) -> int:
    return row.seq


def _emptied(steps: deque[Step]) -> Iterator[Step]:
    while steps:
        yield steps.popleft()
