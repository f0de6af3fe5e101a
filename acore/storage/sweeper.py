"""The journal's housekeeping: when it is time for it, and what is told of it."""

from functools import partial

from acore.clock import Clock
from acore.events.store import JournalPurged, PurgeOutcome
from acore.storage.database import Database
from acore.storage.limits import Limits
from acore.storage.retention import LOW, Moment, Present, Swept, sweep, used_bytes
from acore.storage.sqlite import Connection

EVERY = 600.0
"""Seconds between two looks, and from the start to the first: a busy bot writes a few megabytes in so long.

A machine without a clock of its own starts with a wrong time, which a time server sets right within a minute
or two of its network being there; until then nothing may be called old. Much longer the first look must not
wait: a bot that is restarted more often than that, by its host or by what it fails of, would keep everything
until there is too much.
"""
TOLD_EVERY = 24 * 3600.0
"""Seconds between two facts in the journal about its own housekeeping, unless somebody asked for it."""
PAUSE = 0.02
"""Seconds between two transactions: what is to be written comes first."""


class Sweeper:
    """Sees to it that the journal stays as small and as young as the settings say; outlives its writer."""

    def __init__(self, limits: Limits, boot: str, clock: Clock) -> None:
        """Begin with this run of the process.

        Args:
            limits: How long and how much is kept.
            boot: The run.
            clock: What tells the time.
        """
        self.is_sweeping = False
        self._limits = limits
        self._boot = boot
        self._clock = clock
        self._began = self._moment()
        self._down_to = limits.max_bytes
        self._now = Swept()
        self._total = Swept()
        self.outcome: PurgeOutcome | None = None
        """What the last look removed, from its beginning to its end."""
        self._told_at: float | None = None
        self._told_held: str = ""
        self._is_asked = False

    @property
    def present(self) -> Present:
        """Who asks what is old, and when."""
        return Present(boot=self._boot, began=self._began, now=self._moment())

    def begin(self, *, is_asked: bool = False) -> None:
        """Let the next steps look for what is to be removed; if *is_asked*, tell in any case."""
        if not self.is_sweeping:
            self._now = Swept()
        self.is_sweeping = True
        self._is_asked |= is_asked

    async def step(self, database: Database) -> JournalPurged | None:
        """Do the next small thing; return what is to be told, once all is done and it is time for that."""
        job = partial(_step, limits=self._limits, present=self.present, down_to=self._down_to)
        swept, self._down_to, used = await database.run(job)
        self._now, self._total = _sum(self._now, swept), _sum(self._total, swept)
        if not swept.is_done:
            return None
        self._down_to = self._limits.max_bytes
        self.outcome = PurgeOutcome(
            rows=self._now.rows,
            last_seq=self._now.last_seq,
            reason=self._now.reason,
            used_bytes=used,
            held_by=self._now.held_by,
        )
        self.is_sweeping = False
        return self._tell(used)

    def stop(self) -> None:
        """Give up for now, e.g. since nothing can be written."""
        self.is_sweeping = False

    def _tell(self, used: int) -> JournalPurged | None:
        total, now = self._total, self._clock.monotonic()
        is_news = total.is_cut or total.held_by != self._told_held or self._is_asked
        is_time = self._told_at is None or now - self._told_at >= TOLD_EVERY
        if not (is_news or (total.rows and is_time)):
            return None
        is_worth_it = bool(total.rows or total.held_by)
        self._total, self._told_held, self._is_asked = Swept(), total.held_by, False
        if not is_worth_it:
            return None
        self._told_at = now
        return JournalPurged(
            rows=total.rows,
            first_seq=total.first_seq,
            last_seq=total.last_seq,
            reason=total.reason,
            used_bytes=used,
            held_by=total.held_by,
            is_cut=total.is_cut,
        )

    def _moment(self) -> Moment:
        return Moment(wall_ns=self._clock.wall_ns(), mono_ns=self._clock.monotonic_ns())


def _step(
    connection: Connection, *, limits: Limits, present: Present, down_to: int
) -> tuple[Swept, int, int]:
    if used_bytes(connection) > limits.max_bytes:
        down_to = int(LOW * limits.max_bytes)
    swept = sweep(connection, limits, present, down_to=down_to)
    return swept, down_to, used_bytes(connection)


def _sum(before: Swept, more: Swept) -> Swept:
    return Swept(
        rows=before.rows + more.rows,
        first_seq=before.first_seq or more.first_seq,
        last_seq=more.last_seq or before.last_seq,
        reason=more.reason or before.reason,
        held_by=more.held_by,
        is_cut=before.is_cut or more.is_cut,
    )
