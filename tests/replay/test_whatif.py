"""What would have happened with other code: fed onward, never a verdict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import wire
from acore.replay.cast import Cast
from acore.replay.source import RowsSource
from acore.replay.whatif import KEPT, EndlessError, WhatIf, what_if
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row
from tests.actors.house import house
from tests.replay.scripted import CAST, Do, cast


@wire("test.whatif.brought")
class Brought(Event):
    """Somebody outside brings a number."""

    n: int


@wire("test.whatif.summed")
class Summed(Event):
    """What all numbers come to."""

    total: int


@wire("test.whatif.late")
class Late(Event):
    """It is some time since the last number."""

    what: str = ""


@wire("test.whatif.ring", policy=Policy.IDEMPOTENT)
class Ring(Effect):
    """Ring outside."""

    total: int


@wire("test.whatif.limit")
class GetLimit(Command[int]):
    """How much is too much?"""

    of: str = "all"


@wire("test.whatif.total")
class GetTotal(Command[int]):
    """How much is it?"""


class Sum(msgspec.Struct):
    total: int = 0
    limit: int = 0
    late: int = 0


class Adder(Actor[Sum]):
    """Adds up, and says what it comes to."""

    @handles
    async def add(self, brought: Brought, ctx: Context) -> None:
        if brought.n == 13:
            raise ZeroDivisionError("an unlucky number")
        self.state.total += brought.n
        ctx.publish(Summed(total=self.state.total))
        ctx.schedule(60, Late(), key="late")

    @handles
    async def tell(self, _question: GetTotal, _ctx: Context) -> int:
        return self.state.total


class Bell(Actor[Sum]):
    """Rings when it is too much, or late."""

    asks = (GetLimit, GetTotal)

    async def on_start(self, ctx: Context) -> None:
        self.state.limit = await ctx.ask(GetLimit())

    @handles
    async def hear(self, summed: Summed, ctx: Context) -> None:
        if summed.total > self.state.limit:
            ctx.perform(Ring(total=await ctx.ask(GetTotal())))

    @handles
    async def wait(self, late: Late, ctx: Context) -> None:
        ctx.perform(Ring(total=len(late.what)))


class Keeper(EdgeActor):
    """Knows the limit, and rings."""

    @handles
    async def limit(self, _question: GetLimit, _io: EdgeContext) -> int:
        return 10

    @handles
    async def ring(self, _wanted: Ring, _io: EdgeContext) -> None:
        pass


THEN: Mapping[str, type[Actor[Any]]] = {"adder": Adder, "bell": Bell}


async def lived(folder: Path) -> tuple[Row, ...]:
    slow = Backoff(first=1.0, cap=1.0, jitter=0)
    actors = [ChildSpec(id=name, actor=kind, backoff=slow) for name, kind in THEN.items()]
    async with house(folder, ChildSpec(id="keeper", actor=Keeper), *actors) as home:
        await home.tell(Brought(n=4), Brought(n=5))
        assert await home.ask(GetTotal()) == 9
        await home.clock.advance(30)
        await home.tell(Brought(n=6))
        await home.clock.advance(90)
        home.say(Brought(n=13))
        await home.clock.advance(5)
        await home.tell(Brought(n=1))
        await home.clock.advance(100)
        return await home.rows()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Row, ...]:
    return anyio.run(lived, tmp_path_factory.mktemp("data"))


def with_today(rows: tuple[Row, ...], **today: type[Actor[Any]]) -> WhatIf:
    cast: Cast = {**THEN, **today}
    return what_if(cast, RowsSource(rows))


def told(result: WhatIf) -> list[tuple[str, str, str]]:
    return [(one.name.rpartition(".")[2], one.then, one.now) for one in result.otherwise]


def test_with_the_code_of_then_nothing_would_have_been_different(rows: tuple[Row, ...]) -> None:
    """R15: through messages, timers, questions, a failure and a stop."""
    result = with_today(rows)

    assert (result.otherwise, result.not_known, result.further) == ((), (), 0)
    said = [row for row in rows if row.source in THEN and row.kind in {"event", "effect"}]
    assert result.alike == len([row for row in said if row.name.startswith("test.")])


class Doubler(Adder):
    """Takes each number twice."""

    @handles
    async def add(self, brought: Brought, ctx: Context) -> None:
        self.state.total += 2 * brought.n
        ctx.publish(Summed(total=self.state.total))
        ctx.schedule(60, Late(), key="late")


def test_what_is_said_now_is_fed_onward(rows: tuple[Row, ...]) -> None:
    """R15: who hears of it decides anew, and asks who decided anew."""
    result = with_today(rows, adder=Doubler)

    assert told(result) == [
        ("summed", '{"total":4}', '{"total":8}'),
        ("summed", '{"total":9}', '{"total":18}'),
        ("ring", "", '{"total":18}'),
        ("summed", '{"total":15}', '{"total":30}'),
        ("ring", '{"total":15}', '{"total":30}'),
        ("summed", "", '{"total":56}'),
        ("ring", "", '{"total":56}'),
        ("summed", '{"total":1}', '{"total":58}'),
        ("ring", "", '{"total":58}'),
    ]
    assert result.otherwise[0].fields[0].path == "total"
    assert result.not_known == ()


class Patient(Adder):
    """Waits longer before it is late."""

    @handles
    async def add(self, brought: Brought, ctx: Context) -> None:
        if brought.n == 13:
            raise ZeroDivisionError("an unlucky number")
        self.state.total += brought.n
        ctx.publish(Summed(total=self.state.total))
        if brought.n == 5:
            ctx.schedule(20, Late(), key="late")


def test_timers_ring_when_they_would_have(rows: tuple[Row, ...]) -> None:
    """R15: on virtual time; each of then that is not set any more is one less."""
    result = with_today(rows, adder=Patient)

    second = [row for row in rows if row.name == "test.whatif.brought"][1]
    late = [row for row in rows if row.name == "test.whatif.late"]
    assert [(name, bool(then), bool(now)) for name, then, now in told(result)] == [
        ("late", True, False),
        ("ring", True, False),
    ] * (len(late) - 1)
    assert late[0].wall_ns - second.wall_ns > 60e9


class Curious(Bell):
    """Asks what was not asked then."""

    async def on_start(self, ctx: Context) -> None:
        self.state.limit = await ctx.ask(GetLimit(of="some"))


def test_what_nobody_can_know_is_listed(rows: tuple[Row, ...]) -> None:
    """R15: an answer from outside that was never given."""
    result = with_today(rows, bell=Curious)

    assert [one.actor for one in result.not_known] == ["bell"]
    assert 'asks test.whatif.limit {"of":"some"}, which was not asked then' in result.not_known[0].what


class Fragile(Bell):
    """Fails on what it bore then."""

    @handles
    async def wait(self, late: Late, ctx: Context) -> None:
        raise RuntimeError(f"no {late} at {ctx.seq}")


def test_a_failure_of_today_is_told_and_it_begins_anew(rows: tuple[Row, ...]) -> None:
    """R15."""
    result = with_today(rows, bell=Fragile)

    late = [row for row in rows if row.name == "test.whatif.late"]
    assert len(
        [one for one in result.not_known if "would have failed with RuntimeError: no" in one.what]
    ) == len(late)
    assert [name for name, then, now in told(result) if then and not now] == ["ring"] * len(late)


class Sickly(Bell):
    """Does not come up."""

    async def on_start(self, ctx: Context) -> None:
        raise RuntimeError(f"not today, {ctx.actor}")


def test_an_actor_that_would_not_come_up_is_told_of_once(rows: tuple[Row, ...]) -> None:
    """R15."""
    result = with_today(rows, bell=Sickly)

    assert [one.what for one in result.not_known] == [
        "would have failed with RuntimeError: not today, bell, and not come up"
    ]
    assert {name for name, then, now in told(result) if then and not now} == {"ring"}


class Echo(Adder):
    """Answers itself for ever."""

    @handles
    async def again(self, summed: Summed, ctx: Context) -> None:
        ctx.publish(Summed(total=summed.total + 1))


def test_actors_that_would_go_on_and_on_are_told_of(rows: tuple[Row, ...]) -> None:
    """R15."""
    with pytest.raises(EndlessError, match="go on and on"):
        with_today(rows, adder=Echo)


class Chatty(Adder):
    """Says each sum many times."""

    @handles
    async def add(self, brought: Brought, ctx: Context) -> None:
        for _ in range(KEPT):
            ctx.publish(Summed(total=brought.n))


def test_more_differences_than_can_be_kept_are_counted(rows: tuple[Row, ...]) -> None:
    result = with_today(rows, adder=Chatty)

    assert len(result.otherwise) == KEPT
    assert result.further > KEPT


async def test_what_was_lost_tried_again_or_stopped_then_is_so_again(tmp_path: Path) -> None:
    """R15: the code of then makes nothing different, also where an actor stops itself or takes up a patch."""
    async with house(tmp_path, *cast(attempts=2, capacity=2)) as home:
        await home.tell(Do(n=1, acts=("patch", "say")), Do(n=4, acts=("patch", "say")))
        await home.tell(Do(n=5, acts=("ask", "fail once", "say")))
        await home.clock.advance(2)
        await home.tell(Do(n=6, acts=("stop", "say")))
        for n in (7, 8, 9, 10):  # there is room for two while it is down
            home.say(Do(n=n, acts=("say", "ring")))
        await home.clock.advance(50)
        rows = await home.rows()
    lost = [row for row in rows if row.name == "letter.died"]

    result = what_if(CAST, RowsSource(rows))

    assert len(lost) == 2
    assert (result.otherwise, result.not_known) == ((), ())
