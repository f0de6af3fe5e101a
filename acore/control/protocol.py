"""What is said on the control socket: JSON, one object a line, each a record of its own.

To add a request: a class here, and the function that serves it in `acore.actors.control`.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from acore import __version__
from acore.errors import AcoreError
from acore.events.outbox import Decision
from acore.events.parts import Part
from acore.events.status import StatusReport
from acore.events.store import PurgeOutcome
from acore.record import Record

VERSION = 1
"""Raised when an older acore would misunderstand; a new request or field needs no new one."""


class Request(Record, tag_field="request"):
    """Something asked on the control socket. A connection carries one request and the replies to it."""

    v: int = VERSION


class GetStatus(Request, tag="status"):
    """How is the bot? One reply."""


class WatchParts(Request, tag="parts"):
    """How is each part? A reply at once, and one each `interval` seconds until the caller hangs up."""

    interval: Annotated[float, Meta(ge=0.1, le=3600)] = 1.0


class Purge(Request, tag="purge"):
    """Remove from the journal what is old or too much; of a trial, say what that would be. One reply."""

    is_trial: bool = False


class SetPin(Request, tag="pin", kw_only=True):
    """Keep the entries from `seq` on under a name; without a number, no longer. One reply."""

    name: str
    seq: int | None = None


class SettleEffect(Request, tag="settle_effect", kw_only=True):
    """Have an effect whose outcome nobody knows done once more, or left.

    `key` is its id or the first digits of it; `by` is who decides.
    """

    key: str
    decision: Decision
    by: str


class Reply(Record, tag_field="reply"):
    """Something answered on the control socket."""

    v: int = VERSION


class BotStatus(Reply, tag="status", kw_only=True):
    """How the bot is, and which process it is. `name` is blank until Discord has told it.

    `undecided` counts what has no known outcome and a person has to decide; `is_taking_up` tells whether
    some of what earlier runs left was not looked at yet.
    """

    pid: int
    boot: str
    version: str
    name: str
    is_connected: bool
    is_stopping: bool
    report: StatusReport
    undecided: int = 0
    is_taking_up: bool = False


class PartsNow(Reply, tag="parts", kw_only=True):
    """How every part is at one moment. `monotonic` are the seconds to divide by, from one to the next."""

    pid: int
    version: str
    at: datetime
    monotonic: float
    parts: tuple[Part, ...]


class Purged(Reply, tag="purged", kw_only=True):
    """What was, or would be, removed."""

    outcome: PurgeOutcome


class PinSet(Reply, tag="pinned", kw_only=True):
    """What became of a pin: blank, or why it could not be set or removed."""

    problem: str


class EffectDecided(Reply, tag="effect_decided", kw_only=True):
    """What became of a decision. `problem` says why it is not carried out; blank when it is."""

    effect: str
    effect_id: str
    problem: str


class Refusal(Reply, tag="refusal", kw_only=True):
    """Why a request is not answered. `version` is that of the acore which refuses."""

    text: str
    version: str = __version__


class NotUnderstoodError(AcoreError):
    """What was said is no request, or no reply, that this acore knows."""


# The last two are Python's own: bytes that are no UTF-8, and brackets by the thousand.
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Head(Record):
    """What every line has, in every version."""

    v: int
    request: str


def encode(said: Request | Reply) -> bytes:
    """Return *said* as a line."""
    return msgspec.json.encode(said) + b"\n"


def decode_request(line: bytes) -> Request:
    """Return the request in *line*.

    Raises:
        NotUnderstoodError: It is none, and what is wrong with it.
    """
    try:
        head = msgspec.json.decode(line, type=_Head)
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(
            f'that is no request, which is {{"v": 1, "request": "…"}}: {error}'
        ) from None
    except _NO_JSON as error:
        raise NotUnderstoodError(f"that is no JSON: {error}") from None
    here = f"acore {__version__} runs here"
    if head.v != VERSION:
        raise NotUnderstoodError(f"{here} and speaks version {VERSION}, not {head.v}: use the same acore")
    known = requests()
    if head.request not in known:
        names = ", ".join(sorted(known))
        raise NotUnderstoodError(f"{here} and does not know the request {head.request!r}, only {names}")
    try:
        return msgspec.json.decode(line, type=known[head.request])
    except msgspec.ValidationError as error:
        raise NotUnderstoodError(f"the request {head.request!r} is wrong: {error}") from None


def decode_reply(line: bytes) -> Reply:
    """Return the reply in *line*.

    Raises:
        NotUnderstoodError: It is none.
    """
    try:
        return _REPLY.decode(line)
    except _NO_JSON as error:
        raise NotUnderstoodError(f"the answer is none that acore {__version__} knows: {error}") from None


def requests() -> dict[str, type[Request]]:
    """Return every request by its name on the line."""
    return {str(kind.__struct_config__.tag): kind for kind in Request.__subclasses__()}


type _AnyReply = BotStatus | PartsNow | Purged | PinSet | EffectDecided | Refusal

_REPLY: msgspec.json.Decoder[_AnyReply] = msgspec.json.Decoder(
    BotStatus | PartsNow | Purged | PinSet | EffectDecided | Refusal
)
