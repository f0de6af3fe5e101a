"""The kinds of message, and the envelope each travels in."""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

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


class Envelope(Record, gc=False):
    """A message on its way, with where it came from and why."""

    seq: int
    id: str
    node: str
    boot: str
    wall_ns: int
    mono_ns: int
    source: str
    kind: Kind
    message: Message
    target: str = ""
    cause: str = ""
    correlation: str = ""
    attempt: int = 1
    hops: int = 0
    deadline: float | None = None
    chain: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """The instant it was sent, UTC."""
        return instant(self.wall_ns)


class Trace(Record):
    """What a message inherits from the one being handled while it was made."""

    source: str
    cause: str = ""
    correlation: str = ""
    hops: int = 0
    deadline: float | None = None
    chain: tuple[str, ...] = ()


def trace_of(envelope: Envelope, source: str) -> Trace:
    """Return what the outputs of *source* inherit while it handles *envelope*."""
    return Trace(
        source=source,
        cause=envelope.id,
        correlation=envelope.correlation,
        hops=envelope.hops + 1,
        # Only who is asked has somebody waiting: a fact, once stated, is in no hurry.
        deadline=envelope.deadline if envelope.kind is Kind.COMMAND else None,
        chain=(*envelope.chain, source) if envelope.kind is Kind.COMMAND else (),
    )


def derive_id(cause: str, source: str, index: int) -> str:
    """Return the id of the *index*-th output of *source* for *cause*: the same one in every replay."""
    return blake2b(f"{cause}|{source}|{index}".encode(), digest_size=12).hexdigest()


class Entry(Record, gc=False):
    """One line of the journal: what travelled, encoded, with where it came from and why."""

    seq: int
    id: str
    kind: Kind
    name: str
    version: int
    node: str
    boot: str
    wall_ns: int
    mono_ns: int
    source: str
    target: str
    cause: str
    correlation: str
    attempt: int
    payload: bytes
    message: Message | None = None
    is_row: bool = True
