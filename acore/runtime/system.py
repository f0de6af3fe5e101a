"""A whole tree of actors on one bus: built, run, looked at, administered, stopped."""

import asyncio
from collections.abc import Callable, Iterable

from anyio import CancelScope, create_task_group, sleep_forever
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled

from acore.errors import AcoreError
from acore.events.base import Event
from acore.events.bus import Bus
from acore.events.supervision import Order
from acore.runtime.actor import Actor
from acore.runtime.administration import (
    AT_REST,
    ChildInfo,
    ChildState,
    NeverReadyError,
    SupervisorStoppedError,
    Terminated,
    UnknownChildError,
)
from acore.runtime.bodies import Bodies
from acore.runtime.cause import UNCAUSED, Cause
from acore.runtime.corecell import CoreCell
from acore.runtime.edge import EdgeActor
from acore.runtime.edgecell import EdgeCell
from acore.runtime.incarnation import Body, Flag, Incarnation, inside
from acore.runtime.report import reason
from acore.runtime.restart import Exit, SpecError
from acore.runtime.spec import ChildSpec, Spec, SupervisorSpec, actor_specs, check, every
from acore.runtime.supervisor import Supervisor
from acore.runtime.watchdog import Watchdog

type Stopping = Callable[[BaseException | None, Cause], None]
"""Told that all begins to stop; and what went wrong, and what that comes of, if anything did."""


class SupervisorBody(Body):
    """A supervisor as somebody's child: built anew for each run, over the same cells."""

    def __init__(self, spec: SupervisorSpec, system: "System") -> None:
        self.spec = spec
        self.runs = 0
        self.handled = 0
        self.pinged_at: float | None = None
        """Monotonic seconds of the oldest ping that has not come back; None when all have."""
        self._system = system
        self._current: Supervisor | None = None

    @property
    def queued(self) -> int:
        """How many messages wait: a supervisor gets none."""
        return 0

    @property
    def current(self) -> Supervisor:
        """The present run.

        Raises:
            SupervisorStoppedError: There is none.
        """
        if self._current is None or self._current.is_over:
            raise SupervisorStoppedError(self.spec.id)
        return self._current

    def ping(self) -> None:
        """Send a ping through the queue of its steps; nothing while it does not run."""
        if self._current is None or self._current.is_over:
            self.pinged_at = None
        elif self.pinged_at is None:
            self.pinged_at = self._system.bus.clock.monotonic()
            self._current.post(self._come_back)

    def _come_back(self) -> None:
        self.pinged_at = None

    def children(self) -> tuple[ChildInfo, ...]:
        """Return what is known of the children of the present run, or of the last one."""
        return self._current.children() if self._current else ()

    async def run(self, run: Incarnation) -> None:
        """Do one run."""
        system, self.pinged_at = self._system, None
        self._current = Supervisor(self.spec, run, system, system.bus, system.tasks)
        await self._current.run()

    def drain(self) -> None:
        """Stop the children in order, each when it has done what it accepted."""
        if self._current is not None:
            self._current.stop()

    def close(self) -> None:
        """Refuse what comes for any actor below until the next run, if there is one."""
        for child in self.spec.children:
            if (body := self._system.body(child.id)) is not None:
                body.close()

    def handling(self) -> tuple[str, Cause]:
        """Return what the failure of the last run comes of: a supervisor handles no messages."""
        return "", self._current.failed_by if self._current else UNCAUSED


class System(Bodies):
    """The actors described by one tree of specs, and the mailboxes that outlive their restarts."""

    def __init__(
        self,
        root: SupervisorSpec,
        bus: Bus,
        *,
        on_stopping: Stopping = lambda _failure, _cause: None,
        stop_within: float | None = None,
    ) -> None:
        """Make a mailbox for every actor of the tree; nothing runs yet.

        Args:
            root: The tree.
            bus: What connects its actors.
            on_stopping: Called once, when all begins to stop, with what went wrong or None, and what that
                comes of.
            stop_within: Seconds that a stop may take in all, divided over those still to stop; None
                leaves each its own.

        Raises:
            SpecError: The tree cannot work as described.
            AcoreError: Two actors answer one command or perform one effect.
        """
        check(root)
        _refuse_unjournaled_inputs(actor_specs(root), bus)
        self.bus = bus
        self.cells: dict[str, CoreCell | EdgeCell] = {}
        self.supervisors: dict[str, SupervisorBody] = {}
        self._owners: dict[str, str] = {}
        self._reserved: dict[str, str] = {}
        """Names that supervisors' own specs give, by supervisor: also while a temporary one is gone."""
        self._watchers: dict[str, list[asyncio.Future[Terminated]]] = {}
        self._on_stopping = on_stopping
        self._stop_within = stop_within
        self._tasks: TaskGroup | None = None
        self._run = Incarnation(1)
        self._is_decided = Flag()
        self._run.on_ready = self._is_decided.set
        self._failure: BaseException | None = None
        self._admit(root, "")
        self._root = self.supervisors[root.id]
        self.watchdog = Watchdog(self.cells.values(), bus)

    # --- from its start to its end

    async def run(self) -> None:
        """Start the tree and keep it running until `stop`; then stop it in order.

        Raises:
            StartFailedError: An actor did not start the first time.
            RestartLimitError: An actor kept failing.
            BaseException: What no restart can help with, as it was raised.
        """
        self.bus.open()
        self.watchdog.start()
        try:
            async with create_task_group() as outer:
                outer.start_soon(self._stop_when_cancelled)
                with CancelScope(shield=True):
                    # A run that never ends holds this up, and no supervisor.
                    async with create_task_group() as self._tasks:
                        await self._run_root()
                outer.cancel_scope.cancel()
            if self._failure is not None:
                raise self._failure
        finally:
            self.watchdog.stop()
            self._is_decided.set()
            self._root.close()
            self.ended(self._root.spec.id, None, self.tree())
            self.bus.close()

    async def _run_root(self) -> None:
        try:
            await self._root.run(self._run)
        except BaseException as failure:  # noqa: BLE001 - raised again when all that runs has ended
            self._failure = failure

    async def _stop_when_cancelled(self) -> None:
        """Turn a cancellation from outside into an ordered stop; the actors are shielded from it."""
        try:
            await sleep_forever()
        finally:
            self.stop()

    @property
    def tasks(self) -> TaskGroup:
        """Where all runs take place."""
        assert self._tasks is not None  # noqa: S101 - supervisors run inside of it
        return self._tasks

    async def wait_ready(self) -> None:
        """Return when every actor of the tree has started.

        Raises:
            NeverReadyError: It ended before that.
        """
        await self._is_decided.wait()
        if not self._run.is_ready:
            why = reason(self._failure) if self._failure else "it was stopped before"
            raise NeverReadyError(why) from self._failure

    def stop(self, *, drain: bool = False, cause: Cause = UNCAUSED) -> None:
        """Ask for an ordered stop, in reverse order of the start; asking again changes nothing.

        Args:
            cause: What the wish comes of.
            drain: Whether each actor, when its turn comes, refuses what is new and first does what it
                has accepted.
        """
        self._run.is_draining = self._run.is_draining or drain
        if not self._run.stopping.is_set():
            self._run.ended_by = cause
        self._run.request_stop()

    # --- looked at

    def tree(self) -> tuple[ChildInfo, ...]:
        """Return what is known of every supervisor and actor now; never waits."""
        return self._root.children()

    async def watch(self, child: str) -> Terminated:
        """Return when *child* has ended for good, at once if it has; its restarts are none of that.

        What an operator stopped has ended for good, until he starts it again. Cancelling is how to watch
        no more.

        Args:
            child: An actor or supervisor of the tree; of one that is not there nothing is known.
        """
        path = _path(self.tree(), child)
        if not path:
            return Terminated(child=child, exit=None)
        for info in path:
            if info.state in AT_REST:
                return Terminated(child=child, exit=path[-1].last_exit)
            if info.state is ChildState.BACKOFF:
                break
        end: asyncio.Future[Terminated] = asyncio.get_running_loop().create_future()
        self._watchers.setdefault(child, []).append(end)
        try:
            ended = await end
        except asyncio.CancelledError:
            if end in (waiting := self._watchers.get(child, [])):
                waiting.remove(end)
            raise
        await checkpoint_if_cancelled()  # who watches no more is told nothing, also of what has come already
        return ended

    # --- administered while it runs; called from inside the child it is about, nothing is waited for

    async def start_child(self, supervisor: str, spec: Spec) -> ChildInfo:
        """Add a child to the tree, until its supervisor is started again, and return when it is ready.

        Raises:
            SpecError: It cannot work as described.
            AlreadyStartedError: There is one of this name, and it runs or is about to.
            AlreadyPresentError: There is one of this name, and it does not run.
            StartFailedError: It did not start; nothing of it is kept.
            AcoreError: There is no such supervisor, or it does not run.
        """
        if supervisor not in self.supervisors:
            raise UnknownChildError(supervisor)
        body = self.supervisors[supervisor]
        if self._owners.get(spec.id) != supervisor:
            check(spec, under=body.spec, beside=(cell.spec for cell in self.cells.values()))
            _refuse_unjournaled_inputs(actor_specs(spec), self.bus)
        return await body.current.order(Order.START, spec)

    async def stop_child(self, child: str, *, drain: bool = False, cause: Cause = UNCAUSED) -> None:
        """Stop a child and return when it has stopped; only `restart_child` starts it again.

        Args:
            child: An actor or supervisor of the tree.
            drain: Whether it refuses what is new and first does what it has accepted.
            cause: What the order comes of.

        Raises:
            UnknownChildError: There is none of this name.
            SupervisorStoppedError: Its supervisor does not run.
        """
        reply = self._owner(child).order(Order.STOP, child, drains=drain, cause=cause)
        if child in inside.get():
            reply.cancel()  # it takes effect after the handler that asked for it
        else:
            await reply

    async def restart_child(self, child: str, *, cause: Cause = UNCAUSED) -> ChildInfo:
        """Start a child again that does not run, and return when it is ready.

        Args:
            child: An actor or supervisor of the tree.
            cause: What the order comes of.

        Raises:
            ChildRunningError: It runs.
            ChildRestartingError: It is about to be started again.
            StartFailedError: It did not start; it stays stopped.
            AcoreError: There is none of this name, or its supervisor does not run.
        """
        return await self._owner(child).order(Order.RESTART, child, cause=cause)

    async def retry_now(self, child: str) -> None:
        """Start a child at once that waits to be started again.

        Raises:
            ChildNotWaitingError: It does not wait.
            AcoreError: There is none of this name, or its supervisor does not run.
        """
        await self._owner(child).order(Order.RETRY, child)

    async def delete_child(self, child: str) -> None:
        """Forget a child that does not run; its name is free again.

        Raises:
            ChildRunningError: It runs.
            ChildRestartingError: It is about to be started again.
            AcoreError: There is none of this name, or its supervisor does not run.
        """
        await self._owner(child).order(Order.DELETE, child)

    def _owner(self, child: str) -> Supervisor:
        owner = self._owners.get(child)
        if not owner:
            raise UnknownChildError(child)
        return self.supervisors[owner].current

    # --- what its supervisors share

    def body(self, name: str) -> Body | None:
        """Return what is run for the child *name*, if it is known."""
        return self.cells.get(name) or self.supervisors.get(name)

    def take(self, spec: Spec, owner: str) -> Body:
        """Return what *owner* runs for *spec*, made if it is not there."""
        if self._owners.get(spec.id) != owner:
            for one in every(spec):
                if one.id in self._owners:
                    raise SpecError(one.id, "id", f"is used already, under {self._owners[one.id]}")
                if (keeper := self._reserved.get(one.id, owner)) != owner:
                    raise SpecError(one.id, "id", f"is kept for a child of {keeper}")
            self._admit(spec, owner)
        body = self.body(spec.id)
        assert body is not None  # noqa: S101 - it was admitted
        return body

    def release(self, spec: Spec) -> None:
        """Forget the bodies of *spec* and of all below it."""
        for one in every(spec):
            self._owners.pop(one.id, None)
            if self.supervisors.pop(one.id, None) is not None and isinstance(one, SupervisorSpec):
                for child in one.children:
                    self._reserved.pop(child.id, None)
            if (cell := self.cells.pop(one.id, None)) is not None:
                self.bus.leave(cell)

    def ended(self, child: str, end: Exit | None, below: tuple[ChildInfo, ...]) -> None:
        """Tell whoever watches *child*, or anything below it, that it has ended for good."""
        if self._watchers:
            for watcher in self._watchers.pop(child, ()):
                if not watcher.done():
                    watcher.set_result(Terminated(child=child, exit=end))
            for one in below:
                self.ended(one.id, one.last_exit, one.children)

    def stops(self, supervisor: str, failure: BaseException | None, cause: Cause) -> None:
        """Prepare for the end when it is the root that begins to stop."""
        if supervisor == self._root.spec.id:
            self.bus.drain()
            if self._stop_within is not None:
                self._run.due = self.bus.clock.monotonic() + self._stop_within
            self._on_stopping(failure, cause)

    def _admit(self, spec: Spec, owner: str) -> None:
        try:
            self._owners[spec.id] = owner
            if isinstance(spec, SupervisorSpec):
                self.supervisors[spec.id] = SupervisorBody(spec, self)
                self._reserved |= {child.id: spec.id for child in spec.children}
                for child in spec.children:
                    self._admit(child, spec.id)
            else:
                cell = EdgeCell if issubclass(spec.actor, EdgeActor) else CoreCell
                self.cells[spec.id] = cell(spec, self.bus)
        except AcoreError:
            self.release(spec)
            raise


def _path(infos: Iterable[ChildInfo], name: str) -> tuple[ChildInfo, ...]:
    """Return *name* and those it is below, outermost first; nothing when it is not there."""
    for info in infos:
        if info.id == name:
            return (info,)
        if below := _path(info.children, name):
            return (info, *below)
    return ()


def _refuse_unjournaled_inputs(specs: list[ChildSpec], bus: Bus) -> None:
    """Refuse a core actor whose decisions could not be replayed for want of what it was told."""
    lost = [wire.cls for wire in bus.catalog if issubclass(wire.cls, Event) and not wire.journaled]
    for spec in specs:
        for handled in spec.actor.handlers if issubclass(spec.actor, Actor) else ():
            for kind in lost:
                if issubclass(kind, handled):
                    raise SpecError(spec.id, "actor", f"handles {kind.__name__}, which is not journaled")
