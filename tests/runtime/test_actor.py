"""Core actors: all or nothing, one message at a time, and everything said can be traced."""

# ruff: noqa: ARG002 - what a handler takes is given

from typing import ClassVar

import msgspec
import pytest

from acore.events.base import Command, Effect, Event, Policy, Trace
from acore.events.bus import MAX_HOPS
from acore.events.catalog import wire
from acore.events.mailbox import Overflow
from acore.events.supervision import ActorExited, ActorStarted, Burial, LetterDied
from acore.events.views import View
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartType
from tests.runtime.stage import child, running


@wire("test.actor.said")
class Said(Event):
    """Somebody said a number."""

    n: int


@wire("test.actor.heard")
class Heard(Event):
    """It was heard."""

    n: int


@wire("test.actor.whispered")
class Whispered(Said):
    """It was said in a low voice."""


@wire("test.actor.ping")
class Ping(Event):
    """Back and forth."""


@wire("test.actor.pong")
class Pong(Event):
    """Forth and back."""


@wire("test.actor.noted", policy=Policy.IDEMPOTENT)
class Note(Effect):
    """Write it down outside."""

    n: int


@wire("test.actor.written")
class Written(Event):
    """It was written down."""

    n: int


@wire("test.actor.get")
class Get(Command[int]):
    """How many were heard?"""


class Ear(msgspec.Struct):
    heard: int = 0


class Count(View):
    heard: int


class Listener(Actor[Ear]):
    """Counts what it hears; 13 is unlucky, 0 the end."""

    @handles
    async def hear(self, said: Said, ctx: Context) -> None:
        self.state.heard += 1
        ctx.publish(Heard(n=said.n))
        ctx.perform(Note(n=said.n))
        ctx.schedule(10, Written(n=said.n + 100))
        if said.n == 13:
            raise ValueError("unlucky")
        if said.n == 0:
            ctx.stop()
            ctx.publish(Heard(n=-1))

    @handles
    async def get(self, get: Get, ctx: Context) -> int:
        return self.state.heard

    def view(self) -> Count:
        return Count(heard=self.state.heard)


class Scribe(EdgeActor):
    @handles
    async def write(self, note: Note, io: EdgeContext) -> Event:
        return Written(n=note.n)


async def test_the_mailbox_survives_a_crash() -> None:
    """S63, S52: five queued, the second is fatal; the rest is handled once, by the next run, in order."""
    async with running(child(Listener), child(Scribe)) as stage:
        await stage.tell(*(Said(n=n) for n in (1, 13, 3, 4, 5)))

        assert [one.n for one in stage.messages(Heard)] == [1, 3, 4, 5]
        assert stage.info("listener").incarnation == 2
        assert stage.letters() == []


async def test_a_handler_that_fails_has_said_nothing() -> None:
    """S52, D4: no fact, no effect, no timer; the message is not given again."""
    async with running(child(Listener), child(Scribe)) as stage:
        await stage.tell(Said(n=13))
        await stage.clock.advance(60)

        assert stage.messages(Heard) == []
        assert stage.messages(Note) == []
        assert stage.messages(Written) == []


async def test_a_restart_begins_with_fresh_state_and_the_old_view() -> None:
    """S10: what must survive is asked for; the view stays until there is a new one."""
    async with running(child(Listener), child(Scribe)) as stage:
        await stage.tell(Said(n=1), Said(n=2))
        assert stage.bus.views.get(Count) == Count(heard=2)

        await stage.tell(Said(n=13))

        assert stage.bus.views.get(Count) == Count(heard=0)
        assert await stage.bus.ask(Get(), Trace(source="test")) == 0


async def test_who_stops_itself_finishes_the_message_and_takes_no_other() -> None:
    """S17: its outputs go out, and it ends in good order."""
    async with running(child(Listener, restart=RestartType.TRANSIENT), child(Scribe)) as stage:
        await stage.tell(Said(n=1), Said(n=0), Said(n=2))

        assert [one.n for one in stage.messages(Heard)] == [1, 0, -1]
        assert stage.messages(ActorExited)[0].exit == "shutdown"
        assert stage.letters() == [("stopped", "listener", "test.actor.said")]


async def test_an_event_published_in_a_handler_is_handled_after_it() -> None:
    """B14: also by the same actor; two handlers of one actor never overlap."""
    trace: list[str] = []

    class Talker(Actor[Ear]):
        asks = (Get,)

        @handles
        async def ping(self, ping: Ping, ctx: Context) -> None:
            trace.append("ping begins")
            ctx.publish(Pong())
            await ctx.ask(Get())
            trace.append("ping ends")

        @handles
        async def pong(self, pong: Pong, ctx: Context) -> None:
            trace.append("pong begins")
            await ctx.ask(Get())
            trace.append("pong ends")

    async with running(child(Listener), child(Scribe), child(Talker)) as stage:
        await stage.tell(Ping(), Pong())

        assert trace == [f"{what} {when}" for what in ("ping", "pong", "pong") for when in ("begins", "ends")]


async def test_an_actor_gets_an_event_once_by_its_most_specific_handler() -> None:
    """B04."""
    trace: list[str] = []

    class Picky(Actor[Ear]):
        @handles
        async def low(self, whispered: Whispered, ctx: Context) -> None:
            trace.append("low")

        @handles
        async def any(self, said: Said, ctx: Context) -> None:
            trace.append("any")

    async with running(child(Picky)) as stage:
        await stage.tell(Whispered(n=1), Said(n=2))

        assert trace == ["low", "any"]


async def test_restarts_do_not_multiply_subscriptions() -> None:
    """B07."""
    async with running(child(Listener), child(Scribe)) as stage:
        for _ in range(5):
            await stage.tell(Said(n=13))
        await stage.tell(Said(n=1))

        assert stage.messages(Heard) == [Heard(n=1)]


async def test_two_actors_that_feed_each_other_do_not_wait_for_each_other() -> None:
    """B11: with room for one message each, losses follow the policy and nothing hangs."""

    class Pinger(Actor[Ear]):
        @handles
        async def pong(self, pong: Pong, ctx: Context) -> None:
            ctx.publish(Ping())
            ctx.publish(Ping())

    class Ponger(Actor[Ear]):
        @handles
        async def ping(self, ping: Ping, ctx: Context) -> None:
            ctx.publish(Pong())
            ctx.publish(Pong())

    async with running(child(Pinger, capacity=1), child(Ponger, capacity=1)) as stage:
        await stage.tell(Ping())

        assert stage.bus.buried[Burial.FULL] > 0
        assert stage.bus.buried[Burial.LOOP] > 0
        assert list(stage.bus.under_way()) == []


async def test_a_storm_ends_with_a_letter_that_can_be_heard() -> None:
    """B15: an event that keeps causing itself stops after so many hops."""
    heard: list[Burial] = []

    class Echo(Actor[Ear]):
        @handles
        async def ping(self, ping: Ping, ctx: Context) -> None:
            ctx.publish(Ping())

        @handles
        async def died(self, letter: LetterDied, ctx: Context) -> None:
            heard.append(letter.reason)
            ctx.publish(Ping())

    async with running(child(Echo)) as stage:
        await stage.tell(Ping())

        assert len(stage.messages(Ping)) < MAX_HOPS + 5
        assert heard == [Burial.LOOP]
        assert list(stage.bus.under_way()) == []


async def test_letters_cannot_feed_a_storm_of_letters() -> None:
    """B15, S66: an answer to a dead letter that dies too."""

    class Nag(Actor[Ear]):
        @handles
        async def died(self, letter: LetterDied, ctx: Context) -> None:
            ctx.perform(Note(n=1))

    async with running(child(Nag)) as stage:
        stage.bus.perform(Note(n=0), Trace(source="test"))
        await stage.clock.advance(1)

        assert len(stage.messages(LetterDied)) < MAX_HOPS
        assert list(stage.bus.under_way()) == []


async def test_a_timer_fires_once_on_the_held_clock_caused_by_what_set_it() -> None:
    """B16."""
    async with running(child(Listener)) as stage:
        said = stage.say(Said(n=1))
        await stage.clock.advance(9.9)
        assert stage.messages(Written) == []

        await stage.clock.advance(60)

        (entry,) = stage.entries(Written)
        assert (entry.message, entry.envelope.cause, entry.envelope.correlation) == (
            Written(n=101),
            said.id,
            said.id,
        )


async def test_timers_end_with_the_run_that_set_them() -> None:
    """B16: a restart does not double them."""

    class Alarm(Listener):
        async def on_start(self, ctx: Context) -> None:
            ctx.schedule(10, Heard(n=99))

    async with running(child(Alarm), child(Scribe)) as stage:
        await stage.clock.advance(5)
        await stage.tell(Said(n=13))
        await stage.clock.advance(60)

        assert stage.messages(Heard) == [Heard(n=99)]


async def test_a_later_timer_with_the_same_key_takes_the_place_of_the_earlier() -> None:
    class Snooze(Actor[Ear]):
        @handles
        async def hear(self, said: Said, ctx: Context) -> None:
            ctx.schedule(10, Heard(n=said.n), key="snooze")

    async with running(child(Snooze)) as stage:
        await stage.tell(Said(n=1))
        await stage.clock.advance(9)
        await stage.tell(Said(n=2))
        await stage.clock.advance(60)

        assert stage.messages(Heard) == [Heard(n=2)]


async def test_everything_said_names_its_cause_and_the_root_of_it_all() -> None:
    """B22: also effects and their outcomes; two messages in a row do not leak into each other."""
    async with running(child(Listener), child(Scribe)) as stage:
        first, second = stage.say(Said(n=1)), stage.say(Said(n=2))
        await stage.clock.advance(0.01)

        for root, n in ((first, 1), (second, 2)):
            heard = next(one for one in stage.entries(Heard) if one.message == Heard(n=n))
            note = next(one for one in stage.entries(Note) if one.message == Note(n=n))
            written = next(one for one in stage.entries(Written) if one.message == Written(n=n))
            assert root.correlation == root.id
            assert (heard.envelope.cause, heard.envelope.correlation) == (root.id, root.id)
            assert (note.envelope.cause, note.envelope.correlation) == (root.id, root.id)
            assert (written.envelope.cause, written.envelope.correlation) == (note.envelope.id, root.id)


async def test_ids_are_the_same_in_two_runs_of_the_same_story() -> None:
    """B23."""

    async def story(boot: str) -> list[str]:
        async with running(child(Listener), child(Scribe), boot=boot) as stage:
            await stage.tell(Said(n=1), Said(n=13), Said(n=2))
            await stage.clock.advance(60)
            entries = stage.recorder.entries
        assert len({entry.envelope.id for entry in entries}) == len(entries)
        return [f"{entry.seq} {entry.envelope.id} {entry.name} {entry.payload}" for entry in entries]

    one, other = await story("x"), await story("x")

    assert one == other
    assert set(one).isdisjoint(await story("y"))


async def test_hooks_and_handlers_of_one_event_say_things_under_different_ids() -> None:
    """B23: an actor may listen to the fact that it has started or stops."""

    class Diary(Actor[Ear]):
        async def on_start(self, ctx: Context) -> None:
            ctx.publish(Heard(n=1))

        @handles
        async def started(self, started: ActorStarted, ctx: Context) -> None:
            ctx.publish(Heard(n=2))

    async with running(child(Diary)) as stage:
        first, second = stage.entries(Heard)

        assert first.envelope.cause == second.envelope.cause
        assert first.envelope.id != second.envelope.id


@pytest.mark.parametrize(
    ("overflow", "kept"), [(Overflow.DROP_NEW, [1, 2, 3]), (Overflow.DROP_OLD, [3, 4, 5])]
)
async def test_a_full_mailbox_loses_by_its_policy_and_says_so(overflow: Overflow, kept: list[int]) -> None:
    """B10: room for three, five come; every loss is counted and buried."""
    async with running(child(Listener, capacity=3, overflow=overflow), child(Scribe)) as stage:
        await stage.tell(*(Said(n=n) for n in range(1, 6)))

        assert [one.n for one in stage.messages(Heard)] == kept
        assert stage.bus.buried[Burial.FULL] == 2
        assert stage.letters() == [("full", "listener", "test.actor.said")] * 2


async def test_a_slow_subscriber_holds_up_nobody() -> None:
    """B09: nor does one that fails."""

    class Sleeper(EdgeActor):
        @handles
        async def hear(self, said: Said, io: EdgeContext) -> None:
            await io.clock.sleep(1)

    class Faulty(EdgeActor):
        @handles
        async def hear(self, said: Said, io: EdgeContext) -> None:
            raise ValueError

    async with running(child(Sleeper), child(Faulty), child(Listener), child(Scribe)) as stage:
        for n in range(1, 6):
            stage.say(Said(n=n))
        await stage.clock.settle()

        assert [one.n for one in stage.messages(Heard)] == [1, 2, 3, 4, 5]
        assert stage.info("listener").incarnation == 1


async def test_the_instant_of_a_handler_is_that_of_its_message() -> None:
    """R06: and not the one at which it came to be handled."""
    seen: list[object] = []

    class Late(Actor[Ear]):
        asks: ClassVar = (Get,)

        @handles
        async def hear(self, said: Said, ctx: Context) -> None:
            seen.append(ctx.now)
            await ctx.ask(Get(), within=100)
            seen.append(ctx.now)

    class Slow(EdgeActor):
        @handles
        async def get(self, get: Get, io: EdgeContext) -> int:
            await io.clock.sleep(30)
            return 1

    async with running(child(Slow), child(Late)) as stage:
        said = stage.say(Said(n=1))
        await stage.clock.advance(60)

        assert seen == [said.at, said.at]
