"""A bounded queue: an actor's, which belongs to its cell and outlives its restarts, or a listener's."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from enum import StrEnum

from acore.events.base import Envelope, Message
from acore.events.rest import Marks
from acore.events.supervision import Burial

DEFAULT_CAPACITY = 10_000
_UNBOUNDED = 1 << 62
_UNMADE, _CLOSED = 0, -1
_NOTHING: deque[Envelope] = deque()
# Sources hold back from four fifths of a mailbox's room until half of it is free again.
_HIGH, _LOW = 0.8, 0.5


class Overflow(StrEnum):
    """What a full mailbox does with one more message."""

    REJECT = "reject"
    DROP_NEW = "drop_new"
    DROP_OLD = "drop_old"
    COALESCE = "coalesce"
    UNBOUNDED = "unbounded"


type Lost = Callable[[Envelope, Burial, str], None]
"""Told of every message that found no place, why, and in words."""
type Key = Callable[[Message], Hashable | None]
"""Messages of one key replace each other; None stands for no other."""


class Mailbox:
    """Messages in the order they were accepted, for the one task that takes them out."""

    __slots__ = ("_lost", "_marks", "_queue", "_room", "_wake_up", "capacity", "overflow")

    def __init__(
        self,
        capacity: int = DEFAULT_CAPACITY,
        overflow: Overflow = Overflow.DROP_NEW,
        *,
        is_critical: bool = False,
    ) -> None:
        """Make an empty one, closed until `open`.

        Args:
            capacity: How many messages may wait; of no account when unbounded.
            overflow: What happens to one more.
            is_critical: Whether sources hold back while it is nearly full.
        """
        self.capacity = _UNBOUNDED if overflow is Overflow.UNBOUNDED else capacity
        self.overflow = overflow
        self._wake_up: asyncio.Future[None] | None = None
        # An empty deque takes 760 bytes, a tenth of an idle actor: it is made when the first message comes.
        self._queue: deque[Envelope] = _NOTHING
        self._room = _CLOSED
        self._marks = Marks(_HIGH * self.capacity, _LOW * self.capacity) if is_critical else None
        self._lost: Lost = _ignore

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def is_closed(self) -> bool:
        """Whether what comes is refused."""
        return self._room == _CLOSED

    @property
    def is_full(self) -> bool:
        """Whether one more message would cost one."""
        return len(self) >= self.capacity

    @property
    def is_pressed(self) -> bool:
        """Whether sources should hold back because of it."""
        return self._marks is not None and self._marks.are_over(len(self))

    def open(self, lost: Lost) -> None:
        """Take in what comes from now on, and tell *lost* of what finds no place."""
        self._lost = lost
        self._room = _UNMADE if self._queue is _NOTHING else self.capacity

    def close(self) -> None:
        """Refuse what comes from now on; what is queued stays."""
        self._room = _CLOSED

    def accept(self, envelope: Envelope) -> None:
        """Queue *envelope* without waiting, or say that it was lost."""
        if len(self._queue) >= self._room and not self._has_made_room(envelope):
            return
        self._queue.append(envelope)
        wake_up = self._wake_up
        if wake_up is not None and not wake_up.done():
            wake_up.set_result(None)

    def take(self) -> Envelope | None:
        """Return the oldest message; None when there is none."""
        return self._queue.popleft() if self._queue else None

    def put_back(self, envelope: Envelope) -> None:
        """Make *envelope*, taken and not done with, the oldest again; it had its place before."""
        self._queue.appendleft(envelope)
        self.wake()

    def clear(self) -> list[Envelope]:
        """Take everything out and return it."""
        left: list[Envelope] = []
        while (one := self.take()) is not None:
            left.append(one)
        return left

    def wake(self) -> None:
        """Let `wait` return, also when nothing was queued: something else wants looking at."""
        if self._wake_up is not None and not self._wake_up.done():
            self._wake_up.set_result(None)

    async def wait(self) -> None:
        """Return when something is queued or `wake` is called."""
        if len(self):
            return
        # A bare future costs a third of what an event or a stream does, and this is the hottest wait of all.
        self._wake_up = asyncio.get_running_loop().create_future()
        try:
            await self._wake_up
        finally:
            self._wake_up = None

    def _has_made_room(self, envelope: Envelope) -> bool:
        """Return whether *envelope* can be queued now; say what was lost for it, or that it was."""
        if self.is_closed:
            self._lost(envelope, Burial.STOPPED, "")
            return False
        if self._room == _UNMADE:
            self._queue, self._room = deque(), self.capacity
            return True
        full = f"{self.capacity} messages are waiting already"
        if self.overflow is Overflow.DROP_OLD:
            self._lost(self._queue.popleft(), Burial.FULL, full)
            return True
        self._lost(envelope, Burial.FULL, full)
        return False


class CoalescingMailbox(Mailbox):
    """Of messages with one key only the newest waits, in the place of the oldest."""

    __slots__ = ("_by_key", "_key")

    def __init__(self, capacity: int, key: Key, *, is_critical: bool = False) -> None:
        """Make an empty one.

        Args:
            capacity: How many keys may wait.
            key: Tells which messages replace each other.
            is_critical: Whether sources hold back while it is nearly full.
        """
        super().__init__(capacity, Overflow.COALESCE, is_critical=is_critical)
        self._key = key
        self._by_key: OrderedDict[Hashable, Envelope] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def accept(self, envelope: Envelope) -> None:
        """Queue *envelope*, in the place of one with the same key if there is one."""
        key = self._key_of(envelope)
        older = self._by_key.get(key)
        if older is not None and not self.is_closed:
            self._lost(older, Burial.FULL, "a newer one took its place")
        elif len(self) >= self._room and not self._has_made_room(envelope):
            return
        self._by_key[key] = envelope
        self.wake()

    def take(self) -> Envelope | None:
        """Return the message whose place is the oldest; None when there is none."""
        return self._by_key.popitem(last=False)[1] if self._by_key else None

    def put_back(self, envelope: Envelope) -> None:
        """Make *envelope* the first again, unless a newer one of its key has come meanwhile."""
        key = self._key_of(envelope)
        if key in self._by_key:
            self._lost(envelope, Burial.FULL, "a newer one took its place")
        else:
            self._by_key[key] = envelope
            self._by_key.move_to_end(key, last=False)
        self.wake()

    def _key_of(self, envelope: Envelope) -> Hashable:
        key = self._key(envelope.message)
        return envelope.id if key is None else key


def _ignore(_envelope: Envelope, _reason: Burial, _detail: str) -> None:
    """Stand in until somebody wants to know."""
