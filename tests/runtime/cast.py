"""Actors that fail, end and start as they are told: what the tests of administration play with."""

import msgspec
from anyio import Event as Flag
from anyio import sleep_forever

from acore.events.base import Event
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import (
    ChildState,
)
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.incarnation import Ignore
from acore.runtime.restart import (
    Backoff,
    RestartType,
)
from acore.runtime.spec import ChildSpec
from tests.runtime.stage import Stage, child

PATIENT = Backoff(first=60, cap=60, jitter=0)


@wire("test.cast.crash")
class Crash(Event):
    """The actor of this name fails on it."""

    who: str


@wire("test.cast.end")
class End(Event):
    """The actor of this name stops itself on it."""

    who: str


class Nothing(msgspec.Struct):
    pass


class One(Actor[Nothing]):
    """Fails and ends as it is told."""

    @handles
    async def crash(self, crash: Crash, ctx: Context) -> None:
        if crash.who == ctx.actor:
            raise ValueError(crash.who)

    @handles
    async def end(self, end: End, ctx: Context) -> None:
        if end.who == ctx.actor:
            ctx.stop()


class Starter(EdgeActor):
    """Starts as its next plan says: ok, fail, ignore, hang; hold and fail late wait for the flag."""

    def __init__(self, *plans: str) -> None:
        self.plans = list(plans)
        self.flag = Flag()

    def __call__(self) -> "Starter":
        return self

    @handles
    async def crash(self, crash: Crash, io: EdgeContext) -> None:
        if crash.who == io.actor:
            raise ValueError(crash.who)

    async def run(self, io: EdgeContext) -> None:
        match self.plans.pop(0) if self.plans else "ok":
            case "fail":
                raise OSError("no such door")
            case "ignore":
                raise Ignore("switched off")
            case "hang":
                await sleep_forever()
            case "hold":
                await self.flag.wait()
            case "fail late":
                await self.flag.wait()
                raise OSError("no such door")
            case _:
                pass
        io.ready()
        await io.stopping.wait()


def one(name: str, restart: RestartType = RestartType.PERMANENT, backoff: Backoff | None = None) -> ChildSpec:
    return child(One, id=name, restart=restart, backoff=backoff)


def starter(name: str, actor: Starter, restart: RestartType = RestartType.PERMANENT) -> ChildSpec:
    return child(Starter, id=name, start=actor, restart=restart, backoff=None)


def infos(stage: Stage) -> list[tuple[str, ChildState, int]]:
    return [(info.id, info.state, info.incarnation) for info in stage.system.tree()]
