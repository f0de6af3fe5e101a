"""Reading JSON whose shape a stranger chose."""

import re
from itertools import chain
from typing import Any, cast

import msgspec

type Json = dict[str, Any]

WHOLE = re.compile(r"-?[0-9]{1,20}")
"""A whole number as text, of as many digits as 64 bits can have."""
MOST_LEVELS = 100
"""How deeply JSON may be nested: nothing that Discord knows needs a fifth of it, and recording, keeping and
mangling go down level by level."""


class NotJsonError(ValueError):
    """What a stranger sent is no JSON, or nested more deeply than anything means."""


def from_json(raw: bytes) -> object:
    """Return what JSON says.

    Raises:
        NotJsonError: it is none, or nested too deeply.
    """
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotJsonError from None
    level: list[object] = [value]
    for _ in range(MOST_LEVELS):
        level = list(chain.from_iterable(_within(one) for one in level))
        if not level:
            return value
    raise NotJsonError


def _within(value: object) -> list[object]:
    """Return the objects and arrays that stand in an object or array."""
    inner = [*as_object(value).values(), *as_list(value)]
    return [one for one in inner if isinstance(one, dict | list)]


def as_object(value: object) -> Json:
    """Return *value* if it is a JSON object, else an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return *value* if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_objects(value: object) -> list[Json]:
    """Return the objects of the array *value*."""
    return [cast("Json", item) for item in as_list(value) if isinstance(item, dict)]


def as_snowflake(value: object) -> str | None:
    """Return an id sent as a string or, as nextcord does, as a number; None if it is neither.

    Ids have 64 bits (Discord's documentation, "Snowflakes").
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    number = as_int(value, -1)
    if not 0 <= number < 1 << 64:
        return None
    return value if isinstance(value, str) else str(number)


def as_int(value: object, default: int = 0) -> int:
    """Return *value* if it is a whole number, also one written as text."""
    if isinstance(value, bool):
        return default
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and WHOLE.fullmatch(value) else default


def as_unicode(text: str) -> str:
    """Return a header's text with question marks for what is no UTF-8.

    aiohttp tells such bytes as surrogates, which JSON cannot hold.
    """
    return text.encode(errors="replace").decode()


def as_flag(text: str | None, *, default: bool = False) -> bool:
    """Return the boolean of a query string, which nextcord writes as 0 and 1."""
    return default if text is None else text.lower() in {"1", "true"}
