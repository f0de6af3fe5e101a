"""HealthActor: which checks are due, and what they found."""

from collections.abc import Mapping

import msgspec

from acore.checks.registry import Tier
from acore.events.health import CheckCompleted, CheckDue, CheckState, HealthView, RunCheck
from acore.events.settings import GetSettings, SettingsLoaded
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles

FIRST_RUN = 0.5
"""Seconds after the start at which the checks run for the first time, one after the other."""


class HealthState(msgspec.Struct):
    """The latest result of every check, and the pace in force."""

    interval: int = 60
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

    @handles
    async def adopt(self, loaded: SettingsLoaded, _ctx: Context) -> None:
        """Take over a changed pace; it holds from each check's next run."""
        self.state.interval = loaded.facts.health_check_interval

    def view(self) -> HealthView:
        """Show the latest results in the order of the checks."""
        results = self.state.results
        return HealthView(checks=tuple(results[name] for name in self._tiers if name in results))
