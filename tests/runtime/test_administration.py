"""Starting, stopping and forgetting parts of the tree while it runs."""

# ruff: noqa: ARG002 - what a handler takes is given

import gc
import tracemalloc
import weakref
from collections.abc import Awaitable
from functools import partial
from time import process_time

import pytest
from anyio import CancelScope, create_task_group
from anyio import Event as Flag

from acore.clock import RealClock
from acore.errors import AcoreError
from acore.events.asks import ActorStoppedError, NobodyAnswersError
from acore.events.base import Command, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.recorder import MemoryRecorder
from acore.events.supervision import ActorRestarting, Order, SupervisorObeyed
from acore.runtime.actor import Context
from acore.runtime.administration import (
    AlreadyPresentError,
    AlreadyStartedError,
    ChildInfo,
    ChildNotWaitingError,
    ChildRestartingError,
    ChildRunningError,
    ChildState,
    SupervisorStoppedError,
    UnknownChildError,
    refusal,
)
from acore.runtime.child import KILL_TIMEOUT
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import (
    Exit,
    ExitKind,
    RestartLimit,
    RestartType,
    SpecError,
    StartFailedError,
    Strategy,
)
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from tests.runtime.cast import PATIENT, Crash, End, One, Starter, infos, one, starter
from tests.runtime.stage import Stage, child, running, tree

CLOCK = RealClock()


@wire("test.administration.get")
class Get(Command[int]):
    """How many?"""


async def refused(wanted: Awaitable[object]) -> type[AcoreError]:
    with pytest.raises(AcoreError) as raised:
        await wanted
    return type(raised.value)


# --- starting


async def test_a_child_can_be_added_and_is_ready_when_that_is_said() -> None:
    """S68: it is started like any other, and answers."""

    class Adder(One):
        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 7

    async with running(one("a")) as stage:
        info = await stage.system.start_child("root", child(Adder, id="new"))

        assert (info.id, info.state, info.incarnation) == ("new", ChildState.RUNNING, 1)
        assert await stage.bus.ask(Get(), Trace(source="test")) == 7
        assert stage.messages(SupervisorObeyed) == [
            SupervisorObeyed(supervisor="root", order=Order.START, actor="new")
        ]
        await stage.tell(Crash(who="new"))
        assert stage.info("new").incarnation == 2


async def test_a_child_that_cannot_be_started_is_not_kept_and_touches_nobody() -> None:
    """S04: the caller is told why, nothing is counted, and the name can be used at once."""
    async with running(
        one("a"), one("b"), strategy=Strategy.ONE_FOR_ALL, limit=RestartLimit(intensity=0)
    ) as stage:
        with pytest.raises(StartFailedError, match="c could not start: OSError: no such door") as raised:
            await stage.system.start_child("root", starter("c", Starter("fail")))

        assert isinstance(raised.value.__cause__, OSError)
        assert infos(stage) == [("a", ChildState.RUNNING, 1), ("b", ChildState.RUNNING, 1)]
        assert stage.messages(ActorRestarting) == []
        assert (await stage.system.start_child("root", one("c"))).state is ChildState.RUNNING


async def test_a_child_whose_start_hangs_is_given_up_while_others_are_answered() -> None:
    """S04, S05: the supervisor starts another one meanwhile."""
    async with running() as stage, create_task_group() as asking:
        outcome: list[type[AcoreError]] = []

        async def ask() -> None:
            slow = child(Starter, id="slow", start=Starter("hang"), start_timeout=7)
            outcome.append(await refused(stage.system.start_child("root", slow)))

        asking.start_soon(ask)
        await stage.clock.settle()
        await stage.system.start_child("root", one("quick"))
        assert stage.info("slow").state is ChildState.STARTING

        await stage.clock.advance(7)

        assert outcome == [StartFailedError]
        assert infos(stage) == [("quick", ChildState.RUNNING, 1)]


@pytest.mark.parametrize("restart", RestartType)
async def test_a_child_that_is_not_wanted_here_says_so(restart: RestartType) -> None:
    """S07: it rests, kept unless it is temporary, and can be started later."""
    actor = Starter("ignore")
    async with running() as stage:
        info = await stage.system.start_child("root", starter("x", actor, restart))

        assert (info.state, info.last_exit) == (
            ChildState.STOPPED,
            Exit(kind=ExitKind.IGNORED, reason="switched off"),
        )
        if restart is RestartType.TEMPORARY:
            assert infos(stage) == []
        else:
            assert infos(stage) == [("x", ChildState.STOPPED, 1)]
            assert (await stage.system.restart_child("x")).state is ChildState.RUNNING


async def test_a_child_that_is_not_wanted_any_more_ends_its_restarting() -> None:
    """S07: also among siblings that are restarted with it."""
    async with running(
        one("a"), starter("x", Starter("ok", "ignore")), one("c"), strategy=Strategy.ONE_FOR_ALL
    ) as stage:
        await stage.tell(Crash(who="x"))

        assert infos(stage) == [
            ("a", ChildState.RUNNING, 2),
            ("x", ChildState.STOPPED, 2),
            ("c", ChildState.RUNNING, 2),
        ]
        assert stage.life()[-2:] == ["x#2 ignored", "c#2 starts"]
        assert len(stage.messages(ActorRestarting)) == 1


async def test_a_tree_starts_although_one_of_it_is_not_wanted() -> None:
    """S07."""
    async with running(one("a"), starter("x", Starter("ignore")), one("c")) as stage:
        await stage.system.wait_ready()

        assert [state for _, state, _ in infos(stage)] == [
            ChildState.RUNNING,
            ChildState.STOPPED,
            ChildState.RUNNING,
        ]


async def test_what_is_added_while_a_group_restarts_joins_after_it() -> None:
    """S68."""
    slow = Starter("ok", "hold")
    async with running(one("a"), starter("b", slow), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="a"))
        async with create_task_group() as asking:
            asking.start_soon(stage.system.start_child, "root", one("c"))
            await stage.clock.settle()
            assert stage.info("c").state is ChildState.BACKOFF
            slow.flag.set()

        assert stage.life()[-3:] == ["a#2 starts", "b#2 starts", "c#1 starts"]


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        (ChildSpec(id="", actor=One), "id must be a name"),
        (ChildSpec(id="x", actor=One, shutdown=-1), "shutdown must not be negative"),
        (ChildSpec(id="sub", actor=One), "'sub': id is used already, under root"),
        (tree(child(One, id="below"), id="new"), "'below': id is used already, under sub"),
        (
            ChildSpec(id="x", actor=One, restart=RestartType.TRANSIENT, is_significant=True),
            "means nothing where auto_shutdown is never",
        ),
    ],
)
async def test_what_is_added_is_checked_like_what_was_there(
    spec: ChildSpec | SupervisorSpec, named: str
) -> None:
    """S01."""
    async with running(tree(one("below"), id="sub"), id="root") as stage:
        with pytest.raises(SpecError, match=named):
            await stage.system.start_child("sub" if spec.id == "sub" else "root", spec)

        assert infos(stage) == [("sub", ChildState.RUNNING, 1)]


async def test_two_cannot_answer_one_command_also_when_one_is_added() -> None:
    """S01: and what is refused leaves no trace."""

    class Answers(One):
        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 1

    async with running(child(Answers, id="a")) as stage:
        with pytest.raises(AcoreError, match="Get has a receiver already: a, not b"):
            await stage.system.start_child("root", child(Answers, id="b"))

        await stage.system.stop_child("a")
        await stage.system.delete_child("a")
        with pytest.raises(NobodyAnswersError):
            await stage.bus.ask(Get(), Trace(source="test"))
        await stage.system.start_child("root", child(Answers, id="b"))
        assert await stage.bus.ask(Get(), Trace(source="test")) == 1


# --- the table


def info(state: ChildState) -> ChildInfo:
    return ChildInfo(id="x", state=state, incarnation=3, restarts=2, since=0)


@pytest.mark.parametrize(
    ("order", "outcomes"),
    [
        (Order.STOP, [None] * 6),
        (
            Order.START,
            [AlreadyStartedError] * 3 + [AlreadyPresentError] + [AlreadyStartedError] + [AlreadyPresentError],
        ),
        (Order.RESTART, [ChildRunningError] * 3 + [None, ChildRestartingError, None]),
        (Order.DELETE, [ChildRunningError] * 3 + [None, ChildRestartingError, None]),
        (Order.RETRY, [ChildNotWaitingError] * 4 + [None] + [ChildNotWaitingError]),
    ],
)
def test_what_may_be_done_in_which_state(order: Order, outcomes: list[type[AcoreError] | None]) -> None:
    """S34, S68: the whole table."""
    states = [
        ChildState.STARTING,
        ChildState.RUNNING,
        ChildState.STOPPING,
        ChildState.STOPPED,
        ChildState.BACKOFF,
        ChildState.ABANDONED,
    ]
    assert states == list(ChildState)

    for state, outcome in zip(states, outcomes, strict=True):
        error = refusal(order, info(state))
        assert type(error) is (outcome or type(None)), state
        assert error is None or "x" in str(error)


async def test_the_administration_table_from_outside() -> None:
    """S68: OTP's child_adm."""
    async with running(one("a")) as stage:
        system = stage.system
        with pytest.raises(AlreadyStartedError) as raised:
            await system.start_child("root", one("a"))
        assert raised.value.child.incarnation == 1
        assert await refused(system.restart_child("a")) is ChildRunningError
        assert await refused(system.delete_child("a")) is ChildRunningError
        assert await refused(system.retry_now("a")) is ChildNotWaitingError

        await system.stop_child("a")
        await system.stop_child("a")
        assert infos(stage) == [("a", ChildState.STOPPED, 1)]
        assert await refused(system.start_child("root", one("a"))) is AlreadyPresentError

        await system.restart_child("a")
        assert infos(stage) == [("a", ChildState.RUNNING, 2)]
        await system.stop_child("a")
        await system.delete_child("a")
        assert infos(stage) == []
        for wanted in (system.stop_child, system.restart_child, system.retry_now, system.delete_child):
            assert await refused(wanted("a")) is UnknownChildError
        assert await refused(system.start_child("nowhere", one("b"))) is UnknownChildError

        assert (await system.start_child("root", one("a"))).incarnation == 1
        assert [event.order for event in stage.messages(SupervisorObeyed)] == [
            Order.STOP,
            Order.STOP,
            Order.RESTART,
            Order.STOP,
            Order.DELETE,
            Order.START,
        ]


async def test_a_child_that_was_not_wanted_stays_when_it_is_stopped() -> None:
    """S07, S68: it is kept like any other."""
    async with running() as stage:
        await stage.system.start_child("root", starter("x", Starter("ignore")))
        await stage.system.stop_child("x")

        assert infos(stage) == [("x", ChildState.STOPPED, 1)]


async def test_a_child_that_is_stopped_in_the_moment_it_is_ready_is_stopped() -> None:
    """S09: whoever wanted it started is told that it was not."""
    slow = Starter("ok", "hold")
    async with running(starter("x", slow)) as stage:
        await stage.system.stop_child("x")
        outcome: list[type[AcoreError]] = []

        async def restart() -> None:
            outcome.append(await refused(stage.system.restart_child("x")))

        async with create_task_group() as asking:
            asking.start_soon(restart)
            await stage.clock.settle()
            slow.flag.set()
            await stage.system.stop_child("x")

        assert outcome == [StartFailedError]
        assert infos(stage) == [("x", ChildState.STOPPED, 2)]


async def test_a_child_that_hangs_and_is_stopped_at_once_is_still_given_up_on() -> None:
    """S41: the time for its start does not take the place of the time for its end."""
    release = Flag()

    class Stuck(Starter):
        async def run(self, io: EdgeContext) -> None:
            if io.incarnation == 2:
                with CancelScope(shield=True):
                    await release.wait()
            await super().run(io)

    async with running(child(Stuck, start=Stuck(), start_timeout=1000)) as stage:
        await stage.system.stop_child("stuck")
        async with create_task_group() as asking:
            asking.start_soon(refused, stage.system.restart_child("stuck"))
            asking.start_soon(stage.system.stop_child, "stuck")
            await stage.clock.advance(KILL_TIMEOUT)

        assert stage.info("stuck").state is ChildState.ABANDONED
        release.set()


async def test_what_was_started_by_hand_meanwhile_is_not_forgotten_when_the_group_fails_again() -> None:
    """S25, S68."""
    slow = Starter("ok", "fail late")
    async with running(one("a"), starter("b", slow), one("c"), strategy=Strategy.REST_FOR_ONE) as stage:
        await stage.system.stop_child("a")
        await stage.tell(Crash(who="b"))
        async with create_task_group() as asking:
            asking.start_soon(stage.system.restart_child, "a")
            await stage.clock.settle()
            slow.flag.set()

        await stage.clock.settle()
        assert infos(stage) == [
            ("a", ChildState.RUNNING, 2),
            ("b", ChildState.RUNNING, 3),
            ("c", ChildState.RUNNING, 2),
        ]


async def test_an_answer_that_has_gone_cannot_be_counted_on() -> None:
    """S13, S68: what asks it is refused, as at the start."""

    class Answers(One):
        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 1

    class Asks(One):
        asks = (Get,)

    async with running(child(Answers, id="a", restart=RestartType.TEMPORARY)) as stage:
        await stage.system.start_child("root", child(Asks, id="b"))
        await stage.tell(End(who="a"))

        with pytest.raises(SpecError, match="'c': asks names Get, which no actor of the tree answers"):
            await stage.system.start_child("root", child(Asks, id="c"))


async def test_what_is_added_may_not_close_a_circle_of_questions() -> None:
    """S01, B17."""

    class Asks(One):
        asks = (Get,)

    class Answers(One):
        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 1

    class Both(Asks):
        asks = (Get,)

        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 1

    async with running(child(Answers, id="a")) as stage:
        await stage.system.start_child("root", child(Asks, id="b"))
        await stage.system.stop_child("a")
        await stage.system.delete_child("a")

        with pytest.raises(SpecError, match="'both': asks makes a circle: both → both"):
            await stage.system.start_child("root", child(Both))


async def test_a_restart_by_hand_that_fails_leaves_the_child_stopped() -> None:
    """S68: and no sibling's crash starts it."""
    async with running(one("a"), starter("x", Starter("ok", "fail")), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.system.stop_child("x")
        assert await refused(stage.system.restart_child("x")) is StartFailedError
        assert stage.messages(ActorRestarting) == []

        await stage.tell(Crash(who="a"))

        assert infos(stage) == [("a", ChildState.RUNNING, 2), ("x", ChildState.STOPPED, 2)]


async def test_what_is_stopped_refuses_what_comes_until_it_is_started_again() -> None:
    """S49, S68."""

    class Answers(One):
        @handles
        async def get(self, get: Get, ctx: Context) -> int:
            return 1

    async with running(child(Answers, id="a")) as stage:
        await stage.system.stop_child("a")
        with pytest.raises(ActorStoppedError):
            await stage.bus.ask(Get(), Trace(source="test"))

        await stage.system.restart_child("a")

        assert await stage.bus.ask(Get(), Trace(source="test")) == 1


@pytest.mark.parametrize("strategy", [Strategy.ONE_FOR_ALL, Strategy.REST_FOR_ONE])
async def test_who_was_stopped_by_hand_stays_stopped_when_a_sibling_restarts_the_group(
    strategy: Strategy,
) -> None:
    """S23: unlike OTP, and until it is started by hand."""
    async with running(one("a"), one("b"), one("c"), strategy=strategy) as stage:
        await stage.system.stop_child("b")
        await stage.tell(Crash(who="a"))
        assert infos(stage) == [
            ("a", ChildState.RUNNING, 2),
            ("b", ChildState.STOPPED, 1),
            ("c", ChildState.RUNNING, 2),
        ]

        await stage.system.restart_child("b")
        await stage.tell(Crash(who="a"))

        assert infos(stage)[1] == ("b", ChildState.RUNNING, 3)


async def test_a_whole_branch_is_stopped_and_started_again() -> None:
    """S68: in order, with everything below it."""
    async with running(one("a"), tree(one("b"), one("c"), id="sub")) as stage:
        await stage.system.stop_child("sub")
        assert stage.life()[-3:] == ["c#1 shutdown", "b#1 shutdown", "sub#1 shutdown"]
        assert await refused(stage.system.restart_child("b")) is SupervisorStoppedError

        await stage.system.restart_child("sub")

        assert stage.life()[-2:] == ["b#2 starts", "c#2 starts"]


async def test_many_may_stop_one_child_and_all_wait_for_the_same_end() -> None:
    """S45."""
    release = Flag()

    class Slow(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            await io.stopping.wait()
            await release.wait()

    async with running(child(Slow, shutdown=100)) as stage:
        done: list[int] = []

        async def stop(n: int) -> None:
            await stage.system.stop_child("slow")
            done.append(n)

        async with create_task_group() as asking:
            for n in range(3):
                asking.start_soon(stop, n)
            await stage.clock.settle()
            assert done == []
            release.set()

        assert sorted(done) == [0, 1, 2]
        assert stage.life() == ["slow#1 starts", "slow#1 shutdown"]


async def test_after_the_end_nothing_can_be_ordered() -> None:
    """S45, S68."""
    async with running(one("a")) as stage:
        stage.system.stop()
        await stage.clock.settle()
        stage.system.stop()

        assert await refused(stage.system.stop_child("a")) is SupervisorStoppedError
        assert await refused(stage.system.start_child("root", one("b"))) is SupervisorStoppedError


async def test_who_waits_for_a_start_is_told_when_everything_stops() -> None:
    """S09, S45: at once, neither when the start would have timed out nor when all the rest has stopped."""
    lingers = Flag()

    class Lingerer(Starter):
        async def run(self, io: EdgeContext) -> None:
            await super().run(io)
            await lingers.wait()

    outcome: list[type[AcoreError]] = []
    async with running(child(Lingerer, id="a", start=Lingerer(), shutdown=100)) as stage:

        async def ask() -> None:
            outcome.append(await refused(stage.system.start_child("root", starter("b", Starter("hang")))))

        async with create_task_group() as asking:
            asking.start_soon(ask)
            await stage.clock.settle()
            stage.system.stop()
            await stage.clock.settle()
            assert outcome == [SupervisorStoppedError]
            assert not stage.is_over
            lingers.set()


# --- waiting to be restarted


async def test_a_child_that_waits_to_be_restarted_can_be_stopped_for_good() -> None:
    """S34: the restart that was pending never comes."""
    async with running(one("a", backoff=PATIENT)) as stage:
        await stage.tell(Crash(who="a"))
        assert await refused(stage.system.restart_child("a")) is ChildRestartingError
        assert await refused(stage.system.delete_child("a")) is ChildRestartingError

        await stage.system.stop_child("a")
        assert stage.info("a").due is None
        await stage.clock.advance(600)

        assert infos(stage) == [("a", ChildState.STOPPED, 1)]


async def test_a_child_that_waits_to_be_restarted_can_be_started_at_once() -> None:
    """S34: and only once."""
    async with running(one("a", backoff=PATIENT)) as stage:
        await stage.tell(Crash(who="a"))

        await stage.system.retry_now("a")
        await stage.clock.advance(600)

        assert infos(stage) == [("a", ChildState.RUNNING, 2)]


async def test_a_stop_in_the_moment_the_wait_ends_is_a_stop() -> None:
    """S34: whichever of the two comes first."""
    async with running(one("a", backoff=PATIENT)) as stage:
        root = stage.system.supervisors["root"].current

        def stop() -> None:
            root.order(Order.STOP, "a")

        stage.clock.call_later(60, stop)
        stage.say(Crash(who="a"))
        await stage.clock.settle()
        due = stage.info("a").due
        await stage.clock.advance(60)

        assert due == stage.clock.monotonic()
        assert infos(stage) == [("a", ChildState.STOPPED, 1)]


async def test_a_stop_and_a_start_by_hand_leave_nothing_of_the_wait() -> None:
    """S34: the pending restart belongs to a life that is over."""
    async with running(one("a", backoff=PATIENT)) as stage:
        await stage.tell(Crash(who="a"))
        await stage.system.stop_child("a")
        await stage.system.restart_child("a")
        await stage.clock.advance(600)

        assert infos(stage) == [("a", ChildState.RUNNING, 2)]


@pytest.mark.parametrize("who", ["a", "b"])
async def test_a_group_that_waits_is_started_at_once_by_any_of_it(who: str) -> None:
    """S34, S35."""
    async with running(one("a", backoff=PATIENT), one("b"), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="a"))
        assert [state for _, state, _ in infos(stage)] == [ChildState.BACKOFF] * 2

        await stage.system.retry_now(who)
        await stage.clock.settle()

        assert infos(stage) == [("a", ChildState.RUNNING, 2), ("b", ChildState.RUNNING, 2)]


async def test_the_others_need_not_wait_for_one_that_was_stopped_meanwhile() -> None:
    """S34, S35."""
    async with running(one("a", backoff=PATIENT), one("b"), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="a"))

        await stage.system.stop_child("a")
        await stage.clock.settle()

        assert infos(stage) == [("a", ChildState.STOPPED, 1), ("b", ChildState.RUNNING, 2)]


async def test_one_that_is_stopped_while_its_group_waits_is_left_out() -> None:
    """S23, S35."""
    async with running(one("a", backoff=PATIENT), one("b"), one("c"), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="a"))
        await stage.system.stop_child("b")
        await stage.clock.advance(60)

        assert infos(stage) == [
            ("a", ChildState.RUNNING, 2),
            ("b", ChildState.STOPPED, 1),
            ("c", ChildState.RUNNING, 2),
        ]


async def test_one_that_is_stopped_while_it_starts_with_its_group_lets_the_others_go_on() -> None:
    """S23."""
    slow = Starter("ok", "hold")
    async with running(one("a"), starter("b", slow), one("c"), strategy=Strategy.ONE_FOR_ALL) as stage:
        await stage.tell(Crash(who="a"))
        assert stage.info("b").state is ChildState.STARTING

        await stage.system.stop_child("b")
        await stage.clock.settle()

        assert infos(stage) == [
            ("a", ChildState.RUNNING, 2),
            ("b", ChildState.STOPPED, 2),
            ("c", ChildState.RUNNING, 2),
        ]


# --- what is forgotten


class Weight:
    """Something that a factory holds on to."""


async def test_nothing_is_kept_of_a_temporary_child_that_has_ended() -> None:
    """S13: neither its description, nor what its factory holds, nor its name."""
    async with running() as stage:
        weight = Weight()
        gone = weakref.ref(weight)

        class Heavy(One):
            def __init__(self, weight: Weight) -> None:
                super().__init__()

        spec = child(Heavy, id="x", start=partial(Heavy, weight), restart=RestartType.TEMPORARY)
        await stage.system.start_child("root", spec)
        del weight, spec
        gc.collect()
        assert gone() is not None

        await stage.tell(End(who="x"))
        gc.collect()

        assert gone() is None
        assert stage.system.cells == {}
        assert await refused(stage.system.stop_child("x")) is UnknownChildError
        assert (await stage.system.start_child("root", one("x"))).incarnation == 1


async def test_a_temporary_child_that_is_stopped_by_hand_is_forgotten_too() -> None:
    """S13, S68."""
    async with running(one("x", RestartType.TEMPORARY)) as stage:
        await stage.system.stop_child("x")

        assert infos(stage) == []


async def test_a_supervisor_that_is_restarted_has_its_own_children_again_and_no_others() -> None:
    """S28: those added while it ran are gone; a temporary one of its own is back."""
    async with running(
        tree(one("a"), one("t", RestartType.TEMPORARY), id="sub", limit=RestartLimit(intensity=0))
    ) as stage:
        await stage.system.start_child("sub", one("dynamic"))
        await stage.system.start_child("sub", tree(one("deep"), id="branch"))
        await stage.tell(End(who="t"))
        await stage.tell(Crash(who="a"))

        assert [info.id for info in stage.info("sub").children] == ["a", "t"]
        assert stage.info("a").incarnation == 2
        assert stage.info("t").state is ChildState.RUNNING
        assert set(stage.system.cells) == {"a", "t"}
        assert await refused(stage.system.stop_child("deep")) is UnknownChildError


async def test_ten_thousand_children_of_one_supervisor_start_and_stop_in_linear_time() -> None:
    """S70d: a tree with ten times as many takes about ten times as long."""

    async def cost(count: int) -> float:
        # Not held: to find out that nothing is under way, a held clock looks at every task.
        system = System(tree(*(one(f"{n}") for n in range(count))), Bus(CLOCK, MemoryRecorder(), boot="test"))
        began = process_time()
        async with create_task_group() as tasks:
            tasks.start_soon(system.run)
            await system.wait_ready()
            assert {info.state for info in system.tree()} == {ChildState.RUNNING}
            system.stop()
        return (process_time() - began) / count

    await cost(100)
    gc.collect()
    few, many = await cost(1_000), await cost(10_000)

    # Measured: 1.5 times; the collector walks over all that is alive.
    assert many < 4 * few, (few, many)


async def test_an_idle_actor_is_small() -> None:
    """Its task, its mailbox, what the supervisor knows of it: all in all less than 8 KiB."""
    specs = [one(f"{n}") for n in range(500)]
    async with running(one("first")) as stage:
        await stage.system.wait_ready()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        async with running(*specs) as many:
            await many.system.wait_ready()
            many.recorder.entries.clear()
            gc.collect()
            after, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()

    assert (after - before) / len(specs) < 8 * 1024, (after - before) / len(specs)


async def test_ten_thousand_temporary_children_cost_no_more_each_than_a_thousand() -> None:
    """S70d: nothing looks at all the others when one starts or ends."""

    async def cost(stage: Stage, count: int) -> float:
        began = process_time()
        for n in range(count):
            await stage.system.start_child("root", one(f"{n}", RestartType.TEMPORARY))
        for n in range(count):
            await stage.system.stop_child(f"{n}")
        stage.recorder.entries.clear()
        return (process_time() - began) / count

    async with running() as stage:
        await cost(stage, 100)
        gc.collect()
        few = await cost(stage, 1_000)
        many = await cost(stage, 10_000)

        assert infos(stage) == []
        assert list(stage.bus._inboxes) == []
        assert not any(stage.bus._wanted.values())
        # Measured: 1.2 times. A list that is searched for each would make it ten.
        assert many < 4 * few, (few, many)


async def test_a_child_that_is_added_gets_no_more_attempts_than_its_supervisor_allows_restarts() -> None:
    """S01: as at the start."""
    async with running(limit=RestartLimit(intensity=2)) as stage:
        with pytest.raises(SpecError, match="max_attempts is 3, more than the 2 restarts that root allows"):
            await stage.system.start_child("root", child(One, id="late", max_attempts=3))
