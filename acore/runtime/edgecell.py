"""The cell of an edge actor: its own loop, and beside it the messages for it."""

from asyncio import Task, current_task
from collections import OrderedDict
from collections.abc import Callable, Collection, Coroutine, Iterator
from typing import Any, cast

from anyio import create_task_group
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from acore.errors import AcoreError
from acore.events.base import Envelope, Event, Kind, Message, derive_id, outcome_id, trace_of
from acore.events.bus import Bus
from acore.events.outbox import EffectDone, EffectFailed, WentAhead
from acore.events.transport import KEPT_IDS
from acore.runtime.cell import FAIR_SHARE, Cell
from acore.runtime.edge import EdgeActor, EdgeContext, Outcome, Shift
from acore.runtime.incarnation import Incarnation, StaleIncarnationError
from acore.runtime.report import reason
from acore.runtime.spec import ChildSpec
from acore.runtime.stack import Call, waiting
from acore.runtime.watchdog import HandlerTimeoutError

URGENT_WAIT = 0.25
"""Seconds that an urgent effect waits for its cause to be durable, then goes (Discord's limit is 3 s)."""

type Handler = Callable[[Any, EdgeContext], Coroutine[Any, Any, object]]


class WorkLostError(AcoreError):
    """Something outside acore cancelled an actor's work under it."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"the task that hands {actor} its messages was cancelled by something outside acore")


class EdgeCell(Cell[EdgeActor]):
    """Runs an edge actor: its own loop, and beside it the messages for it."""

    __slots__ = ("_at_work", "_begun", "_shift")

    def __init__(self, spec: ChildSpec, bus: Bus) -> None:
        super().__init__(spec, bus)
        self._at_work: dict[int, Envelope] = {}
        self._begun: OrderedDict[str, int] | None = None
        """Ids of the newest effects that were begun, with the last attempt at each."""
        self._shift: Shift | None = None

    def at_work(self) -> Collection[Envelope]:
        """Return what is being handled now; nothing when idle or down. What waits for a place is not yet."""
        shift = self._shift
        if shift is None or (not shift.at_work and self.current is None) or not self._is_alive():
            return ()
        several = list(shift.at_work.values())
        return several if self.current is None or self.current in several else [*several, self.current]

    def calls(self, envelope: Envelope) -> tuple[Call, ...]:
        """Return where the handling of *envelope* waits, outermost first."""
        shift = self._shift
        if shift is None or shift.pump is None:
            return ()
        task = next((task for task, one in shift.at_work.items() if one is envelope), shift.pump)
        return waiting(task.get_coro())

    def handled_by(self, task: Task[Any]) -> Envelope | None:
        """Return what *task*, one of this actor's, is handling; for a thread, while the loop stands still."""
        shift = self._shift
        if shift is None or task is shift.pump:
            return self.current
        return shift.at_work.get(task)

    def _give_up(self, envelope: Envelope, run: Incarnation, error: HandlerTimeoutError) -> bool:
        """End the run, and all that is at work in it: it cannot be known what else waits for the same."""
        assert self._shift is not None  # noqa: S101 - what is at work is so in a shift
        self.current = envelope
        self._shift.given_up.append(envelope)
        self._shift.end_with(error)
        self._fail(envelope, error, is_untouched=False)
        run.fail(reason(error))
        return True

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
        # What a run that was given up still has at work is not awaited any more.
        for envelope in self._at_work.values():
            self._tell_asker(envelope, StaleIncarnationError(run.number - 1))
        self._at_work.clear()
        tasks = create_task_group()
        shift = self._shift = Shift(actor, run, self.name, tasks)
        async with tasks:
            io = EdgeContext(self.bus, run, self.name, shift)
            async with create_task_group() as work:
                work.start_soon(self._pump, shift, io, work, name=f"{self.name}: its messages")
                with shift.failing():
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

    async def _pump(self, shift: Shift, io: EdgeContext, work: TaskGroup) -> None:
        """Hand out what is queued until the actor's own loop is over; what is begun by then is finished."""
        shift.pump = current_task()
        await shift.run.became_ready.wait()
        handlers: dict[type[Message], Handler | None] = {}
        turn = 0
        while not shift.is_over:
            envelope = self.mailbox.take()
            if envelope is None:
                self.bus.rested()
                turn = 0
                if self._is_last_call and not self._at_work:
                    shift.run.request_stop()
                await self.mailbox.wait()
                continue
            kind = type(envelope.message)
            if kind not in handlers:
                method = self._method(kind)
                handlers[kind] = None if method is None else getattr(shift.actor, method)
            handler = handlers[kind]
            if handler is None or self._is_moot(envelope):
                continue
            if envelope.kind is Kind.EVENT:
                # Facts are handled one after the other, here: a coroutine less for each.
                self.current = envelope
                own = io.bound(envelope)
                try:
                    await handler(envelope.message, own)
                    shift.run.check_current()
                except BaseException as error:  # noqa: BLE001 - it ends the run unless it ends everything
                    self._end_hearing(shift, own, envelope, error)
                else:
                    self.current = None
            else:
                self._at_work[envelope.seq] = envelope
                await self._take_place(shift, envelope)
                work.start_soon(self._work, shift, handler, io.bound(envelope), work)
            self.handled += 1
            turn += 1
            if turn >= FAIR_SHARE:
                turn = 0
                self.bus.rested()
                await checkpoint()

    def _end_hearing(self, shift: Shift, io: EdgeContext, envelope: Envelope, error: BaseException) -> None:
        """Decide what a fact's handler that raised *error* means for the fact and for the run."""
        if isinstance(error, KeyboardInterrupt | SystemExit):
            # A task that ends with one of these takes the loop down; carried over, all stops in order.
            shift.end_with(error)
            return
        if envelope not in shift.given_up:
            self._lose(shift, envelope, error, is_untouched=not io.has_spoken)
        raise error

    def _lose(self, shift: Shift, envelope: Envelope, error: BaseException, *, is_untouched: bool) -> None:
        """Decide what becomes of *envelope*; what fails ends the run, also when a task of it would hang."""
        if not shift.run.is_current:  # what it was to do has been given up with it
            error = StaleIncarnationError(shift.run.number)
        self._fail(envelope, error, is_untouched=is_untouched)
        if isinstance(error, Exception) and shift.run.is_current:
            shift.run.fail(reason(error))

    async def _take_place(self, shift: Shift, envelope: Envelope) -> None:
        try:
            await shift.places.acquire()
        except BaseException:
            self._at_work.pop(envelope.seq, None)
            self._put_back(envelope)
            raise

    def _put_back(self, envelope: Envelope) -> None:
        """Queue *envelope* again, which was not begun after all."""
        if self._begun is not None:
            self._begun.pop(envelope.id, None)
        self.mailbox.put_back(envelope)

    def _is_moot(self, envelope: Envelope) -> bool:
        """Return whether nobody waits for *envelope* any more, or it was begun before."""
        if envelope.kind is Kind.EVENT:
            return False
        return not self._begins(envelope) if envelope.kind is Kind.EFFECT else self._is_expired(envelope)

    def _begins(self, envelope: Envelope) -> bool:
        """Return whether an effect may be begun: not when this attempt at it, or a later one, was before.

        Whoever handles a message once more asks for the same effects under the same ids; what became of the
        first stands.
        """
        if self._begun is None:  # made when the first effect comes: most actors never perform one
            self._begun = OrderedDict()
        if self._begun.get(envelope.id, 0) >= envelope.attempt:
            return False
        self._begun[envelope.id] = envelope.attempt
        if len(self._begun) > KEPT_IDS:
            self._begun.popitem(last=False)
        return True

    async def _work(self, shift: Shift, handler: Handler, io: EdgeContext, work: TaskGroup) -> None:
        """Have a command answered or an effect performed, beside others."""
        envelope = io.handling
        assert envelope is not None  # noqa: S101 - it was bound to one
        task = cast("Task[Any]", current_task())
        shift.at_work[task] = envelope
        try:
            if work.cancel_scope.cancel_called:  # by a failure beside it, before this was begun
                self._put_back(envelope)
                return
            if envelope.kind is Kind.EFFECT:
                await self._until_cause_is_durable(envelope)
            outcome = await handler(envelope.message, io)
            shift.run.check_current()
            if envelope in shift.given_up:
                return
            if envelope.kind is Kind.COMMAND:
                value, _ = self.bus.catalog.carry_reply(type(envelope.message), outcome)
                self._reply(envelope, value)
            elif envelope.kind is Kind.EFFECT:
                self._conclude(envelope, outcome)
        except (KeyboardInterrupt, SystemExit) as end:
            self._tell_asker(envelope, end)
            self.current = envelope
            shift.end_with(end)
        except BaseException as error:
            if envelope not in shift.given_up:
                if isinstance(error, Exception) and shift.run.is_current:
                    self.current = envelope
                is_untouched = not io.has_spoken and self._may_be_repeated(envelope)
                self._lose(shift, envelope, error, is_untouched=is_untouched)
            raise
        finally:
            del shift.at_work[task]
            self._leave_place(shift, envelope)

    def _leave_place(self, shift: Shift, envelope: Envelope) -> None:
        if self._at_work.get(envelope.seq) is envelope:  # not the next attempt at it, of a later run
            del self._at_work[envelope.seq]
        shift.places.release()
        if self._is_last_call:  # the last one to leave ends the run
            self.mailbox.wake()
        self.bus.rested()

    def _conclude(self, envelope: Envelope, outcome: object) -> None:
        """Tell what became of an effect, by the fact that its handler returned or by one for all."""
        if outcome is Outcome.LATER:
            return
        if isinstance(outcome, Event):
            self._tell_outcome(envelope, outcome)
        else:
            wire = self.bus.catalog.of(type(envelope.message))
            if wire.journaled:
                self._tell_outcome(envelope, EffectDone(effect=wire.name))

    def _come_to_nothing(self, envelope: Envelope, error: BaseException) -> None:
        """Tell of an effect that it failed: the message is used up, so nothing else would ever come of it."""
        wire = self.bus.catalog.of(type(envelope.message))
        if envelope.kind is Kind.EFFECT and wire.journaled:
            self._tell_outcome(envelope, EffectFailed(effect=wire.name, reason=reason(error)))

    def _tell_outcome(self, envelope: Envelope, outcome: Event) -> None:
        self.bus.publish(outcome, trace_of(envelope, self.name), event_id=outcome_id(envelope.id))

    async def _until_cause_is_durable(self, envelope: Envelope) -> None:
        wire = self.bus.catalog.of(type(envelope.message))
        if not wire.is_urgent:
            await self.bus.recorder.wait_durable(envelope.seq)
            return
        with self.bus.clock.deadline(URGENT_WAIT) as wait:
            await self.bus.recorder.wait_durable(envelope.seq)
        if wait.cancelled_caught:
            own = derive_id(envelope.id, f"{self.name}/ahead", envelope.attempt)
            ahead = WentAhead(what=wire.name, waited=URGENT_WAIT)
            self.bus.publish(ahead, trace_of(envelope, self.name), event_id=own)
