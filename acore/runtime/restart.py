"""What supervisors go by: specs, and pure functions that say who restarts, when, and with whom.

The rules are those of Erlang/OTP's supervisor (its manual pages `supervisor` and `sup_princ`), with a
backoff between restarts as in Akka's BackoffSupervisor.
"""

from collections.abc import Sequence
from enum import StrEnum

from acore.errors import AcoreError
from acore.record import Record


class SpecError(AcoreError):
    """A child or supervisor is described in a way that cannot work."""

    def __init__(self, child: str, field: str, reason: str) -> None:
        super().__init__(f"child {child!r}: {field} {reason}")


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


class ExitKind(StrEnum):
    """How a run ended."""

    NORMAL = "normal"
    SHUTDOWN = "shutdown"
    CRASHED = "crashed"
    LOST = "lost"
    KILLED = "killed"
    START_FAILED = "start_failed"
    ABANDONED = "abandoned"


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
        return self.kind not in {ExitKind.NORMAL, ExitKind.SHUTDOWN}


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
    match restart:
        case RestartType.PERMANENT:
            return True
        case RestartType.TRANSIENT:
            return end.is_abnormal
        case RestartType.TEMPORARY:
            return False


def affected[Id](strategy: Strategy, order: Sequence[Id], failed: Id) -> tuple[Id, ...]:
    """Return who is stopped and started again when *failed* fails, in start order."""
    match strategy:
        case Strategy.ONE_FOR_ONE:
            return (failed,)
        case Strategy.ONE_FOR_ALL:
            return tuple(order)
        case Strategy.REST_FOR_ONE:
            return tuple(order[order.index(failed) :])


def recent(failures: Sequence[Failure], now: float, limit: RestartLimit) -> tuple[Failure, ...]:
    """Return the *failures* that still count at *now* (monotonic seconds): a sliding window."""
    return tuple(failure for failure in failures if now - failure.at <= limit.period)


def delay(backoff: Backoff, failures: int, random: float) -> float:
    """Return seconds to wait after the *failures*-th failure in a row: more than 0, at most the cap.

    Args:
        backoff: First wait, cap and jitter.
        failures: 1 for the first.
        random: From 0 to 1; spreads out what failed together.
    """
    doubled = backoff.first * 2.0 ** min(failures - 1, 64)
    return min(backoff.cap, doubled * (1 + random * backoff.jitter))
