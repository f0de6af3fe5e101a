"""Some hours in the life of the core actors, by a seed: what comes from outside, and who fails when."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import msgspec

from acore.actors.files import FilesActor
from acore.actors.prober import ProberActor
from acore.checks.registry import Check, Result, Surroundings, Tier, check
from acore.clock import HeldClock
from acore.events.base import Event
from acore.events.discord import Link, LinkChanged
from acore.events.health import CheckCompleted, Health, RunCheck
from acore.events.lifecycle import StopRequested
from acore.events.metrics import ActivityCounted
from acore.events.settings import ReloadRequested
from acore.events.transport import Transport
from acore.runtime.actor import Actor
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import Backoff, RestartType
from acore.runtime.spec import ChildSpec
from acore.storage.sqlite import Connection
from tests.actors.house import SAMPLE, House, core, health, house, loaded
from tests.failing import FragileConfig, FragileHealth, FragileLifecycle, FragileMetrics, Struck

HOURS = 2
PACES = (120, 60, 90)
"""HEALTH_CHECK_INTERVAL, as the files say it at first, after one reload, after two."""
_HOUR, _LAST_MINUTES = 3600, 120


@check(Tier.CRITICAL)
async def discord_api(_around: Surroundings) -> Result:
    """A check that is also made when the connection changes."""
    return Result(status=Health.HEALTHY, message="connected")


@check(Tier.WARNING)
async def swaying(around: Surroundings) -> Result:
    """A check that finds something else every few minutes."""
    minute = int(around.clock.monotonic() // 60)
    status = Health.DEGRADED if minute % 7 < 3 else Health.HEALTHY
    return Result(status=status, message=f"in minute {minute}")


@check(Tier.INFO)
async def seldom(_around: Surroundings) -> Result:
    """A check that is made seldom."""
    return Result(status=Health.HEALTHY, message="fine")


CHECKS: Mapping[str, Check] = MappingProxyType({one.name: one for one in (discord_api, swaying, seldom)})

BUILD: dict[str, Callable[[], Actor[Any]]] = {
    "config": FragileConfig,
    "lifecycle": FragileLifecycle,
    "health": lambda: FragileHealth({name: one.tier for name, one in CHECKS.items()}),
    "metrics": FragileMetrics,
}
"""How each core actor is made anew."""
CORE = tuple(BUILD)


class CountingProber(ProberActor):
    """Keeps the id of every effect that it performs."""

    def __init__(self, performed: list[str]) -> None:
        super().__init__(CHECKS)
        self._performed = performed

    @handles
    async def run_check(self, wanted: RunCheck, io: EdgeContext) -> CheckCompleted:
        assert io.handling is not None
        self._performed.append(io.handling.id)
        return await super().run_check(wanted, io)


class Guest(EdgeActor):
    """Leaves for good soon after it came."""

    async def run(self, io: EdgeContext) -> None:
        io.ready()
        await io.clock.sleep(0.2)


@asynccontextmanager
async def told_in(
    folder: Path, clock: HeldClock, performed: list[str], transport: Transport | None
) -> AsyncGenerator[House]:
    """Run the core actors, each of which fails when it is struck, and the edges of the story."""
    files = cycle([loaded(HEALTH_CHECK_INTERVAL=str(pace)) for pace in PACES])
    first = next(files)
    actors = (
        ChildSpec(id="files", actor=FilesActor, start=lambda: FilesActor(first, lambda: next(files))),
        ChildSpec(id="prober", actor=CountingProber, start=partial(CountingProber, performed)),
        *core(config=FragileConfig, lifecycle=FragileLifecycle),
        health(FragileHealth, CHECKS),
        *core(metrics=FragileMetrics),
        ChildSpec(id="guest", actor=Guest, restart=RestartType.TRANSIENT),
    )
    # How long a restart takes must not be chance here, or no two tellings could be compared.
    steady = (msgspec.structs.replace(spec, backoff=Backoff(jitter=0)) for spec in actors)
    async with house(folder, *steady, clock=clock, transport=transport, prepare=_in_a_hurry) as home:
        yield home


def story(seed: int) -> Iterator[tuple[float, Event]]:
    """Yield what happens in one hour after the other, with the second of it; the last minutes are calm.

    In each hour every core actor fails once. Before the calm, samples and counts come in quick turn.
    """
    dice = Random(seed)  # noqa: S311 - a story, no secret
    for hour in range(HOURS):
        began, end = hour * _HOUR, (hour + 1) * _HOUR - _LAST_MINUTES
        events: list[Event] = [*(Struck(actor=name) for name in CORE)]
        events += [ActivityCounted(messages=dice.randrange(9), commands=dice.randrange(3)) for _ in range(40)]
        events += [LinkChanged(link=link) for link in dice.choices(list(Link), k=4)]
        events += [ReloadRequested(by="SIGHUP")] * 3
        # Much comes in a few busy seconds, and who fails then fails among it.
        busy = [dice.uniform(began + 60, end) for _ in range(4)]
        moments = [(dice.choice([dice.uniform(began + 60, end), *busy]), event) for event in events]
        moments = [(at + dice.uniform(0, 4), event) for at, event in moments]
        moments += [(began + 60 * minute, SAMPLE) for minute in range(58)]
        for n in range(0, 20, 2):
            moments.append((end + 60 + n / 2, ActivityCounted(messages=n)))
            moments.append((end + 60.5 + n / 2, msgspec.structs.replace(SAMPLE, cpu_percent=float(n))))
        yield from sorted(moments, key=lambda moment: moment[0])
    yield HOURS * _HOUR, StopRequested(by="SIGTERM")
    yield HOURS * _HOUR + 1, StopRequested(by="somebody else")


def _in_a_hurry(connection: Connection) -> None:
    """Wait for no disk: the machine does not lose power in this story."""
    connection.execute("PRAGMA synchronous = OFF")
