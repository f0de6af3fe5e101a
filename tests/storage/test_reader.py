from pathlib import Path

from acore.clock import HeldClock, RealClock
from acore.events.base import Trace
from acore.events.discord import BudgetRead, IdentifyBudget, LoadBudget
from acore.events.metrics import Counters, LoadCounters
from acore.storage.reader import WAIT_AT_MOST
from acore.storage.sqlite import Connection
from tests.storage.world import running


async def test_a_read_sees_all_that_was_said_before_it(tmp_path: Path) -> None:
    async with running(tmp_path, RealClock()) as world:
        for number in range(1, 30):
            said = world.count(1)
            read = await world.ask(LoadCounters())
            assert read.messages == number
            assert said.seq <= read.upto <= world.bus.seq


async def test_counters_are_kept_over_starts(tmp_path: Path) -> None:
    for boot in ("boot-1", "boot-2", "boot-3"):
        async with running(tmp_path, HeldClock(), boot=boot) as world:
            world.count(2)
    async with running(tmp_path, HeldClock(), boot="boot-4") as world:
        assert (await world.ask(LoadCounters())).messages == 6


async def test_the_budget_is_kept_over_starts(tmp_path: Path) -> None:
    clock = HeldClock()
    told = IdentifyBudget(total=1000, remaining=3, resets_at=clock.now())
    async with running(tmp_path, clock) as world:
        assert await world.ask(LoadBudget()) is None
        world.say(BudgetRead(budget=told))
    async with running(tmp_path, HeldClock(), boot="boot-2") as world:
        assert await world.ask(LoadBudget()) == told


async def test_a_read_does_not_wait_for_ever_for_a_store_that_cannot_write(tmp_path: Path) -> None:
    is_full = True

    def prepare(connection: Connection) -> None:
        if is_full:
            connection.execute("PRAGMA query_only = ON")

    async with running(tmp_path, RealClock(), prepare=prepare) as world:
        world.count(5)
        began = world.bus.clock.monotonic()
        read = await world.bus.ask(LoadCounters(), Trace(source="test"), within=WAIT_AT_MOST + 30)

        assert read == Counters()  # not even `upto`: nothing is counted in
        assert world.bus.clock.monotonic() - began >= WAIT_AT_MOST
        is_full = False
