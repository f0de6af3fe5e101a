"""The bus: one synchronous stretch from a fact to the journal and every mailbox."""

from collections.abc import Iterator

import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from acore.clock import HeldClock
from acore.errors import AcoreError
from acore.events.asks import ActorStoppedError, AskError
from acore.events.base import Command, Effect, Envelope, Event, Kind, Policy, Trace
from acore.events.bus import KEPT_LETTERS, MAX_BYTES, Bus, BusClosedError, PayloadTooLargeError
from acore.events.catalog import InvalidMessageError, wire
from acore.events.recorder import MemoryRecorder
from acore.events.supervision import Burial, LetterDied
from acore.events.transport import Deliver, DirectTransport, Inbox

ME = Trace(source="test")


@wire("test.bus.said")
class Said(Event):
    """Somebody said a number."""

    n: int


@wire("test.bus.shouted")
class Shouted(Said):
    """Somebody said it loudly."""


@wire("test.bus.noise", journaled=False)
class Noise(Event):
    """Not worth keeping."""


@wire("test.bus.measured", journaled=False, projected=True)
class Measured(Event):
    """A table is made of it, the journal does not keep it."""


@wire("test.bus.push", policy=Policy.IDEMPOTENT)
class Push(Effect):
    """Push it."""


@wire("test.bus.get")
class Get(Command[int]):
    """Get it."""


@wire("test.bus.fetch")
class Fetch(Command[int]):
    """Fetch so many."""

    n: int


class Box:
    """An actor as the bus knows it: keeps what it is sent while there is room."""

    def __init__(self, name: str, bus: Bus, *, room: int = 1000) -> None:
        self.name = name
        self.bus = bus
        self.room = room
        self.got: list[Envelope] = []
        self.is_replayed = False
        self.is_pressed = False
        self.is_half_full = False
        self.is_stopped = False

    def accept(self, envelope: Envelope, /) -> None:
        if len(self.got) < self.room:
            self.got.append(envelope)
        else:
            self.bus.bury(envelope, Burial.FULL, self.name)

    def refusal(self, message: str) -> AskError | None:
        return ActorStoppedError(self.name, message) if self.is_stopped else None

    def describe(self) -> str:
        return f"{len(self.got)} in the box"

    def under_way(self) -> Iterator[str]:
        yield from (f"{self.name}: {one.seq}" for one in self.got)


@pytest.fixture
def bus() -> Bus:
    return Bus(HeldClock(), MemoryRecorder(), boot="test")


def journal(bus: Bus) -> MemoryRecorder:
    assert isinstance(bus.recorder, MemoryRecorder)
    return bus.recorder


def box(name: str, bus: Bus, *events: type[Event], room: int = 1000) -> Box:
    made = Box(name, bus, room=room)
    bus.join(made, events=events)
    return made


def seqs(of: Box) -> list[int]:
    return [envelope.seq for envelope in of.got]


def test_when_publish_returns_the_fact_is_journaled_and_in_every_mailbox(bus: Bus) -> None:
    """B01: it is no coroutine, so that nothing can come between."""
    boxes = [box(name, bus, Said) for name in "abc"]

    envelope = bus.publish(Said(n=1), ME)

    assert envelope.seq == 1
    assert [one.got for one in boxes] == [[envelope]] * 3
    (entry,) = journal(bus).entries
    assert (entry.seq, entry.envelope.id, entry.payload) == (1, envelope.id, b'{"n":1}')


async def test_a_cancelled_publisher_has_published_a_fact_to_all_or_to_none(bus: Bus) -> None:
    """B01: at whichever await the cancellation comes."""
    boxes = [box(name, bus, Said) for name in "abc"]

    for awaits in range(6):
        with CancelScope() as scope:
            for n in range(6):
                if n == awaits:
                    scope.cancel()
                bus.publish(Said(n=n), ME)
                await checkpoint()

    assert seqs(boxes[0]) == seqs(boxes[1]) == seqs(boxes[2])
    assert seqs(boxes[0]) == [entry.seq for entry in journal(bus).entries]
    assert len(boxes[0].got) == 1 + 2 + 3 + 4 + 5 + 6


def test_an_invalid_fact_is_refused_where_it_is_published(bus: Bus) -> None:
    """B24: and leaves no number, no row and no message behind."""
    listener = box("a", bus, Said)

    with pytest.raises(InvalidMessageError, match=r"Said was not sent: Expected `int`, got `str`"):
        bus.publish(Said(n="1"), ME)  # pyright: ignore[reportArgumentType]

    assert (bus.seq, journal(bus).entries, listener.got) == (0, [], [])


async def test_what_is_larger_than_any_receiver_takes_is_refused_where_it_is_sent() -> None:
    """B13: a fact as a question, by its encoded size; and it leaves nothing behind."""
    bus = Bus(HeldClock(), MemoryRecorder(), boot="test", max_bytes=len('{"n":99}'))
    listener = box("a", bus, Said)

    with pytest.raises(PayloadTooLargeError, match="Said was not sent: it has 9 bytes, 8 are allowed"):
        bus.publish(Said(n=100), ME)
    with pytest.raises(PayloadTooLargeError, match="Fetch was not sent: it has 9 bytes, 8 are allowed"):
        await bus.ask(Fetch(n=100), ME)
    assert (bus.seq, journal(bus).entries, listener.got) == (0, [], [])

    assert bus.publish(Said(n=99), ME).seq == 1
    assert MAX_BYTES < 1 << 20, "what NATS takes by default"


def test_all_see_common_events_in_the_order_of_their_numbers(bus: Bus) -> None:
    """B02."""
    some, all_ = box("some", bus, Said), box("all", bus, Event)
    for n in range(5):
        bus.publish(Said(n=n), ME)
        bus.publish(Noise(), ME)

    assert seqs(all_) == list(range(1, 11))
    assert seqs(some) == [1, 3, 5, 7, 9]


def test_a_letter_does_not_overtake_the_message_it_is_about(bus: Bus) -> None:
    """B02: though one receiver's mailbox is full before another's has been reached."""
    box("full", bus, Said, room=0)
    behind = box("behind", bus, Said, LetterDied)

    bus.publish(Said(n=1), ME)

    assert [type(one.message) for one in behind.got] == [Said, LetterDied]
    assert seqs(behind) == [1, 2]


def test_a_subscription_to_a_base_covers_kinds_that_are_made_later(bus: Bus) -> None:
    """B05."""
    listener = box("a", bus, Said)
    bus.publish(Shouted(n=1), ME)

    @wire("test.bus.sung")
    class Sung(Said):
        """Somebody sang it."""

    bus.publish(Sung(n=2), ME)

    assert [one.message for one in listener.got] == [Shouted(n=1), Sung(n=2)]


def test_who_joins_late_sees_what_comes_later(bus: Bus) -> None:
    """B08."""
    bus.publish(Said(n=1), ME)
    late = box("late", bus, Said)
    bus.publish(Said(n=2), ME)

    assert [one.message for one in late.got] == [Said(n=2)]


def test_a_subscriber_to_several_bases_gets_an_event_once(bus: Bus) -> None:
    """B04."""
    listener = box("a", bus, Said, Shouted, Event)

    bus.publish(Shouted(n=1), ME)

    assert seqs(listener) == [1]


def test_a_root_is_its_own_correlation_and_what_it_causes_keeps_it(bus: Bus) -> None:
    """B22."""
    root = bus.publish(Said(n=1), ME)
    caused = bus.publish(Said(n=2), Trace(source="a", cause=root.id, correlation=root.correlation))

    assert (root.cause, root.correlation) == ("", root.id)
    assert (caused.cause, caused.correlation) == (root.id, root.id)


def test_ids_depend_on_the_boot_and_the_source_and_on_nothing_else() -> None:
    """B23."""

    def ids(boot: str) -> list[str]:
        made = Bus(HeldClock(), MemoryRecorder(), boot=boot)
        return [made.publish(Said(n=n), Trace(source=source)).id for n in (1, 2) for source in "ab"]

    assert ids("x") == ids("x")
    assert len(set(ids("x") + ids("y"))) == 8


def test_numbers_go_on_from_where_the_journal_was() -> None:
    """J13."""
    later = Bus(HeldClock(), MemoryRecorder(), boot="test", last_seq=41)

    assert later.publish(Said(n=1), ME).seq == 42


def test_what_is_not_journaled_is_delivered_all_the_same(bus: Bus) -> None:
    listener = box("a", bus, Event)

    bus.publish(Noise(), ME)
    bus.publish(Measured(), ME)

    assert len(listener.got) == 2
    assert [(entry.name, entry.is_row) for entry in journal(bus).entries] == [("test.bus.measured", False)]


def test_an_effect_that_nobody_performs_is_buried(bus: Bus) -> None:
    """S66."""
    envelope = bus.perform(Push(), ME)

    (letter,) = bus.letters
    assert (letter.reason, letter.message, letter.message_id) == (
        "unhandled",
        "test.bus.push",
        envelope.id,
    )
    assert journal(bus).entries[-1].message == letter
    assert journal(bus).entries[-1].envelope.cause == envelope.id


def test_letters_are_counted_bounded_and_journaled(bus: Bus) -> None:
    """S66: those in memory are the latest."""
    box("full", bus, Said, room=0)

    for n in range(KEPT_LETTERS + 10):
        bus.publish(Said(n=n), ME)

    assert bus.buried[Burial.FULL] == KEPT_LETTERS + 10
    assert len(bus.letters) == KEPT_LETTERS
    assert sum(entry.name == "letter.died" for entry in journal(bus).entries) == KEPT_LETTERS + 10


def test_there_is_no_letter_about_a_letter(bus: Bus) -> None:
    """S66: its loss is counted."""
    box("full", bus, Event, room=0)

    bus.publish(Said(n=1), ME)

    assert [letter.message for letter in bus.letters] == ["test.bus.said"]
    assert [entry.name for entry in journal(bus).entries] == ["test.bus.said", "letter.died"]
    assert bus.buried[Burial.FULL] == 2


def test_a_closed_bus_takes_nothing_and_keeps_what_it_was_told(bus: Bus) -> None:
    """B28."""
    bus.publish(Said(n=1), ME)
    bus.close()

    for send in (lambda: bus.publish(Said(n=2), ME), lambda: bus.perform(Push(), ME)):
        with pytest.raises(BusClosedError):
            send()

    assert len(journal(bus).entries) == 1


async def test_a_closed_bus_answers_nothing(bus: Bus) -> None:
    """B28."""
    bus.close()

    with pytest.raises(BusClosedError, match="Get was not sent: acore has stopped"):
        await bus.ask(Get(), ME)


def test_one_receiver_for_each_command_effect_and_name(bus: Bus) -> None:
    bus.join(Box("a", bus), commands=[Get], effects=[Push])

    with pytest.raises(AcoreError, match="there is an actor named 'a' already"):
        bus.join(Box("a", bus))
    with pytest.raises(AcoreError, match="Get has a receiver already: a, not b"):
        bus.join(Box("b", bus), commands=[Get])
    with pytest.raises(AcoreError, match="Push has a receiver already: a, not c"):
        bus.join(Box("c", bus), effects=[Push])


def test_a_transport_may_deliver_later() -> None:
    """B02, in part: the seam that tests and other processes use."""
    held: list[tuple[Inbox, Envelope]] = []

    class Slow(DirectTransport):
        def way_to(self, inbox: Inbox) -> Deliver:
            return lambda envelope: held.append((inbox, envelope))

    slow = Bus(HeldClock(), MemoryRecorder(), boot="test", transport=Slow())
    listener = box("a", slow, Said)
    slow.publish(Said(n=1), ME)
    assert listener.got == []

    for inbox, envelope in held:
        inbox.accept(envelope)

    assert [one.kind for one in listener.got] == [Kind.EVENT]


def test_what_is_under_way_is_told_in_words(bus: Bus) -> None:
    """B29."""
    box("a", bus, Said)
    assert list(bus.under_way()) == []

    bus.publish(Said(n=1), ME)

    assert list(bus.under_way()) == ["a: 1"]
