"""Edge actors: several effects at once, outcomes as events, and nothing lost without a word."""

# ruff: noqa: ARG002 - what a handler takes is given

import asyncio

import pytest
from anyio import Event as Flag
from anyio import sleep_forever

from acore.events.base import Effect, Entry, Event, Policy, Trace, outcome_id
from acore.events.catalog import wire
from acore.events.outbox import EffectDone, EffectFailed, WentAhead
from acore.events.recorder import MemoryRecorder
from acore.events.supervision import ActorExited, Burial, LetterDied, MessageRequeued
from acore.runtime.edge import EdgeActor, EdgeContext, Outcome
from acore.runtime.edgecell import URGENT_WAIT
from acore.runtime.handlers import handles
from tests.runtime.stage import Stage, child, running


@wire("test.edge.push", policy=Policy.IDEMPOTENT)
class Push(Effect):
    """Push a number outside; 13 fails."""

    n: int


@wire("test.edge.push_once", policy=Policy.AT_MOST_ONCE)
class PushOnce(Effect):
    """Push a number outside, never twice."""

    n: int


@wire("test.edge.acknowledge", policy=Policy.AT_MOST_ONCE, urgent=True)
class Acknowledge(Effect):
    """It cannot wait."""


@wire("test.edge.pushed")
class Pushed(Event):
    """It was pushed."""

    n: int


@wire("test.edge.seen")
class Seen(Event):
    """Something was seen."""

    n: int


class Pusher(EdgeActor):
    at_once = 2

    def __init__(self) -> None:
        self.release = Flag()

    @handles
    async def push(self, push: Push, io: EdgeContext) -> Event:
        await io.clock.sleep(1)
        if push.n == 13:
            raise OSError("no network")
        return Pushed(n=push.n)

    @handles
    async def push_once(self, push: PushOnce, io: EdgeContext) -> Event:
        await io.clock.sleep(1)
        return Pushed(n=push.n)

    @handles
    async def acknowledge(self, ack: Acknowledge, io: EdgeContext) -> Event:
        return Pushed(n=0)


def push(stage: Stage, *numbers: int) -> None:
    for n in numbers:
        stage.bus.perform(Push(n=n), Trace(source="test"))


async def test_effects_are_performed_several_at_once_within_a_bound() -> None:
    """B17: their outcomes come back as events."""
    async with running(child(Pusher)) as stage:
        push(stage, 1, 2, 3)
        await stage.clock.advance(1)
        assert stage.messages(Pushed) == [Pushed(n=1), Pushed(n=2)]

        await stage.clock.advance(1)

        assert stage.messages(Pushed) == [Pushed(n=1), Pushed(n=2), Pushed(n=3)]


async def test_an_effect_not_yet_begun_outlives_the_crash_of_another() -> None:
    """S63, S53: what was under way beside it is begun again where that may be, else buried as interrupted."""
    async with running(child(Pusher)) as stage:
        push(stage, 13)
        await stage.clock.advance(0.5)
        stage.bus.perform(PushOnce(n=1), Trace(source="test"))
        push(stage, 2, 3)
        await stage.clock.advance(10)

        assert {one.n for one in stage.messages(Pushed)} == {2, 3}
        assert stage.letters() == [("interrupted", "pusher", "test.edge.push_once")]
        assert stage.messages(ActorExited)[0].reason == "OSError: no network"


async def test_an_idempotent_effect_is_begun_again_when_another_interrupts_it() -> None:
    """S53: the second attempt says that it is one, and is not charged to the message."""
    async with running(child(Pusher)) as stage:
        push(stage, 13)
        await stage.clock.advance(0.5)
        push(stage, 1)
        await stage.clock.advance(10)

        assert stage.messages(Pushed) == [Pushed(n=1)]
        assert stage.letters() == []
        (again,) = stage.messages(MessageRequeued)
        assert (again.actor, again.message, again.attempt) == ("pusher", "test.edge.push", 2)
        assert again.reason == "its handling was interrupted"


async def test_what_is_begun_may_be_finished_when_the_actor_stops() -> None:
    """S38."""
    async with running(child(Pusher)) as stage:
        push(stage, 1, 2)
        await stage.clock.advance(0.5)
        stage.system.stop()
        await stage.clock.advance(1)

        assert stage.messages(Pushed) == [Pushed(n=1), Pushed(n=2)]
        assert stage.is_over


class SlowDisk(MemoryRecorder):
    """A journal that becomes durable when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.synced = Flag()

    async def wait_durable(self, seq: int) -> None:
        await self.synced.wait()

    def append(self, entry: Entry) -> None:
        super().append(entry)


async def test_an_effect_starts_when_its_cause_is_durable() -> None:
    """J02: an urgent one waits for a moment only, and what went ahead is marked."""
    disk = SlowDisk()
    async with running(child(Pusher)) as stage:
        stage.bus.recorder = disk
        stage.bus.perform(Acknowledge(), Trace(source="test"))
        push(stage, 1)
        await stage.clock.advance(URGENT_WAIT - 0.01)
        assert [entry.name for entry in disk.entries] == ["test.edge.acknowledge", "test.edge.push"]

        await stage.clock.advance(5)
        ahead, outcome = disk.entries[2:]
        assert ahead.message == WentAhead(what="test.edge.acknowledge", waited=URGENT_WAIT)
        assert ahead.envelope.cause == outcome.envelope.cause == disk.entries[0].envelope.id
        assert outcome.message == Pushed(n=0)

        disk.synced.set()
        stage.bus.perform(Acknowledge(), Trace(source="test"))
        await stage.clock.advance(5)
        assert Pushed(n=1) in [entry.message for entry in disk.entries]
        assert [entry.name for entry in disk.entries].count("effect.went_ahead") == 1


@wire("test.edge.poked")
class Poked(Event):
    """Somebody poked it."""


@wire("test.edge.shrug", policy=Policy.IDEMPOTENT)
class Shrug(Effect):
    """Do something of which there is nothing to tell."""

    how: str


class Shrugger(EdgeActor):
    """Has nothing of its own to tell."""

    @handles
    async def shrug(self, shrug: Shrug, io: EdgeContext) -> Outcome | None:
        if shrug.how == "badly":
            raise ValueError("stiff neck")
        return Outcome.LATER if shrug.how == "slowly" else None


@pytest.mark.parametrize(
    ("how", "outcomes"),
    [
        ("well", [EffectDone(effect="test.edge.shrug")]),
        ("badly", [EffectFailed(effect="test.edge.shrug", reason="ValueError: stiff neck")]),
        ("slowly", []),
    ],
)
async def test_an_effect_without_a_fact_of_its_own_has_an_outcome_all_the_same(
    how: str, outcomes: list[Event]
) -> None:
    """J02: done, failed, or to be told later; the outcome's id follows from the effect's."""
    async with running(child(Shrugger)) as stage:
        asked = stage.bus.perform(Shrug(how=how), Trace(source="test"))
        await stage.clock.advance(1)

        told = [entry for entry in stage.recorder.entries if entry.envelope.id == outcome_id(asked.id)]
        assert [one.message for one in told] == outcomes
        assert [(one.envelope.cause, one.envelope.source) for one in told] == [
            (asked.id, "shrugger") for _ in outcomes
        ]


class Talker(EdgeActor):
    """Says something while it shrugs, and fails beside that."""

    @handles
    async def shrug(self, shrug: Shrug, io: EdgeContext) -> None:
        if shrug.how == "badly":
            raise ValueError("stiff neck")
        io.publish(Seen(n=1))
        await sleep_forever()


@pytest.mark.parametrize("is_stopping", [False, True])
async def test_an_effect_that_is_broken_off_has_come_to_nothing_unless_everything_stops(
    is_stopping: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    """J02: no later run may come for months; one that is interrupted by the end is the next run's."""
    async with running(child(Talker)) as stage:
        asked = stage.bus.perform(Shrug(how="well"), Trace(source="test"))
        await stage.clock.advance(1)
        if is_stopping:
            stage.system.stop()
            await stage.clock.advance(60)
        else:
            stage.bus.perform(Shrug(how="badly"), Trace(source="test"))
            await stage.clock.advance(1)
        told = [one.message for one in stage.recorder.entries if one.envelope.id == outcome_id(asked.id)]

    assert [(letter.reason, letter.message) for letter in stage.messages(LetterDied)] == [
        (Burial.INTERRUPTED, "test.edge.shrug")
    ]
    broken_off = [
        EffectFailed(effect="test.edge.shrug", reason="BrokenOffError: its handling was interrupted")
    ]
    assert told == ([] if is_stopping else broken_off)


async def test_an_effect_that_is_asked_for_again_under_its_id_is_not_performed_again() -> None:
    """B23: a handler that is tried again asks for the same effects; what became of the first stands."""

    class Asker(EdgeActor):
        @handles
        async def ask_twice(self, poked: Poked, io: EdgeContext) -> None:
            assert io.handling is not None
            io.perform(Push(n=7))
            if io.handling.attempt == 1:
                raise OSError("once")

    async with running(child(Pusher), child(Asker, max_attempts=2)) as stage:
        await stage.tell(Poked())
        await stage.clock.advance(30)

        assert len({entry.envelope.id for entry in stage.entries(Push)}) == 1
        assert len(stage.entries(Push)) == 2
        assert stage.messages(Pushed) == [Pushed(n=7)]


async def test_the_tasks_of_an_actor_end_with_it() -> None:
    """S54, in part: a failure in one is the actor's own."""
    ended: list[str] = []

    class Watcher(EdgeActor):
        async def watch(self, io: EdgeContext) -> None:
            try:
                if io.incarnation == 1:
                    await io.clock.sleep(1)
                    raise OSError("lost sight")
                await sleep_forever()
            finally:
                ended.append(f"watch {io.incarnation}")

        async def run(self, io: EdgeContext) -> None:
            io.spawn(self.watch, io)
            io.ready()
            await io.stopping.wait()

    async with running(child(Watcher)) as stage:
        await stage.clock.advance(2)
        assert stage.messages(ActorExited)[0].reason == "OSError: lost sight"
        assert stage.info("watcher").incarnation == 2

        stage.system.stop()
        await stage.clock.settle()
        assert ended == ["watch 1", "watch 2"]


async def test_an_actor_whose_messages_are_no_longer_handed_out_has_failed() -> None:
    """S54: a natively cancelled task under it ends its groups without a word."""
    async with running(child(Pusher)) as stage:
        next(task for task in asyncio.all_tasks() if task.get_name() == "pusher: its messages").cancel()
        await stage.clock.advance(1)

        assert stage.life() == ["pusher#1 starts", "pusher#1 crashed", "pusher#2 starts"]
        assert stage.messages(ActorExited)[0].error == "WorkLostError"


async def test_a_block_until_stopped_is_cancelled_by_the_stop_and_cleans_up() -> None:
    trace: list[str] = []

    class Door(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            async with io.until_stopped():
                await sleep_forever()
            trace.append("closing")
            await io.clock.sleep(1)
            trace.append("closed")

    async with running(child(Door)) as stage:
        stage.system.stop()
        await stage.clock.settle()
        assert trace == ["closing"]

        await stage.clock.advance(1)
        assert trace == ["closing", "closed"]
        assert stage.life()[-1] == "door#1 shutdown"


async def test_events_come_to_an_edge_actor_one_after_the_other() -> None:
    """B14."""
    trace: list[str] = []

    class Reader(EdgeActor):
        @handles
        async def seen(self, seen: Seen, io: EdgeContext) -> None:
            trace.append(f"begin {seen.n}")
            await io.clock.sleep(1)
            trace.append(f"end {seen.n}")

    async with running(child(Reader)) as stage:
        await stage.tell(Seen(n=1), Seen(n=2))
        await stage.clock.advance(2)

        assert trace == ["begin 1", "end 1", "begin 2", "end 2"]


async def test_what_an_effect_returns_must_fit_its_declaration() -> None:
    """B24: the actor that says something impossible fails, and nothing is sent."""

    class Liar(EdgeActor):
        @handles
        async def push(self, push: Push, io: EdgeContext) -> Event:
            return Pushed(n="many")  # pyright: ignore[reportArgumentType]

    async with running(child(Liar)) as stage:
        push(stage, 1)
        await stage.clock.advance(1)

        assert stage.messages(Pushed) == []
        assert stage.messages(ActorExited)[0].error == "InvalidMessageError"


@pytest.mark.parametrize("n", [1, 2])
async def test_facts_that_nobody_caused_are_roots_of_their_own(n: int) -> None:
    """B22: an edge actor's own loop, whatever was handled meanwhile."""

    class Watch(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            for k in range(n):
                io.publish(Seen(n=k))
            await io.stopping.wait()

    async with running(child(Watch)) as stage:
        entries = stage.entries(Seen)

        assert [entry.envelope.cause for entry in entries] == [""] * n
        assert [entry.envelope.correlation for entry in entries] == [entry.envelope.id for entry in entries]
