"""SQLite as the store speaks it: opening a file, a transaction at a time, and what an error means."""

import sqlite3  # noqa: TID251 - the one place that speaks the driver's own language
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from acore.errors import AcoreError, ExitCode, FatalError

Connection = sqlite3.Connection
Error = sqlite3.Error

BUSY_SECONDS = 5.0
"""How long a statement waits for another process's lock before it fails."""

# Result codes (https://www.sqlite.org/rescode.html). With these, the same may work later.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# What is wrong is one row, not the file.
_ROW = frozenset(
    {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
)


class DamagedDatabaseError(FatalError):
    """The file is no SQLite database, or a damaged one."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is damaged ({reason}): put a backup in its place, or start acore, which moves "
            "it aside and begins a new one"
        )
        self.reason = reason


class UnreadableDatabaseError(AcoreError):
    """The file is there and cannot be opened for reading."""

    exit_code: ClassVar[ExitCode] = ExitCode.IO

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be read ({reason}): check its permissions; in a directory that cannot be "
            "written, copy it together with its -wal file to one that can"
        )


class UnwritableDatabaseError(FatalError):
    """The database cannot be opened for writing when acore starts."""

    exit_code: ClassVar[ExitCode] = ExitCode.IO

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} cannot be written ({reason}): check its permissions, the space on the disk, and that "
            "no other program has it open"
        )


def attach(path: Path, mode: str) -> Connection:
    """Return a bare connection to *path* that begins no transaction by itself.

    Args:
        path: The file.
        mode: `rwc`, `rw` or `ro`; or `ro&immutable=1`, for a file that nobody writes.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    connection.text_factory = _readable
    return connection


def in_memory() -> Connection:
    """Return a new database that is nowhere but in memory."""
    return sqlite3.connect(":memory:", isolation_level=None)


def _readable(text: bytes) -> str:
    """Return a text of the file; what the disk has made of it may be no UTF-8 any more."""
    return text.decode(errors="replace")


def quickly[R](connection: Connection, read: Callable[[], R]) -> R:
    """Return what *read* returns; for very many rows, whose texts are hardly ever spoilt.

    Ten texts a row take 3 µs with `_readable`, and half of that without.
    """
    connection.text_factory = str
    try:
        return read()
    except sqlite3.OperationalError as error:
        # That it could not decode something is the driver's own word, without a result code.
        if _code(error) is not None:
            raise
    finally:
        connection.text_factory = _readable
    return read()


def field(name: str) -> str:
    """Return SQL for a field of a row's payload; it is NULL where the disk has spoilt the JSON.

    `->>` alone would end the whole statement there.
    """
    return f"iif(json_valid(payload), payload ->> '$.{name}', NULL)"


def file_size(path: Path) -> int:
    """Return the bytes of a file; 0 when it is not there."""
    return path.stat().st_size if path.exists() else 0


@contextmanager
def left_as_found(path: Path) -> Generator[None]:
    """Take away, after the block, what it leaves beside the database at *path* by reading it.

    Who only reads leaves shared memory behind, and an empty log where there was none: what takes both away is
    that one who may write closes the file. SQLite itself sees that nobody else has it open by then; and where
    a log was, or one has come, somebody writes, or was killed, and it stays.
    """
    log = path.with_name(f"{path.name}-wal")
    had_log = log.exists()
    try:
        yield
    finally:
        if not had_log and log.exists() and not file_size(log):
            # It may be another user's, or on a disk that is only read: then it is left as it is.
            with suppress(Error), closing(attach(path, "rw")) as connection:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def transact[R](connection: Connection, job: Callable[[Connection], R]) -> R:
    """Run *job* as one transaction: all of it is committed, or nothing is and its error is raised."""
    with transaction(connection):
        return job(connection)


@contextmanager
def transaction(connection: Connection) -> Generator[None]:
    """Commit all of what the block does, or, when it raises, nothing."""
    # IMMEDIATE: a transaction that begins by reading and then wants to write fails at once when another
    # process wrote in between, without waiting for its lock.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk has rolled back already; a ROLLBACK now would raise and hide the cause.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def looking(connection: Connection) -> Generator[None]:
    """Let all that the block reads be of one moment; nothing is written."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def savepoint(connection: Connection) -> Generator[None]:
    """Undo the block, and only the block, when it raises."""
    connection.execute("SAVEPOINT step")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO step")
            connection.execute("RELEASE step")
        raise
    connection.execute("RELEASE step")


@contextmanager
def damage_named(path: Path) -> Generator[None]:
    """Raise DamagedDatabaseError where SQLite says that the file is not what it should be."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if _code(error) in _DAMAGED:
            raise DamagedDatabaseError(path, str(error)) from error
        raise


def is_passing(error: BaseException) -> bool:
    """Return whether *error* may go away by itself: the disk is full, the file locked, a read failed."""
    return isinstance(error, sqlite3.Error) and _code(error) in _PASSING


def is_full(error: BaseException) -> bool:
    """Return whether *error* says that there is no room: on the disk, or up to a limit of the file's own."""
    return isinstance(error, sqlite3.Error) and _code(error) == sqlite3.SQLITE_FULL


def is_about_a_row(error: Exception) -> bool:
    """Return whether *error* is the fault of what was to be written, not of where."""
    # What Python's driver refuses by itself (a lone surrogate, a number above 64 bits) has no result code.
    return not isinstance(error, sqlite3.Error) or _code(error) in _ROW or _code(error) is None


def is_about_shape(error: Error) -> bool:
    """Return whether *error* says that a table or a column that was asked for is not in the file."""
    return str(error).startswith(("no such table:", "no such column:"))


def statements(sql: str) -> list[str]:
    """Return the statements of a script; the driver's own way of running one would end the transaction."""
    found: list[str] = []
    piece = ""
    for line in sql.splitlines(keepends=True):
        piece += line
        if sqlite3.complete_statement(piece):
            found.append(piece)
            piece = ""
    return found


def _code(error: sqlite3.Error) -> int | None:
    """Return the primary result code: the low eight bits of the extended one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
