"""LifecycleActor: how the program started, how its actors are, how it is to end."""

from datetime import timedelta
from pathlib import Path

from acore.clock import HeldClock
from acore.events.audit import AuditNoted
from acore.events.lifecycle import (
    EndProcess,
    InterruptionFound,
    LifecycleView,
    RunEnded,
    RunStarted,
    StopRequested,
)
from acore.events.supervision import ActorExited, ActorStarted
from acore.replay.replayer import replay
from tests.actors.house import BEGAN, PROCESS, core, house
from tests.failing import FragileLifecycle, FragileMetrics, Struck

ACTORS = core(metrics=FragileMetrics, lifecycle=FragileLifecycle)


async def test_a_start_is_recorded_with_version_commit_and_settings(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        (began,) = await home.told(RunStarted)

        assert (began.version, began.commit, began.pid) == ("1.2.3", "0123456789ab", 4321)
        assert began.settings_revision == PROCESS.settings_revision
        (noted,) = await home.told(AuditNoted)
        assert (noted.who, noted.action) == ("acore", "start")


async def test_the_view_tells_since_when_what_runs(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        view = home.view(LifecycleView)

        assert (view.began, view.version, view.is_stopping, view.previous) == (BEGAN, "1.2.3", False, None)
        assert {line.name for line in view.actors} >= {"lifecycle", "metrics"}


async def test_who_wants_it_to_stop_is_recorded_and_the_end_is_ordered_once(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(StopRequested(by="SIGTERM"), StopRequested(by="somebody else"))

        assert home.view(LifecycleView).is_stopping
        assert home.ended == ["SIGTERM"]
        assert [one.reason for one in await home.told(EndProcess)] == ["SIGTERM"]
        assert [(one.who, one.action) for one in await home.told(AuditNoted)][1:] == [("SIGTERM", "stop")]


async def test_the_next_run_knows_how_the_one_before_ended(tmp_path: Path) -> None:
    clock = HeldClock()
    async with house(tmp_path, *ACTORS, boot="first", clock=clock) as home:
        await home.clock.advance(90)
        await home.tell(StopRequested(by="SIGINT"))
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        previous = home.view(LifecycleView).previous
        assert previous is not None
        assert (previous.boot, previous.version, previous.reason) == ("first", "1.2.3", "SIGINT")
        assert previous.ended is not None
        (ended,) = await home.told(RunEnded)
        assert 90 <= ended.uptime < 91


async def test_a_run_that_nobody_asked_to_stop_did_not_end_in_good_order(tmp_path: Path) -> None:
    """A part that is stopped because its supervisor gives up, or to be started again, does not end it."""
    clock = HeldClock()
    async with house(tmp_path, *ACTORS, boot="first", clock=clock):
        pass
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        previous = home.view(LifecycleView).previous

        assert previous is not None
        assert previous.ended is None
        assert await home.told(RunEnded) == []
        (found,) = await home.told(InterruptionFound)
        assert (found.boot, found.began) == ("first", previous.began)


async def test_a_line_tells_how_each_actor_is(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(Struck(actor="metrics"))
        line = next(one for one in home.view(LifecycleView).actors if one.name == "metrics")
        assert (line.is_up, line.last_failure) == (False, "StruckError: metrics was struck")

        await home.clock.advance(1)

        line = next(one for one in home.view(LifecycleView).actors if one.name == "metrics")
        assert (line.is_up, line.incarnation, line.restarts) == (True, 2, 1)
        assert line.last_failure == "StruckError: metrics was struck", "why it was restarted stays known"
        assert line.since > BEGAN + timedelta(seconds=0.05)


async def test_a_crash_loses_neither_the_view_nor_what_was_queued(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        before = home.seen(LifecycleView)
        await home.clock.advance(7)
        home.say(Struck(actor="lifecycle"))
        home.say(StopRequested(by="somebody"))
        await home.clock.settle()
        assert home.seen(LifecycleView) == before, "while it is down, its view and the view's age stay"
        assert home.ended == []

        await home.clock.advance(1)

        assert home.ended == ["somebody"]
        assert home.view(LifecycleView).is_stopping
        (end,) = await home.told(ActorExited)
        assert (end.actor, end.reason) == ("lifecycle", "StruckError: lifecycle was struck")
        starts = [one.incarnation for one in await home.told(ActorStarted) if one.actor == "lifecycle"]
        assert starts == [1, 2]
        assert len(await home.told(RunStarted)) == 1, "a restart of this part is no new run"


async def test_a_replay_orders_the_same_and_ends_with_the_same_last_words(tmp_path: Path) -> None:
    clock = HeldClock()
    async with house(tmp_path, *ACTORS, boot="first", clock=clock) as home:
        await home.tell(Struck(actor="metrics"), Struck(actor="lifecycle"))
        await home.clock.advance(1)
        await home.tell(StopRequested(by="SIGTERM"))
    live = home.state("lifecycle")
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        again = replay("lifecycle", FragileLifecycle, await home.rows("first"))

        assert again.divergences == ()
        assert b'"stopping_by":"SIGTERM"' in bytes(again.state)
        assert bytes(again.state) == live
