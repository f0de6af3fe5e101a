"""Looking the whole journal through: does each row follow from the one before, and is the end right."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from acore.errors import AcoreError, ExitCode
from acore.record import Record
from acore.storage import audit
from acore.storage.chain import BEGINNING, COLUMNS, LOST, Cells, hash_after
from acore.storage.mark import Mark, mark_beside
from acore.storage.overview import Removed, removed
from acore.storage.query import progress_of, reading
from acore.storage.schema import schema_version
from acore.storage.sqlite import Connection, DamagedDatabaseError, damage_named, looking

PAGE = 2000
"""Rows read at a time; no read transaction outlives a page."""
MOST_FINDINGS = 20
"""After so many findings the walk ends: the file is not what it was, and more would say the same."""
_CHAINED_SINCE = 2
_ROWS = (
    f"SELECT {', '.join(COLUMNS)}, CAST(hash AS BLOB) FROM journal "  # noqa: S608 - its own names
    "WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
# What is removed on purpose is removed from the beginning: a note of that behind other rows is forged.
_GONE = (
    "SELECT first_seq, CAST(last_seq AS INTEGER), CAST(hash AS BLOB), CAST(reason AS TEXT) "
    "FROM gone WHERE last_seq > ? AND first_seq <= ? "
    "AND (reason = 'lost' OR first_seq <= (SELECT coalesce(min(seq), first_seq) FROM journal)) "
    "ORDER BY last_seq"
)


class Fault(StrEnum):
    """What can be wrong with the journal."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    CUT = "cut"
    BEHIND = "behind"
    OTHER = "other"
    DAMAGED = "damaged"
    AUDIT = "audit"


class Finding(Record):
    """Something that is wrong.

    Attributes:
        fault: What it is. CHANGED, or REMOVED when numbers are missing just before; ADDED: no link of the
            chain; CUT: the newest rows are gone; BEHIND and OTHER: the mark tells of entries that are not
            there, or of another one; DAMAGED: SQLite cannot read on; AUDIT: the audit log.
        seq: The number of the first entry that is concerned.
        after: The number of the last one before it that is as it should be.
        other: REMOVED: the entry that does not follow; CUT and BEHIND: the last one that is missing.
        detail: What SQLite says.
    """

    fault: Fault
    seq: int
    after: int
    other: int = 0
    detail: str = ""


class Verified(Record):
    """What a look through the journal showed.

    Attributes:
        rows: How many rows were read.
        first_seq: The number of the oldest of them; None when there are none.
        last_seq: The highest number given when the look began.
        chained_from: The number of the first row that carries a hash; what is older has none.
        mark: What the mark claims; None when there is none.
        mark_problem: Why the mark could not be read.
        removed: What is known not to be there any more.
        findings: What is wrong, in order.
        is_whole: Whether it was looked through to its end.
    """

    rows: int = 0
    first_seq: int | None = None
    last_seq: int = 0
    chained_from: int | None = None
    mark: Mark | None = None
    mark_problem: str = ""
    removed: tuple[Removed, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_whole: bool = True


class NotChainedError(AcoreError):
    """The file is of before the chain."""

    exit_code = ExitCode.FAILURE

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was made by an acore that did not chain its entries yet, so nothing can be verified: "
            "start acore once, which brings the file up to date"
        )


def verify(path: Path, tell: Callable[[int], None] = lambda _done: None) -> Verified:
    """Look the journal and the audit log through; a running bot goes on writing meanwhile.

    Args:
        path: The database; the mark is looked for beside it.
        tell: Called now and then with the number of the entry it has come to.

    Raises:
        NotChainedError: The file is of before the chain.
        AcoreError: The database is not there or cannot be read, and why.
    """
    # Before the database: what it claims is durable by now.
    mark, problem = mark_beside(path)
    with reading(path) as connection:
        if schema_version(connection, path) < _CHAINED_SINCE:
            raise NotChainedError(path)
        walk = _Walk(connection, mark, path)
        noted: tuple[Removed, ...] = ()
        try:
            with damage_named(path):
                noted = removed(connection)
                walk.go(tell)
                walk.look_at_audit()
        except DamagedDatabaseError as error:
            walk.find(Fault.DAMAGED, walk.seq + 1, walk.seq, detail=error.reason)
            walk.is_whole = False
        return Verified(
            rows=walk.rows,
            first_seq=walk.first_seq,
            last_seq=walk.last_seq,
            chained_from=walk.chained_from,
            mark=mark,
            mark_problem=problem,
            removed=noted,
            findings=tuple(walk.findings),
            is_whole=walk.is_whole,
        )


class _Walk:
    """One way along the chain, from the oldest row to what was the newest when it began."""

    def __init__(self, connection: Connection, mark: Mark | None, path: Path) -> None:
        self._connection = connection
        self._mark = mark
        self.seq = 0
        self.rows = 0
        self.first_seq: int | None = None
        self.chained_from: int | None = None
        self.findings: list[Finding] = []
        self.is_whole = True
        self.last_seq: int
        self.last_seq, self._head = progress_of(connection, path, "CAST(seq AS INTEGER), CAST(hash AS BLOB)")
        self._hash = BEGINNING
        # From here the chain goes on if the rows that did not fit were put in: as many as the number says.
        self._before_misfits = BEGINNING
        self._misfits = 0

    def go(self, tell: Callable[[int], None]) -> None:
        """Walk to the end, or to the finding that is one too many."""
        while len(self.findings) < MOST_FINDINGS:
            with looking(self._connection):
                rows = self._connection.execute(_ROWS, (self.seq, self.last_seq, PAGE)).fetchall()
                gone = self._connection.execute(_GONE, (self.seq, self.last_seq)).fetchall()
            for row in rows:
                while gone and gone[0][1] < row[0]:
                    self._pass_over(*gone.pop(0))
                self._take(row)
            tell(self.seq)
            if len(rows) < PAGE:
                for each in gone:
                    self._pass_over(*each)
                self._end()
                return
        self.is_whole = False

    def look_at_audit(self) -> None:
        """Verify the audit log's own chain."""
        bad = audit.verify(self._connection)
        if bad is not None:
            self.find(Fault.AUDIT, bad, after=0)

    def find(self, fault: Fault, seq: int, after: int, other: int = 0, detail: str = "") -> None:
        """Note that something is wrong; see `Finding`."""
        self.findings.append(Finding(fault=fault, seq=seq, after=after, other=other, detail=detail))

    def _pass_over(self, first: int, last: int, own: bytes, reason: str) -> None:
        """Go on behind a range that is known to be gone."""
        mark = self._mark
        if mark is not None and last >= mark.seq:
            if first > mark.seq:
                self._compare_with_mark()
            elif last > mark.seq or reason == LOST:
                self._mark = None  # what it tells of is gone, and known to be
        if reason != LOST:
            self._hash, self._misfits = own, 0
        self.seq = max(self.seq, last)

    def _take(self, row: tuple[Any, ...]) -> None:
        *cells, own = row
        seq: int = cells[0]
        if self._mark is not None and seq > self._mark.seq:
            self._compare_with_mark()
        self.rows += 1
        self.first_seq = seq if self.first_seq is None else self.first_seq
        if own and self.chained_from is None:
            self.chained_from = seq
        # What is older than the chain has no hash.
        if self.chained_from is not None:
            self._link(seq, tuple(cells), own)
        self.seq = seq

    def _link(self, seq: int, cells: Cells, own: bytes) -> None:
        if hash_after(self._hash, cells) == own:
            self._misfits = 0
        elif self._misfits and hash_after(self._before_misfits, cells) == own:
            self._were_added()
        else:
            if not self._misfits:
                self._before_misfits = self._hash
            self._misfits += 1
            if seq > self.seq + 1:
                self.find(Fault.REMOVED, self.seq + 1, self.seq, seq)
            else:
                self.find(Fault.CHANGED, seq, self.seq)
        self._hash = own

    def _were_added(self) -> None:
        """What did not fit was put in: without it the chain is whole."""
        for place in range(len(self.findings) - self._misfits, len(self.findings)):
            was = self.findings[place]
            seq = was.other or was.seq
            self.findings[place] = Finding(fault=Fault.ADDED, seq=seq, after=was.after)
        self._misfits = 0

    def _end(self) -> None:
        if self._misfits and self._before_misfits == self._head:
            self._were_added()
        # When it is over the end already, everything was removed while it was on its way.
        elif self._hash != self._head and self.seq <= self.last_seq:
            self.find(Fault.CUT, self.seq + 1, self.seq, self.last_seq)
            self._mark = None  # it would say the same
        if self._mark is not None and self._mark.seq <= self.last_seq:
            self._hash = self._head
            self._compare_with_mark()
        beyond = self._connection.execute(
            "SELECT min(seq) FROM journal WHERE seq > (SELECT CAST(seq AS INTEGER) FROM progress)"
        ).fetchone()[0]
        if beyond is not None:
            self.find(Fault.ADDED, beyond, after=self.last_seq)
        if self._mark is not None:
            self.find(Fault.BEHIND, self.last_seq + 1, self.last_seq, self._mark.seq)

    def _compare_with_mark(self) -> None:
        mark, self._mark = self._mark, None
        if mark is not None and mark.hash != self._hash.hex():
            self.find(Fault.OTHER, mark.seq, after=0)
