"""Core handlers stepped by hand: the base of replay, with no event loop at all."""

# ruff: noqa: ARG002 - what a handler takes is given

import asyncio
from contextlib import suppress

import msgspec
import pytest

from acore.events.asks import AskError, NobodyAnswersError
from acore.events.base import Command, Envelope, Event, Kind, Message, Origin, Trace
from acore.events.catalog import wire
from acore.runtime.actor import Actor, Context, Speaker
from acore.runtime.driver import Ask, Done, ForeignAwaitError, Handling, close, step
from acore.runtime.handlers import handles


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


async def nap() -> None:
    await asyncio.sleep(0)


class Patient(Actor[Total]):
    """Awaits what it must not, through a function that no look at its class can see."""

    @handles
    async def add(self, wanted: SumWanted, ctx: Context) -> None:
        await nap()

    async def swallow(self) -> int:
        with suppress(Exception):
            await nap()
        return 5

    async def insist(self) -> int:
        for _ in range(3):
            try:
                await nap()
            except BaseException:  # noqa: BLE001, S112 - the fault this is about
                continue
        return 5


def test_awaiting_anything_but_an_ask_is_an_error_that_names_file_and_line() -> None:
    line = Patient.add.__code__.co_firstlineno + 2

    with pytest.raises(ForeignAwaitError, match=rf"Patient\.add awaited .* at {__file__}:{line}"):
        step(Patient().add(SumWanted(a=1), context()))


@pytest.mark.parametrize("how", ["swallow", "insist"])
def test_a_foreign_await_counts_although_the_handler_hides_the_error(how: str) -> None:
    handling: Handling = getattr(Patient(), how)()

    with pytest.raises(ForeignAwaitError):
        step(handling)

    close(handling)
    assert getattr(handling, "cr_frame", None) is None


async def test_a_future_awaited_by_a_handler_is_foreign_too() -> None:
    future = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await future

    with pytest.raises(ForeignAwaitError, match="awaited Future"):
        step(wait())


def test_what_a_handler_raises_comes_out_as_it_is() -> None:
    async def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        step(fail())
