"""Message types: what may be registered, and what may be sent."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import new_class
from typing import Annotated, Any, Literal, NamedTuple, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.events.base import Command, Effect, Event, Message, Policy
from acore.events.catalog import Catalog, CatalogError, InvalidMessageError
from acore.record import Record


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Place(Record):
    x: int
    y: int = 0


class Everything(Event):
    """One of each."""

    n: int
    f: float = 0.0
    text: str = ""
    mood: Mood = Mood.GOOD
    place: Place | None = None
    many: tuple[Place, ...] = ()
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


@pytest.fixture
def catalog() -> Catalog:
    made = Catalog()
    made.register(Everything, "test.everything")
    return made


@pytest.mark.parametrize(
    "fields",
    [
        {"n": "1"},
        {"n": 1.5},
        {"n": True},
        {"n": 1, "f": math.nan},
        {"n": 1, "f": math.inf},
        {"n": 1, "f": -math.inf},
        {"n": 1, "many": (Place(x=1), Place(x=math.nan))},  # pyright: ignore[reportArgumentType]
        {"n": 1, "text": None},
        {"n": 1, "mood": "sad"},
        {"n": 1, "place": (1, 2)},
        {"n": 1, "place": Place(x="a")},  # pyright: ignore[reportArgumentType]
        {"n": 1, "many": [Place(x=1)]},
        {"n": 1, "share": 1.1},
        {"n": 1, "text": "\udcff"},
    ],
    ids=str,
)
def test_what_does_not_fit_its_declaration_is_not_sent(catalog: Catalog, fields: dict[str, Any]) -> None:
    """B24, B26: msgspec itself checks nothing on construction."""
    with pytest.raises(InvalidMessageError, match="Everything was not sent"):
        catalog.encode(Everything(**fields))


@given(
    st.builds(
        Everything,
        n=st.integers(-(2**63), 2**64 - 1),
        f=st.floats(allow_nan=False, allow_infinity=False),
        text=st.text(),
        mood=st.sampled_from(Mood),
        place=st.none() | st.builds(Place, x=st.integers(0, 9)),
        many=st.lists(st.builds(Place, x=st.integers(0, 9)), max_size=3).map(tuple),
        share=st.floats(0, 1),
    )
)
def test_what_fits_comes_back_as_it_was(message: Everything) -> None:
    """B24."""
    catalog = Catalog()
    catalog.register(Everything, "test.everything")

    carried, payload = catalog.carry(message)

    assert carried == message
    assert catalog.decode("test.everything", 1, payload) == message


def test_what_is_only_equal_is_carried_as_a_replay_will_read_it(catalog: Catalog) -> None:
    """B25, R03: otherwise a handler would see 1 live and 1.0 in the replay."""
    carried, payload = catalog.carry(Everything(n=1, f=1, mood="bad"))  # pyright: ignore[reportArgumentType]

    assert repr(carried) == repr(catalog.decode("test.everything", 1, payload))
    assert repr(carried.f) == "1.0"
    assert carried.mood is Mood.BAD


class Point(msgspec.Struct):
    x: int


@dataclass
class Dot:
    x: int


class Dict(TypedDict):
    x: int


class Pair(NamedTuple):
    x: int
    y: int


class Base(Record):
    x: int


class Sub(Base):
    y: int


class Rows(Record, array_like=True):
    x: int


class Strict(Record, forbid_unknown_fields=True):
    x: int


class Open(Record, dict=True):
    x: int


class Same(Record, eq=False):
    x: int


class Late(Record):
    x: int


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (list[int], "a list cannot travel"),
        (dict[str, int], "a dict cannot travel"),
        (set[int], "a set cannot travel"),
        (frozenset[int], "a frozenset cannot travel"),
        (bytearray, "a bytearray cannot travel"),
        (Any, "a any cannot travel"),
        (tuple[list[int], ...], "a list cannot travel"),
        (Place | list[int], "a list cannot travel"),
        (Dot, "a dataclass cannot travel"),
        (Dict, "a typeddict cannot travel"),
        (Pair, "a namedtuple cannot travel"),
        (complex, "a custom cannot travel"),
        (msgspec.Raw, "a raw cannot travel"),
        (Annotated[list[int], msgspec.Meta(description="said of it")], "a list cannot travel"),
        (tuple[Annotated[dict[str, int], msgspec.Meta(title="said of it")], ...], "a dict cannot travel"),
        (Point, "Point is not frozen"),
        (Base, "Base has subclasses whose fields would be lost"),
        (Record, "Record has subclasses"),
        (Rows, "array_like"),
        (Strict, "forbid_unknown_fields"),
        (Open, "Open is not frozen"),
        (Same, "eq=False"),
    ],
)
def test_what_could_be_changed_or_misread_on_its_way_is_refused(
    catalog: Catalog, annotation: object, why: str
) -> None:
    """B25, B26: also deep inside; the message names the field."""
    body = {"__doc__": "It cannot travel.", "__annotations__": {"field": annotation}}
    bad = new_class("Bad", (Event,), exec_body=lambda namespace: namespace.update(body))

    with pytest.raises(CatalogError, match=rf"Bad\.field: .*{why}"):
        catalog.register(bad, "test.bad")


def test_a_record_cannot_be_changed_after_it_was_sent(catalog: Catalog) -> None:
    """B25: neither the sender's copy nor the one that all receivers share."""
    sent = Everything(n=1, place=Place(x=1), many=(Place(x=2),))

    carried, _ = catalog.carry(sent)

    assert carried is not sent
    assert carried.many[0] is not sent.many[0]
    for target, name in ((carried, "n"), (carried.place, "x"), (carried.many[0], "x")):
        with pytest.raises(AttributeError, match="immutable"):
            setattr(target, name, 9)
    with pytest.raises(TypeError):
        carried.many[0] = Place(x=9)  # pyright: ignore[reportIndexIssue]


def thawed() -> type[Message]:
    class Bad(Event, frozen=False):  # pyright: ignore[reportGeneralTypeIssues]
        """It can be changed."""

    return Bad


def with_a_list_for_a_default() -> type[Message]:
    class Bad(Event):
        """Its default is not what it declares."""

        many: tuple[int, ...] = []  # pyright: ignore[reportAssignmentType]

    return Bad


def with_a_dict_deep_in_a_default() -> type[Message]:
    class Bad(Event):
        """Its default holds what it does not declare."""

        many: tuple[tuple[int, ...], ...] = msgspec.field(default_factory=lambda: (dict[str, int](),))  # pyright: ignore[reportAssignmentType]

    return Bad


def with_a_base_for_a_reply() -> type[Message]:
    class Bad(Command[Base]):
        """It asks for anything that is a Base."""

    return Bad


def with_many_bases_for_a_reply() -> type[Message]:
    class Bad(Command[tuple[Base, ...] | None]):
        """It asks for all that are a Base."""

    return Bad


def as_an_array() -> type[Message]:
    class Bad(Event, array_like=True):
        """Its fields have no names on their way."""

        n: int

    return Bad


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (thawed, "Bad is not frozen"),
        (with_a_list_for_a_default, r"Bad\.many: its default is a list"),
        (with_a_dict_deep_in_a_default, r"Bad\.many: its default is a dict"),
        (with_a_base_for_a_reply, "Base has subclasses"),
        (with_many_bases_for_a_reply, "Base has subclasses"),
        (as_an_array, "array_like"),
    ],
)
def test_a_class_that_could_be_changed_or_misread_is_refused(
    catalog: Catalog, make: Callable[[], type[Message]], why: str
) -> None:
    """B25, B26."""
    with pytest.raises(CatalogError, match=why):
        catalog.register(make(), "test.bad")


def test_a_base_that_gets_its_subclass_later_is_caught_when_it_is_sent(catalog: Catalog) -> None:
    """B26: when the field was registered nothing derived from its type; no field is lost in silence."""

    class Holds(Event):
        """It holds a record."""

        late: Late

    catalog.register(Holds, "test.holds")

    class Later(Late):
        y: int

    assert catalog.carry(Holds(late=Late(x=1)))[0] == Holds(late=Late(x=1))
    with pytest.raises(InvalidMessageError, match="Holds was not sent: it would not read back as what it is"):
        catalog.carry(Holds(late=Later(x=1, y=2)))


@pytest.mark.parametrize("n", [2**63, 2**64, -(2**63) - 1, 10**30])
def test_a_whole_number_of_any_size_comes_back_as_it_was(catalog: Catalog, n: int) -> None:
    """B26: what travels is JSON, which has no 64 bits."""
    carried, payload = catalog.carry(Everything(n=n))

    assert carried.n == n
    assert payload.startswith(b'{"n":%d,' % n)


@pytest.mark.parametrize(
    "name", ["seen", "test.Seen", "test/seen", "test.*", "test.seen ", "", "..", "test..seen"]
)
def test_a_name_that_cannot_be_searched_for_or_name_a_file_is_refused(catalog: Catalog, name: str) -> None:
    """B26."""

    class Other(Event):
        """Another one."""

    with pytest.raises(CatalogError, match=r"is no wire name; write `topic\.what_happened`"):
        catalog.register(Other, name)


def no_doc() -> type[Event]:
    class Silent(Event):
        n: int

    return Silent


def test_an_undocumented_type_is_refused(catalog: Catalog) -> None:
    with pytest.raises(CatalogError, match=r"Silent: its docstring is its documentation"):
        catalog.register(no_doc(), "test.silent")


def test_two_types_of_one_name_are_refused(catalog: Catalog) -> None:
    """B26."""

    class Other(Event):
        """Another one."""

    with pytest.raises(
        CatalogError, match=r"Other: the wire name 'test.everything' belongs to Everything already"
    ):
        catalog.register(Other, "test.everything")


def test_one_type_under_two_names_is_refused(catalog: Catalog) -> None:
    """B26: the journal would have one half under each."""
    with pytest.raises(CatalogError, match=r"Everything is known as 'test.everything' already"):
        catalog.register(Everything, "test.also")


def effect_without_policy(catalog: Catalog) -> None:
    class Do(Effect):
        """Do it."""

    catalog.register(Do, "test.do")


def event_with_policy(catalog: Catalog) -> None:
    class Did(Event):
        """It was done."""

    catalog.register(Did, "test.did", policy=Policy.IDEMPOTENT)


@pytest.mark.parametrize("register", [effect_without_policy, event_with_policy])
def test_effects_and_nothing_else_declare_a_policy(
    catalog: Catalog, register: Callable[[Catalog], None]
) -> None:
    with pytest.raises(CatalogError, match="an effect, and nothing else, declares a policy"):
        register(catalog)


def test_a_command_says_what_it_wants_back(catalog: Catalog) -> None:
    class Get(Command):  # pyright: ignore[reportMissingTypeArgument]
        """Get it."""

    with pytest.raises(CatalogError, match=r"say what it wants back, as in `class Get\(Command"):
        catalog.register(Get, "test.get")


def test_a_reply_is_checked_like_a_message(catalog: Catalog) -> None:
    class Get(Command[Literal["yes", "no"]]):
        """Get it."""

    catalog.register(Get, "test.get")

    assert catalog.encode_reply(Get, "yes") == b'"yes"'
    assert catalog.decode_reply("test.get", b'"no"') == "no"
    with pytest.raises(InvalidMessageError, match="Get was not sent"):
        catalog.encode_reply(Get, "perhaps")


def test_a_type_without_a_name_cannot_be_sent(catalog: Catalog) -> None:
    class Nameless(Event):
        """It has no name."""

    with pytest.raises(CatalogError, match="Nameless is not registered"):
        catalog.encode(Nameless())
