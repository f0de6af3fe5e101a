"""MetricsActor: what is counted, and the latest sample of the host."""

from datetime import timedelta

import msgspec

from acore.events.metrics import (
    ActivityCounted,
    CountedAt,
    Counters,
    HostSampled,
    LoadCounters,
    MetricsView,
    within_a_minute,
)
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles


class MetricsState(msgspec.Struct):
    """Counters, the counts of the last minute, and the latest sample."""

    counters: Counters = Counters()
    recent: list[CountedAt] = []
    sample: HostSampled | None = None


class MetricsActor(Actor[MetricsState]):
    """Adds up what the gateway counts; the store keeps the same sums, so that a restart loses none."""

    asks = (LoadCounters,)

    async def on_start(self, ctx: Context) -> None:
        """Go on from what was counted before."""
        self.state.counters = await ctx.ask(LoadCounters())

    @handles
    async def count(self, counted: ActivityCounted, ctx: Context) -> None:
        """Add what was counted, unless the kept sums include it already."""
        self.state.recent = [*within_a_minute(self.state.recent, ctx.now), (ctx.now, counted.messages)]
        before = self.state.counters
        if ctx.seq > before.upto:
            self.state.counters = Counters(
                messages=before.messages + counted.messages,
                commands=before.commands + counted.commands,
                errors=before.errors + counted.errors,
                upto=ctx.seq,
            )

    @handles
    async def keep(self, sample: HostSampled, ctx: Context) -> None:
        """Keep the latest sample, and let go of counts that are older than a minute."""
        self.state.sample = sample
        # Counts may have overtaken the sample; what is a minute ahead is of a clock that was set back since.
        self.state.recent = [
            counted for counted in self.state.recent if abs(ctx.now - counted[0]) < timedelta(minutes=1)
        ]

    def view(self) -> MetricsView:
        """Show counters, the counts of the last minute, and the sample."""
        return MetricsView(
            counters=self.state.counters, recent=tuple(self.state.recent), sample=self.state.sample
        )
