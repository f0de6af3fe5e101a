"""Random values of a type, made from its declaration: valid, often odd, and the same for the same seed."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import inspect

from acore.events.fields import bare
from acore.golden.examples import examples_of

# What a field may be left out is left out once in so many times.
_LEFT_OUT = 5
_AT_MOST = 3


def drawn(cls: Any, chance: random.Random, words: Sequence[str] = ()) -> Any:  # noqa: ANN401 - a reply may be any type, also a union
    """Return a random value of *cls*.

    Args:
        cls: A message class, or the type of a reply.
        chance: What all choices are made from.
        words: Texts that mean something to whoever gets it, e.g. names of actors; half of all plain texts.

    Raises:
        NoExampleError: A field has limits for which no example can be guessed.
    """
    name = getattr(cls, "__name__", str(cls))
    builtins = _Drawing(chance, words).of(inspect.type_info(cls), (), name)
    return msgspec.json.decode(msgspec.json.encode(builtins), type=cls)


class _Drawing:
    """The builtins of one value's JSON."""

    def __init__(self, chance: random.Random, words: Sequence[str]) -> None:
        self._chance = chance
        self._words = words

    def of(self, node: inspect.Type, above: tuple[type, ...], where: str) -> Any:  # noqa: ANN401, PLR0911 - as above; one case a type
        """Return one value of a part of a type, which lies in the records *above*."""
        match bare(node):
            case inspect.StructType() as record:
                return self._record(record, (*above, record.cls), where)
            case inspect.UnionType() as union:
                options = [one for one in union.types if not _is_within(one, above)]
                return self.of(self._chance.choice(options), above, where)
            case inspect.TupleType() as fixed:
                return [self.of(item, above, where) for item in fixed.item_types]
            case inspect.VarTupleType() as many if not _is_within(many.item_type, above):
                shortest = many.min_length or 0
                longest = shortest + _AT_MOST if many.max_length is None else many.max_length
                size = self._chance.randint(shortest, min(longest, shortest + _AT_MOST))
                return [self.of(many.item_type, above, where) for _ in range(size)]
            case inspect.StrType(min_length=None, max_length=None, pattern=None) if (
                self._words and self._chance.random() < 0.5  # noqa: PLR2004 - half of them
            ):
                return self._chance.choice(self._words)
            case inspect.DateTimeType():  # everywhere in acore an instant knows that it is of UTC
                found = examples_of(node, above, where)
                return self._chance.choice([one for one in found if str(one).endswith("Z")] or found)
            case inspect.VarTupleType():  # of what lies in itself there is no end otherwise
                return []
            case _:
                return self._chance.choice(examples_of(node, above, where))

    def _record(self, record: inspect.StructType, above: tuple[type, ...], where: str) -> dict[str, Any]:
        made: dict[str, Any] = {} if record.tag is None else {str(record.tag_field): record.tag}
        for field in record.fields:
            if field.required or self._chance.randrange(_LEFT_OUT):
                made[field.encode_name] = self.of(field.type, above, f"{where}.{field.name}")
        return made


def _is_within(node: inspect.Type, above: tuple[type, ...]) -> bool:
    found = bare(node)
    return isinstance(found, inspect.StructType) and found.cls in above
