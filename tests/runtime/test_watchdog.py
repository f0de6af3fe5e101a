"""Handlers that take long are told of, and given up when they take too long; nobody else is troubled."""

# ruff: noqa: ARG002 - what a handler takes is given

import inspect
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from time import process_time

import msgspec
import pytest
from anyio import CancelScope, create_task_group, sleep_forever
from anyio import Event as Flag

from acore.clock import NANOSECONDS, Clock, Timer
from acore.events.asks import ActorCrashedError, AskError
from acore.events.base import Command, Effect, Envelope, Event, Policy, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.recorder import MemoryRecorder
from acore.events.supervision import ActorExited, HandlerSlow
from acore.runtime.actor import Actor, Context
from acore.runtime.administration import ChildState
from acore.runtime.child import KILL_TIMEOUT
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartType, SpecError, Strategy
from acore.runtime.spec import SupervisorSpec
from acore.runtime.stack import Call
from acore.runtime.system import System
from acore.runtime.watchdog import HANDLER_TIMEOUT, SLOW_AFTER, HandlerTimeoutError, Watchdog
from tests.actors.house import house
from tests.replay.world import replay
from tests.runtime.stage import Stage, child, running, tree

ME = Trace(source="test")
LOOK = SLOW_AFTER / 4
"""Seconds between two looks at the limits that actors have by default."""
LONG = 10_000.0


@wire("test.watchdog.wait")
class Wait(Command[int]):
    """Take so long outside."""

    seconds: float


@wire("test.watchdog.decide")
class Decide(Command[int]):
    """Decide, with the help of somebody who takes so long outside."""

    seconds: float


@wire("test.watchdog.tick")
class Tick(Event):
    """Something happened; whoever handles it takes so long."""

    seconds: float = 0


@wire("test.watchdog.said")
class Said(Event):
    """A handler came to its end."""

    who: str


@wire("test.watchdog.push", policy=Policy.IDEMPOTENT)
class Push(Effect):
    """Do something outside that takes so long."""

    seconds: float


@wire("test.watchdog.push_once", policy=Policy.AT_MOST_ONCE)
class PushOnce(Effect):
    """Do something outside that takes so long, never twice."""

    seconds: float


class Nothing(msgspec.Struct):
    pass


class Boss(Actor[Nothing]):
    """Can wait for nothing but others."""

    asks = (Wait,)

    @handles
    async def decide(self, decide: Decide, ctx: Context) -> int:
        ctx.publish(Said(who="boss, before"))
        answer = await ctx.ask(Wait(seconds=decide.seconds), within=LONG)
        ctx.publish(Said(who="boss"))
        return answer

    @handles
    async def tick(self, tick: Tick, ctx: Context) -> None:
        if tick.seconds:
            await ctx.ask(Wait(seconds=tick.seconds), within=LONG)
        ctx.publish(Said(who="boss"))


class Worker(EdgeActor):
    """Waits outside."""

    @handles
    async def wait(self, wait: Wait, io: EdgeContext) -> int:
        await io.clock.sleep(wait.seconds)
        return 42

    @handles
    async def push(self, push: Push, io: EdgeContext) -> Event:
        await io.clock.sleep(push.seconds)
        return Said(who="worker")

    @handles
    async def push_once(self, push: PushOnce, io: EdgeContext) -> Event:
        await io.clock.sleep(push.seconds)
        return Said(who="worker, once")


def line_of(method: Callable[..., object], text: str) -> str:
    """Return file and line of the first line of *method* that has *text*."""
    lines, first = inspect.getsourcelines(method)
    return f"{__file__}:{first + next(n for n, line in enumerate(lines) if text in line)}"


async def asked[R](stage: Stage, command: Command[R], seconds: float) -> R | AskError | None:
    """Ask, let *seconds* pass, and return what came of it by then."""
    replies: list[R | AskError] = []

    async def ask() -> None:
        try:
            replies.append(await stage.bus.ask(command, ME, within=LONG))
        except AskError as error:
            replies.append(error)

    async with create_task_group() as tasks:
        tasks.start_soon(ask)
        await stage.clock.advance(seconds)
        tasks.cancel_scope.cancel()
    return replies[0] if replies else None


PATIENT = {"handler_timeout": None}


async def test_a_slow_handler_is_told_of_with_its_place_and_stack() -> None:
    """S60: actor, message, age, and where it waits; of an asker as of the one that is asked."""
    async with running(child(Worker, **PATIENT), child(Boss, **PATIENT)) as stage:
        await asked(stage, Decide(seconds=LONG), SLOW_AFTER + LOOK)

        boss, worker = sorted(stage.messages(HandlerSlow), key=lambda slow: slow.actor)
        (decide,) = stage.entries(Decide)
        assert (boss.actor, boss.message, boss.message_id) == (
            "boss",
            "test.watchdog.decide",
            decide.envelope.id,
        )
        assert (worker.actor, worker.message) == ("worker", "test.watchdog.wait")
        assert boss.seconds == worker.seconds == SLOW_AFTER
        assert boss.place == line_of(Boss.decide, "ctx.ask")
        assert worker.place == line_of(Worker.wait, "sleep")
        assert f"{boss.place} Boss.decide" in boss.stack.splitlines()
        assert f"{worker.place} Worker.wait" in worker.stack.splitlines()
        assert (boss.limit, worker.limit) == (None, None)


async def test_a_slow_handler_is_told_of_again_each_time_that_has_doubled() -> None:
    """S60: once, not at every look."""
    async with running(child(Worker, **PATIENT)) as stage:
        await asked(stage, Wait(seconds=LONG), 10 * SLOW_AFTER)

        assert [slow.seconds for slow in stage.messages(HandlerSlow)] == [15, 30, 60, 120]


async def test_events_of_an_edge_and_its_effects_side_by_side_are_each_told_of() -> None:
    """S60."""

    class Ear(Worker):
        @handles
        async def tick(self, tick: Tick, io: EdgeContext) -> None:
            await io.clock.sleep(tick.seconds)

    async with running(child(Ear)) as stage:
        stage.bus.perform(Push(seconds=LONG), ME)
        stage.bus.perform(Push(seconds=LONG), ME)
        stage.say(Tick(seconds=LONG))
        await stage.clock.advance(SLOW_AFTER + LOOK)

        told = stage.messages(HandlerSlow)
        assert sorted(slow.message for slow in told) == [
            "test.watchdog.push",
            "test.watchdog.push",
            "test.watchdog.tick",
        ]
        assert {slow.place for slow in told} == {
            line_of(Worker.push, "sleep"),
            line_of(Ear.tick, "sleep"),
        }
        assert len({slow.message_id for slow in told}) == 3


async def test_nobody_who_waits_for_work_is_slow_nor_is_the_own_loop_of_an_edge() -> None:
    """S60: idle for a day, with an edge whose loop only waits, and background work."""

    class Listener(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.spawn(sleep_forever)
            io.ready()
            await io.stopping.wait()

    async with running(child(Worker), child(Boss), child(Listener)) as stage:
        before = len(stage.recorder.entries)
        await stage.clock.advance(86_400)

        assert len(stage.recorder.entries) == before


async def test_an_actor_that_is_always_busy_with_something_else_is_not_slow() -> None:
    """S60: each handling counts from its own begin."""
    async with running(child(Worker), child(Boss)) as stage:
        for _ in range(30):
            stage.say(Tick(seconds=SLOW_AFTER - LOOK))
        await stage.clock.advance(30 * SLOW_AFTER)

        assert stage.messages(Said) == [Said(who="boss")] * 30
        assert stage.messages(HandlerSlow) == []


async def test_a_core_handler_that_takes_too_long_is_given_up_with_its_actor() -> None:
    """S57: nothing of what it said goes out, the message is consumed, the next run handles what is queued."""
    async with running(child(Worker, **PATIENT), child(Boss, slow_after=None)) as stage:
        stage.say(Tick())
        reply = await asked(stage, Decide(seconds=LONG), 1)
        stage.say(Tick())
        await stage.clock.advance(HANDLER_TIMEOUT + LOOK)

        assert reply is None
        assert stage.life()[-2:] == ["boss#1 crashed", "boss#2 starts"]
        (end,) = stage.messages(ActorExited)
        assert (end.error, end.handling) == ("HandlerTimeoutError", "test.watchdog.decide")
        assert end.place == line_of(Boss.decide, "ctx.ask")
        assert "boss was not done with test.watchdog.decide after 60 s" in end.reason
        assert stage.messages(Said) == [Said(who="boss")] * 2


async def test_who_asked_is_told_that_the_actor_failed_and_why() -> None:
    """S57: of a core actor and of an edge."""
    for command, specs in (
        (Decide(seconds=LONG), (child(Worker, **PATIENT), child(Boss))),
        (Wait(seconds=LONG), (child(Worker),)),
    ):
        async with running(*specs) as stage:
            reply = await asked(stage, command, HANDLER_TIMEOUT + LOOK)

            assert isinstance(reply, ActorCrashedError)
            assert "HandlerTimeoutError" in str(reply)


async def test_a_handler_cannot_keep_itself_from_being_given_up() -> None:
    """S57: catching everything and going on, it does not even get to see it."""

    class Clinging(Actor[Nothing]):
        asks = (Wait,)

        @handles
        async def tick(self, tick: Tick, ctx: Context) -> None:
            while True:
                with suppress(Exception):  # the fault that is to be survived
                    await ctx.ask(Wait(seconds=LONG), within=LONG)

    async with running(child(Worker, **PATIENT), child(Clinging)) as stage:
        stage.say(Tick())
        await stage.clock.advance(HANDLER_TIMEOUT + LOOK + 1)

        assert stage.life()[-2:] == ["clinging#1 crashed", "clinging#2 starts"]
        assert stage.messages(ActorExited)[0].error == "HandlerTimeoutError"


async def test_a_given_up_handler_of_an_edge_takes_with_it_what_is_at_work_beside_it() -> None:
    """S57, S53: what was beside it begins again where that may be; it itself does not."""
    async with running(child(Worker)) as stage:
        slow = stage.bus.perform(Push(seconds=LONG), ME)
        await stage.clock.advance(HANDLER_TIMEOUT - 5)
        once = stage.bus.perform(PushOnce(seconds=LONG), ME)
        stage.bus.perform(Push(seconds=20), ME)
        await stage.clock.advance(6 + LOOK)

        assert stage.life() == ["worker#1 starts", "worker#1 crashed", "worker#2 starts"]
        ((end, envelope),) = [(one.message, one.envelope) for one in stage.entries(ActorExited)]
        assert isinstance(end, ActorExited)
        assert (end.error, end.handling) == ("HandlerTimeoutError", "test.watchdog.push")
        assert end.place == line_of(Worker.push, "sleep")
        assert envelope.cause == slow.id
        assert [(one.reason, one.message_id) for one in stage.bus.letters] == [("interrupted", once.id)]

        await stage.clock.advance(LONG)
        assert stage.messages(Said) == [Said(who="worker")]
        assert len(stage.messages(ActorExited)) == 1


async def test_a_fact_that_an_edge_was_given_up_on_is_consumed_and_those_behind_it_are_not() -> None:
    """S57, S52."""

    class Ear(EdgeActor):
        @handles
        async def tick(self, tick: Tick, io: EdgeContext) -> None:
            await io.clock.sleep(tick.seconds)
            io.publish(Said(who=f"run {io.incarnation}"))

    async with running(child(Ear)) as stage:
        stage.say(Tick(seconds=LONG))
        stage.say(Tick())
        await stage.clock.advance(2 * HANDLER_TIMEOUT)

        assert stage.life() == ["ear#1 starts", "ear#1 crashed", "ear#2 starts"]
        assert stage.messages(ActorExited)[0].handling == "test.watchdog.tick"
        assert stage.messages(Said) == [Said(who="run 2")]
        assert list(stage.bus.letters) == []


async def test_being_given_up_counts_as_an_attempt_on_the_message() -> None:
    """S57, S65: of an edge's effect and of a core actor's fact."""
    for message, patience in (
        (Push(seconds=LONG), child(Worker, max_attempts=2)),
        (Tick(seconds=LONG), child(Worker, **PATIENT)),
    ):
        async with running(patience, child(Boss, max_attempts=2)) as stage:
            sent = stage.say(message) if isinstance(message, Event) else stage.bus.perform(message, ME)
            await stage.clock.advance(3 * HANDLER_TIMEOUT)

            assert [(one.reason, one.message_id) for one in stage.bus.letters] == [("poison", sent.id)]
            assert "after 2 attempts: HandlerTimeoutError" in stage.bus.letters[0].detail
            assert [end.error for end in stage.messages(ActorExited)] == ["HandlerTimeoutError"] * 2


async def test_what_waits_for_a_place_is_not_slow() -> None:
    """S60: its time begins when it is begun."""

    class Narrow(Worker):
        at_once = 1

    async with running(child(Narrow)) as stage:
        for _ in range(10):
            stage.bus.perform(Push(seconds=10), ME)
        await stage.clock.advance(101)

        assert len(stage.messages(Said)) == 10
        assert stage.messages(HandlerSlow) == []


async def test_an_edge_that_hides_its_cancellation_has_failed_all_the_same() -> None:
    """S57, S16."""

    class Sly(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            with suppress(BaseException):  # the fault that is to be survived
                await sleep_forever()

        @handles
        async def push(self, push: Push, io: EdgeContext) -> Event | None:
            try:
                await sleep_forever()
            except BaseException:  # noqa: BLE001 - the fault that is to be survived
                return Said(who="sly")

    async with running(child(Sly)) as stage:
        stage.bus.perform(Push(seconds=LONG), ME)
        await stage.clock.advance(HANDLER_TIMEOUT + LOOK + 1)

        assert stage.life() == ["sly#1 starts", "sly#1 crashed", "sly#2 starts"]
        assert stage.messages(Said) == []
        assert stage.messages(ActorExited)[0].error == "HandlerTimeoutError"


async def test_a_handler_that_no_cancellation_ends_is_killed_and_then_abandoned() -> None:
    """S57, S41, S42: it has the time of an ordered stop; what it says when it wakes up no longer counts."""
    release = Flag()

    class Stuck(EdgeActor):
        @handles
        async def push(self, push: Push, io: EdgeContext) -> Event:
            if io.incarnation == 1:
                with CancelScope(shield=True):
                    await release.wait()
            return Said(who=f"run {io.incarnation}")

    async with running(child(Stuck, shutdown=3)) as stage:
        stage.bus.perform(Push(seconds=0), ME)
        await stage.clock.advance(HANDLER_TIMEOUT + LOOK + 3)
        assert stage.info("stuck").state is ChildState.RUNNING
        await stage.clock.advance(KILL_TIMEOUT + 1)

        assert stage.life() == ["stuck#1 starts", "stuck#1 abandoned", "stuck#2 starts"]
        (end,) = stage.messages(ActorExited)
        assert end.reason.startswith("HandlerTimeoutError: stuck was not done with test.watchdog.push")
        assert "did not end 2 s after the kill" in end.reason

        stage.bus.perform(Push(seconds=0), ME)
        await stage.clock.advance(1)
        release.set()
        await stage.clock.advance(2 * HANDLER_TIMEOUT)
        assert stage.messages(Said) == [Said(who="run 2")]
        assert stage.life()[-1] == "stuck#2 starts"


async def test_what_a_run_that_was_given_up_on_still_does_concerns_nobody() -> None:
    """S60, S42: it is not told of for ever, when no other run follows it."""
    release = Flag()

    class Stuck(EdgeActor):
        @handles
        async def push(self, push: Push, io: EdgeContext) -> None:
            with CancelScope(shield=True):
                await release.wait()

    class Fragile(Actor[Nothing]):
        @handles
        async def tick(self, tick: Tick, ctx: Context) -> None:
            raise ValueError

    stuck = child(Stuck, restart=RestartType.TEMPORARY, shutdown=1)
    async with running(child(Fragile), stuck, strategy=Strategy.REST_FOR_ONE) as stage:
        stage.bus.perform(Push(seconds=0), ME)
        await stage.tell(Tick())
        await stage.clock.advance(1 + KILL_TIMEOUT)
        assert stage.life()[-2:] == ["stuck#1 abandoned", "fragile#2 starts"]
        await stage.clock.advance(10 * HANDLER_TIMEOUT)

        assert stage.messages(HandlerSlow) == []
        release.set()


async def test_a_run_that_ends_at_the_kill_says_what_it_was_killed_for() -> None:
    """S57: killed by the watchdog is an end that calls for a restart."""

    class Tidy(Worker):
        async def run(self, io: EdgeContext) -> None:
            io.ready()
            try:
                await sleep_forever()
            finally:
                with CancelScope(shield=True), io.clock.deadline(4):
                    await sleep_forever()

    async with running(child(Tidy, shutdown=3)) as stage:
        stage.bus.perform(Push(seconds=LONG), ME)
        await stage.clock.advance(HANDLER_TIMEOUT + LOOK + 5)

        assert stage.life() == ["tidy#1 starts", "tidy#1 killed", "tidy#2 starts"]
        assert "not done with test.watchdog.push" in stage.messages(ActorExited)[0].reason


async def test_a_timeout_error_of_the_handlers_own_is_something_else() -> None:
    """S57."""

    class Impatient(EdgeActor):
        @handles
        async def push(self, push: Push, io: EdgeContext) -> None:
            raise TimeoutError("my own")

    async with running(child(Impatient)) as stage:
        stage.bus.perform(Push(seconds=0), ME)
        await stage.clock.advance(1)

        (end,) = stage.messages(ActorExited)
        assert (end.error, end.reason) == ("TimeoutError", "TimeoutError: my own")
        assert not issubclass(HandlerTimeoutError, TimeoutError)


async def test_a_start_and_a_stop_have_limits_of_their_own() -> None:
    """S57, S05, S39: both may be told of as slow; neither is given up by the watchdog."""

    class Slow(Boss):
        async def on_start(self, ctx: Context) -> None:
            await ctx.ask(Wait(seconds=3 * HANDLER_TIMEOUT), within=LONG)

        async def on_stop(self, ctx: Context) -> None:
            await ctx.ask(Wait(seconds=3 * HANDLER_TIMEOUT), within=LONG)

    slow = child(Slow, start_timeout=LONG, shutdown=LONG, id="boss")
    async with running(child(Worker, **PATIENT), slow, start_timeout=LONG) as stage:
        await stage.clock.advance(2 * HANDLER_TIMEOUT)
        assert [one.message for one in stage.messages(HandlerSlow) if one.actor == "boss"] == [
            "actor.started",
            "actor.started",
            "actor.started",
        ]
        await stage.clock.advance(2 * HANDLER_TIMEOUT)
        assert stage.info("boss").state is ChildState.RUNNING
        stage.system.stop()
        await stage.clock.advance(4 * HANDLER_TIMEOUT)

        assert stage.life()[-2:] == ["boss#1 shutdown", "worker#1 shutdown"]


async def test_a_handler_without_limits_may_take_as_long_as_it_likes() -> None:
    """S57, S60."""
    async with running(child(Worker, slow_after=None, handler_timeout=None)) as stage:
        assert await asked(stage, Wait(seconds=LONG - 1), LONG) == 42
        assert stage.messages(HandlerSlow) == []


async def test_a_shorter_limit_is_kept_as_well() -> None:
    """S57: the looks come as often as the shortest limit wants them."""
    async with running(child(Worker, handler_timeout=0.4)) as stage:
        assert isinstance(await asked(stage, Wait(seconds=LONG), 0.6), ActorCrashedError)
        assert await asked(stage, Wait(seconds=0.4), 0.6) == 42


@pytest.mark.parametrize("field", ["slow_after", "handler_timeout"])
@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
async def test_a_limit_of_no_time_is_refused(field: str, seconds: float) -> None:
    """S01."""
    spec = tree(child(Worker, **{field: seconds}))
    with pytest.raises(SpecError, match=f"child 'worker': {field} must be more than 0 s or None"):
        System(spec, Bus(Held(), MemoryRecorder(), boot="test"))


async def test_a_handling_that_was_given_up_is_replayed_as_far_as_it_came(tmp_path: Path) -> None:
    """S57, R09: the same end, and no difference."""
    async with house(tmp_path, child(Worker, **PATIENT), child(Boss)) as home:
        await home.tell(Tick())
        home.say(Tick(seconds=LONG))
        home.say(Tick())
        await home.clock.advance(2 * HANDLER_TIMEOUT)
        rows = await home.rows()

    again = replay("boss", Boss, rows)

    assert [row.name for row in rows if row.name == "actor.exited"] == ["actor.exited"]
    assert again.divergences == ()
    assert again.handled >= 4  # two starts, and the two that were done


# --- the watchdog by itself, on cells and a clock made for it


class NoTimer:
    def cancel(self) -> None:
        pass


class Held(Clock):
    """A clock whose time is set, and whose timers are called, by hand: also late."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.timers: list[Callable[[], object]] = []

    def wall_ns(self) -> int:
        return int(self.time * NANOSECONDS)

    def monotonic(self) -> float:
        return self.time

    def monotonic_ns(self) -> int:
        return int(self.time * NANOSECONDS)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        self.timers.append(callback)
        return NoTimer()

    def ring(self, after: float) -> object:
        """Let time pass and call what is due; return what it returned."""
        self.time += after
        (callback,) = self.timers
        self.timers.clear()
        return callback()


class Desk:
    """A cell that is at work on what a test puts there."""

    name = "desk"
    slow_after: float | None = 15.0
    handler_timeout: float | None = 60.0

    def __init__(self) -> None:
        self.runs = 1
        self.work: list[Envelope] = []
        self.given_up: list[float] = []

    def at_work(self) -> Collection[Envelope]:
        return self.work

    def calls(self, envelope: Envelope) -> tuple[Call, ...]:
        return ()

    def time_out(self, envelope: Envelope, seconds: float) -> bool:
        self.given_up.append(seconds)
        return True


def alone() -> tuple[Held, Desk, MemoryRecorder]:
    """Return the clock, the cell and the journal of a watchdog that has begun to look."""
    clock, desk, recorder = Held(), Desk(), MemoryRecorder()
    bus = Bus(clock, recorder, boot="test")
    desk.work.append(bus.publish(Tick(), ME))
    Watchdog([desk], bus).start()
    return clock, desk, recorder


def told(recorder: MemoryRecorder) -> list[float]:
    return [entry.message.seconds for entry in recorder.entries if isinstance(entry.message, HandlerSlow)]


def test_time_in_which_nothing_could_get_on_is_not_the_handlers() -> None:
    """S60, S61: a blocked loop, or a machine that slept, gives up nobody."""
    clock, desk, recorder = alone()
    clock.ring(LOOK)
    clock.ring(LOOK + 3600)
    clock.ring(LOOK)
    assert (told(recorder), desk.given_up) == ([], [])
    clock.ring(LOOK)
    clock.ring(LOOK)
    assert told(recorder) == [15.0]


def test_a_message_that_is_handled_again_is_handled_anew() -> None:
    """S57, S65: each attempt has the whole time."""
    clock, desk, recorder = alone()
    for _ in range(4):
        clock.ring(LOOK)
    desk.runs += 1
    for _ in range(4):
        clock.ring(LOOK)

    assert told(recorder) == []


def test_it_tells_the_clock_whether_it_set_anything_off() -> None:
    """B29: a look that finds nothing costs a held clock next to nothing."""
    clock, _, recorder = alone()

    said = [clock.ring(LOOK) for _ in range(6)]

    assert said == [False, False, False, False, True, False]
    assert told(recorder) == [15.0]


def test_a_handling_is_given_up_once() -> None:
    """S57: what comes of it is the supervisor's."""
    clock, desk, _ = alone()
    for _ in range(100):
        clock.ring(LOOK)

    assert desk.given_up == [60.0]


async def test_there_is_one_timer_for_all_actors_and_messages() -> None:
    """S60: none for a message, none for an actor."""

    def looks(stage: Stage) -> int:
        due = [one.callback for *_, one in stage.clock._due if one.callback is not None]
        return sum("Watchdog" in repr(callback) for callback in due)

    for many in (1, 50):
        askers = SupervisorSpec(id="many", children=tuple(child(Asker, id=f"b{n}") for n in range(many)))
        async with running(child(Worker, **PATIENT), askers) as stage:
            await stage.tell(Tick(seconds=LONG))
            await stage.clock.advance(SLOW_AFTER)
            assert looks(stage) == 1
        assert looks(stage) == 0


class Asker(Actor[Nothing]):
    asks = (Wait,)

    @handles
    async def tick(self, tick: Tick, ctx: Context) -> None:
        await ctx.ask(Wait(seconds=tick.seconds), within=LONG)


async def test_a_look_at_ten_thousand_idle_actors_takes_no_time_to_speak_of() -> None:
    """S60: 0.5 % of a core at a look a second; this bound leaves a slow machine ten times as much."""
    clock = Held()
    bus = Bus(clock, MemoryRecorder(), boot="test")
    system = System(tree(*(child(Idle, id=f"b{n}") for n in range(10_000))), bus)
    system.watchdog.start()

    began = process_time()
    for _ in range(20):
        system.watchdog.look()

    assert process_time() - began < 20 * 0.05


class Idle(Actor[Nothing]):
    pass
