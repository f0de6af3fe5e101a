"""Core handlers stepped by hand: the base of replay, with no event loop at all."""

# ruff: noqa: ARG002 - what a handler takes is given
# ruff: noqa: ANN401, BLE001 - what looks like a context is none; hiding errors is what this is about

import asyncio
import inspect
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from acore.clock import RealClock
from acore.events.asks import AskError, NobodyAnswersError
from acore.events.base import Command, Envelope, Event, Kind, Message, Origin, Trace
from acore.events.catalog import wire
from acore.events.supervision import ActorExited
from acore.runtime.actor import Actor, Context, Speaker
from acore.runtime.driver import Ask, Done, ForeignAwaitError, ForeignLoopError, Handling, close, step
from acore.runtime.handlers import handles
from tests.runtime.stage import child, running


@wire("test.driver.sum_wanted")
class SumWanted(Event):
    """Somebody wants a sum."""

    a: int


@wire("test.driver.summed")
class Summed(Event):
    """The sum."""

    value: int


@wire("test.driver.get")
class Get(Command[int]):
    """The other number?"""

    name: str


class Total(msgspec.Struct):
    value: int = 0


def envelope(message: Message) -> Envelope:
    return Envelope(
        7, 1_000_000_000, 0, Kind.EVENT, message, Trace("test"), Origin(node="n", boot="b"), "cause"
    )


class Adder(Actor[Total]):
    asks = (Get,)

    @handles
    async def add(self, wanted: SumWanted, ctx: Context) -> int:
        try:
            b = await ctx.ask(Get(name="b"))
        except AskError:
            b = 0
        self.state.value = wanted.a + b + await ctx.ask(Get(name="c"))
        ctx.publish(Summed(value=self.state.value))
        return self.state.value


def context() -> Context:
    return Context(envelope(SumWanted(a=1)), Speaker("adder", 1))


def test_a_handler_runs_with_no_event_loop_and_answers_from_elsewhere() -> None:
    """R08: what it asks comes out, what it is told goes in."""
    actor, ctx = Adder(), context()
    handling: Handling = actor.add(SumWanted(a=1), ctx)

    first = step(handling)
    assert isinstance(first, Ask)
    assert first.command == Get(name="b")
    second = step(handling, (20, None))
    assert isinstance(second, Ask)
    assert second.command == Get(name="c")
    assert ctx.outputs == []
    end = step(handling, (300, None))

    assert isinstance(end, Done)
    assert end.value == 321
    assert [output.message for output in ctx.outputs] == [Summed(value=321)]


def test_an_error_instead_of_a_reply_is_raised_at_the_await() -> None:
    actor = Adder()
    handling: Handling = actor.add(SumWanted(a=1), context())

    step(handling)
    step(handling, (None, NobodyAnswersError("Get")))
    end = step(handling, (300, None))

    assert isinstance(end, Done)
    assert end.value == 301


def test_the_same_input_gives_the_same_ids() -> None:
    """B23: of what is asked and of what is said."""

    def ids() -> list[str]:
        ctx = context()
        handling: Handling = Adder().add(SumWanted(a=1), ctx)
        asked = [step(handling), step(handling, (2, None))]
        step(handling, (3, None))
        return [one.command_id for one in asked if isinstance(one, Ask)] + [o.id for o in ctx.outputs]

    assert ids() == ids()
    assert len(set(ids())) == 3


# --- what the guard cannot see: it comes in where no name tells what it is


class Nap:
    """Suspends, as all does that waits for the event loop."""

    def __await__(self) -> Generator[None]:
        yield


class Impostor:
    """Looks like a context."""

    def ask(self, _what: object) -> Nap:
        return Nap()


class Sleepy(Actor[Total]):
    """Does what it must not, and hides the error in the way that it is told to."""

    asks = (Get,)
    impostor: Any
    clock: Any

    async def doze(self, ctx: Any) -> None:
        await ctx.ask(Get(name="nothing"))  # here

    def set_alarm(self) -> None:
        self.clock.call_later(1, self.view)  # here

    @handles
    async def add(self, wanted: SumWanted, ctx: Context) -> None:
        ctx.publish(Summed(value=wanted.a))
        if wanted.a in range(1, 6):
            await self.hide_in_few_words(wanted.a, ctx)
        elif wanted.a in range(6, 9):
            await self.hide_in_many_words(wanted.a)
        elif wanted.a:
            await self.hide_an_alarm(wanted.a, ctx)

    async def hide_in_few_words(self, way: int, ctx: Context) -> None:
        match way:
            case 1:
                await self.doze(self.impostor)
            case 2:
                with suppress(Exception):
                    await self.doze(self.impostor)
            case 3:
                with suppress(BaseException):
                    await self.doze(self.impostor)
            case 4:
                with suppress(Exception):
                    await self.doze(self.impostor)
                await ctx.ask(Get(name="b"))
            case _:
                try:
                    await self.doze(self.impostor)
                finally:
                    await ctx.ask(Get(name="b"))

    async def hide_in_many_words(self, way: int) -> None:
        match way:
            case 6:
                for _ in range(3):
                    with suppress(BaseException):
                        await self.doze(self.impostor)
            case 7:
                try:
                    await self.doze(self.impostor)
                except Exception:
                    raise ValueError("all is well") from None
            case _:
                with suppress(Exception):
                    await self.doze(self.impostor)
                try:
                    await self.doze(self.impostor)
                finally:
                    raise ValueError("all is well")

    async def hide_an_alarm(self, way: int, ctx: Context) -> None:
        match way:
            case 11:
                self.set_alarm()
            case 12:
                with suppress(Exception):
                    self.set_alarm()
            case 13:
                with suppress(BaseException):
                    self.set_alarm()
                await ctx.ask(Get(name="b"))
            case 14:
                await ctx.ask(Get(name="b"))
                with suppress(Exception):
                    self.set_alarm()
            case _:
                try:
                    self.set_alarm()
                except Exception:
                    raise ValueError("all is well") from None


class Answering(Actor[Total]):
    @handles
    async def get(self, get: Get, ctx: Context) -> int:
        return 1


def sleepy() -> Sleepy:
    actor = Sleepy()
    # After it was made, so that nobody has looked at them.
    actor.impostor, actor.clock = Impostor(), RealClock()
    return actor


def marked(method: Callable[..., Any]) -> str:
    lines, first = inspect.getsourcelines(method)
    return f"{__file__}:{first + next(i for i, line in enumerate(lines) if '# here' in line)}"


@pytest.mark.parametrize("n", range(1, 9))
async def test_a_foreign_await_crashes_the_actor_whatever_it_makes_of_the_error(n: int) -> None:
    """R06, S14: what the handler said is not said, and the next message finds an actor made anew."""
    async with running(child(Answering), child(Sleepy, start=sleepy)) as stage:
        await stage.tell(SumWanted(a=n), SumWanted(a=0))

        assert [one.value for one in stage.messages(Summed)] == [0]
        assert stage.messages(Get) == []
        end = next(one for one in stage.messages(ActorExited))
        assert end.reason.startswith(
            f"ForeignAwaitError: Sleepy.add awaited Nap at {marked(Sleepy.doze)}: a core handler"
        )


@pytest.mark.parametrize("n", range(11, 16))
async def test_reaching_for_the_event_loop_crashes_the_actor_whatever_it_makes_of_the_error(n: int) -> None:
    """R06, S14: live as in a replay, there is none for it."""
    async with running(child(Answering), child(Sleepy, start=sleepy)) as stage:
        await stage.tell(SumWanted(a=n), SumWanted(a=0))

        assert [one.value for one in stage.messages(Summed)] == [0]
        assert len(stage.messages(Get)) == (1 if n == 14 else 0)
        end = next(one for one in stage.messages(ActorExited))
        assert end.reason.startswith(
            "ForeignLoopError: Sleepy.add used the event loop (call_later) at "
            f"{marked(Sleepy.set_alarm)}: a core handler"
        )


class Restless(Actor[Total]):
    """Hides what it does in its hooks."""

    clock: Any
    in_start = False

    async def on_start(self, ctx: Context) -> None:
        if self.in_start:
            with suppress(Exception):
                self.clock.call_later(1, self.view)
            ctx.publish(Summed(value=1))

    async def on_stop(self, ctx: Context) -> None:
        with suppress(Exception):
            self.clock.call_later(1, self.view)
        ctx.publish(Summed(value=2))


@pytest.mark.parametrize("in_start", [True, False])
async def test_hooks_have_no_event_loop_either(in_start: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """R06: nothing comes of one that reached for it."""

    def restless() -> Restless:
        actor = Restless()
        actor.clock, actor.in_start = RealClock(), in_start
        return actor

    async with running(child(Restless, start=restless)) as stage:
        stage.system.stop()
        await stage.clock.advance(5)

        assert stage.messages(Summed) == []
        where = "on_start" if in_start else "on_stop"
        reasons = [end.reason for end in stage.messages(ActorExited) if end.actor == "restless"]
        assert (
            f"ForeignLoopError: Restless.{where} used the event loop (call_later) at {__file__}" in reasons[0]
        )


async def test_the_loop_is_in_its_place_when_acore_goes_on_with_what_a_handler_said() -> None:
    """R06: whoever hears of it may need the loop."""
    loops: set[object] = set()
    async with running(child(Answering), child(Sleepy, start=sleepy)) as stage:
        keep = stage.recorder.append

        def append(entry: Any) -> None:
            loops.add(asyncio.get_running_loop())
            keep(entry)

        stage.recorder.append = append
        await stage.tell(SumWanted(a=0))

        assert len(stage.messages(Summed)) == 1
    assert loops == {asyncio.get_running_loop()}


async def nap() -> None:
    await asyncio.sleep(0)  # here


def test_a_foreign_await_is_placed_in_the_innermost_code_that_is_no_librarys() -> None:
    """R06: the line that must change."""

    async def handler() -> None:
        await nap()

    with pytest.raises(ForeignAwaitError, match="handler awaited sleep at ") as refused:
        step(handler())

    assert f" at {marked(nap)}: " in str(refused.value)


async def test_a_future_awaited_by_a_handler_is_foreign_too() -> None:
    """R06."""
    future = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await future

    with pytest.raises(ForeignAwaitError, match="awaited Future"):
        step(wait())


LOOPS: list[Callable[[], object]] = [
    lambda: asyncio.get_running_loop().call_soon(print),
    lambda: asyncio.get_event_loop().time(),
    asyncio.Future,
    lambda: RealClock().call_later(1, print),
]


@pytest.mark.parametrize("reach", LOOPS)
async def test_no_way_to_the_event_loop_is_open_while_a_handler_goes_on(reach: Callable[[], object]) -> None:
    """R06: and it is there again afterwards."""
    loop = asyncio.get_running_loop()

    async def handler() -> None:
        with suppress(Exception):
            reach()

    with pytest.raises(ForeignLoopError):
        step(handler())

    assert asyncio.get_running_loop() is loop


async def test_the_loop_is_back_after_an_ask_and_after_an_error() -> None:
    """R06: what acore does for the handler needs it."""
    loop = asyncio.get_running_loop()

    async def handler(ctx: Context) -> None:
        await ctx.ask(Get(name="b"))
        raise LookupError("gone")

    handling = handler(context())
    step(handling)
    assert asyncio.get_running_loop() is loop
    with pytest.raises(LookupError):
        step(handling, (1, None))
    assert asyncio.get_running_loop() is loop


async def test_what_is_freed_meanwhile_is_not_held_against_the_handler() -> None:
    """R06: memory is taken from things at any moment, and some of them tell the loop."""
    freed: list[bool] = []

    class Connection:
        def __del__(self) -> None:
            with suppress(Exception):
                asyncio.get_running_loop().call_soon(print)
            freed.append(True)

    left = [Connection()]

    async def handler() -> int:
        left.clear()
        return 5

    assert isinstance(step(handler()), Done)
    assert freed


def test_one_handlers_fault_is_no_others() -> None:
    """R06: what is found is found where it was done."""

    async def faulty() -> None:
        RealClock().call_later(1, print)

    async def good() -> int:
        return 5

    for _ in range(2):
        with pytest.raises(ForeignLoopError):
            step(faulty())
        assert isinstance(step(good()), Done)


def test_a_fault_is_told_before_what_is_asked_after_it() -> None:
    """R06: nobody is asked on behalf of a handler that is to crash."""

    async def handler(ctx: Context) -> None:
        with suppress(Exception):
            RealClock().call_later(1, print)
        await ctx.ask(Get(name="b"))

    handling = handler(context())
    with pytest.raises(ForeignLoopError):
        step(handling)

    assert getattr(handling, "cr_frame", None) is None


def test_a_fault_is_told_instead_of_the_error_that_came_of_it() -> None:
    """R06: the first cause is what helps."""

    async def handler() -> None:
        try:
            RealClock().call_later(1, print)
        except Exception:
            raise ValueError("all is well") from None

    with pytest.raises(ForeignLoopError):
        step(handler())


async def grumble() -> None:
    try:
        await Nap()
    except Exception:
        RealClock().call_later(1, print)


async def nap_on() -> None:
    with suppress(BaseException):
        await Nap()
    await Nap()


@pytest.mark.parametrize("handler", [grumble, nap_on])
def test_a_handler_at_fault_is_over_whatever_it_makes_of_the_error(handler: Callable[[], Handling]) -> None:
    """R06: and leaves nothing to the next one."""
    handling = handler()

    with pytest.raises(ForeignAwaitError):
        step(handling)

    assert getattr(handling, "cr_frame", None) is None
    assert isinstance(step(Adder().add(SumWanted(a=1), context())), Ask)


# --- the end of a handler


def test_what_a_handler_raises_comes_out_as_it_is() -> None:
    """S55."""

    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        step(fail())


async def shrug(ctx: Context) -> None:
    try:
        await ctx.ask(Get(name="b"))
    finally:
        raise ValueError("I was not done")


async def cling(ctx: Context) -> None:
    for _ in range(3):
        with suppress(BaseException):
            await ctx.ask(Get(name="b"))


@pytest.mark.parametrize("handler", [shrug, cling])
def test_a_handler_that_is_let_go_of_has_no_say(handler: Callable[[Context], Handling]) -> None:
    """S16: a cancelled ask ends as a cancellation, whatever the handler makes of its end."""
    handling = handler(context())
    assert isinstance(step(handling), Ask)

    close(handling)

    assert getattr(handling, "cr_frame", None) is None
    assert isinstance(step(Adder().add(SumWanted(a=1), context())), Ask)


async def test_a_handler_that_is_let_go_of_has_no_event_loop() -> None:
    """R06, S16: nor has one that is at fault, on its way out."""
    loop, met = asyncio.get_running_loop(), list[object]()

    async def wind_up(ctx: Any) -> None:
        try:
            await ctx.ask(Get(name="b"))
        finally:
            met.append(asyncio.get_running_loop())

    handling = wind_up(context())
    step(handling)
    close(handling)
    with pytest.raises(ForeignAwaitError):
        step(wind_up(Impostor()))

    assert len(met) == 2
    assert loop not in met
    assert asyncio.get_running_loop() is loop
