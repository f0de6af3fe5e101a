"""What a load run tells in the end, and what was at its limit meanwhile."""

from dataclasses import dataclass
from enum import StrEnum

from acore.sandbox.load.latencies import Percentiles
from acore.sandbox.load.tally import StreamReport

BUSY_SHARE = 0.9
"""A process of one event loop that works this share of the time has nothing to give any more."""
SLOW_LOOP_MS = 50.0
"""An event loop that is this late for one of a hundred turns answers late itself."""
LATE_MS = 100.0
"""A driver that is this late for one of a hundred sends does not send what was asked for."""
REACHED = 0.95
BACKLOG_BYTES = 256 * 1024
"""What a bot that keeps up never leaves unread for longer than a moment."""
SLOW_ANSWER_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Saturation:
    """How the sandbox itself fared: its event loop, its processor, and what clients left unread.

    *backlog_bytes* is the most that bots had not read yet, on both sides of their sockets where the system
    tells; *last_backlog_bytes* what it was in the end.
    """

    seconds: float
    loop_lag: Percentiles | None
    processor_share: float
    rest: Percentiles | None
    backlog_bytes: int
    last_backlog_bytes: int


class Limit(StrEnum):
    """What was at its limit."""

    NOTHING = "nothing"
    BOT = "bot"
    SANDBOX = "sandbox"
    DRIVER = "driver"
    MACHINE = "machine"
    GONE = "gone"

    @property
    def sentence(self) -> str:
        """What it means for the figures."""
        return _SENTENCES[self]


_SENTENCES = {
    Limit.NOTHING: "Nothing was at its limit: the figures are those of a bot at this load.",
    Limit.BOT: "The bot was the limit.",
    Limit.SANDBOX: "The sandbox was the limit: the figures say nothing about the bot. Ask for less.",
    Limit.DRIVER: "The driver was the limit: what was asked for was not sent in time. Ask for less.",
    Limit.MACHINE: "Something else kept the processors busy: the figures say nothing. Try again later.",
    Limit.GONE: "The sandbox went away while it was driven: the figures say nothing.",
}


@dataclass(frozen=True, slots=True)
class LoadReport:
    """Everything about one run; latencies are milliseconds."""

    seconds: float
    arrivals: str
    users: int
    connected: int
    guilds: int
    was_interrupted: bool
    messages: StreamReport | None
    commands: StreamReport | None
    driver_processor_share: float
    sandbox: Saturation | None
    limit: Limit
    verdict: str


def limit_of(
    streams: list[StreamReport], driver_share: float, sandbox: Saturation | None, unanswered: int
) -> Limit:
    """Return what was at its limit.

    Args:
        streams: how messages and commands went.
        driver_share: how much of the time the driver's process worked.
        sandbox: how the sandbox fared; None if it was not there any more to say so.
        unanswered: how many commands the bot did not answer.
    """
    late = max((one.late.p99 for one in streams if one.late is not None), default=0.0)
    if sandbox is None:
        return Limit.GONE
    if sandbox.processor_share >= BUSY_SHARE:
        return Limit.SANDBOX
    if driver_share >= BUSY_SHARE:
        return Limit.DRIVER
    is_slow = sandbox.loop_lag is not None and sandbox.loop_lag.p99 >= SLOW_LOOP_MS
    if is_slow or late >= LATE_MS:
        # Neither worked all the time, and yet one was late: it did not get the processor.
        return Limit.MACHINE
    answers = [one.answer.p99 for one in streams if one.answer is not None]
    is_behind = sandbox.last_backlog_bytes >= BACKLOG_BYTES
    if unanswered or is_behind or max(answers, default=0.0) >= SLOW_ANSWER_MS:
        return Limit.BOT
    return Limit.NOTHING
