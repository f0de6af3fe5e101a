"""Measured values in a file of their own: what happens to it holds up nothing else."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path

import msgspec
from anyio import Event as Flag
from anyio import to_thread
from loguru import logger

from acore.clock import Clock
from acore.errors import FatalError
from acore.events.metrics import ActivityCounted, HostSampled
from acore.events.store import SamplesView
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.storage.damaged import move_aside
from acore.storage.database import Database, Prepare, open_in_thread
from acore.storage.limits import MEGABYTE
from acore.storage.schema import migrate, migrations
from acore.storage.sqlite import (
    Connection,
    DamagedDatabaseError,
    Error,
    attach,
    damage_named,
    is_full,
    transact,
)

SAMPLES_NAME = "metrics.db"
MOST_BYTES = 64 * MEGABYTE
"""How large the file becomes; the oldest tenth goes when it is. At a minute's pace that is half a year."""
KEPT = 10_000
"""Values that may wait in memory; older ones are lost, and counted."""
GATHER = 60.0
"""Seconds for which values are gathered before they are written together."""
RETRY = 60.0
"""Seconds until writing is tried again after it failed."""
LAST_WORDS = 2.0
"""Seconds that an ordered stop gives to what is not written yet."""
_BUSY_SECONDS = 2.0
_DROPS = 10
_MARGIN = 128  # So many pages what waits may need at once.

type Sample = tuple[str, int, float]
"""Series, nanoseconds since 1970, value."""
type Doing = Callable[[str], AbstractContextManager[None]]


class SamplesActor(EdgeActor):
    """Writes measured values to their own file, in its own thread; what it cannot write is lost, and said."""

    def __init__(self, path: Path, doing: Doing, *, prepare: Prepare | None = None) -> None:
        """Prepare to write.

        Args:
            path: The file; made if it is not there.
            doing: Names what goes on in the thread, where a held clock cannot see it.
            prepare: Called with each new connection before it is used.
        """
        self._path = path
        self._doing = doing
        self._prepare = prepare
        self._waiting: deque[Sample] = deque()
        self._news = Flag()
        self._lost = 0
        self._database: Database | None = None

    async def run(self, io: EdgeContext) -> None:
        """Write what is measured until asked to stop."""
        self._show(io, "")
        io.ready()
        try:
            async with io.until_stopped():
                while True:
                    await self._news.wait()
                    await io.clock.sleep(GATHER)
                    if not await self._write(io):
                        await io.clock.sleep(RETRY)
        finally:
            # The file is not worth a stop that takes long.
            with io.clock.deadline(LAST_WORDS, shield=True):
                if self._waiting:
                    await self._write(io)
            await self._let_go()

    @handles
    async def keep_host(self, sample: HostSampled, io: EdgeContext) -> None:
        """Keep each number of a sample of the machine."""
        self._keep("host", msgspec.structs.asdict(sample), io)

    @handles
    async def keep_activity(self, counted: ActivityCounted, io: EdgeContext) -> None:
        """Keep what passed; that nothing did is what is not there."""
        self._keep("activity", {name: n for name, n in msgspec.structs.asdict(counted).items() if n}, io)

    def _keep(self, topic: str, values: dict[str, float], io: EdgeContext) -> None:
        assert io.handling is not None  # noqa: S101 - only what handles a fact calls it
        at = io.handling.wall_ns
        self._waiting.extend((f"{topic}.{name}", at, float(value)) for name, value in values.items())
        while len(self._waiting) > KEPT:
            self._waiting.popleft()
            self._lost += 1
        self._news.set()

    async def _write(self, io: EdgeContext) -> bool:
        """Write what waits; return whether that worked."""
        batch = list(self._waiting)
        try:
            with self._doing("samples: writing"), damage_named(self._path):
                if self._database is None:
                    self._database = await open_in_thread(partial(_connect, self._path, self._prepare))
                await self._database.run(partial(_put, batch=batch))
        except (Error, OSError, FatalError) as error:
            await self._let_go()
            if isinstance(error, DamagedDatabaseError):
                await self._move_aside(error, io.clock)
            self._complain(io, str(error))
            return False
        for _ in batch:
            # Something newer may have pushed the oldest out meanwhile.
            if self._waiting:
                self._waiting.popleft()
        if not self._waiting:
            self._news = Flag()
        self._show(io, "")
        return True

    async def _move_aside(self, error: DamagedDatabaseError, clock: Clock) -> None:
        with suppress(OSError), self._doing("samples: moving a damaged file aside"):
            kept = await to_thread.run_sync(partial(move_aside, self._path, error.reason, clock.now()))
            logger.warning("{} is damaged and kept as {}; a new one is begun", self._path, kept.name)

    async def _let_go(self) -> None:
        if self._database is not None:
            database, self._database = self._database, None
            with self._doing("samples: closing"):
                await database.close()

    def _complain(self, io: EdgeContext, trouble: str) -> None:
        before = io.view(SamplesView)
        if before is None or not before.trouble:
            logger.warning("measured values cannot be written and are lost in time: {}", trouble)
        self._show(io, trouble)

    def _show(self, io: EdgeContext, trouble: str) -> None:
        view = SamplesView(trouble=trouble, lost=self._lost)
        if io.view(SamplesView) != view:
            io.show(view)


def _connect(path: Path, prepare: Prepare | None) -> Connection:
    path.touch(mode=0o600)
    with damage_named(path):
        connection = attach(path, "rwc")
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")
            connection.execute("PRAGMA journal_mode = WAL")
            # The last seconds may be lost with the machine's power; nothing waits for this disk.
            connection.execute("PRAGMA synchronous = NORMAL")
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {MOST_BYTES // page:d}")
            migrate(connection, path, migrations("metrics"))
            if prepare is not None:
                prepare(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _put(connection: Connection, batch: Sequence[Sample]) -> None:
    for attempt in range(_DROPS + 1):
        try:
            transact(connection, partial(_insert, batch=batch))
        except Error as error:
            # When it is the disk that is full, older values would be given up for nothing.
            if attempt == _DROPS or not (is_full(error) and _is_at_limit(connection)):
                raise
            transact(connection, _drop_oldest)
        else:
            return


def _is_at_limit(connection: Connection) -> bool:
    pages, most = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "max_page_count")
    )
    return bool(pages >= most - _MARGIN)


def _insert(connection: Connection, batch: Sequence[Sample]) -> None:
    names = {(name,) for name, _, _ in batch}
    connection.executemany("INSERT INTO series (name) VALUES (?) ON CONFLICT DO NOTHING", sorted(names))
    connection.executemany(
        "INSERT OR REPLACE INTO samples SELECT id, ?, ? FROM series WHERE name = ?",
        [(wall_ns, value, name) for name, wall_ns, value in batch],
    )


def _drop_oldest(connection: Connection) -> None:
    """Make room for a tenth, of each series its oldest."""
    for (series,) in connection.execute("SELECT id FROM series").fetchall():
        count = connection.execute("SELECT count(*) FROM samples WHERE series = ?", (series,)).fetchone()[0]
        connection.execute(
            "DELETE FROM samples WHERE series = ? AND wall_ns <= "
            "(SELECT wall_ns FROM samples WHERE series = ? ORDER BY wall_ns LIMIT 1 OFFSET ?)",
            (series, series, count // 10),
        )
