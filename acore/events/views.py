"""What actors know, kept where everybody can read it without asking."""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from anyio import Event as Flag

from acore.clock import Clock, instant
from acore.record import Record


class View(Record):
    """An immutable picture of what one actor knows."""


class Seen[V: View](Record):
    """A view with the instant it was last right."""

    view: V
    at: datetime
    source: str


class Views:
    """The latest view of each kind; outlives the actors that show them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._latest: dict[type[View], tuple[View, int, str]] = {}
        self._news: dict[type[View], Flag] = {}

    def show(self, view: View, source: str) -> None:
        """Make *view* the one that is read from now on."""
        self._latest[type(view)] = (view, self._clock.wall_ns(), source)
        if (news := self._news.pop(type(view), None)) is not None:
            news.set()

    async def wait[V: View](self, kind: type[V], until: Callable[[V], bool]) -> V:
        """Return the first view of *kind* that satisfies *until*, now or when it is shown."""
        while True:
            view = self.get(kind)
            if view is not None and until(view):
                return view
            news = self._news.setdefault(kind, Flag())
            await news.wait()

    def get[V: View](self, kind: type[V]) -> V | None:
        """Return the latest view of *kind*; None when nobody has shown one."""
        entry = self._latest.get(kind)
        return None if entry is None else cast("V", entry[0])

    def seen[V: View](self, kind: type[V]) -> Seen[V] | None:
        """Return the latest view of *kind* with its instant; None when nobody has shown one."""
        entry = self._latest.get(kind)
        if entry is None:
            return None
        return Seen(view=cast("V", entry[0]), at=instant(entry[1]), source=entry[2])
