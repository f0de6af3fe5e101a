"""What the actors knew, kept so that a replay need not begin at the beginning."""

from collections.abc import Iterable, Iterator, Sequence

from acore.events.supervision import StateKept
from acore.storage.scan import Snapshot
from acore.storage.sqlite import Connection

SPREAD = 8
"""Two neighbours stand no further apart than this part of their age, in rows of the journal."""


_INSERT = (
    "INSERT OR IGNORE INTO snapshots (actor, seq, boot, incarnation, unread, shape, digest, state) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


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
