"""A day of the core actors, as they live it by themselves: to be told in seconds, and to be measured."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from acore.actors.host import HostActor
from acore.checks.registry import Check, Result, Surroundings, Tier, check
from acore.clock import HeldClock
from acore.events.base import Event
from acore.events.health import Health
from acore.events.metrics import ActivityCounted
from acore.events.settings import ReloadRequested
from acore.host.reader import HostReader, Reading
from acore.runtime.spec import ChildSpec
from tests.actors.house import House, core, health, house, inhabited, prober
from tests.actors.memory import Memory
from tests.failing import FragileConfig, FragileHealth, FragileLifecycle, FragileMetrics, Struck

DAY = 86_400
_HOUR, _TEN_MINUTES = 3600, 600


class Machine(HostReader):
    """A machine that is always the same."""

    def read(self) -> Reading:
        return Reading(
            cpu_percent=1.0,
            memory_percent=2.0,
            process_bytes=3,
            process_cpu_percent=4.0,
            disk_percent=5.0,
        )


@check(Tier.CRITICAL)
async def tide(around: Surroundings) -> Result:
    """A check that finds something else every three hours."""
    is_low = around.clock.now().hour % 6 >= 3
    return Result(status=Health.DEGRADED if is_low else Health.HEALTHY, message="low" if is_low else "high")


CHECKS: Mapping[str, Check] = MappingProxyType({"tide": tide})

INCIDENTS: Mapping[int, Event] = MappingProxyType(
    {
        2 * _HOUR: Struck(actor="metrics"),
        5 * _HOUR: ReloadRequested(by="SIGHUP"),
        8 * _HOUR: Struck(actor="health"),
        14 * _HOUR: Struck(actor="config"),
        20 * _HOUR: Struck(actor="lifecycle"),
    }
)
"""What happens beside the daily round, by the second of the day: each core actor fails once."""


def everybody(folder: Path) -> tuple[ChildSpec, ...]:
    """Describe the core actors, what checks for them and what samples the machine."""
    machine = Machine(folder)
    return (
        prober(CHECKS),
        *core(config=FragileConfig, lifecycle=FragileLifecycle),
        health(FragileHealth, CHECKS),
        *core(metrics=FragileMetrics),
        ChildSpec(id="host", actor=HostActor, start=lambda: HostActor(machine)),
    )


@asynccontextmanager
async def on_disk(folder: Path, clock: HeldClock) -> AsyncGenerator[House]:
    """Run them over the real store."""
    async with house(folder, *everybody(folder), clock=clock) as home:
        yield home


@asynccontextmanager
async def in_memory(folder: Path, clock: HeldClock) -> AsyncGenerator[House]:
    """Run them with nothing but a list to keep what they say."""
    async with inhabited(Memory(), everybody(folder), boot="boot-1", clock=clock) as home:
        yield home


async def live_a_day(home: House) -> None:
    """Let a day pass: checks, samples, some messages on Discord, and what goes wrong."""
    for second in range(0, DAY, _TEN_MINUTES):
        home.say(ActivityCounted(messages=second // _TEN_MINUTES, commands=1))
        if (incident := INCIDENTS.get(second)) is not None:
            home.say(incident)
        await home.clock.advance(_TEN_MINUTES)
