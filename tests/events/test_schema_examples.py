"""Examples for golden files: made from the declaration, the same ones every time."""

import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from acore.events.base import Event
from acore.golden.examples import NoExampleError, examples
from acore.golden.shapes import Shape, changes, describe
from acore.record import Record


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 9


class Dot(Record, tag="dot"):
    x: int


class Line(Record, tag="line"):
    start: Dot
    colour: Colour = Colour.RED


class Leaf(Record):
    inside: "Leaf | None" = None
    many: "tuple[Leaf, ...]" = ()


class All(Event):
    """One of each that may travel."""

    flag: bool
    n: int
    f: float
    text: str
    raw: bytes
    at: datetime
    aware: Annotated[datetime, Meta(tz=True)]
    naive: Annotated[datetime, Meta(tz=False)]
    day: date
    hour: time
    span: timedelta
    own: UUID
    exact: Decimal
    colour: Colour
    level: Level
    word: Literal["yes", "no"] | None
    pair: tuple[int, Colour]
    many: tuple[Dot | Line, ...]
    perhaps: Line | None
    leaf: Leaf
    share: Annotated[float, Meta(ge=0, le=1)]
    dozen: Annotated[int, Meta(gt=0, lt=13, multiple_of=3)]
    letters: Annotated[str, Meta(min_length=2, max_length=3)]
    longish: Annotated[str, Meta(min_length=9)]
    bits: Annotated[bytes, Meta(min_length=4, max_length=4)]
    few: Annotated[tuple[Colour, ...], Meta(min_length=3, max_length=4)]
    one: Annotated[tuple[Level, ...], Meta(max_length=1)]
    code: Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["ABC", "XYZ"])]
    given: int = 5


def found(cls: type[Event] = All) -> list[Any]:
    return [msgspec.json.decode(msgspec.json.encode(one), type=cls) for one in examples(cls)]


def test_every_example_keeps_to_the_limits_of_its_fields() -> None:
    """E02, E07: each is decoded by the class, which checks its types and limits."""
    made = found()

    assert len(made) > 3
    assert all(msgspec.json.decode(msgspec.json.encode(one), type=All) == one for one in made)


def test_the_examples_have_every_row_every_option_and_every_limit() -> None:
    """E08: so that none can be taken away unseen."""
    made = found()

    assert {one.colour for one in made} == set(Colour)
    assert {one.level for one in made} == set(Level)
    assert {one.word for one in made} == {"yes", "no", None}
    assert {one.flag for one in made} == {True, False}
    assert {type(one.perhaps) for one in made} == {Line, type(None)}
    assert {type(part) for one in made for part in one.many} == {Dot, Line}
    assert {len(one.many) == 0 for one in made} == {True, False}
    assert {0.0, 1.0} <= {one.share for one in made}
    assert {3, 12} >= {min(one.dozen for one in made), max(one.dozen for one in made)}
    assert {one.code for one in made} == {"ABC", "XYZ"}
    assert {len(one.letters) for one in made} >= {2}
    assert max(one.n for one in made) > 2**53


def test_one_example_has_every_field_and_one_only_those_that_are_required() -> None:
    """E01."""
    full, least, *_ = examples(All)

    assert set(full) == set(All.__struct_fields__)
    assert set(least) == set(full) - {"given"}


def test_a_record_within_itself_comes_to_an_end() -> None:
    """E02."""
    assert examples(Leaf) == [{"inside": None, "many": []}, {}]


@pytest.mark.parametrize("limits", [{"pattern": "^a"}, {"min_length": 3, "max_length": 2}])
def test_what_cannot_be_guessed_is_asked_for(limits: dict[str, Any]) -> None:
    """E07: with the field, and how to give an example."""

    class Holds(Record):
        text: Annotated[str, Meta(**limits)]

    class Coded(Event):
        """It has a code."""

        inside: tuple[Holds, ...]

    with pytest.raises(NoExampleError, match=r"Coded\.inside\[\]\.text: no example of this str.*examples="):
        examples(Coded)


def test_a_field_is_called_as_in_the_journal() -> None:
    """E04."""

    class Renamed(Event, rename="camel"):
        """It has other names outside."""

        some_thing: int
        other: int = msgspec.field(name="wire", default=1)

    assert set(examples(Renamed)[0]) == {"someThing", "wire"}


def test_another_process_makes_the_same_examples() -> None:
    """R02: whatever the order of its sets is."""
    script = (
        "import msgspec\n"
        "from acore.events.discord import AnswerInteraction as it\n"
        "from acore.golden.examples import examples\n"
        "from acore.golden.shapes import describe\n"
        "print(msgspec.json.encode([examples(it), describe(it)]).decode())"
    )

    told = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }

    assert len(told) == 1


def test_a_shape_that_was_kept_is_the_same_when_it_is_read_again() -> None:
    """E07: limits and defaults too."""
    shape = describe(All)

    again = msgspec.json.decode(msgspec.json.encode(shape), type=Shape)

    assert list(changes(again, shape)) == list(changes(shape, again)) == []
    text = msgspec.json.encode(shape).decode()
    for limit in ('"multiple_of":3', '"pattern":"^[A-Z]{3}$"', '"min_length":9', '"tz":true', '"default":5'):
        assert limit in text
