"""What the fields of a message may be: nothing that could be changed on its way or misread later."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import msgspec.inspect as shape

# What is allowed, not what is refused: msgspec learns new types, and a new one must not slip in.
_TRAVELS = (
    shape.BoolType,
    shape.BytesType,
    shape.DateTimeType,
    shape.DateType,
    shape.DecimalType,
    shape.EnumType,
    shape.FloatType,
    shape.IntType,
    shape.LiteralType,
    shape.NoneType,
    shape.StrType,
    shape.StructType,
    shape.TimeDeltaType,
    shape.TimeType,
    shape.TupleType,
    shape.UnionType,
    shape.UUIDType,
    shape.VarTupleType,
)
_UNCHANGING = (
    bool, bytes, date, datetime, Decimal, Enum, float, int, str, time, timedelta, UUID, type(None),
)  # fmt: skip


def flaw_in(cls: Any, abstract: frozenset[type], *, is_message: bool) -> str | None:  # noqa: ANN401 - a reply may be any type, also a union
    """Return where and why *cls* cannot travel; None when it can.

    Args:
        cls: A message class, or the type of a reply.
        abstract: Classes that are the base of others, and so never the type of a field.
        is_message: Whether it is sent under its own name, so that others may derive from it.
    """
    name = getattr(cls, "__name__", str(cls))
    seen: set[type] = set()
    todo: list[tuple[shape.Type, str]] = [(shape.type_info(cls), "")]
    while todo:
        found, path = todo.pop()
        node = bare(found)
        if not isinstance(node, _TRAVELS):
            what = type(node).__name__.removesuffix("Type").lower()
            return f"{name}{path}: a {what} cannot travel; use a tuple, or a record with named fields"
        if isinstance(node, shape.StructType) and node.cls not in seen:
            seen.add(node.cls)
            if flaw := _flaw(node, abstract, is_named=is_message and node.cls is cls):
                return f"{name}{path}: {flaw}"
            for field in node.fields:
                if flaw := _flaw_of_default(field):
                    return f"{name}{path}.{field.name}: {flaw}"
                todo.append((field.type, f"{path}.{field.name}"))
        todo += [(part, path) for part in parts(node)]
    return None


def bare(node: shape.Type) -> shape.Type:
    """Return *node* without what is only said about it."""
    while isinstance(node, shape.Metadata):
        node = node.type
    return node


def parts(node: shape.Type) -> tuple[shape.Type, ...]:
    """Return the types of what a union or tuple holds."""
    match node:
        case shape.UnionType():
            return tuple(node.types)
        case shape.TupleType():
            return tuple(node.item_types)
        case shape.VarTupleType():
            return (node.item_type,)
        case _:
            return ()


def default_of(field: shape.Field) -> object:
    """Return the value of *field* when none is given; `msgspec.NODEFAULT` when one must be."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _flaw(node: shape.StructType, abstract: frozenset[type], *, is_named: bool) -> str | None:
    config = node.cls.__struct_config__
    if node.cls in abstract or (not is_named and node.tag is None and node.cls.__subclasses__()):
        return f"{node.cls.__name__} has subclasses whose fields would be lost; use a tagged union"
    if node.array_like or node.forbid_unknown_fields:
        return "array_like and forbid_unknown_fields make old journals unreadable"
    if not config.frozen or config.dict:
        return f"{node.cls.__name__} is not frozen"
    return None if config.eq else f"{node.cls.__name__} is made with eq=False, so nobody can tell what came"


def _flaw_of_default(field: shape.Field) -> str | None:
    """Refuse what msgspec, which checks no default, would hand to every receiver of an old message."""
    for value in _values(default_of(field)):
        if not isinstance(value, _UNCHANGING) and value is not msgspec.NODEFAULT:
            return f"its default is a {type(value).__name__}, which could be changed; use a tuple"
    return None


def _values(value: object) -> Iterator[object]:
    if isinstance(value, tuple):
        for part in value:  # pyright: ignore[reportUnknownVariableType] - whatever was given as a default
            yield from _values(part)  # pyright: ignore[reportUnknownArgumentType] - the same
    elif isinstance(value, msgspec.Struct) and value.__struct_config__.frozen:
        for name in value.__struct_fields__:
            yield from _values(getattr(value, name))
    else:
        yield value
