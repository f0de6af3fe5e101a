"""A capsule as something that can be replayed, and looked into with every command that reads a journal."""

import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from acore.capsule.form import RowLine, Selection, SnapshotLine
from acore.capsule.importing import take_in
from acore.capsule.problems import CapsuleError
from acore.capsule.reading import Reader, usable
from acore.clock import RealClock
from acore.errors import ExitCode
from acore.events.catalog import CATALOG, Catalog
from acore.replay.source import RowsSource, Source
from acore.storage.query import Row
from acore.storage.snapshots import Snapshot
from acore.storage.store import DATABASE_NAME

KEPT_IN_MEMORY = 100_000
"""Rows of a file that is replayed as it is: a journal in a database is read in pages, a file is not."""


class TooLargeError(CapsuleError):
    """The file has more rows than are kept in memory."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, path: Path, rows: int) -> None:
        super().__init__(
            f"{path} has {rows:,} entries, too many to be kept in memory: make a journal of it with "
            f"`acore events import {path} --data DIR`, and use that"
        )


def open_capsule(path: Path, *, accept_damaged: bool = False, has_all: bool = False) -> Source:
    """Return what a replay reads; of a file that breaks off, what there is.

    Args:
        path: The capsule.
        accept_damaged: Whether what stands before a damaged line is used.
        has_all: Whether it was narrowed so that all that is needed is there, e.g. for one actor.

    Raises:
        TooLargeError: It has more than `KEPT_IN_MEMORY` rows.
        CapsuleError: The file cannot be used.
        OSError: It cannot be read.
    """
    found = usable(path, accept_damaged=accept_damaged)
    if found.rows > KEPT_IN_MEMORY:
        raise TooLargeError(path, found.rows)
    reader = Reader(path)
    rows: list[Row] = []
    snapshots: list[Snapshot] = []
    for line in reader.lines():
        if isinstance(line, RowLine):
            rows.append(line.row())
        elif isinstance(line, SnapshotLine):
            snapshots.append(line.kept())
    versions = dict.fromkeys(run.version for run in reader.header.runs)
    return RowsSource(
        rows,
        where=str(path),
        version=", ".join(versions),
        is_whole=has_all or reader.header.selection == Selection(),
        gone=(*(((1, reader.header.first - 1),) if reader.header.first > 1 else ()), *reader.header.gaps),
        snapshots=snapshots,
    )


@contextmanager
def unpacked(
    path: Path,
    *,
    advance: Callable[[int], None] = lambda _rows: None,
    complain: Callable[[str], None] = lambda _text: None,
    catalog: Catalog = CATALOG,
) -> Generator[Path]:
    """Give a database with what is in the capsule; it is gone after the block.

    Args:
        path: The capsule; one that breaks off is unpacked up to there.
        advance: Told now and then how many rows were unpacked.
        complain: Told what is wrong with the file, if anything is.
        catalog: The messages of today.

    Raises:
        CapsuleError: The file cannot be used.
        OSError: It cannot be read, or not be unpacked.
    """
    with tempfile.TemporaryDirectory(prefix="acore-") as directory:
        taken = take_in(path, Path(directory), catalog, RealClock(), allows_gaps=True, advance=advance)
        if taken.complaint:
            complain(taken.complaint)
        yield Path(directory) / DATABASE_NAME
