"""What comes twice is done once, whatever the transport does; and where it does nothing, all is in order."""

# ruff: noqa: ARG002 - what a handler takes is given

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from acore.clock import HeldClock
from acore.events.asks import AskError, AskTimeoutError, MailboxFullError
from acore.events.base import Command, Effect, Envelope, Event, Kind, Message, Policy, Trace
from acore.events.catalog import wire
from acore.events.mailbox import Overflow
from acore.events.supervision import ActorExited, MessageRequeued
from acore.events.transport import KEPT_IDS, Deliver, Inbox
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from tests.events.unruly import Unruly
from tests.runtime.stage import Stage, child, running

ME = Trace(source="test")


@wire("test.repeats.told")
class Told(Event):
    """A number was told."""

    n: int


@wire("test.repeats.whispered")
class Whispered(Told):
    """It was told quietly."""


@wire("test.repeats.echoed")
class Echoed(Event):
    """A number was heard."""

    n: int


@wire("test.repeats.done")
class Done(Event):
    """Something was done outside."""

    n: int


@wire("test.repeats.do", policy=Policy.AT_MOST_ONCE)
class Do(Effect):
    """Do something outside."""

    n: int


@wire("test.repeats.count")
class Count(Command[int]):
    """How often was this asked?"""

    seconds: float = 0.0


@wire("test.repeats.recall")
class Recall(Command[str | None]):
    """Is there anything?"""


class Heard(msgspec.Struct):
    numbers: list[int] = []


class Ear(Actor[Heard]):
    @handles
    async def told(self, told: Told, ctx: Context) -> None:
        self.state.numbers.append(told.n)
        ctx.publish(Echoed(n=told.n))


class Hand(EdgeActor):
    at_once = 1

    def __init__(self) -> None:
        self.counted = 0

    @handles
    async def do(self, do: Do, io: EdgeContext) -> Event:
        await io.clock.sleep(1)
        return Done(n=do.n)

    @handles
    async def count(self, count: Count, io: EdgeContext) -> int:
        self.counted += 1
        await io.clock.sleep(count.seconds)
        return self.counted


class Twice:
    """Brings everything at once, and again whenever it is told to."""

    may_repeat = True

    def __init__(self) -> None:
        self.brought: list[tuple[Inbox, Envelope]] = []

    def way_to(self, inbox: Inbox) -> Deliver:
        def carry(envelope: Envelope) -> None:
            self.brought.append((inbox, envelope))
            inbox.accept(envelope)

        return carry

    def under_way(self) -> Iterator[str]:
        yield from ()

    def again(self, *kinds: type[Message]) -> None:
        """Bring once more what was brought of these kinds, the same envelopes."""
        for inbox, envelope in list(self.brought):
            if isinstance(envelope.message, kinds):
                inbox.accept(envelope)


def echoed(stage: Stage) -> list[int]:
    return [one.n for one in stage.messages(Echoed)]


# --- order, and once


async def test_each_run_gets_each_message_once_in_order_and_what_comes_again_says_so() -> None:
    """B03: the same id with a higher attempt, at a crash and at an interruption; all else has attempt 1."""
    handled: list[tuple[int, Envelope]] = []

    class Diary(Actor[Heard]):
        @handles
        async def any(self, told: Told, ctx: Context) -> None:
            handled.append((ctx.incarnation, ctx.envelope))
            if told.n % 10 == 3 and ctx.envelope.attempt < told.n // 10 + 1:
                raise ValueError("unlucky")

    async with running(child(Diary, max_attempts=4)) as stage:
        for n in range(40):
            stage.say(Told(n=n) if n % 2 else Whispered(n=n))
        await stage.clock.advance(5)

    for run in {run for run, _ in handled}:
        seqs = [envelope.seq for one, envelope in handled if one == run]
        assert all(one < later for one, later in pairwise(seqs)), "in order, and none twice"
    attempts: dict[str, list[int]] = {}
    for _, envelope in handled:
        attempts.setdefault(envelope.id, []).append(envelope.attempt)
    assert len(attempts) == 40
    assert sorted(attempts.values()) == [[1]] * 37 + [[1, 2], [1, 2, 3], [1, 2, 3, 4]]
    announced = [(one.message_id, one.attempt) for one in stage.messages(MessageRequeued)]
    assert announced == [(own, n) for own, numbers in attempts.items() for n in numbers[1:]]


async def test_two_actors_see_what_both_hear_in_the_order_of_its_numbers() -> None:
    """B02: whoever says it, also in answer to each other, and whatever each is busy with."""
    seen: dict[str, list[int]] = {"some": [], "all": []}

    class Some(Actor[Heard]):
        @handles
        async def told(self, told: Told, ctx: Context) -> None:
            seen["some"].append(ctx.seq)
            if told.n:
                ctx.publish(Told(n=told.n - 1))

    class All(EdgeActor):
        @handles
        async def any(self, event: Event, io: EdgeContext) -> None:
            assert io.handling is not None
            seen["all"].append(io.handling.seq)
            if isinstance(event, Whispered):
                await io.clock.sleep(0.5)

    async with running(child(Some), child(All)) as stage:
        for n in range(20):
            stage.say(Told(n=n) if n % 3 else Whispered(n=n))
            await stage.clock.advance(0.1)
        await stage.clock.advance(60)

    assert len(seen["some"]) == sum(range(20)) + 20
    assert seen["some"] == sorted(seen["some"])
    assert seen["all"] == sorted(seen["all"])
    assert set(seen["some"]) < set(seen["all"])


# --- what comes twice


async def test_a_fact_that_comes_again_is_handled_once() -> None:
    """B23: while it waits, when it was handled, and when it was the end of a run."""
    transport = Twice()

    class Touchy(Ear):
        @handles
        async def told(self, told: Told, ctx: Context) -> None:
            if told.n == 13:
                raise ValueError("unlucky")
            ctx.publish(Echoed(n=told.n))

    async with running(child(Touchy), transport=transport) as stage:
        for n in (1, 13, 2):
            stage.say(Told(n=n))
        transport.again(Told)
        await stage.clock.advance(1)
        transport.again(Told)
        await stage.clock.advance(1)

        assert echoed(stage) == [1, 2]
        assert len(stage.messages(ActorExited)) == 1
        assert stage.letters() == []


async def test_an_effect_that_comes_again_is_performed_once() -> None:
    """B23: nothing happens twice, while it waits, is under work, or was done."""
    transport = Twice()
    async with running(child(Hand), transport=transport) as stage:
        for n in (1, 2):
            stage.bus.perform(Do(n=n), ME)
        for _ in range(4):
            transport.again(Do)
            await stage.clock.advance(0.8)

        assert [one.n for one in stage.messages(Done)] == [1, 2]


async def test_an_effect_that_was_broken_off_half_way_is_not_begun_again() -> None:
    """B23: what became of it outside is not known, and its letter says so."""
    transport = Twice()

    class Clumsy(Hand):
        @handles
        async def told(self, told: Told, io: EdgeContext) -> None:
            raise ValueError("stumbled")

    async with running(child(Clumsy), transport=transport) as stage:
        stage.bus.perform(Do(n=1), ME)
        await stage.clock.advance(0.5)
        await stage.tell(Told(n=1))
        assert stage.letters() == [("interrupted", "clumsy", "test.repeats.do")]

        transport.again(Do)
        await stage.clock.advance(5)

        assert stage.messages(Done) == []


async def ask[R](stage: Stage, command: Command[R], *, own: str = "the same") -> R:
    """Ask under an id, as one does who handles a message again; wait as long as an ask does."""
    asked = stage.begin(stage.bus.ask(command, ME, command_id=own))
    await stage.clock.advance(5)
    return asked.outcome()


async def test_a_question_that_was_answered_brings_the_same_reply_without_being_worked_on_again() -> None:
    """B23: who asks under its id waits for a reply, and gets the recorded one."""
    async with running(child(Hand), transport=Twice()) as stage:
        assert [await ask(stage, Count()) for _ in range(3)] == [1, 1, 1]
        assert await ask(stage, Count(), own="another") == 2


async def test_no_answer_is_an_answer_too() -> None:
    """B23: a reply of None is recorded like any other."""
    asked: list[int] = []

    class Blank(EdgeActor):
        @handles
        async def recall(self, recall: Recall, io: EdgeContext) -> str | None:
            asked.append(1)

    async with running(child(Blank), transport=Twice()) as stage:
        for _ in range(3):
            assert await ask(stage, Recall()) is None

    assert asked == [1]


async def test_a_question_that_comes_again_while_it_is_worked_on_waits_for_that_reply() -> None:
    """B23: it is worked on once, and whoever waits under its id by then is answered."""
    async with running(child(Hand), transport=Twice()) as stage:
        asked = stage.begin(stage.bus.ask(Count(seconds=3), ME, within=1, command_id="the same"))
        await stage.clock.advance(1)
        with pytest.raises(AskTimeoutError):
            asked.outcome()
        again = stage.begin(stage.bus.ask(Count(seconds=3), ME, within=5, command_id="the same"))
        await stage.clock.advance(2)

        assert again.outcome() == 1
        assert stage.letters() == []


async def test_a_question_that_failed_is_worked_on_again_when_it_is_asked_again() -> None:
    """B23, B19: there is no reply to repeat; what only comes again, nobody waiting, is left alone."""
    transport, tries = Twice(), list[int]()

    class Slowly(Actor[Heard]):
        @handles
        async def count(self, count: Count, ctx: Context) -> int:
            tries.append(ctx.incarnation)
            if ctx.incarnation < 3:
                raise ConnectionError("not yet")
            return ctx.incarnation

    async with running(child(Slowly), transport=transport) as stage:
        for run in (1, 2):
            with pytest.raises(AskError, match="ConnectionError: not yet"):
                await ask(stage, Count())
            transport.again(Count)
            await stage.clock.advance(1)
            assert tries == list(range(1, run + 1))

        assert [await ask(stage, Count()) for _ in range(2)] == [3, 3]
        assert tries == [1, 2, 3]
        assert stage.letters() == []


async def test_an_actor_that_handles_a_message_again_asks_anew_at_each_attempt() -> None:
    """B23, S65: another question each time, so that the journal has every reply."""
    hands: list[Hand] = []

    def hand() -> Hand:
        hands.append(Hand())
        return hands[-1]

    class Asker(Actor[Heard]):
        asks = (Count,)

        @handles
        async def told(self, told: Told, ctx: Context) -> None:
            counted = await ctx.ask(Count())
            if ctx.envelope.attempt < 3:
                raise ValueError("after all")
            ctx.publish(Echoed(n=counted))

    actors = (child(Hand, start=hand), child(Asker, max_attempts=3))
    async with running(*actors, transport=Twice()) as stage:
        await stage.tell(Told(n=1))
        await stage.clock.advance(1)

        assert echoed(stage) == [3]
        assert [one.counted for one in hands] == [3]


# --- how much is remembered


async def test_the_last_ids_are_remembered_and_no_more() -> None:
    """B23: 4096 for each cell, what came between counts whatever it was."""
    transport = Twice()
    async with running(child(Ear, capacity=2 * KEPT_IDS), transport=transport) as stage:
        for n in range(KEPT_IDS + 1):
            stage.say(Told(n=n))
        await stage.clock.advance(1)
        cell = stage.system.cells["ear"]
        assert cell._outcomes is not None
        assert len(cell._outcomes) == KEPT_IDS

        for inbox, envelope in transport.brought[1::-1]:
            inbox.accept(envelope)
        await stage.clock.advance(1)

        assert echoed(stage) == [*range(KEPT_IDS + 1), 0], "the second is remembered, the first is not"
        assert len(cell._outcomes) == KEPT_IDS


async def test_a_reply_that_comes_after_its_question_was_forgotten_takes_no_place() -> None:
    """B23: so that what is remembered does not grow."""

    class Busy(Hand):
        at_once = 8

        @handles
        async def told(self, told: Told, io: EdgeContext) -> None:
            pass

    async with running(child(Busy, capacity=2 * KEPT_IDS), transport=Twice()) as stage:
        asked = [stage.begin(stage.bus.ask(Count(seconds=1), ME)) for _ in range(5)]
        await stage.clock.settle()
        for n in range(KEPT_IDS):
            stage.say(Told(n=n))
        await stage.clock.advance(2)

        assert sorted(one.outcome() for one in asked) == [5] * 5
        cell = stage.system.cells["busy"]
        assert cell._outcomes is not None
        assert len(cell._outcomes) == KEPT_IDS


async def test_what_found_no_room_may_come_again() -> None:
    """B23, B10: its letter says that it was not handled, so the next time it is new."""
    transport = Twice()
    async with running(child(Ear, capacity=1), transport=transport) as stage:
        for n in (1, 2):
            stage.say(Told(n=n))
        await stage.clock.advance(1)
        assert echoed(stage) == [1]
        assert stage.letters() == [("full", "ear", "test.repeats.told")]

        transport.again(Told)
        await stage.clock.advance(1)
        transport.again(Told)
        await stage.clock.advance(1)

        assert echoed(stage) == [1, 2]


async def test_a_question_that_found_no_room_may_be_asked_again() -> None:
    """B23, B10."""
    async with running(child(Hand, capacity=1), transport=Twice()) as stage:
        waiting = [stage.begin(stage.bus.ask(Count(seconds=1), ME)) for _ in range(2)]
        refused = stage.begin(stage.bus.ask(Count(), ME, command_id="the same"))
        await stage.clock.advance(0.5)
        with pytest.raises(MailboxFullError):
            refused.outcome()

        again = stage.begin(stage.bus.ask(Count(), ME, command_id="the same"))
        await stage.clock.advance(3)

        assert again.outcome() == 2
        assert sum(one.is_done for one in waiting) == 2


async def test_what_a_newer_one_took_the_place_of_does_not_come_again() -> None:
    """B23, B10: it was not refused but replaced; coming late, it would replace the newer."""
    transport = Twice()

    def one_for_all(_: Message) -> str:
        return "one"

    ear = child(Ear, overflow=Overflow.COALESCE, coalesce_by=one_for_all)
    async with running(ear, transport=transport) as stage:
        for n in (1, 2):
            stage.say(Told(n=n))
        transport.again(Told)
        await stage.clock.advance(1)
        transport.again(Told)
        await stage.clock.advance(1)

        assert echoed(stage) == [2]


async def test_without_a_transport_that_repeats_nothing_is_remembered() -> None:
    """B03: the direct way brings everything once, and costs nothing for it."""
    async with running(child(Ear)) as stage:
        await stage.tell(*(Told(n=n) for n in range(100)))

        assert stage.system.cells["ear"]._outcomes is None


# --- all at once


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_a_transport_does_each_message_is_handled_once_and_each_question_answered(
    seed: int,
) -> None:
    """B02, B23: in its subject's order; questions bring each its own reply, effects happen once."""

    class Doubler(Actor[Heard]):
        @handles
        async def count(self, count: Count, ctx: Context) -> int:
            return int(2 * count.seconds)

    class Doer(EdgeActor):
        @handles
        async def do(self, do: Do, io: EdgeContext) -> Event:
            return Done(n=do.n)

    clock = HeldClock()
    transport = Unruly(clock, seed)
    actors = (child(Ear), child(Doer), child(Doubler))
    async with running(*actors, clock=clock, transport=transport) as stage:
        asked = [stage.begin(stage.bus.ask(Count(seconds=n), ME)) for n in range(50)]
        for n in range(100):
            stage.say(Told(n=n) if n % 2 else Whispered(n=n))
            stage.bus.perform(Do(n=n), ME)
            await stage.clock.advance(0.02)
        await stage.clock.advance(600)

        assert [one.outcome() for one in asked] == [2 * n for n in range(50)]
        heard = echoed(stage)
        assert heard != sorted(heard), "across subjects the order is another"
        assert [n for n in heard if n % 2] == list(range(1, 100, 2))
        assert [n for n in heard if not n % 2] == list(range(0, 100, 2))
        assert [one.n for one in stage.messages(Done)] == list(range(100))
        assert transport.repeated > 50
        assert stage.letters() == []
        assert len([e for e in stage.recorder.entries if e.envelope.kind is Kind.EFFECT]) == 100
