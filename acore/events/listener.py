"""Hearing facts without being an actor: for a console, a stream to somebody, a host's own code."""

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Self

from acore.events.asks import AskError, NobodyAnswersError
from acore.events.base import Envelope
from acore.events.mailbox import Lost, Mailbox, Overflow
from acore.events.transport import KEPT_IDS, Deliver


class Listener:
    """Facts in their order, from when it was made until it is closed; iterate over it.

    What comes while nobody takes it out waits; if too much waits, the oldest is lost and buried.
    """

    is_replayed = False
    is_pressed = False
    is_half_full = False

    def __init__(
        self,
        name: str,
        *,
        past: Callable[[int], AsyncIterator[Envelope]] | None,
        since: int,
        capacity: int,
        is_once: bool,
        may_repeat: bool,
        bury: Lost,
        leave: Callable[[Self], None],
    ) -> None:
        """Make one that has joined nothing yet; `Bus.listen` does it all.

        Args:
            name: Its name on the bus.
            past: Yields what is heard first, from the journal, after a number.
            since: The number to begin after.
            capacity: How many facts may wait.
            is_once: Whether it closes after the first fact.
            may_repeat: Whether one may come twice, of which it hears the first.
            bury: Told of what found no room.
            leave: Leaves the bus.
        """
        self.name = name
        self._past = past
        self._since = since
        self._reading: AsyncIterator[Envelope] | None = None
        self._is_once = is_once
        self._leave = leave
        self._mailbox = Mailbox(capacity, Overflow.DROP_OLD)
        self._mailbox.open(bury)
        self._ids: dict[str, None] | None = {} if may_repeat else None

    @property
    def accept(self) -> Deliver:
        """What queues an envelope."""
        return self._accept

    def close(self, *, purge: bool = False) -> None:
        """Hear nothing new; what waits can still be taken out, unless it is purged. Again changes nothing."""
        self._mailbox.close()
        self._leave(self)
        if purge:
            self._mailbox.clear()
        self._mailbox.wake()

    def refusal(self, message: str) -> AskError:
        """Return that nothing can be asked here."""
        return NobodyAnswersError(message)

    def describe(self) -> str:
        """Return how much waits."""
        return f"listening, {len(self._mailbox)} queued"

    def under_way(self) -> Iterator[str]:
        """Yield nothing: who listens is in nobody's way."""
        yield from ()

    def __aiter__(self) -> AsyncIterator[Envelope]:
        return self

    async def __anext__(self) -> Envelope:
        if (envelope := await self._read()) is not None:
            return self._heard(envelope)
        while (envelope := self._mailbox.take()) is None:
            if self._mailbox.is_closed:
                raise StopAsyncIteration
            await self._mailbox.wait()
        return self._heard(envelope)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(purge=True)

    async def _read(self) -> Envelope | None:
        """Return the next fact of the past; None when all of it was heard."""
        if self._past is None:
            return None
        self._reading = self._reading or self._past(self._since)
        try:
            envelope = await anext(self._reading, None)
        except BaseException:
            self._reading = None  # begun anew after what was heard, e.g. when only this wait was cancelled
            raise
        if envelope is None:
            self._past = None
        else:
            self._since = envelope.seq
        return envelope

    def _heard(self, envelope: Envelope) -> Envelope:
        if self._is_once:
            self._past = None
            self.close(purge=True)
        return envelope

    def _accept(self, envelope: Envelope) -> None:
        # One that is closed may still be on the way of a fact that is being delivered.
        if not (self._mailbox.is_closed or self._has_come(envelope)):
            self._mailbox.accept(envelope)

    def _has_come(self, envelope: Envelope) -> bool:
        if self._ids is None:
            return False
        if envelope.id in self._ids:
            return True
        self._ids[envelope.id] = None
        if len(self._ids) > KEPT_IDS:
            del self._ids[next(iter(self._ids))]
        return False
