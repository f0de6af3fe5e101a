"""Hearing facts without being an actor: for a console, a stream to somebody, a host's own code."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Self

from acore.events.asks import AskError, NobodyAnswersError
from acore.events.base import Envelope
from acore.events.supervision import Burial
from acore.events.transport import KEPT_IDS, Deliver

type Bury = Callable[[Envelope, Burial, str], None]


class Listener:
    """Facts in their order, from when it was made until it is closed; iterate over it.

    What comes while nobody takes it out waits; if too much waits, the oldest is lost and buried.
    """

    is_replayed = False
    is_pressed = False

    def __init__(
        self,
        name: str,
        *,
        past: Callable[[int], AsyncIterator[Envelope]] | None,
        since: int,
        capacity: int,
        is_once: bool,
        may_repeat: bool,
        bury: Bury,
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
        self._capacity = capacity
        self._is_once = is_once
        self._bury = bury
        self._leave = leave
        self._queue: deque[Envelope] = deque()
        self._ids: dict[str, None] | None = {} if may_repeat else None
        self._wake: asyncio.Future[None] | None = None
        self._is_closed = False

    @property
    def accept(self) -> Deliver:
        """What queues an envelope."""
        return self._accept

    def close(self, *, purge: bool = False) -> None:
        """Hear nothing new; what waits can still be taken out, unless it is purged. Again changes nothing."""
        self._is_closed = True
        self._leave(self)
        if purge:
            self._queue.clear()
        self._wake_up()

    def refusal(self, message: str) -> AskError:
        """Return that nothing can be asked here."""
        return NobodyAnswersError(message)

    def describe(self) -> str:
        """Return how much waits."""
        return f"listening, {len(self._queue)} queued"

    def under_way(self) -> Iterator[str]:
        """Yield nothing: who listens is in nobody's way."""
        yield from ()

    def __aiter__(self) -> AsyncIterator[Envelope]:
        return self

    async def __anext__(self) -> Envelope:
        if (envelope := await self._read()) is not None:
            return self._heard(envelope)
        while not self._queue:
            if self._is_closed:
                raise StopAsyncIteration
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        return self._heard(self._queue.popleft())

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
        if self._is_closed or self._has_come(envelope):
            return
        if len(self._queue) >= self._capacity:
            detail = f"{self._capacity} messages are waiting already"
            self._bury(self._queue.popleft(), Burial.FULL, detail)
        self._queue.append(envelope)
        self._wake_up()

    def _has_come(self, envelope: Envelope) -> bool:
        if self._ids is None:
            return False
        if envelope.id in self._ids:
            return True
        self._ids[envelope.id] = None
        if len(self._ids) > KEPT_IDS:
            del self._ids[next(iter(self._ids))]
        return False

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
