"""Mailboxes: what a full one does, what survives, and what sources are told."""

import asyncio

import msgspec
import pytest

from acore.events.asks import ActorCrashedError, MailboxFullError
from acore.events.base import Command, Effect, Event, Message, Policy, Trace
from acore.events.catalog import wire
from acore.events.mailbox import Overflow
from acore.events.rest import NotIdleError, PressureError
from acore.events.supervision import ActorExited, LetterDied, MessageRequeued
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartLimit, SpecError
from tests.runtime.stage import GENEROUS, Stage, child, running, tree

ME = Trace(source="test")


@wire("test.mailbox.told")
class Told(Event):
    """A number was told, about somebody."""

    n: int
    who: str = ""


@wire("test.mailbox.echoed")
class Echoed(Event):
    """A number was heard."""

    n: int
    attempt: int = 1


@wire("test.mailbox.get")
class Get(Command[int]):
    """What came last?"""


@wire("test.mailbox.do", policy=Policy.IDEMPOTENT)
class Do(Effect):
    """Do something outside."""

    n: int


class Memory(msgspec.Struct):
    numbers: list[int] = []


class Ear(Actor[Memory]):
    @handles
    async def told(self, told: Told, ctx: Context) -> None:
        self.state.numbers.append(told.n)
        ctx.publish(Echoed(n=told.n))

    @handles
    async def get(self, _get: Get, _ctx: Context) -> int:
        return self.state.numbers[-1]


class Hand(EdgeActor):
    at_once = 1

    @handles
    async def do(self, do: Do, io: EdgeContext) -> Event:
        await io.clock.sleep(1)
        return Echoed(n=do.n)


def heard(stage: Stage) -> list[int]:
    return [one.n for one in stage.messages(Echoed)]


def who(message: Message) -> str | None:
    return (message.who or None) if isinstance(message, Told) else None


# --- overflow


@pytest.mark.parametrize(
    ("fields", "kept", "lost"),
    [
        ({"overflow": Overflow.REJECT, "capacity": 3}, [1, 2, 3], 2),
        ({"overflow": Overflow.DROP_NEW, "capacity": 3}, [1, 2, 3], 2),
        ({"overflow": Overflow.DROP_OLD, "capacity": 3}, [3, 4, 5], 2),
        ({"overflow": Overflow.COALESCE, "coalesce_by": who, "capacity": 3}, [5, 2, 4], 2),
        ({"overflow": Overflow.UNBOUNDED, "unbounded_because": "it is read at once"}, [1, 2, 3, 4, 5], 0),
    ],
    ids=lambda value: str(value.get("overflow")) if isinstance(value, dict) else None,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType, reportUnknownLambdaType]
)
async def test_what_finds_no_room_is_lost_by_the_mailboxs_policy_and_always_told(
    fields: dict[str, object], kept: list[int], lost: int
) -> None:
    """B10: with room for three of five; of one key only the newest waits, in the place of the oldest."""
    async with running(child(Ear, **fields)) as stage:
        for n, name in enumerate("abaca", start=1):
            stage.say(Told(n=n, who=name))
        await stage.clock.settle()

        assert heard(stage) == kept
        assert [letter.reason.value for letter in stage.messages(LetterDied)] == ["full"] * lost
        assert stage.bus.buried.total() == lost


async def test_a_message_without_a_key_is_never_replaced() -> None:
    """B10: and when all keys have a place, one more is dropped."""
    async with running(child(Ear, overflow=Overflow.COALESCE, coalesce_by=who, capacity=3)) as stage:
        for n in range(1, 6):
            stage.say(Told(n=n))
        await stage.clock.settle()

        assert heard(stage) == [1, 2, 3]


async def test_who_sends_to_a_full_mailbox_that_rejects_is_told_in_its_own_stack() -> None:
    """B10: an effect is for one actor, so its sender hears of it; a fact for all does not fail."""
    async with running(child(Hand, overflow=Overflow.REJECT, capacity=1), child(Ear)) as stage:
        stage.bus.perform(Do(n=1), ME)
        await stage.clock.settle()  # under work
        stage.bus.perform(Do(n=2), ME)
        await stage.clock.settle()  # waits for its turn, taken out already
        stage.bus.perform(Do(n=3), ME)

        with pytest.raises(MailboxFullError, match="hand has no room for Do: 1 messages are waiting already"):
            stage.bus.perform(Do(n=4), ME)
        stage.say(Told(n=7))
        await stage.clock.advance(5)

        assert heard(stage) == [7, 1, 2, 3]


async def test_a_policy_without_what_it_needs_is_refused_before_anything_starts() -> None:
    """B10, S01."""
    for fields, complaint in (
        ({"overflow": Overflow.COALESCE}, "coalesce_by goes with overflow=coalesce"),
        ({"coalesce_by": who}, "coalesce_by goes with overflow=coalesce"),
        ({"overflow": Overflow.UNBOUNDED}, "unbounded_because goes with overflow=unbounded"),
        ({"max_attempts": 0}, "max_attempts must be at least 1, not 0"),
    ):
        with pytest.raises(SpecError, match=complaint):
            Stage(tree(child(Ear, **fields)))


# --- pressure


async def test_a_source_waits_while_a_critical_mailbox_is_nearly_full_and_goes_on_at_the_low_mark() -> None:
    """B12: not at every message that is worked off."""
    async with running(child(Hand, capacity=10, is_critical=True)) as stage:
        for n in range(10):
            stage.bus.perform(Do(n=n), ME)
        with_room = stage.begin(stage.bus.ready(within=60))
        queued: list[int] = []
        while not with_room.is_done:
            await stage.clock.advance(1)
            queued.append(stage.system.cells["hand"].queued)

        assert queued == [7, 6, 5]
        with_room.outcome()
        await stage.bus.ready()


async def test_an_uncritical_mailbox_holds_nobody_back() -> None:
    """B12."""
    async with running(child(Hand, capacity=2)) as stage:
        for n in range(3):
            stage.bus.perform(Do(n=n), ME)

        await stage.bus.ready(within=1)


async def test_waiting_for_room_honours_its_deadline_and_names_who_has_too_much_to_do() -> None:
    """B12."""
    async with running(child(Hand, capacity=3, is_critical=True)) as stage:
        for n in range(5):
            stage.bus.perform(Do(n=n), ME)
            await stage.clock.settle()
        waiting = stage.begin(stage.bus.ready(within=0.5))
        await stage.clock.advance(0.5)

        with pytest.raises(PressureError, match=r"no room after 0\.5 s: hand"):
            waiting.outcome()


async def test_a_source_that_waits_for_room_loses_nothing() -> None:
    """B12: more is said than the mailbox could ever hold, and nothing is buried."""

    class Source(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            for n in range(500):
                await io.publish_when_ready(Told(n=n))
            await io.stopping.wait()

    async with running(child(Ear, capacity=8, is_critical=True), child(Source)) as stage:
        await stage.clock.advance(1)

        assert heard(stage) == list(range(500))
        assert stage.letters() == []


# --- rest


async def test_the_bus_is_idle_when_all_that_was_set_off_has_ended() -> None:
    """B29: queued messages, handlers and effects; timers that are not due do not count."""
    async with running(child(Ear), child(Hand)) as stage:
        stage.clock.call_later(1000, lambda: None)
        stage.say(Told(n=1))
        stage.bus.perform(Do(n=2), ME)
        idle = stage.begin(stage.bus.idle(within=10))
        await stage.clock.settle()
        assert heard(stage) == [1]
        assert not idle.is_done

        await stage.clock.advance(1)

        idle.outcome()
        assert heard(stage) == [1, 2]


async def test_a_bus_that_does_not_come_to_rest_says_what_goes_on() -> None:
    """B29."""
    async with running(child(Hand)) as stage:
        stage.bus.perform(Do(n=1), ME)
        idle = stage.begin(stage.bus.idle(within=0.5))
        await stage.clock.advance(0.5)

        with pytest.raises(NotIdleError, match=r"not idle after 0\.5 s: hand: working on Do"):
            idle.outcome()


# --- attempts


class Touchy(Actor[Memory]):
    """Cannot bear the number 13."""

    @handles
    async def told(self, told: Told, ctx: Context) -> None:
        if told.n == 13:
            raise ValueError("unlucky")
        ctx.publish(Echoed(n=told.n))

    @handles
    async def get(self, _get: Get, ctx: Context) -> int:
        if ctx.incarnation < 3:
            raise ConnectionError("not yet")
        return ctx.incarnation


async def test_a_message_that_always_crashes_is_given_up_after_its_attempts() -> None:
    """S65: the attempts outlive the actor's runs, what waits behind is handled, and nothing escalates."""
    async with running(child(Touchy, max_attempts=3), limit=GENEROUS) as stage:
        for n in (1, 13, 2):
            stage.say(Told(n=n))
        await stage.clock.advance(1)

        assert heard(stage) == [1, 2]
        assert [one.exit for one in stage.messages(ActorExited)] == ["crashed"] * 3
        assert [(one.attempt, one.reason) for one in stage.messages(MessageRequeued)] == [
            (2, "ValueError: unlucky"),
            (3, "ValueError: unlucky"),
        ]
        (letter,) = stage.messages(LetterDied)
        assert (letter.reason.value, letter.actor) == ("poison", "touchy")
        assert letter.detail == "after 3 attempts: ValueError: unlucky"
        assert stage.error is None


async def test_without_attempts_the_message_of_a_crash_is_consumed() -> None:
    """S52, D4: its outputs are discarded, the next message goes to the new run in order."""
    async with running(child(Touchy)) as stage:
        for n in (13, 1, 2):
            stage.say(Told(n=n))
        await stage.clock.advance(1)

        assert heard(stage) == [1, 2]
        assert stage.info("touchy").incarnation == 2
        assert stage.letters() == []
        assert stage.messages(MessageRequeued) == []


async def test_who_asks_for_what_always_crashes_hears_of_the_failure_in_the_end() -> None:
    """B19, S65: that the actor failed, not that it is stopped."""

    class Broken(Actor[Memory]):
        @handles
        async def get(self, _get: Get, _ctx: Context) -> int:
            raise ConnectionError("never")

    async with running(child(Broken, max_attempts=2)) as stage:
        asked = stage.begin(stage.bus.ask(Get(), ME))
        await stage.clock.advance(1)

        with pytest.raises(ActorCrashedError, match="broken failed on Get: ConnectionError: never"):
            asked.outcome()


async def test_who_asks_hears_of_no_failure_that_another_attempt_mends() -> None:
    """B19: unless the message will be retried."""
    async with running(child(Touchy, max_attempts=3)) as stage:
        asked = stage.begin(stage.bus.ask(Get(), ME))
        await stage.clock.advance(1)

        assert asked.outcome() == 3


# --- cancelled by somebody else


async def test_a_native_cancellation_loses_no_message() -> None:
    """S64: neither in the wait, nor in the tick in which a message is handed over."""
    async with running(child(Ear)) as stage:
        for n in range(200):
            task = next(one for one in asyncio.all_tasks() if one.get_name() == "ear")
            if n % 2:
                stage.say(Told(n=n))
                task.cancel()
            else:
                task.cancel()
                stage.say(Told(n=n))
            await stage.clock.advance(0.1)

        assert heard(stage) == list(range(200))
        assert stage.letters() == []
        assert {one.exit for one in stage.messages(ActorExited)} == {"lost"}


async def test_a_handler_that_something_outside_cancels_is_begun_again() -> None:
    """S53, S64: nothing had come of it, so that nothing comes of it twice."""

    class Asker(Actor[Memory]):
        asks = (Get,)

        @handles
        async def told(self, told: Told, ctx: Context) -> None:
            ctx.publish(Echoed(n=told.n + await ctx.ask(Get())))

    class Slow(EdgeActor):
        @handles
        async def get(self, _get: Get, io: EdgeContext) -> int:
            await io.clock.sleep(1)
            return 100

    async with running(child(Slow), child(Asker)) as stage:
        stage.say(Told(n=1))
        await stage.clock.advance(0.5)
        next(one for one in asyncio.all_tasks() if one.get_name() == "asker").cancel()
        await stage.clock.advance(5)

        assert heard(stage) == [101]
        (again,) = stage.messages(MessageRequeued)
        assert again.attempt == 2


async def test_more_attempts_than_the_supervisor_allows_restarts_are_refused() -> None:
    """S01: one bad message would end the supervisor before it is given up."""
    with pytest.raises(SpecError, match=r"max_attempts is 4, more than the 3 restarts that root allows"):
        Stage(tree(child(Ear, max_attempts=4), limit=RestartLimit(intensity=3)))
    Stage(tree(child(Ear, max_attempts=3), limit=RestartLimit(intensity=3)))
