"""What one message costs among many actors, beside what it costs among few."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle
from statistics import mean, median
from typing import cast

from acore.bench.runtime.ours.backlog import EMPTY, Heap
from acore.bench.runtime.ours.core import Nothing, Receiver, given
from acore.bench.runtime.ours.messages import MEASURED
from acore.bench.runtime.ours.stage import child, stage
from acore.bench.runtime.shapes import Figures, Params, Receive
from acore.bench.runtime.tally import Tally
from acore.events.base import Event
from acore.events.catalog import wire
from acore.record import RecordMeta
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec

_GROUP = 100
_HEAPS = 400
# In the first tenth caches are still cold, and in the first turn of each group its route is looked up.
_COLD = 10


class Member(Actor[Nothing]):
    """Hands on what its group gets."""

    receive: Receive


class Group:
    """Actors that handle one event type which nobody else handles."""

    def __init__(self, number: int, size: int) -> None:
        self.tally = Tally(size, is_threaded=False)
        kind = _event_type(number)
        self.event = kind()
        actor = _actor_type(kind)
        self.children = [
            child(f"member-{number}-{member}", actor, partial(given, actor, receive=receive))
            for member, receive in enumerate(self.tally.receivers)
        ]


def _event_type(number: int) -> type[Event]:
    namespace = {"__doc__": "The turn of one group.", "__module__": __name__}
    made = cast("type[Event]", RecordMeta(f"Turn{number}", (Event,), namespace))
    return wire(f"bench.turn_of_{number}")(made)


def _actor_type(kind: type[Event]) -> type[Member]:
    class Own(Member):
        async def take(self, turn: Event, ctx: Context) -> None:  # noqa: ARG002 - every handler is called so
            self.receive(turn)

        take.__annotations__["turn"] = kind
        take = handles(take)

    return Own


async def crowd(params: Params) -> Figures:
    """Measure one actor alone and among `actors`; a group alone and as one of many that take turns."""
    count = max(1, params.actors // _GROUP)
    groups = [Group(number, min(_GROUP, params.actors)) for number in range(count)]
    alone, _ = await _take((), params)
    _, group = await _take(groups[:1], params)
    among, turns = await _take(groups, params)
    return {
        "alone": median(alone),
        "among": median(among),
        "alone_mean": mean(alone),
        "among_mean": mean(among),
        "group": median(group),
        "turns": median(turns),
    }


async def _take(groups: Sequence[Group], params: Params) -> tuple[list[float], list[float]]:
    """Return nanoseconds per message to one actor, and per delivery to the groups by turns."""
    one = Tally(1, is_threaded=False)
    children: list[ChildSpec] = [
        child("receiver", Receiver, partial(given, Receiver, receive=one.receivers[0]))
    ]
    children += [member for group in groups for member in group.children]
    heaps = params.messages or _HEAPS
    async with stage(*children) as io:
        heap = Heap(io.publish, MEASURED, one)
        single = [(await heap.handled(EMPTY))[0] for _ in range(heaps)]
        turns = [
            (await Heap(io.publish, group.event, group.tally).handled(1))[0] / len(group.children)
            for group in _by_turns(groups, heaps + len(groups))
        ]
    return single[heaps // _COLD :], turns[len(groups) + heaps // _COLD :]


def _by_turns(groups: Sequence[Group], times: int) -> Iterator[Group]:
    if groups:
        yield from (group for group, _ in zip(cycle(groups), range(times), strict=False))
