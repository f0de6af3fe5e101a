"""An actor that does what it is told, all that an actor can do; and lives of it, by hand or at random."""

import random
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import msgspec
import pytest

from acore.events.asks import AskError
from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import wire
from acore.events.mailbox import Overflow
from acore.replay import source
from acore.runtime import corecell
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff, RestartLimit
from acore.runtime.spec import ChildSpec
from tests.actors import house as homes
from tests.actors.house import House

type Act = Literal[
    "say", "tell oneself", "perform", "bell", "ring", "ring by key", "ring at once", "ask", "ask long",
    "ask in vain", "ask and fail", "patch", "fail", "fail once", "look at the clock", "stop",
]  # fmt: skip
ACTS: dict[Act, float] = {
    "say": 8, "tell oneself": 5, "perform": 4, "bell": 4, "ring": 4, "ring by key": 4, "ring at once": 2,
    "ask": 3, "ask long": 1, "ask in vain": 1, "ask and fail": 0.5, "patch": 2, "fail": 1, "fail once": 1,
    "look at the clock": 3, "stop": 0.6,
}  # fmt: skip
"""What it can do, and how often it is told to, in proportion."""
REMEMBER_EVERY, PAGE = 7, 9


@wire("test.scripted.do")
class Do(Event):
    """The player is to do all this, in this order."""

    n: int
    acts: tuple[Act, ...] = ()


@wire("test.scripted.said")
class Said(Event):
    """Something was said."""

    n: int
    total: int


@wire("test.scripted.told")
class Told(Event):
    """The player told itself something."""

    n: int


@wire("test.scripted.belled")
class Belled(Event):
    """Something the player set for later, which is not for itself."""

    n: int


@wire("test.scripted.rang")
class Rang(Event):
    """Something the player set for later, for itself."""

    n: int


@wire("test.scripted.performed", policy=Policy.IDEMPOTENT)
class Performed(Effect):
    """Something is to be done outside."""

    n: int


@wire("test.scripted.twice")
class Twice(Command[int]):
    """How much is twice that?"""

    n: int


@wire("test.scripted.long")
class Long(Command[int]):
    """A question that takes its time: for odd numbers three seconds, for even ones for ever."""

    n: int


@wire("test.scripted.vain")
class Vain(Command[int]):
    """A question on which whoever is asked fails."""

    n: int


@wire("test.scripted.total")
class GetTotal(Command[int]):
    """How much is it by now?"""

    n: int


@wire("test.scripted.wondered")
class Wondered(Event):
    """The asker is to ask the player."""

    n: int


class Outside(EdgeActor):
    """Answers, late or never."""

    @handles
    async def double(self, question: Twice, _io: EdgeContext) -> int:
        return 2 * question.n

    @handles
    async def think(self, question: Long, io: EdgeContext) -> int:
        await io.clock.sleep(3 if question.n % 2 else 1000)
        return question.n

    @handles
    async def fail(self, question: Vain, _io: EdgeContext) -> int:
        raise OSError(f"nobody knows {question.n}")

    @handles
    async def perform(self, _wanted: Performed, _io: EdgeContext) -> None:
        pass


class Play(msgspec.Struct):
    """What has happened."""

    total: int = 0
    rings: int = 0
    told: int = 0
    answers: int = 0
    names: set[str] = msgspec.field(default_factory=set[str])
    at: datetime | None = None


class Player(Actor[Play]):
    """Does what it is told, and says something at its start and its end."""

    asks = (Twice, Long, Vain)

    async def on_start(self, ctx: Context) -> None:
        self.state.answers = await ctx.ask(Twice(n=ctx.incarnation))
        ctx.publish(Said(n=-1, total=self.state.answers))
        ctx.schedule(30, Belled(n=-1))
        ctx.schedule(40, Rang(n=-1), key="start")

    @handles
    async def do(self, wanted: Do, ctx: Context) -> None:
        self.state.total += wanted.n
        self.state.names.add(f"name {wanted.n % 9}")
        for index, act in enumerate(wanted.acts):
            await self.act(act, wanted.n, wanted.n * 100 + index, ctx)

    async def act(self, act: Act, n: int, own: int, ctx: Context) -> None:  # noqa: C901, PLR0912 - each act is a line
        state, soon = self.state, 3 + n % 5
        match act:
            case "say":
                ctx.publish(Said(n=own, total=state.total))
            case "tell oneself":
                ctx.publish(Told(n=own))
            case "perform":
                ctx.perform(Performed(n=own))
            case "bell":
                ctx.schedule(soon, Belled(n=own))
            case "ring":
                ctx.schedule(soon, Rang(n=own))
            case "ring by key":
                ctx.schedule(5, Rang(n=own), key=f"key {n % 3}")
            case "ring at once":
                ctx.schedule(0, Rang(n=own))
            case "ask":
                state.answers += await ctx.ask(Twice(n=n))
            case "ask long" | "ask in vain":
                try:
                    state.answers += await ctx.ask(Long(n=n) if act == "ask long" else Vain(n=n), within=8)
                except AskError:
                    state.answers += 1000
            case "ask and fail":
                await ctx.ask(Vain(n=n), within=8)
            case "patch":
                state.total += ctx.patched(f"patch {n % 3}")
            case "fail":
                raise ValueError("as it was told")
            case "fail once":
                if ctx.attempt == 1:
                    raise KeyError("as it was told")
            case "look at the clock":
                state.at = ctx.now
            case "stop":
                ctx.stop()

    @handles
    async def hear(self, told: Told, ctx: Context) -> None:
        self.state.told += told.n
        if told.n % 3 == 0:
            ctx.publish(Said(n=told.n, total=-1))

    @handles
    async def ring(self, rang: Rang, ctx: Context) -> None:
        self.state.rings += 1
        if rang.n % 2:
            ctx.publish(Said(n=rang.n, total=-2))

    @handles
    async def tell(self, question: GetTotal, ctx: Context) -> int:
        if question.n % 5 == 0:
            self.state.answers += await ctx.ask(Twice(n=question.n))
        if question.n % 7 == 3 and ctx.attempt == 1:
            raise KeyError("as it does")
        if question.n % 4 == 0:
            ctx.publish(Said(n=question.n, total=-3))
        return self.state.total + question.n

    async def on_stop(self, ctx: Context) -> None:
        ctx.publish(Said(n=-9, total=self.state.total))


class Answers(msgspec.Struct):
    """What the asker has been told."""

    total: int = 0


class Asker(Actor[Answers]):
    """Asks the player, so that what that replies is journaled."""

    asks = (GetTotal,)

    @handles
    async def wonder(self, wondered: Wondered, ctx: Context) -> None:
        try:
            within = 20 if wondered.n % 2 else 0.5  # less than it takes the player to begin anew
            self.state.total += await ctx.ask(GetTotal(n=wondered.n), within=within)
        except AskError:
            self.state.total += 1


CAST: dict[str, type[Actor[Play] | Actor[Answers]]] = {"player": Player, "asker": Asker}


def cast(*, attempts: int = 1, capacity: int = 1000, coalesces: bool = False) -> tuple[ChildSpec, ...]:
    """Describe the player, who it asks and who asks it.

    Args:
        attempts: How often a message is tried.
        capacity: How many messages may wait for the player.
        coalesces: Whether of what waits for it a newer one takes the place of an older one.
    """
    slow = Backoff(first=1.0, cap=1.0, jitter=0)
    player = ChildSpec(id="player", actor=Player, backoff=slow, max_attempts=attempts, capacity=capacity)
    if coalesces:
        player = msgspec.structs.replace(player, overflow=Overflow.COALESCE, coalesce_by=_key)
    return (
        ChildSpec(id="outside", actor=Outside, backoff=slow),
        player,
        ChildSpec(id="asker", actor=Asker, backoff=slow),
    )


def _key(message: object) -> int | None:
    return message.n // 4 if isinstance(message, Do) else None


def let_it_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have states remembered often, pages be short, and nobody give up on an actor that keeps failing."""
    monkeypatch.setattr(corecell, "REMEMBER_EVERY", REMEMBER_EVERY)
    monkeypatch.setattr(source, "PAGE", PAGE)
    endless = RestartLimit(intensity=1_000_000, period=1.0)
    monkeypatch.setattr(homes, "SupervisorSpec", partial(homes.SupervisorSpec, limit=endless))


async def live(home: House, chance: random.Random, count: int) -> None:
    """Tell the player *count* things at random, in bursts and with pauses; now and then the clock is set."""
    steps = chance.random() < 0.5
    said = 0
    while said < count:
        for _ in range(chance.choice((1, 1, 2, 5, 12))):
            said += 1
            if chance.random() < 0.12:
                home.say(Wondered(n=said))
            else:
                acts = chance.choices(list(ACTS), list(ACTS.values()), k=chance.choice((0, 0, 1, 1, 2, 3, 4)))
                home.say(Do(n=said, acts=tuple(acts)))
        if steps and chance.random() < 0.1:
            home.clock.step_wall(timedelta(seconds=chance.choice((-3600, -5, 50, 4000))))
        await home.clock.advance(chance.choice((0.01, 0.5, 1, 3, 9, 40)))
    await home.clock.advance(60)
