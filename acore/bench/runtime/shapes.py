"""What a contestant offers: one function for each thing that is measured."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from acore.bench.runtime.tally import Restarts
from acore.record import Record

BUFFER = 1024
"""Places in a bounded buffer."""
GIVE_WAY = 256
"""After so many messages a hand-written publisher that never waits gives way to the loop."""

type Receive = Callable[[object], None]
type Send = Callable[[int], Awaitable[None]]
"""Sends so many messages to every receiver; they may be still on their way when it returns."""
type Tell = Callable[[Sequence[Receive]], AbstractAsyncContextManager[Send]]
type Ask = Callable[[], AbstractAsyncContextManager[Callable[[], Awaitable[object]]]]
type Crash = Callable[[Restarts], AbstractAsyncContextManager[Callable[[], Awaitable[None]]]]
type Idle = Callable[[int], AbstractAsyncContextManager[None]]
type Figures = dict[str, float]


class Params(Record):
    """How one sample is taken.

    `seconds` is how long it should take; `messages`, when given, says how many messages instead.
    """

    fan_out: int = 1
    actors: int = 10_000
    seconds: float = 0.25
    messages: int | None = None
