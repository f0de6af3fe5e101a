"""A supervisor: starts children in order, restarts those that fail, stops them in reverse."""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from functools import partial

from anyio.abc import TaskGroup

from acore.errors import AcoreError
from acore.events.base import Envelope, Event
from acore.events.bus import Bus
from acore.events.supervision import ActorRestarting, Order, SupervisorGaveUp, SupervisorObeyed
from acore.runtime import restart as rules
from acore.runtime.administration import (
    AT_REST,
    ChildInfo,
    ChildState,
    SupervisorStoppedError,
    UnknownChildError,
    refusal,
)
from acore.runtime.bodies import Bodies
from acore.runtime.cause import UNCAUSED, Cause
from acore.runtime.child import KILL_TIMEOUT, Child, Reply, tell
from acore.runtime.incarnation import Incarnation
from acore.runtime.report import exited
from acore.runtime.restart import Exit, ExitKind, RestartType, StartFailedError, Strategy
from acore.runtime.spec import Spec, SupervisorSpec


class Supervisor:
    """One run of a supervisor. It never waits for a child: each thing that happens moves it one step on.

    Children take turns when they are started first, restarted together and stopped at the end: those that
    leave go first, in reverse order; then, after a pause, those that come start in order. Under
    one_for_one a child that failed comes back by itself.
    """

    def __init__(
        self, spec: SupervisorSpec, run: Incarnation, bodies: Bodies, bus: Bus, tasks: TaskGroup
    ) -> None:
        """Prepare to supervise.

        Args:
            spec: The children, and how to treat them.
            run: This run of it.
            bodies: What to run for each child.
            bus: Where it says what it did.
            tasks: Where all runs of the tree take place, so that one which never ends holds up nobody.
        """
        self.spec = spec
        self.clock = bus.clock
        self.is_over = False
        self._run = run
        self._bodies = bodies
        self._bus = bus
        self._tasks = tasks
        self._children = {one.id: Child(one, bodies.take(one, spec.id), self) for one in spec.children}
        self._leaving: dict[Child, None] = {}
        self._coming = OrderedDict.fromkeys(self._children.values())
        self._awaited: set[Child] = set()  # whose stop or start has to end before the next one begins
        self._pause: Child | None = None  # whose wait those that come share
        self._failures: deque[rules.Failure] = deque()
        self._steps: deque[Callable[[], None]] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._orders: set[Reply] = set()
        self._failure: BaseException | None = None
        self.failed_by = UNCAUSED
        """What its own failure comes of, once it fails."""
        self._is_together = spec.stop_order is rules.StopOrder.TOGETHER
        self._is_stopping = False
        self._stopped_by = UNCAUSED  # what the stops of those that leave come of

    async def run(self) -> None:
        """Start the children, keep them running until asked to stop, and stop them in order.

        Raises:
            StartFailedError: A child did not start the first time; those before it were stopped again.
            RestartLimitError: A child kept failing.
            BaseException: What no restart can help with, as it was raised.
        """
        self._run.obey(self.stop)
        self.post(self._take_turns)
        while not self.is_over:
            # What a step sets off comes after what is under way: a child just launched may be ready by then.
            for _ in range(len(self._steps)):
                self._take(self._steps.popleft())
            try:
                await self._next_step()
            except asyncio.CancelledError as cancelled:
                # Only a library cancels this task: children are stopped in order, then it has its way.
                self.post(self._fail, cancelled)
        for order in tuple(self._orders):
            tell(order, SupervisorStoppedError(self.spec.id))
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask for an ordered stop, or a quick one when its run is killed; asking again is fine."""
        self.post(self._stop_all)

    def order(
        self, order: Order, child: str | Spec, *, drains: bool = False, cause: Cause = UNCAUSED
    ) -> Reply:
        """Have *order* followed as a step, and return what will tell the outcome.

        Args:
            order: What to do.
            child: To which child; to start one, its description.
            drains: Whether a child that is stopped first does what it has accepted.
            cause: What the order comes of.
        """
        reply: Reply = asyncio.get_running_loop().create_future()
        self._orders.add(reply)
        reply.add_done_callback(self._orders.discard)
        self.post(self._follow, order, child, reply, partial(self._halt, drains=drains), cause)
        return reply

    def children(self) -> tuple[ChildInfo, ...]:
        """Return what is known of the children now; never waits."""
        return tuple(child.info() for child in self._children.values())

    # --- one step after the other

    def post[*Args](self, do: Callable[[*Args], None], *args: *Args) -> None:
        """Queue a step, so that children are spawned from this supervisor's own task and context."""
        self._steps.append(partial(do, *args))
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _next_step(self) -> None:
        if self._steps or self.is_over:
            await asyncio.sleep(0)
        else:
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake

    def _take(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as bug:  # noqa: BLE001 - its own: nothing may go on in a state that nobody knows
            if self._is_stopping:
                self._failure, self.is_over = self._failure or bug, True
                self._kill_all()
            else:
                self._take(partial(self._fail, bug))

    def _take_turns(self) -> None:
        """Go on with those that take turns, up to one that has to be waited for."""
        while not self._awaited:
            if self._leaving:
                batch = list(self._leaving) if self._is_together else [next(reversed(self._leaving))]
                for child in batch:
                    del self._leaving[child]
                    if child.run is None:
                        self._lay_down(child)
                    else:
                        self._awaited.add(child)
                        self._halt(child, self._stopped_by, drains=self._run.is_draining)
            elif self._pause is not None:
                return
            elif self._coming:
                child, _ = self._coming.popitem(last=False)
                self._awaited.add(child)
                child.launch(self._tasks)
            else:
                self.is_over = self._is_stopping
                if not self._is_stopping:
                    self._run.ready()
                return

    def _settle(self, child: Child) -> None:
        """Go on if *child* was waited for."""
        if child in self._awaited:
            self._awaited.remove(child)
            self._take_turns()

    def _end_wait(self, child: Child) -> None:
        """Start a child that has waited, or those that wait with it, unless something came between."""
        if self._is_stopping or child.state is not ChildState.BACKOFF:
            return
        if child is self._pause:
            self._pause = None
            self._take_turns()
        elif child not in self._coming:
            child.launch(self._tasks)

    # --- what an operator orders

    def _follow(
        self,
        order: Order,
        which: str | Spec,
        reply: Reply,
        halt: Callable[[Child, Cause], None],
        cause: Cause,
    ) -> None:
        try:
            child = self._find(order, which)
        except AcoreError as refused:
            tell(reply, refused)
            return
        obeyed = SupervisorObeyed(supervisor=self.spec.id, order=order, actor=child.spec.id)
        by = Cause.of(self._say(obeyed, cause))
        match order:
            case Order.START | Order.RESTART:
                child.starter, child.is_held = reply, False
                child.next_by = by
                child.enter(ChildState.BACKOFF)
                if self._awaited or self._leaving or self._coming:
                    self._coming[child] = None  # after those whose turn it is
                else:
                    child.launch(self._tasks)
            case Order.STOP:
                child.is_held = True
                child.stoppers += (reply,)
                self._coming.pop(child, None)
                if child.run is None:
                    self._lay_down(child)
                else:
                    halt(child, by)
                if child is self._pause:
                    self._pause = None
                    self._take_turns()
            case Order.RETRY:
                child.next_by = by
                self._end_wait(self._pause if self._pause and child in self._coming else child)
                tell(reply, child.info())
            case Order.DELETE:
                self._drop(child)
                tell(reply, child.info())

    def _find(self, order: Order, which: str | Spec) -> Child:
        """Return the child that *order* is about; to be started, a new one.

        Raises:
            AcoreError: It cannot be followed now.
        """
        child = self._children.get(which if isinstance(which, str) else which.id)
        if self._is_stopping and order is not Order.STOP:
            raise SupervisorStoppedError(self.spec.id)
        if child is not None:
            if refused := refusal(order, child.info()):
                raise refused
            return child
        if isinstance(which, str):
            raise UnknownChildError(which)
        child = Child(which, self._bodies.take(which, self.spec.id), self, is_dynamic=True, is_new=True)
        self._children[which.id] = child
        return child

    # --- what happened

    def on_ready(self, child: Child, run: Incarnation) -> None:
        """Note that *run* is ready."""
        if child.run is run and child.state is ChildState.STARTING and not run.is_killed:
            child.enter(ChildState.RUNNING)
            child.is_new = False
            if child.starter is not None:
                tell(child.starter, child.info())
                child.starter = None
            self._settle(child)

    def on_exit(self, child: Child, run: Incarnation, end: Exit, error: BaseException | None) -> None:
        """Do what the end of *run* calls for, if that was the present one."""
        if child.run is not run:
            return
        is_expected = self._is_stopping or child in self._leaving or child.state is ChildState.STOPPING
        child.run, child.last_exit = None, end
        child.enter(ChildState.ABANDONED if end.kind is ExitKind.ABANDONED else ChildState.STOPPED)
        if self._is_stopping and end.error and not self._run.remark:
            self._run.remark = f"{child.spec.id}: {end.reason}"
        handling, cause = child.body.handling() if end.is_abnormal else ("", UNCAUSED)
        ended = Cause.of(
            self._say(exited(child.spec.id, run, end, handling), cause if cause.id else run.ended_by)
        )
        if error is not None and not isinstance(error, Exception):
            self._fail(error, by=ended)
        if is_expected or end.kind is ExitKind.IGNORED:
            self._lay_down(child)
        elif self._is_stopping:
            return  # since just now: its turn to be laid down comes
        elif child.starter is not None:
            self._lay_down(child, error)
        elif end.is_fatal and error is not None:
            self._fail(error, by=ended)
        elif not (self._run.is_ready or run.is_ready):
            self._fail(StartFailedError(child.spec.id, end.reason), error, by=ended)
        elif rules.calls_for_restart(child.spec.restart, end):
            self._restart(child, end, error, ended)
            return  # it may be awaited again already
        else:
            self._lay_down(child)
            self._weigh(child, ended)
        self._settle(child)

    def _restart(self, child: Child, end: Exit, error: BaseException | None, ended: Cause) -> None:
        now, limit, backoff = self.clock.monotonic(), self.spec.limit, child.spec.backoff
        name, period = child.spec.id, limit.period
        for _ in range(rules.outdated(self._failures, now, limit)):
            self._failures.popleft()
        self._failures.append(rules.Failure(at=now, reason=end.reason or end.kind))
        child.failures += 1
        count = len(self._failures)
        if count > limit.intensity:
            tried = count - 1
            gave_up = SupervisorGaveUp(
                supervisor=self.spec.id, actor=name, reason=end.reason, restarts=tried, within=period
            )
            by = Cause.of(self._say(gave_up, ended))
            self._fail(rules.RestartLimitError(name, self._failures[0].reason, tried, period), error, by=by)
            return
        wait = rules.delay(backoff, child.failures, random.random()) if backoff else 0.0  # noqa: S311 - spreads load, guards nothing
        together = rules.affected(self.spec.strategy, self._children.values(), child)
        again = [one for one in together if one.spec.restart is not RestartType.TEMPORARY and not one.is_held]
        for one in again:
            one.restarts += 1
        with_it = tuple(one.spec.id for one in again if one is not child)
        restarting = ActorRestarting(actor=name, with_it=with_it, delay=wait, restarts=count, within=period)
        by = Cause.of(self._say(restarting, ended))
        for one in again:
            one.next_by = by
        self._stopped_by = by
        if wait:
            child.enter(ChildState.BACKOFF)
            child.after(wait, self._end_wait, child)
            child.due = now + wait
        if self.spec.strategy is not Strategy.ONE_FOR_ONE:
            self._pause = child if wait else None
            self._restart_group(together, again, child.due)
        elif not wait:
            child.launch(self._tasks)

    def _restart_group(self, together: Sequence[Child], again: Sequence[Child], due: float | None) -> None:
        """Have *together* stop, and then those of *again* start, beside those whose turn comes anyway."""
        coming = {*self._coming, *again}
        self._coming = OrderedDict((one, None) for one in self._children.values() if one in coming)
        self._leaving = {one: None for one in together if one.run is not None}
        self._awaited.clear()
        for one in self._coming:
            if one.run is None:
                if one is not self._pause:
                    one.enter(ChildState.BACKOFF)
                one.due = due
        self._take_turns()

    def _lay_down(self, child: Child, error: BaseException | None = None) -> None:
        """Leave a child without a run; those that take turns may get another. *error* is of its start."""
        for stopper in child.stoppers:
            tell(stopper, child.info())
        child.stoppers = ()
        if child in self._coming:
            due = self._pause.due if self._pause else None
            child.enter(ChildState.BACKOFF)
            child.due = due
            return
        if child.state is ChildState.BACKOFF:
            child.enter(ChildState.STOPPED)
        end = child.last_exit
        is_gone = child.spec.restart is RestartType.TEMPORARY or (self._is_stopping and child.is_dynamic)
        if child.starter is not None:
            if end is not None and end.kind is ExitKind.IGNORED:
                tell(child.starter, child.info())
            else:
                failure = StartFailedError(child.spec.id, end.reason if end else "it was stopped")
                failure.__cause__ = error
                tell(child.starter, failure)
                child.is_held, is_gone = True, is_gone or child.is_new
            child.starter, child.is_new = None, False
        if is_gone:
            self._drop(child)
        elif not self._is_stopping or self._bus.is_draining:
            child.body.close()
        if is_gone or not self._is_stopping:
            self._bodies.ended(child.spec.id, end, child.body.children())

    def _drop(self, child: Child) -> None:
        if self._children.pop(child.spec.id, None) is not None:
            child.body.close()
            self._bodies.release(child.spec)

    def _weigh(self, child: Child, ended: Cause) -> None:
        """Stop in good order if *child*, which has ended for good, was what this supervisor is there for."""
        if child.spec.is_significant:
            alive = (one for one in self._children.values() if one.state not in AT_REST)
            others = sum(1 for one in alive if one.spec.is_significant)
            if rules.calls_for_shutdown(self.spec.auto_shutdown, others):
                self._stop_all(ended)

    # --- stopping

    def _fail(
        self, failure: BaseException, cause: BaseException | None = None, *, by: Cause = UNCAUSED
    ) -> None:
        """Stop everything in order and end with *failure*, which comes of *by*; the first one counts."""
        if cause is not None:
            failure.__cause__ = cause
        if self._failure is None:
            self._failure, self.failed_by = failure, by
        self._stop_all(by)

    def _stop_all(self, by: Cause | None = None) -> None:
        """Stop everything in order: because of *by*, or of what asked this supervisor to."""
        if not self._is_stopping:
            self._is_stopping = True
            self._stopped_by = self._run.ended_by if by is None else by
            self._run.stopping.set()
            self._bodies.stops(self.spec.id, self._failure, self.failed_by)
            for child in self._children.values():
                tell(child.starter, SupervisorStoppedError(self.spec.id))
                child.starter = None
            self._leaving = dict.fromkeys(self._children.values())
            self._coming.clear()
            self._awaited.clear()
            self._pause = None
            self._take_turns()
        if self._run.is_killed:
            self._kill_all()

    def _kill_all(self) -> None:
        for child in self._children.values():
            if child.run is not None and not child.run.is_killed:
                child.enter(ChildState.STOPPING)
                child.kill(child.run)

    def _halt(self, child: Child, cause: Cause, *, drains: bool) -> None:
        """Ask a child to stop; when all must be over by an instant, its time is a part of what is left."""
        now, left = self.clock.monotonic(), None
        if self._is_stopping and self._run.due is not None:
            left = self._run.due - now
        others = 0 if self._is_together else len(self._leaving)
        grace = 0.0 if child.is_supervisor else KILL_TIMEOUT
        limit, patience = rules.stop_times(child.spec.shutdown, grace, left, others)
        due = None if left is None else now + limit
        child.halt(limit, patience, due=due, drains=drains, cause=cause)

    def _say(self, event: Event, cause: Cause) -> Envelope:
        return self._bus.publish(event, cause.trace(self.spec.id))
