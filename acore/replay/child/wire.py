"""What is said over the pipes to and from the process that replays: JSON, one object a line.

Both ends are the same acore, so there are no versions.
"""

from datetime import datetime
from typing import ClassVar

import msgspec

from acore.errors import ExitCode
from acore.record import Record
from acore.replay.believed import Belief
from acore.replay.child.seal import Breach
from acore.replay.engine import EVERYTHING, Span, Step
from acore.replay.report import Replayed
from acore.replay.whatif import WhatIf

CORE = "acore.replay.cast:core"
"""Where acore's own core actors are made."""
HANDLER_LIMIT = 10.0
"""Seconds that a handler may take in a replay, where it waits for nothing."""


class Request(Record, tag_field="request"):
    """Something to do."""


class Task(Request):
    """The first line: what the process is for.

    Attributes:
        source: The database or the exported file, absolute.
        cast: Module and function that return how each actor is made, `module:function`.
        limit: Seconds that one handler may take.
    """

    source: str
    cast: str = CORE
    limit: float = HANDLER_LIMIT


class ReplayTask(Task, tag="replay", kw_only=True):
    """Replay these actors, or all; one `ActorReplayed` each, then `Done`."""

    actors: tuple[str, ...] = ()
    span: Span = EVERYTHING
    collects: bool = False


class StepTask(Task, tag="step", kw_only=True):
    """Make ready to go through the steps of one actor; `Done`, and then what each move asks for."""

    actor: str
    span: Span = EVERYTHING


class AtTask(Task, tag="at", kw_only=True):
    """Tell what each actor believed at some moments: one `Believed` for each of these, then `Done`."""

    actors: tuple[str, ...] = ()
    moments: tuple[int | datetime, ...]


class WhatIfTask(Task, tag="what_if", kw_only=True):
    """Tell what would have happened with today's code; `WhatIfTold`, then `Done`."""

    upto: int | datetime | None = None


class Next(Request, tag="next"):
    """Go on by one."""


class Back(Request, tag="back"):
    """Go back by one."""


class Goto(Request, tag="goto", kw_only=True):
    """Go to the first step from this entry on."""

    seq: int


class Find(Request, tag="find", kw_only=True):
    """Go to the next step with a message like this."""

    pattern: str


class Go(Request, tag="go"):
    """Go to the next step that is another one than then."""


class Last(Request, tag="last", kw_only=True):
    """Tell of the steps before this one; `Steps`."""

    count: int


class Reply(Record, tag_field="reply"):
    """Something answered. After the last one to a request, the other side has its turn."""

    is_last: ClassVar[bool] = False


class Progress(Reply, tag="progress", kw_only=True):
    """It goes on: entries of the journal that are done, of all that are to be read."""

    actor: str
    done: int
    total: int


class ActorReplayed(Reply, tag="replayed", kw_only=True):
    """What came of the replay of one actor, and what it tried that no replay may."""

    actor: str
    replayed: Replayed
    breaches: tuple[Breach, ...] = ()


class Stepped(Reply, tag="step", kw_only=True):
    """Where one stands now; None where there is no such step, and one stands where the journal ends."""

    is_last: ClassVar[bool] = True

    step: Step | None
    breaches: tuple[Breach, ...] = ()


class Steps(Reply, tag="steps", kw_only=True):
    """The steps before the one where one stands, in order, and that one; None before the first."""

    is_last: ClassVar[bool] = True

    steps: tuple[Step, ...]
    current: Step | None


class Believed(Reply, tag="believed", kw_only=True):
    """What the actors believed at one of the moments."""

    beliefs: tuple[Belief, ...]


class WhatIfTold(Reply, tag="what_if", kw_only=True):
    """What may have been different."""

    result: WhatIf
    breaches: tuple[Breach, ...] = ()


class Done(Reply, tag="done"):
    """All is done."""

    is_last: ClassVar[bool] = True


class Failed(Reply, tag="failed", kw_only=True):
    """It cannot be done, and why: a sentence a line, and the exit code that says so."""

    is_last: ClassVar[bool] = True

    code: ExitCode
    lines: tuple[str, ...]


type AnyRequest = ReplayTask | StepTask | AtTask | WhatIfTask | Next | Back | Goto | Find | Go | Last
type AnyReply = Progress | ActorReplayed | Stepped | Steps | Believed | WhatIfTold | Done | Failed

_REQUEST: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(
    ReplayTask | StepTask | AtTask | WhatIfTask | Next | Back | Goto | Find | Go | Last
)
_REPLY: msgspec.json.Decoder[AnyReply] = msgspec.json.Decoder(
    Progress | ActorReplayed | Stepped | Steps | Believed | WhatIfTold | Done | Failed
)


def decode_request(line: bytes) -> AnyRequest:
    """Return what is asked for."""
    return _REQUEST.decode(line)


def decode_reply(line: bytes) -> AnyReply:
    """Return what was answered."""
    return _REPLY.decode(line)
