"""How much the store may take: of memory while it cannot write, of the disk, and for how long."""

from acore.record import Record

MEGABYTE = 2**20
MEMORY_MB, RETENTION_DAYS, MAX_MB = 64, 7, 512
"""Defaults of JOURNAL_MEMORY_MB, JOURNAL_RETENTION_DAYS and JOURNAL_MAX_MB."""


class Limits(Record):
    """What the store is held to.

    Attributes:
        memory_bytes: What may wait to be written before what is new is refused.
        days: How long the journal keeps its rows.
        max_bytes: How large the database may become before the oldest rows go earlier than that.
        is_alone: Whether acore has the process to itself, and may stop it when twice `memory_bytes` wait.
        replayed: The actors that can be replayed: what the present run of each began with is kept.
    """

    memory_bytes: int = MEMORY_MB * MEGABYTE
    days: int = RETENTION_DAYS
    max_bytes: int = MAX_MB * MEGABYTE
    is_alone: bool = True
    replayed: tuple[str, ...] = ()
