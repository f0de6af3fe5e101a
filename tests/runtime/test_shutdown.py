"""Stopping: in order, in time, whatever the children do."""

# ruff: noqa: ARG002 - what a handler takes is given

import asyncio
import gc
from collections import Counter

import anyio
import pytest
from anyio import CancelScope, create_task_group
from anyio import Event as Flag

from acore.errors import FatalError
from acore.events.asks import ActorCrashedError, ActorStoppedError, AskError
from acore.events.base import Trace
from acore.events.bus import BusClosedError
from acore.events.supervision import ActorExited, ActorStarted, Burial
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildState
from acore.runtime.child import KILL_TIMEOUT
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.incarnation import StaleIncarnationError
from acore.runtime.report import MAX_REASON
from acore.runtime.restart import RestartType, Strategy
from acore.runtime.spec import ChildSpec
from tests.runtime.slow import Do, Done, Get, Nothing, Plain, Push, Script, Slow
from tests.runtime.stage import Stage, child, running, tree


async def test_each_stops_only_when_the_one_started_after_it_has_stopped() -> None:
    """S37: one at a time, in reverse order of the start, through the whole tree."""
    script = Script()

    def slow(name: str) -> ChildSpec:
        return child(Slow, id=name, start=lambda: Slow(script, 1))

    async with running(slow("a"), tree(slow("b"), slow("c"), id="sub"), slow("d")) as stage:
        stage.system.stop()
        await stage.clock.advance(4)

        assert stage.is_over
        assert script.trace == [
            f"{name} {what}" for name in "dcba" for what in ("stopping", "in good order", "ended")
        ]


async def test_a_running_handler_may_finish_and_the_queue_behind_it_does_not_matter() -> None:
    """S38, S49: the stop overtakes what is queued; that dies, and says so."""
    at_work = Flag()
    release = Flag()

    class Clerk(EdgeActor):
        @handles
        async def do(self, do: Do, io: EdgeContext) -> None:
            at_work.set()
            await release.wait()
            io.publish(Done(n=do.n))

    async with running(child(Clerk, shutdown=60)) as stage:
        for n in range(1000):
            stage.say(Do(n=n))
        await at_work.wait()
        stage.system.stop()
        await stage.clock.settle()
        assert not stage.is_over

        release.set()
        await stage.clock.settle()

        assert stage.messages(Done) == [Done(n=0)]
        assert stage.bus.buried == Counter({Burial.STOPPED: 999})
        assert stage.life()[-1] == "clerk#1 shutdown"


async def test_a_core_actor_says_its_last_words_after_its_last_message() -> None:
    """S38."""
    async with running(child(Plain)) as stage:
        for n in range(10_000):
            stage.say(Do(n=n))
        stage.system.stop()
        await stage.clock.settle()

        done = stage.messages(Done)
        assert done[-1] == Done(n=-1)
        assert len(done) < 1000
        assert len(done) - 1 + stage.bus.buried[Burial.STOPPED] == 10_000


async def test_who_takes_longer_than_its_time_is_killed_and_costs_the_next_nothing() -> None:
    """S39: the clean-up runs, the last words are not said."""
    script = Script()
    async with running(
        child(Slow, id="a", start=lambda: Slow(script, 3), shutdown=4),
        child(Slow, id="b", start=lambda: Slow(script, 100), shutdown=5),
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(5)
        assert script.trace == ["b stopping", "b ended", "a stopping"]

        await stage.clock.advance(3)

        assert stage.life()[-2:] == ["b#1 killed", "a#1 shutdown"]


async def test_no_time_to_stop_means_none() -> None:
    """S39: with 0 s the child is cancelled at once, without last words."""
    async with running(child(Plain, shutdown=0)) as stage:
        stage.system.stop()
        await stage.clock.settle()

        assert stage.life() == ["plain#1 starts", "plain#1 killed"]
        assert stage.messages(Done) == []


async def test_a_child_that_no_cancellation_ends_is_given_up_on_and_the_others_stop() -> None:
    """S41: also when it sits deep in the tree."""
    script = Script()
    async with running(
        child(Plain),
        tree(child(Slow, id="stuck", start=lambda: Slow(script, how="shielded"), shutdown=1), id="sub"),
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(1 + KILL_TIMEOUT)

        assert stage.life()[-3:] == ["stuck#1 abandoned", "sub#1 shutdown", "plain#1 shutdown"]
        assert stage.info("stuck").state is ChildState.ABANDONED
        assert not stage.is_over
        script.release.set()


async def test_of_a_child_that_was_given_up_on_it_is_told_where_it_hangs() -> None:
    """S41: file and line of every task of it, down to what it awaits."""
    release = Flag()

    async def hang() -> None:
        with CancelScope(shield=True):
            await release.wait()

    class Stuck(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            async with create_task_group() as tasks:
                tasks.start_soon(hang)

    async with running(child(Stuck, shutdown=1)) as stage:
        stage.system.stop()
        await stage.clock.advance(1 + KILL_TIMEOUT)

        release.set()  # before anything is asserted: a failure is to be shown, not to hang here
        (ended,) = stage.messages(ActorExited)
        line = hang.__code__.co_firstlineno + 2
        assert ended.exit == "abandoned"
        assert ended.reason.startswith("it did not end 2 s after the kill; it hangs at ")
        assert f"{__file__}:{line} {hang.__qualname__} > " in ended.reason
        assert ended.place.startswith("/")


async def test_a_branch_that_takes_longer_than_its_time_is_killed_with_all_below() -> None:
    """S40: at once and none is left behind; what comes before it has its own time."""
    script = Script()
    below = tree(child(Slow, id="deep", start=lambda: Slow(script, 100), shutdown=60), id="below")
    async with running(
        child(Slow, id="a", start=lambda: Slow(script, 3)),
        tree(
            child(Slow, id="b", start=lambda: Slow(script, 100), shutdown=60),
            below,
            child(Slow, id="c", start=lambda: Slow(script, 100), shutdown=60),
            id="sub",
            shutdown=4,
        ),
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(3.9)
        assert script.trace == ["c stopping"]

        await stage.clock.advance(0.2)
        ends = stage.life()[4:]
        assert set(ends[:-1]) == {"b#1 killed", "c#1 killed", "deep#1 killed", "below#1 shutdown"}
        assert ends[-1] == "sub#1 shutdown"
        await stage.clock.advance(3)

        assert stage.is_over
        assert stage.life()[-1] == "a#1 shutdown"


async def test_a_branch_that_is_killed_ends_although_one_below_does_not() -> None:
    """S40, S41: it gives that one up, and is not given up on itself."""
    script = Script()
    async with running(
        child(Plain),
        tree(
            child(Slow, id="stuck", start=lambda: Slow(script, how="shielded"), shutdown=60),
            tree(child(Slow, id="deep", start=lambda: Slow(script, how="shielded"), shutdown=60), id="below"),
            id="sub",
            shutdown=1,
        ),
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(1 + KILL_TIMEOUT)

        ends = [line for line in stage.life() if "starts" not in line]
        assert sorted(ends[:2]) == ["deep#1 abandoned", "stuck#1 abandoned"]
        assert ends[2:] == ["below#1 shutdown", "sub#1 shutdown", "plain#1 shutdown"]
        script.release.set()


async def test_a_branch_that_is_killed_in_a_restart_leaves_no_run_beside_the_next() -> None:
    """S40: the actors below are the same, so two runs of one would meet."""
    script = Script()

    class Boss(Actor[Nothing]):
        @handles
        async def done(self, done: Done, ctx: Context) -> None:
            raise ValueError(done.n)

    async with running(
        child(Boss),
        tree(child(Slow, id="slow", start=lambda: Slow(script, 100), shutdown=60), id="sub", shutdown=1),
        strategy=Strategy.ONE_FOR_ALL,
    ) as stage:
        await stage.tell(Done(n=1))
        await stage.clock.advance(1)

        assert stage.life()[-4:] == ["slow#1 killed", "sub#1 shutdown", "boss#2 starts", "slow#2 starts"]


async def test_a_branch_that_is_still_starting_stops_in_good_order() -> None:
    """S09, S40: what had started has its time; what had not is cancelled."""
    script = Script()

    class Hangs(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            await script.release.wait()

    async with running(
        tree(child(Slow, id="a", start=lambda: Slow(script, 4)), child(Hangs), child(Plain), id="sub")
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(4)

        assert script.trace == ["a stopping", "a in good order", "a ended"]
        assert stage.life() == [
            "a#1 starts",
            "hangs#1 starts",
            "hangs#1 killed",
            "a#1 shutdown",
            "sub#1 shutdown",
        ]


async def test_a_run_that_was_given_up_on_has_nothing_more_to_say() -> None:
    """S42: no fact, no view, no reply, no message from the queue, when it wakes up later."""
    release = Flag()
    woken: list[object] = []

    class Door(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            await io.stopping.wait()
            if io.incarnation == 1:
                with CancelScope(shield=True):
                    await release.wait()
                for say in (io.publish, io.publish):
                    try:
                        say(Done(n=1))
                    except StaleIncarnationError as error:
                        woken.append(error)

        @handles
        async def get(self, get: Get, io: EdgeContext) -> int:
            if io.incarnation == 1:
                with CancelScope(shield=True):
                    await release.wait()
            return io.incarnation

    class Boss(Plain):
        """Its crash takes the door with it."""

        @handles
        async def do(self, do: Do, ctx: Context) -> None:
            raise ValueError(do.n)

    async with running(child(Boss), child(Door, shutdown=1), strategy=Strategy.REST_FOR_ONE) as stage:
        errors: list[AskError] = []
        async with create_task_group() as asking:

            async def ask() -> None:
                try:
                    await stage.bus.ask(Get(), Trace(source="test"), within=60)
                except AskError as error:
                    errors.append(error)

            asking.start_soon(ask)
            await stage.clock.settle()
            await stage.tell(Do(n=0))
            await stage.clock.advance(1 + KILL_TIMEOUT)
            assert stage.info("door").incarnation == 2
            assert stage.info("door").state is ChildState.RUNNING
            assert await stage.bus.ask(Get(), Trace(source="test")) == 2

            release.set()
            await stage.clock.settle()

        assert len(woken) == 2
        assert stage.messages(Done) == []
        assert [type(error) for error in errors] == [ActorCrashedError]
        assert ("stale", "door", "test.shutdown.get") in stage.letters()
        assert stage.info("door").state is ChildState.RUNNING
        assert stage.system.cells["door"].is_running


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("restart", RestartType)
@pytest.mark.parametrize("end", ["crash", "return", "lost", "self-stop"])
async def test_an_end_during_the_shutdown_restarts_nothing_and_disturbs_no_order(
    end: str, restart: RestartType, strategy: Strategy
) -> None:
    """S43: however it ends, whatever its restart type."""
    script = Script()

    class Ends(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            await script.release.wait()
            match end:
                case "crash":
                    raise ValueError(end)
                case "lost":
                    task = asyncio.current_task()
                    assert task is not None
                    task.cancel()
                    await io.stopping.wait()
                case _:
                    pass

    class Quits(Actor[Nothing]):
        @handles
        async def done(self, done: Done, ctx: Context) -> None:
            ctx.stop()

    async with running(
        child(Slow, id="a", start=lambda: Slow(script)),
        child(Quits, id="b", restart=restart) if end == "self-stop" else child(Ends, id="b", restart=restart),
        child(Slow, id="c", start=lambda: Slow(script, 2), restart=restart),
        strategy=strategy,
    ) as stage:
        stage.system.stop()
        await stage.clock.settle()
        script.release.set()
        stage.say(Done(n=1))
        await stage.clock.advance(2)

        assert stage.is_over
        assert stage.error is None
        kind = {"crash": "crashed", "return": "normal", "lost": "lost", "self-stop": "shutdown"}[end]
        assert [line for line in stage.life() if "starts" not in line] == [
            f"b#1 {kind}",
            "c#1 shutdown",
            "a#1 shutdown",
        ]
        assert sum(line.endswith("starts") for line in stage.life()) == 3


async def test_a_clean_up_that_raises_is_recorded_and_stops_nobody_else() -> None:
    """S44."""
    script = Script()
    async with running(
        child(Slow, id="a", start=lambda: Slow(script)),
        child(Slow, id="b", start=lambda: Slow(script, how="raises")),
        child(Slow, id="c", start=lambda: Slow(script)),
    ) as stage:
        stage.system.stop()
        await stage.clock.settle()

        assert stage.life()[-3:] == ["c#1 shutdown", "b#1 crashed", "a#1 shutdown"]
        assert stage.messages(ActorExited)[1].reason == "OSError: the door is stuck"
        assert stage.error is None


async def test_a_branch_whose_clean_up_failed_has_stopped_and_tells_of_it() -> None:
    """S44: its end is a shutdown that carries the error."""
    script = Script()
    async with running(
        tree(
            child(Slow, id="a", start=lambda: Slow(script)),
            child(Slow, id="b", start=lambda: Slow(script, how="raises")),
            id="sub",
        )
    ) as stage:
        stage.system.stop()
        await stage.clock.settle()

        sub = stage.messages(ActorExited)[-1]
        assert (sub.actor, sub.exit, sub.reason) == ("sub", "shutdown", "b: OSError: the door is stuck")
        assert stage.error is None


async def test_a_clean_up_that_raises_after_an_actor_stopped_itself_is_a_crash() -> None:
    """S44: nobody asked for that stop, so it is judged like any other end."""

    class Quits(Actor[Nothing]):
        @handles
        async def do(self, do: Do, ctx: Context) -> None:
            ctx.stop()

        async def on_stop(self, ctx: Context) -> None:
            raise OSError("the door is stuck")

    async with running(child(Quits, restart=RestartType.TRANSIENT)) as stage:
        await stage.tell(Do(n=1))

        assert stage.life() == ["quits#1 starts", "quits#1 crashed", "quits#2 starts"]


async def test_asking_twice_to_stop_is_asking_once() -> None:
    """S45."""
    async with running(child(Plain)) as stage:
        stage.system.stop()
        stage.system.stop()
        await stage.clock.settle()
        stage.system.stop()

        assert stage.life() == ["plain#1 starts", "plain#1 shutdown"]


@pytest.mark.parametrize("is_native", [False, True])
async def test_a_cancellation_from_outside_is_an_ordered_stop(is_native: bool) -> None:  # noqa: FBT001
    """S46: also a native one, which no shield holds back."""
    script = Script()
    stage = Stage(
        tree(
            *(child(Slow, id=name, start=lambda: Slow(script, 1)) for name in "abc"),
            tree(child(Slow, id="d", start=lambda: Slow(script, 1)), id="sub"),
        )
    )
    outcome: list[str] = []

    async def run() -> None:
        try:
            await stage.run()
        finally:
            outcome.append("cancelled" if stage.error is None else "failed")

    with CancelScope() as scope:
        async with create_task_group() as tasks:
            tasks.start_soon(run, name="the system")
            await stage.clock.settle()
            task = next(one for one in asyncio.all_tasks() if one.get_name() == "the system")
            with CancelScope(shield=True):
                if is_native:
                    task.cancel()
                else:
                    scope.cancel()
                for _ in range(5):
                    await stage.clock.advance(1)

    assert [line for line in script.trace if line.endswith("good order")] == [
        f"{name} in good order" for name in "dcba"
    ]
    assert outcome == ["cancelled"]
    assert stage.life()[-5:] == [
        "d#1 shutdown",
        "sub#1 shutdown",
        "c#1 shutdown",
        "b#1 shutdown",
        "a#1 shutdown",
    ]


async def test_who_waits_for_a_stopped_actor_is_told_at_once() -> None:
    """S49, B19: not when the time to wait is up."""
    script = Script()

    class Mute(Slow):
        @handles
        async def get(self, get: Get, io: EdgeContext) -> int:
            await script.release.wait()
            return 1

    errors: list[BaseException] = []

    async with running(child(Plain), child(Mute, start=lambda: Mute(script), shutdown=1)) as stage:

        async def ask() -> None:
            try:
                await stage.bus.ask(Get(), Trace(source="test"), within=3600)
            except AskError as error:
                errors.append(error)

        async with create_task_group() as asking:
            for _ in range(20):
                asking.start_soon(ask)
            await stage.clock.settle()
            stage.system.stop()
            await stage.clock.advance(1)

            assert [type(error) for error in errors] == [ActorStoppedError] * 20


async def test_what_was_stopped_may_still_speak_and_what_was_closed_may_not() -> None:
    """B28: last words are journaled and die with a reason; afterwards nothing goes out."""

    class Late(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            await io.stopping.wait()
            await io.clock.sleep(1)
            io.publish(Do(n=7))

    async with running(child(Late, id="late"), child(Plain, id="early")) as stage:
        stage.system.stop()
        await stage.clock.advance(1)

        assert stage.is_over
        assert stage.messages(Do) == [Do(n=7)]
        assert stage.letters() == [("stopped", "early", "test.shutdown.do")]
        with pytest.raises(BusClosedError, match="Do was not sent"):
            stage.say(Do(n=8))


# --- what ends more than an actor


class Ending(EdgeActor):
    """Ends the process in the way it was built for."""

    def __init__(self, error: BaseException, where: str) -> None:
        self.error = error
        self.where = where

    @handles
    async def do(self, do: Do, io: EdgeContext) -> None:
        if self.where == "event":
            raise self.error

    @handles
    async def push(self, push: Push, io: EdgeContext) -> None:
        if self.where == "effect":
            raise self.error

    async def run(self, io: EdgeContext) -> None:
        io.ready()
        if self.where == "run":
            await io.clock.sleep(0.001)
            raise self.error
        await io.stopping.wait()


@pytest.mark.parametrize("where", ["event", "effect", "run"])
@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(3),
        MemoryError(),
        BaseExceptionGroup("", [ValueError(), KeyboardInterrupt()]),
    ],
)
def test_what_ends_python_ends_everything_in_order_and_comes_out_as_it_was(
    error: BaseException, where: str
) -> None:
    """S56: it is no actor's crash, wherever it is raised."""
    lives: list[str] = []

    async def main() -> None:
        stage = Stage(
            tree(
                child(Plain),
                tree(child(Ending, start=lambda: Ending(error, where)), id="sub"),
                child(Plain, id="last"),
            )
        )

        async def push() -> None:
            await stage.clock.settle()
            stage.say(Do(n=1))
            stage.bus.perform(Push(n=1), Trace(source="test"))
            await stage.clock.advance(1)

        async with create_task_group() as tasks:
            tasks.start_soon(push)
            with pytest.raises(type(error)) as raised:
                await stage.system.run()
            assert raised.value is error
            lives.extend(stage.life())

    anyio.run(main)

    assert lives[-4:] == ["ending#1 crashed", "sub#1 crashed", "last#1 shutdown", "plain#1 shutdown"]


def test_a_core_handler_may_end_python_too() -> None:
    """S56."""
    seen: list[str] = []

    class Judge(Actor[Nothing]):
        @handles
        async def do(self, do: Do, ctx: Context) -> None:
            raise KeyboardInterrupt

    async def main() -> None:
        stage = Stage(tree(child(Plain), child(Judge)))

        async def say() -> None:
            await stage.clock.settle()
            await stage.tell(Do(n=1))

        async with create_task_group() as tasks:
            tasks.start_soon(say)
            with pytest.raises(KeyboardInterrupt):
                await stage.system.run()
            seen.extend(stage.life())

    anyio.run(main)

    assert seen[-2:] == ["judge#1 crashed", "plain#1 shutdown"]


# --- hostile exceptions


class HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def _cyclic() -> Exception:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    return one


def _nested() -> Exception:
    with pytest.raises(ValueError, match="inside") as raised:
        int("inside")
    return ExceptionGroup("", [ExceptionGroup("", [raised.value])])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (HostileError(), "HostileError: (its text cannot be shown: RuntimeError)"),
        (ValueError("x" * 50_000_000), "ValueError: " + "x" * (MAX_REASON - 13) + "…"),
        (_cyclic(), "ValueError: one"),
        (ValueError("no file \udcff"), "ValueError: no file ?"),
        (_nested(), "ValueError: invalid literal for int() with base 10: 'inside'"),
    ],
    ids=["str raises", "50 MB", "cyclic", "lone surrogate", "nested groups"],
)
async def test_the_report_of_a_crash_is_bounded_text_whatever_was_raised(
    error: Exception, reason: str
) -> None:
    """S55, S58: the asker is told the same, and the supervisor goes on."""

    class Bad(EdgeActor):
        @handles
        async def get(self, get: Get, io: EdgeContext) -> int:
            raise error

    async with running(child(Bad)) as stage:
        with pytest.raises(ActorCrashedError):
            await stage.bus.ask(Get(), Trace(source="test"))
        await stage.clock.advance(1)

        (ended,) = stage.messages(ActorExited)
        assert (ended.exit, ended.reason) == ("crashed", reason)
        assert ended.place.startswith(__file__)
        assert stage.info("bad").state is ChildState.RUNNING


async def test_a_group_of_several_errors_is_reported_by_the_first_and_names_the_others() -> None:
    """S55."""

    class Bad(EdgeActor):
        @handles
        async def do(self, do: Do, io: EdgeContext) -> None:
            raise ExceptionGroup("two of them", [ValueError("a"), OSError("b")])

    async with running(child(Bad)) as stage:
        await stage.tell(Do(n=1))

        (ended,) = stage.messages(ActorExited)
        assert ended.error == "ValueError"
        assert ended.reason == "ValueError: a (beside OSError)"


async def test_of_several_errors_the_one_that_no_restart_helps_decides() -> None:
    """S55: a wrong token is not hidden by a clean-up that failed too."""

    class RefusedError(FatalError):
        pass

    class Bad(EdgeActor):
        @handles
        async def do(self, do: Do, io: EdgeContext) -> None:
            raise ExceptionGroup("two of them", [ValueError("a"), RefusedError("for good")])

    async with running(child(Bad)) as stage:
        await stage.tell(Do(n=1))

        (ended,) = stage.messages(ActorExited)
        assert ended.reason == "RefusedError: for good (beside ValueError)"
        assert isinstance(stage.error, RefusedError)


async def test_a_thousand_crashes_leave_nothing_behind() -> None:
    """S58: no exception, frame, run or actor is kept."""

    class Bad(Plain):
        @handles
        async def do(self, do: Do, ctx: Context) -> None:
            weight = [do.n] * 100
            raise ValueError(len(weight))

    async with running(child(Bad)) as stage:

        async def crash(times: int) -> int:
            for n in range(times):
                await stage.tell(Do(n=n))
                await stage.clock.advance(1)
            stage.recorder.entries.clear()
            gc.collect()
            return len(gc.get_objects())

        await crash(50)
        before = await crash(50)
        after = await crash(1000)

        assert stage.info("bad").incarnation == 1101
        assert after - before < 200


async def test_an_actor_says_when_it_starts_and_stops() -> None:
    async with running(child(Plain)) as stage:
        stage.system.stop()
        await stage.clock.settle()

        assert stage.messages(ActorStarted) == [ActorStarted(actor="plain", incarnation=1)]
        assert stage.messages(Done) == [Done(n=-1)]
