"""Every core actor, without anybody having to remember it: lived at random, replayed, and the same again."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import msgspec
import pytest
from click.testing import CliRunner

from acore.cli.soak import soak as soak_command
from acore.events import topics
from acore.events.base import Command, Event, Message
from acore.events.catalog import CATALOG, wire
from acore.events.supervision import ActorExited, ActorStarted
from acore.golden.drawn import drawn
from acore.replay.engine import replay
from acore.replay.source import RowsSource
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.soak.replay import forgotten, live, soak, subjects
from tests.actors.house import house

topics.load()
HASH_SEEDS = ("0", "1", "42", "4711", "random")
CORE = {spec.id: spec for spec in subjects()}


def test_no_core_actor_is_forgotten() -> None:
    """R20: each class in `acore.actors` that decides is among those that are replayed here."""
    assert forgotten(CORE.values()) == ()
    assert forgotten(spec for name, spec in CORE.items() if name != "metrics") == (
        "acore.actors.metrics.MetricsActor is in no replay: name it in acore/actors/core.py",
    )


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", CORE)
async def test_a_random_life_is_decided_again_as_it_was_lived(tmp_path: Path, name: str, seed: int) -> None:
    """R20, R01, R09: two runs on a real store, with timers, failures and questions that get no answer."""
    report = await live(CORE[name], seed, tmp_path, messages=30)

    assert report.problems == ()
    assert report.messages == 60
    assert report.handled > 20


@pytest.fixture(scope="module")
def in_five_processes() -> list[tuple[str, str]]:
    """The digests of the core actors, and of one that says a set, in processes with different hashes."""
    code = "from tests.replay.test_determinism import print_digests; print_digests()"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": os.defpath, "PYTHONPATH": "."},
            stdout=subprocess.PIPE,
        )
        for seed in HASH_SEEDS
    ]
    told = [one.communicate()[0] for one in started]
    return [msgspec.json.decode(one, type=tuple[str, str]) for one in told]


def print_digests() -> None:
    """Live and replay, and print the two digests: what a process with another hash does."""
    core = anyio.run(partial(soak, 1, 7, messages=6))
    jumbled = anyio.run(partial(soak, 1, 7, messages=4, specs=[ChildSpec(id="jumbled", actor=Jumbled)]))
    assert core.problems == jumbled.problems == ()
    assert core.handled > 50
    sys.stdout.write(msgspec.json.encode((core.digest, jumbled.digest)).decode())


def test_in_five_processes_with_different_hashes_it_is_the_same(
    in_five_processes: list[tuple[str, str]],
) -> None:
    """R20, R02: all that every core actor says, and what it knows at the end."""
    assert len(in_five_processes) == 5
    assert len({core for core, _ in in_five_processes}) == 1


@pytest.mark.parametrize("cls", [one.cls for one in CATALOG if one.cls.__module__.startswith("acore.")])
def test_every_message_that_is_drawn_reads_back_as_what_it_is(cls: type[Message]) -> None:
    """R20: of all that travels, also what no core actor handles."""
    chance = random.Random(3)  # noqa: S311 - the same in every run
    for _ in range(5):
        message = drawn(cls, chance, ("metrics",))
        again, payload = CATALOG.carry(message)
        assert (again, CATALOG.encode(again)) == (message, payload)


# --- would it be found?


@wire("test.determinism.asked")
class Asked(Event):
    """Somebody wants to know."""

    words: tuple[str, ...]


@wire("test.determinism.said")
class Said(Event):
    """Something was said."""

    text: str


class Nothing(msgspec.Struct):
    told: int = 0


class Cheat(Actor[Nothing]):
    """Says what it gets from elsewhere, which its class does not show."""

    def __init__(self, look: Callable[[], object]) -> None:
        super().__init__()
        self._look = look

    @handles
    async def say(self, _asked: Asked, ctx: Context) -> None:
        ctx.publish(Said(text=str(self._look())))


class Dreamer(Actor[Nothing]):
    """Knows what it gets from elsewhere, and says nothing."""

    def __init__(self, look: Callable[[], int]) -> None:
        super().__init__()
        self._look = look

    @handles
    async def say(self, _asked: Asked, _ctx: Context) -> None:
        self.state.told = self._look()


class Jumbled(Actor[Nothing]):
    """Says what is in a set, in the order that the set has it."""

    @handles
    async def say(self, asked: Asked, ctx: Context) -> None:
        ctx.publish(Said(text=" ".join({*asked.words, "a", "b", "c", "d", "e", "f"})))


class Hidden:
    """Counts, so that it is another value each time; the guard does not look into it."""

    def __init__(self) -> None:
        self.count = 0

    def look(self) -> int:
        self.count += 1
        return self.count


async def test_what_comes_from_elsewhere_is_found(tmp_path: Path) -> None:
    """R20: also where the class does not show it, since it was handed in."""
    hidden = Hidden()
    spec = ChildSpec(id="cheat", actor=Cheat, start=lambda: Cheat(hidden.look))

    report = await live(spec, 1, tmp_path, messages=4)

    assert any("The same is said with another content: cheat at entry" in one for one in report.problems)


async def test_what_is_only_known_is_found_too(tmp_path: Path) -> None:
    """R20: the state is compared, not only what is said."""
    hidden = Hidden()
    spec = ChildSpec(id="dreamer", actor=Dreamer, start=lambda: Dreamer(hidden.look))

    report = await live(spec, 1, tmp_path, messages=4)

    assert any("it knew" in one for one in report.problems)


@pytest.mark.parametrize("look", [time.monotonic_ns, random.random])
async def test_time_and_chance_are_refused_before_that(tmp_path: Path, look: Callable[[], object]) -> None:
    """R20, R06: what is handed in is looked at as well as the class."""
    with pytest.raises(BaseExceptionGroup) as caught:
        await live(ChildSpec(id="cheat", actor=Cheat, start=lambda: Cheat(look)), 1, tmp_path, messages=4)

    assert "ForbiddenNameError: Cheat uses self._look at " in repr(caught.value)


def test_the_order_of_a_set_is_found_by_another_hash(in_five_processes: list[tuple[str, str]]) -> None:
    """R20, R02: within one process it is always the same."""
    assert len({jumbled for _, jumbled in in_five_processes}) > 1


@wire("test.determinism.get")
class Get(Command[int]):
    """How many?"""


class Seen(msgspec.Struct):
    told: tuple[str, ...] = ()


class Witness(Actor[Seen]):
    """Hears of its own starts and ends, and asks for something each time it starts."""

    asks = (Get,)

    async def on_start(self, ctx: Context) -> None:
        await ctx.ask(Get())

    @handles
    async def began(self, started: ActorStarted, _ctx: Context) -> None:
        self.state.told += (f"began {started.actor} {started.incarnation}",)

    @handles
    async def ended(self, ended: ActorExited, _ctx: Context) -> None:
        self.state.told += (f"ended {ended.actor} {ended.incarnation}",)

    @handles
    async def stumble(self, _asked: Asked, _ctx: Context) -> None:
        raise ValueError("it stumbled")


class Source(EdgeActor):
    """Knows how many, but for the second time that it is asked."""

    asked = 0

    @handles
    async def tell(self, _question: Get, _io: EdgeContext) -> int:
        Source.asked += 1
        if Source.asked == 2:
            raise OSError("not now")
        return 1


async def test_what_came_before_a_start_that_failed_is_for_the_next_run(tmp_path: Path) -> None:
    """R09, R20: also the fact of that start itself, which its hook failed on."""
    quick = Backoff(first=0.1, cap=0.1, jitter=0)
    specs = (
        ChildSpec(id="source", actor=Source, backoff=quick),
        ChildSpec(id="witness", actor=Witness, backoff=quick),
    )
    async with house(tmp_path, *specs) as home:
        await home.tell(Asked(words=()))
        await home.clock.advance(200)
        lived, rows = home.state("witness"), await home.rows()

    again = replay("witness", Witness, RowsSource(rows))

    told = [one for one in msgspec.json.decode(lived, type=Seen).told if "witness" in one]
    assert told == ["ended witness 1", "began witness 2", "ended witness 2", "began witness 3"]
    assert (again.divergences, bytes(again.state)) == ((), lived)


def test_the_command_reports_to_people() -> None:
    """R20: `acore soak replay` has the full count."""
    told = CliRunner().invoke(soak_command, ["replay", "--rounds", "1", "--messages", "1", "--seed", "5"])

    assert told.exit_code == 0
    assert "every actor decided again what it had decided" in told.output
    assert "lives     4 in" in told.output
