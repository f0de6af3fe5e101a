"""How the journal is: its size, how far it reaches, and what is missing of it."""

from pathlib import Path

from acore.record import Record
from acore.storage.damaged import COMPANIONS
from acore.storage.mark import Mark, mark_beside
from acore.storage.query import progress_of, reading
from acore.storage.schema import schema_version
from acore.storage.sqlite import Connection, file_size

_EXPLAINED_SINCE = 2


class Removed(Record):
    """What is not in the journal any more for one reason.

    Attributes:
        reason: Why; `lost` was not wanted.
        rows: How many rows that were; at most, of what was lost.
        first_seq: The first number.
        last_seq: The last number.
        wall_ns: When the last of it was noted.
    """

    reason: str
    rows: int
    first_seq: int
    last_seq: int
    wall_ns: int


class Overview(Record):
    """The journal in figures. Times are nanoseconds since 1970; None where there is nothing.

    Attributes:
        schema: How many scripts have made the file what it is.
        file_bytes: Size of the database.
        log_bytes: Size of its write-ahead log.
        free_bytes: Of the database, what is free to be used again.
        rows: How many entries are kept.
        bytes_per_row: Of the database in use, divided by them; tables included.
        first_seq: Number of the oldest entry.
        first_ns: When that was.
        last_seq: The highest number given.
        last_ns: When the newest entry was.
        epoch: How many runs have taken the file over.
        writer: The run that may write.
        pending_effects: What was asked for and has no outcome yet.
        quarantined: What could not be written as it was.
        removed: What is not there any more.
        mark: What the mark beside the file claims.
        mark_problem: Why there is none.
        set_aside: Damaged databases that were moved aside.
    """

    schema: int
    file_bytes: int
    log_bytes: int
    free_bytes: int
    rows: int
    bytes_per_row: int | None
    first_seq: int | None
    first_ns: int | None
    last_seq: int
    last_ns: int | None
    epoch: int = 0
    writer: str = ""
    pending_effects: int = 0
    quarantined: int = 0
    removed: tuple[Removed, ...] = ()
    mark: Mark | None = None
    mark_problem: str = ""
    set_aside: tuple[str, ...] = ()


def overview(path: Path) -> Overview:
    """Return how the journal in the database at *path* is; reads only.

    Raises:
        AcoreError: It is not there or cannot be read, and why.
    """
    mark, problem = mark_beside(path)
    with reading(path) as connection:
        schema = schema_version(connection, path)
        page, pages, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count")
        )
        ((rows,),) = connection.execute("SELECT count(*) FROM journal").fetchall()
        first, last = (
            connection.execute(
                f"SELECT seq, CAST(wall_ns AS INTEGER) FROM journal ORDER BY seq {order} LIMIT 1"  # noqa: S608 - of two
            ).fetchone()
            for order in ("ASC", "DESC")
        )
        seq, writer = progress_of(connection, path, "CAST(seq AS INTEGER), CAST(writer AS TEXT)")
        explained = schema >= _EXPLAINED_SINCE
        return Overview(
            schema=schema,
            file_bytes=path.stat().st_size,
            log_bytes=file_size(path.with_name(f"{path.name}-wal")),
            free_bytes=free * page,
            rows=rows,
            bytes_per_row=(pages - free) * page // rows if rows else None,
            first_seq=first[0] if first else None,
            first_ns=first[1] if first else None,
            last_seq=seq,
            last_ns=last[1] if last else None,
            epoch=_number(connection, "SELECT CAST(epoch AS INTEGER) FROM progress") if explained else 0,
            writer=writer,
            pending_effects=_number(connection, "SELECT count(*) FROM outbox") if explained else 0,
            quarantined=_number(connection, "SELECT count(*) FROM quarantine"),
            removed=removed(connection) if explained else (),
            mark=mark,
            mark_problem=problem,
            set_aside=tuple(
                sorted(one.name for one in path.parent.glob(f"{path.name}.damaged-*") if _is_base(one.name))
            ),
        )


def _is_base(name: str) -> bool:
    return not name.endswith(COMPANIONS)


def removed(connection: Connection) -> tuple[Removed, ...]:
    """Return what is noted not to be in the journal any more."""
    return tuple(
        Removed(reason=reason, rows=rows, first_seq=first, last_seq=last, wall_ns=wall_ns)
        for reason, rows, first, last, wall_ns in connection.execute(
            "SELECT CAST(reason AS TEXT), CAST(sum(rows) AS INTEGER), min(first_seq), "
            "max(CAST(last_seq AS INTEGER)), max(CAST(wall_ns AS INTEGER)) FROM gone "
            "GROUP BY 1 ORDER BY min(first_seq)"
        )
    )


def _number(connection: Connection, sql: str) -> int:
    number: int = connection.execute(sql).fetchone()[0]
    return number
