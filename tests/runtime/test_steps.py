"""The machine's clock is set while everything runs."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.runtime.steps import ClockWatch
from acore.storage.query import tail
from tests.storage.world import running

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "by", [DAY, -DAY, timedelta(seconds=2), timedelta(seconds=-2), timedelta(days=-9000)]
)
async def test_a_clock_that_is_set_is_told_once_and_changes_no_order(tmp_path: Path, by: timedelta) -> None:
    """J14: rows carry both clocks; what is shown stands in the order of the numbers."""
    clock = HeldClock()
    async with running(tmp_path, clock) as world:
        watch = ClockWatch(world.bus)
        for number in range(10):
            world.count(number)
            watch.look()
        clock.step_wall(by)
        for number in range(10, 20):
            world.count(number)
            watch.look()
            await clock.advance(1)
        await world.durable()

        assert world.rows("SELECT payload ->> '$.seconds' FROM journal WHERE name = 'clock.stepped'") == [
            (by.total_seconds(),)
        ]
        assert world.counted() == list(range(20))
        shown = tail(world.store.path)
        assert [row.seq for row in shown] == sorted(row.seq for row in shown)
        assert all(one.mono_ns <= other.mono_ns for one, other in pairwise(shown))
        if by < timedelta(0):
            assert any(one.wall_ns > other.wall_ns for one, other in pairwise(shown))


async def test_a_clock_that_is_slowed_down_or_sped_up_is_not_told(tmp_path: Path) -> None:
    """J14: time servers correct most clocks so; nothing steps."""
    clock = HeldClock()
    async with running(tmp_path, clock) as world:
        watch = ClockWatch(world.bus)
        for _ in range(100):
            clock.step_wall(timedelta(seconds=0.0005))
            await clock.advance(1)
            watch.look()
        await world.durable()
        assert world.rows("SELECT count(*) FROM journal WHERE name = 'clock.stepped'") == [(0,)]


async def test_timers_deadlines_and_retries_do_not_notice_it(tmp_path: Path) -> None:
    """J14."""
    clock = HeldClock()
    async with running(tmp_path, clock):
        rung: list[float] = []
        began = clock.monotonic()
        for seconds in (10.0, 20.0, 30.0):
            clock.call_later(seconds, lambda: rung.append(clock.monotonic() - began))
        await clock.advance(5)
        clock.step_wall(DAY)
        await clock.advance(10)
        clock.step_wall(-3 * DAY)
        with clock.deadline(100) as scope:
            await clock.advance(15)
        assert not scope.cancelled_caught
        assert rung == [10.0, 20.0, 30.0]
