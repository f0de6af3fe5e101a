"""What a start, a stop or an end comes of: kept with the run, and recorded with what is said of it."""

from typing import NamedTuple, Self

from acore.events.base import Envelope, Trace


class Cause(NamedTuple):
    """The message that something in the life of a run comes of; blank when nothing did.

    It carries no count of hops: a part that is started again begins a new one, however often it fails.
    """

    id: str = ""
    correlation: str = ""

    @classmethod
    def of(cls, message: Envelope | None) -> Self:
        """Return *message* as a cause."""
        return cls() if message is None else cls(message.id, message.correlation)

    @classmethod
    def inherited(cls, trace: Trace | None) -> Self:
        """Return the cause that *trace* carries."""
        return cls() if trace is None else cls(trace.cause, trace.correlation)

    def trace(self, source: str) -> Trace:
        """Return what a fact inherits that *source* states because of it."""
        return Trace(source, self.id, self.correlation)


UNCAUSED = Cause()
