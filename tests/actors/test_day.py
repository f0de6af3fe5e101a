"""A whole day of the core actors: nothing in it is left out, and time waits for everything."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

import msgspec
import pytest

from acore.clock import HeldClock, Timer
from acore.events.health import CheckCompleted, Health, HealthView
from acore.events.lifecycle import LifecycleView
from acore.events.metrics import MetricsView
from acore.record import Record
from acore.storage.store import Store
from tests.actors.day import DAY, in_memory, live_a_day, on_disk
from tests.actors.house import BEGAN, House
from tests.actors.memory import Memory

CORE = ("config", "lifecycle", "health", "metrics")
type Living = Callable[[Path, HeldClock], AbstractAsyncContextManager[House]]


class Attentive(HeldClock):
    """Notes what is under way whenever it moves."""

    def __init__(self) -> None:
        super().__init__()
        self.moves = 0
        self.caught: list[str] = []
        self.look: Callable[[], Iterable[str]] = lambda: ()
        self._last = self.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call *callback* when that time has come; look around first, when it is the first of its moment."""

        def come() -> object:
            if self.monotonic() != self._last:
                self._last = self.monotonic()
                self.moves += 1
                self.caught += self.look()
            return callback()

        return super().call_later(seconds, come)


class Said(Record):
    """Something that was kept, with its instant."""

    name: str
    at: datetime
    payload: bytes


def under_way(home: House) -> Iterator[str]:
    """Yield what should have ended before time moves: nothing here waits for the clock while it works."""
    yield from home.bus.under_way()
    if len(home.bus._asks._open):
        yield "somebody waits for a reply"
    if isinstance(home.keeper, Store) and home.keeper.journal.waiting:
        yield "something is not on disk yet"


async def kept(home: House) -> list[Said]:
    """Return all that was kept, in order."""
    if isinstance(home.keeper, Memory):
        entries = home.keeper.journal.entries
        return [Said(name=one.name, at=one.envelope.at, payload=one.payload) for one in entries]
    return [Said(name=row.name, at=row.at, payload=row.payload.encode()) for row in await home.rows()]


@pytest.mark.parametrize("living", [on_disk, in_memory])
async def test_a_day_passes_in_which_nothing_is_left_out(tmp_path: Path, living: Living) -> None:
    """B29: time moves only when mailboxes, questions, effects and the store are at rest."""
    clock = Attentive()
    async with living(tmp_path, clock) as home:
        clock.look = lambda: under_way(home)
        await live_a_day(home)
        clock.look = lambda: ()
        said = await kept(home)

        assert clock.now() - BEGAN >= timedelta(days=1)
        assert clock.caught == []
        assert clock.moves > 2 * DAY / 60

        def when(name: str) -> list[float]:
            return [(one.at - BEGAN).total_seconds() for one in said if one.name == name]

        assert [int(at // 60) for at in when("host.sampled")] == list(range(1440))
        assert [int(at // 30) for at in when("check.run")] == list(range(2880))
        assert when("check.completed") == when("check.run")
        assert (len(when("settings.read")), len(when("settings.loaded"))) == (1, 2)

        found = [
            msgspec.json.decode(one.payload, type=CheckCompleted)
            for one in said
            if one.name == "check.completed"
        ]
        tides = [status for status, _ in groupby(one.status for one in found)]
        assert tides == 4 * [Health.HEALTHY, Health.DEGRADED]
        (shown,) = home.view(HealthView).checks
        assert (shown.status, shown.since.hour) == (Health.DEGRADED, 21)

        counters = home.view(MetricsView).counters
        assert (counters.messages, counters.commands) == (sum(range(144)), 144)
        lines = {line.name: line for line in home.view(LifecycleView).actors}
        assert {name: lines[name].restarts for name in CORE} == dict.fromkeys(CORE, 1)
        assert all(line.is_up for line in lines.values())
