"""Records of every type, made up from their fields, and comparing what hangs together."""

import dataclasses
import enum
import types
from datetime import UTC, datetime
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

from acore.sandbox.state.snapshots import LAYOUTS

MOMENT = datetime(2026, 5, 17, 12, 30, 1, 250000, tzinfo=UTC)
PLAIN: dict[object, object] = {
    str: "text ✓",
    int: 1 << 52,
    float: 2.5,
    bool: True,
    bytes: b"\x00\xff",
    datetime: MOMENT,
    object: {"deep": [1, None, {"er": "x"}]},
    Any: {"deep": [1, None, {"er": "x"}]},
}


def record(name: str) -> Any:  # noqa: ANN401 - of any type
    """Return a record of the type with this name whose fields have values that are no defaults."""
    return sample(LAYOUTS[name].record)


def sample(hint: Any, path: tuple[type, ...] = ()) -> Any:  # noqa: ANN401 - of any type
    """Return a value of a type that is none of its defaults; records inside of records end somewhere."""
    if isinstance(hint, TypeAliasType):
        return sample(hint.__value__, path)
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        first = next(one for one in inner if one is not types.NoneType)
        return None if first in path else sample(first, path)
    if origin is list:
        return [] if inner[0] in path else [sample(inner[0], path) for _ in range(2)]
    if origin is dict:
        return {} if inner[1] in path else {f"{inner[0]}-{n}": sample(inner[1], path) for n in range(2)}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        values = {one.name: sample(hints[one.name], (*path, hint)) for one in dataclasses.fields(hint)}
        return hint(**values)
    return list(hint)[-1] if isinstance(hint, enum.EnumType) else PLAIN[hint]


def shown(value: Any, known: dict[int, int] | None = None) -> Any:  # noqa: ANN401 - of any type
    """Return a graph of records in a form that is equal for equal graphs; fleeting fields are left out."""
    known = {} if known is None else known
    if isinstance(value, dict):
        return {key: shown(one, known) for key, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [shown(one, known) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if not dataclasses.is_dataclass(value):
        return (type(value), value)
    if id(value) in known:
        return f"record {known[id(value)]}"
    known[id(value)] = len(known)
    fields = [one for one in dataclasses.fields(value) if one.name not in {"presence", "voice_states"}]
    return (type(value), {one.name: shown(getattr(value, one.name), known) for one in fields})
