"""Looking into the journal from outside: beside a running bot, or after it has died."""

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import starmap
from pathlib import Path
from typing import Any, ClassVar

from acore.clock import nanoseconds
from acore.errors import AcoreError, ExitCode
from acore.events.base import outcome_id
from acore.events.lifecycle import PastRun
from acore.events.row import Row
from acore.record import Record
from acore.storage.damaged import NO_PROGRESS
from acore.storage.database import connect_reader
from acore.storage.runs import newest_run
from acore.storage.schema import NewerDatabaseError, OlderDatabaseError, migrations, schema_version
from acore.storage.sqlite import (
    Connection,
    DamagedDatabaseError,
    Error,
    UnreadableDatabaseError,
    damage_named,
    field,
    is_about_shape,
    is_passing,
)

# Each cell is of the type that it was written with, also where another program has put in something else: a
# STRICT table keeps acore from that, and no one else. Of what is right already a CAST costs nothing.
SELECT = "SELECT seq, {} FROM journal".format(  # noqa: S608 - its own names
    ", ".join(
        f"CAST({name} AS {'INTEGER' if kind is int else 'TEXT'}) AS {name}"
        for name, kind in Row.__annotations__.items()
        if name != "seq"
    )
)
"""The columns of a `Row`, in its order."""
# A derived id is 24 hexadecimal digits; a shorter number is a seq.
_ID_DIGITS = 24


class NoDatabaseError(AcoreError):
    """There is no database where one was looked for."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no database at {path}: check the data directory, or start acore once to make it"
        )


class NoSuchRowError(AcoreError):
    """The journal has no such row."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, key: str) -> None:
        super().__init__(f"the journal has no entry {key}: give a number, an id, or the first digits of one")


class AmbiguousIdError(AcoreError):
    """The first digits of an id fit several."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, key: str, ids: Collection[str]) -> None:
        super().__init__(f"{key} fits several entries ({', '.join(ids)} …): give more digits")


class Story(Record):
    """A row, what led to it (the first cause first), and what it led to directly."""

    row: Row
    causes: tuple[Row, ...]
    consequences: tuple[Row, ...]


class Filter(Record):
    """Which rows are wanted; each field narrows, None does not.

    Attributes:
        name: Wire name, with `*` and `?` standing for anything.
        source: Who sent it.
        actor: Who sent it, was asked, or is spoken of.
        correlation: Id of the first of all its causes.
        since: From this instant on.
        until: Before this instant.
        kinds: Event, command, reply, no_reply, effect; empty for all.
    """

    name: str | None = None
    source: str | None = None
    actor: str | None = None
    correlation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[str, ...] = ()


class LastLife(Record):
    """What the journal tells of the newest run of the program; rows as they are, another acore may know more.

    Attributes:
        run: The run; None when it ended before it could say that it began.
        failure: That it ends by itself, and why.
        stop: That somebody wanted it to stop.
        errors: The last ends of actors that nobody had asked for, newest first.
        last: The last thing written: its last sign of life.
    """

    run: PastRun | None
    failure: Row | None
    stop: Row | None
    errors: tuple[Row, ...]
    last: Row


_EVERYTHING = Filter()
_LISTED_ERRORS = 20


def tail(
    path: Path, wanted: Filter = _EVERYTHING, *, limit: int = 100, after: int | None = None
) -> tuple[Row, ...]:
    """Return rows in order: the newest ones, or those that follow *after*.

    Args:
        path: The database.
        wanted: Which rows.
        limit: How many at most.
        after: A row's number; the page after the one that ended with it is returned.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    clauses, values = _conditions(wanted)
    if after is not None:
        clauses.append("seq > ?")
        values.append(after)
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    order = "DESC" if after is None else "ASC"
    with reading(path) as connection:
        rows = rows_of(connection, f"{SELECT}{where} ORDER BY seq {order} LIMIT ?", (*values, limit))
    return tuple(rows if after is not None else reversed(rows))


def show(path: Path, key: str | int) -> Story:
    """Return one row with its causes and consequences.

    Args:
        path: The database.
        key: The row's number, its id, or the first digits of its id.

    Raises:
        NoSuchRowError: There is none.
        AmbiguousIdError: The digits fit several ids.
        AcoreError: The database is not there or cannot be read, and why.
    """
    with reading(path) as connection:
        row = find(connection, str(key))
        causes = tuple(_causes(connection, row))[::-1]
        below = f"{SELECT} WHERE cause = ? AND cause <> '' ORDER BY seq"
        consequences = rows_of(connection, below, (row.id,))
    return Story(row=row, causes=causes, consequences=tuple(consequences))


def last_seq(path: Path) -> int:
    """Return the highest number given so far, as far as is known: also to what is not kept as a row."""
    with reading(path) as connection:
        seq: int = connection.execute(
            "SELECT coalesce(max(seq), 0) FROM (SELECT CAST(seq AS INTEGER) AS seq FROM progress "
            "UNION ALL SELECT max(seq) FROM journal)"
        ).fetchone()[0]
        return seq


def last_run(path: Path) -> PastRun | None:
    """Return the run that began last; None when there was none."""
    with reading(path) as connection:
        return newest_run(connection)


def last_life(path: Path) -> LastLife | None:
    """Return what is known of the newest run of the program; None when nothing was ever written.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    with reading(path) as connection:
        newest = rows_of(connection, f"{SELECT} ORDER BY seq DESC LIMIT 1", ())
        if not newest:
            return None
        last = newest[0]
        run = newest_run(connection)
        return LastLife(
            run=run if run is not None and run.boot == last.boot else None,
            failure=_newest(connection, "run.failed", last.boot),
            stop=_newest(connection, "stop.requested", last.boot),
            errors=tuple(
                rows_of(
                    connection,
                    f"{SELECT} WHERE name = 'actor.exited' AND boot = ? "
                    f"AND {field('exit')} NOT IN ('normal', 'shutdown') ORDER BY seq DESC LIMIT ?",
                    (last.boot, _LISTED_ERRORS),
                )
            ),
            last=last,
        )


def _newest(connection: Connection, name: str, boot: str) -> Row | None:
    newest = f"{SELECT} WHERE name = ? AND boot = ? ORDER BY seq DESC LIMIT 1"
    rows = rows_of(connection, newest, (name, boot))
    return rows[0] if rows else None


@contextmanager
def reading(path: Path) -> Generator[Connection]:
    """Open for one page: no read transaction outlives it, so the bot's log can be checkpointed."""
    if not path.is_file():
        raise NoDatabaseError(path)
    connection = connect_reader(path)
    try:
        with shape_named(connection, path), damage_named(path):
            yield connection
    except Error as error:
        if is_passing(error):
            raise UnreadableDatabaseError(path, str(error)) from error
        raise
    finally:
        connection.close()


@contextmanager
def shape_named(connection: Connection, path: Path) -> Generator[None]:
    """Say what it means when a table that is asked for is not there: another acore's file, or damage."""
    try:
        yield
    except Error as error:
        if not is_about_shape(error):
            raise
        # What is asked here may not be there any more in a newer shape, or not yet in an older one.
        found, known = schema_version(connection, path), len(migrations())
        if found > known:
            raise NewerDatabaseError(path, found, known) from error
        if found < known:
            raise OlderDatabaseError(path, found, known) from error
        raise DamagedDatabaseError(path, str(error)) from error


def has_table(connection: Connection, table: str) -> bool:
    """Return whether the file has *table*: an older acore's may not."""
    sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return bool(connection.execute(sql, (table,)).fetchone()[0])


def progress_of(connection: Connection, path: Path, columns: str) -> Any:  # noqa: ANN401 - a row of SQLite's
    """Return *columns* of the one row that tells how far the journal has come.

    Raises:
        DamagedDatabaseError: It is not there any more.
    """
    rows = connection.execute(f"SELECT {columns} FROM progress").fetchall()  # noqa: S608 - acore's own names
    if len(rows) != 1:
        raise DamagedDatabaseError(path, NO_PROGRESS)
    return rows[0]


def _conditions(wanted: Filter) -> tuple[list[str], list[Any]]:
    clauses: list[str] = []
    values: list[Any] = []
    for clause, value in (
        ("name GLOB ?", wanted.name),
        ("source = ?", wanted.source),
        ("correlation = ?", wanted.correlation),
        ("wall_ns >= ?", _wall_ns(wanted.since)),
        ("wall_ns < ?", _wall_ns(wanted.until)),
    ):
        if value is not None:
            clauses.append(clause)
            values.append(value)
    if wanted.actor is not None:
        clauses.append(f"? IN (source, target, {field('actor')})")
        values.append(wanted.actor)
    if wanted.kinds:
        clauses.append(f"kind IN ({', '.join('?' * len(wanted.kinds))})")
        values += wanted.kinds
    return clauses, values


def _wall_ns(at: datetime | None) -> int | None:
    return None if at is None else nanoseconds(at)


def rows_of(connection: Connection, sql: str, values: tuple[Any, ...]) -> list[Row]:
    """Return what *sql*, which begins with `SELECT`, finds with *values*."""
    return list(starmap(Row, connection.execute(sql, values).fetchall()))


def find(connection: Connection, key: str) -> Row:
    """Return the row with this number, this id, or an id that begins so.

    Raises:
        NoSuchRowError: There is none.
        AmbiguousIdError: The digits fit several ids.
    """
    if key.isdecimal() and len(key) < _ID_DIGITS:
        found = rows_of(connection, f"{SELECT} WHERE seq = ?", (min(int(key), 2**63 - 1),))
        if found:
            return found[0]
    # A range, not a pattern: it uses the index, and no character of the key has a meaning.
    found = rows_of(
        connection,
        f"{SELECT} WHERE id >= ? AND id < ? ORDER BY journal.id LIMIT 3",
        (key, f"{key}\U0010ffff"),
    )
    if exact := [row for row in found if row.id == key]:
        return exact[0]
    if not found or not key:
        raise NoSuchRowError(key)
    # The digits of an effect's id are those of its outcome's too: the effect is meant.
    first, *others = found
    if others and [row.id for row in others] != [outcome_id(first.id)]:
        raise AmbiguousIdError(key, [row.id for row in found])
    return first


def _causes(connection: Connection, row: Row) -> Iterator[Row]:
    """Yield what led to *row*, the nearest first; what was purged ends the chain."""
    seen = {row.id}
    while row.cause and row.cause not in seen:
        found = rows_of(connection, f"{SELECT} WHERE id = ?", (row.cause,))
        if not found:
            return
        row = found[0]
        seen.add(row.id)
        yield row
