"""What `/botstatus` tells, and the other replies to commands: records, rendered at the door."""

from datetime import datetime

from acore.events.health import CheckState, Health
from acore.events.lifecycle import ActorLine, PastRun
from acore.events.parts import Part
from acore.events.personal import FreeText
from acore.events.why import Account
from acore.record import Record


class StatusReport(Record, tag="status"):
    """How the bot is, as far as it is known, and since when. None stands for what is not known yet.

    `gateway_at`, `checks_at` and `metrics_at` are when connection, checks and counters were last right.
    """

    status: Health
    at: datetime
    connection: str
    connected_since: datetime | None
    began: datetime | None
    latency_ms: float | None
    guilds: int | None
    users: int | None
    checks: tuple[CheckState, ...]
    checks_at: datetime | None
    messages_last_minute: int | None
    commands: int | None
    errors: int | None
    memory_bytes: int | None
    gateway_at: datetime | None = None
    metrics_at: datetime | None = None
    operator: "OperatorPart | None" = None


class OperatorPart(Record):
    """What only operators see."""

    version: str
    commit: str
    messages: int | None
    cpu_percent: float | None
    loop_lag: float | None
    previous: PastRun | None
    actors: tuple[ActorLine, ...]
    store: str


class Notice(Record, tag="notice"):
    """One sentence to the person who asked."""

    text: FreeText
    is_error: bool = False


class PartsReport(Record, tag="parts"):
    """How every part of the bot is, as a tree."""

    at: datetime
    parts: tuple[Part, ...]


type Reply = StatusReport | Notice | PartsReport | Account
