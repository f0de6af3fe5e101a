"""Stopping together, and everything within a given time."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acore.runtime.restart import StopOrder, stop_times
from acore.runtime.spec import ChildSpec
from tests.runtime.slow import Plain, Script, Slow
from tests.runtime.stage import child, running, tree


async def test_children_that_need_no_order_stop_together() -> None:
    """S50: ten that take a second each take a second; one that takes longer is killed when its time is up."""
    script = Script()

    def slow(n: int) -> ChildSpec:
        return child(Slow, id=f"s{n}", start=lambda: Slow(script, 100 if n == 5 else 1), shutdown=3)

    async with running(
        child(Plain), tree(*(slow(n) for n in range(10)), id="group", stop_order=StopOrder.TOGETHER)
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(1)
        assert sum(line.endswith("shutdown") for line in stage.life()) == 9
        assert not stage.is_over

        await stage.clock.advance(2)

        assert stage.life()[-3:] == ["s5#1 killed", "group#1 shutdown", "plain#1 shutdown"]


async def test_a_stop_keeps_its_budget_and_leaves_something_for_the_last() -> None:
    """S51: those that hang are killed early enough; the first to start, which others need, has the rest."""
    script = Script()
    async with running(
        tree(
            child(Slow, id="writer", start=lambda: Slow(script, 3), shutdown=15),
            child(Slow, id="reader", start=lambda: Slow(script, 0)),
            id="store",
        ),
        tree(*(child(Slow, id=f"s{n}", start=lambda: Slow(script, 1000)) for n in range(3)), id="core"),
        child(Slow, id="door", start=lambda: Slow(script, 1000), shutdown=10),
        stop_within=30,
    ) as stage:
        began = stage.clock.monotonic()
        stage.system.stop()
        while not stage.is_over:
            await stage.clock.advance(0.1)

        assert stage.clock.monotonic() - began < 30
        ends = [line for line in stage.life() if "starts" not in line]
        assert ends == [
            "door#1 killed",
            "s2#1 killed",
            "s1#1 killed",
            "s0#1 killed",
            "core#1 shutdown",
            "reader#1 shutdown",
            "writer#1 shutdown",
            "store#1 shutdown",
        ]


async def test_one_that_is_the_last_of_its_branch_has_the_whole_time_of_the_branch() -> None:
    """S51: the door may take the ten seconds it asked for, of the half of twenty-four."""
    script = Script()
    async with running(
        child(Plain),
        tree(child(Slow, id="door", start=lambda: Slow(script, 9.5), shutdown=10), id="doors"),
        stop_within=24,
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(10)

        assert "door#1 shutdown" in stage.life()


@pytest.mark.parametrize("how", ["hangs", "shielded"])
async def test_a_stop_keeps_its_budget_although_nobody_heeds_it(how: str) -> None:
    """S51: kill and all."""
    script = Script()

    def stuck(name: str) -> ChildSpec:
        return child(Slow, id=name, start=lambda: Slow(script, 1000, how=how), shutdown=10)

    async with running(
        stuck("a"), tree(stuck("b"), tree(stuck("c"), id="deep"), id="sub"), stuck("d"), stop_within=20
    ) as stage:
        stage.system.stop()
        await stage.clock.advance(20)

        ends = [line.split("#")[0] for line in stage.life() if "starts" not in line]
        assert ends == ["d", "c", "deep", "b", "sub", "a"]
        script.release.set()


@given(
    st.none() | st.floats(0, 100),
    st.floats(0, 100),
    st.integers(0, 5),
)
def test_nobody_takes_more_than_its_own_time_or_more_than_half_of_what_is_left(
    own: float | None, left: float, others: int
) -> None:
    """S51."""
    limit, patience = stop_times(own, 2.0, left, others)

    assert limit >= 0
    assert own is None or limit <= own
    assert limit + patience <= left / (2 if others else 1) + 1e-9


def test_without_a_budget_everybody_has_its_own_time() -> None:
    """S39, S40."""
    assert stop_times(5.0, 2.0, None, 3) == (5.0, 2.0)
    assert stop_times(None, 2.0, None, 3) == (math.inf, 2.0)
