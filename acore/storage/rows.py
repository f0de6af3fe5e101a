"""Rows of the journal: how entries are written in one transaction, and what becomes of a bad one."""

from collections.abc import Sequence
from functools import partial
from itertools import batched, chain

from acore.errors import ExitCode, FatalError
from acore.events.base import Entry
from acore.record import Record
from acore.storage.chain import COLUMNS, Cells, hash_after, linked
from acore.storage.pending import forget_orphans
from acore.storage.projections import project
from acore.storage.sqlite import Connection, is_about_a_row, savepoint, transact

_ROW = f"({', '.join('?' * (len(COLUMNS) + 1))})"
_SLICE = 50
"""So many rows go into one statement."""


def _insert(rows: int) -> str:
    values = ", ".join([_ROW] * rows)
    return f"INSERT INTO journal ({', '.join(COLUMNS)}, hash) VALUES {values} ON CONFLICT (id) DO NOTHING"  # noqa: S608 - its own names


_INSERT, _INSERT_SLICE = _insert(1), _insert(_SLICE)


class FencedOutError(FatalError):
    """Another acore has taken the database over; this one may not write to it any more."""

    exit_code = ExitCode.TEMPORARY

    def __init__(self, mine: str, theirs: str) -> None:
        super().__init__(f"run {theirs} has taken the database over from {mine}: this one stops")


class Spoiled(Record):
    """An entry that could not be written as it was. `stage` says what failed: its row or its projection."""

    seq: int
    name: str
    stage: str
    reason: str


def take_over(connection: Connection, boot: str) -> int:
    """Make *boot* the only run that may write, and return the highest number given so far.

    Args:
        connection: In a transaction.
        boot: The run that writes from now on.
    """
    connection.execute("UPDATE progress SET writer = ?, epoch = epoch + 1", (boot,))
    forget_orphans(connection)
    seq: int = connection.execute("SELECT seq FROM progress").fetchone()[0]
    return seq


def write(connection: Connection, entries: Sequence[Entry], boot: str) -> tuple[Spoiled, ...]:
    """Write *entries* and what is kept from them, in one transaction.

    Writing the same ones again changes nothing: whether a commit whose outcome was not seen happened is
    read from the file.

    Args:
        connection: Not in a transaction.
        entries: In order.
        boot: The run that writes.

    Returns:
        What could not be written and went to the quarantine table, usually nothing.

    Raises:
        FencedOutError: Another run has taken over.
        sqlite3.Error: Nothing was written.
    """
    try:
        return transact(connection, partial(_write_all, entries=entries, boot=boot))
    except FencedOutError:
        raise
    except Exception as error:
        if not is_about_a_row(error):
            raise
    return transact(connection, partial(_write_each, entries=entries, boot=boot))


def refuse_fenced_out(connection: Connection, boot: str) -> None:
    """Raise FencedOutError unless *boot* is the run that may write."""
    writer = connection.execute("SELECT writer FROM progress").fetchone()[0]
    if writer != boot:
        raise FencedOutError(boot, writer)


class _RepeatedIdError(Exception):
    """An id is in the journal already, so not every projector may run."""


def _write_all(connection: Connection, entries: Sequence[Entry], boot: str) -> tuple[Spoiled, ...]:
    fresh, head = _fresh(connection, entries, boot)
    for some in batched(fresh, _SLICE):
        rows, head = linked(head, [_cells(entry) for entry in some if entry.is_row])
        if _insert_all(connection, rows) != len(rows):
            raise _RepeatedIdError
        for entry in some:
            project(connection, entry)
    _advance(connection, fresh, head)
    return ()


def _insert_all(connection: Connection, rows: Sequence[tuple[int | str | bytes, ...]]) -> int:
    """Insert at most a slice of *rows*, and return how many were not there before.

    A slice in one statement takes four fifths of the time. Above all the thread does not wait for the
    interpreter after every single row, for as long as the event loop has much to do: up to 5 ms each time.
    """
    if len(rows) == _SLICE:
        return connection.execute(_INSERT_SLICE, tuple(chain.from_iterable(rows))).rowcount
    return connection.executemany(_INSERT, rows).rowcount if rows else 0


def _write_each(connection: Connection, entries: Sequence[Entry], boot: str) -> tuple[Spoiled, ...]:
    """Write one by one, leaving out what fails."""
    fresh, head = _fresh(connection, entries, boot)
    found: list[Spoiled] = []
    for entry in fresh:
        head, spoiled = _write_one(connection, entry, head)
        if spoiled is not None:
            found.append(spoiled)
    _advance(connection, fresh, head)
    return tuple(found)


def _write_one(connection: Connection, entry: Entry, head: bytes) -> tuple[bytes, Spoiled | None]:
    """Write *entry* behind the row whose hash is *head*; return the hash of what is the last row now."""
    stage = "row"
    try:
        if entry.is_row:
            with savepoint(connection):
                cells = _cells(entry)
                own = hash_after(head, cells)
                if not connection.execute(_INSERT, (*cells, own)).rowcount:
                    return head, None
            head = own
        stage = "projection"
        with savepoint(connection):
            project(connection, entry)
    except Exception as error:
        if not is_about_a_row(error):
            raise
        spoiled = Spoiled(
            seq=entry.seq, name=_printable(entry.name), stage=stage, reason=_printable(f"{error!r}")
        )
        connection.execute(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)",
            (entry.seq, _printable(entry.envelope.id), spoiled.name, stage, spoiled.reason, entry.payload),
        )
        return head, spoiled
    return head, None


def _fresh(connection: Connection, entries: Sequence[Entry], boot: str) -> tuple[list[Entry], bytes]:
    """Return those that were not written yet, and the hash of the newest row."""
    seq, writer, head = connection.execute("SELECT seq, writer, hash FROM progress").fetchone()
    if writer != boot:
        raise FencedOutError(boot, writer)
    return [entry for entry in entries if entry.seq > seq], head


def _advance(connection: Connection, written: Sequence[Entry], head: bytes) -> None:
    if written:
        connection.execute("UPDATE progress SET seq = ?, hash = ?", (written[-1].seq, head))


def _cells(entry: Entry) -> Cells:
    envelope = entry.envelope
    # Each row takes this way: what is looked up several times is so once.
    trace, origin, own = envelope.trace, envelope.origin, envelope.id
    return (
        envelope.seq,
        own,
        envelope.kind,
        entry.name,
        entry.version,
        origin.node,
        origin.boot,
        envelope.wall_ns,
        envelope.mono_ns,
        trace.source,
        envelope.target,
        trace.cause,
        trace.correlation or own,
        envelope.attempt,
        entry.payload.decode(),
    )


def _printable(value: object) -> str:
    """Return *value*, which may be anything that went wrong, as text that UTF-8 can hold."""
    return str(value).encode(errors="backslashreplace").decode()
