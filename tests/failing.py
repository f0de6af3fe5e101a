"""The five actors, each of which fails when a test wants it."""

from acore.actors.config import ConfigActor
from acore.actors.gateway import DiscordGatewayActor
from acore.actors.health import HealthActor
from acore.actors.lifecycle import LifecycleActor
from acore.actors.metrics import MetricsActor
from acore.events.base import Event
from acore.events.catalog import wire
from acore.runtime.actor import Context
from acore.runtime.edge import EdgeContext
from acore.runtime.handlers import handles


@wire("test.struck")
class Struck(Event):
    """The actor of this name is to fail on this message."""

    actor: str
    why: str = ""


class StruckError(Exception):
    """The failure that a test asked for."""


def fail_if(name: str, struck: Struck) -> None:
    """Fail when it is *name* that is struck."""
    if struck.actor == name:
        raise StruckError(struck.why or f"{name} was struck")


class FragileConfig(ConfigActor):
    @handles
    async def fail(self, struck: Struck, _ctx: Context) -> None:
        fail_if("config", struck)


class FragileHealth(HealthActor):
    @handles
    async def fail(self, struck: Struck, _ctx: Context) -> None:
        fail_if("health", struck)


class FragileMetrics(MetricsActor):
    @handles
    async def fail(self, struck: Struck, _ctx: Context) -> None:
        fail_if("metrics", struck)


class FragileLifecycle(LifecycleActor):
    @handles
    async def fail(self, struck: Struck, _ctx: Context) -> None:
        fail_if("lifecycle", struck)


class FragileGateway(DiscordGatewayActor):
    @handles
    async def fail(self, struck: Struck, _io: EdgeContext) -> None:
        fail_if("gateway", struck)
