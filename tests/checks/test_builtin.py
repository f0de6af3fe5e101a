"""What the checks that every bot gets make of what is shown to them."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from acore.checks.builtin import SILENCE_LIMIT, database, discord_api, performance
from acore.checks.registry import Result
from acore.clock import HeldClock
from acore.events.base import Command
from acore.events.discord import GatewayView, Link
from acore.events.health import Health
from acore.events.metrics import Counters, HostSampled, MetricsView
from acore.events.settings import SettingsFacts
from acore.events.store import StoreProbe, StoreState, StoreView
from acore.events.views import Seen, View, Views
from tests.actors.house import BEGAN, SAMPLE, facts

OK = StoreProbe(seconds=0.004, file_bytes=2_000_000, wal_bytes=500_000, integrity="ok")


class Around:
    """What a check may look at, as the test lays it out."""

    def __init__(self, *views: View, settings: SettingsFacts | None = None, reply: object = OK) -> None:
        self.clock = HeldClock()
        self.views = Views(self.clock)
        for view in views:
            self.views.show(view, "test")
        self.facts = settings
        self.reply = reply
        self.asked: list[Command[Any]] = []

    def settings(self) -> SettingsFacts | None:
        return self.facts

    def seen[V: View](self, kind: type[V]) -> Seen[V] | None:
        return self.views.seen(kind)

    async def ask[R](self, command: Command[R]) -> R:
        self.asked.append(command)
        return self.reply  # pyright: ignore[reportReturnType] - the test gives the reply that fits


def link(link: Link, latency: float | None = None, reason: str = "") -> GatewayView:
    return GatewayView(
        link=link, since=BEGAN, reason=reason, latency=latency, guilds=None, users=None, application=None
    )


def metrics(**sample: float) -> MetricsView:
    measured = msgspec.structs.replace(SAMPLE, **sample)
    return MetricsView(counters=Counters(), recent=(), sample=measured)


@pytest.mark.parametrize(
    ("view", "status", "words"),
    [
        (link(Link.READY, 0.042), Health.HEALTHY, "connected, 42 ms"),
        (link(Link.READY, 5.0), Health.HEALTHY, "connected, 5000 ms"),
        (link(Link.READY, 5.1), Health.DEGRADED, "connected, 5100 ms"),
        (link(Link.READY, None), Health.HEALTHY, "connected, no heartbeat answered yet"),
        (link(Link.READY, float("inf")), Health.HEALTHY, "connected, no heartbeat answered yet"),
        (link(Link.READY, float("nan")), Health.HEALTHY, "connected, no heartbeat answered yet"),
        (link(Link.CONNECTING), Health.UNKNOWN, "connecting"),
        (link(Link.OFFLINE), Health.UNHEALTHY, "offline"),
        (link(Link.LOST, reason="code 1006"), Health.UNHEALTHY, "lost: code 1006"),
        (link(Link.WAITING, reason="no route"), Health.UNHEALTHY, "waiting: no route"),
    ],
)
async def test_discord_api_tells_of_the_connection(view: GatewayView, status: Health, words: str) -> None:
    assert await discord_api.run(Around(view)) == Result(status=status, message=words)


async def test_b21_discord_api_asks_nobody() -> None:
    around = Around(link(Link.READY, 0.1))
    await discord_api.run(around)

    assert around.asked == []


async def test_discord_api_is_unknown_before_there_is_a_connection() -> None:
    assert (await discord_api.run(Around())).status is Health.UNKNOWN


async def test_discord_api_does_not_trust_a_connection_that_has_fallen_silent() -> None:
    around = Around(link(Link.READY, 0.1))
    around.clock.step_wall(timedelta(seconds=SILENCE_LIMIT))
    assert (await discord_api.run(around)).status is Health.HEALTHY

    around.clock.step_wall(timedelta(seconds=1))

    assert await discord_api.run(around) == Result(
        status=Health.UNKNOWN, message="nothing was heard of the connection for 31 s"
    )


@pytest.mark.parametrize(
    ("reply", "status", "words"),
    [
        (OK, Health.HEALTHY, "written and read in 4 ms, 2.5 MB"),
        (msgspec.structs.replace(OK, integrity="not checked"), Health.HEALTHY, "2.5 MB"),
        (msgspec.structs.replace(OK, integrity="page 7 is lost"), Health.UNHEALTHY, "page 7 is lost"),
    ],
)
async def test_database_writes_and_reads(reply: StoreProbe, status: Health, words: str) -> None:
    result = await database.run(Around(reply=reply))

    assert result.status is status
    assert words in result.message


@pytest.mark.parametrize(
    ("is_full", "status", "more"),
    [
        (False, Health.DEGRADED, ""),
        (True, Health.UNHEALTHY, "; nothing new is taken in until there is room"),
    ],
)
async def test_database_tells_what_waits_and_the_free_space_while_nothing_can_be_written_and_is_not_tried(
    is_full: bool,  # noqa: FBT001 - a parameter of the test
    status: Health,
    more: str,
) -> None:
    """J07."""
    view = StoreView(
        state=StoreState.RETRYING,
        since=BEGAN,
        waiting=3,
        reason="disk full",
        is_full=is_full,
        free_bytes=4096,
    )
    around = Around(view)

    found = f"3 entries wait to be written: disk full (0 MB free on the disk){more}"
    assert await database.run(around) == Result(status=status, message=found)
    assert around.asked == []


@pytest.mark.parametrize(
    ("sample", "status", "words"),
    [
        ({}, Health.HEALTHY, "processor 12 %, memory 34 %"),
        ({"cpu_percent": 79.9}, Health.HEALTHY, "processor 80 %, memory 34 %"),
        ({"cpu_percent": 80.0}, Health.DEGRADED, "processor 80 %"),
        ({"memory_percent": 85.0}, Health.DEGRADED, "memory 85 %"),
        ({"loop_lag": 0.5}, Health.DEGRADED, "event loop 500 ms late"),
        (
            {"cpu_percent": 99.0, "memory_percent": 90.0, "loop_lag": 2.0},
            Health.DEGRADED,
            "processor 99 %, memory 90 %, event loop 2000 ms late",
        ),
    ],
)
async def test_performance_compares_with_its_limits(
    sample: dict[str, float], status: Health, words: str
) -> None:
    around = Around(metrics(**sample), settings=facts())

    assert await performance.run(around) == Result(status=status, message=words)


async def test_b7_the_memory_of_the_process_is_not_compared_with_the_machines_limit() -> None:
    sample: HostSampled = msgspec.structs.replace(SAMPLE, process_bytes=10**13)
    view = MetricsView(counters=Counters(), recent=(), sample=sample)

    assert (await performance.run(Around(view, settings=facts()))).status is Health.HEALTHY


async def test_a_limit_of_100_percent_is_never_passed() -> None:
    busy = metrics(cpu_percent=100.0, memory_percent=100.0)
    never = facts(CPU_WARNING_THRESHOLD="100", MEMORY_WARNING_THRESHOLD="100")

    assert (await performance.run(Around(busy, settings=never))).status is Health.HEALTHY


async def test_performance_takes_its_limits_from_the_settings() -> None:
    strict = facts(CPU_WARNING_THRESHOLD="10")

    assert (await performance.run(Around(metrics(), settings=strict))).status is Health.DEGRADED


@pytest.mark.parametrize(
    "around",
    [
        Around(),
        Around(metrics()),
        Around(settings=facts()),
        Around(MetricsView(counters=Counters(), recent=(), sample=None), settings=facts()),
    ],
)
async def test_performance_is_unknown_before_anything_was_measured(around: Around) -> None:
    assert (await performance.run(around)).status is Health.UNKNOWN
