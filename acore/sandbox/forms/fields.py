"""Reading an object a stranger sent, field by field, so that everything wrong with it is named at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from acore.sandbox.refusals import FormErrors
from acore.sandbox.shapes import Json, as_list, as_object, as_snowflake

type Path = tuple[str | int, ...]

MAX_SAFE_INTEGER = (1 << 53) - 1
"""Whole numbers beyond it do not survive every client's JSON (Discord's "Int53Type")."""


@dataclass(frozen=True, slots=True)
class Fields:
    """One object of a body and where it stands there; what is wrong with its fields is added to *errors*.

    Every method returns None where the field is missing, null or wrong; only what is wrong is noted.
    """

    body: Json
    errors: FormErrors
    path: Path = ()

    def wrong(self, key: str, message: str) -> None:
        """Note that a field is wrong, in these words."""
        self.errors.add((*self.path, key), message)

    def given(self, key: str) -> object:
        """Return a field as it was sent."""
        return self.body.get(key)

    def require(self, *keys: str) -> None:
        """Note each of these fields that is missing."""
        for key in keys:
            if self.body.get(key) is None:
                self.errors.required((*self.path, key))

    def refuse(self, keys: Sequence[str], message: str) -> None:
        """Note each of these fields that is there."""
        for key in keys:
            if self.body.get(key) is not None:
                self.wrong(key, message)

    def text(self, key: str, low: int, high: int) -> str | None:
        """Return a text of *low* to *high* characters."""
        value = self.body.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(key, "Could not interpret value as string.")
            return None
        if not low <= len(value) <= high:
            self.wrong(key, length_message(low, high, value))
            return None
        return value

    def number(self, key: str, low: int = 0, high: int = MAX_SAFE_INTEGER) -> int | None:
        """Return a whole number from *low* to *high*."""
        value = self.body.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, f'Value "{value}" is not int.')
        elif value < low:
            self.wrong(key, f"int value should be greater than or equal to {low}.")
        elif value > high:
            self.wrong(key, f"int value should be less than or equal to {high}.")
        else:
            return value
        return None

    def flag(self, key: str) -> bool | None:
        """Return a yes or a no."""
        value = self.body.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(key, "Must be either true or false.")
        return None

    def snowflake(self, key: str) -> str | None:
        """Return an id."""
        value = self.body.get(key)
        if value is None:
            return None
        found = as_snowflake(value)
        if found is None:
            self.wrong(key, f'Value "{value}" is not snowflake.')
        return found

    def one_of(self, key: str, allowed: Sequence[object]) -> object:
        """Return a value that must be one of these."""
        value = self.body.get(key)
        if value is None or (not isinstance(value, bool) and value in allowed):
            return value
        self.wrong(key, one_of_message(allowed))
        return None

    def several_of(self, key: str, allowed: Sequence[object], *, low: int = 0) -> list[object] | None:
        """Return a list of different values, each one of these, at least *low* of them."""
        items = self.items(key, low, max(low, len(allowed)))
        if items is None:
            return None
        for index, value in enumerate(items):
            if isinstance(value, bool) or value not in allowed:
                self.errors.add((*self.path, key, index), one_of_message(allowed))
            elif value in items[:index]:
                self.errors.add((*self.path, key, index), "Set already contains this value.")
        return items

    def items(self, key: str, low: int, high: int) -> list[object] | None:
        """Return a list of *low* to *high* entries."""
        value = self.body.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.wrong(key, "Only iterables may be used in a ListType.")
            return None
        items = as_list(value)  # pyright: ignore[reportUnknownArgumentType] - of whatever a stranger put in
        if not low <= len(items) <= high:
            self.wrong(key, length_message(low, high, items))
        return items

    def objects(self, key: str, low: int, high: int) -> list["Fields"]:
        """Return the objects of a list of *low* to *high*; empty where there is none."""
        return list(self._objects(key, self.items(key, low, high) or []))

    def inner(self, key: str) -> "Fields | None":
        """Return an object within this one."""
        value = self.body.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, NOT_AN_OBJECT)
            return None
        return Fields(as_object(value), self.errors, (*self.path, key))  # pyright: ignore[reportUnknownArgumentType]

    def _objects(self, key: str, items: list[object]) -> Iterator["Fields"]:
        for index, item in enumerate(items):
            at = (*self.path, key, index)
            if isinstance(item, dict):
                yield Fields(as_object(item), self.errors, at)  # pyright: ignore[reportUnknownArgumentType]
            else:
                self.errors.add(at, NOT_AN_OBJECT)


NOT_AN_OBJECT = "Only dictionaries may be used in a ModelType"


def length_message(low: int, high: int, value: str | list[object]) -> str:
    """Return Discord's sentence for something too short or too long."""
    if low == 0:
        return f"Must be {high} or fewer in length."
    if low == 1 and not value:
        return "This field is required"
    return f"Must be between {low} and {high} in length."


def one_of_message(allowed: Sequence[object]) -> str:
    """Return Discord's sentence for a value that is not one of those there are."""
    return f"Value must be one of ({', '.join(str(one) for one in allowed)})."
