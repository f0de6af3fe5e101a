"""Pieces of the journal as they are given away: where one begins, what belongs to it, a copy of it all."""

import os
from collections.abc import Iterable
from datetime import datetime
from itertools import starmap
from pathlib import Path

from acore.clock import nanoseconds
from acore.storage.chain import LOST
from acore.storage.database import connect
from acore.storage.query import reading
from acore.storage.schema import schema_version
from acore.storage.snapshots import SNAPSHOTS, Snapshot, snapshot_of
from acore.storage.sqlite import Connection, attach


def schema_of(path: Path) -> int:
    """Return the shape of the database.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    with reading(path) as connection:
        return schema_version(connection, path)


def first_since(path: Path, at: datetime) -> int | None:
    """Return the number of the first row that was sent at *at* or later; None when there is none."""
    with reading(path) as connection:
        found = connection.execute(
            "SELECT seq FROM journal WHERE wall_ns >= ? ORDER BY seq LIMIT 1", (nanoseconds(at),)
        ).fetchone()
        return found[0] if found else None


def last_until(path: Path, at: datetime) -> int | None:
    """Return the number of the last row that was sent before *at*; None when there is none."""
    with reading(path) as connection:
        found = connection.execute(
            "SELECT seq FROM journal WHERE wall_ns < ? ORDER BY seq DESC LIMIT 1", (nanoseconds(at),)
        ).fetchone()
        return found[0] if found else None


def count(path: Path, first: int, last: int) -> int:
    """Return how many rows there are from number *first* up to *last*."""
    with reading(path) as connection:
        rows: int = connection.execute(
            "SELECT count(*) FROM journal WHERE seq BETWEEN ? AND ?", (first, last)
        ).fetchone()[0]
        return rows


def snapshots(path: Path, first: int, last: int) -> tuple[Snapshot, ...]:
    """Return what actors knew at numbers from *first* up to *last*, in order."""
    with reading(path) as connection:
        found = connection.execute(
            f"{SNAPSHOTS} WHERE seq BETWEEN ? AND ? ORDER BY seq, actor",
            (first, last),
        ).fetchall()
    return tuple(starmap(snapshot_of, found))


def copy_whole(path: Path, to: Path) -> None:
    """Copy the whole database, also while a bot writes to it, without the rights to answer that it keeps.

    Args:
        path: The database.
        to: A file that is not there; until the copy is complete it is called `<to>.part`.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
        OSError: The copy cannot be written.
    """
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    # The file alone is no copy: what was written last may still be in its -wal file.
    with reading(path) as connection:
        copy = attach(part, "rwc")
        try:
            connection.backup(copy)
        finally:
            copy.close()
    copy = connect(part)
    try:
        copy.execute("UPDATE pending SET sealed = ''")
        copy.execute("VACUUM")  # or it would still be read in what is free by now
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        copy.close()
    put_in_place(part, to)


def put_in_place(part: Path, to: Path) -> None:
    """Give the complete *part* its name, so that it has it also after the machine has lost power."""
    for place in (part, to.parent):
        if place == to.parent:
            part.replace(to)
        file = os.open(place, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def owe_nothing(connection: Connection, boots: Iterable[str]) -> None:
    """Forget what the runs *boots* still had to do: it was theirs to do, and somebody else has done it since.

    Args:
        connection: In a transaction.
        boots: Runs whose rows were taken in from elsewhere.
    """
    connection.execute("DELETE FROM pending WHERE sealed = ''")
    # What was broken off has no run any more that has it in hand; who asked for it stands in the journal.
    connection.executemany(
        "DELETE FROM outbox WHERE ? IN (boot, (SELECT boot FROM journal AS it WHERE it.id = outbox.id))",
        [(boot,) for boot in boots],
    )


def number_from(connection: Connection, seq: int) -> None:
    """Have the next number be one after *seq*, unless it is higher already."""
    connection.execute("UPDATE progress SET seq = max(seq, ?)", (seq,))


def note_missing(connection: Connection, ranges: Iterable[tuple[int, int]], wall_ns: int) -> None:
    """Note of which ranges rows are missing that were not taken in.

    Args:
        connection: In a transaction.
        ranges: The first and the last number of each.
        wall_ns: When.
    """
    connection.executemany(
        "INSERT OR IGNORE INTO gone (first_seq, last_seq, rows, hash, wall_ns, reason) "
        "VALUES (?, ?, ?, x'', ?, ?)",
        [(first, last, last - first + 1, wall_ns, LOST) for first, last in ranges],
    )
