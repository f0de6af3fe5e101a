"""What is counted and sampled."""

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


class MetricsView(View):
    """The counters, the messages of the last minute, and the latest sample."""

    counters: Counters
    messages_last_minute: int
    sample: HostSampled | None
