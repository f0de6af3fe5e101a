"""JSON pointers: one place in a JSON document (RFC 6901), to be set or removed."""

import copy
from typing import Any

from acore.sandbox.parameters import ABSENT, WrongInputError
from acore.sandbox.shapes import as_list, as_object

MOST_DIGITS = 9
"""Of an index; no array is so long that it needs more."""


def split(pointer: str) -> tuple[str, ...]:
    """Return the steps of a pointer, unescaped (RFC 6901, section 4).

    Raises:
        WrongInputError: it is none.
    """
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise WrongInputError("pointer", pointer, "give a JSON pointer such as /components/0/id")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def changed(document: object, steps: tuple[str, ...], value: object) -> tuple[object, bool]:
    """Return a copy of *document* with *value* at the place, or without what is there if *value* is ABSENT.

    A step `-` is the place after the last item of an array. A place whose surroundings are missing is none.

    Args:
        document: JSON; it is left as it is.
        steps: the steps of the pointer; none mean the whole document.
        value: JSON, or ABSENT.

    Returns:
        The document, and whether there was such a place.
    """
    if not steps:
        return (None if value is ABSENT else value), True
    result = copy.deepcopy(document)
    parent: object = result
    for step in steps[:-1]:
        parent = _inner(parent, step)
    return result, _change(parent, steps[-1], value)


def _inner(node: object, step: str) -> object:
    if isinstance(node, dict):
        return as_object(node).get(step)  # pyright: ignore[reportUnknownArgumentType]
    items = as_list(node)
    index = _index(step)
    return items[index] if index is not None and index < len(items) else None


def _change(parent: object, step: str, value: object) -> bool:
    if isinstance(parent, dict):
        return _change_field(as_object(parent), step, value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(parent, list):
        return _change_item(as_list(parent), step, value)  # pyright: ignore[reportUnknownArgumentType]
    return False


def _change_field(fields: dict[str, Any], name: str, value: object) -> bool:
    if value is not ABSENT:
        fields[name] = value
        return True
    if name not in fields:
        return False
    del fields[name]
    return True


def _change_item(items: list[Any], step: str, value: object) -> bool:
    if step == "-" and value is not ABSENT:
        items.append(value)
        return True
    index = _index(step)
    if index is None or index >= len(items):
        return False
    if value is ABSENT:
        del items[index]
    else:
        items[index] = value
    return True


def _index(step: str) -> int | None:
    """Return the index a step names; leading zeros are not allowed (RFC 6901, section 4)."""
    is_index = step.isascii() and step.isdigit() and (step == "0" or not step.startswith("0"))
    return int(step) if is_index and len(step) <= MOST_DIGITS else None
