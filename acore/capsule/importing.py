"""Taking a capsule into a data directory that no bot uses at the moment."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import batched
from pathlib import Path

from acore.capsule.form import Header, RowLine, Selection, SnapshotLine
from acore.capsule.problems import DuplicateEntryError, GapError, OtherEntryError, PartialCapsuleError
from acore.capsule.reading import Checked, Reader, usable
from acore.clock import Clock
from acore.events.base import Entry, Event, Message
from acore.events.catalog import Catalog
from acore.events.upcast import UnreadableMessageError
from acore.record import Record
from acore.storage.database import connect
from acore.storage.lock import DataDirectory
from acore.storage.opening import refuse_incomplete
from acore.storage.pieces import note_missing, number_from, owe_nothing
from acore.storage.query import Row, last_seq, shape_named, tail
from acore.storage.rows import Spoiled, take_over, write
from acore.storage.snapshots import Snapshot, bring
from acore.storage.sqlite import Connection, damage_named, transact
from acore.storage.store import DATABASE_NAME

_PAGE = 1000


class Imported(Record):
    """What was taken in.

    Attributes:
        rows: How many rows are there now that were not there before.
        skipped: How many were there already.
        spoiled: How many were put aside, because the database would not take them.
        first: Number of the first row of the file.
        last: Number of the last.
        complaint: What is wrong with the file, if it was taken nevertheless.
    """

    rows: int
    skipped: int
    spoiled: int
    first: int
    last: int
    complaint: str = ""


def take_in(
    path: Path,
    directory: Path,
    catalog: Catalog,
    clock: Clock,
    *,
    skips_duplicates: bool = False,
    allows_gaps: bool = False,
    accepts_damage: bool = False,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Imported:
    """Add the rows of a capsule to the journal in *directory*, and all that is kept from them.

    What the bot of then still had to do is not done again by one that starts on this.

    Args:
        path: The capsule.
        directory: The data directory; made if it is not there.
        catalog: The messages of today.
        clock: Says when.
        skips_duplicates: Whether rows that are there already are passed over, if they are the same.
        allows_gaps: Whether rows may be missing between the journal and the capsule, or in it.
        accepts_damage: Whether what stands before a damaged line is taken.
        advance: Told now and then how many rows were taken.

    Raises:
        AlreadyRunningError: A bot uses the directory.
        CapsuleError: The file cannot be used, or does not fit what is there.
        FatalError: The database is damaged, not acore's, or a newer acore's.
        OSError: The file cannot be read.
    """
    found = usable(path, accept_damaged=accepts_damage)
    boot = f"import-{clock.wall_ns():x}"
    with DataDirectory(directory, boot=boot, clock=clock):
        database = directory / DATABASE_NAME
        database.touch(mode=0o600)
        with _connected(database) as connection:
            before = last_seq(database)
            _refuse_gap(path, found.header, before, allows_gaps=allows_gaps)
            transact(connection, partial(take_over, boot=boot))
            intake = _Intake(connection, database, catalog, boot, before, skips=skips_duplicates)
            for page in batched(_rows(path), _PAGE):
                intake.take(page)
                advance(intake.taken)
            transact(connection, partial(bring, snapshots=_snapshots(path)))
            boots = tuple(intake.boots)
            transact(connection, partial(owe_nothing, boots=boots))
            missing = tuple(_missing(found, before))
            transact(connection, partial(note_missing, ranges=missing, wall_ns=clock.wall_ns()))
            if found.is_whole:
                transact(connection, partial(number_from, seq=found.header.last))
    return Imported(
        rows=intake.taken,
        skipped=intake.skipped,
        spoiled=intake.spoiled,
        first=found.first,
        last=found.last,
        complaint=found.complaint(path),
    )


class _Intake:
    """The journal that takes rows in."""

    def __init__(
        self,
        connection: Connection,
        database: Path,
        catalog: Catalog,
        boot: str,
        before: int,
        *,
        skips: bool,
    ) -> None:
        self._connection = connection
        self._database = database
        self._catalog = catalog
        self._boot = boot
        self._before = before
        self._skips = skips
        self.taken = 0
        self.skipped = 0
        self.spoiled = 0
        self.boots: set[str] = set()

    def take(self, page: Sequence[Row]) -> None:
        """Write what is new of *page*; what is there already has to be the same."""
        old = [row for row in page if row.seq <= self._before]
        if old:
            self._compare(old)
        new = [row for row in page if row.seq > self._before]
        self.boots |= {row.boot for row in new}
        spoiled = write(self._connection, [self._entry(row) for row in new], self._boot)
        self.spoiled += sum(one.stage == "row" for one in spoiled)
        self.taken += len(new) - len(_lost(spoiled))

    def _compare(self, old: Sequence[Row]) -> None:
        first, last = old[0].seq, old[-1].seq
        there = {
            row.seq: row
            for row in tail(self._database, limit=last - first + 1, after=first - 1)
            if row.seq <= last
        }
        for row in old:
            same = there.get(row.seq)
            if same is None:
                raise OtherEntryError(row.seq, "nothing", row.name)
            if same != row:
                raise OtherEntryError(row.seq, same.name, row.name)
            if not self._skips:
                raise DuplicateEntryError(row.seq)
        self.skipped += len(old)

    def _entry(self, row: Row) -> Entry:
        return Entry(row.envelope(self._message(row)), row.name, row.version, row.payload.encode())

    def _message(self, row: Row) -> Message:
        """Return what the tables are told of; what is not known here has none."""
        try:
            return self._catalog.decode(row.name, row.version, row.payload.encode())
        except UnreadableMessageError:
            return Event()


def _lost(spoiled: Sequence[Spoiled]) -> list[Spoiled]:
    return [one for one in spoiled if one.stage == "row"]


def _refuse_gap(path: Path, header: Header, before: int, *, allows_gaps: bool) -> None:
    if allows_gaps:
        return
    if header.selection != Selection():
        raise PartialCapsuleError(path)
    if before and header.first > before + 1:
        raise GapError(before, header.first)


def _missing(found: Checked, before: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges above *before* of which the journal lacks rows now: no replay judges across them."""
    header = found.header
    if header.first > before + 1:
        yield before + 1, header.first - 1
    if header.selection != Selection():
        yield max(header.first, before + 1), max(found.last, before + 1)
        return
    for low, high in header.gaps:
        if high > before and low <= found.last:
            yield max(low, before + 1), high


def _rows(path: Path) -> Iterator[Row]:
    for line in Reader(path).lines():
        if isinstance(line, RowLine):
            yield line.row()


def _snapshots(path: Path) -> Iterator[Snapshot]:
    for line in Reader(path).lines():
        if isinstance(line, SnapshotLine):
            yield line.kept()
        elif isinstance(line, RowLine):  # behind the first row there is none
            return


@contextmanager
def _connected(database: Path) -> Generator[Connection]:
    with (
        closing(connect(database)) as connection,
        shape_named(connection, database),
        damage_named(database),
    ):
        refuse_incomplete(connection, database)
        yield connection
