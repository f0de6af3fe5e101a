"""What one message costs when many wait before it, beside what it costs when none does."""

from collections.abc import Callable
from statistics import median
from time import process_time_ns

from acore.bench.runtime.ours import core, edge
from acore.bench.runtime.ours.messages import GAUGED, MEASURED
from acore.bench.runtime.ours.stage import child, stage
from acore.bench.runtime.shapes import Figures, Params
from acore.bench.runtime.tally import Tally
from acore.events.base import Event
from acore.runtime.spec import ChildSpec

FULL = 9000
"""Messages queued at once; a mailbox has 10 000 places."""
EMPTY = 64
"""As many as come with one read from outside."""
_ROUNDS = 9
# As many messages are handled in small heaps as in a large one.
_SMALL_ROUNDS = FULL // EMPTY


class Heap:
    """Publishes a heap of messages at once and sees how long it takes until they are handled."""

    def __init__(self, publish: Callable[[Event], object], event: Event, tally: Tally) -> None:
        self._publish = publish
        self._event = event
        self._tally = tally

    async def handled(self, messages: int) -> tuple[float, float]:
        """Return nanoseconds for each of so many messages: in all, and after the last was published.

        Processor time, because a large heap takes longer than the machine leaves a process alone.
        """
        publish, event = self._publish, self._event
        self._tally.expect(messages)
        began = process_time_ns()
        for _ in range(messages):
            publish(event)
        published = process_time_ns()
        await self._tally.wait()
        ended = process_time_ns()
        return (ended - began) / messages, (ended - published) / messages


async def core_backlog(params: Params) -> Figures:
    """Measure a core actor."""
    tally = Tally(1, is_threaded=False)
    return await _measure(
        child("receiver", core.Receiver, lambda: core.given(core.Receiver, receive=tally.receivers[0])),
        MEASURED,
        tally,
        params,
    )


async def edge_backlog(params: Params) -> Figures:
    """Measure an edge actor."""
    tally = Tally(1, is_threaded=False)
    return await _measure(
        child("receiver", edge.Receiver, lambda: edge.Receiver(*tally.receivers)), GAUGED, tally, params
    )


async def _measure(receiver: ChildSpec, event: Event, tally: Tally, params: Params) -> Figures:
    full, empty = list[tuple[float, float]](), list[tuple[float, float]]()
    async with stage(receiver) as io:
        heap = Heap(io.publish, event, tally)
        for _ in range(1 if params.messages else _ROUNDS):
            full.append(await heap.handled(params.messages or FULL))
            empty += [await heap.handled(EMPTY) for _ in range(1 if params.messages else _SMALL_ROUNDS)]
    return {
        "full": median(one[0] for one in full),
        "empty": median(one[0] for one in empty),
        "full_handling": median(one[1] for one in full),
        "empty_handling": median(one[1] for one in empty),
    }
