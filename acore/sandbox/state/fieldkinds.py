"""How the fields of a record are kept, read from their types: what is plain, what refers to other records.

Fields are not listed by hand anywhere: a record that gets one more keeps it too.
"""

import dataclasses
import types
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

import msgspec

from acore.sandbox.shapes import Json

type Refer = Callable[[object], int]
"""Returns the number of a record."""
type Resolve = Callable[[int], object]
"""Returns the record of a number."""


PLAIN: frozenset[object] = frozenset({str, int, float, bool, bytes, datetime, types.NoneType, object, Any})


class NotKeptError(TypeError):
    """Something has a type of which it is not known how to keep it."""

    def __init__(self, what: str, hint: object) -> None:
        super().__init__(f"{what} has the type {hint}, of which the sandbox's kept state knows nothing")


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of one type are taken and given back; *refers* tells whether records are among them."""

    refers: bool
    take: Callable[[Any, Refer], Any]
    give: Callable[[Any, Resolve], Any]


class Layout:
    """How one record type is kept.

    Args:
        record: the dataclass.
        fleeting: names of fields that begin anew with their default.
    """

    def __init__(self, record: type[Any], fleeting: frozenset[str] = frozenset()) -> None:
        self.record = record
        hints = get_type_hints(record)
        fields = [one for one in dataclasses.fields(record) if one.name not in fleeting]
        self._kinds = {one.name: kind_of(hints[one.name], f"{record.__name__}.{one.name}") for one in fields}
        defaults = {one.name: _default(one) for one in dataclasses.fields(record)}
        self._defaults = {name: make for name, make in defaults.items() if make is not None}
        self._names = tuple(self._kinds)
        self._all_of = attrgetter(*self._names)
        self._moving = [
            (at, self._kinds[name].take) for at, name in enumerate(self._names) if not is_steady(hints[name])
        ]

    def take(self, record: object, refer: Refer) -> list[Any]:
        """Return what a record holds now, as cheaply as can be; nothing of it changes afterwards."""
        values = list(self._all_of(record))
        for at, take in self._moving:
            value = values[at]
            if value:
                values[at] = take(value, refer)
            elif value is not None:
                values[at] = value.copy()
        return values

    def named(self, taken: list[Any]) -> Json:
        """Return by their names what `take` returned."""
        return dict(zip(self._names, taken, strict=True))

    def give(self, record: object, values: Json, resolve: Resolve) -> None:
        """Fill an empty record.

        Raises:
            msgspec.ValidationError: a value is of another type, or there is one that no field is for.
        """
        unknown = values.keys() - self._kinds.keys()
        if unknown:
            raise msgspec.ValidationError(f"{self.record.__name__} has no field {min(unknown)}")
        for one in dataclasses.fields(self.record):
            if one.name in values:
                value = self._kinds[one.name].give(values[one.name], resolve)
            elif one.name in self._defaults:
                value = self._defaults[one.name]()
            else:
                raise msgspec.ValidationError(f"{self.record.__name__} lacks {one.name}")
            object.__setattr__(record, one.name, value)


def kind_of(hint: object, what: str) -> Kind:
    """Return how values of a type are kept.

    Raises:
        NotKeptError: nobody knows.
    """
    if isinstance(hint, TypeAliasType):
        return kind_of(hint.__value__, what)
    if dataclasses.is_dataclass(hint):
        return Kind(refers=True, take=lambda value, refer: refer(value), give=lambda n, resolve: resolve(n))
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType} and any(kind_of(one, what).refers for one in inner):
        return _optional(hint, inner, what)
    if origin is list and kind_of(inner[0], what).refers:
        kind = kind_of(inner[0], what)
        return Kind(
            refers=True,
            take=lambda value, refer: [kind.take(one, refer) for one in value],
            give=lambda value, resolve: [kind.give(one, resolve) for one in value],
        )
    if origin is dict and kind_of(inner[1], what).refers:
        kind = kind_of(inner[1], what)
        return Kind(
            refers=True,
            take=lambda value, refer: {key: kind.take(one, refer) for key, one in value.items()},
            give=lambda value, resolve: {key: kind.give(one, resolve) for key, one in value.items()},
        )
    return _plain(hint, what)


def is_steady(hint: object) -> bool:
    """Return whether a value of this type never changes in place, so that the value itself may be taken."""
    if isinstance(hint, TypeAliasType):
        return is_steady(hint.__value__)
    if get_origin(hint) in {Union, types.UnionType}:
        return all(is_steady(one) for one in get_args(hint))
    return isinstance(hint, type) and not dataclasses.is_dataclass(hint) and get_origin(hint) is None


def _optional(hint: object, inner: tuple[object, ...], what: str) -> Kind:
    others = [one for one in inner if one is not types.NoneType]
    if len(others) != 1:
        raise NotKeptError(what, hint)
    kind = kind_of(others[0], what)
    return Kind(
        refers=True,
        take=lambda value, refer: None if value is None else kind.take(value, refer),
        give=lambda value, resolve: None if value is None else kind.give(value, resolve),
    )


def _plain(hint: object, what: str) -> Kind:
    """Return how something is kept that msgspec writes and reads by itself."""
    if not _is_plain(hint):
        raise NotKeptError(what, hint)
    return Kind(
        refers=False,
        take=lambda value, _refer: msgspec.Raw(msgspec.json.encode(value)),
        give=lambda value, _resolve: msgspec.convert(value, hint),
    )


def _is_plain(hint: object) -> bool:
    if isinstance(hint, TypeAliasType):
        return _is_plain(hint.__value__)
    if get_origin(hint) in {Union, types.UnionType, list, dict, set, tuple}:
        return all(_is_plain(one) for one in get_args(hint))
    return hint in PLAIN or (isinstance(hint, type) and issubclass(hint, Enum))


def _default(field: "dataclasses.Field[Any]") -> Callable[[], Any] | None:
    if field.default_factory is not MISSING:
        return field.default_factory
    value = field.default
    return None if value is MISSING else lambda: value
