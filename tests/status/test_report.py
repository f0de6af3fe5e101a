"""The status report: whatever is known, and never more."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from acore.events.discord import GatewayView, Link
from acore.events.health import CheckState, Health, HealthView
from acore.events.lifecycle import ActorLine, LifecycleView, PastRun
from acore.events.metrics import Counters, MetricsView
from acore.events.status import StatusReport
from acore.events.store import JournalLost, Loss, StoreState, StoreView
from acore.events.views import Seen, View
from acore.status.report import overall, status_report
from tests.actors.house import SAMPLE

NOW = datetime(2026, 1, 2, tzinfo=UTC)
BEFORE = NOW - timedelta(hours=1)


def seen[V: View](view: V, at: datetime = NOW) -> Seen[V]:
    return Seen(view=view, at=at, source="test")


def gateway(link: Link = Link.READY, latency: float | None = 0.0421, reason: str = "") -> Seen[GatewayView]:
    return seen(
        GatewayView(
            link=link, since=BEFORE, reason=reason, latency=latency, guilds=2, users=30, application=None
        )
    )


def found(status: Health, name: str = "database") -> CheckState:
    return CheckState(check=name, status=status, message="found", at=NOW, since=BEFORE)


HEALTH = seen(HealthView(checks=(found(Health.HEALTHY),)), BEFORE)
LIFECYCLE = seen(
    LifecycleView(
        began=BEFORE,
        version="1.2.3",
        commit="0123456789ab",
        is_stopping=False,
        previous=PastRun(boot="b", began=BEFORE, version="1.2.2"),
        actors=(ActorLine(name="config", is_up=True, incarnation=1, since=BEFORE),),
    )
)
METRICS = seen(
    MetricsView(
        counters=Counters(messages=9, commands=8, errors=7),
        recent=((NOW - timedelta(seconds=59), 6),),
        sample=SAMPLE,
    ),
    BEFORE,
)
STORE = seen(StoreView(state=StoreState.WRITING, since=BEFORE, waiting=0))


def report(
    *,
    gateway: Seen[GatewayView] | None = None,
    health: Seen[HealthView] | None = None,
    lifecycle: Seen[LifecycleView] | None = None,
    metrics: Seen[MetricsView] | None = None,
    store: Seen[StoreView] | None = None,
    is_operator: bool = False,
) -> StatusReport:
    return status_report(
        NOW,
        gateway=gateway,
        health=health,
        lifecycle=lifecycle,
        metrics=metrics,
        store=store,
        is_operator=is_operator,
    )


def test_everything_known_is_told() -> None:
    told = report(gateway=gateway(), health=HEALTH, lifecycle=LIFECYCLE, metrics=METRICS, store=STORE)

    assert told.status is Health.HEALTHY
    assert (told.connection, told.connected_since) == ("connected", BEFORE)
    assert (told.began, told.latency_ms, told.guilds, told.users) == (BEFORE, 42, 2, 30)
    assert (told.checks, told.checks_at) == (HEALTH.view.checks, BEFORE)
    assert (told.messages_last_minute, told.commands, told.errors) == (6, 8, 7)
    assert told.memory_bytes == 56_000_000
    assert told.operator is None


def test_what_is_told_says_when_it_was_last_right() -> None:
    told = report(gateway=gateway(), health=HEALTH, metrics=METRICS)

    assert (told.gateway_at, told.checks_at, told.metrics_at) == (NOW, BEFORE, BEFORE)


@pytest.mark.parametrize(
    ("ages", "messages"), [((0, 30, 59), 3), ((59, 60), 1), ((60, 119), 0), ((), 0), ((-1, 5), 1)]
)
def test_messages_per_minute_are_those_of_the_minute_before_the_question(
    ages: tuple[int, ...], messages: int
) -> None:
    recent = tuple((NOW - timedelta(seconds=age), 1) for age in ages)
    quiet = seen(MetricsView(counters=Counters(), recent=recent, sample=None), BEFORE)

    assert report(metrics=quiet).messages_last_minute == messages


def test_b24_nothing_checked_is_unknown_and_not_healthy() -> None:
    assert report().status is Health.UNKNOWN
    assert report(gateway=gateway(), health=seen(HealthView(checks=()))).status is Health.UNKNOWN


def test_right_after_the_start_everything_is_unknown() -> None:
    told = report(is_operator=True)

    assert told.connection == "not started yet"
    nothing = (told.connected_since, told.began, told.latency_ms, told.guilds, told.users)
    ages = (told.gateway_at, told.checks_at, told.metrics_at)
    assert set(nothing + ages) == {None}
    assert {told.messages_last_minute, told.commands, told.errors, told.memory_bytes} == {None}
    assert told.operator is not None
    assert (told.operator.store, told.operator.actors) == ("not started yet", ())


@pytest.mark.parametrize("has", list(product([True, False], repeat=5)), ids=lambda has: f"{has}")
@pytest.mark.parametrize("is_operator", [True, False])
def test_each_missing_view_is_a_part_not_known_yet(has: tuple[bool, ...], *, is_operator: bool) -> None:
    with_gateway, with_health, with_lifecycle, with_metrics, with_store = has
    told = report(
        gateway=gateway() if with_gateway else None,
        health=HEALTH if with_health else None,
        lifecycle=LIFECYCLE if with_lifecycle else None,
        metrics=METRICS if with_metrics else None,
        store=STORE if with_store else None,
        is_operator=is_operator,
    )

    assert (told.guilds is not None) == with_gateway
    assert bool(told.checks) == with_health
    assert told.status is (Health.HEALTHY if with_health else Health.UNKNOWN)
    assert (told.began is not None) == with_lifecycle
    assert (told.commands is not None) == with_metrics
    assert (told.operator is not None) == is_operator


@pytest.mark.parametrize("latency", [float("inf"), float("-inf"), float("nan"), None])
def test_b19_a_heartbeat_that_was_not_answered_has_no_latency(latency: float | None) -> None:
    assert report(gateway=gateway(latency=latency)).latency_ms is None


def test_b20_people_that_discord_did_not_count_are_unknown() -> None:
    view = GatewayView(
        link=Link.READY, since=BEFORE, reason="", latency=None, guilds=1, users=None, application=None
    )

    assert report(gateway=seen(view)).users is None


@pytest.mark.parametrize(
    ("link", "reason", "words"),
    [
        (Link.OFFLINE, "", "not connected"),
        (Link.WAITING, "no route", "waiting to try again: no route"),
        (Link.CONNECTING, "", "connecting"),
        (Link.READY, "", "connected"),
        (Link.LOST, "code 1006", "connection lost: code 1006"),
    ],
)
def test_the_connection_is_told_in_words(link: Link, reason: str, words: str) -> None:
    assert report(gateway=gateway(link, reason=reason)).connection == words


@pytest.mark.parametrize(
    ("checks", "link", "status"),
    [
        ((Health.HEALTHY, Health.HEALTHY), Link.READY, Health.HEALTHY),
        ((Health.HEALTHY, Health.UNKNOWN), Link.READY, Health.UNKNOWN),
        ((Health.UNKNOWN, Health.DEGRADED), Link.READY, Health.DEGRADED),
        ((Health.DEGRADED, Health.UNHEALTHY), Link.READY, Health.UNHEALTHY),
        ((Health.HEALTHY,), Link.CONNECTING, Health.HEALTHY),
        ((Health.HEALTHY,), Link.LOST, Health.UNHEALTHY),
        ((Health.HEALTHY,), Link.WAITING, Health.UNHEALTHY),
        ((), Link.OFFLINE, Health.UNHEALTHY),
        ((Health.HEALTHY,), None, Health.HEALTHY),
        ((), None, Health.UNKNOWN),
    ],
)
def test_the_worst_of_checks_and_connection_counts(
    checks: tuple[Health, ...], link: Link | None, status: Health
) -> None:
    assert overall([found(one) for one in checks], link) is status


def test_operators_see_version_actors_and_how_record_keeping_is() -> None:
    failing = seen(StoreView(state=StoreState.RETRYING, since=BEFORE, waiting=12, reason="disk full"))

    part = report(lifecycle=LIFECYCLE, metrics=METRICS, store=failing, is_operator=True).operator

    assert part is not None
    assert (part.version, part.commit, part.messages) == ("1.2.3", "0123456789ab", 9)
    assert (part.cpu_percent, part.loop_lag) == (12.0, 0.001)
    assert [line.name for line in part.actors] == ["config"]
    assert part.store == "12 entries wait to be written: disk full"
    assert part.previous is not None


def test_operators_see_that_entries_of_the_journal_are_missing() -> None:
    """J05: as long as the run lasts that found it."""
    lost = JournalLost(loss=Loss.BEHIND, first_seq=7, last_seq=15)
    store = seen(StoreView(state=StoreState.WRITING, since=BEFORE, waiting=0, lost=lost))

    part = report(lifecycle=LIFECYCLE, metrics=METRICS, store=store, is_operator=True).operator

    assert part is not None
    assert part.store.startswith("up to 9 entries of the journal are missing: it ended at 6")
