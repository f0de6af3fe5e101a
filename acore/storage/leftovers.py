"""Effects without an outcome, looked at from outside: beside a running bot, or after it has died."""

from pathlib import Path

from acore.events.outbox import OpenEffect
from acore.record import Record
from acore.storage.outbox import open_effects
from acore.storage.query import progress_of, reading
from acore.storage.schema import schema_version

_FIRST_SCHEMA = 2


class Leftovers(Record):
    """Effects without an outcome: the oldest ones, how many there are, and which run may write the file."""

    effects: tuple[OpenEffect, ...] = ()
    count: int = 0
    writer: str = ""


def leftovers(path: Path, *, limit: int = 1000) -> Leftovers:
    """Return what has no outcome in the database at *path*, at most *limit* effects of it.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    with reading(path) as connection:
        if schema_version(connection, path) < _FIRST_SCHEMA:  # it is brought up to date at the next start
            return Leftovers()
        count, writer = progress_of(connection, path, "(SELECT count(*) FROM outbox), CAST(writer AS TEXT)")
        return Leftovers(effects=open_effects(connection, limit=limit), count=count, writer=writer)
