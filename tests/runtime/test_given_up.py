"""Runs that were given up on and wake later; handlings that fail together; what a retry asks."""

from pathlib import Path

import msgspec
import pytest
from anyio import CancelScope, sleep_forever
from anyio import Event as Flag

from acore.events.asks import ActorCrashedError
from acore.events.base import Command, Effect, Event, Policy, Trace
from acore.events.catalog import wire
from acore.events.supervision import ActorExited
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartType, SpecError
from acore.runtime.spec import ChildSpec
from tests.actors.house import house
from tests.replay.world import replay
from tests.runtime.stage import child, running, tree

ME = Trace("test")


@wire("test.given_up.tick")
class Tick(Event):
    """Something is to be done."""

    n: int


@wire("test.given_up.get")
class Get(Command[int]):
    """Which attempt is it?"""


@wire("test.given_up.poke", policy=Policy.IDEMPOTENT)
class Poke(Effect):
    """Poke something outside."""

    n: int


@wire("test.given_up.fire", policy=Policy.AT_MOST_ONCE)
class Fire(Effect):
    """Do something outside that must not be done twice."""


@wire("test.given_up.summed")
class Summed(Event):
    """There is a sum."""

    total: int


class Stuck(EdgeActor):
    """Hangs on the first message of its first run, whatever cancels it."""

    def __init__(self, gate: Flag, log: list[tuple[int, int]]) -> None:
        self.gate = gate
        self.log = log

    @handles
    async def tick(self, tick: Tick, io: EdgeContext) -> None:
        if (tick.n, io.incarnation) == (1, 1):
            with CancelScope(shield=True):
                await self.gate.wait()
        self.log.append((tick.n, io.incarnation))

    @handles
    async def get(self, _get: Get, io: EdgeContext) -> int:
        if io.incarnation == 1:
            with CancelScope(shield=True):
                await self.gate.wait()
        return io.incarnation


def stuck(gate: Flag, log: list[tuple[int, int]]) -> ChildSpec:
    return child(Stuck, start=lambda: Stuck(gate, log), shutdown=1.0, handler_timeout=10.0)


async def test_a_run_that_wakes_after_it_was_given_up_takes_no_message_and_leaves_its_successor_alone() -> (
    None
):
    """S42: neither the messages that wait, nor the wake-up of the run that is there now."""
    gate, log = Flag(), list[tuple[int, int]]()
    async with running(stuck(gate, log)) as stage:
        await stage.tell(Tick(n=1))
        await stage.clock.advance(40)
        assert stage.life()[-1] == "stuck#2 starts"
        await stage.tell(Tick(n=2))

        gate.set()
        await stage.clock.settle()
        await stage.tell(Tick(n=3), Tick(n=4))
        await stage.bus.idle()

        assert [entry for entry in log if entry[0] > 1] == [(2, 2), (3, 2), (4, 2)]
        await stage.clock.advance(600)
        assert stage.info("stuck").incarnation == 2


async def test_who_asked_a_run_that_was_given_up_is_told_when_the_next_one_starts() -> None:
    """B19: not at its own deadline."""
    gate = Flag()
    async with running(stuck(gate, [])) as stage:
        asked = stage.begin(stage.bus.ask(Get(), ME, within=1000))
        await stage.clock.advance(40)
        assert asked.is_done
        gate.set()
        await stage.clock.settle()

    with pytest.raises(ActorCrashedError):
        asked.outcome()


class Hanging(EdgeActor):
    def __init__(self, log: list[int]) -> None:
        self.log = log

    @handles
    async def poke(self, poke: Poke, _io: EdgeContext) -> None:
        self.log.append(poke.n)
        await sleep_forever()

    @handles
    async def fire(self, _fire: Fire, _io: EdgeContext) -> None:
        self.log.append(0)
        raise OSError("no answer")


@pytest.mark.parametrize("attempts", [1, 2])
async def test_two_that_take_too_long_in_one_run_are_each_given_up_once(attempts: int) -> None:
    """S57, S65."""
    log: list[int] = []
    spec = child(Hanging, start=lambda: Hanging(log), handler_timeout=10.0, max_attempts=attempts)
    async with running(spec) as stage:
        stage.bus.perform(Poke(n=1), ME)
        stage.bus.perform(Poke(n=2), ME)
        await stage.clock.advance(300)

    assert sorted(log) == sorted([1, 2] * attempts)


async def test_an_effect_that_must_not_happen_twice_gets_no_second_attempt() -> None:
    """S65: whatever the actor's spec says."""
    log: list[int] = []
    async with running(child(Hanging, start=lambda: Hanging(log), max_attempts=3)) as stage:
        stage.bus.perform(Fire(), ME)
        await stage.clock.advance(10)

    assert log == [0]


async def test_a_run_that_fails_ends_though_a_task_of_it_hangs() -> None:
    """S41, S54: it is killed, given up and replaced."""

    class Half(EdgeActor):
        async def run(self, io: EdgeContext) -> None:
            io.spawn(self.hang)
            io.ready()
            if io.incarnation == 1:
                await io.clock.sleep(1)
                raise ConnectionError("lost")
            await io.stopping.wait()

        async def hang(self) -> None:
            with CancelScope(shield=True):
                await release.wait()

    release = Flag()
    async with running(child(Half, shutdown=1.0)) as stage:
        await stage.clock.advance(60)

        assert stage.info("half").incarnation == 2
        assert "ConnectionError: lost" in stage.messages(ActorExited)[0].reason
        release.set()


async def test_a_branch_that_is_just_over_can_be_asked_to_drain() -> None:
    """S48, S59: it is no fault of anybody."""

    class Quits(Actor[msgspec.Struct]):
        @handles
        async def tick(self, _tick: Tick, _ctx: Context) -> None:
            raise ValueError("no more")

    branch = tree(child(Quits), id="sub", restart=RestartType.TEMPORARY)
    async with running(branch) as stage:
        await stage.system.stop_child("sub", drain=True)

        assert stage.error is None
        assert not stage.is_over


async def test_a_name_in_a_supervisors_own_spec_is_kept_for_it() -> None:
    """S68: also while the temporary child of that name has ended."""

    class Short(Actor[msgspec.Struct]):
        @handles
        async def tick(self, _tick: Tick, ctx: Context) -> None:
            ctx.stop()

    async with running(tree(child(Short, id="temp", restart=RestartType.TEMPORARY), id="sub")) as stage:
        await stage.tell(Tick(n=1))

        with pytest.raises(SpecError, match="is kept for a child of sub"):
            await stage.system.start_child("root", child(Short, id="temp"))


async def test_a_schedule_without_a_delay_is_part_of_a_storm() -> None:
    """B15."""

    class Echo(Actor[msgspec.Struct]):
        @handles
        async def tick(self, tick: Tick, ctx: Context) -> None:
            ctx.schedule(0, Tick(n=tick.n + 1))

    async with running(child(Echo)) as stage:
        await stage.tell(Tick(n=0))

        assert len(stage.entries(Tick)) < 100
        assert ("loop", "echo", "test.given_up.tick") in stage.letters()


class Total(msgspec.Struct):
    value: int = 0


class Counter(EdgeActor):
    def __init__(self) -> None:
        self.count = 0

    @handles
    async def get(self, _get: Get, _io: EdgeContext) -> int:
        self.count += 1
        return self.count


class Retrying(Actor[Total]):
    asks = (Get,)

    @handles
    async def tick(self, _tick: Tick, ctx: Context) -> None:
        self.state.value = await ctx.ask(Get())
        if ctx.attempt == 1:
            raise ValueError("once more")
        ctx.publish(Summed(total=self.state.value))


async def test_what_a_second_attempt_is_told_is_journaled_and_replayed(tmp_path: Path) -> None:
    """S65, R08: it is another question than that of the first, also in a real store."""
    specs = (
        ChildSpec(id="counter", actor=Counter),
        ChildSpec(id="retrying", actor=Retrying, max_attempts=2),
    )
    async with house(tmp_path, *specs) as home:
        await home.tell(Tick(n=1))
        await home.clock.advance(5)
        again = replay("retrying", Retrying, await home.rows())

        assert again.divergences == ()
        assert msgspec.json.decode(again.state, type=Total).value == 2
        assert bytes(again.state) == home.state("retrying")
