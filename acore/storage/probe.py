"""A look at the file: does writing and reading work, how big is it, is it whole."""

import shutil
from functools import partial
from pathlib import Path

from acore.errors import AcoreError
from acore.record import Record
from acore.storage.damaged import note_damage
from acore.storage.database import Prepare, connect
from acore.storage.sqlite import Connection, DamagedDatabaseError, Error, damage_named, file_size, transact

MOST_CHECKED = 64 * 2**20
"""Bytes up to which the file is read through; the check pins the write-ahead log while it reads."""


class Findings(Record):
    """What a look at the file showed. `integrity` is "ok", "not checked (…)", or what is wrong."""

    file_bytes: int
    wal_bytes: int
    integrity: str


def probe(path: Path, *, stamp: int, prepare: Prepare | None = None) -> Findings:
    """Write a row, read it back, and look the file over, on a connection of its own. Blocks.

    Word is left of damage, so that the next start looks before it goes on.

    Args:
        path: The database.
        stamp: What to write.
        prepare: Called with the connection before it is used.
    """
    size = file_size(path)
    try:
        connection = connect(path, prepare=prepare)
        try:
            with damage_named(path):
                transact(connection, partial(_put_and_get, stamp=stamp))
                integrity = _integrity(connection, path, size)
        finally:
            connection.close()
    except DamagedDatabaseError as error:
        note_damage(path, error.reason)
        integrity = str(error)
    except (Error, AcoreError) as error:
        integrity = str(error)
    return Findings(
        file_bytes=size, wal_bytes=file_size(path.with_name(f"{path.name}-wal")), integrity=integrity
    )


def free_space(path: Path) -> int | None:
    """Return the free bytes of the disk that *path* is on; None when it does not tell. Blocks."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return None


def _put_and_get(connection: Connection, stamp: int) -> None:
    connection.execute("INSERT OR REPLACE INTO probe VALUES (1, ?)", (stamp,))
    got = connection.execute("SELECT wall_ns FROM probe").fetchone()[0]
    if got != stamp:
        raise AcoreError(f"wrote {stamp} and read {got} back")


def _integrity(connection: Connection, path: Path, size: int) -> str:
    if size > MOST_CHECKED:
        return f"not checked ({size // 2**20} MB)"
    found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        raise DamagedDatabaseError(path, found.replace("\n", " "))
    return found
