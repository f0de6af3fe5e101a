"""The journal in memory: what was accepted and is not on disk yet, and who waits for it."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice

from anyio import Event as Flag

from acore.errors import AcoreError, ExitCode, FatalError
from acore.events.base import Entry, Envelope
from acore.events.rest import Marks
from acore.storage.limits import MEGABYTE, MEMORY_MB

ROOM = MEMORY_MB * MEGABYTE
"""Bytes that may wait to be written before what is new is refused, unless a setting says otherwise."""
OVERFLOW = 2
"""So many times that room is the most: a program that can do nothing but wait for a disk then stops."""
_ENTRY = 800  # measured with tracemalloc: an entry takes 640 to 1100 bytes and its payload twice
HIGH_MARK, LOW_MARK = 50_000, 10_000
"""Sources hold back from so many entries waiting to be written until so few are left."""


type Read = Callable[[int, int], AsyncIterator[Envelope]]


async def _nothing(_after: int, _upto: int) -> AsyncIterator[Envelope]:
    """Stand in where nothing is on disk."""
    for nothing in ():
        yield nothing


class SequenceError(AcoreError):
    """An entry has a number that was given before."""

    def __init__(self, seq: int, last: int) -> None:
        super().__init__(
            f"entry {seq} comes after entry {last}: the bus must number on from the journal's last"
        )


class JournalOverflowError(FatalError):
    """So much waits to be written that going on would cost the process its memory."""

    exit_code = ExitCode.IO

    def __init__(self, used: int, room: int) -> None:
        super().__init__(
            f"{used // MEGABYTE} MB wait to be written, {OVERFLOW} times "
            f"JOURNAL_MEMORY_MB={room // MEGABYTE}: make room on the disk, or see what "
            "is wrong with it, and start acore again"
        )


class Journal:
    """Keeps entries in order until they are durable; outlives the actor that writes them.

    *Accepted*: `append` returned. *Durable*: `wait_durable` returns, and the entry survives the machine
    losing power.
    """

    def __init__(self, last_seq: int = 0, read: Read = _nothing, *, room: int = ROOM) -> None:
        """Number on from *last_seq*.

        Args:
            last_seq: The highest number on disk.
            read: Yields what is on disk.
            room: Bytes of memory for what waits, before what is new is refused.
        """
        self.room = room
        self.bytes = 0
        """What waits to be written takes about so much memory."""
        self.is_full = False
        self.has_overflowed = Flag()
        """Set when twice the room is used up: what is vital came as well, and was not refused."""
        self._filled: Callable[[], None] = lambda: None
        self._read = read
        self.last_seq = last_seq
        self.failing_since: float | None = None
        """Monotonic seconds of the first failure in a row; the writer's, kept over its restarts."""
        self._entries: deque[Entry] = deque()
        # In the order of the numbers waited for.
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._deserted = 0
        self._wake: asyncio.Future[None] | None = None
        self._doing: list[str] = []
        self._marks = Marks(HIGH_MARK, LOW_MARK)
        self._relieved: Callable[[], None] = lambda: None

    @property
    def waiting(self) -> int:
        """How many entries are not durable yet."""
        return len(self._entries)

    @property
    def durable_seq(self) -> int:
        """The number up to which everything is durable."""
        return self._entries[0].seq - 1 if self._entries else self.last_seq

    @property
    def is_pressed(self) -> bool:
        """Whether sources should hold back because of it."""
        return self._marks.are_over(len(self._entries))

    def when_relieved(self, relieved: Callable[[], None]) -> None:
        """Have *relieved* called whenever something was written."""
        self._relieved = relieved

    def when_filled(self, filled: Callable[[], None]) -> None:
        """Have *filled* called when the room is used up, and when half of it is free again."""
        self._filled = filled

    def append(self, entry: Entry) -> None:
        """Accept *entry*; never waits.

        Raises:
            SequenceError: Its number is not higher than that of the entry before.
        """
        # Every fact comes this way: what is asked twice is looked up once, and nothing is called for nothing.
        seq = entry.envelope.seq
        if seq <= self.last_seq:
            raise SequenceError(seq, self.last_seq)
        self.last_seq = seq
        self._entries.append(entry)
        self.bytes = waiting = self.bytes + _ENTRY + 2 * len(entry.payload)
        if waiting > self.room:
            self._fill()
        if self._wake is not None:
            self.wake()

    async def past(self, after: int, upto: int) -> AsyncIterator[Envelope]:
        """Yield what was kept after number *after*, up to *upto*, in order; waits until it is on disk."""
        await self.wait_durable(upto)
        async for envelope in self._read(after, upto):
            yield envelope

    async def wait_durable(self, seq: int) -> None:
        """Return when every entry up to *seq* that was accepted is durable."""
        entries, waiters = self._entries, self._waiters
        if not entries or entries[0].envelope.seq > seq:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if waiters and waiters[-1][0] > seq:
            waiters.insert(bisect_right(waiters, seq, key=_number), (seq, woken))
        else:
            waiters.append((seq, woken))
        try:
            await woken
        except asyncio.CancelledError:
            if woken.cancelled():
                self._desert()
            raise

    def batch(self, limit: int) -> list[Entry]:
        """Return the oldest entries, at most *limit*; they stay until `committed`."""
        return list(islice(self._entries, limit))

    def committed(self, upto: int) -> None:
        """Say that everything up to *upto* is durable, and wake who waited for it."""
        entries = self._entries
        while entries and entries[0].envelope.seq <= upto:
            self.bytes -= _ENTRY + 2 * len(entries.popleft().payload)
        waiters = self._waiters
        while waiters and (not entries or waiters[0][0] < entries[0].envelope.seq):
            _, woken = waiters.popleft()
            if woken.done():
                self._deserted -= 1
            else:
                woken.set_result(None)
        if self.is_full and self.bytes <= self.room // 2:
            self.is_full = False
            self._filled()
        self._relieved()

    async def gathered(self) -> None:
        """Return when there is something to write, or `wake` is called. For the one writer."""
        if self._entries:
            return
        self._wake = asyncio.get_running_loop().create_future()
        try:
            await self._wake
        finally:
            self._wake = None

    def wake(self) -> None:
        """Let `gathered` return."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    @contextmanager
    def doing(self, what: str) -> Generator[None]:
        """Name something that goes on in another thread, where a held clock cannot see it."""
        self._doing.append(what)
        try:
            yield
        finally:
            self._doing.remove(what)

    def under_way(self) -> Iterator[str]:
        """Yield what goes on, in words; nothing while the writer only waits to try again."""
        yield from self._doing

    def _fill(self) -> None:
        if not self.is_full:
            self.is_full = True
            self._filled()
        if self.bytes > OVERFLOW * self.room:
            self.has_overflowed.set()

    def _desert(self) -> None:
        """Note that somebody waits no longer; those who do not are left in the row until they are many."""
        self._deserted += 1
        if 2 * self._deserted > len(self._waiters) + 64:
            self._waiters = deque(waiter for waiter in self._waiters if not waiter[1].done())
            self._deserted = 0


def _number(waiter: tuple[int, asyncio.Future[None]]) -> int:
    return waiter[0]
