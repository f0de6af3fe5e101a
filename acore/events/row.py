"""A row of the journal, as it is read."""

from datetime import datetime

import msgspec

from acore.clock import instant
from acore.events.base import Envelope, Kind, Message, Origin, Trace
from acore.events.upcast import UnreadableMessageError

_KINDS = frozenset(Kind)


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the journal. `kind` is text: a newer acore may know more kinds than this one.

    A replay makes one for every row that it reads, so its fields have places.
    """

    seq: int
    id: str
    kind: str
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
    payload: str

    @property
    def at(self) -> datetime:
        """The instant it was sent, UTC."""
        return instant(self.wall_ns)

    def envelope(self, message: Message, *, attempt: int = 0) -> Envelope:
        """Return what this row was on its way, with the *message* it holds, at this *attempt*.

        Raises:
            UnreadableMessageError: Its kind is not known here.
        """
        if self.kind not in _KINDS:
            raise UnreadableMessageError(self.name, self.version, f"{self.kind} is no kind of entry")
        return Envelope(
            self.seq,
            self.wall_ns,
            self.mono_ns,
            Kind(self.kind),
            message,
            Trace(self.source, self.cause, self.correlation),
            Origin(node=self.node, boot=self.boot),
            self.id,
            self.target,
            attempt or self.attempt,
        )
