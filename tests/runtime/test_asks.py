"""Questions: answered, refused or given up on at once, and never left lying about."""

# ruff: noqa: ARG002 - what a handler takes is given

import gc
from collections.abc import Awaitable

import msgspec
import pytest
from anyio import create_task_group

from acore.events.asks import (
    ActorCrashedError,
    ActorStoppedError,
    AskDeadlockError,
    AskError,
    AskTimeoutError,
    MailboxFullError,
    NobodyAnswersError,
)
from acore.events.base import Command, Event, Kind, Trace, trace_of
from acore.events.catalog import InvalidMessageError, wire
from acore.events.mailbox import Overflow
from acore.events.supervision import Burial
from acore.record import Record
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff, RestartType, Strategy
from tests.runtime.stage import Stage, child, running

ME = Trace(source="test")


class Refusal(Record):
    """Why the answer is no."""

    reason: str


@wire("test.asks.double")
class Double(Command[int | Refusal]):
    """Twice as much; 13 fails, a negative number is refused."""

    n: int


@wire("test.asks.fetch")
class Fetch(Command[int]):
    """Look outside."""

    seconds: float = 0


@wire("test.asks.relay")
class Relay(Command[int]):
    """Ask on."""

    within: float = 5


@wire("test.asks.go")
class Go(Event):
    """Ask now."""


@wire("test.asks.got")
class Got(Event):
    """What came of it."""

    what: str


@wire("test.asks.unanswered")
class Unanswered(Command[int]):
    """Nobody answers this."""


class Nothing(msgspec.Struct):
    pass


class Doubler(Actor[Nothing]):
    @handles
    async def double(self, ask: Double, ctx: Context) -> int | Refusal:
        if ask.n == 13:
            raise ValueError("unlucky")
        if ask.n == 0:
            ctx.stop()
        return 2 * ask.n if ask.n >= 0 else Refusal(reason="too little")


class Outside(EdgeActor):
    @handles
    async def fetch(self, ask: Fetch, io: EdgeContext) -> int:
        await io.clock.sleep(ask.seconds)
        return 5


async def failure(asking: Awaitable[object]) -> AskError:
    with pytest.raises(AskError) as failed:
        await asking
    return failed.value


async def test_a_question_brings_a_typed_reply() -> None:
    async with running(child(Doubler)) as stage:
        assert await stage.bus.ask(Double(n=4), ME) == 8


async def test_an_expected_failure_is_a_reply_and_crashes_nobody() -> None:
    """B21."""
    async with running(child(Doubler)) as stage:
        assert await stage.bus.ask(Double(n=-1), ME) == Refusal(reason="too little")
        assert stage.info("doubler").incarnation == 1


async def test_asking_what_nobody_answers_fails_at_once() -> None:
    """B19."""
    async with running(child(Doubler)) as stage:
        error = await failure(stage.bus.ask(Unanswered(), ME))

        assert isinstance(error, NobodyAnswersError)
        assert str(error) == "no actor answers Unanswered"


async def test_who_asks_an_actor_that_crashes_on_it_is_told_at_once() -> None:
    """B19: with kind and text."""
    async with running(child(Doubler)) as stage:
        error = await failure(stage.bus.ask(Double(n=13), ME))

        assert isinstance(error, ActorCrashedError)
        assert str(error) == "doubler failed on Double: ValueError: unlucky"
        assert stage.clock.monotonic() == 1000


@pytest.mark.parametrize(
    ("overflow", "outcomes"),
    [
        (Overflow.DROP_NEW, {1: 2, 2: "doubler has no room for Double: 1 messages are waiting already"}),
        (Overflow.DROP_OLD, {1: "doubler has no room for Double: 1 messages are waiting already", 2: 4}),
    ],
)
async def test_who_asks_an_actor_with_a_full_mailbox_is_told_so_at_once(
    overflow: Overflow, outcomes: dict[int, int | str]
) -> None:
    """B10: it is not stopped, and asking again may help."""
    async with running(child(Doubler, capacity=1, overflow=overflow)) as stage:
        told: dict[int, object] = {}

        async def ask(n: int) -> None:
            try:
                told[n] = await stage.bus.ask(Double(n=n), ME)
            except MailboxFullError as error:
                told[n] = str(error)

        async with create_task_group() as asking:
            asking.start_soon(ask, 1)
            asking.start_soon(ask, 2)

        assert told == outcomes
        assert await stage.bus.ask(Double(n=3), ME) == 6
        assert stage.clock.monotonic() == 1000


@pytest.mark.parametrize(
    ("restart", "refusal"),
    [(RestartType.TRANSIENT, ActorStoppedError), (RestartType.TEMPORARY, NobodyAnswersError)],
)
async def test_asking_an_actor_that_has_ended_for_good_fails_at_once(
    restart: RestartType, refusal: type[AskError]
) -> None:
    """B19: what was queued behind its end fails too; a temporary actor is forgotten."""
    async with running(child(Doubler, restart=restart)) as stage:
        async with create_task_group() as asking:
            asking.start_soon(stage.bus.ask, Double(n=0), ME)
            asking.start_soon(lambda: failure(stage.bus.ask(Double(n=1), ME)))

        error = await failure(stage.bus.ask(Double(n=2), ME))

        assert isinstance(error, refusal)
        assert stage.clock.monotonic() == 1000
        assert stage.letters() == [("stopped", "doubler", "test.asks.double")]


async def test_a_transient_actor_restarted_with_its_group_answers_again() -> None:
    """B19."""

    class Faulty(EdgeActor):
        @handles
        async def go(self, go: Go, io: EdgeContext) -> None:
            raise ValueError

    transient = child(Doubler, restart=RestartType.TRANSIENT)
    async with running(transient, child(Faulty), strategy=Strategy.ONE_FOR_ALL) as stage:
        assert await stage.bus.ask(Double(n=0), ME) == 0
        await stage.tell(Go())

        assert await stage.bus.ask(Double(n=2), ME) == 4


async def test_an_ask_waits_for_an_actor_that_is_being_restarted() -> None:
    """S36: by its own time."""
    async with running(child(Doubler, backoff=Backoff(first=3, cap=3, jitter=0))) as stage:
        await failure(stage.bus.ask(Double(n=13), ME))
        answers: list[object] = []

        async def ask() -> None:
            answers.append(await stage.bus.ask(Double(n=1), ME))
            answers.append(stage.clock.monotonic())

        async with create_task_group() as asking:
            asking.start_soon(ask)
            await stage.clock.advance(5)

        assert answers == [2, 1003]


async def give_up(stage: Stage, seconds: float, within: float) -> list[AskError]:
    errors: list[AskError] = []

    async def ask() -> None:
        errors.append(await failure(stage.bus.ask(Fetch(seconds=seconds), ME, within=within)))

    async with create_task_group() as asking:
        asking.start_soon(ask)
        await stage.clock.advance(within)
    return errors


async def test_a_question_that_takes_too_long_says_whom_what_and_how_long() -> None:
    """B18: and what the asked one is doing."""

    class Slow(Outside):
        at_once = 1

    async with running(child(Slow)) as stage:
        (error,) = await give_up(stage, 60, 2)

        assert isinstance(error, AskTimeoutError)
        assert str(error) == "no reply to Fetch from slow within 2 s (working on Fetch, 0 queued)"


@pytest.mark.parametrize("within", [0, -1, float("nan")])
async def test_no_time_to_wait_is_refused(within: float) -> None:
    """B18."""
    async with running(child(Outside)) as stage:
        with pytest.raises(ValueError, match="within must be more than 0 s"):
            await stage.bus.ask(Fetch(), ME, within=within)


class Relayer(Actor[Nothing]):
    asks = (Fetch, Double)

    @handles
    async def relay(self, ask: Relay, ctx: Context) -> int:
        return await ctx.ask(Fetch(seconds=60), within=ask.within)

    @handles
    async def go(self, go: Go, ctx: Context) -> None:
        try:
            ctx.publish(Got(what=str(await ctx.ask(Double(n=13)))))
        except AskError as error:
            ctx.publish(Got(what=str(error)))


async def test_an_inner_question_gets_no_more_time_than_the_outer_has() -> None:
    """B18."""
    async with running(child(Outside), child(Doubler), child(Relayer)) as stage:
        async with create_task_group() as asking:
            asking.start_soon(lambda: failure(stage.bus.ask(Relay(within=100), ME, within=3)))
            await stage.clock.advance(3)

        reason = next(e for e in stage.recorder.entries if e.envelope.kind is Kind.NO_REPLY)
        assert b"within 3 s" in reason.payload


async def test_what_a_command_led_to_is_not_in_its_hurry() -> None:
    """B18: the time somebody waits for a reply is nobody else's limit."""

    class Teller(Actor[Nothing]):
        @handles
        async def relay(self, ask: Relay, ctx: Context) -> int:
            ctx.publish(Go())
            return 1

    class Late(EdgeActor):
        asks = (Fetch,)

        @handles
        async def go(self, go: Go, io: EdgeContext) -> None:
            await io.clock.sleep(30)
            io.publish(Got(what=str(await io.ask(Fetch(seconds=1)))))

    async with running(child(Outside), child(Teller), child(Late)) as stage:
        assert await stage.bus.ask(Relay(), ME, within=2) == 1
        await stage.clock.advance(40)

        assert stage.messages(Got) == [Got(what="5")]
        assert stage.info("late").incarnation == 1


async def test_an_asker_hears_of_the_failure_and_goes_on() -> None:
    """B19, D6: the error is the asker's to handle."""
    async with running(child(Outside), child(Doubler), child(Relayer)) as stage:
        await stage.tell(Go())

        assert stage.messages(Got) == [Got(what="doubler failed on Double: ValueError: unlucky")]
        assert stage.info("relayer").incarnation == 1
        assert stage.info("doubler").incarnation == 2


async def around_the_declaration[R](stage: Stage, command: Command[R], io: EdgeContext) -> R:
    """Ask what the class does not declare: as a declaration would, if it were of no use."""
    assert io.handling is not None
    return await stage.bus.ask(command, trace_of(io.handling, io.actor))


async def test_asking_oneself_fails_at_once() -> None:
    """B17: what the check at the start could not see."""

    class Selfish(EdgeActor):
        @handles
        async def fetch(self, ask: Fetch, io: EdgeContext) -> int:
            return await around_the_declaration(stage, Fetch(), io)

    async with running(child(Selfish)) as stage:
        error = await failure(stage.bus.ask(Fetch(), ME))

        assert isinstance(error, ActorCrashedError)
        assert "AskDeadlockError" in str(error)
        assert "test → selfish → selfish" in str(error)
        assert stage.clock.monotonic() == 1000


async def test_asking_back_through_others_fails_at_once_where_the_circle_closes() -> None:
    """B17: a asks b asks c asks a; the chain travels in the envelope."""
    errors: list[AskError] = []

    class A(EdgeActor):
        @handles
        async def go(self, go: Go, io: EdgeContext) -> None:
            io.publish(Got(what=str(await around_the_declaration(stage, Relay(), io))))

        @handles
        async def unanswered(self, ask: Unanswered, io: EdgeContext) -> int:
            return 1

    class B(Actor[Nothing]):
        asks = (Fetch,)

        @handles
        async def relay(self, ask: Relay, ctx: Context) -> int:
            return await ctx.ask(Fetch())

    class C(EdgeActor):
        @handles
        async def fetch(self, ask: Fetch, io: EdgeContext) -> int:
            try:
                await around_the_declaration(stage, Unanswered(), io)
            except AskError as error:
                errors.append(error)
            return 9

    async with running(child(A), child(B), child(C)) as stage:
        await stage.tell(Go())

        (error,) = errors
        assert isinstance(error, AskDeadlockError)
        assert "a → b → c → a" in str(error)
        assert stage.messages(Got) == [Got(what="9")]


@pytest.mark.parametrize("length", [2, 3, 5])
async def test_independent_questions_that_meet_fail_at_once_where_the_circle_closes(
    length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B17: each asks the next one while it handles a message of its own; no envelope's chain shows that."""

    def ring(place: int) -> tuple[type[Actor[Nothing]], type[Command[int]]]:
        @wire(f"test.asks.ring.{length}.{place}")
        class Question(Command[int]):
            """What is your number?"""

        class Link(Actor[Nothing]):
            asks = (Fetch,)

            @handles
            async def number(self, ask: Question, ctx: Context) -> int:
                return place

            @handles
            async def go(self, go: Go, ctx: Context) -> None:
                await ctx.ask(Fetch(seconds=1 if place else 2))
                try:
                    heard = str(await ctx.ask(self.asks[-1]()))
                except AskDeadlockError as error:
                    heard = str(error)
                ctx.publish(Got(what=heard))

        Link.__name__ = f"link{place}"
        return Link, Question

    links = [ring(place) for place in range(length)]
    async with running(child(Outside), *(child(link) for link, _ in links)) as stage:
        # The check at the start would refuse it: this is what a declaration that came later could do.
        for (link, _), (_, question) in zip(links, links[1:] + links[:1], strict=True):
            monkeypatch.setattr(link, "asks", (Fetch, question))
        stage.say(Go())
        await stage.clock.advance(1.5)
        assert stage.messages(Got) == [], "all but the first wait, each for the next"

        await stage.clock.advance(0.5)

        circle = " → ".join(f"link{place}" for place in (*range(length), 0))
        assert stage.messages(Got)[0] == Got(what=f"asking Question would wait for ever: {circle}")
        assert sorted(one.what for one in stage.messages(Got)[1:]) == [
            str(place) for place in (0, *range(2, length))
        ]
        assert stage.clock.monotonic() == 1002, "nobody has waited till the time was up"
        assert len(stage.bus._asks._open) == 0
        assert stage.bus._asks._waits == {}


async def test_a_question_that_only_waits_its_turn_is_no_circle() -> None:
    """B17: many may wait for one, and that one for another; who has its reply waits no more."""

    class Middle(Actor[Nothing]):
        asks = (Fetch,)

        @handles
        async def relay(self, ask: Relay, ctx: Context) -> int:
            return await ctx.ask(Fetch(seconds=1))

    def one(name: str) -> type[Actor[Nothing]]:
        class One(Actor[Nothing]):
            asks = (Relay,)

            @handles
            async def go(self, go: Go, ctx: Context) -> None:
                ctx.publish(Got(what=f"{name} {await ctx.ask(Relay())} {await ctx.ask(Relay())}"))

        One.__name__ = name
        return One

    async with running(child(Outside), child(Middle), child(one("a")), child(one("b"))) as stage:
        stage.say(Go())
        await stage.clock.advance(4)

        assert sorted(one.what for one in stage.messages(Got)) == ["a 5 5", "b 5 5"]


async def test_an_undeclared_question_fails_the_one_who_asks() -> None:
    """B17: only what is declared is looked at for circles."""

    class Sly(Actor[Nothing]):
        @handles
        async def go(self, go: Go, ctx: Context) -> None:
            await ctx.ask(Fetch())

    async with running(child(Outside), child(Sly)) as stage:
        await stage.tell(Go())

        assert stage.info("sly").incarnation == 2
        last = stage.info("sly").last_exit
        assert last is not None
        assert last.error == "UndeclaredAskError"


async def test_a_question_that_nobody_waits_for_any_more_is_not_worked_on() -> None:
    """S67, B20: dropped when its turn comes, and buried as expired."""

    class Slow(Outside):
        at_once = 1

    async with running(child(Slow)) as stage:
        async with create_task_group() as asking:
            asking.start_soon(lambda: failure(stage.bus.ask(Fetch(seconds=10), ME, within=1)))
            await stage.clock.settle()
            asking.start_soon(lambda: failure(stage.bus.ask(Fetch(seconds=10), ME, within=2)))
            await stage.clock.settle()
            asking.start_soon(lambda: failure(stage.bus.ask(Fetch(seconds=10), ME, within=3)))
            await stage.clock.advance(3)
        await stage.clock.advance(60)

        assert stage.bus.buried[Burial.LATE_REPLY] == 2
        assert stage.bus.buried[Burial.EXPIRED] == 1


async def test_a_late_reply_is_buried() -> None:
    """B20."""
    async with running(child(Outside)) as stage:
        await give_up(stage, 60, 2)
        await stage.clock.advance(60)

        assert stage.letters() == [("late_reply", "outside", "test.asks.fetch")]
        assert len(stage.bus._asks._open) == 0


async def test_ten_thousand_questions_given_up_on_leave_nothing_behind() -> None:
    """B20."""
    async with running(child(Outside, capacity=20_000)) as stage:

        async def give_up_many(count: int) -> int:
            async with create_task_group() as asking:
                for _ in range(count):
                    asking.start_soon(lambda: failure(stage.bus.ask(Fetch(seconds=2), ME, within=1)))
                await stage.clock.advance(1)
            await stage.clock.advance(10)
            stage.recorder.entries.clear()
            stage.bus.letters.clear()
            gc.collect()
            return len(gc.get_objects())

        before = await give_up_many(100)
        after = await give_up_many(10_000)

        assert len(stage.bus._asks._open) == 0
        assert after - before < 500


async def test_an_asker_that_is_cancelled_leaves_no_entry() -> None:
    """B20."""
    async with running(child(Outside)) as stage:
        async with create_task_group() as asking:
            asking.start_soon(stage.bus.ask, Fetch(seconds=60), ME)
            await stage.clock.settle()
            assert len(stage.bus._asks._open) == 1
            asking.cancel_scope.cancel()

        assert len(stage.bus._asks._open) == 0


async def test_a_reply_that_is_not_what_was_promised_fails_the_one_who_gave_it() -> None:
    """B24: nothing that its handler said goes out."""

    class Liar(Actor[Nothing]):
        @handles
        async def fetch(self, ask: Fetch, ctx: Context) -> int:
            ctx.publish(Got(what="a lie"))
            return "five"  # pyright: ignore[reportReturnType]

    async with running(child(Liar)) as stage:
        error = await failure(stage.bus.ask(Fetch(), ME))

        assert isinstance(error, ActorCrashedError)
        assert "Expected `int`, got `str`" in str(error)
        await stage.clock.advance(1)
        assert stage.messages(Got) == []
        assert stage.info("liar").incarnation == 2


async def test_an_invalid_question_is_refused_where_it_is_asked() -> None:
    """B24."""
    async with running(child(Doubler)) as stage:
        with pytest.raises(InvalidMessageError, match="Double was not sent"):
            await stage.bus.ask(Double(n="4"), ME)  # pyright: ignore[reportArgumentType]


async def test_the_journal_has_what_core_actors_ask_and_are_asked() -> None:
    """R01, R08: also what an edge or a person asks of them, and refusals; not what edges ask of edges."""

    class Curious(Actor[Nothing]):
        asks = (Fetch, Double)

        @handles
        async def go(self, go: Go, ctx: Context) -> None:
            await ctx.ask(Fetch())
            try:
                await ctx.ask(Double(n=13))
            except AskError:
                await ctx.ask(Double(n=1))

    async with running(child(Outside), child(Doubler), child(Curious)) as stage:
        await stage.tell(Go())
        await stage.bus.ask(Double(n=3), ME)
        await stage.bus.ask(Fetch(), ME)

        rows = [
            (entry.envelope.kind.value, entry.name, entry.envelope.source)
            for entry in stage.recorder.entries
            if entry.is_row and entry.envelope.kind in {Kind.COMMAND, Kind.REPLY, Kind.NO_REPLY}
        ]
        assert rows == [
            ("command", "test.asks.fetch", "curious"),
            ("reply", "test.asks.fetch", "outside"),
            ("command", "test.asks.double", "curious"),
            ("no_reply", "test.asks.double", "doubler"),
            ("command", "test.asks.double", "curious"),
            ("reply", "test.asks.double", "doubler"),
            ("command", "test.asks.double", "test"),
        ]


async def test_a_refused_question_of_a_core_actor_is_journaled_with_the_refusal() -> None:
    """R08: a replay has to be told the same."""
    heard: list[str] = []

    class Curious(Actor[Nothing]):
        asks = (Double,)

        @handles
        async def go(self, go: Go, ctx: Context) -> None:
            try:
                await ctx.ask(Double(n=1))
            except AskError as error:
                heard.append(str(error))

    async with running(child(Doubler, restart=RestartType.TRANSIENT), child(Curious)) as stage:
        await stage.bus.ask(Double(n=0), ME)
        await stage.tell(Go())

        assert heard == ["doubler is stopped and cannot answer Double"]
        command, refusal = stage.recorder.entries[-2:]
        assert (command.envelope.kind, command.envelope.source) == (Kind.COMMAND, "curious")
        assert (refusal.envelope.kind, refusal.envelope.cause) == (Kind.NO_REPLY, command.envelope.id)
        assert b"ActorStoppedError" in refusal.payload
