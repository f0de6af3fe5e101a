"""What the actors knew, kept so that a replay need not begin at the beginning."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from acore.events.supervision import StateKept
from acore.record import Record
from acore.storage.sqlite import Connection

SPREAD = 8
"""Two neighbours stand no further apart than this part of their age, in rows of the journal."""
SNAPSHOTS = (
    "SELECT CAST(actor AS TEXT), CAST(seq AS INTEGER), CAST(boot AS TEXT), CAST(incarnation AS INTEGER), "
    "CAST(unread AS INTEGER), CAST(shape AS TEXT), CAST(digest AS TEXT), CAST(state AS TEXT) FROM snapshots"
)
"""The columns of a `Snapshot`, in its order."""
_INSERT = (
    "INSERT OR IGNORE INTO snapshots (actor, seq, boot, incarnation, unread, shape, digest, state) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class Snapshot(Record):
    """What an actor knew after everything up to a row, but for what had come and was not handled yet.

    Attributes:
        actor: Who.
        seq: The number of the row that tells of it.
        boot: The run of the process.
        incarnation: The run of the actor, from 1.
        unread: How many messages had come before and were not handled yet.
        shape: A fingerprint of the state's fields.
        digest: A digest of the state.
        state: The state, as canonical JSON.
    """

    actor: str
    seq: int
    boot: str
    incarnation: int
    unread: int
    shape: str
    digest: str
    state: str


def snapshot_of(*cells: Any) -> Snapshot:  # noqa: ANN401 - what SQLite gives
    """Return the snapshot in a row that `SNAPSHOTS` gives."""
    return Snapshot(**dict(zip(Snapshot.__struct_fields__, cells, strict=True)))


def keep(connection: Connection, boot: str, kept: StateKept) -> None:
    """Add a state, and drop those that stand too close together for their age.

    Args:
        connection: In a transaction.
        boot: The run of the process.
        kept: The state.
    """
    told = kept.remembered
    connection.execute(
        _INSERT,
        (told.actor, kept.seq, boot, told.incarnation, told.unread, told.shape, told.digest, kept.state),
    )
    found = connection.execute("SELECT seq FROM snapshots WHERE actor = ? ORDER BY seq", (told.actor,))
    spare = [(told.actor, seq) for seq in superfluous([seq for (seq,) in found.fetchall()])]
    connection.executemany("DELETE FROM snapshots WHERE actor = ? AND seq = ?", spare)


def bring(connection: Connection, snapshots: Iterable[Snapshot]) -> None:
    """Add what another database had; what is there already stays.

    Args:
        connection: In a transaction.
        snapshots: The states.
    """
    connection.executemany(
        _INSERT,
        (
            (one.actor, one.seq, one.boot, one.incarnation, one.unread, one.shape, one.digest, one.state)
            for one in snapshots
        ),
    )


def superfluous(seqs: Sequence[int]) -> Iterator[int]:
    """Yield which of these numbers, in order, are near enough to others to be dropped.

    So there are many young ones and few old ones: their count grows with the logarithm of the journal.
    """
    if not seqs:
        return
    newest, before = seqs[-1], seqs[0]
    for index in range(1, len(seqs) - 1):
        if (seqs[index + 1] - before) * SPREAD <= newest - seqs[index + 1]:
            yield seqs[index]
        else:
            before = seqs[index]
