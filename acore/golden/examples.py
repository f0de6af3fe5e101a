"""Examples of a type, made from its declaration alone: the same ones in every run."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, cast

from msgspec import inspect

from acore.errors import AcoreError
from acore.events.fields import bare

# As large as Discord's ids are: beyond what a float holds exactly.
_LARGE = 123_456_789_012_345_678
_INSTANT, _FINE, _NAIVE = "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000001Z", "2026-01-31T12:00:00"


class NoExampleError(AcoreError):
    """Nothing could be found that a field's limits allow."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: no example of this {what} can be guessed; give some in its declaration: "
            "Annotated[…, Meta(…, examples=[…])]"
        )


def examples(cls: Any) -> list[Any]:  # noqa: ANN401 - a reply may be any type, also a union
    """Return examples of *cls* as the builtins of its JSON: the fullest first, then one with the least.

    Together they have each member of each enum and union, each limit, and each optional field both ways.

    Raises:
        NoExampleError: A field has limits for which none can be guessed.
    """
    return examples_of(inspect.type_info(cls), (), getattr(cls, "__name__", str(cls)))


def examples_of(node: inspect.Type, above: tuple[type, ...], where: str) -> list[Any]:  # noqa: C901 - one case a type
    """Return examples of a part of a type.

    Args:
        node: The part.
        above: The records that it lies in.
        where: What to call it when there are none.

    Raises:
        NoExampleError: It has limits for which none can be guessed.
    """
    if given := _given(node):
        return given
    match bare(node):
        case inspect.StructType() as record:
            # In itself a record is left out, or its type would have no end.
            return [] if record.cls in above else _records(record, (*above, record.cls), where)
        case inspect.UnionType() as union:
            options = sorted(union.types, key=lambda option: isinstance(option, inspect.NoneType))
            return [value for option in options for value in examples_of(option, above, where)]
        case inspect.TupleType() as fixed:
            columns = [examples_of(item, above, f"{where}[{at}]") for at, item in enumerate(fixed.item_types)]
            return [list(row) for row in _rows(columns)]
        case inspect.VarTupleType() as many:
            found = list(_tuples(examples_of(many.item_type, above, f"{where}[]"), many))
        case inspect.EnumType() as enum:
            found = [member.value for member in enum.cls]
        case inspect.LiteralType() as literal:
            found = list(literal.values)
        case inspect.IntType() | inspect.FloatType() as number:
            found = list(_numbers(number))
        case inspect.StrType() | inspect.BytesType() as text:
            found = list(_texts(text))
        case inspect.DateTimeType() | inspect.TimeType() as moment:
            found = _moments(moment)
        case other:
            found = _PLAIN.get(type(other), [])
    if not found:
        raise NoExampleError(where, type(bare(node)).__name__.removesuffix("Type").lower())
    return found


_PLAIN: Mapping[type[inspect.Type], list[Any]] = {
    inspect.NoneType: [None],
    inspect.BoolType: [True, False],
    inspect.DateType: ["2026-01-31"],
    inspect.TimeDeltaType: ["PT90S", "PT0.000001S", "-PT1S"],
    inspect.UUIDType: ["00000000-0000-4000-8000-000000000001"],
    inspect.DecimalType: ["1.50", "-0.1"],
}


def _given(node: inspect.Type) -> list[Any]:
    """Return the examples that the declaration gives."""
    while isinstance(node, inspect.Metadata):
        said = cast("Mapping[str, Any]", node.extra_json_schema or {})  # pyright: ignore[reportUnknownMemberType] - msgspec says no more than dict
        if "examples" in said:
            return list(said["examples"])
        node = node.type
    return []


def _records(record: inspect.StructType, above: tuple[type, ...], where: str) -> list[Any]:
    tag = {} if record.tag is None else {record.tag_field: record.tag}
    columns = {
        field.encode_name: values
        for field in record.fields
        if (values := examples_of(field.type, above, f"{where}.{field.name}"))
    }
    required = {field.encode_name for field in record.fields if field.required}
    full, *others = ({**tag, **dict(zip(columns, row, strict=True))} for row in _rows(list(columns.values())))
    least = {name: value for name, value in full.items() if name in required or name in tag}
    return [full, least, *others] if least != full else [full, *others]


def _rows(columns: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows in which each value of each column occurs; a column that has ended begins again."""
    for at in range(max(map(len, columns), default=1)):
        yield tuple(column[at % len(column)] for column in columns)


def _tuples(items: list[Any], many: inspect.VarTupleType) -> Iterator[list[Any]]:
    shortest, longest = many.min_length or 0, many.max_length
    if items and longest != 0:
        size = max(shortest, len(items)) if longest is None else min(longest, max(shortest, len(items)))
        for start in range(0, len(items), size):
            yield [items[(start + at) % len(items)] for at in range(size)]
    if shortest == 0:
        yield []


def _numbers(number: inspect.IntType | inspect.FloatType) -> Iterator[Any]:
    step = number.multiple_of or (1 if isinstance(number, inspect.IntType) else 0.25)
    low = _edge(number.ge, number.gt, step)
    high = _edge(number.le, number.lt, -step)
    wide = (_LARGE,) if isinstance(number, inspect.IntType) else (1e100,)
    start = low if low is not None else high if high is not None else 0
    near = (start + step * at for at in (7, 0, -1))
    edges = (edge for edge in (low, high) if edge is not None)
    kind = int if isinstance(number, inspect.IntType) else float
    return _distinct(kind(value) for value in chain(near, edges, wide) if _is_allowed(value, number))


def _edge(inclusive: Any, exclusive: Any, step: Any) -> Any:  # noqa: ANN401 - an int or a float, as declared
    return inclusive if inclusive is not None else None if exclusive is None else exclusive + step


def _is_allowed(value: Any, number: inspect.IntType | inspect.FloatType) -> bool:  # noqa: ANN401 - as _edge
    return (
        (number.ge is None or value >= number.ge)
        and (number.gt is None or value > number.gt)
        and (number.le is None or value <= number.le)
        and (number.lt is None or value < number.lt)
        and (number.multiple_of is None or value % number.multiple_of == 0)
    )


def _texts(text: inspect.StrType | inspect.BytesType) -> Iterator[str]:
    shortest, longest = text.min_length or 0, text.max_length
    if isinstance(text, inspect.BytesType):
        yield from map(_base64, _distinct((shortest, shortest + 1 if longest is None else longest)))
    elif text.pattern is None:
        words = ("text", "", "\u00e9\U0001f600", "x" * shortest)
        yield from _distinct(
            word for word in words if shortest <= len(word) and (longest is None or len(word) <= longest)
        )


def _base64(length: int) -> str:
    whole, rest = divmod(length, 3)
    return "AAAA" * whole + ("", "AA==", "AAA=")[rest]


def _moments(moment: inspect.DateTimeType | inspect.TimeType) -> list[Any]:
    aware, naive = [_INSTANT, _FINE], [_NAIVE]
    found = {None: [*aware, *naive], True: aware, False: naive}[moment.tz]
    if isinstance(moment, inspect.DateTimeType):
        return found
    return [value.partition("T")[2] for value in found]


def _distinct[T](values: Iterable[T]) -> Iterator[T]:
    return iter(dict.fromkeys(values))
