"""The bench's own messages: the sample as a journaled event, as one that is not, and as a question."""

from typing import Any

from acore.bench.runtime.sample import FIELDS
from acore.events.base import Command, Event
from acore.events.catalog import wire


@wire("bench.measured")
class Measured(Event):
    """A reading that the journal keeps."""

    id: int
    ts: float
    source: str
    seq: int
    level: str
    value: float


@wire("bench.gauged", journaled=False)
class Gauged(Event):
    """A reading that the journal does not keep."""

    id: int
    ts: float
    source: str
    seq: int
    level: str
    value: float


@wire("bench.get_number", journaled=False)
class GetNumber(Command[int]):
    """Which number does this reading have?"""

    id: int
    ts: float
    source: str
    seq: int
    level: str
    value: float


@wire("bench.break", journaled=False)
class BreakEdge(Event):
    """An edge actor that handles this fails."""


@wire("bench.break_core")
class BreakCore(Event):
    """A core actor that handles this fails."""


_FIELDS: dict[str, Any] = FIELDS
MEASURED = Measured(**_FIELDS)
GAUGED = Gauged(**_FIELDS)
GET_NUMBER = GetNumber(**_FIELDS)
