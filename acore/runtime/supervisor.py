"""A supervisor: starts children in order, restarts those that fail, stops them in reverse."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import partial

from anyio import CancelScope, create_task_group, sleep_forever
from anyio.abc import TaskGroup

from acore.clock import Timer
from acore.errors import AcoreError
from acore.events.base import Event, Trace
from acore.events.bus import Bus
from acore.events.supervision import ActorExited, ActorRestarting, SupervisorGaveUp
from acore.record import Record
from acore.runtime.incarnation import Body, Incarnation
from acore.runtime.report import chief, describe, sole
from acore.runtime.restart import (
    Exit,
    ExitKind,
    Failure,
    RestartType,
    Strategy,
    affected,
    calls_for_restart,
    delay,
    recent,
)
from acore.runtime.spec import ChildSpec, SupervisorSpec

# After its time to stop is up and it was cancelled, a child has this many seconds before it is given up on.
KILL_TIMEOUT = 2.0


type Stopping = Callable[[BaseException | None], None]
"""Told that all begins to stop, and what went wrong, if anything did."""


def _nothing(_failure: BaseException | None) -> None:
    """Stand in where nobody wants to know."""


class StartFailedError(AcoreError):
    """A child could not be started the first time."""

    def __init__(self, child: str, reason: str) -> None:
        super().__init__(f"{child} could not start: {reason}")


class RestartLimitError(AcoreError):
    """Starting a child again did not help."""

    def __init__(self, child: str, first: str, restarts: int, period: float) -> None:
        super().__init__(
            f"{child} kept failing ({restarts} restarts within {period:g} s); it began with {first}"
        )


class ChildState(StrEnum):
    """Where a child is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    BACKOFF = "backoff"
    ABANDONED = "abandoned"


class ChildInfo(Record):
    """What can be told of a child at any moment. `since` and `due` are monotonic seconds."""

    id: str
    state: ChildState
    incarnation: int
    restarts: int
    since: float
    due: float | None = None
    last_exit: Exit | None = None
    is_supervisor: bool = False
    children: "tuple[ChildInfo, ...]" = ()


class _Child:
    """A place in the supervisor: what outlives the child's runs."""

    def __init__(self, spec: ChildSpec | SupervisorSpec, body: Body) -> None:
        self.spec = spec
        self.body = body
        self.state = ChildState.STOPPED
        self.run: Incarnation | None = None
        self.failures = 0
        self.restarts = 0
        self.since = 0.0
        self.due: float | None = None
        self.last_exit: Exit | None = None
        self.timer: Timer | None = None

    def set_timer(self, timer: Timer | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer


class _Verb(StrEnum):
    STOP = "stop"
    WAIT = "wait"
    START = "start"


class _Round:
    """Steps that are taken one at a time, each when the one before is done."""

    def __init__(self, steps: list[tuple[_Verb, _Child]], wait: float, on_done: Callable[[], None]) -> None:
        self.steps = deque(steps)
        self.wait = wait
        self.on_done = on_done
        self.timer: Timer | None = None

    def starters(self) -> list[_Child]:
        return [child for verb, child in self.steps if verb is _Verb.START]

    def will_stop(self, child: _Child) -> bool:
        return (_Verb.STOP, child) in self.steps

    def abandon(self) -> None:
        if self.timer is not None:
            self.timer.cancel()


class Ground:
    """Where all runs of one tree take place, so that a run which never ends holds up no supervisor."""

    def __init__(self) -> None:
        """Prepare; the root of the tree opens it."""
        self._tasks: TaskGroup | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[TaskGroup]:
        """Give the task group of the tree; the root, which comes first, waits at the end for all in it."""
        if self._tasks is not None:
            yield self._tasks
            return
        try:
            async with create_task_group() as self._tasks:
                yield self._tasks
        finally:
            self._tasks = None


class Supervisor:
    """One run of a supervisor. It never waits for a child: each thing that happens moves it one step on."""

    def __init__(
        self,
        spec: SupervisorSpec,
        bodies: Mapping[str, Body],
        bus: Bus,
        ground: Ground,
        on_stopping: Stopping,
    ) -> None:
        """Prepare to supervise.

        Args:
            spec: The children, and how to treat them.
            bodies: What to run for each child, by id.
            bus: Where it says what it did.
            ground: Where the children run.
            on_stopping: Called once, when it begins to stop, with what went wrong or None.
        """
        self.spec = spec
        self._bus = bus
        self._ground = ground
        self._on_stopping = on_stopping
        self._clock = bus.clock
        self._children = [_Child(child, bodies[child.id]) for child in spec.children]
        self._rounds: dict[str, _Round] = {}
        self._failures: tuple[Failure, ...] = ()
        self._todo: deque[Callable[[], None]] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._kids: TaskGroup | None = None
        self._is_ready = False
        self._is_stopping = False
        self._is_over = False
        self._failure: BaseException | None = None

    def children(self) -> tuple[ChildInfo, ...]:
        """Return what is known of the children now; never waits."""
        return tuple(
            ChildInfo(
                id=child.spec.id,
                state=child.state,
                incarnation=child.body.runs,
                restarts=child.restarts,
                since=child.since,
                due=child.due,
                last_exit=child.last_exit,
                is_supervisor=isinstance(child.body, SupervisorBody),
                children=child.body.children() if isinstance(child.body, SupervisorBody) else (),
            )
            for child in self._children
        )

    async def run(self, run: Incarnation) -> None:
        """Start the children, keep them running until asked to stop, and stop them in order.

        Raises:
            StartFailedError: A child did not start the first time; those before it were stopped again.
            RestartLimitError: A child kept failing.
            BaseException: What no restart can help with, as it was raised.
        """
        run.obey(self.stop)
        async with create_task_group() as outer:
            outer.start_soon(self._stop_when_cancelled)
            with CancelScope(shield=True):
                async with self._ground.open() as self._kids:
                    self._post(partial(self._start_all, run))
                    await self._work()
            outer.cancel_scope.cancel()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Ask for an ordered stop; asking again changes nothing."""
        self._post(self._stop_all)

    async def _stop_when_cancelled(self) -> None:
        """Turn a cancellation of the parent into an ordered stop; the children are shielded from it."""
        try:
            await sleep_forever()
        finally:
            self.stop()

    # --- one thing after the other

    def _post(self, do: Callable[[], None]) -> None:
        """Queue a step, so that children are spawned from this supervisor's own task and context."""
        self._todo.append(do)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _work(self) -> None:
        while not self._is_over:
            while self._todo:
                try:
                    self._todo.popleft()()
                except Exception as bug:  # noqa: BLE001 - its own failure must not leave children behind
                    self._fail(bug)
                self._advance()
            if not self._is_over:
                await self._doze()

    async def _doze(self) -> None:
        """Wait for the next step."""
        self._wake = asyncio.get_running_loop().create_future()
        try:
            await self._wake
        except asyncio.CancelledError as cancelled:
            # A shield stops scopes, not Task.cancel(): children are stopped in order, then it has its way.
            self._fail(cancelled)
            self._advance()

    def _advance(self) -> None:
        for key, current in list(self._rounds.items()):
            while current.steps and self._is_done(*current.steps[0], current):
                current.steps.popleft()
            if not current.steps and self._rounds.get(key) is current:
                del self._rounds[key]
                current.on_done()

    def _is_done(self, verb: _Verb, child: _Child, current: _Round) -> bool:
        """Begin the step if it was not begun; return whether it is over."""
        match verb:
            case _Verb.STOP:
                return self._has_stopped(child)
            case _Verb.WAIT:
                return self._has_waited(current)
            case _Verb.START:
                if child.run is None:
                    self._launch(child)
                return child.state is ChildState.RUNNING

    def _has_stopped(self, child: _Child) -> bool:
        run = child.run
        if run is None:
            if child.state is not ChildState.ABANDONED:
                self._enter(child, ChildState.STOPPED)
            child.due = None
            if self._bus.is_draining:
                child.body.close()
            return True
        if child.state is not ChildState.STOPPING:
            self._enter(child, ChildState.STOPPING)
            if not run.is_ready or child.spec.shutdown == 0:
                # Not woken first: it would begin to stop in good order, for which there is no time.
                run.stopping.set()
                self._kill(child, run)
                return False
            run.request_stop()
            if child.spec.shutdown is not None:
                child.set_timer(
                    self._clock.call_later(
                        child.spec.shutdown, partial(self._post, partial(self._kill, child, run))
                    )
                )
        return False

    def _has_waited(self, current: _Round) -> bool:
        if current.timer is None and current.wait > 0:
            for child in current.starters():
                self._enter(child, ChildState.BACKOFF)
                child.due = self._clock.monotonic() + current.wait
            current.timer = self._clock.call_later(
                current.wait, partial(self._post, partial(self._end_wait, current))
            )
        return current.wait <= 0

    def _end_wait(self, current: _Round) -> None:
        current.wait = 0.0

    def _start_all(self, run: Incarnation) -> None:
        if not self._is_stopping:
            steps = [(_Verb.START, child) for child in self._children]
            self._rounds[""] = _Round(steps, 0.0, partial(self._all_started, run))

    def _all_started(self, run: Incarnation) -> None:
        self._is_ready = True
        run.ready()

    # --- a child's run

    def _launch(self, child: _Child) -> None:
        child.body.runs += 1
        run = Incarnation(child.body.runs)
        run.on_ready = partial(self._post, partial(self._on_ready, child, run))
        run.on_fail = partial(self._post, partial(self._expect_end, child, run))
        child.run = run
        child.due = None
        self._enter(child, ChildState.STARTING)

        def time_out() -> None:
            if not run.is_ready:
                run.has_timed_out = True
                self._kill(child, run)

        child.set_timer(self._clock.call_later(child.spec.start_timeout, time_out))
        assert self._kids is not None  # noqa: S101 - set before the first step is taken
        self._kids.start_soon(self._do_run, child, run, name=child.spec.id)

    async def _do_run(self, child: _Child, run: Incarnation) -> None:
        error: BaseException | None = None
        kind = ExitKind.LOST
        try:
            with run.scope:
                await child.body.run(run)
            if run.scope.cancelled_caught:
                kind = ExitKind.KILLED
            else:
                kind = ExitKind.SHUTDOWN if run.stopping.is_set() else ExitKind.NORMAL
        except asyncio.CancelledError:
            # Nobody in acore cancels a child but through its scope: some library did, and the child is gone.
            if task := asyncio.current_task():
                task.uncancel()
        except BaseException as raised:  # noqa: BLE001 - this is where `except Exception` lives
            error, kind = sole(raised), ExitKind.CRASHED
        end = self._judge(child, run, kind, error)
        if isinstance(error, Exception) and end.is_fatal:
            error = chief(error)
        self._post(partial(self._on_exit, child, run, end, error))

    def _judge(self, child: _Child, run: Incarnation, kind: ExitKind, error: BaseException | None) -> Exit:
        if run.has_timed_out and not run.is_ready:
            reason = f"not ready after {child.spec.start_timeout:g} s"
            return Exit(kind=ExitKind.START_FAILED, error="StartTimeout", reason=reason)
        if error is not None:
            kind = kind if run.is_ready else ExitKind.START_FAILED
            return describe(error, kind)
        if not run.is_ready and not run.stopping.is_set():
            return Exit(kind=ExitKind.START_FAILED, error="EndedEarly", reason="it ended before it was ready")
        if kind is ExitKind.LOST:
            return Exit(
                kind=kind, error="CancelledError", reason="its task was cancelled by something outside acore"
            )
        if kind is ExitKind.KILLED:
            reason = f"it did not stop within {child.spec.shutdown:g} s" if child.spec.shutdown else ""
            return Exit(kind=kind, reason=run.failure or reason or "it was stopped at once")
        return Exit(kind=kind)

    def _expect_end(self, child: _Child, run: Incarnation) -> None:
        """Kill a run that has failed and does not end within the time it has for an ordered stop."""
        if child.run is run and child.state is ChildState.RUNNING:
            kill = partial(self._post, partial(self._kill, child, run))
            child.set_timer(self._clock.call_later(child.spec.shutdown or 0.0, kill))

    def _kill(self, child: _Child, run: Incarnation) -> None:
        if child.run is run:
            run.scope.cancel()
            abandon = partial(self._post, partial(self._abandon, child, run))
            child.set_timer(self._clock.call_later(KILL_TIMEOUT, abandon))

    def _abandon(self, child: _Child, run: Incarnation) -> None:
        """Go on without a child that no cancellation ends; what it says from now on is refused."""
        run.is_current = False
        why = f"it did not end {KILL_TIMEOUT:g} s after the kill"
        end = Exit(kind=ExitKind.ABANDONED, reason=f"{run.failure}; {why}" if run.failure else why)
        self._on_exit(child, run, end, None)

    # --- what happened

    def _on_ready(self, child: _Child, run: Incarnation) -> None:
        if child.run is not run or child.state is not ChildState.STARTING:
            return
        self._enter(child, ChildState.RUNNING)

        def forget_failures() -> None:
            child.failures = 0

        child.set_timer(self._clock.call_later(child.spec.backoff.reset_after, forget_failures))

    def _on_exit(self, child: _Child, run: Incarnation, end: Exit, error: BaseException | None) -> None:
        if child.run is not run:
            return
        child.run = None
        child.last_exit = end
        child.set_timer(None)
        is_abandoned = end.kind is ExitKind.ABANDONED
        self._enter(child, ChildState.ABANDONED if is_abandoned else ChildState.STOPPED)
        if self._bus.is_draining:
            child.body.close()
        self._say_exit(child, run.number, end, is_ready=run.is_ready)
        if error is not None and not isinstance(error, Exception):
            self._fail(error)
        elif self._is_stopping:
            return
        elif any(current.will_stop(child) for current in self._rounds.values()):
            self._leave_to_round(child)
        elif end.is_fatal and error is not None:
            self._fail(error)
        elif not self._is_ready and (end.is_abnormal or calls_for_restart(child.spec.restart, end)):
            failure = StartFailedError(child.spec.id, end.reason)
            failure.__cause__ = error
            self._fail(failure)
        elif calls_for_restart(child.spec.restart, end):
            self._restart(child, end, error)
        else:
            self._retire(child)

    def _leave_to_round(self, child: _Child) -> None:
        if child.spec.restart is RestartType.TEMPORARY:
            self._retire(child)

    def _retire(self, child: _Child) -> None:
        """Let a child rest that is not started again; a temporary one is forgotten, now that it has ended."""
        child.body.close()
        if child.spec.restart is RestartType.TEMPORARY:
            self._children.remove(child)

    def _restart(self, child: _Child, end: Exit, error: BaseException | None) -> None:
        now, limit = self._clock.monotonic(), self.spec.limit
        failure = Failure(at=now, reason=end.reason or end.kind)
        self._failures = (*recent(self._failures, now, limit), failure)
        if len(self._failures) > limit.intensity:
            self._give_up(child, end, error)
            return
        child.failures += 1
        wait = delay(child.spec.backoff, child.failures, random.random())  # noqa: S311 - spreads load, guards nothing
        together = affected(self.spec.strategy, self._children, child)
        starters = [one for one in together if one.spec.restart is not RestartType.TEMPORARY]
        # Children restarted together take turns, so theirs is one round; a later one replaces it.
        key = child.spec.id if self.spec.strategy is Strategy.ONE_FOR_ONE else ""
        for old in (key, *(one.spec.id for one in together)):
            if (replaced := self._rounds.pop(old, None)) is not None:
                replaced.abandon()
        steps = [(_Verb.STOP, one) for one in reversed(together)]
        steps += [(_Verb.WAIT, child)]
        steps += [(_Verb.START, one) for one in starters]
        self._rounds[key] = _Round(steps, wait, lambda: None)
        for one in starters:
            one.restarts += 1
        self._say(
            ActorRestarting(
                actor=child.spec.id,
                with_it=tuple(one.spec.id for one in starters if one is not child),
                delay=wait,
                restarts=len(self._failures),
                within=limit.period,
            )
        )

    def _give_up(self, child: _Child, end: Exit, error: BaseException | None) -> None:
        count = len(self._failures) - 1
        failure = RestartLimitError(child.spec.id, self._failures[0].reason, count, self.spec.limit.period)
        failure.__cause__ = error
        self._say(
            SupervisorGaveUp(
                supervisor=self.spec.id,
                actor=child.spec.id,
                reason=end.reason,
                restarts=count,
                within=self.spec.limit.period,
            )
        )
        self._fail(failure)

    def _fail(self, failure: BaseException) -> None:
        """Stop everything in order and end with *failure*; the first one counts."""
        self._failure = self._failure or failure
        self._stop_all()

    def _stop_all(self) -> None:
        if self._is_stopping:
            return
        self._is_stopping = True
        self._on_stopping(self._failure)
        for current in self._rounds.values():
            current.abandon()
        steps = [(_Verb.STOP, child) for child in reversed(self._children)]
        self._rounds = {"": _Round(steps, 0.0, self._end)}

    def _end(self) -> None:
        self._is_over = True

    # --- saying so

    def _enter(self, child: _Child, state: ChildState) -> None:
        child.state = state
        child.since = self._clock.monotonic()

    def _say_exit(self, child: _Child, number: int, end: Exit, *, is_ready: bool) -> None:
        handling, cause = child.body.handling() if end.is_abnormal else ("", "")
        event = ActorExited(
            actor=child.spec.id,
            incarnation=number,
            exit=end.kind,
            reason=end.reason,
            error=end.error,
            place=end.place,
            handling=handling,
            is_ready=is_ready,
        )
        self._say(event, cause)

    def _say(self, event: Event, cause: str = "") -> None:
        self._bus.publish(event, Trace(source=self.spec.id, cause=cause))


class SupervisorBody:
    """A supervisor as somebody's child: built anew for each run, over the same cells."""

    def __init__(
        self,
        spec: SupervisorSpec,
        bodies: Mapping[str, Body],
        bus: Bus,
        ground: Ground,
        *,
        on_stopping: Stopping = _nothing,
    ) -> None:
        self.spec = spec
        self.runs = 0
        self._ground = ground
        self._on_stopping = on_stopping
        self._bodies = bodies
        self._bus = bus
        self._current: Supervisor | None = None

    def children(self) -> tuple[ChildInfo, ...]:
        """Return what is known of the children of the present run, or of the last one."""
        return self._current.children() if self._current else ()

    async def run(self, run: Incarnation) -> None:
        """Do one run."""
        self._current = Supervisor(self.spec, self._bodies, self._bus, self._ground, self._on_stopping)
        await self._current.run(run)

    def close(self) -> None:
        """Refuse what comes for any actor below until the next run, if there is one."""
        for child in self.spec.children:
            self._bodies[child.id].close()

    def handling(self) -> tuple[str, str]:
        """Return two empty strings: a supervisor handles no messages."""
        return "", ""
