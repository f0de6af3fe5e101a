"""The seam between the bus and whatever keeps what travelled."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from acore.events.base import Entry, Envelope


class Recorder(Protocol):
    """Keeps entries in the order given; the store's journal is one, a list in memory another."""

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be written that no more than is vital is to come."""
        ...

    @property
    def waiting(self) -> int:
        """How many entries are not durable yet."""
        ...

    @property
    def is_pressed(self) -> bool:
        """Whether so much waits to be written that sources should hold back."""
        ...

    def when_relieved(self, relieved: Callable[[], None]) -> None:
        """Have *relieved* called whenever something was written."""
        ...

    def when_filled(self, filled: Callable[[], None]) -> None:
        """Have *filled* called whenever `is_full` has changed."""
        ...

    def append(self, entry: Entry) -> None:
        """Accept *entry*: it is kept in memory until it is durable. Never waits."""
        ...

    def past(self, after: int, upto: int) -> AsyncIterator[Envelope]:
        """Yield what was kept after number *after*, up to *upto*, in order."""
        ...

    async def wait_durable(self, seq: int) -> None:
        """Return when every entry up to *seq* survives the machine losing power."""
        ...


class MemoryRecorder:
    """Keeps entries in a list, for tests and for embedding without a store. Nothing survives the process."""

    is_pressed = is_full = False
    waiting = 0

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def when_relieved(self, relieved: Callable[[], None]) -> None:
        """Never call it: here is always room."""

    def when_filled(self, filled: Callable[[], None]) -> None:
        """Never call it, as above."""

    def append(self, entry: Entry) -> None:
        """Keep *entry*."""
        self.entries.append(entry)

    async def past(self, after: int, upto: int) -> AsyncIterator[Envelope]:
        """Yield what was kept after number *after*, up to *upto*, in order."""
        for entry in list(self.entries):
            if after < entry.seq <= upto and entry.message is not None:
                yield entry.envelope

    async def wait_durable(self, seq: int) -> None:
        """Return at once: memory is all there is."""
