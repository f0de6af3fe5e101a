"""One capsule out of several pieces of one journal."""

import heapq
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from acore.capsule.export import write_lines
from acore.capsule.form import Header, Line, RowLine, SnapshotLine, Writing
from acore.capsule.problems import CapsuleError, DuplicateEntryError, GapError, OtherEntryError
from acore.capsule.reading import Reader, usable
from acore.storage.pieces import put_in_place


class UnlikeCapsulesError(CapsuleError):
    """Capsules cannot become one."""

    def __init__(self, why: str) -> None:
        super().__init__(f"these files cannot become one: {why}")


def merge(
    paths: Sequence[Path],
    to: Path,
    now: datetime,
    *,
    skips_duplicates: bool = False,
    allows_gaps: bool = False,
    accepts_damage: bool = False,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Header:
    """Write one capsule with the rows of all of *paths*, in order, and return what it says of itself.

    Args:
        paths: The pieces, of one journal; in any order.
        to: The file; one of that name is replaced.
        now: The present instant.
        skips_duplicates: Whether a row that several pieces have is taken once.
        allows_gaps: Whether rows may be missing between pieces.
        accepts_damage: Whether of a damaged piece the rows before its first bad line are taken.
        advance: Told now and then how many rows there are.

    Raises:
        CapsuleError: A file cannot be used, or the pieces do not fit together.
        OSError: A file cannot be read or written.
    """
    found = sorted(
        ((usable(path, accept_damaged=accepts_damage), path) for path in paths),
        key=lambda one: (one[0].header.first, one[0].header.last),
    )
    headers = [
        # What breaks off does not reach as far as it was to.
        one.header if one.is_whole else replace(one.header, last=max(one.last, one.header.first))
        for one, _ in found
    ]
    header = _joined(headers, now, allows_gaps=allows_gaps)
    part = to.with_name(f"{to.name}.part")
    lines = _merged([path for _, path in found], skips=skips_duplicates, advance=advance)
    with part.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        try:
            write_lines(file, header, lines)
        except CapsuleError:
            part.unlink()
            raise
        file.flush()
    put_in_place(part, to)
    return header


def _joined(headers: Sequence[Header], now: datetime, *, allows_gaps: bool) -> Header:
    first = headers[0]
    for header in headers[1:]:
        if header.selection != first.selection:
            raise UnlikeCapsulesError("they were narrowed in different ways, by name, actor or the like")
        if (header.redacted, header.redaction) != (first.redacted, first.redaction):
            raise UnlikeCapsulesError(
                "what is personal was replaced in one and not in the other, or under another key"
            )
    last = max(header.last for header in headers)
    gaps = tuple(_gaps(headers, first.first, last))
    known = {gap for header in headers for gap in header.gaps}
    for low, high in gaps:
        if not allows_gaps and (low, high) not in known:
            raise GapError(low - 1, high + 1)
    runs: dict[str, Writing] = {run.boot: run for header in headers for run in header.runs}
    return replace(
        first,
        acore=headers[-1].acore,
        made=now,
        last=last,
        asked=min(header.asked for header in headers),
        is_whole=not gaps and any(header.is_whole for header in headers),
        gaps=gaps,
        rows=None,
        runs=tuple(runs.values()),
    )


def _gaps(headers: Sequence[Header], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges from *first* to *last* that are in none of the files."""
    before = first - 1
    for low, high in sorted(stretch for header in headers for stretch in _stretches(header)):
        if low > before + 1:
            yield before + 1, low - 1
        before = max(before, high)
    if before < last:
        yield before + 1, last


def _stretches(header: Header) -> Iterator[tuple[int, int]]:
    """Yield the ranges that a file has without a gap."""
    low = header.first
    for first, last in sorted(header.gaps):
        if first > low:
            yield low, first - 1
        low = max(low, last + 1)
    if low <= header.last:
        yield low, header.last


def _merged(paths: Sequence[Path], *, skips: bool, advance: Callable[[int], None]) -> Iterator[Line]:
    yield from _snapshots(paths)
    before: RowLine | None = None
    count = 0
    for line in heapq.merge(*(_rows(path) for path in paths), key=lambda line: line.seq):
        if before is not None and line.seq == before.seq:
            if line != before:
                raise OtherEntryError(line.seq, before.name, line.name)
            if not skips:
                raise DuplicateEntryError(line.seq)
            continue
        before = line
        yield line
        count += 1
        if count % 1000 == 0:
            advance(count)


def _rows(path: Path) -> Iterator[RowLine]:
    return (line for line in Reader(path).lines() if isinstance(line, RowLine))


def _snapshots(paths: Sequence[Path]) -> Iterator[SnapshotLine]:
    """Yield the snapshots of all, each once; they stand before the rows, so little is read for them."""
    seen: set[tuple[str, int]] = set()
    for path in paths:
        for line in Reader(path).lines():
            if isinstance(line, RowLine):
                break
            if isinstance(line, SnapshotLine) and (line.actor, line.seq) not in seen:
                seen.add((line.actor, line.seq))
                yield line
