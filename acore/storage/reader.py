"""The actor that reads what is kept."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from acore.errors import AcoreError
from acore.events.discord import IdentifyBudget, LoadBudget, LoadPending, Pending
from acore.events.lifecycle import LoadLastRun, PastRun
from acore.events.metrics import Counters, LoadCounters
from acore.events.outbox import LoadOpenEffects, OpenEffect
from acore.events.why import FindCauses, Found
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.storage.damaged import damage_noted
from acore.storage.database import Database, open_database
from acore.storage.outbox import open_effects
from acore.storage.pending import pending
from acore.storage.runs import run_before
from acore.storage.sqlite import Connection

WAIT_AT_MOST = 3.0
"""Seconds a read waits for what was published before it; then it reads what is there."""


class NotOpenError(AcoreError):
    """A read came when the database was not open."""

    def __init__(self) -> None:
        super().__init__("the store was asked before it was ready, or after it had stopped")


class StoreReader(EdgeActor):
    """Answers what the core actors recall when they start, on a connection of its own.

    Each read sees all that was published before it was asked.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to read the database at *path*."""
        self._path = path
        self._database: Database | None = None

    async def run(self, io: EdgeContext) -> None:
        """Keep the database open until asked to stop."""
        async with await open_database(self._path, read_only=True) as self._database:
            io.ready()
            await io.stopping.wait()

    @handles
    async def last_run(self, _: LoadLastRun, io: EdgeContext) -> PastRun | None:
        """Return the run before this one."""
        return await self._read(io, partial(run_before, boot=io.boot))

    @handles
    async def counters(self, _: LoadCounters, io: EdgeContext) -> Counters:
        """Return what was counted since the beginning of the data."""
        return await self._read(io, counters)

    @handles
    async def budget(self, _: LoadBudget, io: EdgeContext) -> IdentifyBudget | None:
        """Return how many new sessions were left."""
        return await self._read(io, budget)

    @handles
    async def pending(self, _: LoadPending, io: EdgeContext) -> tuple[Pending, ...]:
        """Return the interactions that were not closed, also those too old to be answered."""
        return await self._read(io, pending)

    @handles
    async def open_effects(self, wanted: LoadOpenEffects, io: EdgeContext) -> tuple[OpenEffect, ...]:
        """Return effects that have no outcome, oldest first."""
        return await self._read(io, partial(open_effects, after=wanted.after, limit=wanted.limit))

    @handles
    async def why(self, question: FindCauses, io: EdgeContext) -> Found:
        """Return what led to something and what came of it; or, in a sentence, why that cannot be told."""
        return await self._read(io, partial(found, what=question.what))

    async def _read[R](self, io: EdgeContext, job: Callable[[Connection], R]) -> R:
        if io.handling is not None:
            with io.clock.deadline(WAIT_AT_MOST):
                await io.durable(io.handling.seq - 1)
        if self._database is None:
            raise NotOpenError
        async with damage_noted(self._path):
            return await self._database.run(job)


def counters(connection: Connection) -> Counters:
    """Return the counters."""
    # One statement, so that the sums and how far they reach are of one moment.
    rows = connection.execute(
        "SELECT name, value FROM counters UNION ALL SELECT 'upto', seq FROM progress"
    ).fetchall()
    return msgspec.convert(dict(rows), Counters)


def budget(connection: Connection) -> IdentifyBudget | None:
    """Return the budget for new sessions, if Discord ever told it."""
    row = connection.execute("SELECT total, remaining, resets_at FROM identify_budget").fetchone()
    if row is None:
        return None
    total, remaining, resets_at = row
    return IdentifyBudget(total=total, remaining=remaining, resets_at=datetime.fromisoformat(resets_at))


def found(connection: Connection, what: str) -> Found:
    """Return what led to *what* and what came of it; or, in a sentence, why that cannot be told."""
    # Most bots are never asked in all their life, and it is much to keep in memory.
    from acore.storage.query import AmbiguousIdError, NoSuchRowError  # noqa: PLC0415 - see above
    from acore.storage.why import NothingFoundError, NotUnderstoodError, chain  # noqa: PLC0415 - see above

    try:
        return Found(chain=chain(connection, what))
    except (NothingFoundError, NotUnderstoodError, NoSuchRowError, AmbiguousIdError) as error:
        return Found(chain=None, problem=str(error))
