"""The audit log: one row per attempt, denial and outcome, each sealed with the hash of the one before."""

from hashlib import sha256
from typing import Any

import msgspec

from acore.events.audit import AuditNoted
from acore.events.base import Entry
from acore.record import Record
from acore.storage.sqlite import Connection, looking

_PAGE = 1000


class AuditRow(Record):
    """What a row's hash covers, in this order for ever. `place` is where, `seq` the journal's number."""

    seq: int
    wall_ns: int
    boot: str
    who: str
    action: str
    target: str
    outcome: str
    rule: str
    interaction: int
    place: str
    reason: str

    def hash_after(self, previous: str) -> str:
        """Return the hash that seals this row behind the row whose hash is *previous*."""
        return sha256(previous.encode() + msgspec.json.encode(self)).hexdigest()


def append(connection: Connection, entry: Entry, noted: AuditNoted) -> None:
    """Add a row about *entry* to the chain, in the present transaction."""
    row = AuditRow(
        seq=entry.seq,
        wall_ns=entry.envelope.wall_ns,
        boot=entry.envelope.origin.boot,
        who=noted.who,
        action=noted.action,
        target=noted.target,
        outcome=noted.outcome,
        rule=noted.rule,
        interaction=noted.interaction,
        place=noted.where,
        reason=noted.reason,
    )
    previous: str = connection.execute("SELECT audit_hash FROM progress").fetchone()[0]
    own = row.hash_after(previous)
    connection.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*msgspec.structs.astuple(row), previous, own),
    )
    connection.execute("UPDATE progress SET audit_seq = ?, audit_hash = ?", (row.seq, own))


def verify(connection: Connection) -> int | None:
    """Return the number of the first row that was changed, added, or follows one that is gone; else None.

    When only the end of the log is gone, the number of its last row is returned.
    """
    seq, previous = 0, ""
    while True:
        # Of one moment, or a row that is written in between would look like one that is missing.
        with looking(connection):
            rows = _page(connection, seq)
            last = connection.execute("SELECT audit_seq, audit_hash FROM progress").fetchone()
        for *fields, linked, own in rows:
            seq = fields[0]
            try:
                row = msgspec.convert(dict(zip(AuditRow.__struct_fields__, fields, strict=True)), AuditRow)
            except msgspec.ValidationError:  # another program has put in what acore cannot
                return seq
            if linked != previous or own != row.hash_after(previous):
                return seq
            previous = own
        if len(rows) < _PAGE:
            return None if last == (seq, previous) else last[0]


def _page(connection: Connection, after: int) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT seq, wall_ns, boot, who, action, target, outcome, rule, interaction, place, reason, "
        "previous, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
        (after, _PAGE),
    ).fetchall()
