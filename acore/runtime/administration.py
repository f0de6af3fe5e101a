"""What can be told of a supervisor's children at any moment, and what may be done to them when."""

from enum import StrEnum

from acore.errors import AcoreError
from acore.events.supervision import Order
from acore.record import Record
from acore.runtime.restart import Exit


class ChildState(StrEnum):
    """Where a child is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    BACKOFF = "backoff"
    ABANDONED = "abandoned"


AT_REST = frozenset({ChildState.STOPPED, ChildState.ABANDONED})
"""In these states a child has no run, and gets none unless somebody starts it."""


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
    queued: int = 0
    handled: int = 0
    children: "tuple[ChildInfo, ...]" = ()


class Terminated(Record):
    """The end of a child for good: nobody starts it again by itself. `exit` is None when it is not known."""

    child: str
    exit: Exit | None


class UnknownChildError(AcoreError):
    """There is no child of this name."""

    def __init__(self, child: str) -> None:
        super().__init__(f"there is no {child!r} in the tree: it never was, or it has ended for good")


class AlreadyStartedError(AcoreError):
    """A child of this name runs, or is about to; `child` tells of it."""

    def __init__(self, child: ChildInfo) -> None:
        super().__init__(f"{child.id} is there already, {child.state} for the {child.incarnation}. time")
        self.child = child


class AlreadyPresentError(AcoreError):
    """A child of this name is kept, although it does not run."""

    def __init__(self, child: str) -> None:
        super().__init__(f"{child} is there already, stopped: restart it, or delete it first")


class ChildRunningError(AcoreError):
    """What is wanted can only be done to a child that does not run."""

    def __init__(self, child: str, order: Order) -> None:
        super().__init__(f"cannot {order} {child} while it runs: stop it first")


class ChildRestartingError(AcoreError):
    """What is wanted cannot be done to a child that is about to be started again."""

    def __init__(self, child: str, order: Order) -> None:
        super().__init__(
            f"cannot {order} {child} while it waits to be started again: retry it now, or stop it first"
        )


class ChildNotWaitingError(AcoreError):
    """Only a child that waits to be started again can be told to wait no longer."""

    def __init__(self, child: str, state: ChildState) -> None:
        super().__init__(f"{child} does not wait to be started again: it is {state}")


class SupervisorStoppedError(AcoreError):
    """The supervisor is stopping or does not run, so it does nothing more for anybody."""

    def __init__(self, supervisor: str) -> None:
        super().__init__(f"{supervisor} is stopped or stopping: it does nothing with its children now")


class NeverReadyError(AcoreError):
    """Everything ended before all had started; the cause, if it was a failure, tells why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not everything could be started: {reason}")


def refusal(order: Order, child: ChildInfo) -> AcoreError | None:
    """Return why *order* cannot be followed as *child* is; None when it can. The table is OTP's."""
    is_at_rest, is_waiting = child.state in AT_REST, child.state is ChildState.BACKOFF
    refused: AcoreError | None = None
    match order:
        case Order.STOP:
            pass
        case Order.START:
            refused = AlreadyPresentError(child.id) if is_at_rest else AlreadyStartedError(child)
        case Order.RESTART | Order.DELETE:
            if is_waiting:
                refused = ChildRestartingError(child.id, order)
            elif not is_at_rest:
                refused = ChildRunningError(child.id, order)
        case Order.RETRY:
            if not is_waiting:
                refused = ChildNotWaitingError(child.id, child.state)
    return refused
