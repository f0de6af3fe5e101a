"""`/botstatus`: one report out of the views, whatever their actors are doing."""

from collections.abc import Iterable
from datetime import datetime
from math import isfinite
from typing import Protocol

from acore.events.discord import GatewayView, Link
from acore.events.health import CheckState, Health, HealthView
from acore.events.lifecycle import LifecycleView
from acore.events.metrics import MetricsView
from acore.events.status import OperatorPart, StatusReport
from acore.events.store import StoreState, StoreView
from acore.events.views import Seen, View
from acore.runtime.guard import rule

ALL_WRITTEN = "everything is written"
"""What is said of the journal when nothing is wrong with it."""
_WORST_FIRST = (Health.UNHEALTHY, Health.DEGRADED, Health.UNKNOWN, Health.HEALTHY)


class Showing(Protocol):
    """Where views are read."""

    def seen[V: View](self, kind: type[V]) -> Seen[V] | None:
        """Return the latest view of *kind* with its instant; None when nobody has shown one."""
        ...


@rule
def report_of(now: datetime, shown: Showing, *, is_operator: bool) -> StatusReport:
    """Return how the bot is at *now*, as far as what is *shown* tells; see `status_report`."""
    return status_report(
        now,
        gateway=shown.seen(GatewayView),
        health=shown.seen(HealthView),
        lifecycle=shown.seen(LifecycleView),
        metrics=shown.seen(MetricsView),
        store=shown.seen(StoreView),
        is_operator=is_operator,
    )


@rule
def status_report(
    now: datetime,
    *,
    gateway: Seen[GatewayView] | None,
    health: Seen[HealthView] | None,
    lifecycle: Seen[LifecycleView] | None,
    metrics: Seen[MetricsView] | None,
    store: Seen[StoreView] | None,
    is_operator: bool,
) -> StatusReport:
    """Return how the bot is at *now*, as far as the views tell; a missing view is a part not known yet.

    Args:
        now: The instant of the report.
        gateway: The connection to Discord.
        health: The checks.
        lifecycle: The process and its actors.
        metrics: The counters.
        store: The journal.
        is_operator: Whether to add what only operators see.
    """
    checks = health.view.checks if health else ()
    sample = metrics.view.sample if metrics else None
    counters = metrics.view.counters if metrics else None
    return StatusReport(
        status=overall(checks, gateway.view.link if gateway else None, store.view if store else None),
        at=now,
        connection=_connection(gateway),
        connected_since=gateway.view.since if gateway else None,
        began=lifecycle.view.began if lifecycle else None,
        latency_ms=_milliseconds(gateway.view.latency) if gateway else None,
        guilds=gateway.view.guilds if gateway else None,
        users=gateway.view.users if gateway else None,
        gateway_at=gateway.at if gateway else None,
        checks=checks,
        checks_at=health.at if health else None,
        messages_last_minute=metrics.view.messages_last_minute(now) if metrics else None,
        commands=counters.commands if counters else None,
        errors=counters.errors if counters else None,
        memory_bytes=sample.process_bytes if sample else None,
        metrics_at=metrics.at if metrics else None,
        operator=_operator_part(lifecycle, metrics, store) if is_operator else None,
    )


@rule
def overall(checks: Iterable[CheckState], link: Link | None, store: StoreView | None = None) -> Health:
    """Return the worst of checks, connection and record keeping. Nothing checked is unknown, not healthy.

    Args:
        checks: What was checked.
        link: The connection to Discord; None before anything is known of it.
        store: Record keeping; None before anything is known of it.
    """
    found = {check.status for check in checks}
    if link in {Link.LOST, Link.WAITING, Link.OFFLINE}:
        found.add(Health.UNHEALTHY)
    if store is not None and (store.is_full or store.state is StoreState.RETRYING):
        found.add(Health.UNHEALTHY if store.is_full else Health.DEGRADED)
    return next((status for status in _WORST_FIRST if status in found), Health.UNKNOWN)


def _connection(gateway: Seen[GatewayView] | None) -> str:
    if gateway is None:
        return "not started yet"
    words = {
        Link.OFFLINE: "not connected",
        Link.WAITING: "waiting to try again",
        Link.CONNECTING: "connecting",
        Link.READY: "connected",
        Link.LOST: "connection lost",
    }[gateway.view.link]
    return f"{words}: {gateway.view.reason}" if gateway.view.reason else words


def _milliseconds(latency: float | None) -> float | None:
    """Return whole milliseconds; None before the first heartbeat and in an outage, when it is inf or nan."""
    return round(latency * 1000) if latency is not None and isfinite(latency) else None


def _operator_part(
    lifecycle: Seen[LifecycleView] | None, metrics: Seen[MetricsView] | None, store: Seen[StoreView] | None
) -> OperatorPart:
    sample = metrics.view.sample if metrics else None
    return OperatorPart(
        version=lifecycle.view.version if lifecycle else "",
        commit=lifecycle.view.commit if lifecycle else "",
        messages=metrics.view.counters.messages if metrics else None,
        cpu_percent=sample.cpu_percent if sample else None,
        loop_lag=sample.loop_lag if sample else None,
        previous=lifecycle.view.previous if lifecycle else None,
        actors=lifecycle.view.actors if lifecycle else (),
        store=_store_words(store),
    )


def _store_words(store: Seen[StoreView] | None) -> str:
    if store is None:
        return "not started yet"
    if store.view.state is StoreState.WRITING and not store.view.is_full:
        return ALL_WRITTEN if store.view.lost is None else store.view.lost.words()
    return trouble_of(store.view)


@rule
def trouble_of(store: StoreView) -> str:
    """Return why the records are not written, how much waits, and how much room the disk has."""
    reason = store.reason or "the disk is too slow"
    room = "" if store.free_bytes is None else f" ({_size(store.free_bytes)} free on the disk)"
    refused = "; nothing new is taken in until there is room" if store.is_full else ""
    return f"{store.waiting} entries wait to be written: {reason}{room}{refused}"


def _size(count: int) -> str:
    if count < 10**9:
        return f"{count / 10**6:.0f} MB"
    return f"{count / 10**9:.1f} GB"
