"""The actor that puts the journal on disk."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from anyio import Event as Flag
from anyio import Lock, to_thread
from anyio.lowlevel import checkpoint
from loguru import logger

from acore.errors import AcoreError
from acore.events.audit import AuditNoted
from acore.events.base import Entry
from acore.events.store import (
    JournalFilled,
    JournalRelieved,
    PinJournal,
    ProbeStore,
    PurgeJournal,
    PurgeOutcome,
    StoreDegraded,
    StoreProbe,
    StoreRecovered,
    StoreState,
    StoreView,
)
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.storage.damaged import damage_noted
from acore.storage.database import Database, Prepare, open_database
from acore.storage.journal import Journal, JournalOverflowError
from acore.storage.limits import Limits
from acore.storage.opening import Opening
from acore.storage.pins import PinError, pin, unpin
from acore.storage.probe import free_space, probe
from acore.storage.retention import forecast
from acore.storage.rows import Spoiled, write
from acore.storage.sqlite import Connection, Error, is_passing, transact
from acore.storage.sweeper import EVERY, PAUSE, Sweeper

BATCH = 1000
"""Entries in one transaction, at most; more gain nothing and hold the others up."""
FIRST_RETRY, LAST_RETRY = 0.1, 5.0
"""Seconds until a failed write is tried again, doubling from the first to the last."""
MARK_EVERY = 1.0
"""Seconds from one sync of the mark to the next, at least."""
FLUSH_WITHIN = 5.0
"""Seconds in which an ordered stop begins further attempts to write what is left."""
_UNWRITABLE = "the journal cannot be written now"
_NOTHING_PURGED = PurgeOutcome(
    problem=f"{_UNWRITABLE}, so nothing can be removed: `acore status` tells what is wrong"
)


class StoreWriter(EdgeActor):
    """Writes whatever gathered while the last transaction was on its way to the disk.

    The journal outlives it, and how far it has written stands in the file: a restart loses nothing and
    writes nothing twice. While writing fails, what happens gathers in memory and nobody waits but those
    who asked to.
    """

    def __init__(
        self,
        journal: Journal,
        path: Path,
        opening: Opening,
        *,
        limits: Limits | None = None,
        sweeper: Sweeper | None = None,
        prepare: Prepare | None = None,
    ) -> None:
        """Prepare to write.

        Args:
            journal: What is to be written.
            path: The database, taken over for this boot already.
            opening: What was found then.
            limits: How much it may take.
            sweeper: Removes what is old or too much; nobody does if it is not given.
            prepare: Called with each new connection before it is used.
        """
        self._limits = limits or Limits()
        self._sweeper = sweeper
        self._purges: list[asyncio.Future[PurgeOutcome]] = []
        self._journal = journal
        self._path = path
        self._opening = opening
        self._claimed = Flag()
        self._prepare = prepare
        self._database: Database | None = None
        self._door = Lock()
        self._retry = FIRST_RETRY
        self._owed = 0

    async def run(self, io: EdgeContext) -> None:
        """Write until asked to stop, then write what is left."""
        self._show(io, self._state)
        io.spawn(self._wake_to_stop, io)
        if self._limits.is_alone:
            io.spawn(self._end_when_overflowing)
        io.spawn(self._keep_mark, io)
        self._tell_opening(io)
        if self._sweeper is not None:
            io.spawn(self._keep_house, io, self._sweeper)
        io.ready()
        try:
            while not io.stopping.is_set():
                await self._next(io)
                # Who hears what was said just now answers in this turn: a fact and the effect it leads to
                # are one commit, and the effect waits for one instead of two.
                await checkpoint()
                if not await self._write(io):
                    self._give_up_sweeping()
                    with io.clock.deadline(self._next_retry()):
                        await io.stopping.wait()
                elif self._sweeper is not None and self._sweeper.is_sweeping:
                    await self._sweep(io, self._sweeper)
            await self._flush(io)
        finally:
            await self._let_go()

    @handles
    async def look(self, _: ProbeStore, io: EdgeContext) -> StoreProbe:
        """Write a row and read it back on a connection of its own, and look the file over."""
        began = io.clock.monotonic()
        look_over = partial(probe, self._path, stamp=io.clock.wall_ns(), prepare=self._prepare)
        found = await to_thread.run_sync(look_over)
        return StoreProbe(
            seconds=io.clock.monotonic() - began,
            file_bytes=found.file_bytes,
            wal_bytes=found.wal_bytes,
            integrity=found.integrity,
        )

    @handles
    async def purge(self, wanted: PurgeJournal, io: EdgeContext) -> PurgeOutcome:
        """Remove what is old or too much now, or say what that would be."""
        if self._sweeper is None or not (wanted.is_trial or self._state is StoreState.WRITING):
            return _NOTHING_PURGED
        if wanted.is_trial:
            job = partial(forecast, limits=self._limits, present=self._sweeper.present)
            try:
                async with await open_database(self._path, read_only=True) as database:
                    return await database.run(job)
            except (AcoreError, Error) as error:
                return PurgeOutcome(problem=f"the journal cannot be read now: {error}")
        done: asyncio.Future[PurgeOutcome] = asyncio.get_running_loop().create_future()
        self._purges.append(done)
        self._sweeper.begin(is_asked=True)
        self._journal.wake()
        outcome = await done
        if outcome.problem:
            return outcome
        io.publish(AuditNoted(who=wanted.by, action="purge", target="journal", outcome="done"))
        return outcome

    @handles
    async def pin(self, wanted: PinJournal, io: EdgeContext) -> str:
        """Keep rows from a number on, or no longer; return why that cannot be."""
        name, seq = wanted.name, wanted.seq
        now = io.clock.now()

        def change(connection: Connection) -> None:
            if seq is None:
                unpin(connection, name)
            else:
                pin(connection, name, seq, now, wanted.by)

        try:
            await (await self._opened()).run(partial(transact, job=change))
        except (PinError, Error) as error:
            return str(error) if isinstance(error, PinError) else f"{_UNWRITABLE}: {error}"
        action = "unpin" if seq is None else "pin"
        target = name if seq is None else f"{name} at {seq}"
        io.publish(AuditNoted(who=wanted.by, action=action, target=target, outcome="done"))
        return ""

    @handles
    async def say_full(self, _: JournalFilled, io: EdgeContext) -> None:
        """Show it at once: the next attempt may be seconds away."""
        self._show(io, self._state)

    @handles
    async def say_relieved(self, _: JournalRelieved, io: EdgeContext) -> None:
        """Show it at once, as above."""
        self._show(io, self._state)

    @property
    def _state(self) -> StoreState:
        return StoreState.WRITING if self._journal.failing_since is None else StoreState.RETRYING

    async def _wake_to_stop(self, io: EdgeContext) -> None:
        await io.stopping.wait()
        self._journal.wake()

    async def _end_when_overflowing(self) -> None:
        await self._journal.has_overflowed.wait()
        raise JournalOverflowError(self._journal.bytes, self._journal.room)

    async def _keep_mark(self, io: EdgeContext) -> None:
        """Sync the mark after what was written, but not more often than need be; beside the writing."""
        while not io.stopping.is_set():
            await self._claimed.wait()
            self._claimed = Flag()
            with self._journal.doing("store: syncing its mark"):
                await to_thread.run_sync(self._opening.mark.sync)
            with io.clock.deadline(MARK_EVERY):
                await io.stopping.wait()

    def _tell_opening(self, io: EdgeContext) -> None:
        """Have the journal say what the start found, once in this run."""
        while self._opening.untold:
            io.publish(self._opening.untold.pop(0))

    async def _next(self, io: EdgeContext) -> None:
        """Return when there is something to write, or to tidy up."""
        if self._sweeper is not None and self._sweeper.is_sweeping:
            with io.clock.deadline(PAUSE):
                await self._journal.gathered()
        else:
            await self._journal.gathered()

    async def _keep_house(self, io: EdgeContext, sweeper: Sweeper) -> None:
        """Look from time to time whether something is to be removed."""
        while True:
            await io.clock.sleep(EVERY)
            sweeper.begin()
            self._journal.wake()

    async def _sweep(self, io: EdgeContext, sweeper: Sweeper) -> None:
        """Remove a little, if there is something to remove."""
        try:
            async with damage_noted(self._path):
                with self._journal.doing("store: tidying up"):
                    told = await sweeper.step(await self._opened())
        except Error as error:
            if not is_passing(error):
                raise
            logger.warning("nothing can be removed from the journal now: {}", error)
            await self._let_go()
            self._give_up_sweeping()
            return
        if told is not None:
            io.publish(told)
        if not sweeper.is_sweeping:
            for done in self._purges:
                if not done.done() and sweeper.outcome is not None:
                    done.set_result(sweeper.outcome)
            self._purges.clear()

    def _give_up_sweeping(self) -> None:
        if self._sweeper is not None:
            self._sweeper.stop()
        for done in self._purges:
            if not done.done():
                done.set_result(_NOTHING_PURGED)
        self._purges.clear()

    async def _write(self, io: EdgeContext) -> bool:
        """Write one batch; return whether that worked."""
        batch = self._journal.batch(BATCH)
        if not batch:
            return True
        try:
            async with damage_noted(self._path):
                with self._journal.doing("store: writing"):
                    # The door costs a turn of the loop, which whoever waits for the disk would wait for too.
                    database = self._database or await self._opened()
                    spoiled = await database.run(
                        partial(self._commit, entries=batch, boot=io.boot, wall_ns=io.clock.wall_ns())
                    )
        except Error as error:
            if not is_passing(error):
                raise
            await self._let_go()
            with self._journal.doing("store: looking for room"):
                free = await to_thread.run_sync(free_space, self._path)
            self._degrade(io, str(error), free)
            return False
        self._journal.committed(batch[-1].seq)
        self._claimed.set()
        self._report(spoiled)
        self._recover(io)
        return True

    def _commit(
        self, connection: Connection, entries: Sequence[Entry], boot: str, wall_ns: int
    ) -> tuple[Spoiled, ...]:
        spoiled = write(connection, entries, boot)
        self._opening.mark.claim(connection, wall_ns)
        return spoiled

    async def _flush(self, io: EdgeContext) -> None:
        until = io.clock.monotonic() + FLUSH_WITHIN
        while self._journal.waiting and io.clock.monotonic() < until:
            if not await self._write(io):
                await io.clock.sleep(self._next_retry())
        if self._journal.waiting:
            logger.error("the store stops with {} entries not written", self._journal.waiting)

    async def _opened(self) -> Database:
        async with self._door:  # a pin may want it opened at the same time
            if self._database is None:
                self._database = await open_database(self._path, prepare=self._prepare)
            return self._database

    async def _let_go(self) -> None:
        """Close the connection: what follows a failure begins with a new one."""
        if self._database is not None:
            database, self._database = self._database, None
            with self._journal.doing("store: closing"):
                await database.close()

    def _next_retry(self) -> float:
        seconds = self._retry
        self._retry = min(2 * seconds, LAST_RETRY)
        return seconds

    def _degrade(self, io: EdgeContext, reason: str, free: int | None) -> None:
        if self._journal.failing_since is None:
            self._journal.failing_since = io.clock.monotonic()
            logger.warning("the store cannot write and keeps trying: {}", reason)
            io.publish(StoreDegraded(reason=reason, waiting=self._journal.waiting))
        self._owed = self._journal.last_seq
        self._show(io, StoreState.RETRYING, reason, free)

    def _recover(self, io: EdgeContext) -> None:
        self._retry = FIRST_RETRY
        since = self._journal.failing_since
        if since is None or self._journal.durable_seq < self._owed:
            return
        self._journal.failing_since = None
        after = io.clock.monotonic() - since
        logger.info("the store writes again, after {:.1f} s", after)
        self._show(io, StoreState.WRITING)
        io.publish(StoreRecovered(after=after))

    def _show(self, io: EdgeContext, state: StoreState, reason: str = "", free: int | None = None) -> None:
        before = io.view(StoreView)
        is_same = before is not None and before.state is state
        io.show(
            StoreView(
                state=state,
                since=before.since if before is not None and is_same else io.clock.now(),
                waiting=self._journal.waiting,
                reason=reason or (before.reason if before is not None and is_same else ""),
                is_full=self._journal.is_full,
                free_bytes=before.free_bytes if free is None and before is not None and is_same else free,
                lost=self._opening.lost,
            )
        )

    def _report(self, spoiled: tuple[Spoiled, ...]) -> None:
        for one in spoiled:
            logger.error(
                "entry {} ({}) is in quarantine, its {} failed: {}",
                one.seq,
                one.name,
                one.stage,
                one.reason,
            )
