"""How large a message may be: the limit itself still goes, one byte more is refused where it is sent."""

import msgspec
import pytest

from acore.events.base import Command, Effect, Event, Policy, Trace
from acore.events.bus import MAX_BYTES, PayloadTooLargeError
from acore.events.catalog import wire
from acore.events.supervision import ActorExited
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from tests.runtime.stage import Stage, child, running

ME = Trace(source="test")


@wire("test.size.told")
class Told(Event):
    """Something was told."""

    text: str


@wire("test.size.push", policy=Policy.IDEMPOTENT)
class Push(Effect):
    """Push it."""

    text: str


@wire("test.size.get")
class Get(Command[str]):
    """So many characters, please."""

    count: int
    text: str = ""


@wire("test.size.go")
class Go(Event):
    """Say something short, and then in this way something of so many bytes."""

    how: str
    size: int


class Nothing(msgspec.Struct):
    pass


def fill(size: int) -> str:
    """Return a text with which what is told or pushed is encoded in *size* bytes."""
    return "x" * (size - len('{"text":""}'))


class Talker(Actor[Nothing]):
    """Says at first what may be said in any case."""

    @handles
    async def go(self, go: Go, ctx: Context) -> None:
        ctx.publish(Told(text="before"))
        if go.how == "publish":
            ctx.publish(Told(text=fill(go.size)))
        elif go.how == "perform":
            ctx.perform(Push(text=fill(go.size)))
        elif go.how == "schedule":
            ctx.schedule(0.001, Told(text=fill(go.size)))
        else:
            try:
                ctx.publish(Told(text=fill(go.size)))
            except PayloadTooLargeError:
                ctx.publish(Told(text="less"))

    @handles
    async def get(self, get: Get, _ctx: Context) -> str:
        return "x" * get.count


class Hand(EdgeActor):
    @handles
    async def push(self, _push: Push, _io: EdgeContext) -> None:
        pass


def lengths(stage: Stage) -> list[int]:
    return [len(one.text) for one in (*stage.messages(Told), *stage.messages(Push))]


async def test_the_largest_message_goes_and_a_larger_one_is_refused_where_it_is_sent() -> None:
    """B13: as a fact, an effect and a question; what is refused leaves nothing behind."""
    async with running(child(Talker), child(Hand)) as stage:
        bus, at_most, too_much = stage.bus, fill(MAX_BYTES), fill(MAX_BYTES + 1)
        room = MAX_BYTES - len('{"count":1,"text":""}')
        before, kept = bus.seq, len(stage.recorder.entries)
        for refused in (
            lambda: bus.publish(Told(text=too_much), ME),
            lambda: bus.perform(Push(text=too_much), ME),
        ):
            with pytest.raises(PayloadTooLargeError, match="it has 1000001 bytes, 1000000 are allowed"):
                refused()
        with pytest.raises(PayloadTooLargeError, match="Get was not sent: it has 1000001 bytes"):
            await bus.ask(Get(count=1, text="x" * (room + 1)), ME)
        assert (bus.seq, len(stage.recorder.entries)) == (before, kept)

        bus.publish(Told(text=at_most), ME)
        bus.perform(Push(text=at_most), ME)
        assert await bus.ask(Get(count=1, text="x" * room), ME) == "x"
        assert lengths(stage) == [len(at_most)] * 2


@pytest.mark.parametrize("how", ["publish", "perform", "schedule"])
async def test_a_handler_that_says_too_much_fails_and_has_said_nothing(how: str) -> None:
    """B13, S52: not half of it; at once, and not when what it said is on its way out."""
    async with running(child(Talker), child(Hand)) as stage:
        await stage.tell(Go(how=how, size=MAX_BYTES + 1))

        assert lengths(stage) == []
        (end,) = stage.messages(ActorExited)
        assert end.error == "PayloadTooLargeError"

        await stage.tell(Go(how=how, size=MAX_BYTES))
        assert lengths(stage) == [len("before"), len(fill(MAX_BYTES))]


async def test_a_handler_is_told_at_the_line_that_says_too_much() -> None:
    """B13: so that it may say less."""
    async with running(child(Talker)) as stage:
        await stage.tell(Go(how="try", size=MAX_BYTES + 1))

        assert [one.text for one in stage.messages(Told)] == ["before", "less"]
        assert stage.info("talker").incarnation == 1


async def test_a_reply_may_be_larger_than_a_message() -> None:
    """B13: it goes to the one who asked for it, in the same process; what the store recalls may be much."""
    async with running(child(Talker)) as stage:
        assert len(await stage.bus.ask(Get(count=2 * MAX_BYTES), ME)) == 2 * MAX_BYTES
