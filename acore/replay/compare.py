"""What was said then beside what is said now: by type and canonical payload, and what differs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import msgspec

from acore.events.base import Kind
from acore.replay.report import DivergenceKind, FieldDifference, differences


class Spoken(msgspec.Struct, frozen=True, gc=False):
    """Something that was said: an event, an effect, a question, or a reply."""

    kind: str
    name: str
    payload: str

    def __str__(self) -> str:
        return f"{self.name} {self.payload}"


class Difference(msgspec.Struct, frozen=True):
    """One thing that differs; what is blank was not said."""

    kind: DivergenceKind
    expected: str
    actual: str
    fields: tuple[FieldDifference, ...] = ()


def compare(then: Sequence[Spoken], now: Sequence[Spoken]) -> Iterator[Difference]:
    """Yield what differs between what came of one message *then* and *now*, in their order."""
    if then == now:
        return
    if Counter(then) == Counter(now):
        yield Difference(DivergenceKind.OTHER_ORDER, _list(then), _list(now))
        return
    # What both begin and end with was said alike; of the rest each has its counterpart, or none.
    first = next(i for i, (a, b) in enumerate(zip_longest(then, now)) if a != b)
    then, now = then[first:], now[first:]
    while then and now and then[-1] == now[-1]:
        then, now = then[:-1], now[:-1]
    for one, other in zip_longest(then, now):
        if one is None:
            yield Difference(DivergenceKind.EXTRA_OUTPUT, "", str(other))
        elif other is None:
            yield Difference(DivergenceKind.MISSING_OUTPUT, str(one), "")
        elif one != other:
            yield contrast(one, other)


def contrast(then: Spoken, now: Spoken) -> Difference:
    """Return in what *now* differs from *then*, in the place of which it is said."""
    is_request = {Kind.EFFECT, Kind.COMMAND} & {then.kind, now.kind}
    if (then.kind, then.name) != (now.kind, now.name):
        kind = DivergenceKind.OTHER_EFFECT if is_request else DivergenceKind.OTHER_TYPE
        return Difference(kind, str(then), str(now))
    kind = DivergenceKind.OTHER_EFFECT if is_request else DivergenceKind.OTHER_PAYLOAD
    return Difference(kind, str(then), str(now), differences(then.payload, now.payload))


def _list(said: Sequence[Spoken]) -> str:
    return (
        ", ".join(one.name for one in said)
        if len({one.name for one in said}) > 1
        else "; ".join(map(str, said))
    )
