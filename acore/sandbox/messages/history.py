"""What was said in a channel, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass

from acore.sandbox.forms.paging import number
from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import as_snowflake
from acore.sandbox.state.records import Channel, Message

MAX_PAGE = 100  # Discord's documentation, "Get Channel Messages"
DEFAULT_PAGE = 50
WAYS = ("around", "after", "before")
"""Which way counts if several are given, as nextcord and others do: the first of these."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page: so many messages *around*, *before* or *after* an id, or the newest if none is given."""

    limit: int
    way: str = "before"
    pivot: int | None = None


def read(query: Mapping[str, str]) -> Wanted:
    """Read which page is asked for.

    Raises:
        ApiError: code 50035, the limit is none, or an id is none.
    """
    errors = FormErrors()
    limit = number(query, "limit", default=DEFAULT_PAGE, low=1, high=MAX_PAGE, errors=errors)
    given = [way for way in WAYS if way in query]
    for way in given:
        if as_snowflake(query[way]) is None:
            errors.add((way,), f'Value "{query[way]}" is not snowflake.')
    errors.raise_any()
    return Wanted(limit, given[0], int(query[given[0]])) if given else Wanted(limit)


def page(channel: Channel, wanted: Wanted) -> list[Message]:
    """Return a page of a channel, newest first; ephemeral messages are in none."""
    pivot = wanted.pivot
    if pivot is None:
        return _older(channel, None, wanted.limit)
    if wanted.way == "before":
        return _older(channel, pivot, wanted.limit)
    if wanted.way == "after":
        return _newer(channel, pivot, wanted.limit)
    older = _older(channel, pivot + 1, wanted.limit // 2 + 1)
    is_there = bool(older) and int(older[0].id) == pivot
    older = older if is_there else older[: wanted.limit // 2]
    return _newer(channel, pivot, wanted.limit - len(older)) + older


def _older(channel: Channel, than: int | None, limit: int) -> list[Message]:
    found: list[Message] = []
    for message in reversed(channel.messages.values()):
        if len(found) == limit:
            break
        if message.only_for is None and (than is None or int(message.id) < than):
            found.append(message)
    return found


def _newer(channel: Channel, than: int, limit: int) -> list[Message]:
    """Return those that come next after an id, though newest first."""
    found: list[Message] = []
    for message in reversed(channel.messages.values()):
        if int(message.id) <= than:
            break
        if message.only_for is None:
            found.append(message)
    return found[-limit:] if limit else []
