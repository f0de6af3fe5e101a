"""What the journal lets go of because it is old or too much, and what has to stay.

Only rows at the beginning are removed, a few at a time, each time in a transaction of its own together with
the line that tells of them. Decision 17 says by which clock a row is old.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import takewhile
from typing import Any

import msgspec

from acore.clock import NANOSECONDS
from acore.events.store import PurgeOutcome
from acore.record import Record
from acore.storage.limits import Limits
from acore.storage.rows import refuse_fenced_out
from acore.storage.sqlite import Connection, field, transact

BATCH = 25
"""Rows removed in one transaction while others write: about 1 ms, four indices included."""
LARGE_BATCH = 2000
"""The same where nobody waits."""
LOW = 0.95
"""Once there was too much, rows go until this part of the limit is left: not a few after every commit."""
BEYOND = 1.5
"""So many times JOURNAL_MAX_MB, and what the present run began with goes too: an action or a pin does not."""
FREE_PAGES = 2048
"""So many free pages (8 MB) stay in the file to be used again; more are given back to the disk."""
VACUUMED = 128
"""Pages given back in one transaction."""
_DAY = 24 * 60 * 60 * NANOSECONDS
_AHEAD = 60 * NANOSECONDS
# What is open or runs now is among the newest of its kind: nobody looks further back.
_NEWEST = 20_000
_PAGE = 2000


class Moment(Record):
    """One instant by both clocks, in nanoseconds."""

    wall_ns: int
    mono_ns: int


class Present(Record):
    """Who asks what is old, and when.

    Attributes:
        boot: The run of the process; blank when none runs.
        began: When it began.
        now: The present instant.
    """

    boot: str
    began: Moment
    now: Moment

    @property
    def wall_ns(self) -> int:
        """The present instant by the clock as it was at the beginning, or is now: whichever is behind.

        A clock that is set ahead while the bot runs makes nothing old.
        """
        return min(self.now.wall_ns, self.began.wall_ns + self.now.mono_ns - self.began.mono_ns)


class Need(Record):
    """Rows from `seq` on have to stay. `what` says for whom, in words."""

    seq: int
    what: str


class Swept(Record):
    """What one transaction has removed.

    Attributes:
        rows: How many rows.
        first_seq: The first of them; 0 when there were none.
        last_seq: The last of them.
        reason: Why: age, or size.
        held_by: What keeps more from being removed though there is too much.
        is_cut: Whether the present run cannot be replayed from its beginning any more.
        is_done: Whether nothing is left to do.
    """

    rows: int = 0
    first_seq: int = 0
    last_seq: int = 0
    reason: str = ""
    held_by: str = ""
    is_cut: bool = False
    is_done: bool = True


def used_bytes(connection: Connection) -> int:
    """Return how much of the file is in use: what is free in it will be used again."""
    page, pages, free = _pages(connection)
    return (pages - free) * page


def sweep(
    connection: Connection,
    limits: Limits,
    present: Present,
    *,
    down_to: int,
    batch: int = BATCH,
) -> Swept:
    """Remove the next few rows that are old or too much, or give free pages back, in one transaction.

    Args:
        connection: Not in a transaction.
        limits: How long and how much is kept.
        present: Who asks, and when.
        down_to: Bytes in use above which rows go.
        batch: How many rows at most.

    Raises:
        FencedOutError: Another run has taken over.
        sqlite3.Error: Nothing was removed.
    """
    # What was removed may come back when the machine loses power, and goes again: nothing waits for a disk.
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        swept = transact(
            connection,
            partial(_sweep, limits=limits, present=present, down_to=down_to, batch=batch),
        )
        if not swept.is_done:
            return swept
        return msgspec.structs.replace(swept, is_done=not _give_back(connection))
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def forecast(connection: Connection, limits: Limits, present: Present) -> PurgeOutcome:
    """Return what would be removed now, of what is too much an estimate; reads only, a page at a time."""
    used = used_bytes(connection)
    floor = _floor(connection, limits, used, needs_of_runs(connection, limits.replayed))
    count = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
    surplus = used - limits.max_bytes if used > limits.max_bytes else 0
    too_many = count * surplus // used if used else 0
    rows, last, old, is_held, after = 0, 0, 0, False, 0
    ages = _Ages(connection, limits, present)
    while not is_held and (page := _oldest(connection, after, 2**63 - 1, _PAGE)):
        for seq, boot, wall_ns, mono_ns, _ in page:
            is_old = old == rows and ages.is_old(seq, boot, wall_ns, mono_ns)
            if not is_old and rows >= too_many:
                return PurgeOutcome(rows=rows, last_seq=last, reason=_why(old, rows), used_bytes=used)
            if floor is not None and seq >= floor.seq:
                is_held = True
                break
            rows, last, old = rows + 1, seq, old + is_old
        after = page[-1][0]
    held_by = floor.what if is_held and floor is not None else ""
    return PurgeOutcome(rows=rows, last_seq=last, reason=_why(old, rows), used_bytes=used, held_by=held_by)


def needs(connection: Connection) -> Iterator[Need]:
    """Yield what must never be removed: what is owed, and what somebody has pinned."""
    row = connection.execute("SELECT CAST(seq AS INTEGER), name FROM outbox ORDER BY seq LIMIT 1").fetchone()
    if row is not None:
        yield Need(seq=row[0], what=f"the action {row[1]} of entry {row[0]}, which has no outcome yet")
    rows = connection.execute("SELECT interaction FROM pending WHERE received IS NOT NULL").fetchall()
    waiting = {interaction for (interaction,) in rows}
    for interaction, (seq, _, _) in _newest(
        connection, "interaction.received", "interaction", waiting
    ).items():
        yield Need(seq=seq, what=f"command {interaction}, which waits for its answer")
    row = connection.execute("SELECT CAST(seq AS INTEGER), name FROM pins ORDER BY seq LIMIT 1").fetchone()
    if row is not None:
        yield Need(seq=row[0], what=f"the pin {row[1]} on entry {row[0]}")


def needs_of_runs(connection: Connection, actors: tuple[str, ...]) -> Iterator[Need]:
    """Yield from where on the present run of each of *actors* can be replayed: a kept state, or its start."""
    started = _newest(connection, "actor.started", "actor", actors)
    for actor in actors:
        what = f"a replay of the present run of {actor}"
        if actor not in started:
            # Its start has gone already, before a state that it can be replayed from.
            kept = connection.execute(
                "SELECT max(seq) FROM snapshots WHERE actor = ? AND unread = 0", (actor,)
            ).fetchone()[0]
            if kept is not None:
                yield Need(seq=kept, what=what)
            continue
        seq, boot, incarnation = started[actor]
        # With messages unread it would need what came before it too.
        kept = connection.execute(
            "SELECT max(seq) FROM snapshots WHERE actor = ? AND boot = ? AND incarnation = ? AND unread = 0",
            (actor, boot, incarnation),
        ).fetchone()[0]
        if kept is None and incarnation > 1:
            # What it was sent while it was down is older than its start.
            seq = connection.execute(
                "SELECT coalesce(min(seq), ?) FROM journal WHERE name = 'actor.started' AND boot = ? "  # noqa: S608 - its own names
                f"AND {field('actor')} = ?",
                (seq, boot, actor),
            ).fetchone()[0]
        yield Need(seq=kept or seq, what=what)


def _newest(
    connection: Connection, name: str, key: str, wanted: Iterable[Any]
) -> dict[Any, tuple[int, str, int]]:
    """Return for each of *wanted* the newest entry whose *key* it is: number, process, incarnation.

    What runs or is open now is mostly found at once: a part that fails for hours, or many commands, make
    thousands of such entries, and this is asked for every few rows that go.
    """
    found: dict[Any, tuple[int, str, int]] = {}
    missing = set(wanted)
    query = (
        f"SELECT {field(key)}, seq, CAST(boot AS TEXT), "  # noqa: S608 - its own names
        f"coalesce(CAST({field('incarnation')} AS INTEGER), 1) FROM journal "
        "WHERE name = ? ORDER BY seq DESC LIMIT ?"
    )
    with closing(connection.execute(query, (name, _NEWEST))) as rows:
        while missing and (row := rows.fetchone()) is not None:
            if row[0] in missing:
                missing.remove(row[0])
                found[row[0]] = row[1:]
    return found


def _sweep(connection: Connection, limits: Limits, present: Present, *, down_to: int, batch: int) -> Swept:
    if present.boot:
        refuse_fenced_out(connection, present.boot)
    used = used_bytes(connection)
    is_over = used > down_to
    runs = list(needs_of_runs(connection, limits.replayed))
    floor = _floor(connection, limits, used, runs)
    rows = _oldest(connection, 0, floor.seq if floor is not None else 2**63 - 1, batch)
    ages = _Ages(connection, limits, present)
    if is_over:
        doomed, reason = rows, "size"
    else:
        doomed, reason = list(takewhile(lambda row: ages.is_old(*row[:4]), rows)), "age"
    held_by = floor.what if floor is not None and is_over and len(rows) < batch else ""
    if not doomed:
        return Swept(held_by=held_by)
    first, last = doomed[0][0], doomed[-1][0]
    _remove(connection, doomed, reason, present.now.wall_ns)
    return Swept(
        rows=len(doomed),
        first_seq=first,
        last_seq=last,
        reason=reason,
        held_by=held_by,
        is_cut=any(need.seq <= last for need in runs),
        is_done=len(doomed) < batch,
    )


def _remove(connection: Connection, doomed: list[Any], reason: str, wall_ns: int) -> None:
    """Remove rows, and note that they are gone: in the line of the same day, so that lines stay few."""
    first, last, hashed = doomed[0][0], doomed[-1][0], doomed[-1][4]
    connection.execute("DELETE FROM journal WHERE seq <= ?", (last,))
    # A state of before what is left cannot be the beginning of a replay; the newest tells how things were.
    connection.execute(
        "DELETE FROM snapshots WHERE seq <= ? AND seq < "
        "(SELECT max(seq) FROM snapshots AS other WHERE other.actor = snapshots.actor)",
        (last,),
    )
    newest = connection.execute(
        "SELECT first_seq, reason, wall_ns FROM gone ORDER BY first_seq DESC LIMIT 1"
    ).fetchone()
    if newest is not None and newest[1] == reason and newest[2] // _DAY == wall_ns // _DAY:
        connection.execute(
            "UPDATE gone SET last_seq = ?, rows = rows + ?, hash = ?, wall_ns = ? WHERE first_seq = ?",
            (last, len(doomed), hashed, wall_ns, newest[0]),
        )
    else:
        connection.execute(
            "INSERT INTO gone (first_seq, last_seq, rows, hash, wall_ns, reason) VALUES (?, ?, ?, ?, ?, ?)",
            (first, last, len(doomed), hashed, wall_ns, reason),
        )


def _floor(connection: Connection, limits: Limits, used: int, runs: Iterable[Need]) -> Need | None:
    """Return the oldest row that has to stay, and for whom; None when all may go."""
    found = list(needs(connection))
    newest = connection.execute("SELECT max(seq) FROM journal").fetchone()[0]
    if newest is not None:
        found.append(Need(seq=newest, what="the newest entry of all"))
    if used <= BEYOND * limits.max_bytes:
        found += runs
    return min(found, key=lambda need: need.seq, default=None)


def _oldest(connection: Connection, after: int, before: int, limit: int) -> list[Any]:
    return connection.execute(
        "SELECT seq, boot, CAST(wall_ns AS INTEGER), CAST(mono_ns AS INTEGER), hash FROM journal "
        "WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?",
        (after, before, limit),
    ).fetchall()


class _Ages:
    """Which rows are older than they are kept, by a clock that was set to and fro."""

    def __init__(self, connection: Connection, limits: Limits, present: Present) -> None:
        self._connection = connection
        self._present = present
        self._old_ns = present.wall_ns - limits.days * _DAY
        self._ends: dict[str, Moment] = {}

    def is_old(self, seq: int, boot: str, wall_ns: int, mono_ns: int) -> bool:
        """Return whether a row is: by how long before the end of its run it was, which nobody can set."""
        end = self._ends.get(boot)
        if end is None:
            end = self._ends[boot] = self._end_of(seq, boot, Moment(wall_ns=wall_ns, mono_ns=mono_ns))
        at = end.wall_ns - (end.mono_ns - mono_ns)
        return at < self._old_ns and at <= self._present.now.wall_ns + _AHEAD

    def _end_of(self, seq: int, boot: str, own: Moment) -> Moment:
        """Return the last that is known of a run: its clock had the most time to be set right by then."""
        if boot == self._present.boot:
            return Moment(wall_ns=self._present.wall_ns, mono_ns=self._present.now.mono_ns)
        # Rows of one run stand together, so the last one is found by halving.
        low, high = seq, self._connection.execute("SELECT max(seq) FROM journal").fetchone()[0]
        while low < high:
            middle = (low + high + 1) // 2
            there, wall_ns, mono_ns, whose = self._connection.execute(
                "SELECT seq, CAST(wall_ns AS INTEGER), CAST(mono_ns AS INTEGER), boot FROM journal "
                "WHERE seq <= ? ORDER BY seq DESC LIMIT 1",
                (middle,),
            ).fetchone()
            if whose == boot:
                low, own = middle, Moment(wall_ns=wall_ns, mono_ns=mono_ns)
            else:
                high = there - 1
        return own


def _give_back(connection: Connection) -> bool:
    """Give some of the free pages back to the disk; return whether there are more to give."""
    _, pages, free = _pages(connection)
    spare = free - max(FREE_PAGES, pages // 10)
    if spare <= 0 or connection.execute("PRAGMA auto_vacuum").fetchone()[0] != 2:  # noqa: PLR2004 - incremental
        return False
    connection.execute(f"PRAGMA incremental_vacuum({min(VACUUMED, spare):d})").fetchall()
    return spare > VACUUMED


def _pages(connection: Connection) -> tuple[int, int, int]:
    page, pages, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return page, pages, free


def _why(old: int, rows: int) -> str:
    if not rows:
        return ""
    if old == rows:
        return "age"
    return "size" if not old else "age and size"
