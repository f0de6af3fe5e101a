"""Classes whose annotations are only text, and name what a function alone can see."""

from __future__ import annotations

from acore.events.base import Event
from acore.events.catalog import Catalog, wire
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles


def unresolvable() -> None:
    """Annotate with a class that nobody can find by its name."""

    @wire("test.handlers.hidden", catalog=Catalog())
    class Hidden(Event):
        """It cannot be found."""

    class Bad(EdgeActor):  # pyright: ignore[reportUnusedClass] - it cannot be made
        @handles
        async def see(self, seen: Hidden, io: EdgeContext) -> None: ...


def named() -> tuple[type[Event], type[EdgeActor]]:
    """Return such a class, and an actor that names it in the decorator instead."""

    @wire("test.handlers.local")
    class Local(Event):
        """It cannot be found by its name."""

    class Good(EdgeActor):
        @handles(Local)
        async def see(self, seen: Local, io: EdgeContext) -> None: ...

    return Local, Good
