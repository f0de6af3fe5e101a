"""Where a replay's rows come from: a database, what was exported from one, or rows in memory."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime
from itertools import batched, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol

import msgspec

from acore.events.base import Kind
from acore.storage import scan
from acore.storage.query import Row
from acore.storage.scan import Boot, Facts, Named, Part, Wanted
from acore.storage.snapshots import Snapshot

PAGE = 500
"""Rows of one page: a read transaction lasts no longer, and a processor keeps them at hand."""
_NEVER = 1 << 62


class Source(Protocol):
    """What a replay asks of where its rows come from. Rows are told in the journal's order."""

    def facts(self) -> Facts:
        """Return what is there, and what is not."""
        ...

    def names(self) -> Sequence[Named]:
        """Return every kind of row that occurs."""
        ...

    def rows(self, wanted: Wanted, *, after: int = 0, upto: int = _NEVER) -> Generator[Sequence[Row]]:
        """Yield pages of what is *wanted*, after one number and up to another; who stops before closes it."""
        ...

    def of_name(self, named: Named) -> Iterator[Sequence[Row]]:
        """Yield pages of the rows of one kind."""
        ...

    def newest(self, wanted: Wanted, *, before: int, count: int) -> Sequence[Row]:
        """Return the last *count* of the rows that are *wanted* before a number, in order."""
        ...

    def find(self, message_id: str) -> Row | None:
        """Return the row of this id; None when there is none."""
        ...

    def seq_at(self, moment: datetime) -> int:
        """Return the number of the last row up to *moment*; 0 when there is none."""
        ...

    def snapshots(self, actor: str, *, upto: int = _NEVER) -> Iterator[Snapshot]:
        """Yield what is kept of *actor*'s state up to a number, the newest first."""
        ...


class DatabaseSource:
    """The journal in a database, as far as it went when this was made; the bot may go on writing it."""

    def __init__(self, path: Path) -> None:
        """Look what is there.

        Raises:
            AcoreError: The database is not there or cannot be read, and why.
        """
        self._path = path
        self._facts = scan.facts(path)
        self._names: Sequence[Named] | None = None

    def facts(self) -> Facts:
        """Return what is there, and what is not."""
        return self._facts

    def names(self) -> Sequence[Named]:
        """Return every kind of row that occurs; all rows are read for it, once."""
        if self._names is None:
            self._names = scan.names(self._path, upto=self._facts.last_seq)
        return self._names

    def rows(self, wanted: Wanted, *, after: int = 0, upto: int = _NEVER) -> Generator[Sequence[Row]]:
        """Yield pages of what is *wanted*, after one number and up to another."""
        after, upto = max(after, self._facts.first_seq - 1), min(upto, self._facts.last_seq)
        return scan.pages(self._path, wanted, after=after, upto=upto, size=PAGE)

    def of_name(self, named: Named) -> Iterator[Sequence[Row]]:
        """Yield pages of the rows of one kind."""
        return scan.of_name(self._path, named, upto=self._facts.last_seq, size=PAGE)

    def newest(self, wanted: Wanted, *, before: int, count: int) -> Sequence[Row]:
        """Return the last *count* of the rows that are *wanted* before a number, in order."""
        return scan.newest(self._path, wanted, before=before, count=count)

    def find(self, message_id: str) -> Row | None:
        """Return the row of this id; None when there is none."""
        return scan.find(self._path, message_id)

    def seq_at(self, moment: datetime) -> int:
        """Return the number of the last row up to *moment*; 0 when there is none."""
        return scan.seq_at(self._path, moment, upto=self._facts.last_seq)

    def snapshots(self, actor: str, *, upto: int = _NEVER) -> Iterator[Snapshot]:
        """Yield what is kept of *actor*'s state up to a number, the newest first."""
        return scan.snapshots(self._path, actor, upto=min(upto, self._facts.last_seq))


class RowsSource:
    """Rows in memory, few enough to stay there."""

    def __init__(
        self,
        rows: Sequence[Row],
        *,
        where: str = "memory",
        version: str = "",
        is_whole: bool = True,
        gone: tuple[tuple[int, int], ...] = (),
        snapshots: Sequence[Snapshot] = (),
    ) -> None:
        """Take *rows* in.

        Args:
            rows: In the journal's order.
            where: What a person calls the place that they are from.
            version: The version of acore that wrote them; blank when that is not known.
            is_whole: Whether no row is missing between the first and the last.
            gone: The ranges of numbers that are not there any more.
            snapshots: What is kept of actors' states, by actor and in order; see `keep`.
        """
        self._rows = rows
        self._seqs = [row.seq for row in rows]
        self._by_id = {row.id: row for row in rows}
        self._snapshots = snapshots
        found = dict.fromkeys((row.kind, row.name, row.version) for row in rows)
        self._names = tuple(Named(kind=kind, name=name, version=version) for kind, name, version in found)
        boots = [
            Boot(
                boot=boot,
                node=those[0].node,
                first_seq=those[0].seq,
                last_seq=those[-1].seq,
                last_mono_ns=those[-1].mono_ns,
                version=version,
            )
            for boot, those in ((boot, list(some)) for boot, some in groupby(rows, attrgetter("boot")))
        ]
        self._facts = Facts(
            where=where,
            first_seq=rows[0].seq if rows else 0,
            last_seq=rows[-1].seq if rows else 0,
            boots=tuple(boots),
            gone=gone,
            is_whole=is_whole,
        )

    def facts(self) -> Facts:
        """Return what is there, and what is not."""
        return self._facts

    def names(self) -> Sequence[Named]:
        """Return every kind of row that occurs."""
        return self._names

    def rows(self, wanted: Wanted, *, after: int = 0, upto: int = _NEVER) -> Generator[Sequence[Row]]:
        """Yield pages of what is *wanted*, after one number and up to another."""
        first, last = bisect_right(self._seqs, after), bisect_right(self._seqs, upto)
        yield from batched(filter(_test(wanted), self._rows[first:last]), PAGE)

    def of_name(self, named: Named) -> Iterator[Sequence[Row]]:
        """Yield pages of the rows of one kind."""
        kind = (named.kind, named.name, named.version)
        yield tuple(row for row in self._rows if (row.kind, row.name, row.version) == kind)

    def newest(self, wanted: Wanted, *, before: int, count: int) -> Sequence[Row]:
        """Return the last *count* of the rows that are *wanted* before a number, in order."""
        there = [row for row in self._rows[: bisect_left(self._seqs, before)] if _test(wanted)(row)]
        return there[-count:] if count else ()

    def find(self, message_id: str) -> Row | None:
        """Return the row of this id; None when there is none."""
        return self._by_id.get(message_id)

    def seq_at(self, moment: datetime) -> int:
        """Return the number of the last row up to *moment*; 0 when there is none."""
        return max((row.seq for row in self._rows if row.at <= moment), default=0)

    def snapshots(self, actor: str, *, upto: int = _NEVER) -> Iterator[Snapshot]:
        """Yield what is kept of *actor*'s state up to a number, the newest first."""
        yield from (one for one in reversed(self._snapshots) if one.actor == actor and one.seq <= upto)


class _Told(msgspec.Struct):
    """What tells whom a row of an actor's life is about."""

    actor: Any = None
    reason: Any = None


def _test(wanted: Wanted) -> Callable[[Row], bool]:
    """Return what tells whether a row is wanted; `scan` says the same in SQL."""
    actor, names = wanted.actor, frozenset(wanted.names)

    def is_life(row: Row) -> bool:
        if row.name not in scan.LIFE:
            return False
        try:
            told = msgspec.json.decode(row.payload, type=_Told)
        except msgspec.DecodeError:  # the disk has spoilt it
            return False
        return told.actor == actor or told.reason == "loop"

    def is_input(row: Row) -> bool:
        if row.kind == Kind.COMMAND:
            return row.target == actor
        return row.kind == Kind.EVENT and row.name in names

    def is_output(row: Row) -> bool:
        return row.source == actor or (row.target == actor and row.kind in {Kind.REPLY, Kind.NO_REPLY})

    return {Part.LIFE: is_life, Part.INPUTS: is_input, Part.OUTPUTS: is_output}[wanted.part]
