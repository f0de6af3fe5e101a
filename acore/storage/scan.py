"""The journal read from end to end for a replay: in pages, and of each actor only what concerns it.

Between two pages no transaction is open, so that a running bot's log can be checkpointed.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from enum import Enum, auto
from functools import partial
from itertools import starmap
from pathlib import Path

from acore.clock import instant
from acore.events.base import Kind
from acore.record import Record
from acore.storage.query import SELECT, Row, has_table, reading
from acore.storage.snapshots import SNAPSHOTS, Snapshot, snapshot_of
from acore.storage.sqlite import Connection, field, quickly

# A page also ends after so many numbers, so that a rare row does not make one statement read everything.
_STRETCH = 100_000
LIFE = (
    "actor.started",
    "actor.stopping",
    "actor.exited",
    "actor.patched",
    "actor.remembered",
    "message.requeued",
    "letter.died",
)
"""The names of what is said of an actor's life."""
_MARKS = ", ".join("?" * len(LIFE))


class Part(Enum):
    """Which rows about an actor are wanted."""

    LIFE = auto()
    """Its starts, stops and ends, what was buried or put back for it, and what is known of its state."""
    INPUTS = auto()
    """The commands sent to it, and the events of certain names."""
    OUTPUTS = auto()
    """What it said and asked, and the replies that it got."""


class Wanted(Record):
    """Which rows a page holds; `names` are those of the events that the actor handles."""

    actor: str
    part: Part
    names: tuple[str, ...] = ()


class Boot(Record):
    """One run of the process, as far as the journal has it. `version` is acore's, blank when not recorded."""

    boot: str
    node: str
    first_seq: int
    last_seq: int
    last_mono_ns: int
    version: str


class Named(Record):
    """A kind of row that occurs."""

    kind: str
    name: str
    version: int


class Facts(Record):
    """What a replay must know of where its rows come from.

    Attributes:
        where: What a person calls it, e.g. the file's path.
        first_seq: The lowest number there is; 0 when there is none.
        last_seq: The highest one.
        boots: The runs of the process, in order.
        gone: The ranges of numbers that are not there any more, each with its first and last one.
        is_whole: Whether every row between the first and the last is there, but for those that are gone.
    """

    where: str
    first_seq: int
    last_seq: int
    boots: tuple[Boot, ...]
    gone: tuple[tuple[int, int], ...] = ()
    is_whole: bool = True


def facts(path: Path) -> Facts:
    """Return what a replay must know of the database at *path*.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    with reading(path) as connection:
        first, last = connection.execute("SELECT min(seq), max(seq) FROM journal").fetchone()
        # What is in quarantine was told to everybody, and is in no row.
        in_quarantine = "SELECT seq, seq FROM quarantine WHERE stage = 'row' AND seq BETWEEN ? AND ?"
        gone = connection.execute(in_quarantine, (first, last)).fetchall()
        if has_table(connection, "gone"):
            gone += connection.execute("SELECT first_seq, CAST(last_seq AS INTEGER) FROM gone").fetchall()
        return Facts(
            where=str(path),
            first_seq=first or 0,
            last_seq=last or 0,
            boots=tuple(_boots(connection, first or 0, last or 0)),
            gone=tuple(sorted(gone)),
        )


def pages(path: Path, wanted: Wanted, *, after: int, upto: int, size: int) -> Generator[Sequence[Row]]:
    """Yield pages of rows in order.

    Args:
        path: The database.
        wanted: Which rows.
        after: The number after which to begin.
        upto: The last number.
        size: How many rows a page has at most.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    clause, values = _clause(wanted)
    sql = f"{SELECT} WHERE seq > ? AND seq <= ? AND {clause} ORDER BY seq LIMIT ?"
    stretch = _STRETCH
    if wanted.part is Part.LIFE:  # few, and found by their names
        sql, stretch = sql.replace("FROM journal", "FROM journal INDEXED BY journal_by_name"), upto - after
    with reading(path) as connection:
        while after < upto:
            until = min(upto, after + stretch)
            page = quickly(connection, partial(_page, connection, sql, (after, until, *values, size)))
            if page:
                yield page
            after = page[-1].seq if len(page) == size else until


def _page(connection: Connection, sql: str, values: tuple[int | str, ...]) -> tuple[Row, ...]:
    # Not all fetched first: so each row's tuple takes the memory of the one before.
    return tuple(starmap(Row, connection.execute(sql, values)))


def newest(path: Path, wanted: Wanted, *, before: int, count: int) -> Sequence[Row]:
    """Return the last *count* rows before number *before*, in order."""
    clause, values = _clause(wanted)
    with reading(path) as connection:
        sql = f"{SELECT} WHERE seq < ? AND {clause} ORDER BY seq DESC LIMIT ?"
        found = connection.execute(sql, (before, *values, count)).fetchall()
    return tuple(starmap(Row, reversed(found)))


def find(path: Path, message_id: str) -> Row | None:
    """Return the row of this id; None when there is none."""
    with reading(path) as connection:
        found = connection.execute(f"{SELECT} WHERE id = ?", (message_id,)).fetchone()
    return None if found is None else Row(*found)


def seq_at(path: Path, moment: datetime, *, upto: int) -> int:
    """Return the number of the last row up to *moment*, not above *upto*; 0 when there is none.

    Numbers are halved, since there is no index by time. Where the machine's clock was set back, an instant
    occurs twice, and one of its places is returned.
    """
    sql = "SELECT seq, CAST(wall_ns AS INTEGER) FROM journal WHERE seq <= ? ORDER BY seq DESC LIMIT 1"
    with reading(path) as connection:
        first = connection.execute("SELECT min(seq) FROM journal").fetchone()[0]
        low, high = (first or 1) - 1, upto
        while low < high:
            middle = (low + high + 1) // 2
            found = connection.execute(sql, (middle,)).fetchone()
            if found is None or instant(found[1]) <= moment:
                low = middle
            else:
                high = found[0] - 1
    return low if first is not None and low >= first else 0


def names(path: Path, *, upto: int) -> Sequence[Named]:
    """Return every kind of row that occurs up to number *upto*."""
    found: dict[Named, None] = {}
    sql = (
        "SELECT DISTINCT CAST(kind AS TEXT), CAST(name AS TEXT), CAST(version AS INTEGER) FROM journal "
        "WHERE seq > ? AND seq <= ?"
    )
    with reading(path) as connection:
        after: int = (connection.execute("SELECT min(seq) FROM journal").fetchone()[0] or 1) - 1
        while after < upto:
            for kind, name, version in connection.execute(sql, (after, after + _STRETCH)).fetchall():
                found[Named(kind=kind, name=name, version=version)] = None
            after += _STRETCH
    return tuple(found)


def of_name(path: Path, named: Named, *, upto: int, size: int) -> Iterator[Sequence[Row]]:
    """Yield pages of the rows of one kind."""
    sql = (
        f"{SELECT} WHERE name = ? AND seq > ? AND seq <= ? AND version = ? AND kind = ? ORDER BY seq LIMIT ?"
    )
    after = 0
    with reading(path) as connection:
        while True:
            values = (named.name, after, upto, named.version, named.kind, size)
            page = connection.execute(sql, values).fetchall()
            yield tuple(starmap(Row, page))
            if len(page) < size:
                return
            after = page[-1][0]


def snapshots(path: Path, actor: str, *, upto: int) -> Iterator[Snapshot]:
    """Yield what is kept of *actor*'s state up to number *upto*, the newest first."""
    sql = f"{SNAPSHOTS} WHERE actor = ? AND seq <= ? ORDER BY snapshots.seq DESC LIMIT 1"
    with reading(path) as connection:
        if not has_table(connection, "snapshots"):
            return
        while (found := connection.execute(sql, (actor, upto)).fetchone()) is not None:
            snapshot = snapshot_of(*found)
            yield snapshot
            upto = snapshot.seq - 1


def _clause(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    match wanted.part:
        case Part.LIFE:
            mine = f"({field('actor')} = ? OR {field('reason')} = 'loop')"
            return f"name IN ({_MARKS}) AND {mine}", (*LIFE, wanted.actor)
        case Part.INPUTS:
            marks = ", ".join("?" * len(wanted.names))
            asked = f"kind = '{Kind.COMMAND}' AND target = ?"
            return f"(kind = '{Kind.EVENT}' AND name IN ({marks}) OR {asked})", (*wanted.names, wanted.actor)
        case Part.OUTPUTS:
            got = f"target = ? AND kind IN ('{Kind.REPLY}', '{Kind.NO_REPLY}')"
            return f"(source = ? OR {got})", (wanted.actor, wanted.actor)


def _boots(connection: Connection, first: int, last: int) -> Iterator[Boot]:
    """Yield the runs of the process: only one writes at a time, so each has a stretch of its own."""
    versions = dict(
        connection.execute("SELECT CAST(boot AS TEXT), CAST(version AS TEXT) FROM runs").fetchall()
    )
    while first <= last and last:
        seq, boot, node = connection.execute(
            "SELECT seq, CAST(boot AS TEXT), CAST(node AS TEXT) FROM journal "
            "WHERE seq >= ? ORDER BY seq LIMIT 1",
            (first,),
        ).fetchone()
        # Halving finds the last row of the stretch among millions in a few steps.
        low, high = seq, last
        while low < high:
            middle = (low + high + 1) // 2
            there, own = connection.execute(
                "SELECT seq, CAST(boot AS TEXT) FROM journal WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
                (middle,),
            ).fetchone()
            low, high = (middle, high) if own == boot else (low, there - 1)
        end, mono_ns = connection.execute(
            "SELECT seq, CAST(mono_ns AS INTEGER) FROM journal WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
            (low,),
        ).fetchone()
        yield Boot(
            boot=boot,
            node=node,
            first_seq=seq,
            last_seq=end,
            last_mono_ns=mono_ns,
            version=versions.get(boot, ""),
        )
        first = low + 1
