"""A journal of millions of rows: is it opened and read as fast, and in as little memory, as a small one?"""

import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import batched
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec

from acore.errors import AcoreError
from acore.events.base import Entry, Envelope, Kind, Origin, Trace
from acore.events.catalog import CATALOG
from acore.events.metrics import ActivityCounted
from acore.host.reader import resident_bytes
from acore.record import Record
from acore.storage.chain import BEGINNING, COLUMNS, Cells, linked
from acore.storage.database import connect
from acore.storage.query import Filter, last_seq, tail
from acore.storage.rows import take_over, write
from acore.storage.sqlite import Connection, transact
from acore.storage.store import DATABASE_NAME

AT_ONCE_MS = 100.0
"""What opening the file, and asking for its last number, may take."""
STEADY = 1.1
"""How much more memory may have been used at the end than after a tenth."""
LOG_BYTES = 16 * 2**20
"""How long the log may become beside a reader; SQLite takes it over from 4 MiB on."""
LATER = 1.0
"""So many seconds later than on a small journal `acore events tail` may be done."""
_BATCH = 50_000
_PAGE = 1000
_TIMES = 9
_TRIES = 3
_WRITTEN = 500
_INSERT = f"INSERT INTO journal ({', '.join(COLUMNS)}, hash) VALUES ({', '.join('?' * len(COLUMNS))}, ?)"  # noqa: S608 - acore's own names
_NAMES = ("interaction.closed", "interaction.received", "activity.counted", "interaction.replied")
_BOOT = "f00dfeedf00dfeed"
_WALL_NS = 1_790_000_000_000_000_000
_STEP_NS = 20_000_000


class Paged(Record):
    """A walk through all rows, a page at a time, in a process of its own; bytes are peaks of its memory."""

    rows: int
    seconds: float
    bytes_at_a_tenth: int
    bytes_at_the_end: int


class RowsReport(Record):
    """What was found; `problems` is empty when all is well.

    Attributes:
        rows: How many there are.
        file_bytes: What they take on the disk.
        build_seconds: How long it took to write them all at once.
        open_ms: Opening the file for writing and taking it over: the median, and the longest.
        last_seq_ms: Asking for the last number, opening included.
        newest_ms: Reading the newest hundred rows, opening included.
        paged: The walk through all of them.
        log_bytes: The longest that the log became while rows were written beside the walk.
        beside: How many were written beside it.
        tail_seconds: Until `acore events tail` had said all of its lines, the quickest of three times.
        small_tail_seconds: The same on a journal of a thousand rows.
        verified_rows: How many rows `acore journal verify` looked at.
        verify_seconds: How long that took; the chain is whole when there is no problem.
    """

    rows: int
    file_bytes: int
    build_seconds: float
    open_ms: tuple[float, float]
    last_seq_ms: tuple[float, float]
    newest_ms: tuple[float, float]
    paged: Paged
    log_bytes: int
    beside: int
    tail_seconds: float
    small_tail_seconds: float
    verify_seconds: float
    problems: tuple[str, ...]


class WalkError(AcoreError):
    """A process that reads has failed."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what} failed: {said}")


def build(path: Path, rows: int, on_progress: Callable[[int], None]) -> None:
    """Write a journal of *rows* rows: one in four begins something, the others come of it.

    Args:
        path: Where the database is made.
        rows: How many.
        on_progress: Told how many there are.
    """
    connection = connect(path)
    try:
        # A crash costs a new attempt and nothing else. The indexes are made when all is there.
        for pragma in ("synchronous = OFF", "cache_size = -400000", "temp_store = FILE"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_schema "
            "WHERE tbl_name = 'journal' AND type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        head, done = BEGINNING, 0
        for some in batched(_cells(rows), _BATCH):
            chained, head = linked(head, some)
            transact(connection, partial(_add, rows=chained, head=head))
            done += len(chained)
            on_progress(done)
        for _, sql in indexes:
            connection.execute(sql)
    finally:
        connection.close()
    with path.open("rb") as file:
        # Whoever opens it is not to wait until all of it is on the disk.
        os.fsync(file.fileno())


def _add(connection: Connection, rows: list[tuple[int | str | bytes, ...]], head: bytes) -> None:
    connection.executemany(_INSERT, rows)
    connection.execute("UPDATE progress SET seq = ?, hash = ?", (rows[-1][0], head))


def _cells(rows: int) -> Iterator[Cells]:
    payload = CATALOG.encode(ActivityCounted(messages=1, commands=1)).decode()
    first = cause = ""
    for seq in range(1, rows + 1):
        is_first = seq % 4 == 1
        # Ids of what comes of something look random, and cost the index of ids more than those in a row.
        own = f"{seq:x}-{_BOOT}" if is_first else f"{seq * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**96:024x}"
        if is_first:
            first, cause = own, ""
        yield (
            seq,
            own,
            "event",
            _NAMES[seq % 4],
            1,
            "local",
            _BOOT,
            _WALL_NS + seq * _STEP_NS,
            seq * _STEP_NS,
            "gateway",
            "",
            cause,
            first,
            1,
            payload,
        )
        cause = own


def walk(path: Path) -> Paged:
    """Read all rows in pages, and say what memory that took."""
    after = rows = tenth = peak = 0
    last, began = last_seq(path), perf_counter()
    while after < last and (page := tail(path, limit=_PAGE, after=after)):
        rows, after = rows + len(page), page[-1].seq
        peak = max(peak, resident_bytes(os.getpid()))
        if not tenth and after >= last // 10:
            tenth = peak
    return Paged(rows=rows, seconds=perf_counter() - began, bytes_at_a_tenth=tenth, bytes_at_the_end=peak)


def soak(rows: int, directory: Path, on_progress: Callable[[int], None] = lambda _rows: None) -> RowsReport:
    """Make a journal of *rows* rows in *directory*, and see whether it is as quick as a small one.

    Args:
        rows: How many.
        directory: The data directory that is made.
        on_progress: Told how many rows there are.

    Raises:
        WalkError: A process that reads has failed.
    """
    path = directory / DATABASE_NAME
    began = perf_counter()
    build(path, rows, on_progress)
    build_seconds, file_bytes = perf_counter() - began, path.stat().st_size
    opened, asked = _timed(lambda: _open(path)), _timed(lambda: last_seq(path))
    newest = _timed(lambda: tail(path, limit=100))
    filtered = _timed(lambda: tail(path, Filter(name="run.started"), limit=100))
    small = directory / "small"
    small.mkdir()
    build(small / DATABASE_NAME, _PAGE, lambda _rows: None)
    small_tail_seconds, tail_seconds = (
        min(_ran("events", "--data", str(data), "tail", "--lines", "20") for _ in range(_TRIES))
        for data in (small, directory)
    )
    verify_seconds = _ran("journal", "verify", "--data", str(directory))
    paged, beside, log_bytes = _walk_beside_a_writer(path)
    problems = [
        *(
            f"{what} takes {usual:.1f} ms; {AT_ONCE_MS:.0f} ms are allowed"
            for what, (usual, _) in (
                ("opening the file", opened),
                ("the last number", asked),
                ("the newest rows", newest),
                ("a search for a name that is rare", filtered),
            )
            if usual > AT_ONCE_MS
        ),
    ]
    if paged.rows < rows:
        problems.append(f"the walk saw {paged.rows:,} rows of {rows:,}")
    if paged.bytes_at_the_end > STEADY * paged.bytes_at_a_tenth:
        took = f"{paged.bytes_at_a_tenth:,} bytes after a tenth, {paged.bytes_at_the_end:,} at the end"
        problems.append(f"the walk took {took}")
    if log_bytes > LOG_BYTES:
        problems.append(f"the log became {log_bytes:,} bytes long beside the walk; {LOG_BYTES:,} are allowed")
    if tail_seconds > small_tail_seconds + LATER:
        took = f"{tail_seconds:.1f} s, and {small_tail_seconds:.1f} s on a small journal"
        problems.append(f"`acore events tail` took {took}")
    return RowsReport(
        rows=rows,
        file_bytes=file_bytes,
        build_seconds=build_seconds,
        open_ms=opened,
        last_seq_ms=asked,
        newest_ms=newest,
        paged=paged,
        log_bytes=log_bytes,
        beside=beside,
        tail_seconds=tail_seconds,
        small_tail_seconds=small_tail_seconds,
        verify_seconds=verify_seconds,
        problems=tuple(problems),
    )


def _open(path: Path) -> None:
    connection = connect(path)
    try:
        transact(connection, partial(take_over, boot=secrets.token_hex(8)))
    finally:
        connection.close()


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return milliseconds that *call* takes: the median, and the longest."""
    taken: list[float] = []
    for _ in range(_TIMES):
        began = perf_counter()
        call()
        taken.append((perf_counter() - began) * 1000)
    return median(taken), max(taken)


def _ran(*arguments: str) -> float:
    """Return how many seconds one of acore's commands took.

    Raises:
        WalkError: It did not end with 0.
    """
    began = perf_counter()
    ended = subprocess.run(  # noqa: S603 - this interpreter, with arguments of our own
        [sys.executable, "-m", "acore", *arguments],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise WalkError(f"acore {' '.join(arguments)}", (ended.stderr or ended.stdout)[-500:])
    return perf_counter() - began


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _walk_beside_a_writer(path: Path) -> tuple[Paged, int, int]:
    """Read all rows in a process of its own while others are written; return how long the log became."""
    log = path.with_name(f"{path.name}-wal")
    over, longest, written = threading.Event(), 0, 0
    boot = secrets.token_hex(8)
    wire = CATALOG.of(ActivityCounted)
    message, payload = CATALOG.carry(ActivityCounted(messages=1))
    connection = connect(path)
    try:
        seq = transact(connection, partial(take_over, boot=boot))
        reader = subprocess.Popen(  # noqa: S603 - this interpreter, with arguments of our own
            [sys.executable, "-m", "acore.soak.rows", str(path)],
            env=_environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        with reader:
            while reader.poll() is None:
                entries = [
                    Entry(
                        Envelope(
                            seq + number,
                            _WALL_NS,
                            number,
                            Kind.EVENT,
                            message,
                            Trace("soak"),
                            Origin(node="local", boot=boot),
                        ),
                        wire.name,
                        wire.version,
                        payload,
                    )
                    for number in range(1, _WRITTEN + 1)
                ]
                write(connection, entries, boot)
                seq, written = seq + _WRITTEN, written + _WRITTEN
                longest = max(longest, log.stat().st_size)
                over.wait(0.05)  # as a busy bot does, not as fast as can be
            assert reader.stdout is not None  # noqa: S101 - it was started with a pipe
            said = reader.stdout.read()
        if reader.returncode:
            raise WalkError("reading all rows", f"it ended with {reader.returncode}")
    finally:
        connection.close()
    return msgspec.json.decode(said, type=Paged), written, longest


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(walk(Path(sys.argv[1]))).decode())
