"""What supervisors go by: pure functions of records that say who restarts, when, with whom, and how long.

The rules are those of Erlang/OTP's supervisor (its manual pages `supervisor` and `sup_princ`), with a
backoff between restarts as in Akka's BackoffSupervisor.
"""

from collections.abc import Iterable
from enum import StrEnum
from math import inf

from acore.errors import AcoreError
from acore.record import Record


class SpecError(AcoreError):
    """A child or supervisor is described in a way that cannot work."""

    def __init__(self, child: str, field: str, reason: str) -> None:
        super().__init__(f"child {child!r}: {field} {reason}")


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


class Strategy(StrEnum):
    """Who is restarted together with a child that failed."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"


class RestartType(StrEnum):
    """After which ends a child is started again."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"


class AutoShutdown(StrEnum):
    """When the good end of significant children ends their supervisor: never, of any, of the last one."""

    NEVER = "never"
    ANY = "any"
    ALL = "all"


class StopOrder(StrEnum):
    """How a supervisor stops its children: one by one, the last started first, or all at the same time."""

    REVERSE = "reverse"
    TOGETHER = "together"


class ExitKind(StrEnum):
    """How a run ended."""

    NORMAL = "normal"
    SHUTDOWN = "shutdown"
    CRASHED = "crashed"
    LOST = "lost"
    KILLED = "killed"
    START_FAILED = "start_failed"
    IGNORED = "ignored"
    ABANDONED = "abandoned"


_GOOD = frozenset({ExitKind.NORMAL, ExitKind.SHUTDOWN, ExitKind.IGNORED})


class Exit(Record):
    """The end of one run, in words that survive the exception."""

    kind: ExitKind
    error: str = ""
    reason: str = ""
    place: str = ""
    is_fatal: bool = False

    @property
    def is_abnormal(self) -> bool:
        """Whether nobody asked for it."""
        return self.kind not in _GOOD


class Failure(Record):
    """One end that called for a restart. `at` is monotonic seconds."""

    at: float
    reason: str


class RestartLimit(Record):
    """How many restarts a supervisor allows itself before it fails too.

    OTP's default is 1 in 5 s; a bot's troubles come from outside and in bursts, so ours is wider.
    """

    intensity: int = 5
    period: float = 60.0


class Backoff(Record):
    """How long to wait before starting again, growing with each failure in a row. Seconds."""

    first: float = 0.1
    cap: float = 30.0
    jitter: float = 0.2

    @property
    def reset_after(self) -> float:
        """Seconds of running after which a failure starts a new row; Akka's default."""
        return (self.first + self.cap) / 2


def calls_for_restart(restart: RestartType, end: Exit) -> bool:
    """Return whether a child of this type is started again after *end*."""
    if end.kind is ExitKind.IGNORED:
        return False
    match restart:
        case RestartType.PERMANENT:
            return True
        case RestartType.TRANSIENT:
            return end.is_abnormal
        case RestartType.TEMPORARY:
            return False


def calls_for_shutdown(auto: AutoShutdown, others: int) -> bool:
    """Return whether the end of a significant child, with so many *others* alive, ends the supervisor."""
    match auto:
        case AutoShutdown.NEVER:
            return False
        case AutoShutdown.ANY:
            return True
        case AutoShutdown.ALL:
            return others == 0


def affected[Id](strategy: Strategy, order: Iterable[Id], failed: Id) -> tuple[Id, ...]:
    """Return who is stopped and started again when *failed* fails, in start order."""
    match strategy:
        case Strategy.ONE_FOR_ONE:
            return (failed,)
        case Strategy.ONE_FOR_ALL:
            return tuple(order)
        case Strategy.REST_FOR_ONE:
            everyone = tuple(order)
            return everyone[everyone.index(failed) :]


def outdated(failures: Iterable[Failure], now: float, limit: RestartLimit) -> int:
    """Return how many of the oldest *failures* no longer count at *now* (monotonic s): a sliding window."""
    count = 0
    for failure in failures:
        if now - failure.at <= limit.period:
            break
        count += 1
    return count


def is_stable(backoff: Backoff | None, ran: float) -> bool:
    """Return whether a child that was up for *ran* seconds has put its failures behind it.

    Time spent starting or waiting is no stability.
    """
    return backoff is None or ran >= backoff.reset_after


def delay(backoff: Backoff, failures: int, random: float) -> float:
    """Return seconds to wait after the *failures*-th failure in a row: more than 0, at most the cap.

    Args:
        backoff: First wait, cap and jitter.
        failures: 1 for the first.
        random: From 0 to 1; spreads out what failed together.
    """
    doubled = backoff.first * 2.0 ** min(failures - 1, 64)
    return min(backoff.cap, doubled * (1 + random * backoff.jitter))


def stop_times(own: float | None, patience: float, left: float | None, others: int) -> tuple[float, float]:
    """Return after how many seconds a child is killed that was asked to stop, and then given up on.

    When all must be over by an instant, each child may take half of what is left, and the last one the rest:
    one that hangs costs the others nothing that they need.

    Args:
        own: Seconds that the child may take; None for as long as it needs.
        patience: Seconds that a killed child has to end.
        left: Seconds until all must be over; None when nothing presses.
        others: How many are to be stopped after it.
    """
    own = inf if own is None else own
    if left is None:
        return own, patience
    whole = max(0.0, left) / (2 if others else 1)
    patience = min(patience, whole / 2)
    return min(own, whole - patience), patience
