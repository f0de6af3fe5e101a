"""What is counted and sampled."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.events.views import View
from acore.record import Record


@wire("activity.counted")
class ActivityCounted(Event):
    """What passed through the gateway in the last few seconds, in numbers only."""

    messages: int = 0
    commands: int = 0
    errors: int = 0


@wire("host.sampled")
class HostSampled(Event):
    """The machine and this process, measured. Percents are 0 to 100; sizes are bytes; lag is seconds."""

    cpu_percent: float
    memory_percent: float
    process_bytes: int
    process_cpu_percent: float
    disk_percent: float
    loop_lag: float


class Counters(Record):
    """Counts since the beginning of the data; restarts do not lose them.

    `upto` is the journal's number of the last event that is counted in.
    """

    messages: int = 0
    commands: int = 0
    errors: int = 0
    upto: int = 0


@wire("metrics.load_counters")
class LoadCounters(Command[Counters]):
    """What had been counted before this run of the actor?"""


type CountedAt = tuple[datetime, int]
"""How many messages were counted, and when."""


class MetricsView(View):
    """The counters, what was counted lately, and the latest sample."""

    counters: Counters
    recent: tuple[CountedAt, ...]
    sample: HostSampled | None

    def messages_last_minute(self, now: datetime) -> int:
        """Return how many messages were counted in the minute before *now*: none when nothing came since."""
        return sum(messages for _, messages in within_a_minute(self.recent, now))


def within_a_minute(counts: Iterable[CountedAt], now: datetime) -> list[CountedAt]:
    """Return those of the minute before *now*; one from the future is of a clock that was set back since."""
    return [(at, messages) for at, messages in counts if timedelta(0) <= now - at < timedelta(minutes=1)]
