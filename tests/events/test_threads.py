"""The bus and threads: it belongs to one, and the others hand in what they have to say."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Thread

import anyio
import msgspec
import pytest
from anyio import to_thread

from acore.clock import HeldClock
from acore.events.asks import AskError
from acore.events.base import Command, Effect, Envelope, Event, Policy, Trace
from acore.events.bus import Bus, BusClosedError, ForeignThreadError, PayloadTooLargeError
from acore.events.catalog import InvalidMessageError, wire
from acore.events.recorder import MemoryRecorder
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles
from tests.runtime.stage import child, running

ME = Trace(source="test")


@wire("test.threads.said")
class Said(Event):
    """A thread said something."""

    n: int
    text: str = ""


@wire("test.threads.push", policy=Policy.IDEMPOTENT)
class Push(Effect):
    """Push it."""


@wire("test.threads.get")
class Get(Command[int]):
    """Get it."""


class Box:
    """An actor as the bus knows it: keeps what it is sent."""

    is_replayed = False
    is_pressed = False
    is_half_full = False
    name = "box"

    def __init__(self) -> None:
        self.got: list[Envelope] = []

    def accept(self, envelope: Envelope, /) -> None:
        self.got.append(envelope)

    def refusal(self, message: str) -> AskError | None:  # noqa: ARG002 - it refuses nothing
        return None

    def describe(self) -> str:
        return "in the box"

    def under_way(self) -> Iterator[str]:
        yield from ()


def new_bus() -> Bus:
    return Bus(HeldClock(), MemoryRecorder(), boot="test")


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def bus(box: Box) -> Bus:
    made = new_bus()
    made.join(box, events=[Said], commands=[Get], effects=[Push])
    made.open()
    return made


# --- what a thread may not do


async def test_a_thread_that_is_not_the_event_loops_cannot_send(bus: Bus, box: Box) -> None:
    """B30: whatever it is; it is told what to use, and nothing was sent."""
    for name, send in (
        ("Said", lambda: bus.publish(Said(n=1), ME)),
        ("Push", lambda: bus.perform(Push(), ME)),
        ("Get", lambda: anyio.run(bus.ask, Get(), ME)),
    ):
        with pytest.raises(
            ForeignThreadError,
            match=f"{name} was not sent: another thread than the event loop's uses publish_from_thread",
        ):
            await to_thread.run_sync(send)

    assert (bus.seq, box.got) == (0, [])
    assert bus.publish(Said(n=2), ME).seq == 1


def test_a_bus_belongs_to_the_thread_that_opens_it() -> None:
    """B30: it may be made in another one, as a program may prepare before it runs."""
    bus = new_bus()

    async def run() -> Envelope:
        bus.open()
        return bus.publish(Said(n=1), ME)

    with ThreadPoolExecutor(1) as other:
        assert other.submit(anyio.run, run).result().seq == 1

    with pytest.raises(ForeignThreadError):
        bus.publish(Said(n=2), ME)


# --- what it may


async def test_what_several_threads_say_comes_in_the_order_in_which_each_said_it(bus: Bus, box: Box) -> None:
    """B30: thousands from each, all at once, every one with its envelope."""
    threads, count = 4, 2500
    together = Barrier(threads)

    def talk(thread: int) -> list[Future[Envelope]]:
        together.wait()
        return [bus.publish_from_thread(Said(n=n), f"thread-{thread}") for n in range(count)]

    sent: dict[int, list[Future[Envelope]]] = {}
    async with anyio.create_task_group() as tasks:

        async def listen(thread: int) -> None:
            sent[thread] = await to_thread.run_sync(talk, thread)

        for thread in range(threads):
            tasks.start_soon(listen, thread)
    await bus.clock.sleep(0)

    assert [one.seq for one in box.got] == list(range(1, threads * count + 1))
    for thread in range(threads):
        own = [one for one in box.got if one.source == f"thread-{thread}"]
        assert [one.message for one in own] == [Said(n=n) for n in range(count)]
        assert [future.result(0) for future in sent[thread]] == own
    assert bus._from_threads == {}


async def test_what_a_thread_says_reaches_an_actor() -> None:
    """B30."""
    heard: list[int] = []

    class Numbers(msgspec.Struct):
        pass

    class Ear(Actor[Numbers]):
        @handles
        async def hear(self, said: Said, ctx: Context) -> None:  # noqa: ARG002 - what a handler takes is given
            heard.append(said.n)

    async with running(child(Ear)) as stage:
        await to_thread.run_sync(lambda: stage.bus.publish_from_thread(Said(n=7), "a thread"))
        await stage.clock.settle()

        assert heard == [7]


async def test_the_loops_own_thread_may_hand_in_too_for_a_little_later(bus: Bus, box: Box) -> None:
    """B30: so that nobody has to know in which thread it is."""
    sent = bus.publish_from_thread(Said(n=1), "here")
    assert box.got == []

    await bus.clock.sleep(0)

    assert sent.result(0) is box.got[0]


async def test_what_is_wrong_with_a_fact_is_told_to_the_thread_that_states_it(bus: Bus, box: Box) -> None:
    """B30, B24, B13: in its own stack."""
    bus.max_bytes = 100

    def state(fact: Said) -> None:
        bus.publish_from_thread(fact, "a thread")

    with pytest.raises(InvalidMessageError, match="Said was not sent: Expected `int`, got `str`"):
        await to_thread.run_sync(state, Said(n="1"))  # pyright: ignore[reportArgumentType]
    with pytest.raises(PayloadTooLargeError):
        await to_thread.run_sync(state, Said(n=1, text="x" * 100))
    await bus.clock.sleep(0)

    assert (box.got, bus._from_threads) == ([], {})


async def test_what_a_thread_takes_back_in_time_is_not_sent(bus: Bus, box: Box) -> None:
    """B30: and the others are."""
    first, second = (bus.publish_from_thread(Said(n=n), "here") for n in (1, 2))
    assert first.cancel()
    await bus.clock.sleep(0)

    assert [one.message for one in box.got] == [Said(n=2)]
    assert second.result(0).seq == 1


# --- before the beginning and after the end


def test_before_anything_has_begun_a_thread_is_told_so() -> None:
    """B30."""
    with pytest.raises(BusClosedError, match="Said was not sent: acore has not started yet"):
        new_bus().publish_from_thread(Said(n=1), "a thread")


async def test_after_the_end_a_thread_is_told_so(bus: Bus) -> None:
    """B30, B28."""
    bus.close()

    with pytest.raises(BusClosedError, match="Said was not sent: acore has stopped"):
        await to_thread.run_sync(bus.publish_from_thread, Said(n=1), "a thread")
    assert bus._from_threads == {}


async def test_what_was_handed_in_and_not_sent_when_all_ended_fails(bus: Bus, box: Box) -> None:
    """B30, B28: at once, so that no thread waits for it in vain; taken back before, it stays so."""
    waiting, taken_back = (bus.publish_from_thread(Said(n=n), "here") for n in (1, 2))
    taken_back.cancel()
    bus.close()

    assert isinstance(waiting.exception(0), BusClosedError)
    assert taken_back.cancelled()
    await bus.clock.sleep(0)
    assert box.got == []


def test_a_loop_that_has_ended_leaves_no_thread_waiting() -> None:
    """B30: whether it was closed before or after the fact was handed in."""
    bus = new_bus()
    loop = asyncio.new_event_loop()

    async def begin() -> None:
        bus.open()

    loop.run_until_complete(begin())
    handed_in = bus.publish_from_thread(Said(n=1), "a thread")
    loop.close()

    with pytest.raises(BusClosedError, match="Said was not sent: acore has stopped"):
        bus.publish_from_thread(Said(n=2), "a thread")
    assert not handed_in.done()
    bus.close()
    assert isinstance(handed_in.exception(0), BusClosedError)


def test_threads_that_talk_while_all_ends_get_an_envelope_or_an_error() -> None:
    """B30: every single time, and what has an envelope was sent."""
    box = Box()
    outcomes: list[Future[Envelope]] = []
    refused: list[BusClosedError] = []

    def talk(bus: Bus) -> None:
        while True:
            try:
                outcomes.append(bus.publish_from_thread(Said(n=1), "a thread"))
            except BusClosedError as error:
                refused.append(error)
                return

    for _ in range(10):
        bus = new_bus()
        bus.join(box, events=[Said])
        threads = [Thread(target=talk, args=[bus]) for _ in range(3)]

        async def run(bus: Bus = bus, threads: list[Thread] = threads) -> None:
            bus.open()
            for thread in threads:
                thread.start()
            while bus.seq < 20:
                await bus.clock.sleep(0)
            bus.close()

        anyio.run(run)
        for thread in threads:
            thread.join()

    assert len(refused) == 30
    assert all(one.done() for one in outcomes)
    sent = [one.result() for one in outcomes if one.exception() is None]
    assert sorted(id(one) for one in sent) == sorted(id(one) for one in box.got)
