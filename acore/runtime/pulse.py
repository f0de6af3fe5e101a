"""Whether supervisors still get to what they have to do."""

from collections.abc import Mapping
from typing import Protocol

from acore.events.base import Trace
from acore.events.bus import Bus
from acore.events.supervision import SupervisorSilent

PING_EVERY = 5.0
"""Seconds between two pings of a supervisor."""
SILENT_AFTER = 15.0
"""Seconds that a ping may be on its way; after as many, a handler is told of as slow."""


class Pinged(Protocol):
    """What is asked of a supervisor."""

    @property
    def pinged_at(self) -> float | None:
        """When the oldest ping that has not come back was sent, in monotonic seconds; None when all have."""
        ...

    def ping(self) -> None:
        """Send a ping through the queue of its steps, unless one is on its way or it does not run."""
        ...


class Pulse:
    """Pings supervisors, and tells of one that does not come to it: once, until it has."""

    def __init__(self, supervisors: Mapping[str, Pinged], bus: Bus) -> None:
        """Prepare to ping.

        Args:
            supervisors: All there are, by name; those that join them later are pinged too.
            bus: Where it is told, and whose clock counts.
        """
        self._supervisors = supervisors
        self._bus = bus
        self._due = 0.0
        self._silent: set[str] = set()

    def look(self) -> None:
        """Look after all supervisors, if it is time for it; may be called as often as one likes."""
        now = self._bus.clock.monotonic()
        if now >= self._due:
            self._due = now + PING_EVERY
            for name, one in self._supervisors.items():
                self._feel(name, one, now)

    def _feel(self, name: str, one: Pinged, now: float) -> None:
        sent = one.pinged_at
        if sent is None:
            self._silent.discard(name)
            one.ping()
        elif now - sent >= SILENT_AFTER and name not in self._silent:
            self._silent.add(name)
            self._bus.publish(SupervisorSilent(supervisor=name, seconds=now - sent), Trace("pulse"))
