"""A connection to the database, and the thread it lives in."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import aiosqlite  # noqa: TID251 - the one place that gives SQLite a thread
from anyio import CancelScope, to_thread

from acore.storage.schema import migrate, migrations, refuse_foreign
from acore.storage.sqlite import (
    Connection,
    Error,
    UnreadableDatabaseError,
    attach,
    damage_named,
    is_passing,
    transact,
)

type Prepare = Callable[[Connection], None]


def connect(path: Path, *, prepare: Prepare | None = None) -> Connection:
    """Return a connection that writes; the file is made, or brought to the newest schema, if need be.

    Args:
        path: The file.
        prepare: Called with the connection before it is used, e.g. to limit the file's size.

    Raises:
        FatalError: The file is damaged, not acore's, or a newer acore's.
        sqlite3.OperationalError: It cannot be opened now.
    """
    with damage_named(path):
        connection = attach(path, "rwc")
        try:
            if not connection.execute("PRAGMA page_count").fetchone()[0]:
                # What is removed can be given back to the disk; it must be said before there is anything.
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            # A commit that returned survives the machine losing power.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection, path, migrations())
            if prepare is not None:
                prepare(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def connect_reader(path: Path) -> Connection:
    """Return a connection that only reads, also the database of a newer acore.

    Raises:
        UnreadableDatabaseError: The file cannot be opened.
        FatalError: It is damaged, or not acore's.
    """
    with damage_named(path):
        try:
            return _attached_reader(path, "ro")
        except Error as error:
            # Without its -wal file nobody writes it; where no -shm file can be made, SQLite wants to be told.
            if not is_passing(error) or path.with_name(f"{path.name}-wal").exists():
                raise _unreadable(path, error) from error
        try:
            return _attached_reader(path, "ro&immutable=1")
        except Error as error:
            raise _unreadable(path, error) from error


def _attached_reader(path: Path, mode: str) -> Connection:
    connection = attach(path, mode)
    try:
        connection.execute("PRAGMA query_only = ON")
        refuse_foreign(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _unreadable(path: Path, error: Error) -> Exception:
    return UnreadableDatabaseError(path, str(error)) if is_passing(error) else error


class _Thread(aiosqlite.Connection):
    """aiosqlite's thread, given whole jobs instead of single statements."""

    async def run(self, job: Callable[[Connection], object]) -> object:
        return await self._execute(job, self._conn)  # pyright: ignore[reportUnknownMemberType] - not annotated there

    def join(self) -> None:
        self._thread.join()


class Database:
    """A connection in a thread of its own; jobs are done one after the other.

    A job that was handed over is done to its end also when whoever awaits it is cancelled: the thread
    knows nothing of that. Whether it succeeded must then be read from the file.
    """

    def __init__(self, thread: _Thread) -> None:
        self._thread = thread

    async def run[R](self, job: Callable[[Connection], R]) -> R:
        """Run *job* in the thread; it sees to its transactions itself."""
        return cast("R", await self._thread.run(job))

    async def transaction[R](self, job: Callable[[Connection], R]) -> R:
        """Run *job* as one transaction."""
        return await self.run(partial(transact, job=job))

    async def close(self) -> None:
        """Close when the jobs that were handed over are done."""
        # SQLite gives up on a lock after its busy timeout, so this ends; a disk that hangs for ever is left
        # to the supervisor.
        with CancelScope(shield=True):
            await self._thread.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def open_database(path: Path, *, read_only: bool = False, prepare: Prepare | None = None) -> Database:
    """Return an open database in a thread of its own.

    Args:
        path: The file.
        read_only: Whether it is only read; then a newer acore's is opened too.
        prepare: Called with a connection that writes, before it is used.

    Raises:
        FatalError: The file is damaged, not acore's, or a newer acore's.
        UnreadableDatabaseError: It cannot be opened for reading.
        sqlite3.OperationalError: It cannot be opened for writing now.
    """
    if read_only:
        return await open_in_thread(partial(connect_reader, path))
    return await open_in_thread(partial(connect, path, prepare=prepare))


async def open_in_thread(connector: Callable[[], Connection]) -> Database:
    """Return what *connector* opens, in a thread of its own; what it raises is raised here.

    Args:
        connector: Opens a connection; called in the thread.
    """
    thread = _Thread(connector, iter_chunk_size=64)
    # Cancelled half-way, the connection would be made in the thread and nobody would close it.
    with CancelScope(shield=True):
        try:
            await thread
        except BaseException:
            # The thread still reports its end to this event loop, which must not be closed by then.
            await to_thread.run_sync(thread.join)
            raise
    return Database(thread)
