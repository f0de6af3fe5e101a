"""Checks: when they are due, what they found."""

from datetime import datetime
from enum import StrEnum

from acore.events.base import Effect, Event, Policy
from acore.events.catalog import wire
from acore.events.personal import FreeText
from acore.events.views import View
from acore.record import Record


class Health(StrEnum):
    """How something is."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


@wire("check.due")
class CheckDue(Event):
    """It is time to run a check again."""

    check: str


@wire("check.run", policy=Policy.IDEMPOTENT, urgent=True)
class RunCheck(Effect):
    """Run one check now: also while nothing can be written, it is what tells of that."""

    check: str


@wire("check.completed")
class CheckCompleted(Event):
    """A check ran to its end, or to its time limit."""

    check: str
    status: Health
    message: FreeText
    seconds: float


class CheckState(Record):
    """What a check found last, and since when it has found the same."""

    check: str
    status: Health
    message: FreeText
    at: datetime
    since: datetime


class HealthView(View):
    """The latest result of every check."""

    checks: tuple[CheckState, ...]
