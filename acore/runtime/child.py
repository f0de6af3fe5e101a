"""One child of a supervisor: what outlives its runs, and each run from its start to its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TYPE_CHECKING

from anyio.abc import TaskGroup

from acore.clock import Timer
from acore.runtime.administration import ChildInfo, ChildState
from acore.runtime.cause import UNCAUSED, Cause
from acore.runtime.incarnation import Body, Incarnation, inside
from acore.runtime.report import chief, judge, sole, whereabouts
from acore.runtime.restart import Exit, ExitKind, is_stable
from acore.runtime.spec import Spec, SupervisorSpec

if TYPE_CHECKING:  # each of the two knows the other
    from acore.runtime.supervisor import Supervisor

# After its time to stop is up and it was cancelled, a child has this many seconds before it is given up on.
KILL_TIMEOUT = 2.0

type Reply = asyncio.Future[ChildInfo]
"""What somebody waits for who gave an order: the child, once it was followed."""


@dataclass(slots=True, eq=False)
class Child:
    """A place in a supervisor: what outlives the child's runs."""

    spec: Spec
    body: Body
    boss: "Supervisor"
    is_dynamic: bool = False  # added at run time: it goes with this run of its supervisor
    is_new: bool = False  # and was not ready yet: if it cannot be started, nothing of it is kept
    is_held: bool = False  # stopped by an operator: only an operator starts it again
    state: ChildState = ChildState.BACKOFF
    since: float = 0.0
    due: float | None = None
    run: Incarnation | None = None
    timer: Timer | None = None
    failures: int = 0  # in a row
    restarts: int = 0
    last_exit: Exit | None = None
    next_by: Cause = UNCAUSED  # what its next run comes of
    starter: Reply | None = None
    stoppers: tuple[Reply, ...] = ()

    @property
    def is_supervisor(self) -> bool:
        """Whether it has children itself."""
        return isinstance(self.spec, SupervisorSpec)

    def info(self) -> ChildInfo:
        """Return what can be told of it now."""
        return ChildInfo(
            id=self.spec.id,
            state=self.state,
            incarnation=self.body.runs,
            restarts=self.restarts,
            since=self.since,
            due=self.due,
            last_exit=self.last_exit,
            is_supervisor=self.is_supervisor,
            queued=self.body.queued,
            handled=self.body.handled,
            children=self.body.children(),
        )

    def enter(self, state: ChildState) -> None:
        """Go over to *state*, in which nothing is timed yet."""
        now = self.boss.clock.monotonic()
        if self.state is ChildState.RUNNING and is_stable(self.spec.backoff, now - self.since):
            self.failures = 0
        self.state, self.since, self.due = state, now, None
        self._set_timer(None)

    def after[*Args](self, seconds: float, do: Callable[[*Args], None], *args: *Args) -> None:
        """Have that done in so many seconds as a step of the supervisor, unless another state comes first."""
        self._set_timer(self.boss.clock.call_later(seconds, partial(self.boss.post, do, *args)))

    def launch(self, tasks: TaskGroup) -> None:
        """Begin a new run."""
        self.body.runs += 1
        run = self.run = Incarnation(self.body.runs, self.next_by)
        run.on_ready = lambda: self.boss.post(self.boss.on_ready, self, run)
        run.on_fail = self.expect_end
        self.enter(ChildState.STARTING)
        run.task = tasks.create_task(self._live(run), name=self.spec.id)
        # A step later most are ready, and need no timer.
        self.boss.post(self._watch_start, run)

    def halt(self, limit: float, patience: float, *, due: float | None, drains: bool, cause: Cause) -> None:
        """Ask the present run to stop; at once when it has not started or has no time for it.

        Args:
            limit: Seconds until it is killed, perhaps infinitely many.
            patience: Seconds after the kill until it is given up on.
            due: When it must have stopped, in monotonic seconds; None leaves it its own time.
            drains: Whether it first does what it has accepted.
            cause: What the stop comes of.
        """
        run = self.run
        if run is None or (self.state is ChildState.STOPPING and drains >= run.is_draining):
            return
        self.enter(ChildState.STOPPING)
        run.due = due
        if not run.stopping.is_set():
            run.ended_by = cause
        if limit == 0 or not (run.is_ready or self.is_supervisor):
            self.kill(run, patience)
            return
        if limit < inf:
            self.after(limit, self.kill, run, patience)
        run.is_draining = drains and run.is_ready
        if run.is_draining:
            self.body.drain()
        else:
            run.request_stop()

    def kill(self, run: Incarnation, patience: float = KILL_TIMEOUT) -> None:
        """Cancel *run*; a supervisor kills what it has in turn, and ends then."""
        if self.run is not run:
            return
        run.is_killed = True
        # Not woken first: it would begin to stop in good order, for which there is no time.
        run.stopping.set()
        if self.is_supervisor:
            run.on_stop()
        elif run.task is not None:
            run.task.cancel()
            self.after(patience, self._abandon, run, patience)

    def expect_end(self) -> None:
        """Kill a run that has failed and does not end within the time it has for an ordered stop."""
        self.boss.post(self._expect_end, self.run)

    def _expect_end(self, run: Incarnation | None) -> None:
        if run is not None and self.run is run and self.state is ChildState.RUNNING:
            self.after(self.spec.shutdown or 0.0, self.kill, run)

    def _set_timer(self, timer: Timer | None) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.timer = timer

    def _watch_start(self, run: Incarnation) -> None:
        if self.run is run and self.state is ChildState.STARTING and not run.is_ready:
            self.after(self.spec.start_timeout, self._time_out, run)

    def _time_out(self, run: Incarnation) -> None:
        if self.run is run and not run.is_ready:
            run.has_timed_out = True
            if self.is_supervisor:
                run.request_stop()
            else:
                self.kill(run)

    def _abandon(self, run: Incarnation, patience: float) -> None:
        """Go on without a run that no cancellation ends; what it says from now on is refused."""
        if self.run is run:
            run.is_current = False
            places = whereabouts((*inside.get(), self.spec.id))
            slow = f"it did not end {patience:g} s after the kill; it hangs at {'; '.join(places)}"
            reason = f"{run.failure}; {slow}" if run.failure else slow
            end = Exit(kind=ExitKind.ABANDONED, reason=reason, place=places[0])
            self.boss.on_exit(self, run, end, None)

    async def _live(self, run: Incarnation) -> None:
        inside.set((*inside.get(), self.spec.id))
        error: BaseException | None = None
        try:
            await self.body.run(run)
            kind = ExitKind.SHUTDOWN if run.stopping.is_set() else ExitKind.NORMAL
        except asyncio.CancelledError:
            # Nobody in acore cancels a run but `kill`: some library did, and the child is gone.
            kind = ExitKind.KILLED if run.is_killed else ExitKind.LOST
        except BaseException as raised:  # noqa: BLE001 - this is where `except Exception` lives
            error, kind = sole(raised), ExitKind.CRASHED
        end = judge(kind, error, run, start_timeout=self.spec.start_timeout, shutdown=self.spec.shutdown)
        if isinstance(error, Exception) and end.is_fatal:
            error = chief(error)
        self.boss.post(self.boss.on_exit, self, run, end, error)


def tell(reply: Reply | None, outcome: ChildInfo | Exception) -> None:
    """Answer whoever gave an order, if somebody still waits."""
    if reply is not None and not reply.done():
        if isinstance(outcome, Exception):
            reply.set_exception(outcome)
        else:
            reply.set_result(outcome)
