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
    RunFailed,
    RunStarted,
    StopRequested,
)
from acore.events.parts import PartNotRestarted, PartRestarted, RestartActor, RestartVerdict
from acore.events.supervision import ActorExited, ActorStarted
from tests.actors.house import BEGAN, PROCESS, House, core, house
from tests.failing import FragileLifecycle, FragileMetrics, Struck
from tests.replay.world import replay

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
    """J16: nor does a part end it that is stopped because its supervisor gives up, or to be started again."""
    clock = HeldClock()
    async with house(tmp_path, *ACTORS, boot="first", clock=clock):
        pass
    await clock.advance(60)
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        previous = home.view(LifecycleView).previous

        assert previous is not None
        assert previous.ended is None
        assert await home.told(RunEnded) == []
        (found,) = await home.told(InterruptionFound)
        assert (found.boot, found.began) == ("first", previous.began)
        assert found.last_seq == (await home.rows("first"))[-1].seq
        assert found.silent_for is not None
        assert 60 <= found.silent_for < 63
        assert found.pending_effects == 0


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


async def test_news_of_an_actor_in_another_order_leave_its_line_right(tmp_path: Path) -> None:
    """B02: starts come in their order and ends in theirs, but each may overtake the other."""

    def line(home: House, name: str) -> tuple[bool, int, str]:
        one = next(one for one in home.view(LifecycleView).actors if one.name == name)
        return one.is_up, one.incarnation, one.last_failure

    def end(number: int, why: str) -> ActorExited:
        return ActorExited(actor="metrics", incarnation=number, exit="crashed", reason=why)

    async with house(tmp_path, *ACTORS) as home:
        await home.tell(ActorStarted(actor="metrics", incarnation=2))
        await home.tell(ActorStarted(actor="metrics", incarnation=3))
        assert line(home, "metrics") == (True, 3, "")
        await home.tell(end(1, "first"), end(2, "second"))
        assert line(home, "metrics") == (True, 3, "second"), "why it was restarted becomes known"

        await home.tell(end(3, "third"), end(4, "fourth"))
        assert line(home, "metrics") == (False, 4, "fourth")
        await home.tell(ActorStarted(actor="metrics", incarnation=4))
        assert line(home, "metrics") == (False, 4, "fourth"), "what has ended does not begin"

        await home.tell(ActorStarted(actor="metrics", incarnation=5))
        assert line(home, "metrics") == (True, 5, "fourth")


async def test_an_actor_that_has_not_started_yet_is_shown_up_when_it_has(tmp_path: Path) -> None:
    """B02: those that start after this one are known by name before."""
    async with house(tmp_path, *core(lifecycle=FragileLifecycle, metrics=FragileMetrics)) as home:
        line = next(one for one in home.view(LifecycleView).actors if one.name == "metrics")

        assert (line.is_up, line.incarnation, line.restarts) == (True, 1, 0)


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


def restarts(notes: list[AuditNoted]) -> list[tuple[str, str, str, int]]:
    return [(one.who, one.target, one.outcome, one.interaction) for one in notes if one.action == "restart"]


async def test_who_wants_a_part_restarted_has_it_done_and_recorded(tmp_path: Path) -> None:
    wanted = RestartActor(actor="metrics", by="ann", user=7, interaction=1000)
    async with house(tmp_path, *ACTORS) as home:
        assert await home.ask(wanted) is RestartVerdict.ACCEPTED
        await home.clock.settle()
        assert [(one.actor, one.by) for one in home.restarting] == [("metrics", "ann")]
        await home.tell(PartRestarted(actor="metrics", by="ann", seconds=0.5))

        assert restarts(await home.told(AuditNoted)) == [
            ("ann (7)", "metrics", "asked", 1000),
            ("ann (7)", "metrics", "done", 1000),
        ]


async def test_a_restart_that_did_not_help_is_recorded_with_why(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.ask(RestartActor(actor="metrics", by="ann"))
        await home.tell(PartNotRestarted(actor="metrics", by="ann", reason="the disk sang"))

        notes = await home.told(AuditNoted)
        assert restarts(notes)[-1] == ("ann", "metrics", "failed", 0)
        assert notes[-1].reason == "the disk sang"
        assert await home.ask(RestartActor(actor="metrics", by="ann")) is RestartVerdict.ACCEPTED


async def test_a_part_that_is_being_restarted_is_not_restarted_once_more(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.ask(RestartActor(actor="metrics", by="ann"))
        assert await home.ask(RestartActor(actor="metrics", by="bob")) is RestartVerdict.UNDER_WAY
        await home.tell(PartRestarted(actor="metrics", by="ann", seconds=0.5))

        assert await home.ask(RestartActor(actor="metrics", by="bob")) is RestartVerdict.ACCEPTED
        assert [one[2] for one in restarts(await home.told(AuditNoted))] == [
            "asked",
            "refused",
            "done",
            "asked",
        ]


async def test_a_part_that_is_down_may_be_asked_for(tmp_path: Path) -> None:
    """S34: it waits for its turn to start again, which may be a long one, or nobody would start it."""
    async with house(tmp_path, *ACTORS) as home:
        await home.tell(Struck(actor="metrics"))
        assert not next(one for one in home.view(LifecycleView).actors if one.name == "metrics").is_up

        assert await home.ask(RestartActor(actor="metrics", by="ann")) is RestartVerdict.ACCEPTED


async def test_what_cannot_be_restarted_is_refused_by_an_answer_not_by_a_failure(tmp_path: Path) -> None:
    """B21: an expected refusal is a reply; nobody crashes of it."""
    async with house(tmp_path, *ACTORS) as home:
        assert await home.ask(RestartActor(actor="nonsense", by="ann")) is RestartVerdict.UNKNOWN
        await home.tell(StopRequested(by="SIGTERM"))
        assert await home.ask(RestartActor(actor="metrics", by="ann")) is RestartVerdict.STOPPING

        assert home.restarting == []
        assert len(home.runs["lifecycle"]) == 1


async def test_restarts_that_people_wanted_are_replayed_as_they_were(tmp_path: Path) -> None:
    """R20: the decision depends on nothing but what the actor was told."""
    clock = HeldClock()
    async with house(tmp_path, *ACTORS, boot="first", clock=clock) as home:
        await home.ask(RestartActor(actor="metrics", by="ann"))
        await home.ask(RestartActor(actor="metrics", by="bob"))
        await home.tell(PartRestarted(actor="metrics", by="ann", seconds=0.5))
        await home.ask(RestartActor(actor="nonsense", by="ann"))
    live = home.state("lifecycle")
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        again = replay("lifecycle", FragileLifecycle, await home.rows("first"))

        assert again.divergences == ()
        assert bytes(again.state) == live


async def test_when_a_part_failed_is_known_also_after_it_was_restarted(tmp_path: Path) -> None:
    async with house(tmp_path, *ACTORS) as home:
        await home.clock.advance(60)
        await home.tell(Struck(actor="metrics"))
        await home.clock.advance(1)
        home.say(ActorExited(actor="metrics", incarnation=2, exit="shutdown"))
        await home.tell(ActorStarted(actor="metrics", incarnation=3))
        line = next(one for one in home.view(LifecycleView).actors if one.name == "metrics")

        assert line.failed is not None
        assert timedelta(seconds=59) < line.failed - BEGAN < timedelta(seconds=61)
        assert line.last_failure == "StruckError: metrics was struck"


async def test_the_next_run_knows_why_the_one_before_failed(tmp_path: Path) -> None:
    """J16, S30: a run that ended by itself is told apart from one that was killed."""
    clock = HeldClock()
    failed = RunFailed(error="DiskError", reason="the disk sang", exit_code=70, began=BEGAN)
    async with house(tmp_path, *ACTORS, boot="first", clock=clock) as home:
        home.say(failed)
    async with house(tmp_path, *ACTORS, boot="second", clock=clock) as home:
        previous = home.view(LifecycleView).previous

        assert previous is not None
        assert (previous.ended, previous.reason) == (None, "the disk sang")
        (found,) = await home.told(InterruptionFound)
        assert found.reason == "the disk sang"
