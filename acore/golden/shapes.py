"""The shape of a type: what its JSON may be, in a form that can be kept, and compared with that of today."""

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

import msgspec
from msgspec import UNSET, UnsetType, inspect

from acore.events.fields import bare, default_of
from acore.record import Record


class Plain(Record, tag="plain", tag_field="is", omit_defaults=True):
    """A value without parts, and the limits it keeps to."""

    what: str
    limits: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives each record its own


class OneOf(Record, tag="one of", tag_field="is", omit_defaults=True):
    """A row of an enum, or a literal."""

    values: tuple[int | str | None, ...]


class Many(Record, tag="many", tag_field="is", omit_defaults=True):
    """A tuple of any length."""

    item: "Shape"
    limits: dict[str, Any] = {}  # noqa: RUF012 - msgspec gives each record its own


class Fixed(Record, tag="fixed", tag_field="is", omit_defaults=True):
    """A tuple with a type for each place."""

    items: "tuple[Shape, ...]"


class AnyOf(Record, tag="any of", tag_field="is", omit_defaults=True):
    """A union."""

    options: "tuple[Shape, ...]"


class Fields(Record, tag="record", tag_field="is", omit_defaults=True):
    """A record. `title` is its class's name, which nothing recorded depends on."""

    title: str
    fields: "dict[str, Field]"
    tag: str | int | None = None
    tag_field: str | None = None


class Again(Record, tag="again", tag_field="is", omit_defaults=True):
    """A record that this one lies in: so many records further out, 1 for the nearest."""

    out: int


class Field(Record, omit_defaults=True):
    """A field by its wire name; it is required unless it has a default."""

    shape: "Shape"
    default: Any | UnsetType = UNSET


type Shape = Plain | OneOf | Many | Fixed | AnyOf | Fields | Again


class Change(Record):
    """A difference between the shape of then and that of today.

    A breaking one makes unreadable what is recorded; `remedy` begins the sentence that says what to do.
    """

    text: str
    is_breaking: bool
    remedy: str = "Change it back"


def describe(cls: Any) -> Shape:  # noqa: ANN401 - a reply may be any type, also a union
    """Return the shape of *cls*, a message class or the type of a reply."""
    return _describe(inspect.type_info(cls), ())


def changes(then: Shape, now: Shape, path: str = "") -> Iterator[Change]:
    """Yield how *now* differs from *then*, by the wire names of the fields."""
    for option in (options := _options(then)):
        match = _counterpart(option, _options(now))
        if match is None:
            if len(options) == 1:
                yield _breaks(path, f"was {_spell(then)} and is now {_spell(now)}")
            else:
                yield _breaks(path, f"can no longer be {_spell(option)}")
        else:
            yield from _same_kind(option, match, path)
    for option in _options(now):
        if _counterpart(option, options) is None and not _covers(option, options):
            yield Change(text=f"{_subject(path)} can also be {_spell(option)}", is_breaking=False)


def _describe(node: inspect.Type, above: tuple[type, ...]) -> Shape:  # noqa: PLR0911 - one case a type
    node = bare(node)
    match node:
        case inspect.EnumType():
            return OneOf(values=_ordered(member.value for member in node.cls))
        case inspect.LiteralType():
            return OneOf(values=_ordered(node.values))
        case inspect.UnionType():
            return AnyOf(options=tuple(_describe(option, above) for option in node.types))
        case inspect.TupleType():
            return Fixed(items=tuple(_describe(item, above) for item in node.item_types))
        case inspect.VarTupleType():
            limits = _limits(node, leaving_out="item_type")
            return Many(item=_describe(node.item_type, above), limits=limits)
        case inspect.StructType():
            if node.cls in above:
                return Again(out=above[::-1].index(node.cls) + 1)
            inside = (*above, node.cls)
            fields = {
                field.encode_name: Field(shape=_describe(field.type, inside), default=_default(field))
                for field in node.fields
            }
            return Fields(title=node.cls.__name__, fields=fields, tag=node.tag, tag_field=node.tag_field)
        case _:
            return Plain(what=type(node).__name__.removesuffix("Type").lower(), limits=_limits(node))


def _limits(node: inspect.Type, leaving_out: str = "") -> dict[str, Any]:
    found = {name: getattr(node, name) for name in node.__struct_fields__ if name != leaving_out}
    return {name: value for name, value in found.items() if value is not None}


def _ordered(values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of an enum or a literal
    return tuple(sorted(values, key=repr))


def _default(field: inspect.Field) -> Any:  # noqa: ANN401 - as it is recorded
    value = default_of(field)
    return UNSET if value is msgspec.NODEFAULT else msgspec.json.decode(msgspec.json.encode(value))


# --- then and now


def _options(shape: Shape) -> tuple[Shape, ...]:
    return shape.options if isinstance(shape, AnyOf) else (shape,)


def _counterpart(option: Shape, among: tuple[Shape, ...]) -> Shape | None:
    """Return what takes the place of *option*."""
    return next((other for other in among if _is_counterpart(option, other)), None)


def _is_counterpart(one: Shape, other: Shape) -> bool:
    match one, other:
        case Plain(), Plain():
            return one.what == other.what
        case Fields(), Fields():
            return (one.tag, one.tag_field) == (other.tag, other.tag_field)
        case Fixed(), Fixed():
            return len(one.items) == len(other.items)
        case Again(), Again():
            return one.out == other.out
        case OneOf(), Plain(what="str" | "int" as what, limits={**limits}):
            return not limits and {type(value).__name__ for value in one.values} == {what}
        case _:
            return type(one) is type(other)


def _covers(wide: Shape, narrow: tuple[Shape, ...]) -> bool:
    return any(_is_counterpart(one, wide) for one in narrow)


def _same_kind(then: Shape, now: Shape, path: str) -> Iterator[Change]:
    match then, now:
        case Plain(), Plain():
            yield from _limit_changes(then.limits, now.limits, path)
        case OneOf(), OneOf():
            if gone := [value for value in then.values if value not in now.values]:
                yield _breaks(path, f"can no longer be {_listed(gone)}")
            if new := [value for value in now.values if value not in then.values]:
                yield Change(text=f"{_subject(path)} can also be {_listed(new)}", is_breaking=False)
        case OneOf(), Plain():
            text = f"{_subject(path)} can be any {now.what}"
            yield Change(text=text, is_breaking=False)
        case Many(), Many():
            yield from _limit_changes(then.limits, now.limits, path)
            yield from changes(then.item, now.item, f"{path}[]")
        case Fixed(), Fixed():
            for index, (before, after) in enumerate(zip(then.items, now.items, strict=True)):
                yield from changes(before, after, f"{path}[{index}]")
        case Fields(), Fields():
            yield from _field_changes(then.fields, now.fields, path)
        case _:
            return


def _field_changes(then: Mapping[str, Field], now: Mapping[str, Field], path: str) -> Iterator[Change]:
    for name, field in then.items():
        inside = f"{path}.{name}" if path else name
        if name not in now:
            yield Change(text=f"{_subject(inside)} is gone", is_breaking=False)
            continue
        yield from changes(field.shape, now[name].shape, inside)
        before, after = field.default, now[name].default
        if after is UNSET and before is not UNSET:
            yield _requires(inside)
        elif after != before:
            yield Change(text=f"{_subject(inside)} has another default", is_breaking=False)
    for name, field in now.items():
        inside = f"{path}.{name}" if path else name
        if name not in then and field.default is UNSET:
            yield _requires(inside)
        elif name not in then:
            yield Change(text=f"{_subject(inside)} is new", is_breaking=False)


_LOWER = {"gt", "ge", "min_length"}
_UPPER = {"lt", "le", "max_length"}


def _limit_changes(then: Mapping[str, Any], now: Mapping[str, Any], path: str) -> Iterator[Change]:
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if before == after:
            continue
        is_wider = (
            after is None
            or (before is not None and name in _LOWER and after < before)
            or (before is not None and name in _UPPER and after > before)
        )
        if is_wider:
            yield Change(text=f"{_subject(path)} is less limited ({name})", is_breaking=False)
        else:
            yield _breaks(path, f"is now limited to {name}={after!r}")


def _breaks(path: str, what: str) -> Change:
    return Change(text=f"{_subject(path)} {what}", is_breaking=True)


def _requires(path: str) -> Change:
    return Change(text=f"{_subject(path)} is now required", is_breaking=True, remedy="Give it a default")


# --- in words


def _subject(path: str) -> str:
    return f"`{path}`" if path else "it"


def _listed(values: list[Any]) -> str:
    return " or ".join(map(repr, values))


def _spell(shape: Shape) -> str:  # noqa: PLR0911 - one case a shape
    match shape:
        case Plain(what="none"):
            return "None"
        case Plain():
            limits = ", ".join(f"{name}={value!r}" for name, value in shape.limits.items())
            return f"{shape.what} ({limits})" if limits else shape.what
        case OneOf():
            return _listed(list(shape.values))
        case Many():
            return f"tuple[{_spell(shape.item)}, ...]"
        case Fixed():
            return f"tuple[{', '.join(map(_spell, shape.items))}]"
        case AnyOf():
            return " | ".join(map(_spell, shape.options))
        case Fields():
            return shape.title
        case Again():
            return "itself"
        case _:
            assert_never(shape)
