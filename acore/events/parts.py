"""The parts of the bot: how each is at one moment, and a person's wish to have one started again."""

from datetime import datetime
from enum import StrEnum

from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import wire
from acore.events.personal import FreeText, PersonalName
from acore.record import Record


class PartState(StrEnum):
    """Where a part is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    WAITING = "waiting"
    ABANDONED = "abandoned"


class Part(Record):
    """One part of the bot, or a group of parts, at one moment.

    `since` is when it came into its state and `due` when it will be started again; `queued` are the messages
    that wait for it and `handled` those it has taken since the start; `failed` is when it last failed, if
    that is known. Of a group, the messages are those of its parts.
    """

    name: str
    state: PartState
    since: datetime
    restarts: int = 0
    queued: int = 0
    handled: int = 0
    due: datetime | None = None
    last_failure: FreeText = ""
    failed: datetime | None = None
    parts: "tuple[Part, ...]" = ()


class RestartVerdict(StrEnum):
    """What became of the wish to have a part started again."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    UNDER_WAY = "under_way"
    STOPPING = "stopping"


@wire("part.restart")
class RestartActor(Command[RestartVerdict]):
    """Have one part stopped in order and started again.

    `by` is the name of who wants it; `user` and `interaction` are Discord's numbers, if it came from there.
    """

    actor: str
    by: PersonalName
    user: int = 0
    interaction: int = 0


@wire("part.restart_now", policy=Policy.AT_MOST_ONCE, urgent=True)
class RestartPart(Effect):
    """Stop one part in order and start it again: also while nothing can be written, it may be why."""

    actor: str
    by: PersonalName


@wire("part.restarted")
class PartRestarted(Event):
    """Somebody had a part started again, and it is up. `seconds` is how long that took."""

    actor: str
    by: PersonalName
    seconds: float


@wire("part.not_restarted")
class PartNotRestarted(Event):
    """Somebody wanted a part started again, and it is not up."""

    actor: str
    by: PersonalName
    reason: FreeText
