"""Rows of the journal: how entries are written in one transaction, and what becomes of a bad one."""

from collections.abc import Sequence
from functools import partial
from itertools import batched

from acore.errors import ExitCode, FatalError
from acore.events.base import Entry
from acore.record import Record
from acore.storage.chain import COLUMNS, Link, hash_of
from acore.storage.pending import forget_orphans
from acore.storage.projections import project
from acore.storage.sqlite import Connection, is_about_a_row, savepoint, transact

_WIDTH = len(COLUMNS) + 1
_ROW = f"({', '.join('?' * _WIDTH)})"
_SLICE = 50
"""So many rows go into one statement."""


def _insert(rows: int) -> str:
    # FAIL: what a statement has written before it fails is undone with its transaction or savepoint. SQLite
    # would undo it by itself as well, and copies each page for that beforehand: a fifth of the time.
    return (
        f"INSERT OR FAIL INTO journal ({', '.join(COLUMNS)}, hash) "  # noqa: S608 - its own names
        f"VALUES {', '.join([_ROW] * rows)} ON CONFLICT (id) DO NOTHING"
    )


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
        head = _insert_all(connection, some, head)
        for entry in some:
            project(connection, entry)
    _advance(connection, fresh, head)
    return ()


def _insert_all(connection: Connection, entries: Sequence[Entry], head: bytes) -> bytes:
    """Insert at most a slice of *entries* behind the row whose hash is *head*; return the last row's.

    A slice in one statement takes half of the time. Above all the thread does not wait for the
    interpreter after every single row, for as long as the event loop has much to do: up to 5 ms each time.
    """
    # Every fact comes this way. A link begins with the hash of the row before it, which is that row's last
    # value: link after link is row after row, shifted by one.
    values: list[bytes | int | str] = []
    for entry in entries:
        if entry.is_row:
            values += (link := _link(head, entry))
            head = hash_of(link)
    if not values:
        return head
    del values[0]
    values.append(head)
    rows = len(values) // _WIDTH
    if rows == _SLICE:
        written = connection.execute(_INSERT_SLICE, values).rowcount
    else:
        written = connection.executemany(_INSERT, batched(values, _WIDTH)).rowcount
    if written != rows:
        raise _RepeatedIdError
    return head


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
                link = _link(head, entry)
                own = hash_of(link)
                if not connection.execute(_INSERT, (*link[1:], own)).rowcount:
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


def _fresh(connection: Connection, entries: Sequence[Entry], boot: str) -> tuple[Sequence[Entry], bytes]:
    """Return those that were not written yet, and the hash of the newest row."""
    seq, writer, head = connection.execute("SELECT seq, writer, hash FROM progress").fetchone()
    if writer != boot:
        raise FencedOutError(boot, writer)
    if not entries or entries[0].seq > seq:
        return entries, head
    return [entry for entry in entries if entry.seq > seq], head


def _advance(connection: Connection, written: Sequence[Entry], head: bytes) -> None:
    if written:
        connection.execute("UPDATE progress SET seq = ?, hash = ?", (written[-1].seq, head))


def _link(previous: bytes, entry: Entry) -> Link:
    """Return the cells of the row that *entry* becomes, behind the hash of the row before it."""
    envelope = entry.envelope
    # Each row takes this way: what is looked up several times is so once.
    trace, origin, own = envelope.trace, envelope.origin, envelope.id
    return (
        previous,
        envelope.seq,
        own,
        envelope.kind._value_,  # to the driver a row of an enum is nothing that it knows
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
