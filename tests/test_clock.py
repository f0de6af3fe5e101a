"""Time that a test holds, and the machine's own."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest
from anyio import create_task_group, to_thread
from anyio.lowlevel import checkpoint

from acore.clock import HeldClock, RealClock, UnsettledError, instant


async def test_time_stands_still_until_it_is_advanced() -> None:
    clock = HeldClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
    before = clock.monotonic()
    await asyncio.sleep(0.001)

    assert clock.now() == datetime(2026, 3, 1, 12, tzinfo=UTC)
    await clock.advance(90)

    assert clock.now() == datetime(2026, 3, 1, 12, 1, 30, tzinfo=UTC)
    assert clock.monotonic() - before == 90


async def test_sleepers_wake_in_order_each_at_its_own_instant() -> None:
    clock = HeldClock()
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, *naps: float) -> None:
        for seconds in naps:
            await clock.sleep(seconds)
            woken.append((name, clock.monotonic() - 1000))

    async with create_task_group() as tasks:
        tasks.start_soon(sleep, "a", 5, 1)
        tasks.start_soon(sleep, "b", 2, 2, 2)
        await clock.advance(10)

    assert woken == [("b", 2), ("b", 4), ("a", 5), ("b", 6), ("a", 6)]


async def test_a_deadline_cancels_the_block_and_says_so() -> None:
    clock = HeldClock()
    caught: list[bool] = []

    async def wait(seconds: float) -> None:
        with clock.deadline(3) as scope:
            await clock.sleep(seconds)
        caught.append(scope.cancelled_caught)

    async with create_task_group() as tasks:
        tasks.start_soon(wait, 2)
        tasks.start_soon(wait, 4)
        await clock.advance(10)

    assert caught == [False, True]


async def test_what_is_cancelled_is_not_called() -> None:
    clock = HeldClock()
    called: list[str] = []
    first = clock.call_later(1, lambda: called.append("first"))
    clock.call_later(1, first.cancel)
    second = clock.call_later(1, lambda: called.append("second"))
    clock.call_later(0.5, second.cancel)

    await clock.advance(2)
    first.cancel()

    assert called == ["first"]


async def test_a_callback_that_only_looked_is_not_waited_for() -> None:
    """B29: a look every few seconds costs a simulated day next to nothing."""
    settled: list[float] = []

    class Counting(HeldClock):
        async def settle(self) -> None:
            settled.append(self.monotonic())
            await super().settle()

    clock = Counting()
    looks: list[float] = []

    def look() -> bool:
        looks.append(clock.monotonic())
        clock.call_later(1, look)
        return len(looks) == 3

    clock.call_later(1, look)
    await clock.advance(5)

    assert looks == [1001, 1002, 1003, 1004, 1005]
    assert settled == [1000, 1003]


async def test_advancing_waits_for_callbacks_that_no_task_waits_for() -> None:
    """B29: also for a long row of them, each of which sets off the next."""
    clock = HeldClock()
    seen: list[float] = []

    def go_on(left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(go_on, left - 1)
        else:
            seen.append(clock.monotonic())

    clock.call_later(1, lambda: go_on(100))
    clock.call_later(2, lambda: seen.append(clock.monotonic()))
    await clock.advance(3)

    assert seen == [1001, 1002]


async def test_advancing_waits_for_what_goes_through_sockets() -> None:
    """B29: what one end has sent is on its way to the other."""
    clock = HeldClock()
    here, there = socket.socketpair()
    seen: list[tuple[bytes, float]] = []
    with here, there:
        for end in (here, there):
            end.settimeout(0)
        loop = asyncio.get_running_loop()

        async def echo(end: socket.socket) -> None:
            for _ in range(10):
                word = await loop.sock_recv(end, 10)
                seen.append((word, clock.monotonic()))
                await loop.sock_sendall(end, word)

        async with create_task_group() as tasks:
            for end in (here, there):
                tasks.start_soon(echo, end)
            await clock.settle()
            clock.call_later(1, lambda: here.send(b"ball"))
            await clock.advance(5)
            tasks.cancel_scope.cancel()

    assert seen == [(b"ball", 1001)] * 20


async def test_however_many_steps_it_takes_as_much_time_passes() -> None:
    """B29: to the nanosecond, on the wall as well."""
    at_once, in_steps = HeldClock(), HeldClock()
    for n in range(1, 1000):
        in_steps.call_later(n / 7, lambda: None)

    for clock in (at_once, in_steps):
        await clock.advance(1000)

    assert in_steps.wall_ns() == at_once.wall_ns()
    assert in_steps.monotonic_ns() == at_once.monotonic_ns()
    assert in_steps.now() == datetime(2026, 1, 1, 0, 16, 40, tzinfo=UTC)


async def test_advancing_waits_for_what_is_under_way_in_threads() -> None:
    """B29, in part: time does not move while something real goes on."""
    clock = HeldClock()
    busy: list[str] = []
    seen: list[float] = []
    clock.watch(lambda: busy)

    async def work() -> None:
        await clock.sleep(1)
        busy.append("a thread")
        await to_thread.run_sync(sum, range(300_000))
        busy.clear()
        seen.append(clock.monotonic())

    async with create_task_group() as tasks:
        tasks.start_soon(work)
        await clock.advance(60)

        assert seen == [1001]


async def test_what_never_comes_to_rest_is_an_error_that_names_it() -> None:
    """B29."""
    clock = HeldClock(patience=0.05)
    clock.watch(lambda: ["store: 3 batches"])

    with pytest.raises(UnsettledError, match=r"still under way after 0\.05 s: store: 3 batches"):
        await clock.settle()


async def test_a_task_that_spins_is_an_error_too() -> None:
    clock = HeldClock(patience=0.05)

    async def spin() -> None:
        while True:
            await checkpoint()

    async with create_task_group() as tasks:
        tasks.start_soon(spin)
        with pytest.raises(UnsettledError, match="always ready to run"):
            await clock.settle()
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_step_of_the_wall_clock_lets_no_time_pass(hours: int) -> None:
    """J14, in part."""
    clock = HeldClock()
    called: list[int] = []
    clock.call_later(1, lambda: called.append(1))
    before, monotonic = clock.now(), clock.monotonic()

    clock.step_wall(timedelta(hours=hours))
    await clock.settle()

    assert clock.now() - before == timedelta(hours=hours)
    assert clock.monotonic() == monotonic
    assert called == []


async def test_no_time_at_all_still_lets_others_run() -> None:
    clock = HeldClock()
    trace: list[str] = []

    async def other() -> None:
        trace.append("other")

    async with create_task_group() as tasks:
        tasks.start_soon(other)
        await clock.sleep(0)
        trace.append("me")

    assert trace == ["other", "me"]


async def test_the_real_clock_sleeps_and_keeps_deadlines() -> None:
    clock = RealClock()
    before = clock.monotonic()

    await clock.sleep(0.01)
    with clock.deadline(0.01) as scope:
        await clock.sleep(60)

    assert scope.cancelled_caught
    assert 0.02 <= clock.monotonic() - before < 10
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=10)  # noqa: TID251 - compared with it


def test_an_instant_keeps_its_microseconds() -> None:
    assert instant(1_700_000_000_123_456_789) == datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
