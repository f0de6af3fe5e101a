"""Why something happened: the question, what the journal has of it, and the answer in sentences."""

from datetime import datetime

from acore.events.base import Command
from acore.events.catalog import wire
from acore.events.personal import FreeText
from acore.events.row import Row
from acore.record import Record


class Chain(Record):
    """What led to an entry of the journal and what came of it, as far as was looked.

    Attributes:
        asked: The entry, by its number.
        rows: Everything found, in order, the entry among it.
        path: From the first cause to the entry, by their numbers.
        between: How many causes after the first one were not looked at; None when that is not known.
        is_cut: Whether the first cause of `path` had a cause that is not kept any more.
        has_more: Whether more came of it than was looked at.
        remark: What has to be said of the choice of the entry.
        headline: What is the answer by itself; the entries only show more.
    """

    asked: int
    rows: tuple[Row, ...]
    path: tuple[int, ...]
    between: int | None = 0
    is_cut: bool = False
    has_more: bool = False
    remark: str = ""
    headline: str = ""


class Found(Record):
    """A chain; or, without one, why there is none."""

    chain: Chain | None
    problem: str = ""


@wire("why.find", journaled=False)
class FindCauses(Command[Found]):
    """What led to this, and what came of it? `what` is as `acore why` takes it."""

    what: str


class Line(Record):
    """One thing that happened, in a sentence.

    `after` are seconds since the first line; `depth` counts the causes above it that are shown.
    """

    seq: int
    at: datetime
    after: float
    depth: int
    text: FreeText
    is_asked: bool = False


class Account(Record, tag="why"):
    """Why something happened, and what came of it: the first cause first, each below what it came of.

    Attributes:
        what: What was asked.
        lines: What happened.
        left_out: How many more there are.
        is_more: Whether there are more than that.
        notes: What has to be said besides.
    """

    what: FreeText
    lines: tuple[Line, ...]
    left_out: int = 0
    is_more: bool = False
    notes: tuple[str, ...] = ()
