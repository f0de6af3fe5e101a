"""A whole tree of actors on one bus: built, run, looked at, stopped."""

from collections.abc import Callable
from typing import Any, cast

from acore.events.base import Event
from acore.events.bus import Bus
from acore.runtime.actor import Actor
from acore.runtime.corecell import CoreCell
from acore.runtime.edge import EdgeActor
from acore.runtime.edgecell import EdgeCell
from acore.runtime.incarnation import Body, Incarnation
from acore.runtime.restart import SpecError
from acore.runtime.spec import ChildSpec, SupervisorSpec, actor_specs, check, every
from acore.runtime.supervisor import ChildInfo, Ground, Stopping, SupervisorBody
from acore.runtime.watchdog import Watchdog


class System:
    """The actors described by one tree of specs, and the mailboxes that outlive their restarts."""

    def __init__(
        self, root: SupervisorSpec, bus: Bus, *, on_stopping: Stopping = lambda _failure: None
    ) -> None:
        """Make a mailbox for every actor of the tree; nothing runs yet.

        Args:
            root: The tree.
            bus: What connects its actors.
            on_stopping: Called once, when all begins to stop, with what went wrong or None.

        Raises:
            SpecError: The tree cannot work as described.
            AcoreError: Two actors answer one command or perform one effect.
        """
        check(root)
        _refuse_unjournaled_inputs(actor_specs(root), bus)
        self.bus = bus
        self.cells = {spec.id: _cell(spec, bus) for spec in actor_specs(root)}
        self.watchdog = Watchdog(self.cells.values(), bus)
        bodies: dict[str, Body] = dict(self.cells)
        ground = Ground()
        for spec in every(root):
            if isinstance(spec, SupervisorSpec):
                bodies[spec.id] = SupervisorBody(spec, bodies, bus, ground)

        def begin_to_stop(failure: BaseException | None) -> None:
            bus.drain()
            on_stopping(failure)

        self._root = SupervisorBody(root, bodies, bus, ground, on_stopping=begin_to_stop)
        self._run = Incarnation(1)

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
            await self._root.run(self._run)
        finally:
            self.watchdog.stop()
            self._root.close()
            self.bus.close()

    async def wait_ready(self) -> None:
        """Return when every actor of the tree has started."""
        await self._run.became_ready.wait()

    def stop(self) -> None:
        """Ask for an ordered stop, in reverse order of the start; asking again changes nothing."""
        self._run.request_stop()

    def tree(self) -> tuple[ChildInfo, ...]:
        """Return what is known of every supervisor and actor now."""
        return self._root.children()


def _cell(spec: ChildSpec, bus: Bus) -> CoreCell | EdgeCell:
    kind = spec.actor
    cell: CoreCell | EdgeCell
    if issubclass(kind, EdgeActor):
        build = cast("Callable[[], EdgeActor]", spec.build)
        cell = EdgeCell(spec.id, kind, build, bus, spec.mailbox(), max_attempts=spec.max_attempts)
    else:
        build = cast("Callable[[], Actor[Any]]", spec.build)
        cell = CoreCell(spec.id, kind, build, bus, spec.mailbox(), max_attempts=spec.max_attempts)
    cell.slow_after, cell.handler_timeout = spec.slow_after, spec.handler_timeout
    return cell


def _refuse_unjournaled_inputs(specs: list[ChildSpec], bus: Bus) -> None:
    """Refuse a core actor whose decisions could not be replayed for want of what it was told."""
    lost = [wire.cls for wire in bus.catalog if issubclass(wire.cls, Event) and not wire.journaled]
    for spec in specs:
        for handled in spec.actor.handlers if issubclass(spec.actor, Actor) else ():
            for kind in lost:
                if issubclass(kind, handled):
                    raise SpecError(spec.id, "actor", f"handles {kind.__name__}, which is not journaled")
