"""Time, as everything in acore takes it: a clock that runs, and one that a test holds."""

import asyncio
import heapq
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sized
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from anyio import CancelScope, Event
from anyio.lowlevel import checkpoint

from acore.errors import AcoreError

NANOSECONDS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timer(Protocol):
    """Something that will be called, unless it is cancelled first."""

    def cancel(self) -> None:
        """Never call it; harmless when it was called already."""


class Clock(ABC):
    """The one owner of real time and of every deadline.

    Durations are measured with `monotonic`, which no change of the machine's clock moves; `now` is
    what people read.
    """

    @abstractmethod
    def wall_ns(self) -> int:
        """Return nanoseconds since 1970, UTC. It may step backwards when the machine's clock is set."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds since an arbitrary moment; it never goes backwards."""

    @abstractmethod
    def monotonic_ns(self) -> int:
        """Return nanoseconds since that moment."""

    @abstractmethod
    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call *callback* on the event loop in *seconds*.

        A callback that returns False says that it only looked and set nothing off: a clock that is held
        then moves on at once, so that looking often costs a simulated day next to nothing.
        """

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return instant(self.wall_ns())

    async def sleep(self, seconds: float) -> None:
        """Return after *seconds*."""
        if seconds <= 0:
            await checkpoint()
            return
        woken = Event()
        timer = self.call_later(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            timer.cancel()

    @contextmanager
    def deadline(self, seconds: float, *, shield: bool = False) -> Generator[CancelScope]:
        """Cancel the block after *seconds*; the scope's `cancelled_caught` says whether that happened.

        Args:
            seconds: How long the block may take.
            shield: Whether a cancellation from outside has to wait for the block.
        """
        with CancelScope(shield=shield) as scope:
            timer = self.call_later(seconds, scope.cancel)
            try:
                yield scope
            finally:
                timer.cancel()


def instant(wall_ns: int) -> datetime:
    """Return the UTC instant of *wall_ns* nanoseconds since 1970, to the microsecond."""
    return datetime.fromtimestamp(wall_ns // NANOSECONDS, UTC) + timedelta(
        microseconds=wall_ns % NANOSECONDS // 1000
    )


def nanoseconds(at: datetime) -> int:
    """Return the nanoseconds from 1970 to the instant *at*; the reverse of `instant`."""
    return (at - _EPOCH) // timedelta(microseconds=1) * (NANOSECONDS // 10**6)


class RealClock(Clock):
    """The machine's own time."""

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970, UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds of the machine's monotonic clock."""
        return time.monotonic()  # noqa: TID251 - this is the Clock that everybody else takes

    def monotonic_ns(self) -> int:
        """Return nanoseconds of the machine's monotonic clock."""
        return time.monotonic_ns()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call *callback* on the event loop in *seconds*."""
        return asyncio.get_running_loop().call_later(seconds, callback)


class _Due:
    """A callback waiting in a held clock."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class UnsettledError(AcoreError):
    """What a test set off does not come to rest."""

    def __init__(self, seconds: float, under_way: list[str]) -> None:
        what = "; ".join(under_way) or "a task that is always ready to run"
        super().__init__(f"still under way after {seconds:g} s: {what}")


class HeldClock(Clock):
    """Time that passes only when a test says so.

    `advance` goes from one due timer to the next and lets all work that follows from it end before it
    goes on, so that an hour passes in an instant and nothing in it is skipped. Real threads, files and
    sockets work beside it: what is under way in them is told by the probes given to `watch`.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC), *, patience: float = 20.0) -> None:
        """Hold time at *start*.

        Args:
            start: The instant at which it is held.
            patience: Real seconds that anything set off by the passing of time may take.
        """
        self.patience = patience
        self._monotonic = 1000.0
        # Not kept beside it: added up step by step, it would depend on how many steps there were.
        self._wall_ahead_ns = round(start.timestamp() * NANOSECONDS) - self.monotonic_ns()
        self._due: list[tuple[float, int, _Due]] = []
        self._order = itertools.count()
        self._probes: list[Callable[[], Iterable[str]]] = []

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970, UTC, as the test left them."""
        return self.monotonic_ns() + self._wall_ahead_ns

    def monotonic(self) -> float:
        """Return seconds advanced since an arbitrary moment."""
        return self._monotonic

    def monotonic_ns(self) -> int:
        """Return nanoseconds advanced since that moment."""
        return round(self._monotonic * NANOSECONDS)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call *callback* when the test has advanced by *seconds*."""
        due = _Due(callback)
        heapq.heappush(self._due, (self._monotonic + max(0.0, seconds), next(self._order), due))
        return due

    def watch(self, probe: Callable[[], Iterable[str]]) -> None:
        """Ask *probe* before time moves; while it names anything that is under way, time waits."""
        self._probes.append(probe)

    def step_wall(self, by: timedelta) -> None:
        """Set the machine's clock forward or back without any time passing."""
        self._wall_ahead_ns += round(by.total_seconds() * NANOSECONDS)

    async def advance(self, seconds: float) -> None:
        """Let *seconds* pass, and return when all that they set off has ended."""
        end = self._monotonic + seconds
        await self.settle()
        while self._due and self._due[0][0] <= end:
            at = self._due[0][0]
            is_set_off = False
            # What is due at one instant is called in one stretch, as an event loop does.
            while self._due and self._due[0][0] == at:
                callback = heapq.heappop(self._due)[2].callback
                if callback is not None:
                    self._monotonic = at
                    is_set_off |= callback() is not False
            if is_set_off:
                await self.settle()
        self._monotonic = end

    async def settle(self) -> None:
        """Return when nothing is under way: every probe is silent and no task or callback could go on.

        Raises:
            UnsettledError: Something went on and on. What waits for this clock itself is no reason to
                wait for it, so a probe must not name it.
        """
        loop: Any = asyncio.get_running_loop()
        queued: Sized = loop._ready  # noqa: SLF001 - asyncio tells in no public way what else it has to run
        quiet, pause = 0, 0.0
        give_up = time.monotonic() + self.patience  # noqa: TID251 - real work is what this waits for
        while quiet < _QUIET_TURNS:
            await asyncio.sleep(pause)
            quiet, pause = (0 if queued else quiet + 1), 0.0
            # What goes on in threads is asked for in the very moment in which nothing else does.
            if quiet == _QUIET_TURNS and any(True for probe in self._probes for _ in probe()):
                quiet, pause = quiet - 1, _GLANCE
            if quiet < _QUIET_TURNS and time.monotonic() > give_up:  # noqa: TID251 - as above
                raise UnsettledError(self.patience, [what for probe in self._probes for what in probe()])


# Between two of them sockets are looked at once: what was sent in the last turn is received in the next.
_QUIET_TURNS = 4
# Seconds until the next look at work in a thread. Linux makes a millisecond of them, but what a thread
# reports ends the wait. Turning round without any would keep from it the very lock that it needs to go on.
_GLANCE = 0.00005
