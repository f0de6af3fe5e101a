"""Trees that cannot work are refused before anything starts."""

# ruff: noqa: ARG002 - what a handler takes is given

import math
from typing import Any

import msgspec
import pytest

from acore.events.base import Command, Event
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff, RestartLimit, SpecError
from acore.runtime.spec import ChildSpec
from tests.runtime.stage import Stage, child, tree


@wire("test.spec.noise", journaled=False)
class Noise(Event):
    """Too much of it to keep."""


@wire("test.spec.sound")
class Sound(Event):
    """It is kept."""


@wire("test.spec.hum", journaled=False)
class Hum(Sound):
    """A sound that is not kept."""


@wire("test.spec.ask_a")
class AskA(Command[int]):
    """Ask a."""


@wire("test.spec.ask_b")
class AskB(Command[int]):
    """Ask b."""


@wire("test.spec.ask_c")
class AskC(Command[int]):
    """Ask c."""


class Nothing(msgspec.Struct):
    pass


class A(Actor[Nothing]):
    asks = (AskB,)

    @handles
    async def a(self, ask: AskA, ctx: Context) -> int:
        return await ctx.ask(AskB())


class B(Actor[Nothing]):
    asks = (AskC,)

    @handles
    async def b(self, ask: AskB, ctx: Context) -> int:
        return await ctx.ask(AskC())


class C(Actor[Nothing]):
    @handles
    async def c(self, ask: AskC, ctx: Context) -> int:
        return 1


class CAsksA(C):
    asks = (AskA,)


class Myself(Actor[Nothing]):
    asks = (AskC,)

    @handles
    async def c(self, ask: AskC, ctx: Context) -> int:
        return await ctx.ask(AskC())


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"id": ""}, "id must be a name"),
        ({"id": "a/b"}, "id must be a name"),
        ({"shutdown": -1}, "shutdown must not be negative"),
        ({"start_timeout": 0}, "start_timeout must be more than 0"),
        ({"capacity": 0}, "capacity must be at least 1"),
        ({"restart": "sometimes"}, "restart must be one of permanent, transient, temporary, not 'sometimes'"),
        ({"start": 5}, "start must make the actor when it is called, and 5 cannot"),
    ],
)
def test_a_child_that_cannot_work_is_refused_by_name_and_field(fields: dict[str, Any], named: str) -> None:
    """S01."""
    with pytest.raises(SpecError, match=named):
        Stage(tree(child(C, **fields)))


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        (RestartLimit(intensity=-1), "limit.intensity must not be negative"),
        (RestartLimit(period=0), "limit.period must be more than 0"),
    ],
)
def test_a_limit_that_cannot_work_is_refused(limit: RestartLimit, named: str) -> None:
    """S01."""
    with pytest.raises(SpecError, match=f"'sub': {named}"):
        Stage(tree(tree(child(C), id="sub", limit=limit)))


def test_a_strategy_that_does_not_exist_is_refused() -> None:
    """S01."""
    unknown: Any = "two_for_one"
    with pytest.raises(SpecError, match=r"'sub': strategy must be one of one_for_one, .*, not 'two_for_one'"):
        Stage(tree(tree(child(C), id="sub", strategy=unknown)))


def test_no_two_children_of_a_tree_have_one_id() -> None:
    """S01: not even in different places."""
    with pytest.raises(SpecError, match="'c': id is used twice"):
        Stage(tree(child(C), tree(child(C), id="sub")))


def test_a_field_that_does_not_exist_is_refused() -> None:
    """S01: OTP ignores it."""
    with pytest.raises(TypeError, match="Unexpected keyword argument 'restrat'"):
        ChildSpec(id="c", actor=C, restrat="permanent")  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("actors", "circle"),
    [((A, B, CAsksA), "a → b → casksa → a"), ((Myself,), "myself → myself")],
)
def test_actors_that_ask_in_a_circle_are_refused_at_start(
    actors: tuple[type[Actor[Any]], ...], circle: str
) -> None:
    """B17."""
    with pytest.raises(SpecError, match=f"makes a circle: {circle}"):
        Stage(tree(*(child(actor) for actor in actors)))


async def test_a_chain_of_asks_without_a_circle_is_fine() -> None:
    """B17."""
    assert list(Stage(tree(child(C), child(A), child(B))).system.cells) == ["c", "a", "b"]


def test_asking_what_nobody_answers_is_refused_at_start() -> None:
    with pytest.raises(SpecError, match="'a': asks names AskB, which no actor of the tree answers"):
        Stage(tree(child(A)))


def test_two_actors_that_answer_one_command_are_refused() -> None:
    with pytest.raises(Exception, match="AskC has a receiver already: c, not myself"):
        Stage(tree(child(C), child(type("Myself", (C,), {}))))


def test_a_core_actor_may_not_decide_on_what_the_journal_does_not_keep() -> None:
    class Listener(Actor[Nothing]):
        @handles
        async def hear(self, noise: Noise, ctx: Context) -> None: ...

    with pytest.raises(SpecError, match="'listener': actor handles Noise, which is not journaled"):
        Stage(tree(child(Listener)))


def test_nor_on_a_kind_of_event_that_is_kept_only_in_part() -> None:
    class Listener(Actor[Nothing]):
        @handles
        async def hear(self, sound: Sound, ctx: Context) -> None: ...

    with pytest.raises(SpecError, match="'listener': actor handles Hum, which is not journaled"):
        Stage(tree(child(Listener)))


async def test_an_edge_actor_may_listen_to_anything() -> None:
    class Listener(EdgeActor):
        @handles
        async def hear(self, noise: Noise, io: EdgeContext) -> None: ...

    assert list(Stage(tree(child(Listener))).system.cells) == ["listener"]


@pytest.mark.parametrize("field", ["start_timeout", "shutdown"])
def test_a_time_that_is_no_number_is_refused(field: str) -> None:
    """S01."""
    with pytest.raises(SpecError, match=field):
        Stage(tree(child(C, **{field: math.nan})))


@pytest.mark.parametrize("backoff", [Backoff(first=0), Backoff(first=2, cap=1), Backoff(jitter=-1)])
def test_a_backoff_that_cannot_work_is_refused(backoff: Backoff) -> None:
    """S01, S31."""
    with pytest.raises(SpecError, match="'c': backoff must wait"):
        Stage(tree(child(C, backoff=backoff)))
