"""A loop that is held up: noticed by a thread while it lasts, told with who, what and where."""

# ruff: noqa: ARG002 - what a handler takes is given

import asyncio
import inspect
import threading
import types
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace

import msgspec
import pytest
from anyio import Event as Flag
from loguru import logger

from acore.clock import RealClock
from acore.events.base import Effect, Event, Policy, Trace
from acore.events.catalog import wire
from acore.events.supervision import LoopBlocked
from acore.runtime import standstill
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.stack import DEEPEST, place, running, text, waiting
from acore.runtime.standstill import StandstillWatch, halted
from tests.runtime.stage import Stage, child
from tests.runtime.stage import running as staged

ME = Trace(source="test")
SOON = 0.1
"""What the watch is told to notice here, in seconds."""
LONG = 10.0
"""Seconds after which a block ends though nobody has noticed: the test fails then."""
CLOCK = RealClock()


@wire("test.standstill.tick")
class Tick(Event):
    """Something happened that somebody takes too long over."""


@wire("test.standstill.push", policy=Policy.IDEMPOTENT)
class Push(Effect):
    """Do something outside that holds up everything."""


class Nothing(msgspec.Struct):
    pass


class Log:
    """What is logged, and a block that lasts until something is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.awaited = ""
        self.came = threading.Event()

    def write(self, line: str) -> None:
        self.lines.append(line)
        if self.awaited in line:
            self.came.set()

    def hold_up(self, until: str = "Nothing has got on") -> None:
        """Hold up the loop until the log says so: the fault that is looked for."""
        self.awaited = until
        self.came.clear()
        self.came.wait(LONG)


LOG = Log()


@pytest.fixture(autouse=True)
def log() -> Generator[Log]:
    LOG.lines.clear()
    sink = logger.add(LOG.write, format="{level} {message}", level="DEBUG")
    yield LOG
    logger.remove(sink)


def hold_up() -> None:
    LOG.hold_up()


def crunch() -> None:
    """Compute for some tenths of a second in one call that holds Python's lock until it is done."""
    sum(range(30_000_000))


# The guard refuses a core actor that waits for a thread; what comes to a class later, it cannot see.
FAULT = SimpleNamespace()


class Thinker(Actor[Nothing]):
    @handles
    async def tick(self, tick: Tick, ctx: Context) -> None:
        FAULT.happen()


FAULT.happen = hold_up
FAULT.last = partial(LOG.hold_up, until="the end")


class Pusher(EdgeActor):
    @handles
    async def push(self, push: Push, io: EdgeContext) -> None:
        hold_up()


class Ear(EdgeActor):
    @handles
    async def tick(self, tick: Tick, io: EdgeContext) -> None:
        hold_up()


class Host(EdgeActor):
    """Has tasks beside its handlers: acore's, and a library's."""

    def __init__(self, *, by_library: bool) -> None:
        self.by_library = by_library

    async def run(self, io: EdgeContext) -> None:
        self.begin = Flag()
        io.spawn(self.work)
        io.ready()
        await io.stopping.wait()

    async def work(self) -> None:
        await self.begin.wait()
        if self.by_library:
            await asyncio.get_running_loop().create_task(self.hold_up())
        else:
            await self.hold_up()

    async def hold_up(self) -> None:
        hold_up()

    @handles
    async def tick(self, tick: Tick, io: EdgeContext) -> None:
        self.begin.set()


HERE = f"{__file__}:{inspect.getsourcelines(Log.hold_up)[1] + 4}"
"""Where the block is."""


@asynccontextmanager
async def watched(
    *kinds: type[Actor[Nothing]] | type[EdgeActor],
    limit: float = 0.0,
    end: Callable[[], None] = lambda: None,
    **fields: object,
) -> AsyncGenerator[Stage]:
    async with staged(*(child(kind, **fields) for kind in kinds)) as stage:
        watch = StandstillWatch(stage.system.cells, stage.bus, notice_after=SOON, limit=limit, end=end)
        with watch.watching():
            yield stage


async def blocked(stage: Stage) -> LoopBlocked:
    """Return what is told of the first block."""
    with CLOCK.deadline(LONG):
        while not stage.messages(LoopBlocked):
            await CLOCK.sleep(0.001)
    return stage.messages(LoopBlocked)[0]


@pytest.mark.parametrize(
    ("kind", "message"),
    [(Thinker, "test.standstill.tick"), (Ear, "test.standstill.tick"), (Pusher, "test.standstill.push")],
)
async def test_a_block_is_noticed_while_it_lasts_and_the_actor_the_message_and_the_line_are_named(
    kind: type[Actor[Nothing]] | type[EdgeActor], message: str, log: Log
) -> None:
    """S61: the block ends here only when it has been noticed."""
    async with watched(kind) as stage:
        stage.say(Tick())
        stage.bus.perform(Push(), ME)
        told = await blocked(stage)

    name = kind.__name__.lower()
    (line,) = [line for line in log.lines if line.startswith("WARNING")]
    first = line.splitlines()[0]
    assert f"because of {name} at {message} in {HERE}" in first
    assert (told.actor, told.message, told.place) == (name, message, HERE)
    assert SOON <= told.seconds < LONG
    assert f"{HERE} Log.hold_up" in told.stack.splitlines()


@pytest.mark.parametrize("by_library", [False, True])
async def test_a_task_that_an_actor_or_a_library_of_its_began_is_the_actors(
    by_library: bool,  # noqa: FBT001 - both cases of a table
) -> None:
    """S61: a library's tasks bear no name of an actor's, e.g. nextcord's handlers."""
    async with watched(Host, start=lambda: Host(by_library=by_library)) as stage:
        stage.say(Tick())
        told = await blocked(stage)

    assert (told.actor, told.message, told.place) == ("host", "", HERE)


async def test_a_callback_that_belongs_to_nobody_is_told_by_its_line() -> None:
    """S61."""
    async with watched(Thinker) as stage:
        asyncio.get_running_loop().call_soon(hold_up)
        told = await blocked(stage)

    assert (told.actor, told.message, told.place) == ("", "", HERE)
    assert told.stack.splitlines()[:2] == [
        f"{__file__}:{inspect.getsourcelines(hold_up)[1] + 1} hold_up",
        f"{HERE} Log.hold_up",
    ]


async def test_the_stacks_of_all_threads_are_shown_once_for_each_place(log: Log) -> None:
    """S61: a place that often holds things up fills no log."""
    release = threading.Event()
    idle = threading.Thread(target=release.wait, name="somebody else")
    idle.start()
    try:
        async with watched(Thinker) as stage:
            stage.say(Tick())
            await blocked(stage)
            first, log.lines[:] = log.lines[0], []
            stage.say(Tick())
            while len(stage.messages(LoopBlocked)) < 2:
                await CLOCK.sleep(0.001)
    finally:
        release.set()
        idle.join()

    assert "Thread MainThread:" in first
    assert f"{HERE} Log.hold_up" in first.splitlines()
    assert "Thread somebody else:" in first
    assert "Thread" not in log.lines[0].splitlines()[0]
    assert len(log.lines[0].splitlines()) == 1


async def test_over_the_limit_the_process_is_ended_and_what_it_did_is_said_first(log: Log) -> None:
    """S61: the end comes while the loop still stands still."""
    ended: list[list[str]] = []

    def end() -> None:
        ended.append([line.splitlines()[0] for line in log.lines])
        log.write("the end")

    class Hopeless(Actor[Nothing]):
        @handles
        async def tick(self, tick: Tick, ctx: Context) -> None:
            FAULT.last()

    async with watched(Hopeless, limit=3 * SOON, end=end) as stage:
        stage.say(Tick())
        await blocked(stage)

    warning, critical = ended[0]
    assert warning.startswith("WARNING Nothing has got on for 0.")
    assert critical.startswith("CRITICAL Nothing has got on for 0.")
    assert f"because of hopeless at test.standstill.tick in {HERE}. The process ends" in critical


async def test_a_log_that_takes_no_more_lines_does_not_keep_it_from_ending(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S61: a full pipe behind the log may be what holds up everything."""
    monkeypatch.setattr(standstill, "_SAYING", SOON)
    release = threading.Event()

    class Hopeless(Actor[Nothing]):
        @handles
        async def tick(self, tick: Tick, ctx: Context) -> None:
            FAULT.last()

    def take(_line: str) -> None:
        release.wait(LONG)

    stuck = logger.add(take, level="DEBUG")
    try:
        async with watched(Hopeless, limit=3 * SOON, end=lambda: log.write("the end")) as stage:
            stage.say(Tick())
            await blocked(stage)
            release.set()
    finally:
        release.set()
        logger.remove(stuck)

    assert "the end" in log.lines


async def test_a_call_that_lets_no_thread_run_is_found_when_it_is_over() -> None:
    """S61: the thread could not run either, but the process was not halted: it computed."""

    class Cruncher(Actor[Nothing]):
        @handles
        async def tick(self, tick: Tick, ctx: Context) -> None:
            crunch()

    async with watched(Cruncher) as stage:
        with CLOCK.deadline(LONG):
            while not stage.messages(LoopBlocked):  # one call may end just as it is looked for
                stage.say(Tick())
                await CLOCK.sleep(SOON)
    (told, *_) = stage.messages(LoopBlocked)

    assert (told.actor, told.place) == ("cruncher", f"{__file__}:{inspect.getsourcelines(crunch)[1] + 2}")


async def test_a_loop_that_turns_is_left_alone(log: Log) -> None:
    """S61: also while every actor is busy waiting."""
    turns: list[float] = []
    async with staged(child(Thinker)) as stage:
        watch = StandstillWatch(
            stage.system.cells, stage.bus, on_turn=lambda: turns.append(CLOCK.monotonic())
        )
        with watch.watching():
            while len(turns) < 2:
                await CLOCK.sleep(0.01)

        assert stage.messages(LoopBlocked) == []
    assert log.lines == []


async def test_the_thread_ends_with_what_it_watches() -> None:
    """B30."""
    async with watched(Thinker):
        (thread,) = [one for one in threading.enumerate() if one.name == "standstill"]
    while thread.is_alive():
        await CLOCK.sleep(0.001)


@pytest.mark.parametrize(
    ("gap", "computed", "lost"),
    [
        (0.5, 0.0, 0.0),  # as it should be
        (0.9, 0.0, 0.0),  # a little late
        (1.1, 0.01, 0.6),
        (100.5, 0.0, 100.0),  # stopped, or the machine slept
        (100.5, 2.0, 100.0),
        (100.5, 100.0, 0.0),  # it computed, and let no thread run
        (100.5, 25.0, 0.0),  # on a machine with little time for it
    ],
)
def test_time_in_which_everything_was_halted_is_told_from_a_block(
    gap: float, computed: float, lost: float
) -> None:
    """S61."""
    assert halted(gap, computed, 0.5) == pytest.approx(lost)


# --- where code is


async def test_where_a_coroutine_waits_is_told_from_the_outside_in_through_generators_and_libraries() -> None:
    """S60."""

    @types.coroutine
    def generator() -> Generator[object, object, None]:
        yield from asyncio.sleep(LONG)

    async def inner() -> None:
        await generator()

    async def outer() -> None:
        await inner()

    coroutine = outer()
    coroutine.send(None)
    calls = waiting(coroutine)
    coroutine.close()

    assert [call.name.rpartition(".")[2] for call in calls] == ["outer", "inner", "generator", "sleep"]
    assert place(calls) == calls[2].place, "asyncio's own lines say nothing"
    assert waiting(coroutine) == ()
    assert waiting(None) == ()
    assert place(()) == ""


def test_a_deep_stack_is_shown_from_its_inside() -> None:
    """S58: what is told is bounded."""

    def dive(depth: int) -> list[str]:
        return text(running(inspect.currentframe())).splitlines() if not depth else dive(depth - 1)

    lines = dive(100)

    assert len(lines) == DEEPEST + 1
    assert lines[0].endswith(" more)")
    assert lines[-1].endswith("dive")
