"""An actor whose state shows in which order, when and how often it was told things."""

from datetime import datetime

import msgspec

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles


@wire("test.replay.found")
class Found(Event):
    """Something was found."""

    n: int


@wire("test.replay.collected")
class Collected(Event):
    """Some more are together."""

    total: int
    at: datetime


@wire("test.replay.rested")
class Rested(Event):
    """Nothing was found for a while."""


@wire("test.replay.count_found")
class CountFound(Command[int]):
    """How many were found?"""


class Collection(msgspec.Struct):
    """What was found: names in no order, the last ones in theirs, and when."""

    names: set[str] = msgspec.field(default_factory=set[str])
    last: list[int] = msgspec.field(default_factory=list[int])
    total: int = 0
    rests: int = 0
    at: datetime | None = None


class Collector(Actor[Collection]):
    """Keeps what is found; fails on 0."""

    @handles
    async def find(self, found: Found, ctx: Context) -> None:
        state = self.state
        if found.n == 0:
            raise ZeroDivisionError("nothing was found")
        state.names.add(f"name-{found.n % 40}")
        state.last = [*state.last[-9:], found.n]
        state.total += 1
        state.at = ctx.now
        if state.total % 5 == 0:
            ctx.publish(Collected(total=state.total, at=ctx.now))
        if found.n % 7 == 0:
            ctx.schedule(50, Rested(), key="rest")

    @handles
    async def rest(self, _rested: Rested, _ctx: Context) -> None:
        self.state.rests += 1

    @handles
    async def count(self, _question: CountFound, _ctx: Context) -> int:
        return self.state.total
