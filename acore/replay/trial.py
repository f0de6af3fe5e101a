"""Who is replayed, and how each kind of row of the journal is handled by the class of today."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from acore.events.base import Kind, Message
from acore.events.catalog import Catalog
from acore.replay.source import Named
from acore.replay.upcast import renewed
from acore.runtime.actor import Actor
from acore.storage.query import Row


class Plan(msgspec.Struct, frozen=True):
    """How rows of one name and version are handled: decoded and given to `method`; blank when by none.

    One that is not of today's version is brought up first.
    """

    decode: Callable[[str], Any]
    method: str
    is_of_today: bool = True


class Trial(msgspec.Struct):
    """Who is replayed, with all that is the same in every run of the process."""

    name: str
    build: Callable[[], Actor[Any]]
    catalog: Catalog
    plans: dict[tuple[str, int], Plan]
    find: Callable[[str], Row | None]
    kept: Callable[[int], str | None]
    """Returns the state that is kept for the row of this number."""
    replayed_by: str
    is_strict: bool
    """Whether a run is only lived when all that it was told is there."""
    want_states: bool

    def is_input(self, row: Row) -> bool:
        """Return whether the actor handles *row*, or what became of it."""
        plan = self.plans.get((row.name, row.version))
        if plan is None:
            return False
        if plan.is_of_today:
            return bool(plan.method)
        return any(self.plans[part.name, part.version].method for part in renewed(row, self.catalog))


def plans(
    names: Sequence[Named], kind: type[Actor[Any]], catalog: Catalog
) -> tuple[dict[tuple[str, int], Plan], tuple[str, ...]]:
    """Return how an actor of *kind* handles each kind of row that occurs, and the names of its events."""
    found: dict[tuple[str, int], Plan] = {}
    events: list[str] = []
    for wire in catalog:  # what an old row has become may not occur by itself
        method = _method(kind, wire.cls)
        found[wire.name, wire.version] = Plan(catalog.decoder(wire.name), method)
    for named in names:
        own = named.name, named.version
        if not catalog.knows(*own):
            continue
        wire = catalog.named(named.name)
        if wire is not None:
            is_wanted = bool(_method(kind, wire.cls)) or named.version != wire.version
        else:
            lineage = catalog.lineage(named.name)
            is_wanted = lineage is not None and not lineage.is_skipped
        if own not in found:
            found[own] = Plan(catalog.decoder(wire.name) if wire else undecoded, "", is_of_today=False)
        if is_wanted and named.kind == Kind.EVENT and named.name not in events:
            events.append(named.name)
    return found, tuple(events)


def _method(kind: type[Actor[Any]], cls: type[Message]) -> str:
    """Return the most specific handler for *cls*; blank when it has none."""
    return next((kind.handlers[base] for base in cls.__mro__ if base in kind.handlers), "")


def undecoded(_payload: str) -> Any:  # noqa: ANN401 - never called
    """Stand in for what decodes, where what is split is brought up first."""
    raise AssertionError
