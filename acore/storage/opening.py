"""Taking the database over at the start: is it the one that was written, and is all of it there."""

from datetime import datetime
from pathlib import Path

from loguru import logger

from acore.clock import instant
from acore.events.base import Event
from acore.events.discord import InteractionClosed
from acore.events.store import JournalLost, Loss
from acore.storage.chain import BEGINNING, LOST
from acore.storage.damaged import NO_PROGRESS, SetAside, damage_in, forget_damage, log_held, move_aside
from acore.storage.database import connect
from acore.storage.mark import MARK_NAME, Mark, MarkKeeper, mark_beside
from acore.storage.pending import unanswerable
from acore.storage.rows import take_over
from acore.storage.schema import missing_tables
from acore.storage.sqlite import (
    Connection,
    DamagedDatabaseError,
    Error,
    UnwritableDatabaseError,
    damage_named,
    transaction,
)


class Opening:
    """What the start found: the highest number so far, what is missing or over, and the mark to keep."""

    def __init__(
        self,
        path: Path,
        last_seq: int,
        lost: JournalLost | None,
        closed: tuple[InteractionClosed, ...] = (),
    ) -> None:
        """Begin with the database at *path*, taken over for this run.

        Args:
            path: The database.
            last_seq: The highest number given so far, also to what was lost.
            lost: What is missing; the writer has it recorded.
            closed: Interactions that nobody can answer any more; the writer has that recorded.
        """
        self.last_seq = last_seq
        self.lost = lost
        self.untold: list[Event] = [*closed] if lost is None else [lost, *closed]
        """What the writer has to say, once in this run."""
        self.mark = MarkKeeper(path.with_name(MARK_NAME))


def take(path: Path, boot: str, now: datetime) -> Opening:
    """Bring the database at *path* up to date and make *boot* the one run that writes to it. Blocks.

    A damaged one is moved aside and a new one begun. Numbers go on above all that were ever given, as far as
    the database or the mark beside it tells.

    Raises:
        UnwritableDatabaseError: It cannot be opened for writing.
        FatalError: It is not acore's, or a newer acore's.
    """
    try:
        with log_held(path):
            opening = _take_or_replace(path, boot, now)
        forget_damage(path)
    except (OSError, Error) as error:
        raise UnwritableDatabaseError(path, str(error)) from error
    return opening


def refuse_incomplete(connection: Connection, path: Path) -> None:
    """Raise DamagedDatabaseError unless a file of the newest schema has all that is written to.

    Args:
        connection: To the file.
        path: The file.
    """
    if missing := missing_tables(connection):
        raise DamagedDatabaseError(path, f"no such table: {', '.join(missing)}")
    types = connection.execute("SELECT typeof(seq), typeof(hash), typeof(epoch) FROM progress").fetchall()
    if types != [("integer", "blob", "integer")]:
        raise DamagedDatabaseError(path, NO_PROGRESS)


def _take_or_replace(path: Path, boot: str, now: datetime) -> Opening:
    damage = damage_in(path)
    if not damage:
        try:
            return _take(path, boot, now, None)
        except DamagedDatabaseError as error:
            damage = error.reason
    return _take(path, boot, now, move_aside(path, damage, now))


def _take(path: Path, boot: str, now: datetime, aside: SetAside | None) -> Opening:
    # SQLite gives its -wal and -shm files the permissions of the database.
    path.touch(mode=0o600)
    mark, problem = mark_beside(path)
    with damage_named(path):
        connection = connect(path)
        try:
            refuse_incomplete(connection, path)
            # All of it or nothing: what is noted as missing belongs to the run that is going to tell.
            with transaction(connection):
                lost = _settle(connection, now, mark, problem, aside)
                last_seq = take_over(connection, boot)
                closed = unanswerable(connection, now)
        finally:
            connection.close()
    return Opening(path, last_seq, lost, closed)


def _settle(
    connection: Connection, now: datetime, mark: Mark | None, problem: str, aside: SetAside | None
) -> JournalLost | None:
    """Compare the database with the mark, and note what is missing."""
    seq, head, epoch = connection.execute("SELECT seq, hash, epoch FROM progress").fetchone()
    if mark is None and (epoch or aside is not None):
        logger.warning(
            "{}: {}. Whether the newest entries of the journal are all there cannot be told this once; "
            "it is made anew",
            MARK_NAME,
            problem,
        )
    lost = _loss(connection, seq, mark, aside)
    if lost is not None and lost.last_seq > seq:
        connection.execute(
            "INSERT INTO gone VALUES (?, ?, ?, ?, ?, ?)",
            (seq + 1, lost.last_seq, lost.last_seq - seq, head, round(now.timestamp() * 10**9), LOST),
        )
        connection.execute("UPDATE progress SET seq = ?", (lost.last_seq,))
    if mark is not None and mark.epoch > epoch:
        connection.execute("UPDATE progress SET epoch = ?", (mark.epoch,))
    return lost


def _loss(connection: Connection, seq: int, mark: Mark | None, aside: SetAside | None) -> JournalLost | None:
    """Return what is missing from a database whose highest number is *seq*."""
    marked = None if mark is None else instant(mark.wall_ns)
    if aside is not None:
        last = max(aside.last_seq, mark.seq if mark is not None else 0)
        return JournalLost(
            loss=Loss.DAMAGED,
            first_seq=1,
            last_seq=last,
            marked=marked,
            kept_as=aside.name,
            reason=aside.reason,
        )
    noted = connection.execute(
        "SELECT first_seq, last_seq FROM gone WHERE reason = ? ORDER BY last_seq DESC LIMIT 1", (LOST,)
    ).fetchone()
    if noted is not None and noted[1] == seq:
        # The run that found it ended before it could record it, or what it recorded is lost as well.
        last = max(seq, mark.seq if mark is not None else 0)
        return JournalLost(loss=Loss.BEHIND, first_seq=noted[0], last_seq=last, marked=marked)
    if mark is None or (noted is not None and noted[1] == mark.seq):
        return None
    if mark.seq > seq:
        return JournalLost(loss=Loss.BEHIND, first_seq=seq + 1, last_seq=mark.seq, marked=marked)
    if (found := _hash_at(connection, mark.seq)) is None or found.hex() == mark.hash:
        return None
    return JournalLost(loss=Loss.OTHER, first_seq=1, last_seq=mark.seq, marked=marked)


def _hash_at(connection: Connection, seq: int) -> bytes | None:
    """Return the hash of the newest row up to *seq*; None when that is gone, and not known any more."""
    if connection.execute("SELECT 1 FROM gone WHERE first_seq <= ? AND last_seq > ?", (seq, seq)).fetchone():
        return None
    found: tuple[int, bytes] | None = connection.execute(
        "SELECT seq, hash FROM (SELECT seq, hash FROM journal WHERE seq <= ? ORDER BY seq DESC LIMIT 1) "
        "UNION ALL SELECT last_seq, hash FROM gone WHERE last_seq <= ? AND reason <> ? "
        "ORDER BY 1 DESC LIMIT 1",
        (seq, seq, LOST),
    ).fetchone()
    return BEGINNING if found is None else found[1]
