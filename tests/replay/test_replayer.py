"""Replay: the same journal, the same decisions; another decision, and where it differs."""

import asyncio
from functools import partial
from pathlib import Path

import anyio
import msgspec
import pytest

import acore
from acore.events.asks import AskTimeoutError
from acore.events.base import Command, Effect, Event, Policy
from acore.events.catalog import UnknownMessageError, wire
from acore.replay import engine
from acore.replay.report import (
    Divergence,
    DivergenceKind,
    FieldDifference,
    LastInput,
    NondeterminismError,
    Replayed,
)
from acore.replay.source import RowsSource
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row
from tests.actors.house import House, house
from tests.replay.world import replay


@wire("test.replay.added")
class Added(Event):
    """A number was added."""

    n: int


@wire("test.replay.asked")
class Asked(Event):
    """Somebody wants to know the sum."""


@wire("test.replay.passed")
class Passed(Event):
    """The sum is over the limit."""

    total: int


@wire("test.replay.rang")
class Rang(Event):
    """It is some time since the sum passed its limit."""

    total: int


@wire("test.replay.quit")
class Quit(Event):
    """The tally is to stop by itself."""


@wire("test.replay.ring", policy=Policy.IDEMPOTENT)
class Ring(Effect):
    """Ring a bell outside."""

    times: int


@wire("test.replay.limit")
class GetLimit(Command[int]):
    """How much is too much?"""


@wire("test.replay.favour")
class GetFavour(Command[str | None]):
    """Would you do something that takes for ever?"""


@wire("test.replay.total")
class GetTotal(Command[int]):
    """What is the sum?"""


class Keeper(EdgeActor):
    """Knows the limit, and does no favours."""

    @handles
    async def limit(self, _question: GetLimit, _io: EdgeContext) -> int:
        return 10

    @handles
    async def favour(self, _question: GetFavour, io: EdgeContext) -> str | None:
        await io.clock.sleep(1_000_000)

    @handles
    async def ring(self, _wanted: Ring, _io: EdgeContext) -> None:
        pass


class Sums(msgspec.Struct):
    limit: int = 0
    total: int = 0
    rung: int = 0
    in_vain: int = 0


class Tally(Actor[Sums]):
    """Adds up, and says when it is too much."""

    asks = (GetLimit, GetFavour)

    async def on_start(self, ctx: Context) -> None:
        self.state.limit = await ctx.ask(GetLimit())

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        if added.n == 0:
            raise ZeroDivisionError("nothing was added")
        if added.n < 0:
            await self.bargain(ctx)
        self.state.total += added.n
        if self.state.total > self.state.limit:
            ctx.publish(Passed(total=self.state.total))
            ctx.perform(Ring(times=1))
            ctx.schedule(60, Rang(total=self.state.total), key="bell")

    async def bargain(self, ctx: Context) -> None:
        try:
            await ctx.ask(GetFavour(), within=2)
        except AskTimeoutError:
            self.state.in_vain += 1

    @handles
    async def note(self, rang: Rang, ctx: Context) -> None:  # noqa: ARG002 - others need it
        self.state.rung += rang.total

    @handles
    async def tell(self, _question: GetTotal, _ctx: Context) -> int:
        return self.state.total

    @handles
    async def leave(self, _quit: Quit, ctx: Context) -> None:
        ctx.stop()

    async def on_stop(self, ctx: Context) -> None:
        ctx.publish(Passed(total=-1))


class Curious(Actor[Sums]):
    """Asks for the sum, so that the reply is journaled."""

    asks = (GetTotal,)

    @handles
    async def wonder(self, _asked: Asked, ctx: Context) -> None:
        self.state.total = await ctx.ask(GetTotal())


SLOW = Backoff(first=1.0, cap=1.0, jitter=0)


def actors(capacity: int = 100) -> tuple[ChildSpec, ...]:
    return (
        ChildSpec(id="keeper", actor=Keeper),
        ChildSpec(id="tally", actor=Tally, backoff=SLOW, capacity=capacity),
        ChildSpec(id="curious", actor=Curious),
    )


async def day(home: House) -> None:
    """Let all that can happen to an actor happen to the tally."""
    await home.tell(Added(n=4), Added(n=3), Asked())
    home.say(Added(n=0))
    home.say(Added(n=5))
    await home.clock.advance(2)  # it crashed, and is back for the 5
    await home.tell(Added(n=8), Asked())
    await home.clock.advance(61)  # the bell
    home.say(Added(n=-1))
    home.say(Asked())
    await home.clock.advance(10)  # nobody did it the favour
    await home.tell(Added(n=9), Added(n=1))
    await home.clock.advance(70)
    home.say(Quit())
    home.say(Added(n=2))
    await home.clock.advance(2)
    await home.tell(Added(n=20))
    await home.clock.advance(100)
    await home.tell(Asked())
    await home.clock.advance(10)


async def lived(directory: Path) -> tuple[Row, ...]:
    async with house(directory, *actors()) as home:
        await day(home)
    async with house(directory, boot="after") as home:
        return await home.rows("boot-1")


def problems(again: Replayed) -> list[tuple[str, str, str]]:
    return [(one.handler, one.kind, one.message) for one in again.divergences]


@pytest.fixture
def rows(tmp_path: Path) -> tuple[Row, ...]:
    return anyio.run(lived, tmp_path)


def test_a_replay_needs_no_event_loop_and_finds_nothing_else(rows: tuple[Row, ...]) -> None:
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()

    again = replay("tally", Tally, rows)

    assert again.divergences == ()
    assert msgspec.json.decode(again.state, type=Sums) == Sums(limit=10, total=22, rung=22)
    assert {row.name for row in rows if row.source == "root"} >= {"actor.exited", "actor.restarting"}
    assert [row.kind for row in rows if row.name == "test.replay.favour"] == ["command", "no_reply"]


async def test_the_replayed_state_is_the_one_that_was_lived(tmp_path: Path) -> None:
    async with house(tmp_path, *actors()) as home:
        await day(home)

        rows = await home.rows()
        for name, kind in (("tally", Tally), ("curious", Curious)):
            again = replay(name, kind, rows)
            assert again.divergences == ()
            assert bytes(again.state) == home.state(name)


def test_a_journal_cut_anywhere_at_its_end_replays_as_far_as_it_goes(rows: tuple[Row, ...]) -> None:
    for end in range(len(rows) + 1):
        assert replay("tally", Tally, rows[:end]).divergences == (), f"cut before {rows[end:][:1]}"


def test_a_journal_whose_beginning_was_purged_replays_from_the_next_start(rows: tuple[Row, ...]) -> None:
    whole = replay("tally", Tally, rows)
    for start in range(len(rows)):
        again = replay("tally", Tally, rows[start:])
        assert again.divergences == ()
        assert again.handled <= whole.handled
    assert replay("tally", Tally, rows[1:]).handled > 0


async def test_messages_that_were_buried_are_not_handled_again(tmp_path: Path) -> None:
    async with house(tmp_path, *actors(capacity=2)) as home:
        home.say(Added(n=0))
        await home.clock.settle()
        for n in (1, 2, 3, 4):  # there is room for two while it is down
            home.say(Added(n=n))
        await home.clock.advance(2)
        assert len(home.bus.letters) == 2

        again = replay("tally", Tally, await home.rows())

        assert again.divergences == ()
        assert msgspec.json.decode(again.state, type=Sums).total == 1 + 2
        assert bytes(again.state) == home.state("tally")


async def test_each_run_of_the_process_is_replayed_with_fresh_state(tmp_path: Path) -> None:
    """R10."""
    for boot in ("first", "second"):
        async with house(tmp_path, *actors(), boot=boot) as home:
            await home.tell(Added(n=5), Added(n=1))
            rows = await home.rows()
            live = home.state("tally")
    both = replay("tally", Tally, rows)
    alone = replay("tally", Tally, [row for row in rows if row.boot == "second"])

    assert both.divergences == alone.divergences == ()
    assert bytes(both.state) == bytes(alone.state) == live
    assert both.handled > alone.handled


def test_what_a_stopped_run_left_unread_is_for_the_next_one(rows: tuple[Row, ...]) -> None:
    """As when it is stopped by its supervisor, together with others: nothing in its own handlers tells."""
    quiet = [row for row in rows if row.name != "test.replay.quit"]
    silent = [
        msgspec.structs.replace(row, payload='{"actor":"tally","incarnation":2}')
        if row.name == "actor.stopping" and '"unread":1' in row.payload
        else row
        for row in quiet
    ]

    assert replay("tally", Tally, quiet).divergences == ()
    assert silent != quiet
    assert replay("tally", Tally, silent).divergences, "it cannot be told from one that was handled"


# --- another decision


class Silent(Tally):
    """Does not say that it is too much."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        if added.n == 0:
            raise ZeroDivisionError("nothing was added")
        if added.n < 0:
            await self.bargain(ctx)
        self.state.total += added.n


class Talkative(Tally):
    """Says something whenever it is asked."""

    @handles
    async def tell(self, _question: GetTotal, ctx: Context) -> int:
        ctx.publish(Passed(total=0))
        return self.state.total


class Boastful(Tally):
    """Starts from more than there is."""

    async def on_start(self, ctx: Context) -> None:
        await super().on_start(ctx)
        self.state.total = 100


class Timid(Tally):
    """Fails where the other did not."""

    @handles
    async def note(self, rang: Rang, ctx: Context) -> None:  # noqa: ARG002 - as it overrides
        raise LookupError("what a noise")


class Brave(Tally):
    """Does not fail where the other did."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        pass


class Clumsy(Tally):
    """Fails otherwise than the other did."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:  # noqa: ARG002 - it does nothing
        raise KeyError


class Liar(Tally):
    """Replies with something else."""

    @handles
    async def tell(self, _question: GetTotal, _ctx: Context) -> int:
        return self.state.total + 1


class Louder(Tally):
    """Has another effect in the place of the same."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        await super().add(added, ctx)
        ctx.outputs[:] = [
            msgspec.structs.replace(one, message=Ring(times=3), payload=b'{"times":3}')
            if isinstance(one.message, Ring)
            else one
            for one in ctx.outputs
        ]


class Misnamed(Tally):
    """Says something else in the place of the same."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        await super().add(added, ctx)
        ctx.outputs[:] = [
            msgspec.structs.replace(one, message=Rang(total=1), payload=b'{"total":1}')
            if isinstance(one.message, Passed)
            else one
            for one in ctx.outputs
        ]


class Generous(Tally):
    """Says it with another number."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        await super().add(added, ctx)
        ctx.outputs[:] = [
            msgspec.structs.replace(one, message=Passed(total=1), payload=b'{"total":1}')
            if isinstance(one.message, Passed)
            else one
            for one in ctx.outputs
        ]


class Reversed(Tally):
    """Says the same in another order."""

    @handles
    async def add(self, added: Added, ctx: Context) -> None:
        if added.n == 0:
            raise ZeroDivisionError("nothing was added")
        if added.n < 0:
            await self.bargain(ctx)
        self.state.total += added.n
        if self.state.total > self.state.limit:
            ctx.perform(Ring(times=1))
            ctx.publish(Passed(total=self.state.total))
            ctx.schedule(60, Rang(total=self.state.total), key="bell")


class Incurious(Tally):
    """Does not ask for the limit."""

    async def on_start(self, ctx: Context) -> None:
        ctx.ask(GetLimit())
        self.state.limit = 10


class Inquisitive(Tally):
    """Asks more than the other did."""

    @handles
    async def note(self, rang: Rang, ctx: Context) -> None:
        self.state.rung += rang.total + await ctx.ask(GetLimit())


class Confused(Tally):
    """Asks something else than the other did."""

    async def on_start(self, ctx: Context) -> None:
        await ctx.ask(GetFavour())
        self.state.limit = 10


class Undeclared(Tally):
    """Asks what its class does not declare."""

    asks = (GetFavour,)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (Silent, ("add", "missing output", "test.replay.added")),
        (Talkative, ("tell", "extra output", "test.replay.total")),
        (Boastful, ("add", "extra output", "test.replay.added")),
        (Timid, ("note", "other failure", "test.replay.rang")),
        (Brave, ("add", "other failure", "test.replay.added")),
        (Clumsy, ("add", "other failure", "test.replay.added")),
        (Liar, ("tell", "other payload", "test.replay.total")),
        (Louder, ("add", "other effect", "test.replay.added")),
        (Misnamed, ("add", "other type", "test.replay.added")),
        (Generous, ("add", "other payload", "test.replay.added")),
        (Reversed, ("add", "other order", "test.replay.added")),
        (Incurious, ("on_start", "missing output", "actor.started")),
        (Inquisitive, ("note", "extra output", "test.replay.rang")),
        (Confused, ("on_start", "other effect", "actor.started")),
        (Undeclared, ("on_start", "other failure", "actor.started")),
    ],
)
def test_a_changed_handler_diverges_and_the_kind_is_named(
    rows: tuple[Row, ...], changed: type[Tally], expected: tuple[str, str, str]
) -> None:
    """R03, R08: seven of the eight; the eighth, another state, is found where the state was kept."""
    assert expected in problems(replay("tally", changed, rows))


def test_a_difference_says_where_what_and_after_what(rows: tuple[Row, ...]) -> None:
    """R03, R04: number, event, actor, run, handler, file and line, fields, last inputs, versions."""
    line = Louder.add.__code__.co_firstlineno
    passed = next(row for row in rows if row.name == "test.replay.ring")
    cause = next(row for row in rows if row.id == passed.cause)

    first = engine.replay("tally", Louder, RowsSource(rows, version="0.0.9")).divergences[0]

    last = first.last_inputs
    assert first == Divergence(
        kind=DivergenceKind.OTHER_EFFECT,
        seq=cause.seq,
        message="test.replay.added",
        actor="tally",
        incarnation=2,
        handler="add",
        place=f"{__file__}:{line}",
        expected='test.replay.ring {"times":1}',
        actual='test.replay.ring {"times":3}',
        fields=(FieldDifference(path="times", expected="1", actual="3"),),
        last_inputs=last,
        written_by="0.0.9",
        replayed_by=acore.__version__,
    )
    assert last[-1] == LastInput(seq=cause.seq, name="test.replay.added", handler="add")
    assert [one.handler for one in last] == [
        "on_start",
        "add",
        "add",
        "tell",
        "add",
        "on_start",
        "add",
        "add",
    ]
    told = first.text()
    assert f"Something else is requested: tally at entry {cause.seq}, test.replay.added" in told
    assert f"add  {__file__}:{line}" in told
    assert "times: 1 → 3" in told
    assert f"written by acore 0.0.9, replayed by {acore.__version__}" in told
    assert msgspec.json.decode(first.json(), type=Divergence) == first


def test_a_replay_stops_at_the_first_difference_unless_it_is_to_go_on(rows: tuple[Row, ...]) -> None:
    """R05."""
    source = RowsSource(rows)

    first, whole = (
        engine.replay("tally", Boastful, source),
        engine.replay("tally", Boastful, source, collect=True),
    )

    assert first.divergences == whole.divergences[:1]
    assert len(whole.divergences) > 1
    assert first.handled < whole.handled
    with pytest.raises(
        NondeterminismError, match="Something is said that was not said: tally at entry"
    ) as caught:
        first.check()
    assert caught.value.divergence == first.first


def test_what_raised_tells_both_errors(rows: tuple[Row, ...]) -> None:
    (first, *_) = replay("tally", Clumsy, rows).divergences
    assert (first.expected, first.actual) == ("", "KeyError"), "the first one was no crash then"

    crash = next(one for one in replay("tally", Brave, rows).divergences if one.kind == "other failure")
    assert (crash.expected, crash.actual) == ("ZeroDivisionError", "")


def test_a_message_from_a_newer_acore_is_refused_by_name(rows: tuple[Row, ...]) -> None:
    newer = [
        msgspec.structs.replace(row, version=9) if row.name == "test.replay.added" else row for row in rows
    ]
    with pytest.raises(UnknownMessageError, match=r"test\.replay\.added of version 9"):
        replay("tally", Tally, newer)


def test_an_actor_that_never_ran_has_nothing_to_replay(rows: tuple[Row, ...]) -> None:
    again = replay("nobody", partial(Tally), rows)

    assert (again.handled, again.divergences) == (0, ())


class Stubborn(Tally):
    """Fails on what it is told, until it has been started for the third time."""

    @handles
    async def leave(self, _quit: Quit, ctx: Context) -> None:
        if ctx.incarnation < 3:
            raise ConnectionError("not yet")
        ctx.publish(Passed(total=ctx.incarnation))


async def test_a_message_that_was_handled_again_is_replayed_as_often(tmp_path: Path) -> None:
    """S65, R09: in the same place, before what waited behind it."""
    spec = ChildSpec(id="tally", actor=Stubborn, backoff=SLOW, max_attempts=3)
    async with house(tmp_path, ChildSpec(id="keeper", actor=Keeper), spec) as home:
        home.say(Added(n=1))
        home.say(Quit())
        home.say(Added(n=2))
        await home.clock.advance(10)

        again = replay("tally", Stubborn, await home.rows())

        assert again.divergences == ()
        assert msgspec.json.decode(again.state, type=Sums).total == 2
        assert bytes(again.state) == home.state("tally")
