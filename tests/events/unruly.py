"""A transport as bad as a network may be: late, more than once, and in another order."""

from collections import deque
from collections.abc import Iterator
from functools import partial
from random import Random

from acore.clock import Clock
from acore.events.base import Envelope, Message
from acore.events.transport import Deliver, Inbox

SLOWEST = 2.0
"""Seconds on the way, at most: less than an ask waits."""
AGAIN = 0.3
"""The share of envelopes that come again."""
# What comes again comes right behind the first, while that may be under work, or long after it.
_LATER = (0.0, 0.5, 60.0)

type _Subject = tuple[str, type[Message]]


class Unruly:
    """Carries each envelope to each inbox late, perhaps more than once, and out of order; by a seed.

    What has one subject (its wire name) reaches an inbox in the order in which it was sent, as it does on
    NATS. What comes again comes whenever it comes, as a redelivery does.
    """

    def __init__(self, clock: Clock, seed: int, *, slowest: float = SLOWEST, again: float = AGAIN) -> None:
        """Carry by *clock*.

        Args:
            clock: The bus's.
            seed: What decides about every envelope; the same one decides the same again.
            slowest: Seconds on the way, at most; 0 delivers at once, in order.
            again: The share of envelopes that come again.
        """
        self.may_repeat = again > 0
        self.arrived: dict[str, list[tuple[float, Envelope]]] = {}
        """What came to each inbox for the first time, in order, with the monotonic second of it."""
        self.repeated = 0
        """How many envelopes came once more."""
        self._clock = clock
        self._seed = seed
        self._slowest = slowest
        self._again = again
        self._on_the_way: dict[_Subject, deque[Envelope]] = {}

    def way_to(self, inbox: Inbox) -> Deliver:
        """Return what takes an envelope to *inbox*, sooner or later."""

        def carry(envelope: Envelope) -> None:
            subject = (inbox.name, type(envelope.message))
            self._on_the_way.setdefault(subject, deque()).append(envelope)
            wait = self._dice("way", inbox, envelope).uniform(0, self._slowest)
            self._after(wait, partial(self._arrive, inbox, subject))

        return carry

    def under_way(self) -> Iterator[str]:
        """Yield what has not arrived yet. It waits for the clock: no probe of a held one may name it."""
        for (name, kind), waiting in self._on_the_way.items():
            yield from (f"{kind.__name__} is on its way to {name}" for _ in waiting)

    def _arrive(self, inbox: Inbox, subject: _Subject) -> None:
        """Deliver what is next on *subject*, whichever of its envelopes this moment was meant for."""
        envelope = self._on_the_way[subject].popleft()
        self.arrived.setdefault(inbox.name, []).append((self._clock.monotonic(), envelope))
        inbox.accept(envelope)
        dice, wait = self._dice("again", inbox, envelope), 0.0
        while dice.random() < self._again:
            wait += dice.uniform(0, dice.choice(_LATER))
            self._after(wait, partial(self._repeat, inbox, envelope))

    def _repeat(self, inbox: Inbox, envelope: Envelope) -> None:
        self.repeated += 1
        inbox.accept(envelope)

    def _after(self, seconds: float, do: partial[None]) -> None:
        if seconds > 0:
            self._clock.call_later(seconds, do)
        else:
            do()

    def _dice(self, what: str, inbox: Inbox, envelope: Envelope) -> Random:
        """Return chance for one envelope: by its id, since threads may change whose turn it is."""
        return Random(f"{self._seed} {what} {inbox.name} {envelope.id}")  # noqa: S311 - it guards nothing
