"""The process: how it started, what its actors did, how it is to end."""

from datetime import datetime

from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import wire
from acore.events.personal import FreeText, PersonalName
from acore.events.views import View
from acore.record import Record


class ProcessFacts(Record):
    """What the process can say of itself. `commit` is that of the folder it was started in, if any."""

    version: str
    commit: str
    python: str
    host: PersonalName
    pid: int
    began: datetime
    settings_revision: str


@wire("process.describe")
class DescribeProcess(Command[ProcessFacts]):
    """What runs here, and since when?"""


@wire("run.started")
class RunStarted(Event):
    """A new run of the whole program began."""

    version: str
    commit: str
    python: str
    host: PersonalName
    pid: int
    settings_revision: str


@wire("run.ended")
class RunEnded(Event):
    """The program stopped in good order; a run without this did not."""

    reason: PersonalName
    uptime: float


@wire("run.failed", vital=True)
class RunFailed(Event):
    """The program ends by itself: restarting did not help, or only a person can mend it.

    `error` names the kind and `reason` tells it in words; `exit_code` is what the process will end with.
    """

    error: str
    reason: FreeText
    exit_code: int
    began: datetime


@wire("run.interruption_found")
class InterruptionFound(Event):
    """The run before this one did not end in good order. Without a `reason` it was killed.

    `last_seq` is the number of the last entry that it left behind, `silent_for` the seconds since, and
    `pending_effects` how many effects it had asked for of which no outcome is known.
    """

    boot: str
    began: datetime
    version: str
    reason: FreeText = ""
    last_seq: int = 0
    silent_for: float | None = None
    pending_effects: int = 0


@wire("clock.stepped", vital=True)
class ClockStepped(Event):
    """The machine's clock was set, or the machine slept: it is `seconds` further than the time that passed.

    Less than nothing when it was set back. No order, no timer and no deadline depends on it.
    """

    seconds: float


@wire("stop.requested", vital=True)
class StopRequested(Event):
    """Somebody wants the program to stop: a signal, or a person."""

    by: PersonalName


@wire("process.end", policy=Policy.AT_MOST_ONCE, urgent=True)
class EndProcess(Effect):
    """Stop all actors in order, then end the process."""

    reason: PersonalName


class PastRun(Record):
    """A run of the program as the store remembers it. With a reason and no end it failed.

    `last_seq` and `last_sign` are those of the last entry it left behind, and `pending_effects` is how many
    effects it had asked for of which no outcome is known.
    """

    boot: str
    began: datetime
    version: str
    ended: datetime | None = None
    reason: FreeText = ""
    last_seq: int = 0
    last_sign: datetime | None = None
    pending_effects: int = 0


@wire("run.load_last")
class LoadLastRun(Command[PastRun | None]):
    """How did the run before this one go?"""


class ActorLine(Record):
    """One actor in a sentence or two: how often it was restarted, and why and when it last failed.

    `incarnation` is 0 before its first run.
    """

    name: str
    is_up: bool
    incarnation: int
    since: datetime
    restarts: int = 0
    last_failure: FreeText = ""
    failed: datetime | None = None


@wire("actors.describe")
class DescribeActors(Command[tuple[ActorLine, ...]]):
    """How is every actor?"""


class LifecycleView(View):
    """Since when the program runs, and how its actors are."""

    began: datetime
    version: str
    commit: str
    is_stopping: bool
    previous: PastRun | None
    actors: tuple[ActorLine, ...]
