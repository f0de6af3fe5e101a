"""Stopping after what was accepted is done."""

# ruff: noqa: ARG002 - what a handler takes is given

from collections import Counter

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from acore.events.asks import ActorStoppedError
from acore.events.base import Trace
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildState
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from tests.runtime.slow import Do, Done, Get, Nothing, Push
from tests.runtime.stage import child, running, tree


class Clerk(EdgeActor):
    """Takes its time for each thing it is asked."""

    def __init__(self, done: list[int]) -> None:
        self.done = done

    @handles
    async def do(self, do: Do, io: EdgeContext) -> None:
        await io.clock.sleep(1)
        self.done.append(do.n)

    @handles
    async def push(self, push: Push, io: EdgeContext) -> None:
        await io.clock.sleep(1)
        assert self.is_open
        self.done.append(100 + push.n)

    async def run(self, io: EdgeContext) -> None:
        self.is_open = True
        await super().run(io)
        self.is_open = False

    @handles
    async def get(self, get: Get, io: EdgeContext) -> int:
        return 1


class Slip(Actor[Nothing]):
    """Writes down what it is told."""

    @handles
    async def do(self, do: Do, ctx: Context) -> None:
        ctx.publish(Done(n=do.n))

    @handles
    async def get(self, get: Get, ctx: Context) -> int:
        return 1


async def test_a_drained_core_actor_does_what_it_has_accepted_and_refuses_the_rest() -> None:
    """S48: each message is handled or rejected, none is lost."""
    async with running(child(Slip)) as stage:
        stage.say(Do(n=1))
        stage.say(Do(n=2))
        async with create_task_group() as asking:
            asking.start_soon(lambda: stage.system.stop_child("slip", drain=True))
            while stage.info("slip").state is not ChildState.STOPPING:
                await checkpoint()
            stage.say(Do(n=3))
            with pytest.raises(ActorStoppedError):
                await stage.bus.ask(Get(), Trace(source="test"))

        assert [done.n for done in stage.messages(Done)] == [1, 2]
        assert stage.letters() == [("stopped", "slip", "test.shutdown.do")]
        assert stage.life() == ["slip#1 starts", "slip#1 shutdown"]


async def test_a_drained_edge_actor_finishes_what_it_has_begun_before_it_is_asked_to_stop() -> None:
    """S48: its outside is there until the last effect is done."""
    done: list[int] = []
    async with running(child(Clerk, start=lambda: Clerk(done), shutdown=60)) as stage:
        stage.say(Do(n=1))
        stage.say(Do(n=2))
        for n in range(3):
            stage.bus.perform(Push(n=n), Trace(source="test"))
        await stage.clock.settle()
        async with create_task_group() as asking:
            asking.start_soon(lambda: stage.system.stop_child("clerk", drain=True))
            await stage.clock.settle()
            stage.say(Do(n=3))
            await stage.clock.advance(10)

        assert sorted(done) == [1, 2, 100, 101, 102]
        assert stage.letters() == [("stopped", "clerk", "test.shutdown.do")]
        assert stage.life() == ["clerk#1 starts", "clerk#1 shutdown"]


async def test_a_drain_has_the_actors_time_and_what_is_left_then_dies() -> None:
    """S39, S48."""
    done: list[int] = []
    async with running(child(Clerk, start=lambda: Clerk(done), shutdown=2.5)) as stage:
        for n in range(5):
            stage.say(Do(n=n))
        async with create_task_group() as asking:
            asking.start_soon(lambda: stage.system.stop_child("clerk", drain=True))
            await stage.clock.advance(3)

        assert done == [0, 1]
        assert stage.life()[-1] == "clerk#1 killed"
        assert Counter(reason for reason, _, _ in stage.letters()) == {"interrupted": 1, "stopped": 2}


async def test_a_stop_without_drain_overtakes_a_drain() -> None:
    """S45, S48."""
    done: list[int] = []
    async with running(child(Clerk, start=lambda: Clerk(done), shutdown=60)) as stage:
        for n in range(5):
            stage.say(Do(n=n))
        async with create_task_group() as asking:
            asking.start_soon(lambda: stage.system.stop_child("clerk", drain=True))
            await stage.clock.settle()
            asking.start_soon(stage.system.stop_child, "clerk")
            await stage.clock.advance(1)

        assert done == [0]
        assert Counter(reason for reason, _, _ in stage.letters()) == {"stopped": 4}


async def test_everything_can_be_drained_each_when_its_turn_comes() -> None:
    """S48: what a later one says on its way out still reaches an earlier one."""

    class Asker(Actor[Nothing]):
        @handles
        async def done(self, done: Done, ctx: Context) -> None:
            if done.n < 5:
                ctx.publish(Do(n=done.n + 1))

    clerk: list[int] = []
    async with running(
        child(Clerk, start=lambda: Clerk(clerk), shutdown=60), tree(child(Asker), id="sub")
    ) as stage:
        for n in range(3):
            stage.say(Done(n=n))
        stage.system.stop(drain=True)
        await stage.clock.advance(60)

        assert stage.is_over
        assert clerk == [1, 2, 3]
        assert stage.letters() == []
        assert stage.life()[-3:] == ["asker#1 shutdown", "sub#1 shutdown", "clerk#1 shutdown"]
