"""Everything there is at one moment, and giving it back with all references between records."""

import dataclasses
import inspect
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from acore.sandbox.shapes import Json, as_list, as_object
from acore.sandbox.state import records
from acore.sandbox.state.fieldkinds import Layout, NotKeptError
from acore.sandbox.state.records import Guild, User

FLEETING: Mapping[type[Any], frozenset[str]] = {
    # Nobody is connected when a sandbox starts.
    User: frozenset({"presence"}),
    Guild: frozenset({"voice_states"}),
}
"""Fields that begin anew."""
NOT_KEPT = frozenset(
    {
        "world.randomness",
        "world.snowflakes",
        "snowflakes._place",
        "snowflakes._first",
        "messages._world",
        "messages.origin",
        "messages.uploads",
        "messages.files",
        "messages._kept",
        "messages._slowmode",
        "files._snowflakes",
        "commands._snowflakes",
        "commands._creates",
        "commands.permissions",
    }
)
"""Attributes of roots that are given to them anew each time; functions are never kept."""
PLAIN = (str, int, float, bool, type(None))


def _layouts(modules: Iterable[object]) -> dict[str, Layout]:
    found = [one for module in modules for one in vars(module).values() if dataclasses.is_dataclass(one)]
    types = [one for one in found if isinstance(one, type)]
    return {one.__name__: Layout(one, FLEETING.get(one, frozenset())) for one in types}


LAYOUTS = _layouts([records])
"""How each record type is kept, by its name."""


def kept[T](record: type[T]) -> type[T]:
    """Let records be kept whose type is another room's; a decorator."""
    LAYOUTS[record.__name__] = Layout(record)
    return record


class Snapshot:
    """Everything that *roots* lead to, as it is now.

    Args:
        roots: by name, what holds records in its attributes.

    Raises:
        NotKeptError: something in them cannot be kept.
    """

    def __init__(self, roots: Mapping[str, object]) -> None:
        self._numbers: dict[int, int] = {}
        self._waiting: deque[object] = deque()
        self._rows: list[tuple[Layout, list[Any]]] = []
        self._roots = {name: self._attributes(name, root) for name, root in roots.items()}
        while self._waiting:
            record = self._waiting.popleft()
            layout = LAYOUTS.get(type(record).__name__)
            if layout is None or layout.record is not type(record):
                raise NotKeptError("a record", type(record))
            self._rows.append((layout, layout.take(record, self._refer)))

    @property
    def roots(self) -> Json:
        """What the roots hold, records by their numbers."""
        return self._roots

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> Iterator[Json]:
        """Return the records in the order of their numbers, which begin at 0."""
        for layout, taken in self._rows:
            yield {"is": layout.record.__name__, "has": layout.named(taken)}

    def _refer(self, record: object) -> int:
        key = id(record)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            self._waiting.append(record)
        return number

    def _attributes(self, name: str, root: object) -> Json:
        return {
            key: self._value(f"{name}.{key}", value)
            for key, value in vars(root).items()
            if f"{name}.{key}" not in NOT_KEPT and not callable(value)
        }

    def _value(self, what: str, value: object) -> Json:
        """Return a value with its shape, as attributes have no types to go by."""
        if isinstance(value, PLAIN):
            return {"plain": value}
        if dataclasses.is_dataclass(value):
            return {"record": self._refer(value)}
        if isinstance(value, dict):
            pairs = cast("dict[Any, object]", value)
            return {"pairs": [[key, self._value(what, one)] for key, one in pairs.items()]}
        if isinstance(value, list | set | deque):
            listed = cast("Iterable[object]", value)
            return {"list": [self._value(what, one) for one in listed]}
        raise NotKeptError(what, type(value))


class Restored:
    """What a snapshot held, made anew.

    Args:
        roots: what `Snapshot.roots` returned.
        rows: what `Snapshot.rows` returned.

    Raises:
        msgspec.ValidationError: it is nothing that a snapshot would say.
    """

    def __init__(self, roots: Json, rows: list[Json]) -> None:
        self._roots = roots
        self._records: list[object] = []
        for row in rows:
            layout = LAYOUTS.get(str(row.get("is")))
            if layout is None:
                raise msgspec.ValidationError(f"there is no record {row.get('is')}")
            self._records.append(object.__new__(layout.record))
        for record, row in zip(self._records, rows, strict=True):
            LAYOUTS[type(record).__name__].give(record, as_object(row.get("has")), self._resolve)

    def fill(self, name: str, root: object) -> None:
        """Give the root of this name what it held; containers that it has already are filled in place.

        Raises:
            msgspec.ValidationError: the root has no such attribute.
        """
        for key, given in as_object(self._roots.get(name)).items():
            if not hasattr(root, key) and key not in inspect.get_annotations(type(root)):
                raise msgspec.ValidationError(f"{name} has no {key}")
            value = self._value(given)
            existing = cast("Any", getattr(root, key, None))
            if type(existing) in {dict, set}:
                existing.clear()
                existing.update(value)
            elif type(existing) in {list, deque}:
                existing.clear()
                existing.extend(value)
            else:
                setattr(root, key, value)

    def _resolve(self, number: int) -> object:
        if not isinstance(number, int) or not 0 <= number < len(self._records):  # pyright: ignore[reportUnnecessaryIsInstance] - a file says so
            raise msgspec.ValidationError(f"there is no record number {number}")
        return self._records[number]

    def _value(self, given: Json) -> Any:  # noqa: ANN401 - attributes hold anything
        match given:
            case {"plain": value}:
                return value
            case {"record": number}:
                return self._resolve(number)
            case {"pairs": pairs}:
                return {_key(key): self._value(value) for key, value in pairs}
            case {"list": listed}:
                return [self._value(one) for one in listed]
            case _:
                raise msgspec.ValidationError(f"{given} is no value")


def _key(key: object) -> object:
    """Return a text, a number, or several of them."""
    several = as_list(key)
    return tuple(several) if several else key
