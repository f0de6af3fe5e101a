"""A bounded queue that belongs to an actor's cell and outlives the actor's restarts."""

import asyncio
from collections import deque
from enum import StrEnum

from acore.events.base import Envelope

DEFAULT_CAPACITY = 10_000


class Overflow(StrEnum):
    """What a full mailbox does with one more message."""

    DROP_NEW = "drop_new"
    DROP_OLD = "drop_old"


class Mailbox:
    """Messages in the order they were accepted, for the one task that takes them out."""

    __slots__ = ("_queue", "_wake", "capacity", "overflow")

    def __init__(self, capacity: int = DEFAULT_CAPACITY, overflow: Overflow = Overflow.DROP_NEW) -> None:
        self.capacity = capacity
        self.overflow = overflow
        self._queue: deque[Envelope] = deque()
        self._wake: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, envelope: Envelope) -> Envelope | None:
        """Queue *envelope* without waiting; return what had to be left out for lack of room."""
        lost = None
        if len(self._queue) >= self.capacity:
            if self.overflow is Overflow.DROP_NEW:
                return envelope
            lost = self._queue.popleft()
        self._queue.append(envelope)
        self.wake()
        return lost

    def take(self) -> Envelope | None:
        """Return the oldest message; None when there is none."""
        return self._queue.popleft() if self._queue else None

    def put_back(self, envelope: Envelope) -> None:
        """Make *envelope*, taken and not begun, the oldest again."""
        self._queue.appendleft(envelope)
        self.wake()

    def clear(self) -> list[Envelope]:
        """Take everything out and return it."""
        left = list(self._queue)
        self._queue.clear()
        return left

    def wake(self) -> None:
        """Let `wait` return, also when nothing was queued: something else wants looking at."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def wait(self) -> None:
        """Return when something is queued or `wake` is called."""
        if self._queue:
            return
        # A bare future costs a third of what an event or a stream does, and this is the hottest wait of all.
        self._wake = asyncio.get_running_loop().create_future()
        try:
            await self._wake
        finally:
            self._wake = None
