"""A journal with rows as a test wants them, also very many: in the real file, by the real schema."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from acore.storage.database import connect
from acore.storage.sqlite import Connection

INSERT = (
    "INSERT INTO journal (seq, id, kind, name, version, node, boot, wall_ns, mono_ns, source, target, cause, "
    "correlation, attempt, payload) VALUES (?, ?, ?, ?, 1, 'node', ?, ?, ?, ?, ?, ?, ?, 1, ?)"
)
BEGAN = 1_800_000_000_000_000_000
MILLISECOND = 1_000_000


class Book:
    """Rows, each a millisecond after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection: Connection = connect(path)
        self._seq = 0
        # What is written here need not survive anything.
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("BEGIN")

    def fill(self, count: int) -> None:
        """Write *count* rows of the daily life of a bot, the first ones."""
        self.connection.executemany(INSERT, stories(count))
        self._seq = count

    def close(self) -> None:
        """Keep what was written."""
        self.connection.execute("COMMIT")
        self.connection.close()

    def write(self, name: str, *, cause: int = 0, **fields: Any) -> int:  # noqa: ANN401 - JSON
        """Write a row and return its number.

        Args:
            name: Its wire name.
            cause: The number of the row that it comes of; 0 for none.
            fields: Of its payload; and `kind`, `source`, `target`, `boot`, `row_id`, `cause_id` of its own.
        """
        self._seq += 1
        seq = self._seq
        row_id = fields.pop("row_id", f"{seq:024x}")
        cause_id = fields.pop("cause_id", f"{cause:024x}" if cause else "")
        at = BEGAN + seq * MILLISECOND
        self.connection.execute(
            INSERT,
            (
                seq,
                row_id,
                fields.pop("kind", "event"),
                name,
                fields.pop("boot", "b1"),
                at,
                at - BEGAN,
                fields.pop("source", "gateway"),
                fields.pop("target", ""),
                cause_id,
                fields.pop("correlation", row_id),
                msgspec.json.encode(fields).decode(),
            ),
        )
        return seq

    def audit(self, seq: int, interaction: int) -> None:
        """Have row *seq* be that of an interaction."""
        self.connection.execute(
            "INSERT INTO audit VALUES (?, 0, 'b1', 'ann', '/ops', '', 'denied', '', ?, '', '', '', '')",
            (seq, interaction),
        )

    def owe(self, seq: int, boot: str) -> None:
        """Have row *seq* be an effect without an outcome, which the run *boot* has in hand."""
        self.connection.execute(
            "INSERT INTO outbox SELECT id, seq, name, version, 'idempotent', ?, wall_ns, source, cause, "
            "correlation, 0, payload FROM journal WHERE seq = ?",
            (boot, seq),
        )


def stories(count: int) -> Iterator[tuple[Any, ...]]:
    """Yield *count* rows: commands and what follows from them, ten rows a story, and a timer without end."""
    story = ("interaction.received", "interaction.acknowledged", "interaction.replied", "interaction.answer")
    rest = ("activity.counted", "check.due", "check.run", "check.completed", "host.sampled")
    names = (*story, "interaction.closed", *rest)
    timer = ""
    for seq in range(1, count + 1):
        place = (seq - 1) % 10
        first = f"{seq - place:024x}"
        row_id = f"{seq:024x}"
        kind = "effect" if place in {3, 7} else "event"
        cause = (
            first
            if 0 < place < 4
            else f"{seq - 1:024x}"
            if place in {4, 7, 8}
            else timer
            if place == 6
            else ""
        )
        timer = row_id if place == 8 else timer
        at = BEGAN + seq * MILLISECOND
        payload = msgspec.json.encode({"interaction": seq, "is_answered": True, "check": "disk"}).decode()
        source = "gateway" if place < 5 else "health"
        yield (seq, row_id, kind, names[place], "b1", at, at - BEGAN, source, "", cause, first, payload)
