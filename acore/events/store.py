"""How the store is."""

from datetime import datetime
from enum import StrEnum

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.events.views import View
from acore.record import Record


class StoreState(StrEnum):
    """Whether what happens is being written."""

    WRITING = "writing"
    RETRYING = "retrying"


@wire("store.degraded", vital=True)
class StoreDegraded(Event):
    """Writing fails; what happens is kept in memory and tried again."""

    reason: str
    waiting: int


@wire("store.recovered", vital=True)
class StoreRecovered(Event):
    """Writing works again and everything that waited is on disk."""

    after: float


@wire("journal.filled", vital=True)
class JournalFilled(Event):
    """So much waits to be written that nothing new is taken in; `waiting` entries do."""

    waiting: int


@wire("journal.relieved", vital=True)
class JournalRelieved(Event):
    """There is room for what is new again. So many facts and effects were refused meanwhile."""

    facts: int
    effects: int
    seconds: float


class StoreProbe(Record):
    """A write and a read that were made to see whether they work. Sizes are bytes."""

    seconds: float
    file_bytes: int
    wal_bytes: int
    integrity: str


@wire("store.probe", journaled=False)
class ProbeStore(Command[StoreProbe]):
    """Does writing and reading work now?"""


class StoreView(View):
    """Whether the journal keeps up. `since` is when the state began.

    `is_full` says that nothing new is taken in; `free_bytes` is the room on the disk, looked at when writing
    failed.
    """

    state: StoreState
    since: datetime
    waiting: int
    reason: str = ""
    is_full: bool = False
    free_bytes: int | None = None
