"""The checks that every bot gets."""

from math import isfinite

from acore.checks.registry import Result, Surroundings, Tier, check
from acore.events.discord import GatewayView, Link
from acore.events.health import Health
from acore.events.metrics import MetricsView
from acore.events.store import ProbeStore, SamplesView, StoreState, StoreView
from acore.status.report import trouble_of

LATENCY_LIMIT = 5.0
"""Seconds between heartbeat and answer above which the connection counts as degraded (requirement S40)."""
LAG_LIMIT = 0.5
"""Seconds the event loop may be late before it counts as degraded."""


SILENCE_LIMIT = 30.0
"""Seconds after which the connection should have shown a sign of life: it does so every five."""
_ALL = 100  # percent


@check(Tier.CRITICAL)
async def discord_api(around: Surroundings) -> Result:
    """The connection to Discord."""
    seen = around.seen(GatewayView)
    if seen is None:
        return Result(status=Health.UNKNOWN, message="the connection has not been tried yet")
    view = seen.view
    if view.link is not Link.READY:
        reason = f": {view.reason}" if view.reason else ""
        status = Health.UNKNOWN if view.link is Link.CONNECTING else Health.UNHEALTHY
        return Result(status=status, message=f"{view.link.value}{reason}")
    silence = (around.clock.now() - seen.at).total_seconds()
    if silence > SILENCE_LIMIT:
        return Result(
            status=Health.UNKNOWN, message=f"nothing was heard of the connection for {silence:.0f} s"
        )
    if view.latency is None or not isfinite(view.latency):
        return Result(status=Health.HEALTHY, message="connected, no heartbeat answered yet")
    status = Health.DEGRADED if view.latency > LATENCY_LIMIT else Health.HEALTHY
    return Result(status=status, message=f"connected, {view.latency * 1000:.0f} ms")


@check(Tier.WARNING)
async def database(around: Surroundings) -> Result:
    """Writing to the database and reading back."""
    seen = around.seen(StoreView)
    if seen is not None and (seen.view.state is StoreState.RETRYING or seen.view.is_full):
        # Nothing is lost until memory is full too; then what is new is refused.
        status = Health.UNHEALTHY if seen.view.is_full else Health.DEGRADED
        return Result(status=status, message=trouble_of(seen.view))
    probe = await around.ask(ProbeStore())
    if probe.integrity != "ok" and not probe.integrity.startswith("not checked"):
        return Result(status=Health.UNHEALTHY, message=probe.integrity)
    size = (probe.file_bytes + probe.wal_bytes) / 1_000_000
    message = f"written and read in {probe.seconds * 1000:.0f} ms, {size:.1f} MB"
    samples = around.seen(SamplesView)
    if samples is not None and samples.view.trouble:
        message += f"; measured values are not kept: {samples.view.trouble}"
        return Result(status=Health.DEGRADED, message=message)
    return Result(status=Health.HEALTHY, message=message)


@check(Tier.WARNING)
async def performance(around: Surroundings) -> Result:
    """Processor, memory, and how late the event loop is."""
    seen, settings = around.seen(MetricsView), around.settings()
    sample = seen.view.sample if seen else None
    if sample is None or settings is None:
        return Result(status=Health.UNKNOWN, message="nothing was measured yet")
    troubles: list[str] = []
    if _is_over(sample.cpu_percent, settings.cpu_warning_threshold):
        troubles.append(f"processor {sample.cpu_percent:.0f} %")
    if _is_over(sample.memory_percent, settings.memory_warning_threshold):
        troubles.append(f"memory {sample.memory_percent:.0f} %")
    if sample.loop_lag >= LAG_LIMIT:
        troubles.append(f"event loop {sample.loop_lag * 1000:.0f} ms late")
    if troubles:
        return Result(status=Health.DEGRADED, message=", ".join(troubles))
    usage = f"processor {sample.cpu_percent:.0f} %, memory {sample.memory_percent:.0f} %"
    return Result(status=Health.HEALTHY, message=usage)


def _is_over(percent: float, limit: float) -> bool:
    # All there is, as a limit, is none: for a machine that others keep busy.
    return limit < _ALL and percent >= limit
