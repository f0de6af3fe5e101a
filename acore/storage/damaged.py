"""What becomes of a damaged database: it is moved aside, never deleted, and its last number is saved."""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from anyio import to_thread
from loguru import logger

from acore.record import Record
from acore.storage.sqlite import DamagedDatabaseError, Error, attach, damage_named, file_size

NOTE_NAME = "acore.damaged"
"""A run that met damage leaves a file of this name, so that the next one looks before it goes on."""
NO_PROGRESS = "it does not tell any more how far it has come"
"""What is wrong with a database whose table `progress` has lost its row."""
COMPANIONS = ("-wal", "-shm")
"""How the names of the files end that belong to a database."""
_LOG_ALONE = "acore.db is missing or empty, and its log acore.db-wal is still there"
_OWNER_ONLY = 0o600


class SetAside(Record):
    """A damaged database that was moved aside.

    Attributes:
        name: The file's name now.
        reason: What was wrong with it.
        last_seq: The highest number that could still be read from it; 0 when none could.
    """

    name: str
    reason: str
    last_seq: int


@asynccontextmanager
async def damage_noted(path: Path) -> AsyncGenerator[None]:
    """Raise DamagedDatabaseError where the file at *path* turns out to be damaged, and leave word of it."""
    try:
        with damage_named(path):
            yield
    except DamagedDatabaseError as error:
        await to_thread.run_sync(note_damage, path, error.reason)
        raise


def note_damage(path: Path, reason: str) -> None:
    """Leave word that the database at *path* was found damaged."""
    note = path.with_name(NOTE_NAME)
    # On a disk that is full or broken too, whoever starts next still meets the damage itself.
    with suppress(OSError):
        note.touch(mode=_OWNER_ONLY)
        note.write_text(f"{reason}\n", encoding="utf-8")


def damage_in(path: Path) -> str:
    """Return what is wrong with the database at *path*; blank when nothing is known to be.

    Where word of damage was left, all of it is read through: it may have been replaced by a good one since.

    Raises:
        sqlite3.Error: It cannot be read now, which is no damage.
    """
    note = path.with_name(NOTE_NAME)
    if not file_size(path):
        # SQLite would take it for a new database, and the log for a forgotten one, which it deletes.
        return _LOG_ALONE if file_size(_log(path)) else ""
    if not note.exists():
        return ""
    logger.info("{} was found damaged by the last run: it is read through, which may take a while", path)
    try:
        with damage_named(path):
            # Only to be read: one that may write takes the log away when it closes.
            connection = attach(path, "ro")
            try:
                found = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            finally:
                connection.close()
    except DamagedDatabaseError as error:
        return error.reason
    if found != "ok":
        return found.replace("\n", " ")
    logger.warning("{} was found damaged by the last run; it was read through now and is whole", path)
    return ""


def forget_damage(path: Path) -> None:
    """Take the word back, when the damaged file is out of the way or was found to be whole."""
    path.with_name(NOTE_NAME).unlink(missing_ok=True)


@contextmanager
def log_held(path: Path) -> Generator[None]:
    """Keep the log of the database at *path* for `move_aside`.

    SQLite opens some damaged files as if their log was empty, and takes it away when it closes them.
    """
    held = _held(path)
    # Without a log, what a start that was killed has held may be all that there is of it.
    if _log(path).exists():
        held.unlink(missing_ok=True)
        # The file system may have no second names: then it is not held.
        with suppress(OSError):
            os.link(_log(path), held)
    yield
    held.unlink(missing_ok=True)


def move_aside(path: Path, reason: str, now: datetime) -> SetAside:
    """Rename the database at *path*, together with its log, and return under what name it is kept.

    Raises:
        OSError: It cannot be renamed.
    """
    last_seq = _last_seq(path)
    path.touch(mode=_OWNER_ONLY)  # so that also a log alone is kept under the name that is told
    base = f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
    names = (base, *(f"{base}-{number}" for number in range(2, 100)))
    name = next(name for name in names if not path.with_name(name).exists())
    # The log first: a log without its database is harmless, the other way round it would be lost.
    for companion in (*COMPANIONS, ""):
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{companion}").rename(path.with_name(f"{name}{companion}"))
    if not (log := path.with_name(f"{name}-wal")).exists():
        with suppress(FileNotFoundError):
            _held(path).rename(log)
    return SetAside(name=name, reason=reason, last_seq=last_seq)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _held(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal.held")


def _last_seq(path: Path) -> int:
    """Return the highest number that a damaged file still tells, in one place or the other."""
    found = [0]
    for place in ("progress", "journal"):
        with suppress(Error):
            connection = attach(path, "ro")
            try:
                found.append(connection.execute(f"SELECT max(seq) FROM {place}").fetchone()[0] or 0)  # noqa: S608 - its own names
            finally:
                connection.close()
    return max(found)
