"""Pins: what somebody wants kept though it is old."""

from datetime import datetime

from acore.clock import NANOSECONDS, instant
from acore.errors import AcoreError, ExitCode
from acore.record import Record
from acore.storage.sqlite import Connection

LONGEST_NAME = 80


class PinError(AcoreError):
    """A pin cannot be set or removed as it is wanted."""

    exit_code = ExitCode.FAILURE


class Pin(Record):
    """Rows from `seq` on are kept, under this name, since `at`."""

    name: str
    seq: int
    at: datetime


def pins(connection: Connection) -> tuple[Pin, ...]:
    """Return all pins, the one that keeps the most first."""
    rows = connection.execute(
        "SELECT CAST(name AS TEXT), CAST(seq AS INTEGER), CAST(wall_ns AS INTEGER) FROM pins "
        "ORDER BY seq, name"
    ).fetchall()
    return tuple(Pin(name=name, seq=seq, at=instant(wall_ns)) for name, seq, wall_ns in rows)


def pin(connection: Connection, name: str, seq: int, now: datetime, by: str) -> None:
    """Keep the rows from *seq* on; a pin of this name is moved there.

    Args:
        connection: In a transaction.
        name: What it is called.
        seq: The first row that is to stay.
        now: The present instant.
        by: Who wants it.

    Raises:
        PinError: There is no such row, or the name is none.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise PinError(f"{name!r} is no name for a pin: give 1 to {LONGEST_NAME} letters or digits")
    first, last = connection.execute("SELECT min(seq), max(seq) FROM journal").fetchone()
    if first is None or not first <= seq <= last:
        there = "it is empty" if first is None else f"it reaches from {first} to {last}"
        raise PinError(f"entry {seq} is not in the journal ({there}): pin one that is there")
    connection.execute(
        "INSERT OR REPLACE INTO pins (name, seq, wall_ns, reason) VALUES (?, ?, ?, ?)",
        (name, seq, round(now.timestamp()) * NANOSECONDS, by),
    )


def unpin(connection: Connection, name: str) -> None:
    """Let go of what the pin *name* keeps.

    Raises:
        PinError: There is none of this name.
    """
    if not connection.execute("DELETE FROM pins WHERE name = ?", (name,)).rowcount:
        known = ", ".join(one.name for one in pins(connection)) or "none"
        raise PinError(f"there is no pin {name!r}: there are {known}")
