"""Listeners: facts heard without being an actor."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.events.base import Envelope, Event, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.listener import Listener
from acore.events.recorder import MemoryRecorder
from tests.storage.world import running

ME = Trace("test")


@wire("test.listener.said")
class Said(Event):
    """Somebody said a number."""

    n: int


@wire("test.listener.other")
class Other(Event):
    """Something else happened."""


@pytest.fixture
def bus() -> Bus:
    return Bus(HeldClock(), MemoryRecorder(), boot="test")


def say(bus: Bus, *numbers: int) -> None:
    for n in numbers:
        bus.publish(Said(n=n), ME)


async def take(listener: Listener, count: int) -> list[int]:
    return [said(await anext(listener)) for _ in range(count)]


def said(envelope: Envelope) -> int:
    assert isinstance(envelope.message, Said)
    return envelope.message.n


async def rest(listener: Listener) -> list[int]:
    return [said(envelope) async for envelope in listener]


async def test_a_listener_hears_what_is_said_from_then_on_in_order(bus: Bus) -> None:
    """B08: and nothing of what it did not ask for."""
    say(bus, 1)
    with bus.listen(Said) as listener:
        bus.publish(Other(), ME)
        say(bus, 2, 3)

        assert await take(listener, 2) == [2, 3]


async def test_who_stops_listening_hears_nothing_new_and_still_has_what_waits(bus: Bus) -> None:
    """B06: stopping again changes nothing."""
    listener = bus.listen(Said)
    say(bus, 1, 2)
    listener.close()
    listener.close()
    say(bus, 3)

    assert await rest(listener) == [1, 2]
    assert bus._inboxes == {}


async def test_what_waits_can_be_thrown_away(bus: Bus) -> None:
    """B06."""
    listener = bus.listen(Said)
    say(bus, 1, 2)
    listener.close(purge=True)

    assert await rest(listener) == []


async def test_who_listens_once_hears_one_fact_though_two_wait(bus: Bus) -> None:
    """B06."""
    listener = bus.listen(Said, once=True)
    say(bus, 1, 2)

    assert await rest(listener) == [1]


async def test_joining_or_leaving_while_a_fact_is_delivered_does_not_change_who_gets_it(bus: Bus) -> None:
    """B06."""
    heard: list[str] = []
    late: list[Listener] = []

    class Fickle:
        is_replayed = is_pressed = is_half_full = False

        def __init__(self, name: str) -> None:
            self.name = name

        def accept(self, envelope: Envelope, /) -> None:
            heard.append(f"{self.name} {said(envelope)}")
            bus.leave(second)
            late.append(bus.listen(Said))

        def refusal(self, message: str) -> None: ...

        def describe(self) -> str:
            return ""

        def under_way(self) -> Iterator[str]:
            yield from ()

    first, second = Fickle("first"), Fickle("second")
    bus.join(first, events=[Said])
    bus.join(second, events=[Said])

    say(bus, 1)
    assert heard == ["first 1", "second 1"]
    assert [len(one._mailbox) for one in late] == [0, 0]
    say(bus, 2)
    assert heard == ["first 1", "second 1", "first 2"]


async def test_too_much_for_a_listener_costs_the_oldest_and_is_told(bus: Bus) -> None:
    """B10: never silent."""
    with bus.listen(Said, capacity=3) as listener:
        say(bus, 1, 2, 3, 4, 5)

        assert await take(listener, 3) == [3, 4, 5]
    assert [(letter.actor, letter.reason) for letter in bus.letters] == [("listener-1", "full")] * 2


@pytest.mark.parametrize("since", [0, 2, 5])
async def test_who_comes_late_hears_the_journal_first_without_gap_or_repetition(bus: Bus, since: int) -> None:
    """B08: facts said while the past is read come once, after it."""
    say(bus, 1, 2, 3, 4, 5)
    with bus.listen(Said, since=since) as listener:
        say(bus, 6)
        first = await take(listener, 1)
        say(bus, 7)

        assert first + await take(listener, 6 - since) == list(range(since + 1, 8))


async def test_the_past_of_a_real_store_joins_the_present(tmp_path: Path) -> None:
    """B08: over several pages, also what is not on disk yet."""
    async with running(tmp_path, HeldClock()) as world:
        before = world.bus.seq
        for n in range(1200):
            world.bus.publish(Said(n=n), ME)
        with world.bus.listen(Said, since=before) as listener:
            world.bus.publish(Said(n=1200), ME)

            assert await take(listener, 1201) == list(range(1201))
