"""Everything of the store in the order in which it opens and closes."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from anyio import CancelScope, to_thread
from loguru import logger

from acore.clock import Clock
from acore.errors import AcoreError
from acore.events.base import Envelope, Kind
from acore.events.catalog import CATALOG, UnknownMessageError
from acore.events.row import Row
from acore.runtime.spec import ChildSpec
from acore.storage.database import Prepare, open_database
from acore.storage.journal import Journal
from acore.storage.limits import Limits
from acore.storage.lock import DataDirectory
from acore.storage.opening import Opening, take
from acore.storage.reader import StoreReader
from acore.storage.rows import write
from acore.storage.samples import SAMPLES_NAME, SamplesActor
from acore.storage.sqlite import Error
from acore.storage.sweeper import Sweeper
from acore.storage.writer import BATCH, StoreWriter

DATABASE_NAME = "acore.db"
_PAGE = 500
_MESSAGES = frozenset({Kind.EVENT, Kind.COMMAND, Kind.EFFECT})
# The flush begins attempts for 5 s, and one that waits for a lock takes 5 s more.
_WRITER_SHUTDOWN = 15.0


class Store:
    """The opened store: give `journal` and `last_seq` to the bus, and `children` to a supervisor.

    `lost` tells, once all has ended, how many entries could not be written.
    """

    def __init__(
        self,
        path: Path,
        journal: Journal,
        opening: Opening,
        *,
        limits: Limits | None = None,
        sweeper: Sweeper | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        """Describe a store whose database was taken over for this boot; see `open_store`."""
        self.path = path
        self.journal = journal
        self.opening = opening
        self.last_seq = journal.last_seq
        self.lost = 0
        self._limits = limits or Limits()
        self._sweeper = sweeper
        self._prepare = prepare

    def writer(self) -> StoreWriter:
        """Return the actor that writes, made anew."""
        return StoreWriter(
            self.journal,
            self.path,
            self.opening,
            limits=self._limits,
            sweeper=self._sweeper,
            prepare=self._prepare,
        )

    def reader(self) -> StoreReader:
        """Return the actor that reads, made anew."""
        return StoreReader(self.path)

    def samples(self) -> SamplesActor:
        """Return the actor that keeps measured values, made anew."""
        return SamplesActor(self.path.with_name(SAMPLES_NAME), self.journal.doing)

    def children(self) -> tuple[ChildSpec, ...]:
        """Return the store's actors in start order; the writer stops last."""
        return (
            ChildSpec(
                id="writer",
                actor=StoreWriter,
                start=self.writer,
                shutdown=_WRITER_SHUTDOWN,
                # It handles nothing but looks at the file, in a thread: no reason to stop writing.
                handler_timeout=None,
            ),
            ChildSpec(id="reader", actor=StoreReader, start=self.reader),
            ChildSpec(id="samples", actor=SamplesActor, start=self.samples),
        )

    def under_way(self) -> Iterator[str]:
        """Yield what goes on in the writer's thread, for `HeldClock.watch`."""
        return self.journal.under_way()


@asynccontextmanager
async def open_store(
    directory: Path,
    *,
    boot: str,
    clock: Clock,
    limits: Limits | None = None,
    prepare: Prepare | None = None,
) -> AsyncGenerator[Store]:
    """Take the data directory, bring its database up to date, and make this the one run that writes to it.

    A damaged database is moved aside and a new one begun; that, and what is missing otherwise, is recorded.
    After the block, what was said while the writer had stopped already is written, and the directory is free.

    Args:
        directory: The data directory; made if it is not there.
        boot: Names this run of the process; unlike any other's.
        clock: Whose time the lock file shows.
        limits: How much it may take; the defaults of the settings if not given.
        prepare: Called with each new connection that writes, before it is used.

    Raises:
        DataDirectoryError: It cannot be made or written.
        AlreadyRunningError: Another process uses it.
        UnwritableDatabaseError: The database cannot be opened for writing.
        FatalError: The database is not acore's, or a newer acore's.
    """
    data = DataDirectory(directory, boot=boot, clock=clock)
    try:
        await to_thread.run_sync(data.acquire)
        path = directory / DATABASE_NAME
        opening = await to_thread.run_sync(take, path, boot, clock.now())
        limits = limits or Limits()
        journal = Journal(opening.last_seq, partial(_past, path), room=limits.memory_bytes)
        sweeper = Sweeper(limits, boot, clock)
        store = Store(path, journal, opening, limits=limits, sweeper=sweeper, prepare=prepare)
        try:
            yield store
        finally:
            with CancelScope(shield=True):
                await _write_rest(store, boot, clock)
                await to_thread.run_sync(opening.mark.close)
    finally:
        data.release()


async def _past(path: Path, after: int, upto: int) -> AsyncIterator[Envelope]:
    """Yield the messages on disk after number *after*, up to *upto*; a page at a time, off the event loop."""
    while page := await to_thread.run_sync(_page, path, after):
        for row in page:
            if row.seq > upto:
                return
            if row.kind not in _MESSAGES:
                continue
            # What is not known here is nothing that anybody could have asked to hear.
            with suppress(UnknownMessageError):
                for message in CATALOG.read(row.name, row.version, row.payload.encode()):
                    yield row.envelope(message)
        after = page[-1].seq


def _page(path: Path, after: int) -> Sequence[Row]:
    # Only who fell behind what memory holds is told from the disk; most bots never need it.
    from acore.storage.query import tail  # noqa: PLC0415 - see above

    return tail(path, limit=_PAGE, after=after)


async def _write_rest(store: Store, boot: str, clock: Clock) -> None:
    """Write what came after the writer had stopped, in one attempt; say how much is lost if that fails."""
    journal = store.journal
    if not journal.waiting:
        return
    try:
        async with await open_database(store.path) as database:
            while batch := journal.batch(BATCH):
                await database.run(partial(write, entries=batch, boot=boot))
                journal.committed(batch[-1].seq)
            await database.run(partial(store.opening.mark.claim, wall_ns=clock.wall_ns()))
    except (AcoreError, Error) as error:
        store.lost = journal.waiting
        logger.critical("{} entries of the journal are lost: {}", journal.waiting, error)
