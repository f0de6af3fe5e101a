"""MetricsActor: what is counted, and the latest sample of the host."""

from datetime import datetime, timedelta

import msgspec

from acore.events.metrics import ActivityCounted, Counters, HostSampled, LoadCounters, MetricsView
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles

_MINUTE = timedelta(minutes=1)


class MetricsState(msgspec.Struct):
    """Counters, the counts of the last minute, and the latest sample."""

    counters: Counters = Counters()
    recent: list[tuple[datetime, int]] = []
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
        self.state.recent = [*_recent(self.state.recent, ctx.now), (ctx.now, counted.messages)]
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
        self.state.recent = _recent(self.state.recent, ctx.now)

    def view(self) -> MetricsView:
        """Show counters, the last minute, and the sample."""
        return MetricsView(
            counters=self.state.counters,
            messages_last_minute=sum(messages for _, messages in self.state.recent),
            sample=self.state.sample,
        )


def _recent(counts: list[tuple[datetime, int]], now: datetime) -> list[tuple[datetime, int]]:
    """Return the counts of the last minute; one from the future is of a clock that was set back since."""
    return [(at, messages) for at, messages in counts if timedelta(0) <= now - at < _MINUTE]
