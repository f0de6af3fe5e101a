"""Descriptions of actors and supervisors: data, checked before anything starts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from acore.events.mailbox import DEFAULT_CAPACITY, CoalescingMailbox, Key, Mailbox, Overflow
from acore.runtime.actor import Actor
from acore.runtime.edge import EdgeActor
from acore.runtime.restart import (
    AutoShutdown,
    Backoff,
    RestartLimit,
    RestartType,
    SpecError,
    StopOrder,
    Strategy,
)
from acore.runtime.watchdog import HANDLER_TIMEOUT, SLOW_AFTER


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How one actor is made, started, stopped and started again. Times are seconds.

    `backoff` None starts it again at once. The good end of a significant child may end its supervisor. A
    handler that is not done after `slow_after` is told of; after `handler_timeout` it is given up, and the
    actor with it. None does without.
    """

    id: str
    actor: type[Actor[Any]] | type[EdgeActor]
    start: Callable[[], Actor[Any] | EdgeActor] | None = None
    restart: RestartType = RestartType.PERMANENT
    is_significant: bool = False
    start_timeout: float = 30.0
    shutdown: float = 5.0
    backoff: Backoff | None = Backoff()
    capacity: int = DEFAULT_CAPACITY
    overflow: Overflow = Overflow.DROP_NEW
    coalesce_by: Key | None = None
    unbounded_because: str = ""
    is_critical: bool = False
    max_attempts: int = 1
    slow_after: float | None = SLOW_AFTER
    handler_timeout: float | None = HANDLER_TIMEOUT

    def mailbox(self) -> Mailbox:
        """Return the actor's queue, empty."""
        if self.overflow is Overflow.COALESCE and self.coalesce_by is not None:
            return CoalescingMailbox(self.capacity, self.coalesce_by, is_critical=self.is_critical)
        return Mailbox(self.capacity, self.overflow, is_critical=self.is_critical)

    def build(self) -> Actor[Any] | EdgeActor:
        """Return the actor, made anew."""
        return self.actor() if self.start is None else self.start()


class SupervisorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How one supervisor treats its children; `shutdown` None waits as long as they need."""

    id: str
    children: "tuple[ChildSpec | SupervisorSpec, ...]"
    strategy: Strategy = Strategy.ONE_FOR_ONE
    limit: RestartLimit = RestartLimit()
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    stop_order: StopOrder = StopOrder.REVERSE
    restart: RestartType = RestartType.PERMANENT
    is_significant: bool = False
    start_timeout: float = 120.0
    shutdown: float | None = None
    backoff: Backoff | None = Backoff()


type Spec = ChildSpec | SupervisorSpec
"""How one child of a supervisor is treated."""


def check(root: Spec, *, under: SupervisorSpec | None = None, beside: Iterable[ChildSpec] = ()) -> None:
    """Check a whole tree, or a part that is to join one.

    Args:
        root: The tree or the part.
        under: The supervisor that the part joins.
        beside: The actors of the tree that it joins.

    Raises:
        SpecError: Naming the child and the field that cannot work.
    """
    seen: set[str] = set()
    for spec, parent in _placed(root, under):
        if not spec.id or "/" in spec.id:
            raise SpecError(spec.id, "id", "must be a name without '/'")
        if spec.id in seen:
            raise SpecError(spec.id, "id", "is used twice")
        seen.add(spec.id)
        _check_choices(spec)
        _check_times(spec)
        _check_significance(spec, parent)
        if isinstance(spec, SupervisorSpec):
            _check_limit(spec)
        else:
            _check_mailbox(spec)
            _check_limits_of_handlers(spec)
            _check_attempts(spec, parent)
    _check_asks(actor_specs(root), beside)


def every(spec: Spec) -> Iterator[Spec]:
    """Yield *spec* and all that is below it, parents first."""
    for one, _ in _placed(spec, None):
        yield one


def actor_specs(root: Spec) -> list[ChildSpec]:
    """Return the actors of the tree in start order."""
    return [spec for spec in every(root) if isinstance(spec, ChildSpec)]


def _placed(spec: Spec, parent: SupervisorSpec | None) -> Iterator[tuple[Spec, SupervisorSpec | None]]:
    yield spec, parent
    if isinstance(spec, SupervisorSpec):
        for child in spec.children:
            yield from _placed(child, spec)


def _check_choices(spec: Spec) -> None:
    if spec.restart not in tuple(RestartType):
        raise SpecError(spec.id, "restart", f"must be one of {', '.join(RestartType)}, not {spec.restart!r}")
    if isinstance(spec, SupervisorSpec):
        if spec.strategy not in tuple(Strategy):
            known = ", ".join(Strategy)
            raise SpecError(spec.id, "strategy", f"must be one of {known}, not {spec.strategy!r}")
    elif spec.start is not None and not callable(spec.start):
        raise SpecError(spec.id, "start", f"must make the actor when it is called, and {spec.start!r} cannot")


def _check_times(spec: Spec) -> None:
    if not spec.start_timeout > 0:  # this way round, which NaN fails too
        raise SpecError(spec.id, "start_timeout", f"must be more than 0 s, not {spec.start_timeout:g}")
    if spec.shutdown is not None and not spec.shutdown >= 0:
        raise SpecError(spec.id, "shutdown", f"must not be negative, not {spec.shutdown:g}")
    backoff = spec.backoff
    if backoff is not None and not (0 < backoff.first <= backoff.cap and backoff.jitter >= 0):
        raise SpecError(spec.id, "backoff", f"must wait more than 0 s and at most its cap: {backoff}")


def _check_significance(spec: Spec, parent: SupervisorSpec | None) -> None:
    if not spec.is_significant:
        return
    if spec.restart is RestartType.PERMANENT:
        raise SpecError(spec.id, "is_significant", "fits no permanent child: it never ends for good")
    if parent is None or parent.auto_shutdown is AutoShutdown.NEVER:
        raise SpecError(spec.id, "is_significant", "means nothing where auto_shutdown is never")


def _check_mailbox(spec: ChildSpec) -> None:
    if spec.capacity < 1:
        raise SpecError(spec.id, "capacity", f"must be at least 1, not {spec.capacity}")
    if spec.max_attempts < 1:
        raise SpecError(spec.id, "max_attempts", f"must be at least 1, not {spec.max_attempts}")
    if (spec.overflow is Overflow.COALESCE) != (spec.coalesce_by is not None):
        raise SpecError(spec.id, "coalesce_by", "goes with overflow=coalesce, which needs it")
    if (spec.overflow is Overflow.UNBOUNDED) != bool(spec.unbounded_because):
        raise SpecError(spec.id, "unbounded_because", "goes with overflow=unbounded, and gives the reason")


def _check_limits_of_handlers(spec: ChildSpec) -> None:
    for field, seconds in (("slow_after", spec.slow_after), ("handler_timeout", spec.handler_timeout)):
        if seconds is not None and not seconds > 0:
            raise SpecError(spec.id, field, f"must be more than 0 s or None, not {seconds:g}")


def _check_limit(spec: SupervisorSpec) -> None:
    if not spec.limit.intensity >= 0:
        raise SpecError(spec.id, "limit.intensity", f"must not be negative, not {spec.limit.intensity}")
    if not spec.limit.period > 0:
        raise SpecError(spec.id, "limit.period", f"must be more than 0 s, not {spec.limit.period:g}")


def _check_attempts(spec: ChildSpec, parent: SupervisorSpec | None) -> None:
    """Refuse a child that one bad message would let fail more often than its supervisor puts up with."""
    if parent is not None and 1 < spec.max_attempts > parent.limit.intensity:
        allowed = parent.limit.intensity
        why = f"is {spec.max_attempts}, more than the {allowed} restarts that {parent.id} allows"
        raise SpecError(spec.id, "max_attempts", why)


def _check_asks(specs: Sequence[ChildSpec], beside: Iterable[ChildSpec]) -> None:
    """Refuse actors that could wait for each other for ever."""
    if not any(spec.actor.asks for spec in specs):
        return
    answered = {command: spec for spec in (*beside, *specs) for command in spec.actor.handlers}
    done: set[str] = set()

    def visit(spec: ChildSpec, path: tuple[str, ...]) -> None:
        if spec.id in path:
            circle = " → ".join((*path[path.index(spec.id) :], spec.id))
            raise SpecError(spec.id, "asks", f"makes a circle: {circle}")
        if spec.id not in done:
            for command in spec.actor.asks:
                if command in answered:
                    visit(answered[command], (*path, spec.id))
            done.add(spec.id)

    for spec in specs:
        visit(spec, ())
        for command in spec.actor.asks:
            if command not in answered:
                raise SpecError(
                    spec.id, "asks", f"names {command.__name__}, which no actor of the tree answers"
                )
