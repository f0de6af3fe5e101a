"""Supervisors: who is started, restarted and given up on, and in which order."""

# ruff: noqa: ARG002 - what a handler takes is given

import asyncio
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from datetime import timedelta
from typing import ClassVar

import msgspec
import pytest
from anyio import CancelScope, create_task_group, sleep_forever
from anyio import Event as Flag

from acore.errors import ExitCode, FatalError
from acore.events.base import Event
from acore.events.catalog import wire
from acore.events.supervision import ActorExited, ActorRestarting, SupervisorGaveUp
from acore.runtime import restart as rules
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildState, NeverReadyError, SupervisorStoppedError
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import (
    Backoff,
    Failure,
    RestartLimit,
    RestartLimitError,
    RestartType,
    StartFailedError,
    Strategy,
)
from acore.runtime.spec import ChildSpec
from tests.runtime.stage import Stage, child, running, tree


@wire("test.supervisor.crash")
class Crash(Event):
    """The actor of this name fails on it."""

    who: str
    text: str = ""


@wire("test.supervisor.end")
class End(Event):
    """The actor of this name stops itself on it."""

    who: str


class Nothing(msgspec.Struct):
    pass


class One(Actor[Nothing]):
    """Fails and ends as it is told."""

    @handles
    async def crash(self, crash: Crash, ctx: Context) -> None:
        if crash.who == ctx.actor:
            raise ValueError(crash.text or crash.who)

    @handles
    async def end(self, end: End, ctx: Context) -> None:
        if end.who == ctx.actor:
            ctx.stop()


class Plan:
    """How the starts of one edge actor go: ok, fail, hang, quit, or hold until the flag is set."""

    def __init__(self, *starts: str) -> None:
        self.starts = list(starts)
        self.built = 0
        self.trace: list[str] = []
        self.flag = Flag()

    def start(self) -> "Planned":
        self.built += 1
        return Planned(self)


class Planned(EdgeActor):
    """Starts as planned and then waits to be stopped."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @handles
    async def crash(self, crash: Crash, io: EdgeContext) -> None:
        if crash.who == io.actor:
            raise ValueError(crash.who)

    async def run(self, io: EdgeContext) -> None:
        plan = self.plan
        how = plan.starts.pop(0) if plan.starts else "ok"
        plan.trace.append(f"begin {how}")
        try:
            match how:
                case "fail":
                    raise OSError("no such door")
                case "hang":
                    await sleep_forever()
                case "hold":
                    await plan.flag.wait()
                case "slow":
                    await io.clock.sleep(5)
                case "quit":
                    return
                case _:
                    pass
            io.ready()
            if how == "brief":
                return
            await io.stopping.wait()
        finally:
            plan.trace.append("end")


def ones(*names: str) -> list[ChildSpec]:
    return [child(One, id=name) for name in names]


# --- starting


async def test_each_child_waits_for_the_one_before_to_be_ready() -> None:
    """S02: the supervisor is ready when the last child is."""
    plans = [Plan("slow"), Plan("slow"), Plan("slow")]
    async with running(
        *(child(Planned, id=name, start=plan.start) for name, plan in zip("abc", plans, strict=True))
    ) as stage:
        seen = [[plan.built for plan in plans]]
        for _ in range(3):
            assert not stage.system._run.is_ready
            await stage.clock.advance(5)
            seen.append([plan.built for plan in plans])

        assert seen == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]
        await stage.system.wait_ready()


async def test_a_first_start_that_fails_half_way_stops_what_had_started_and_is_not_repeated() -> None:
    """S03: the starter gets the original error; nothing is retried or left."""
    broken = Plan("fail")
    async with running(
        child(One, id="a"), child(One, id="b"), child(Planned, id="c", start=broken.start)
    ) as stage:
        assert stage.is_over
        assert isinstance(stage.error, StartFailedError)
        assert "c could not start: OSError: no such door" in str(stage.error)
        assert isinstance(stage.error.__cause__, OSError)
        assert stage.life() == [
            "a#1 starts",
            "b#1 starts",
            "c#1 starts",
            "c#1 start_failed",
            "b#1 shutdown",
            "a#1 shutdown",
        ]
        assert stage.messages(ActorRestarting) == []
        assert broken.built == 1


async def test_a_start_that_hangs_is_cancelled_after_its_time_and_looked_at_meanwhile() -> None:
    """S05."""
    plan = Plan("hang")
    async with running(child(Planned, id="slow", start=plan.start, start_timeout=7)) as stage:
        assert stage.info("slow").state is ChildState.STARTING
        await stage.clock.advance(6.9)
        assert not stage.is_over

        await stage.clock.advance(0.2)

        assert isinstance(stage.error, StartFailedError)
        assert "not ready after 7 s" in str(stage.error)
        assert plan.trace == ["begin hang", "end"]


async def test_a_child_that_ends_before_it_is_ready_has_failed_to_start() -> None:
    """S06."""
    async with running(child(Planned, id="brief", start=Plan("quit").start)) as stage:
        assert isinstance(stage.error, StartFailedError)
        assert "it ended before it was ready" in str(stage.error)


async def test_a_start_that_hangs_shielded_is_given_up_on() -> None:
    """S05, S41: the start time counts although the child does not heed its cancellation."""
    release = Flag()

    class Stuck(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            with CancelScope(shield=True):
                await release.wait()

    async with running(child(Stuck, start_timeout=3)) as stage:
        await stage.clock.advance(5.1)

        assert stage.info("stuck").state is ChildState.ABANDONED
        assert stage.life() == ["stuck#1 starts", "stuck#1 abandoned"]
        release.set()


async def test_a_branch_that_takes_too_long_to_start_is_stopped_in_good_order() -> None:
    """S05, S40: what of it had started has its time to stop."""
    trace: list[str] = []

    class Tidy(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            await io.stopping.wait()
            await io.clock.sleep(1)
            trace.append("tidied up")

    hangs = child(Planned, id="hangs", start=Plan("hang").start, start_timeout=60)
    async with running(tree(child(Tidy), hangs, id="sub", start_timeout=5)) as stage:
        await stage.clock.advance(6)

        assert "sub could not start: not ready after 5 s" in str(stage.error)
        assert trace == ["tidied up"]
        assert stage.life()[2:] == ["hangs#1 killed", "tidy#1 shutdown", "sub#1 start_failed"]


async def test_a_stop_while_starting_cancels_the_start_and_begins_no_other() -> None:
    """S09."""
    plans = [Plan(), Plan("hang"), Plan(), Plan()]
    async with running(
        *(child(Planned, id=name, start=plan.start) for name, plan in zip("abcd", plans, strict=True))
    ) as stage:
        stage.system.stop()
        await stage.clock.settle()

        assert stage.is_over
        assert [plan.trace for plan in plans] == [["begin ok", "end"], ["begin hang", "end"], [], []]
        assert stage.life()[-2:] == ["b#1 killed", "a#1 shutdown"]
        assert [plan.built for plan in plans] == [1, 1, 0, 0]


async def test_who_waits_for_the_start_is_told_why_there_is_none() -> None:
    """S03, S09: of a failure as of a stop; never left waiting."""
    told: list[BaseException] = []

    async def wait(stage: Stage) -> None:
        with pytest.raises(NeverReadyError) as raised:
            await stage.system.wait_ready()
        told.append(raised.value)

    async with create_task_group() as waiting:
        async with running(child(Planned, id="p", start=Plan("slow", "fail").start)) as stopped:
            waiting.start_soon(wait, stopped)
            await stopped.clock.settle()
            stopped.system.stop()
        async with running(child(Planned, id="p", start=Plan("fail").start)) as failed:
            waiting.start_soon(wait, failed)

    assert [str(error) for error in told] == [
        "not everything could be started: it was stopped before",
        "not everything could be started: StartFailedError: p could not start: OSError: no such door",
    ]
    assert isinstance(told[1].__cause__, StartFailedError)


@pytest.mark.parametrize("strategy", Strategy)
async def test_what_fails_after_it_was_ready_is_restarted_also_while_others_still_start(
    strategy: Strategy,
) -> None:
    """S02, S03: only a start that fails is the starter's; the rest begins when it is its turn."""
    slow = Plan("slow", "slow")
    async with running(
        child(One, id="a"), child(Planned, id="b", start=slow.start), strategy=strategy
    ) as stage:
        await stage.tell(Crash(who="a"))
        assert not stage.system._run.is_ready

        await stage.clock.advance(10)

        await stage.system.wait_ready()
        together = strategy is not Strategy.ONE_FOR_ONE
        assert [one.incarnation for one in stage.system.tree()] == [2, 2 if together else 1]
        assert len(stage.messages(ActorRestarting)) == 1
        assert stage.error is None


async def test_a_stop_before_the_start_starts_nothing() -> None:
    """S45."""
    stage = Stage(tree(child(One)))
    stage.system.stop()

    await stage.run()

    assert stage.error is None
    assert stage.life() == []


async def test_messages_sent_while_an_actor_starts_come_afterwards_and_in_order() -> None:
    """S08."""
    heard: list[str] = []

    class Listener(Planned):
        @handles
        async def crash(self, crash: Crash, io: EdgeContext) -> None:
            heard.append(crash.who)

    plan = Plan("slow")
    async with running(child(Listener, start=lambda: Listener(plan))) as stage:
        await stage.tell(Crash(who="1"), Crash(who="2"), Crash(who="3"))
        assert heard == []

        await stage.clock.advance(5)

        assert heard == ["1", "2", "3"]


async def test_every_run_has_an_object_of_its_own() -> None:
    """S10: nothing that the last run left on its instance is there."""
    built: list[EdgeActor] = []

    class Fresh(EdgeActor):
        @handles
        async def crash(self, crash: Crash, io: EdgeContext) -> None:
            self.left = crash.who
            raise ValueError

    def build() -> Fresh:
        fresh = Fresh()
        built.append(fresh)
        return fresh

    async with running(child(Fresh, start=build)) as stage:
        await stage.tell(Crash(who="x"))

        assert len(built) == 2
        assert [hasattr(one, "left") for one in built] == [True, False]


# --- restart types


async def end_one(restart: RestartType, event: Event) -> list[str]:
    async with running(child(One, id="a", restart=restart)) as stage:
        await stage.tell(event)
        assert stage.messages(ActorExited)
        return stage.life()[2:]


async def test_a_permanent_child_is_started_again_after_every_end() -> None:
    """S11, S17: also after it stopped itself."""
    assert await end_one(RestartType.PERMANENT, Crash(who="a")) == ["a#2 starts"]
    assert await end_one(RestartType.PERMANENT, End(who="a")) == ["a#2 starts"]


async def test_a_transient_child_is_started_again_only_after_a_failure() -> None:
    """S12."""
    assert await end_one(RestartType.TRANSIENT, Crash(who="a")) == ["a#2 starts"]
    assert await end_one(RestartType.TRANSIENT, End(who="a")) == []


async def test_a_temporary_child_is_never_started_again() -> None:
    """S13, as far as it can be seen: the supervisor has forgotten it."""
    assert await end_one(RestartType.TEMPORARY, Crash(who="a")) == []
    async with running(child(One, id="a", restart=RestartType.TEMPORARY)) as stage:
        await stage.tell(Crash(who="a"))
        assert stage.system.tree() == ()


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
async def test_an_end_that_calls_for_no_restart_leaves_the_siblings_alone(strategy: Strategy) -> None:
    """S14: neither a transient child's good end nor a temporary one's crash is a round."""
    async with running(
        child(One, id="t", restart=RestartType.TRANSIENT),
        child(One, id="x", restart=RestartType.TEMPORARY),
        child(One, id="c"),
        strategy=strategy,
        limit=RestartLimit(intensity=0),
    ) as stage:
        await stage.tell(End(who="t"))
        await stage.tell(Crash(who="x"))

        assert stage.info("c").incarnation == 1
        assert stage.info("t").state is ChildState.STOPPED
        assert stage.messages(ActorRestarting) == []


async def test_a_transient_child_may_end_well_while_others_still_start() -> None:
    """S14: what was ready and is done has not failed to start."""
    async with running(
        child(Planned, id="brief", start=Plan("brief").start, restart=RestartType.TRANSIENT),
        child(Planned, id="slow", start=Plan("slow").start),
    ) as stage:
        await stage.clock.advance(5)

        assert stage.error is None
        assert stage.info("slow").state is ChildState.RUNNING
        assert stage.info("brief").state is ChildState.STOPPED


async def test_a_task_cancelled_by_somebody_else_is_lost_and_started_again() -> None:
    """S15: a task that ends by native cancellation raises nothing that a task group would notice."""
    tasks: list[asyncio.Task[object]] = []

    class Victim(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            me = asyncio.current_task()
            assert me is not None
            tasks.append(me)
            io.ready()
            await io.stopping.wait()

    async with running(child(Victim)) as stage:
        tasks[0].cancel()
        await stage.clock.advance(0.01)

        assert stage.life() == ["victim#1 starts", "victim#1 lost", "victim#2 starts"]
        assert stage.info("victim").state is ChildState.RUNNING


async def test_a_core_actor_whose_task_is_cancelled_is_lost_and_started_again() -> None:
    """S15, S64: what was queued is handled by the next run."""
    async with running(child(One, id="a")) as stage:
        next(task for task in asyncio.all_tasks() if task.get_name() == "a").cancel()
        stage.say(End(who="nobody"))
        await stage.clock.advance(0.01)

        assert stage.life() == ["a#1 starts", "a#1 lost", "a#2 starts"]
        assert stage.system.cells["a"].handled == 1


@pytest.mark.parametrize("is_asked", [True, False])
async def test_a_swallowed_cancellation_does_not_say_how_a_run_ended(is_asked: bool) -> None:  # noqa: FBT001
    """S16: whether it was asked to stop does."""

    class Deaf(EdgeActor):
        task: ClassVar[asyncio.Task[object] | None] = None

        async def run(self, io: EdgeContext) -> None:
            Deaf.task = asyncio.current_task()
            io.ready()
            async with io.until_stopped() if is_asked else nullcontext():
                with suppress(BaseException):
                    await sleep_forever()

    async with running(child(Deaf, restart=RestartType.TRANSIENT)) as stage:
        if is_asked:
            stage.system.stop()
            await stage.clock.settle()
        else:
            assert Deaf.task is not None
            Deaf.task.cancel()
            await stage.clock.settle()

        assert stage.life()[-1] == ("deaf#1 shutdown" if is_asked else "deaf#1 normal")


# --- strategies


async def test_one_for_one_restarts_the_failed_child_alone() -> None:
    """S18."""
    async with running(*ones("a", "b", "c")) as stage:
        await stage.tell(Crash(who="b"))

        assert [one.incarnation for one in stage.system.tree()] == [1, 2, 1]


async def test_one_for_all_stops_in_reverse_order_and_starts_in_order_for_one_count() -> None:
    """S19."""
    async with running(*ones("a", "b", "c"), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="b"))

        assert stage.life()[3:] == [
            "b#1 crashed",
            "c#1 shutdown",
            "a#1 shutdown",
            "a#2 starts",
            "b#2 starts",
            "c#2 starts",
        ]
        (restart,) = stage.messages(ActorRestarting)
        assert (restart.actor, restart.with_it, restart.restarts) == ("b", ("a", "c"), 1)


async def test_rest_for_one_restarts_those_that_started_later() -> None:
    """S20."""
    async with running(*ones("a", "b", "c", "d", "e"), strategy=Strategy.REST_FOR_ONE) as stage:
        await stage.tell(Crash(who="c"))

        assert stage.life()[5:] == [
            "c#1 crashed",
            "e#1 shutdown",
            "d#1 shutdown",
            "c#2 starts",
            "d#2 starts",
            "e#2 starts",
        ]
        assert [one.incarnation for one in stage.system.tree()] == [1, 1, 2, 2, 2]


async def test_two_siblings_that_fail_in_the_same_moment_are_one_round() -> None:
    """S21."""
    async with running(*ones("a", "b", "c"), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="a"), Crash(who="c"))

        assert len(stage.messages(ActorRestarting)) == 1
        assert [one.incarnation for one in stage.system.tree()] == [2, 2, 2]


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
async def test_a_temporary_bystander_is_stopped_with_the_group_and_not_started_again(
    strategy: Strategy,
) -> None:
    """S22."""
    async with running(
        child(One, id="a"),
        child(One, id="x", restart=RestartType.TEMPORARY),
        child(One, id="c"),
        strategy=strategy,
    ) as stage:
        await stage.tell(Crash(who="a"))

        assert [(one.id, one.incarnation) for one in stage.system.tree()] == [("a", 2), ("c", 2)]
        assert "x#1 shutdown" in stage.life()
        assert stage.error is None


async def test_a_temporary_bystander_is_stopped_although_its_round_is_replaced() -> None:
    """S22, S37: it belongs to the supervisor until it has ended."""
    slow = Plan("ok")

    class Lingerer(Planned):
        async def run(self, io: EdgeContext) -> None:
            await super().run(io)
            await io.clock.sleep(3)

    async with running(
        child(One, id="a"),
        child(One, id="b"),
        child(One, id="x", restart=RestartType.TEMPORARY),
        child(Lingerer, id="slow", start=lambda: Lingerer(slow)),
        strategy=Strategy.REST_FOR_ONE,
    ) as stage:
        await stage.tell(Crash(who="b"))
        await stage.tell(Crash(who="a"))
        await stage.clock.advance(5)

        assert "x#1 shutdown" in stage.life()
        assert [(one.id, one.incarnation) for one in stage.system.tree()] == [("a", 2), ("b", 2), ("slow", 2)]


async def test_one_for_all_begins_again_when_another_child_fails_to_restart() -> None:
    """S24: the sibling restarted already is stopped again, so two runs of it never meet."""
    plan = Plan("ok", "fail")
    async with running(
        child(One, id="a"), child(Planned, id="b", start=plan.start), strategy=Strategy.ONE_FOR_ALL
    ) as stage:
        await stage.tell(Crash(who="a"))

        assert stage.life()[2:] == [
            "a#1 crashed",
            "b#1 shutdown",
            "a#2 starts",
            "b#2 starts",
            "b#2 start_failed",
            "a#2 shutdown",
            "a#3 starts",
            "b#3 starts",
        ]
        assert [one.restarts for one in stage.messages(ActorRestarting)] == [1, 2]


async def test_rest_for_one_retries_only_from_the_child_that_failed_to_restart() -> None:
    """S25: those before it keep their new run."""
    plan = Plan("ok", "fail")
    async with running(
        child(One, id="a"),
        child(Planned, id="b", start=plan.start),
        child(One, id="c"),
        strategy=Strategy.REST_FOR_ONE,
    ) as stage:
        await stage.tell(Crash(who="a"))

        assert [(one.id, one.incarnation) for one in stage.system.tree()] == [("a", 2), ("b", 3), ("c", 2)]
        assert stage.life()[3:] == [
            "a#1 crashed",
            "c#1 shutdown",
            "b#1 shutdown",
            "a#2 starts",
            "b#2 starts",
            "b#2 start_failed",
            "b#3 starts",
            "c#2 starts",
        ]


async def test_rest_for_one_waits_before_it_retries_the_last_child_of_a_round() -> None:
    """S25, S31: the round that failed does not go on beside the one that replaces it."""
    plan = Plan("ok", "fail")
    async with running(
        child(One, id="a"),
        child(Planned, id="b", start=plan.start, backoff=Backoff(first=10, cap=10, jitter=0)),
        strategy=Strategy.REST_FOR_ONE,
    ) as stage:
        await stage.tell(Crash(who="a"))
        assert stage.info("b").state is ChildState.BACKOFF
        assert plan.built == 2

        await stage.clock.advance(10)

        assert stage.life()[2:] == [
            "a#1 crashed",
            "b#1 shutdown",
            "a#2 starts",
            "b#2 starts",
            "b#2 start_failed",
            "b#3 starts",
        ]


# --- limits


async def test_the_restart_above_the_limit_stops_the_rest_in_reverse_and_ends_the_supervisor() -> None:
    """S26."""
    async with running(*ones("a", "b", "c"), limit=RestartLimit(intensity=2, period=10)) as stage:
        for _ in range(2):
            await stage.tell(Crash(who="b"))
        assert stage.info("b").state is ChildState.RUNNING

        await stage.tell(Crash(who="b"))

        assert isinstance(stage.error, RestartLimitError)
        assert isinstance(stage.error.__cause__, ValueError)
        assert stage.life()[-3:] == ["b#3 crashed", "c#1 shutdown", "a#1 shutdown"]
        (gave_up,) = stage.messages(SupervisorGaveUp)
        assert (gave_up.supervisor, gave_up.actor, gave_up.restarts) == ("root", "b", 2)


async def test_the_failure_of_a_supervisor_names_what_it_began_with() -> None:
    """S26: at three in the morning the first cause counts, not the last symptom."""
    async with running(child(One, id="a"), limit=RestartLimit(intensity=1, period=10)) as stage:
        await stage.tell(Crash(who="a", text="first"))
        await stage.tell(Crash(who="a", text="second"))

        assert "it began with ValueError: first" in str(stage.error)


async def test_an_intensity_of_nothing_escalates_the_first_crash() -> None:
    """S26."""
    async with running(child(One, id="a"), limit=RestartLimit(intensity=0)) as stage:
        await stage.tell(Crash(who="a"))

        assert isinstance(stage.error, RestartLimitError)


async def test_crashes_further_apart_than_the_period_never_escalate() -> None:
    """S26: the window slides and forgets."""
    async with running(child(One, id="a"), limit=RestartLimit(intensity=1, period=10)) as stage:
        for _ in range(20):
            await stage.tell(Crash(who="a"))
            await stage.clock.advance(10.1)

        assert stage.info("a").incarnation == 21
        assert stage.error is None


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_jump_of_the_wall_clock_changes_no_count(hours: int) -> None:
    """S26: the window is measured on the monotonic clock."""
    async with running(child(One, id="a"), limit=RestartLimit(intensity=1, period=10)) as stage:
        await stage.tell(Crash(who="a"))
        stage.clock.step_wall(timedelta(hours=hours))
        await stage.tell(Crash(who="a"))

        assert isinstance(stage.error, RestartLimitError)


async def test_failed_restarts_count_so_that_a_start_that_always_fails_escalates() -> None:
    """S27."""
    plan = Plan("ok", *["fail"] * 50)
    async with running(
        child(Planned, id="p", start=plan.start), limit=RestartLimit(intensity=4, period=60)
    ) as stage:
        await stage.tell(Crash(who="p"))
        await stage.clock.advance(1)

        assert isinstance(stage.error, RestartLimitError)
        assert plan.built == 1 + 4


async def test_a_supervisor_that_gave_up_is_restarted_by_its_own() -> None:
    """S28: with everything below it."""
    async with running(
        child(One, id="a"), tree(*ones("b", "c"), id="sub", limit=RestartLimit(intensity=0))
    ) as stage:
        await stage.tell(Crash(who="c"))

        assert stage.life()[3:] == [
            "c#1 crashed",
            "b#1 shutdown",
            "sub#1 crashed",
            "b#2 starts",
            "c#2 starts",
        ]
        assert stage.info("a").incarnation == 1
        assert stage.info("sub").incarnation == 2


@pytest.mark.parametrize(("below", "above"), [(0, 0), (0, 2), (2, 0), (2, 3), (3, 2)])
async def test_a_child_under_two_limits_is_started_as_often_as_their_product_says(
    below: int, above: int
) -> None:
    """S29: (C+1)·(P+1)."""
    async with running(
        tree(child(One, id="a"), id="sub", limit=RestartLimit(intensity=below)),
        limit=RestartLimit(intensity=above),
    ) as stage:
        for _ in range(20):
            if not stage.is_over:
                await stage.tell(Crash(who="a"))

        assert isinstance(stage.error, RestartLimitError)
        starts = [line for line in stage.life() if line.startswith("a#") and line.endswith("starts")]
        assert len(starts) == (below + 1) * (above + 1)


async def test_a_fatal_error_is_passed_up_at_once_with_its_exit_code() -> None:
    """S30, without audit: no restart can help with it."""

    class RefusedError(FatalError):
        """Discord refused the token."""

        exit_code = ExitCode.NO_PERMISSION

    class Door(EdgeActor):
        @handles
        async def crash(self, crash: Crash, io: EdgeContext) -> None:
            raise RefusedError

    async with running(child(One, id="a"), tree(child(Door), id="sub")) as stage:
        await stage.tell(Crash(who="door"))

        assert isinstance(stage.error, RefusedError)
        assert stage.error.exit_code is ExitCode.NO_PERMISSION
        assert stage.life()[-3:] == ["door#1 crashed", "sub#1 crashed", "a#1 shutdown"]
        assert stage.messages(ActorRestarting) == []


# --- backoff


async def test_a_supervisor_answers_and_acts_while_a_child_waits_to_be_restarted() -> None:
    """S33: it tells BACKOFF and when, restarts and starts others, and stops at once."""
    patient = Backoff(first=60, cap=60, jitter=0)
    async with running(child(One, id="a", backoff=patient), child(One, id="b")) as stage:
        await stage.tell(Crash(who="a"))
        crashed_at = stage.clock.monotonic() - 0.01
        info = stage.info("a")
        assert (info.state, info.due) == (ChildState.BACKOFF, pytest.approx(crashed_at + 60))

        await stage.tell(Crash(who="b"))
        assert (stage.info("b").state, stage.info("b").incarnation) == (ChildState.RUNNING, 2)
        assert stage.info("a").state is ChildState.BACKOFF

        assert (await stage.system.start_child("root", child(One, id="c"))).state is ChildState.RUNNING
        assert stage.info("a").state is ChildState.BACKOFF

        stage.system.stop()
        await stage.clock.settle()
        assert stage.is_over


async def test_a_wait_that_was_stopped_starts_nothing_later() -> None:
    """S33, S34."""
    plan = Plan("ok")
    patient = Backoff(first=60, cap=60, jitter=0)
    async with running(child(Planned, id="a", start=plan.start, backoff=patient)) as stage:
        await stage.tell(Crash(who="a"))
        stage.system.stop()
        await stage.clock.advance(120)

        assert plan.built == 1


async def test_children_restarted_together_wait_once_and_stopped() -> None:
    """S35: one delay for all, with the siblings down meanwhile and the order kept."""
    patient = Backoff(first=60, cap=60, jitter=0)
    async with running(
        child(One, id="a"),
        child(One, id="b", backoff=patient),
        child(One, id="c"),
        strategy=Strategy.ONE_FOR_ALL,
    ) as stage:
        crashed_at = stage.clock.monotonic()
        await stage.tell(Crash(who="b"))

        assert [(one.state, one.due) for one in stage.system.tree()] == [
            (ChildState.BACKOFF, crashed_at + 60)
        ] * 3
        assert stage.life()[3:] == ["b#1 crashed", "c#1 shutdown", "a#1 shutdown"]
        await stage.clock.advance(59.9)
        assert len(stage.life()) == 6

        await stage.clock.advance(0.1)

        assert stage.life()[6:] == ["a#2 starts", "b#2 starts", "c#2 starts"]
        (restart,) = stage.messages(ActorRestarting)
        assert (restart.delay, restart.with_it) == (60, ("a", "c"))


async def test_a_group_that_restarts_at_once_still_starts_one_after_the_other() -> None:
    """S20: also when nobody had to be stopped first."""
    slow = Plan("ok", "hold")
    async with running(
        child(Planned, id="a", start=slow.start, backoff=None),
        child(One, id="b", restart=RestartType.TRANSIENT),
        strategy=Strategy.REST_FOR_ONE,
    ) as stage:
        await stage.tell(End(who="b"))
        await stage.tell(Crash(who="a"))
        assert stage.info("b").state is ChildState.BACKOFF

        slow.flag.set()
        await stage.clock.settle()

        assert [one.incarnation for one in stage.system.tree()] == [2, 2]


async def test_a_wait_that_ends_while_all_stops_starts_nothing() -> None:
    """S33, S43."""
    lingers = Flag()

    class Lingerer(Planned):
        async def run(self, io: EdgeContext) -> None:
            await super().run(io)
            await lingers.wait()

    async with running(
        child(One, id="a", backoff=Backoff(first=60, cap=60, jitter=0)),
        child(Lingerer, id="b", start=lambda: Lingerer(Plan()), shutdown=1000),
    ) as stage:
        await stage.tell(Crash(who="a"))
        stage.system.stop()
        await stage.clock.advance(70)
        lingers.set()
        await stage.clock.settle()

        assert stage.is_over
        assert "a#2 starts" not in stage.life()


async def test_another_failure_while_a_group_waits_makes_it_wait_for_that_one() -> None:
    """S24, S35."""
    patient = Backoff(first=60, cap=60, jitter=0)
    lingers = Flag()

    class Lingerer(Planned):
        async def run(self, io: EdgeContext) -> None:
            await super().run(io)
            await lingers.wait()

    async with running(
        child(One, id="a", backoff=Backoff(first=10, cap=10, jitter=0)),
        child(One, id="b", backoff=patient),
        child(Lingerer, id="c", start=lambda: Lingerer(Plan()), shutdown=100),
        strategy=Strategy.REST_FOR_ONE,
    ) as stage:
        await stage.tell(Crash(who="b"))
        await stage.clock.advance(5)
        await stage.tell(Crash(who="a"))
        due = stage.clock.monotonic() - 0.01 + 10
        lingers.set()
        await stage.clock.advance(9.9)
        assert [(one.state, one.due) for one in stage.system.tree()] == [(ChildState.BACKOFF, due)] * 3

        await stage.clock.advance(0.1)

        assert [one.incarnation for one in stage.system.tree()] == [2, 2, 2]
        await stage.clock.advance(100)
        assert [one.incarnation for one in stage.system.tree()] == [2, 2, 2]


@pytest.mark.parametrize("strategy", Strategy)
async def test_without_a_backoff_a_child_is_restarted_at_once(strategy: Strategy) -> None:
    """S18: no time passes and no timer is left."""
    async with running(
        child(One, id="a", backoff=None), child(One, id="b", backoff=None), strategy=strategy
    ) as stage:
        for _ in range(3):
            stage.say(Crash(who="a"))
            await stage.clock.settle()

        assert stage.info("a").incarnation == 4
        assert stage.info("b").incarnation == (1 if strategy is Strategy.ONE_FOR_ONE else 4)
        assert [one.delay for one in stage.messages(ActorRestarting)] == [0, 0, 0]
        stage.system.watchdog.stop()  # the one timer of all
        assert [due for _, _, due in stage.clock._due if due.callback is not None] == []


async def test_an_idle_tree_has_no_timer() -> None:
    """S32: what was up for long enough is found out when it fails the next time."""
    async with running(*ones("a", "b"), tree(*ones("c"), id="sub")) as stage:
        await stage.tell(Crash(who="a"), Crash(who="c"))

        stage.system.watchdog.stop()  # the one timer of all
        assert [due for _, _, due in stage.clock._due if due.callback is not None] == []


async def test_who_was_stable_before_a_sibling_failed_begins_a_new_row() -> None:
    """S32: the time it was up counts, whatever ended it."""
    backoff = Backoff(first=10, cap=100, jitter=0)
    async with running(
        child(One, id="a", backoff=backoff), child(One, id="b"), strategy=Strategy.ONE_FOR_ALL
    ) as stage:
        await stage.tell(Crash(who="a"))
        await stage.clock.advance(10 + backoff.reset_after)
        await stage.tell(Crash(who="b"))
        await stage.clock.advance(1)
        await stage.tell(Crash(who="a"))

        assert [one.delay for one in stage.messages(ActorRestarting)] == [10, 0.001, 10]


async def test_failures_are_forgotten_after_running_for_a_while_and_not_while_waiting() -> None:
    """S32."""
    backoff = Backoff(first=10, cap=1000, jitter=0)
    async with running(child(One, id="a", backoff=backoff)) as stage:
        await stage.tell(Crash(who="a"))
        await stage.clock.advance(10)
        await stage.tell(Crash(who="a"))
        await stage.clock.advance(20)
        await stage.clock.advance(backoff.reset_after + 1)
        await stage.tell(Crash(who="a"))

        assert [one.delay for one in stage.messages(ActorRestarting)] == [10, 20, 10]


async def test_time_spent_waiting_is_not_stability() -> None:
    """S32: a wait longer than `reset_after` does not reset, nor does a long start."""
    backoff = Backoff(first=100, cap=150, jitter=0)
    plan = Plan("ok", "fail", "fail", "hang")
    spec = child(Planned, id="a", start=plan.start, backoff=backoff, start_timeout=1000)
    async with running(spec) as stage:
        await stage.tell(Crash(who="a"))
        await stage.clock.advance(1500)

        assert backoff.reset_after < 150
        assert [one.delay for one in stage.messages(ActorRestarting)] == [100, 150, 150, 150]


async def test_a_mailbox_keeps_what_comes_while_its_actor_waits_to_be_restarted() -> None:
    """S36: up to its capacity; what is above is counted."""
    patient = Backoff(first=60, cap=60, jitter=0)
    async with running(child(One, id="a", backoff=patient, capacity=3)) as stage:
        await stage.tell(Crash(who="a"))
        await stage.tell(*(End(who=f"nobody {n}") for n in range(5)))
        assert stage.letters() == [("full", "a", "test.supervisor.end")] * 2

        await stage.clock.advance(60)

        assert stage.system.cells["a"].handled == 3


# --- a bug of its own


def _broken(*_: object) -> tuple[object, ...]:
    raise LookupError("a bug of the supervisor's")


@pytest.mark.parametrize("strategy", Strategy)
async def test_a_bug_of_the_supervisor_ends_it_in_order(
    strategy: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S59: it never goes on in a state that nobody knows; its children are stopped first."""
    async with running(*ones("a", "b", "c"), strategy=strategy) as stage:
        monkeypatch.setattr(rules, "affected", _broken)
        await stage.tell(Crash(who="b"))

        assert stage.is_over
        assert isinstance(stage.error, LookupError)
        assert stage.life()[3:] == ["b#1 crashed", "c#1 shutdown", "a#1 shutdown"]


async def test_a_bug_of_a_supervisor_is_a_crash_for_the_one_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """S59: which starts it again, with a state of its own."""
    outdated = rules.outdated
    bugs = [_broken]

    def broken_once(failures: Iterable[Failure], now: float, limit: RestartLimit) -> int:
        return outdated(failures, now, limit) if not bugs else bugs.pop()()  # pyright: ignore[reportReturnType] - it raises

    monkeypatch.setattr(rules, "outdated", broken_once)
    async with running(child(One, id="a"), tree(*ones("b", "c"), id="sub")) as stage:
        await stage.tell(Crash(who="b"))

        assert stage.life()[3:] == [
            "b#1 crashed",
            "c#1 shutdown",
            "sub#1 crashed",
            "b#2 starts",
            "c#2 starts",
        ]
        assert stage.info("a").incarnation == 1


async def test_a_bug_in_the_stop_itself_kills_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """S59: without order, since nothing here can be relied on."""
    ended: list[str] = []

    class Lasting(Planned):
        async def run(self, io: EdgeContext) -> None:
            try:
                await super().run(io)
                await io.clock.sleep(3)
            finally:
                ended.append(io.actor)

    def lasting(name: str) -> ChildSpec:
        return child(Lasting, id=name, start=lambda: Lasting(Plan()))

    async with running(lasting("a"), tree(lasting("b"), id="sub"), lasting("c")) as stage:
        monkeypatch.setattr(rules, "stop_times", _broken)
        stage.system.stop()
        await stage.clock.settle()

        assert stage.is_over
        assert isinstance(stage.error, LookupError)
        assert sorted(ended) == ["a", "b", "c"]


async def test_who_gave_an_order_is_told_when_a_bug_ends_the_supervisor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S59, S68."""
    async with running(*ones("a")) as stage:
        monkeypatch.setattr(rules, "stop_times", _broken)
        with pytest.raises(SupervisorStoppedError):
            await stage.system.stop_child("a")
