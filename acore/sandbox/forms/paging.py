"""The part of a long list that a query asks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import WHOLE, as_snowflake


@dataclass(frozen=True, slots=True)
class Page:
    """How many, and between which ids."""

    limit: int
    before: int | None
    after: int | None

    def has(self, snowflake: str) -> bool:
        """Return whether an id is between those asked for."""
        number = int(snowflake)
        return (self.before is None or number < self.before) and (self.after is None or number > self.after)


def page(query: Mapping[str, str], *, default: int, most: int) -> Page:
    """Read limit, before and after.

    Args:
        query: what follows the question mark.
        default: the limit if none is given.
        most: the highest limit; the lowest is 1.

    Raises:
        ApiError: code 50035, naming what is wrong.
    """
    errors = FormErrors()
    limit = number(query, "limit", default=default, low=1, high=most, errors=errors)
    bounds: dict[str, int | None] = {}
    for name in ("before", "after"):
        text = query.get(name)
        read = None if text is None else as_snowflake(text)
        bounds[name] = None if read is None else int(read)
        if text is not None and read is None:
            errors.add((name,), f'Value "{text}" is not snowflake.')
    errors.raise_any()
    return Page(limit, bounds["before"], bounds["after"])


def number(
    query: Mapping[str, str], name: str, *, default: int, low: int, high: int, errors: FormErrors
) -> int:
    """Return a whole number of the query, held against its bounds; *errors* gets what is wrong."""
    text = query.get(name)
    if text is None:
        return default
    if WHOLE.fullmatch(text) is None:
        errors.add((name,), f'Value "{text}" is not int.')
        return default
    if int(text) < low:
        errors.add((name,), f"int value should be greater than or equal to {low}.")
    if int(text) > high:
        errors.add((name,), f"int value should be less than or equal to {high}.")
    return int(text)
