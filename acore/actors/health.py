"""HealthActor: which checks are due, and what they found."""

from collections.abc import Mapping

import msgspec

from acore.checks.registry import Tier
from acore.events.discord import Link, LinkChanged
from acore.events.health import CheckCompleted, CheckDue, CheckState, HealthView, RunCheck
from acore.events.settings import GetSettings, SettingsLoaded
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles

FIRST_RUN = 0.5
"""Seconds after the start at which the checks run for the first time, one after the other."""


class HealthState(msgspec.Struct):
    """The latest result of every check, the pace in force, and whether an earlier run knew more."""

    interval: int = 60
    is_recovering: bool = False
    results: dict[str, CheckState] = {}


class HealthActor(Actor[HealthState]):
    """Has each check run at its tier's pace, and keeps what it found."""

    asks = (GetSettings,)

    def __init__(self, tiers: Mapping[str, Tier]) -> None:
        """Watch over the checks named in *tiers*."""
        super().__init__()
        self._tiers = tiers

    async def on_start(self, ctx: Context) -> None:
        """Learn the pace and have every check run soon."""
        self.state.interval = (await ctx.ask(GetSettings())).health_check_interval
        self.state.is_recovering = ctx.incarnation > 1
        for place, name in enumerate(self._tiers, start=1):
            ctx.schedule(FIRST_RUN * place, CheckDue(check=name), key=name)

    @handles
    async def run(self, due: CheckDue, ctx: Context) -> None:
        """Have a check run, and note when it is due again."""
        tier = self._tiers.get(due.check)
        if tier is not None:
            ctx.perform(RunCheck(check=due.check))
            ctx.schedule(tier.interval(self.state.interval), due, key=due.check)

    @handles
    async def note(self, done: CheckCompleted, ctx: Context) -> None:
        """Keep what a check found, and since when it has found the same."""
        before = self.state.results.get(done.check)
        is_same = before is not None and before.status is done.status
        self.state.results[done.check] = CheckState(
            check=done.check,
            status=done.status,
            message=done.message,
            at=ctx.now,
            since=before.since if before is not None and is_same else ctx.now,
        )
        if all(name in self.state.results for name in self._tiers):
            self.state.is_recovering = False

    @handles
    async def look_again(self, changed: LinkChanged, ctx: Context) -> None:
        """Look at the connection as soon as it is another: its next turn may be half a minute away."""
        if "discord_api" in self._tiers and changed.link not in {Link.CONNECTING, Link.OFFLINE}:
            ctx.schedule(0.0, CheckDue(check="discord_api"), key="discord_api")

    @handles
    async def adopt(self, loaded: SettingsLoaded, _ctx: Context) -> None:
        """Take over a changed pace; it holds from each check's next run."""
        self.state.interval = loaded.facts.health_check_interval

    def view(self) -> HealthView | None:
        """Show the latest results in the order of the checks; after a restart, when all are there again."""
        if self.state.is_recovering:
            return None
        results = self.state.results
        return HealthView(checks=tuple(results[name] for name in self._tiers if name in results))
