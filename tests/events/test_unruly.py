"""The unruly transport: what it does to a bus, and what it may not do."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from anyio import create_task_group

from acore.clock import HeldClock
from acore.events.asks import AskError
from acore.events.base import Envelope, Event, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.recorder import MemoryRecorder
from acore.events.rest import NotIdleError
from acore.events.transport import KEPT_IDS
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from tests.events.unruly import SLOWEST, Unruly
from tests.runtime.stage import child, running

ME = Trace(source="test")


@wire("test.unruly.said")
class Said(Event):
    """Somebody said a number."""

    n: int


@wire("test.unruly.sung")
class Sung(Event):
    """Somebody sang a number."""

    n: int


class Box:
    """An actor as the bus knows it: keeps what it is brought, and when."""

    is_replayed = False
    is_pressed = False
    is_half_full = False

    def __init__(self, name: str, clock: HeldClock) -> None:
        self.name = name
        self.clock = clock
        self.got: list[tuple[float, Envelope]] = []

    def accept(self, envelope: Envelope, /) -> None:
        self.got.append((self.clock.monotonic(), envelope))

    def refusal(self, message: str) -> AskError | None:
        raise NotImplementedError(message)

    def describe(self) -> str:
        raise NotImplementedError

    def under_way(self) -> Iterator[str]:
        yield from ()

    def numbers(self, kind: type[Said | Sung] | None = None) -> list[int]:
        """Return what came, in order, each once."""
        once = list(dict.fromkeys(one.message for _, one in self.got if isinstance(one.message, Said | Sung)))
        return [one.n for one in once if kind is None or isinstance(one, kind)]


class Post:
    """A bus over an unruly transport, with two boxes that both want everything."""

    def __init__(self, seed: int, **fields: float) -> None:
        self.clock = HeldClock()
        self.transport = Unruly(self.clock, seed, **fields)
        self.recorder = MemoryRecorder()
        self.bus = Bus(self.clock, self.recorder, boot="test", transport=self.transport)
        self.boxes = [Box(name, self.clock) for name in "ab"]
        for box in self.boxes:
            self.bus.join(box, events=[Said, Sung])

    async def send(self, count: int = 100) -> None:
        """Say and sing in turn, ten times in a second."""
        for n in range(count):
            self.bus.publish(Said(n=n) if n % 2 else Sung(n=n), ME)
            await self.clock.advance(0.1)


async def test_who_listens_hears_each_fact_once() -> None:
    """B23, B08: though it comes again; of facts long past it may."""
    post = Post(1, slowest=0, again=0.9)
    with post.bus.listen(Said, Sung, capacity=10_000) as listener:
        for n in range(KEPT_IDS + 1):
            post.bus.publish(Said(n=n), ME)
        await post.clock.advance(600)
        heard = [(await anext(listener)).seq for _ in range(KEPT_IDS + 1)]

        assert heard == list(range(1, KEPT_IDS + 2))
        assert post.transport.repeated > KEPT_IDS
        assert len(listener._ids or ()) == KEPT_IDS


@pytest.mark.parametrize("seed", range(5))
async def test_each_subject_keeps_its_order_and_others_overtake_it(seed: int) -> None:
    """B02: each inbox has an order of its own, in which everything comes, and nothing too late."""
    post = Post(seed)
    await post.send()
    await post.clock.advance(SLOWEST)

    for box in post.boxes:
        assert box.numbers(Said) == list(range(1, 100, 2))
        assert box.numbers(Sung) == list(range(0, 100, 2))
        arrived = post.transport.arrived[box.name]
        assert [one.seq for _, one in arrived] == list(dict.fromkeys(one.seq for _, one in box.got))
        assert all(0 <= at - one.mono_ns / 1e9 <= SLOWEST + 1e-6 for at, one in arrived)
    one, other = (box.numbers() for box in post.boxes)
    assert len({tuple(one), tuple(other), tuple(range(100))}) == 3
    assert [entry.seq for entry in post.recorder.entries] == list(range(1, 101)), "the journal has its own"


async def test_the_same_seed_tells_the_same_story_and_another_one_another() -> None:
    """B02: so that what was found can be found again."""

    async def story(seed: int) -> list[tuple[float, int]]:
        post = Post(seed)
        await post.send()
        await post.clock.advance(600)
        return [(at, one.seq) for box in post.boxes for at, one in box.got]

    assert await story(1) == await story(1) != await story(2)


async def test_repeats_alone_bring_everything_at_once_and_some_of_it_again() -> None:
    """B23: the same envelope, at once, soon and long after."""
    post = Post(1, slowest=0, again=0.5)
    await post.send()
    for box in post.boxes:
        assert box.numbers() == list(range(100)), "what is new comes in order"
    await post.clock.advance(600)

    for box in post.boxes:
        first: dict[str, tuple[float, Envelope]] = {}
        later: list[float] = []
        for at, envelope in box.got:
            before, same = first.setdefault(envelope.id, (at, envelope))
            assert envelope is same
            later.append(at - before)
        times = Counter(envelope.id for _, envelope in box.got)
        assert set(times.values()) > {1, 2, 3}
        assert min(later) == 0
        assert max(later) > 30
    assert post.transport.repeated == sum(len(box.got) for box in post.boxes) - 200


async def test_delays_alone_bring_everything_once() -> None:
    """B02."""
    post = Post(1, again=0)
    assert not post.transport.may_repeat
    await post.send()
    await post.clock.advance(600)

    assert [len(box.got) for box in post.boxes] == [100, 100]
    assert any(one.seq > later.seq for (_, one), (_, later) in pairwise(post.boxes[0].got))


async def test_what_is_on_its_way_keeps_the_bus_from_being_idle_and_no_held_clock_from_moving() -> None:
    """B29: it is named to whoever waits for rest; the clock is what it waits for itself."""
    post = Post(1)
    post.clock.watch(lambda: (what for box in post.boxes for what in box.under_way()))
    post.bus.publish(Said(n=1), ME)
    assert sorted(post.bus.under_way()) == ["Said is on its way to a", "Said is on its way to b"]

    await post.clock.settle()
    with pytest.RaisesGroup(
        pytest.RaisesExc(NotIdleError, match="Said is on its way to a; Said is on its way to b")
    ):
        await until_idle(post, within=0.001)
    await post.clock.advance(SLOWEST)

    assert list(post.bus.under_way()) == [], "what may come again has come already"
    await until_idle(post, within=1)


async def test_the_bus_is_idle_when_what_was_on_its_way_has_been_handled() -> None:
    """B29."""

    class Ear(EdgeActor):
        @handles
        async def hear(self, said: Said, io: EdgeContext) -> None:
            await io.clock.sleep(1)
            io.publish(Sung(n=said.n))

    clock = HeldClock()
    async with running(child(Ear), clock=clock, transport=Unruly(clock, 1)) as stage:
        stage.say(Said(n=1))
        idle = stage.begin(stage.bus.idle(within=10))
        while not idle.is_done:
            assert stage.messages(Sung) == []
            await clock.advance(0.1)

        idle.outcome()
        assert stage.messages(Sung) == [Sung(n=1)]


async def until_idle(post: Post, within: float) -> None:
    """Wait for the bus to come to rest, as long as *within* on the clock."""
    async with create_task_group() as tasks:
        tasks.start_soon(post.clock.advance, within)
        await post.bus.idle(within)
