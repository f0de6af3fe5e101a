"""The kinds of message, and the envelope each travels in."""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

import msgspec

from acore.clock import instant
from acore.record import Record


class Message(Record):
    """Anything that travels."""


class Event(Message):
    """A fact: it has happened and cannot be refused."""


class Command[Reply](Message):
    """A question or decision asked of the one actor that answers it; touches nothing outside."""


class Effect(Message):
    """Something to do outside; its outcome comes back as an event."""


class Policy(StrEnum):
    """What becomes of an effect that was asked for and has no known outcome after a crash."""

    IDEMPOTENT = "idempotent"
    AT_MOST_ONCE = "at_most_once"
    ASK_OPERATOR = "ask_operator"


class Kind(StrEnum):
    """What an envelope holds, as the journal names it."""

    EVENT = "event"
    COMMAND = "command"
    REPLY = "reply"
    NO_REPLY = "no_reply"
    EFFECT = "effect"


class Trace(msgspec.Struct, frozen=True, gc=False):
    """What a message inherits from the one being handled while it was made."""

    source: str
    cause: str = ""
    correlation: str = ""
    hops: int = 0
    deadline: float | None = None
    chain: tuple[str, ...] = ()


class Origin(Record):
    """The run of the process that sent a message."""

    node: str
    boot: str


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A message on its way, with where it came from and why.

    One is made for every message, so its fields have places: named arguments take three times as long.
    """

    seq: int
    wall_ns: int
    mono_ns: int
    kind: Kind
    message: Message
    trace: Trace
    origin: Origin
    derived_id: str = ""
    target: str = ""
    attempt: int = 1

    @property
    def id(self) -> str:
        """What names it among all messages: derived from its cause, or from its place in this run."""
        return self.derived_id or f"{self.seq:x}-{self.origin.boot}"

    @property
    def was_refused(self) -> bool:
        """Whether it was not taken in, since nothing more can be recorded: nobody has it."""
        return self.seq == 0

    @property
    def at(self) -> datetime:
        """The instant it was sent, UTC."""
        return instant(self.wall_ns)

    @property
    def source(self) -> str:
        """Who sent it."""
        return self.trace.source

    @property
    def cause(self) -> str:
        """The id of what was being handled when it was sent; empty when nothing was."""
        return self.trace.cause

    @property
    def correlation(self) -> str:
        """The id of what began it all, which may be this itself."""
        return self.trace.correlation or self.id


def trace_of(envelope: Envelope, source: str) -> Trace:
    """Return what the outputs of *source* inherit while it handles *envelope*."""
    trace = envelope.trace
    if envelope.kind is not Kind.COMMAND:
        # Only who is asked has somebody waiting: a fact, once stated, is in no hurry.
        return Trace(source, envelope.id, trace.correlation or envelope.id, trace.hops + 1)
    return Trace(
        source,
        envelope.id,
        trace.correlation or envelope.id,
        trace.hops + 1,
        trace.deadline,
        (*trace.chain, source),
    )


def derive_id(cause: str, source: str, index: int) -> str:
    """Return the id of the *index*-th output of *source* for *cause*: the same one in every replay."""
    return blake2b(f"{cause}|{source}|{index}".encode(), digest_size=12).hexdigest()


_END = ".end"
# No other id ends so: they are hexadecimal digits, or a number and the name of a run.


def outcome_id(effect_id: str) -> str:
    """Return the id of the one fact that tells what became of an effect, whichever run finds it out."""
    return f"{effect_id}{_END}"


def effect_of(event_id: str) -> str:
    """Return the id of the effect whose outcome has *event_id*; blank for what is no outcome."""
    return event_id[: -len(_END)] if event_id.endswith(_END) else ""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal: what travelled, encoded.

    `is_row` is False for what only the store's tables are told of.
    """

    envelope: Envelope
    name: str
    version: int
    payload: bytes
    is_row: bool = True

    @property
    def seq(self) -> int:
        """The journal's number."""
        return self.envelope.seq

    @property
    def message(self) -> Message | None:
        """What travelled; None for a reply, which is no message of its own."""
        envelope = self.envelope
        return None if envelope.kind in _REPLIES else envelope.message


_REPLIES = frozenset({Kind.REPLY, Kind.NO_REPLY})
