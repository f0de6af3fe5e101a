"""The core actors under a transport that delays, repeats and reorders: what holds then as well."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.events.base import Envelope, Kind
from acore.events.catalog import CATALOG
from acore.record import Record
from acore.replay.life import REMEMBERED, STARTED, STOPPING
from acore.storage.query import Row
from tests.actors.fed import fed
from tests.actors.invariants import SoFar, look_at
from tests.actors.story import CORE, story, told_in
from tests.events.unruly import SLOWEST, Unruly

SEEDS = (1, 2, 3, 4, 5)
CALM = 8 * SLOWEST
"""Seconds in which what was set off comes to its end, though each of its steps may be delayed."""
SAID = frozenset({Kind.EVENT, Kind.EFFECT})


class Told(Record):
    """What came of one telling of the story."""

    rows: tuple[Row, ...]
    states: dict[str, bytes]
    performed: tuple[str, ...]
    stopped_at: float


async def tell(folder: Path, seed: int, clock: HeldClock, transport: Unruly | None = None) -> Told:
    """Tell the story, and look in each calm whether all is as it should be."""
    performed: list[str] = []
    async with told_in(folder, clock, performed, transport) as home:
        await clock.advance(CALM)
        await look_at(home)
        began, so_far, runs = clock.monotonic(), SoFar(home), 1
        for at, event in story(seed):
            await clock.advance(began + at - clock.monotonic())
            so_far.look()
            if at % 3600 == 0 and at:
                await look_at(home)
                runs += 1  # each has failed once in this hour
                assert {line.incarnation for line in home.lines() if line.name in CORE} == {runs}
            home.say(event)
        await clock.advance(CALM)
        assert home.ended == ["SIGTERM"], "the end is ordered once, as it was asked for first"
        stopped_at = clock.monotonic()
    rows = await home.rows()
    names = Counter(row.name for row in rows)
    assert (names["run.started"], names["run.ended"]) == (1, 1), "a run of the program is one run"
    assert names["process.end"] == 1
    return Told(
        rows=rows,
        states={name: home.state(name) for name in CORE},
        performed=tuple(performed),
        stopped_at=stopped_at,
    )


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_only_comes_twice_changes_nothing(tmp_path: Path, seed: int) -> None:
    """B02, B23: duplicates alone give the identical state, and the very decisions that there are without."""
    clock = HeldClock()
    direct = await tell(tmp_path / "direct", seed, clock)
    clock = HeldClock()
    transport = Unruly(clock, seed, slowest=0)
    again = await tell(tmp_path / "again", seed, clock, transport)

    assert transport.repeated > 300
    assert [decision(row) for row in again.rows if row.kind in SAID] == [
        decision(row) for row in direct.rows if row.kind in SAID
    ]
    assert {name: unnumbered(state) for name, state in again.states.items()} == {
        name: unnumbered(state) for name, state in direct.states.items()
    }
    for told in (direct, again):
        assert sorted(told.performed) == sorted(row.id for row in told.rows if row.name == "check.run")


@pytest.mark.parametrize("seed", SEEDS)
async def test_in_whatever_order_and_how_often_it_comes_nothing_happens_twice(
    tmp_path: Path, seed: int
) -> None:
    """B02, B23: each state, too, is that of an order which the order within each subject allows."""
    clock = HeldClock()
    transport = Unruly(clock, seed)
    told = await tell(tmp_path, seed, clock, transport)

    assert transport.repeated > 300
    came = [one.id for at, one in transport.arrived["prober"] if at <= told.stopped_at]
    assert list(told.performed) == came
    assert set(came) <= {row.id for row in told.rows if row.kind == Kind.EFFECT}
    assert not any(is_in_order(transport.arrived[name]) for name in ("lifecycle", "health", "metrics"))
    for name in CORE:
        arrived = transport.arrived[name]
        for _, subject in groupby(sorted(arrived, key=subject_of), key=subject_of):
            assert is_in_order(subject)

        again = fed(name, told.rows, arrived)

        assert again.state == told.states[name]
        said = {row.id: (row.name, row.payload) for row in told.rows if is_said_by(name, row)}
        assert said.items() <= again.said.items()
        assert again.at_once <= said.keys()


def is_in_order(arrivals: Iterable[tuple[float, Envelope]]) -> bool:
    return all(one.seq < later.seq for (_, one), (_, later) in pairwise(arrivals))


def subject_of(arrival: tuple[float, Envelope]) -> str:
    return CATALOG.of(type(arrival[1].message)).name


def is_said_by(name: str, row: Row) -> bool:
    return row.source == name and row.kind in SAID and row.name not in {STARTED, STOPPING, REMEMBERED}


def decision(row: Row) -> tuple[object, ...]:
    """Return a row without the numbers that depend on how many rows there are."""
    return row.kind, row.name, row.source, row.wall_ns, row.attempt, row.payload


def unnumbered(state: bytes) -> bytes:
    """Return a state without how far the journal was when it was recalled: that is a commit's chance."""
    return re.sub(rb'"upto":\d+', b"", state)
