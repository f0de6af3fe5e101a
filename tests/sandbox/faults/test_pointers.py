"""One place in a JSON document, set or removed."""

import pytest

from acore.sandbox import WrongInputError
from acore.sandbox.faults.pointers import changed, split
from acore.sandbox.parameters import ABSENT

DOCUMENT = {"user": {"id": "1", "a/b": 1, "m~n": 2}, "roles": ["x", "y"], "": "empty"}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/user/id", {**DOCUMENT, "user": {"id": 7, "a/b": 1, "m~n": 2}}),
        ("/user/new", {**DOCUMENT, "user": {"id": "1", "a/b": 1, "m~n": 2, "new": 7}}),
        ("/user/a~1b", {**DOCUMENT, "user": {"id": "1", "a/b": 7, "m~n": 2}}),
        ("/user/m~0n", {**DOCUMENT, "user": {"id": "1", "a/b": 1, "m~n": 7}}),
        ("/roles/0", {**DOCUMENT, "roles": [7, "y"]}),
        ("/roles/-", {**DOCUMENT, "roles": ["x", "y", 7]}),
        ("/", {**DOCUMENT, "": 7}),
        ("", 7),
    ],
)
def test_a_value_is_put_where_the_pointer_leads(pointer: str, expected: object) -> None:
    assert changed(DOCUMENT, split(pointer), 7) == (expected, True)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/user", {"roles": ["x", "y"], "": "empty"}),
        ("/roles/1", {**DOCUMENT, "roles": ["x"]}),
        ("", None),
    ],
)
def test_what_the_pointer_leads_to_is_removed(pointer: str, expected: object) -> None:
    assert changed(DOCUMENT, split(pointer), ABSENT) == (expected, True)


@pytest.mark.parametrize(
    "pointer", ["/nobody", "/nobody/id", "/roles/2", "/roles/01", "/roles/-", "/roles/x/y"]
)
def test_where_there_is_nothing_nothing_is_removed(pointer: str) -> None:
    assert changed(DOCUMENT, split(pointer), ABSENT) == (DOCUMENT, False)


@pytest.mark.parametrize("pointer", ["/nobody/id", "/roles/2", "/roles/²", "/user/id/x"])
def test_a_place_without_surroundings_is_none(pointer: str) -> None:
    assert changed(DOCUMENT, split(pointer), 7) == (DOCUMENT, False)


def test_an_index_of_very_many_digits_is_nowhere() -> None:
    assert changed({"roles": ["x"]}, split(f"/roles/{'1' * 5000}"), 7) == ({"roles": ["x"]}, False)


def test_the_document_itself_stays_as_it_is() -> None:
    document = {"user": {"id": "1"}}
    changed(document, split("/user/id"), "2")

    assert document == {"user": {"id": "1"}}


def test_what_is_no_pointer_is_named_with_the_remedy() -> None:
    with pytest.raises(WrongInputError, match="pointer: 'user/id' will not do; give a JSON pointer such as"):
        split("user/id")
