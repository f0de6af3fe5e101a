"""Writing a capsule from a journal: as it goes, in constant memory, and never half of it under its name."""

import os
import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import batched
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from acore import __version__
from acore.capsule.form import (
    FORMAT,
    Footer,
    Header,
    Line,
    RowLine,
    Seal,
    Selection,
    SnapshotLine,
    Writing,
    fingerprint,
    is_json_line,
    line_of,
)
from acore.capsule.problems import NothingToExportError, NotResumableError, SecretInJournalError
from acore.capsule.reading import Checked, check
from acore.capsule.redaction import Redactor
from acore.clock import instant
from acore.events.catalog import Catalog
from acore.log import Masker
from acore.record import Record
from acore.storage.pieces import count, first_since, last_until, put_in_place, schema_of, snapshots
from acore.storage.query import Filter, Row, tail
from acore.storage.scan import facts

_PAGE = 1000
_NONE = Selection()


class Wanted(Record):
    """What is to be exported; each field narrows, None does not.

    Attributes:
        first: From this number on.
        last: Up to this number.
        since: From this instant on.
        until: Before this instant.
        selection: What narrows the rows of that range.
        leads_in: Whether the run of the program in which the range begins is taken from its start, so that a
            replay can begin there.
    """

    first: int | None = None
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    selection: Selection = _NONE
    leads_in: bool = True


class Exported(Record):
    """What was written."""

    header: Header
    rows: int
    snapshots: int


def header_for(
    database: Path, wanted: Wanted, catalog: Catalog, now: datetime, redactor: Redactor | None = None
) -> Header:
    """Return what the file will say of itself; nothing that comes after this moment will be in it.

    Args:
        database: The database with the journal.
        wanted: What is to be exported.
        catalog: The messages of today.
        now: The present instant.
        redactor: What replaces something, if anything is to be.

    Raises:
        NothingToExportError: There are no rows in that range.
        AcoreError: The database is not there or cannot be read, and why.
    """
    there = facts(database)
    # A journal's numbers begin with 1 even where nothing is kept under it, unless that was removed or lost.
    lowest = there.first_seq if any(low < there.first_seq for low, _ in there.gone) else 1
    first, last = max(wanted.first or 1, lowest), min(wanted.last or there.last_seq, there.last_seq)
    if wanted.since is not None:
        since = first_since(database, wanted.since)
        first = max(first, since if since is not None else there.last_seq + 1)
    if wanted.until is not None:
        last = min(last, last_until(database, wanted.until) or 0)
    if first > last or not count(database, first, last):
        raise NothingToExportError
    asked = first
    is_narrowed = wanted.selection != _NONE
    begins = next(boot.first_seq for boot in there.boots if boot.last_seq >= first)
    begins = lowest if begins == there.first_seq else begins
    if wanted.leads_in and not is_narrowed:
        first = min(first, begins)
    return Header(
        capsule=FORMAT,
        acore=__version__,
        python=platform.python_version(),
        made=now,
        schema=schema_of(database),
        catalog=fingerprint(catalog),
        first=first,
        last=last,
        asked=asked,
        selection=wanted.selection,
        is_whole=not is_narrowed and first <= there.first_seq and last == there.last_seq,
        gaps=tuple(
            (max(low, first), min(high, last)) for low, high in there.gone if low <= last and high >= first
        ),
        rows=None if is_narrowed else count(database, first, last),
        redacted=tuple(sorted(redactor.what)) if redactor else (),
        redaction=redactor.fingerprint if redactor else "",
        runs=tuple(_runs(database, first, last)),
    )


class Export:
    """One export: the journal, what the file will say of itself, and what may not be in it."""

    def __init__(
        self,
        database: Path,
        header: Header,
        *,
        mask: Masker,
        redactor: Redactor | None = None,
        advance: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        """Prepare to write what *header* describes.

        Args:
            database: The database with the journal.
            header: From `header_for`.
            mask: Changes a text that holds a secret; what it would change is not written.
            redactor: What replaces something, the same as for the header.
            advance: Told now and then how many rows there are.
        """
        self._database = database
        self._header = header
        self._mask = mask
        self._redactor = redactor
        self._advance = advance

    def to(self, path: Path, *, resume: bool = False) -> Exported:
        """Write to *path*, which is `<path>.part` until it is complete; one of that name is replaced.

        Args:
            path: The file.
            resume: Whether to go on with the part that an interrupted export left, whose own header counts.

        Raises:
            SecretInJournalError: A row holds a secret; what was written so far is removed.
            NotResumableError: There is nothing to go on with, or it is about something else.
            AcoreError: The database cannot be read, and why.
            OSError: The file cannot be written.
        """
        part = path.with_name(f"{path.name}.part")
        found = _left_behind(part, self._header) if resume else None
        with part.open("r+b" if found else "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            if found is not None:
                file.truncate(found.good_until)
                file.seek(found.good_until)
            try:
                exported = self._write(file, found)
            except SecretInJournalError:
                part.unlink()
                raise
            file.flush()
        put_in_place(part, path)
        return exported

    def into(self, out: BinaryIO) -> Exported:
        """Write to a stream. Raises as `to` does."""
        exported = self._write(out, None)
        out.flush()
        return exported

    def _write(self, out: BinaryIO, found: Checked | None) -> Exported:
        header = found.header if found else self._header
        sealed = _Sealed(out, Seal(found.so_far.encode() if found else b""), self._mask)
        first = header.first
        if found is None:
            sealed.write([header])
            # What an actor knew holds what is to be replaced, in a shape that only the actor knows.
            if header.selection == _NONE and self._redactor is None:
                sealed.write(_snapshots(self._database, header))
        else:
            sealed.rows, sealed.snapshots = found.rows, found.snapshots
            first = max(first, found.last + 1)
        for page in rows_between(self._database, first, header.last, header.selection):
            sealed.write(line_of(self._redactor.row(row) if self._redactor else row) for row in page)
            self._advance(sealed.rows)
        sealed.write([Footer(rows=sealed.rows, snapshots=sealed.snapshots)])
        return Exported(header=header, rows=sealed.rows, snapshots=sealed.snapshots)


def write_lines(out: BinaryIO, header: Header, lines: Iterable[Line], *, mask: Masker | None = None) -> int:
    """Write a capsule of *lines*, which have no header and no footer, and return how many rows it has."""
    sealed = _Sealed(out, Seal(), mask)
    sealed.write([header])
    for page in batched(lines, _PAGE):
        sealed.write(page)
    sealed.write([Footer(rows=sealed.rows, snapshots=sealed.snapshots)])
    return sealed.rows


def rows_between(database: Path, first: int, last: int, selection: Selection = _NONE) -> Iterator[list[Row]]:
    """Yield pages of rows from number *first* up to *last*; no read transaction outlives a page."""
    after = first - 1
    wanted = Filter(
        name=selection.name or None,
        source=selection.source or None,
        actor=selection.actor or None,
        correlation=selection.correlation or None,
        kinds=selection.kinds,
    )
    while page := tail(database, wanted, limit=_PAGE, after=after):
        after = page[-1].seq
        rows = [row for row in page if row.seq <= last]
        if rows:
            yield rows
        if len(rows) < len(page):
            return


class _Sealed:
    """Lines on their way into a file."""

    def __init__(self, out: BinaryIO, seal: Seal, mask: Masker | None) -> None:
        self._out = out
        self._seal = seal
        self._mask = mask
        self.rows = 0
        self.snapshots = 0

    def write(self, lines: Iterable[Line]) -> None:
        """Write *lines*, unless one holds a secret: then none of them."""
        given = tuple(lines)
        texts = [self._seal.sealed(line) for line in given]
        whole = b"".join(texts)
        if self._mask is not None and self._is_secret(whole):
            for line, text in zip(given, texts, strict=True):
                if self._is_secret(text):
                    raise SecretInJournalError(getattr(line, "seq", 0), getattr(line, "name", "its header"))
        self._out.write(whole)
        self.rows += sum(isinstance(line, RowLine) for line in given)
        self.snapshots += sum(isinstance(line, SnapshotLine) for line in given)

    def _is_secret(self, text: bytes) -> bool:
        assert self._mask is not None  # noqa: S101 - asked only then
        readable = text.decode()
        return self._mask(readable) != readable


def _snapshots(database: Path, header: Header) -> Iterator[SnapshotLine]:
    for kept in snapshots(database, header.first, header.last):
        if not is_json_line(kept.state.encode()):  # the disk has spoilt it: no replay can begin there
            continue
        yield SnapshotLine(
            actor=kept.actor,
            seq=kept.seq,
            boot=kept.boot,
            incarnation=kept.incarnation,
            unread=kept.unread,
            shape=kept.shape,
            digest=kept.digest,
            state=msgspec.Raw(kept.state.encode()),
        )


def _left_behind(part: Path, header: Header) -> Checked:
    """Return what an interrupted export of the same has left."""
    if header.redacted:
        raise NotResumableError("what replaces ids and names is made from a key that is kept nowhere")
    try:
        found = check(part)
    except FileNotFoundError:
        raise NotResumableError(f"there is no {part}") from None
    # The journal has grown since; what was to be written then is what is written.
    then = replace(header, made=found.header.made, runs=(), rows=None, last=0, is_whole=False)
    if then != replace(found.header, runs=(), rows=None, last=0, is_whole=False):
        raise NotResumableError(f"{part} is of another range, of another database or of another acore")
    return found


def _runs(database: Path, first: int, last: int) -> Iterator[Writing]:
    """Yield the runs whose rows these are, as far as they could say that they began."""
    began = tail(database, limit=1, after=first - 1)[0].boot
    for page in rows_between(database, 1, last, Selection(name="run.started", kinds=("event",))):
        for row in page:
            if row.seq >= first or row.boot == began:
                yield _run(row)


def _run(row: Row) -> Writing:
    try:
        said = msgspec.json.decode(row.payload, type=_Began)
    except msgspec.DecodeError:  # the disk has spoilt it
        said = _Began()
    return Writing(
        boot=row.boot,
        began=instant(row.wall_ns),
        version=said.version,
        python=said.python,
        settings=said.settings_revision,
    )


class _Began(msgspec.Struct):
    """What is taken from a run's own fact, of whatever version."""

    version: str = ""
    python: str = ""
    settings_revision: str = ""
