"""What a start, a stop and an end come of is recorded with them: a person can be told why."""

import msgspec

from acore.events.base import Envelope, Message, Trace
from acore.events.supervision import (
    ActorExited,
    ActorRestarting,
    ActorStarted,
    ActorStopping,
    SupervisorGaveUp,
    SupervisorObeyed,
)
from acore.runtime.actor import Actor
from acore.runtime.cause import Cause
from acore.runtime.restart import RestartLimit, Strategy
from tests.runtime.cast import Crash, One
from tests.runtime.stage import Stage, child, running, tree


class Nothing(msgspec.Struct):
    pass


class Two(Actor[Nothing]):
    """Never fails by itself."""


def said(stage: Stage, kind: type[Message], actor: str, count: int = 1) -> Envelope:
    """Return the *count*-th thing of that *kind* that was said of *actor*."""
    found = [one for one in stage.entries(kind) if getattr(one.message, "actor", "") == actor]
    return found[count - 1].envelope


def came_of(effect: Envelope) -> tuple[str, str]:
    return effect.cause, effect.correlation


async def test_a_crash_leads_from_the_message_to_the_next_run() -> None:
    async with running(child(One)) as stage:
        crash = stage.say(Crash(who="one"))
        await stage.clock.advance(0.01)

        ended = said(stage, ActorExited, "one")
        again = said(stage, ActorRestarting, "one")
        started = said(stage, ActorStarted, "one", 2)
    assert came_of(ended) == (crash.id, crash.id)
    assert came_of(again) == (ended.id, crash.id)
    assert came_of(started) == (again.id, crash.id)


async def test_those_that_are_restarted_with_another_one_stop_and_start_because_of_that() -> None:
    async with running(child(One), child(Two), strategy=Strategy.ONE_FOR_ALL) as stage:
        crash = stage.say(Crash(who="one"))
        await stage.clock.advance(0.01)

        again = said(stage, ActorRestarting, "one")
        stopping, ended = said(stage, ActorStopping, "two"), said(stage, ActorExited, "two")
        started = said(stage, ActorStarted, "two", 2)
    assert {came_of(one) for one in (stopping, ended, started)} == {(again.id, crash.id)}


async def test_an_ordered_stop_and_start_come_of_who_ordered_them() -> None:
    async with running(child(Two)) as stage:
        wish = stage.say(Crash(who="nobody"))
        cause = Cause.inherited(Trace("test", wish.id, wish.correlation))
        await stage.system.stop_child("two", drain=True, cause=cause)
        await stage.system.restart_child("two", cause=cause)

        stop, start = said(stage, SupervisorObeyed, "two"), said(stage, SupervisorObeyed, "two", 2)
        ended, started = said(stage, ActorExited, "two"), said(stage, ActorStarted, "two", 2)
    assert came_of(stop) == came_of(start) == (wish.id, wish.id)
    assert came_of(ended) == (stop.id, wish.id)
    assert came_of(started) == (start.id, wish.id)


async def test_a_failure_that_goes_up_is_followed_to_the_end_of_everything() -> None:
    below = tree(child(One), id="below", limit=RestartLimit(intensity=0, period=60))
    async with running(below, child(Two), limit=RestartLimit(intensity=0, period=60)) as stage:
        crash = stage.say(Crash(who="one"))
        await stage.clock.advance(0.01)
        first, second = (one.envelope for one in stage.entries(SupervisorGaveUp))
        below_ended, two_ended = said(stage, ActorExited, "below"), said(stage, ActorExited, "two")

    assert came_of(first) == (said(stage, ActorExited, "one").id, crash.id)
    assert came_of(below_ended) == (first.id, crash.id)
    assert came_of(second) == (below_ended.id, crash.id)
    assert came_of(two_ended) == (second.id, crash.id)


async def test_a_stop_of_everything_comes_of_the_wish() -> None:
    async with running(child(Two), tree(child(One), id="below")) as stage:
        wish = stage.say(Crash(who="nobody"))
        stage.system.stop(cause=Cause.of(wish))
        await stage.clock.advance(0.01)

        ends = [said(stage, ActorExited, name) for name in ("two", "one", "below")]
    assert {came_of(one) for one in ends} == {(wish.id, wish.id)}


async def test_a_part_that_fails_for_ever_counts_its_hops_anew_each_time() -> None:
    """A chain of restarts is no storm: what a part says when it starts is sent, however often it failed."""
    async with running(child(One)) as stage:
        for _ in range(100):
            await stage.tell(Crash(who="one"))

        starts = [one.envelope for one in stage.entries(ActorStarted)]
    assert len(starts) == 101
    assert {one.trace.hops for one in starts} == {0}
