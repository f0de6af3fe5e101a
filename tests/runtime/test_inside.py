"""What is ordered from inside the tree, by one of its own actors."""

# ruff: noqa: ARG002 - what a handler takes is given

from collections.abc import Awaitable, Callable
from contextvars import ContextVar

import pytest
from anyio import create_task_group

from acore.events.base import Event
from acore.events.catalog import wire
from acore.runtime.administration import (
    ChildState,
)
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec
from tests.runtime.cast import End, infos, one
from tests.runtime.stage import Stage, child, running, tree


@wire("test.administration.act")
class Act(Event):
    """Do what you were built to do."""


class Doer(EdgeActor):
    """Does on request what the test wants done inside an actor."""

    def __init__(self, deed: Callable[[EdgeContext], Awaitable[object]]) -> None:
        self.deed = deed

    @handles
    async def act(self, act: Act, io: EdgeContext) -> None:
        await self.deed(io)


# --- from inside


class Inside:
    """An actor that does something to its own tree, while the test looks on."""

    def __init__(self, deed: Callable[[Stage], Awaitable[object]]) -> None:
        self.deed = deed
        self.stage: Stage | None = None
        self.trace: list[str] = []

    def spec(self, name: str = "inside", **fields: object) -> ChildSpec:
        return child(Doer, id=name, start=lambda: Doer(self.act), shutdown=60, **fields)

    async def act(self, io: EdgeContext) -> None:
        assert self.stage is not None
        self.trace.append("asks")
        await self.deed(self.stage)
        self.trace.append("has asked")
        await io.clock.sleep(1)
        self.trace.append("is done")


@pytest.mark.parametrize("whom", ["inside", "sub"])
async def test_a_handler_may_stop_its_own_actor_or_what_it_is_part_of(whom: str) -> None:
    """S69: that returns at once, and takes effect after the handler."""
    inside = Inside(lambda stage: stage.system.stop_child(whom))
    async with running(one("a"), tree(inside.spec(), id="sub")) as stage:
        inside.stage = stage
        await stage.tell(Act())
        assert inside.trace == ["asks", "has asked"]

        await stage.clock.advance(1)

        assert inside.trace == ["asks", "has asked", "is done"]
        assert "inside#1 shutdown" in stage.life()
        assert stage.info(whom).state is ChildState.STOPPED
        assert stage.info("a").state is ChildState.RUNNING


async def test_a_handler_may_end_everything() -> None:
    """S69: also drained."""

    async def stop(stage: Stage) -> None:
        stage.system.stop(drain=True)

    inside = Inside(stop)
    async with running(one("a"), inside.spec()) as stage:
        inside.stage = stage
        await stage.tell(Act())
        await stage.clock.advance(1)

        assert inside.trace == ["asks", "has asked", "is done"]
        assert stage.is_over
        assert stage.error is None


async def test_a_task_of_the_actor_is_inside_it_too() -> None:
    """S69: who calls is known from the context, which tasks inherit."""

    async def stop(stage: Stage) -> None:
        async with create_task_group() as tasks:
            tasks.start_soon(stage.system.stop_child, "sub")

    inside = Inside(stop)
    async with running(tree(inside.spec(), id="sub")) as stage:
        inside.stage = stage
        await stage.tell(Act())
        await stage.clock.advance(1)

        assert inside.trace == ["asks", "has asked", "is done"]


async def test_a_handler_may_stop_a_sibling_and_start_another() -> None:
    """S69: both have happened when it goes on."""
    seen: list[object] = []

    async def deed(stage: Stage) -> None:
        await stage.system.stop_child("a")
        await stage.system.start_child("root", one("b"))
        seen.extend(infos(stage))

    inside = Inside(deed)
    async with running(one("a"), inside.spec()) as stage:
        inside.stage = stage
        await stage.tell(Act())

        assert seen == [
            ("a", ChildState.STOPPED, 1),
            ("inside", ChildState.RUNNING, 1),
            ("b", ChildState.RUNNING, 1),
        ]
        await stage.clock.advance(1)


async def test_a_child_started_by_a_handler_inherits_nothing_of_its_context() -> None:
    """S69: neither its variables nor whose cause it was."""
    secret: ContextVar[str] = ContextVar("secret", default="nothing")
    seen: list[str] = []

    class Newborn(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            seen.append(secret.get())
            io.publish(End(who="nobody"))
            io.ready()
            await io.stopping.wait()

    async def deed(stage: Stage) -> None:
        secret.set("the handler's")
        await stage.system.start_child("root", child(Newborn))

    inside = Inside(deed)
    async with running(inside.spec()) as stage:
        inside.stage = stage
        await stage.tell(Act())
        await stage.clock.advance(1)

        assert seen == ["nothing"]
        (act,) = stage.entries(Act)
        (said,) = stage.entries(End)
        assert (said.envelope.cause, said.envelope.correlation) == ("", said.envelope.id)
        assert act.envelope.correlation != said.envelope.correlation


async def test_two_handlers_that_stop_each_other_hold_up_nothing_for_ever() -> None:
    """S69: each has its time to stop, and no more."""

    class Rival(EdgeActor):
        def __init__(self, stage_of: list[Stage], other: str) -> None:
            self.stage_of = stage_of
            self.other = other

        @handles
        async def act(self, act: Act, io: EdgeContext) -> None:
            await self.stage_of[0].system.stop_child(self.other)

    stage_of: list[Stage] = []
    async with running(
        child(Rival, id="a", start=lambda: Rival(stage_of, "b")),
        child(Rival, id="b", start=lambda: Rival(stage_of, "a")),
    ) as stage:
        stage_of.append(stage)
        await stage.tell(Act())
        await stage.clock.advance(5)

        assert [state for _, state, _ in infos(stage)] == [ChildState.STOPPED] * 2
