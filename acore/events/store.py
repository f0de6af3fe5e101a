"""How the store is."""

from datetime import datetime
from enum import StrEnum
from typing import assert_never

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.events.personal import FreeText
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


class Loss(StrEnum):
    """What showed that entries of the journal are missing."""

    BEHIND = "behind"
    OTHER = "other"
    DAMAGED = "damaged"


@wire("journal.lost", vital=True)
class JournalLost(Event):
    """The start found that entries are missing which had been safe on the disk.

    Those from `first_seq` to `last_seq` are, at most; their numbers are not given again. The mark beside the
    database told so at `marked`. With OTHER the file is not the one that was written, and from which number
    on is not known. With DAMAGED the database was moved aside, where it is `kept_as`.
    """

    loss: Loss
    first_seq: int
    last_seq: int
    marked: datetime | None = None
    kept_as: str = ""
    reason: str = ""

    def words(self) -> str:
        """Return what happened, for whoever looks after the bot; without a full stop at the end."""
        marked = "" if self.marked is None else f" at {self.marked:%Y-%m-%d %H:%M:%S} UTC"
        match self.loss:
            case Loss.BEHIND:
                return (
                    f"up to {self.last_seq - self.first_seq + 1} entries of the journal are missing: it "
                    f"ended at {self.first_seq - 1}, though {self.last_seq} was safe on the disk{marked}. "
                    "Either an older acore.db was put in its place, or its log (acore.db-wal) was cut, "
                    f"damaged or removed. Numbers go on after {self.last_seq}; `acore journal verify` looks "
                    "through what is there"
                )
            case Loss.OTHER:
                return (
                    "this is not the journal that was written here: what stands at entry "
                    f"{self.last_seq}, or before it, is not what was safe on the disk{marked}. Another "
                    "acore.db was put in its place, or it was changed; `acore journal verify` looks through "
                    "what is there"
                )
            case Loss.DAMAGED:
                upto = f"everything up to entry {self.last_seq}" if self.last_seq else "everything before"
                return (
                    f"the database was damaged ({self.reason}). It is kept as {self.kept_as}, and a new one "
                    f"was begun, in which {upto} is missing. Look after the disk. A backup may be put in its "
                    "place while the bot is stopped"
                )
            case _:
                assert_never(self.loss)


@wire("journal.purged", vital=True)
class JournalPurged(Event):
    """What was old or too much has been removed from the beginning of the journal; told once a day.

    `reason` is age or size; `held_by` says what keeps more from being removed though there is too much, and
    `is_cut` that the present run can no longer be replayed from its beginning. `used_bytes` are left.
    """

    rows: int
    first_seq: int
    last_seq: int
    reason: str
    used_bytes: int
    held_by: str = ""
    is_cut: bool = False


class PurgeOutcome(Record):
    """What was, or would be, removed from the journal; see JournalPurged.

    `problem` says why nothing could be looked at; blank otherwise.
    """

    rows: int = 0
    last_seq: int = 0
    reason: str = ""
    used_bytes: int = 0
    held_by: str = ""
    problem: FreeText = ""


@wire("journal.purge", journaled=False)
class PurgeJournal(Command[PurgeOutcome]):
    """Remove now what is old or too much; of a trial, only say what that would be."""

    by: str
    is_trial: bool = False


@wire("journal.pin", journaled=False)
class PinJournal(Command[str]):
    """Keep the rows from a number on under a name, or no longer. Blank, or why that cannot be."""

    name: str
    seq: int | None
    by: str


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
    """Whether the journal keeps up. `since` is when the state began, `lost` what the start found missing.

    `is_full` says that nothing new is taken in; `free_bytes` is the room on the disk, looked at when writing
    failed.
    """

    state: StoreState
    since: datetime
    waiting: int
    reason: str = ""
    is_full: bool = False
    free_bytes: int | None = None
    lost: JournalLost | None = None


class SamplesView(View):
    """Whether measured values are written to their own file. `trouble` says why not; `lost` counts values."""

    trouble: str
    lost: int
