"""The watchdog: one look at all actors every few seconds, which finds the handlers that take too long."""

from collections.abc import Collection, Iterable
from typing import Protocol

from acore.clock import Timer
from acore.errors import AcoreError
from acore.events.base import Envelope, trace_of
from acore.events.bus import Bus
from acore.events.supervision import HandlerSlow
from acore.runtime.stack import Call, place, text

SLOW_AFTER = 15.0
"""Seconds after which a handler is told of; bubus warns then too, Home Assistant after 60."""
HANDLER_TIMEOUT = 60.0
"""Seconds after which a handler is given up: twelve asks in a row that all wait in vain (5 s each)."""
_LOOKS = 4
"""Looks in the shortest limit: what passes one is seen a quarter of it later at most."""
_SHORTEST, _LONGEST = 0.05, 5.0
_NAME = "watchdog"


class HandlerTimeoutError(AcoreError):
    """A handler was given up because it took too long.

    No TimeoutError: one that the handler's own code raises is something else.
    """

    def __init__(self, actor: str, message: str, seconds: float, place: str) -> None:
        """Say so.

        Args:
            actor: Whose handler it was.
            message: Wire name of what it handled.
            seconds: How long it had been seen at it.
            place: File and line where it waited.
        """
        super().__init__(
            f"{actor} was not done with {message} after {seconds:.0f} s and was given up: give what it waits "
            "for a deadline, or its spec a longer handler_timeout"
        )
        self.place = place


class Watched(Protocol):
    """What the watchdog needs to know of an actor's cell."""

    @property
    def name(self) -> str:
        """The actor's name."""
        ...

    @property
    def runs(self) -> int:
        """How many runs there have been: a message that is handled again is handled anew."""
        ...

    @property
    def slow_after(self) -> float | None:
        """Seconds after which a handler is told of; None for never."""
        ...

    @property
    def handler_timeout(self) -> float | None:
        """Seconds after which a handler is given up; None for never."""
        ...

    def at_work(self) -> Collection[Envelope]:
        """Return what is being handled now; nothing when idle or down. Called often, for every actor."""
        ...

    def calls(self, envelope: Envelope) -> tuple[Call, ...]:
        """Return where the handling of *envelope* waits, outermost first."""
        ...

    def time_out(self, envelope: Envelope, seconds: float) -> bool:
        """Give up the handling of *envelope* after *seconds*, and the run of the actor with it.

        Returns:
            Whether it was: not while the actor starts or stops, which have limits of their own.
        """
        ...


class _Spell:
    """A handling that was under way when the watchdog looked."""

    __slots__ = ("is_given_up", "run", "since", "tell_at")

    def __init__(self, run: int, since: float, tell_at: float | None) -> None:
        self.run = run
        self.since = since
        self.tell_at = tell_at
        self.is_given_up = False


class Watchdog:
    """Tells of handlers that take long, and gives up those that take too long.

    It costs messages nothing: nobody tells it when a handler begins or ends, and it has one timer for all.
    A handler's time counts from the first look that found it at work, so a limit is never cut short.
    """

    def __init__(self, cells: Collection[Watched], bus: Bus) -> None:
        """Watch *cells*; actors that join them later are watched too.

        Args:
            cells: All actors. The shortest limit among them at the start says how often they are looked at.
            bus: Where it tells, and whose clock it goes by.
        """
        self._cells = cells
        self._bus = bus
        self._spells: dict[tuple[str, str], _Spell] = {}
        self._timer: Timer | None = None
        self._pause = _LONGEST
        self._due = 0.0

    def start(self) -> None:
        """Begin to look."""
        limits = [limit for cell in self._cells for limit in _limits(cell)]
        self._pause = min(_LONGEST, max(_SHORTEST, min(limits, default=_LONGEST) / _LOOKS))
        self._wait(self._bus.clock.monotonic())

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> bool:
        """Look at all actors once; return whether there was anything to tell or to give up."""
        now = self._bus.clock.monotonic()
        # While the loop stood still, or the machine, nobody could get on.
        lost = max(0.0, now - self._due) if self._timer is not None else 0.0
        busy = [(cell, envelope) for cell in self._cells for envelope in cell.at_work()]
        before, self._spells = self._spells, {}
        told = False
        for cell, envelope in busy:
            key = (cell.name, envelope.id)
            spell = before.get(key)
            if spell is None or spell.run != cell.runs:
                spell = _Spell(cell.runs, now, cell.slow_after)
            else:
                spell.since += lost
            self._spells[key] = spell
            told |= self._judge(cell, envelope, spell, now - spell.since)
        return told

    def _judge(self, cell: Watched, envelope: Envelope, spell: _Spell, seconds: float) -> bool:
        """Tell of a handling, or give it up, if it is time for it; return whether it was."""
        if spell.is_given_up:
            return False
        if cell.handler_timeout is not None and seconds >= cell.handler_timeout:
            spell.is_given_up = cell.time_out(envelope, seconds)
            if spell.is_given_up:
                return True
        if spell.tell_at is None or seconds < spell.tell_at:
            return False
        while spell.tell_at <= seconds:
            spell.tell_at *= 2
        calls = cell.calls(envelope)
        news = HandlerSlow(
            actor=cell.name,
            message=self._bus.catalog.of(type(envelope.message)).name,
            message_id=envelope.id,
            seconds=seconds,
            limit=cell.handler_timeout,
            place=place(calls),
            stack=text(calls),
        )
        self._bus.publish(news, trace_of(envelope, _NAME))
        return True

    def _wait(self, now: float) -> None:
        self._due = now + self._pause
        self._timer = self._bus.clock.call_later(self._pause, self._look_again)

    def _look_again(self) -> bool:
        try:
            return self.look()
        finally:
            self._wait(self._bus.clock.monotonic())


def _limits(cell: Watched) -> Iterable[float]:
    return (limit for limit in (cell.slow_after, cell.handler_timeout) if limit is not None)
