"""How envelopes reach the actors: the seam for tests and for other processes."""

from collections.abc import Callable, Iterator
from typing import Protocol

from acore.events.asks import AskError
from acore.events.base import Envelope

type Deliver = Callable[[Envelope], None]

KEPT_IDS = 4096
"""So many ids of messages a receiver remembers where a transport may bring one twice."""


class Inbox(Protocol):
    """What the bus knows of an actor: the part that outlives its restarts."""

    @property
    def name(self) -> str:
        """The actor's name, unique on its bus."""
        ...

    @property
    def is_replayed(self) -> bool:
        """Whether its decisions are replayed: all it is sent is journaled, and it handles one at a time."""
        ...

    @property
    def is_pressed(self) -> bool:
        """Whether so much waits for it that sources should hold back."""
        ...

    @property
    def is_half_full(self) -> bool:
        """Whether half of what may wait for it waits: who has much to give then leaves room for others."""
        ...

    @property
    def accept(self) -> Deliver:
        """What queues an envelope, or buries it; it never waits and never raises."""
        ...

    def refusal(self, message: str) -> AskError | None:
        """Return why *message* cannot be sent to it alone now; None when it can."""
        ...

    def describe(self) -> str:
        """Return in a few words what the actor is doing, for the error of one who waited in vain."""
        ...

    def under_way(self) -> Iterator[str]:
        """Yield what is queued or being handled, in words; nothing when idle."""
        ...


class Transport(Protocol):
    """Carries envelopes from the bus to the inboxes."""

    @property
    def may_repeat(self) -> bool:
        """Whether an envelope can arrive more than once; receivers then remember what they had."""
        ...

    def way_to(self, inbox: Inbox) -> Deliver:
        """Return what takes an envelope to *inbox*."""
        ...

    def under_way(self) -> Iterator[str]:
        """Yield what has not arrived yet, in words."""
        ...


class DirectTransport:
    """Everything in one process: delivered at once, in order, exactly once."""

    may_repeat = False

    def way_to(self, inbox: Inbox) -> Deliver:
        """Return the inbox's own entrance."""
        return inbox.accept

    def under_way(self) -> Iterator[str]:
        """Yield nothing: what is sent has arrived."""
        yield from ()
