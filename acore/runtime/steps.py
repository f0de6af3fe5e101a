"""Whether somebody sets the machine's clock while everything runs."""

from acore.clock import NANOSECONDS
from acore.events.base import Trace
from acore.events.bus import Bus
from acore.events.lifecycle import ClockStepped

STEP = 1.0
"""Seconds that both clocks may drift apart from one look to the next: a clock that is slowed down or sped up
(adjtime(3), at most 500 parts in a million) needs half an hour for so much."""


class ClockWatch:
    """Compares the wall clock with the one that nobody can set, and tells when it was set."""

    def __init__(self, bus: Bus) -> None:
        """Prepare to look.

        Args:
            bus: Where it is told, and whose clock is watched.
        """
        self._bus = bus
        self._ahead_ns = self._difference()

    def look(self) -> None:
        """Look once; costs two readings of the clock."""
        ahead_ns = self._difference()
        seconds = (ahead_ns - self._ahead_ns) / NANOSECONDS
        self._ahead_ns = ahead_ns
        if abs(seconds) > STEP:
            self._bus.publish(ClockStepped(seconds=round(seconds, 3)), Trace("clock"))

    def _difference(self) -> int:
        clock = self._bus.clock
        return clock.wall_ns() - clock.monotonic_ns()
