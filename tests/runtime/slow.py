"""Actors that take their time to stop, and what they are told: what the tests of stopping play with."""

# ruff: noqa: ARG002 - what a handler takes is given

import msgspec
from anyio import CancelScope
from anyio import Event as Flag

from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles


@wire("test.shutdown.do")
class Do(Event):
    """Do what the number says."""

    n: int


@wire("test.shutdown.done")
class Done(Event):
    """It was done."""

    n: int


@wire("test.shutdown.get")
class Get(Command[int]):
    """How many?"""


@wire("test.shutdown.push", policy=Policy.AT_MOST_ONCE)
class Push(Effect):
    """Push something outside."""

    n: int


class Nothing(msgspec.Struct):
    pass


class Plain(Actor[Nothing]):
    @handles
    async def do(self, do: Do, ctx: Context) -> None:
        ctx.publish(Done(n=do.n))

    async def on_stop(self, ctx: Context) -> None:
        ctx.publish(Done(n=-1))


class Script:
    """What several edge actors did when they were asked to stop."""

    def __init__(self) -> None:
        self.trace: list[str] = []
        self.release = Flag()


class Slow(EdgeActor):
    """Takes its seconds to stop."""

    def __init__(self, script: Script, seconds: float = 0, how: str = "") -> None:
        self.script = script
        self.seconds = seconds
        self.how = how

    @handles
    async def do(self, do: Do, io: EdgeContext) -> None:
        raise ValueError(do.n)

    async def run(self, io: EdgeContext) -> None:
        trace = self.script.trace
        io.ready()
        await io.stopping.wait()
        trace.append(f"{io.actor} stopping")
        try:
            if self.how == "shielded":
                with CancelScope(shield=True):
                    await self.script.release.wait()
            await io.clock.sleep(self.seconds)
            if self.how == "raises":
                raise OSError("the door is stuck")
            trace.append(f"{io.actor} in good order")
        finally:
            trace.append(f"{io.actor} ended")
