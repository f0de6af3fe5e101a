"""Every fault there is. Control API, command line and help are made from these records.

A fault's docstring is its help, its fields are its parameters.
"""

from dataclasses import dataclass
from typing import ClassVar

from acore.sandbox.faults import pointers
from acore.sandbox.faults.patterns import Pattern, pattern
from acore.sandbox.parameters import ABSENT, WrongInputError, parameter, required


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong on purpose, to bots; people's requests and sockets are left alone."""

    name: ClassVar[str]

    def check(self) -> None:
        """Raise WrongInputError if its fields do not go together."""


@dataclass(frozen=True, kw_only=True)
class Lasting(Fault):
    """A fault that is there until it is cleared or its time is over."""

    seconds: float | None = parameter(
        None, "End after so many seconds; without it, when cleared.", minimum=0.001
    )


@dataclass(frozen=True, kw_only=True)
class Counted(Lasting):
    """A fault that ends, too, when it has struck often enough."""

    times: int | None = parameter(None, "End after it has struck so many times.", minimum=1)


@dataclass(frozen=True, kw_only=True)
class Matching(Lasting):
    """A fault of some requests."""

    method: str = parameter("*", "Only requests with this method; * for all.")
    path: str = parameter(
        "*", "Only requests whose path below /api/v10 is like this; * spans slashes, {parameters} do not."
    )

    @property
    def pattern(self) -> Pattern:
        """Which requests are meant."""
        return pattern(self.method, self.path)


@dataclass(frozen=True, kw_only=True)
class OnRequests(Matching, Counted):
    """A fault that strikes some requests, perhaps only so often."""


# -- the gateway


@dataclass(frozen=True, kw_only=True)
class Drop(Fault):
    """Cut the TCP connections of all bots' gateway sockets, without a close frame."""

    name = "drop"


@dataclass(frozen=True, kw_only=True)
class Stall(Lasting):
    """Keep bots' gateway sockets open and send nothing, not even to heartbeats; it all comes afterwards."""

    name = "stall"


@dataclass(frozen=True, kw_only=True)
class Lag(Lasting):
    """Send bots every gateway frame late, in order."""

    name = "lag"
    ms: int = parameter(200, "Milliseconds each frame waits.", minimum=0, maximum=600_000)
    jitter: int = parameter(0, "Milliseconds it may be more or less.", minimum=0, maximum=600_000)
    seed: int = parameter(0, "Where the series of chances begins.")


@dataclass(frozen=True, kw_only=True)
class Reconnect(Fault):
    """Ask all bots to reconnect and resume (op 7)."""

    name = "reconnect"


@dataclass(frozen=True, kw_only=True)
class Invalidate(Fault):
    """Tell all bots that their session is invalid (op 9)."""

    name = "invalidate"
    resumable: bool = parameter(default=False, text="Let them resume it; else they must identify anew.")


def check_close_code(code: int) -> None:
    """Refuse a close code that no socket may be closed with (RFC 6455, section 7.4).

    Raises:
        WrongInputError: it only stands for how a socket ended, or is nobody's.
    """
    if code in {1004, 1005, 1006, 1015} or 1016 <= code < 3000:  # noqa: PLR2004 - the RFC's own numbers
        raise WrongInputError("code", code, "no socket may be closed with it; give 1000 or one from 3000 on")


@dataclass(frozen=True, kw_only=True)
class Close(Fault):
    """Close all bots' gateway sockets with a close code."""

    name = "close"
    code: int = parameter(
        4000, "The close code; after 4004 and 4010 to 4014 no bot comes back.", minimum=1000, maximum=4999
    )

    def check(self) -> None:
        """Refuse a code that no socket may be closed with."""
        check_close_code(self.code)


@dataclass(frozen=True, kw_only=True)
class Refuse(Counted):
    """Answer new gateway sockets, of people too, with 503."""

    name = "refuse"


@dataclass(frozen=True, kw_only=True)
class RefuseIdentify(Counted):
    """Close the socket of each bot that identifies, with a close code."""

    name = "refuse-identify"
    code: int = parameter(
        4014, "The close code; after 4004 and 4010 to 4014 no bot comes back.", minimum=1000, maximum=4999
    )

    def check(self) -> None:
        """Refuse a code that no socket may be closed with."""
        check_close_code(self.code)


@dataclass(frozen=True, kw_only=True)
class MangleEvent(Counted):
    """Set or remove a field of gateway events that bots get."""

    name = "mangle-event"
    event: str = required("Only this event, e.g. READY; * for all.")
    pointer: str = required("Where in its data: a JSON pointer (RFC 6901) such as /user/id.")
    value: object = parameter(ABSENT, "What to put there, as JSON; without it the field is removed.")

    def check(self) -> None:
        """Refuse what is no pointer."""
        pointers.split(self.pointer)


@dataclass(frozen=True, kw_only=True)
class Revoke(Fault):
    """Reset the bot's token: REST answers the old one with 401, and the gateway closes with 4004."""

    name = "revoke"


# -- both


@dataclass(frozen=True, kw_only=True)
class Outage(Lasting):
    """Be unreachable: requests and gateway sockets of bots are cut, and new sockets, of people too."""

    name = "outage"


# -- REST


@dataclass(frozen=True, kw_only=True)
class Status(OnRequests):
    """Answer with a status instead of carrying the request out."""

    name = "status"
    status: int = parameter(500, "The HTTP status.", minimum=400, maximum=599)
    code: int = parameter(0, "The code in the body.", minimum=0)
    message: str = parameter("", "The message in the body; by default the status.")


@dataclass(frozen=True, kw_only=True)
class RateLimit(OnRequests):
    """Answer 429 as Discord does: headers, Via, and how long to wait."""

    name = "rate-limit"
    retry_after: float = parameter(1.0, "Seconds to wait.", minimum=0.001, maximum=86400)
    scope: str = parameter(
        "user",
        "Whose limit: of this bot, of all its routes, or of all bots.",
        choices=("user", "global", "shared"),
    )
    code: int = parameter(0, "The code in the body, e.g. 20028 for a channel's write limit.", minimum=0)


@dataclass(frozen=True, kw_only=True)
class Cloudflare(OnRequests):
    """Answer 429 as Cloudflare does before Discord: a page, and no Via."""

    name = "cloudflare"
    retry_after: int = parameter(1, "Seconds to wait, in Retry-After.", minimum=0, maximum=86400)


@dataclass(frozen=True, kw_only=True)
class Latency(OnRequests):
    """Let requests wait before they are carried out."""

    name = "latency"
    ms: int = parameter(200, "Milliseconds each waits.", minimum=0, maximum=600_000)
    jitter: int = parameter(0, "Milliseconds it may be more or less.", minimum=0, maximum=600_000)
    seed: int = parameter(0, "Where the series of chances begins.")


@dataclass(frozen=True, kw_only=True)
class HoldRequests(Matching):
    """Let requests wait until this fault ends; then they are carried out."""

    name = "hold"


@dataclass(frozen=True, kw_only=True)
class Cut(OnRequests):
    """Cut the connection of a request instead of answering."""

    name = "cut"
    when: str = parameter("before", "Before it was carried out, or after.", choices=("before", "after"))


@dataclass(frozen=True, kw_only=True)
class Mangle(OnRequests):
    """Set or remove a field of answers."""

    name = "mangle"
    pointer: str = required("Where in the body: a JSON pointer (RFC 6901) such as /author/id.")
    value: object = parameter(ABSENT, "What to put there, as JSON; without it the field is removed.")

    def check(self) -> None:
        """Refuse what is no pointer."""
        pointers.split(self.pointer)


KINDS: dict[str, type[Fault]] = {
    kind.name: kind
    for kind in (
        Drop,
        Stall,
        Lag,
        Reconnect,
        Invalidate,
        Close,
        Refuse,
        RefuseIdentify,
        MangleEvent,
        Revoke,
        Outage,
        Status,
        RateLimit,
        Cloudflare,
        Latency,
        HoldRequests,
        Cut,
        Mangle,
    )
}
"""Every fault by its name, in the order in which help lists them."""
