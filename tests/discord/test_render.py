"""What a person sees: within Discord's limits, in plain words, and no more than they may."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from acore.discord.render import GREEN, GREY, RED, YELLOW, render
from acore.events.health import CheckState, Health
from acore.events.lifecycle import ActorLine, PastRun
from acore.events.parts import Part, PartState
from acore.events.status import Notice, OperatorPart, PartsReport, Reply, StatusReport
from acore.events.why import Account, Line

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)


def stamp(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:R>"


BARE = StatusReport(
    status=Health.UNKNOWN,
    at=NOW,
    connection="not started yet",
    connected_since=None,
    began=None,
    latency_ms=None,
    guilds=None,
    users=None,
    checks=(),
    checks_at=None,
    messages_last_minute=None,
    commands=None,
    errors=None,
    memory_bytes=None,
)
CHECK = CheckState(check="database", status=Health.HEALTHY, message="written", at=NOW, since=SINCE)
FULL = StatusReport(
    status=Health.HEALTHY,
    at=NOW,
    connection="connected",
    connected_since=SINCE,
    began=SINCE,
    latency_ms=42.0,
    guilds=2,
    users=12345,
    gateway_at=NOW,
    checks=(CHECK,),
    checks_at=NOW,
    messages_last_minute=6,
    commands=8,
    errors=0,
    memory_bytes=56_700_000,
    metrics_at=NOW,
)
UP = ActorLine(name="config", is_up=True, incarnation=1, since=SINCE)
DOWN = ActorLine(
    name="health", is_up=False, incarnation=3, since=NOW, restarts=2, last_failure="KeyError: 'x'"
)
PREVIOUS = PastRun(boot="b", began=SINCE, version="1.2.2", ended=NOW, reason="SIGTERM")
PART = OperatorPart(
    version="1.2.3",
    commit="0123456789ab",
    messages=9,
    cpu_percent=12.4,
    loop_lag=0.0011,
    previous=PREVIOUS,
    actors=(
        UP,
        DOWN,
    ),
    store="everything is written",
)


def embed(reply: Reply) -> dict[str, Any]:
    (only,) = cast("list[dict[str, Any]]", render(reply)["embeds"])
    return only


def fields(report: StatusReport) -> dict[str, str]:
    return {field["name"]: field["value"] for field in embed(report)["fields"]}


texts = some.text(some.characters(exclude_categories=["Cs"]), max_size=3000)
instants = some.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
numbers = some.none() | some.integers(0, 2**63)
floats = some.none() | some.floats(0, 1e9)
checks = some.builds(
    CheckState, check=texts, status=some.sampled_from(Health), message=texts, at=instants, since=instants
)
lines = some.builds(
    ActorLine,
    name=texts,
    is_up=some.booleans(),
    incarnation=some.integers(1, 10**9),
    since=instants,
    restarts=some.integers(0, 10**9),
    last_failure=texts,
)
runs = some.builds(
    PastRun, boot=texts, began=instants, version=texts, ended=some.none() | instants, reason=texts
)
parts = some.builds(
    OperatorPart,
    version=texts,
    commit=texts,
    messages=numbers,
    cpu_percent=floats,
    loop_lag=floats,
    previous=some.none() | runs,
    actors=some.lists(lines, max_size=40).map(tuple),
    store=texts,
)
reports = some.builds(
    StatusReport,
    status=some.sampled_from(Health),
    at=instants,
    connection=texts,
    connected_since=some.none() | instants,
    began=some.none() | instants,
    latency_ms=floats,
    guilds=numbers,
    users=numbers,
    gateway_at=some.none() | instants,
    checks=some.lists(checks, max_size=40).map(tuple),
    checks_at=some.none() | instants,
    messages_last_minute=numbers,
    commands=numbers,
    errors=numbers,
    memory_bytes=numbers,
    metrics_at=some.none() | instants,
    operator=some.none() | parts,
)


some_parts = some.recursive(
    some.builds(
        Part,
        name=texts,
        state=some.sampled_from(PartState),
        since=instants,
        restarts=some.integers(0, 10**9),
        queued=some.integers(0, 10**9),
        due=some.none() | instants,
        last_failure=texts,
        failed=some.none() | instants,
    ),
    lambda below: some.builds(
        Part,
        name=texts,
        state=some.sampled_from(PartState),
        since=instants,
        parts=some.lists(below, max_size=30).map(tuple),
    ),
    max_leaves=30,
)
trees = some.builds(PartsReport, at=instants, parts=some.lists(some_parts, max_size=40).map(tuple))


def check_limits(shown: dict[str, Any]) -> None:
    """Discord, Embed Limits."""
    listed = shown.get("fields", [])
    assert len(listed) <= 25
    assert len(shown.get("title", "")) <= 256
    assert len(shown.get("description", "")) <= 4096
    total = len(shown.get("title", "")) + len(shown.get("description", ""))
    for field in listed:
        assert 1 <= len(field["name"].strip()) <= 256
        assert 1 <= len(field["value"].strip()) <= len(field["value"]) <= 1024
        total += len(field["name"]) + len(field["value"])
    assert total <= 6000


@given(report=reports)
def test_no_report_passes_a_limit_of_discord(report: StatusReport) -> None:
    check_limits(embed(report))


def test_the_longest_report_there_can_be_is_shortened_to_fit() -> None:
    long = "x" * 5000
    part = msgspec.structs.replace(
        PART,
        version=long,
        store=long,
        previous=msgspec.structs.replace(PREVIOUS, reason=long),
        actors=tuple(msgspec.structs.replace(PART.actors[1], name=long) for _ in range(99)),
    )
    checks = tuple(msgspec.structs.replace(CHECK, message=long) for _ in range(99))

    shown = embed(msgspec.structs.replace(FULL, connection=long, checks=checks, operator=part))

    check_limits(shown)
    assert sum(len(field["value"]) for field in shown["fields"]) > 5000, "and to no less than that"


@given(text=texts, is_error=some.booleans())
def test_no_notice_passes_a_limit_and_none_is_blank(text: str, *, is_error: bool) -> None:
    shown = embed(Notice(text=text, is_error=is_error))

    check_limits(shown)
    assert shown["description"].strip()


def test_a_notice_is_red_when_it_is_an_error() -> None:
    assert embed(Notice(text="no", is_error=True)) == {"description": "no", "color": RED}
    assert embed(Notice(text="yes")) == {"description": "yes", "color": GREEN}


@pytest.mark.parametrize(
    ("status", "mark", "colour"),
    [
        (Health.HEALTHY, "🟢", GREEN),
        (Health.DEGRADED, "🟡", YELLOW),
        (Health.UNHEALTHY, "🔴", RED),
        (Health.UNKNOWN, "⚪", GREY),
    ],
)
def test_each_status_has_its_mark_and_colour(status: Health, mark: str, colour: int) -> None:
    check = msgspec.structs.replace(CHECK, status=status)
    shown = embed(msgspec.structs.replace(FULL, status=status, checks=(check,)))

    assert shown["title"] == f"{mark} Bot status: {status.value}"
    assert shown["color"] == colour
    assert fields(msgspec.structs.replace(FULL, checks=(check,)))["Checks"].startswith(f"{mark} **Database**")


def test_what_is_known_is_shown() -> None:
    assert fields(FULL) == {
        "Connection": f"connected, {stamp(SINCE)}",
        "Running": f"since {stamp(SINCE)}",
        "Latency": "42 ms",
        "Servers": "2",
        "People": "12 345",
        "Messages/min": "6",
        "Commands": "8",
        "Errors": "0",
        "Memory": "57 MB",
        "Checks": f"🟢 **Database** written · {stamp(NOW)}",
    }
    assert embed(FULL)["timestamp"] == "2026-01-02T12:00:00+00:00"


def test_what_is_not_known_is_said_to_be_so() -> None:
    shown = fields(BARE)

    assert shown.pop("Connection") == "not started yet"
    assert shown.pop("Checks") == "nothing was checked yet"
    assert shown.pop("Memory") == "not measured yet"
    assert set(shown.values()) == {"not known yet"}


@pytest.mark.parametrize(
    ("view", "seconds", "concerned"),
    [
        ("gateway_at", 30, {"Connection", "Latency", "Servers", "People"}),
        ("checks_at", 120, {"Checks"}),
        (
            "metrics_at",
            130,
            {
                "Messages/min",
                "Commands",
                "Errors",
                "Memory",
                "Processor",
                "Event loop late by",
                "Messages seen",
            },
        ),
    ],
)
def test_what_is_older_than_expected_says_since_when_there_was_no_news(
    view: str, seconds: int, concerned: set[str]
) -> None:
    fresh = msgspec.structs.replace(FULL, operator=PART, **{view: NOW - timedelta(seconds=seconds)})
    old = NOW - timedelta(seconds=seconds + 1)
    stale = msgspec.structs.replace(fresh, **{view: old})

    assert "last news" not in str(fields(fresh))
    assert fields(stale) == {
        name: f"{value}\n_last news {stamp(old)}_" if name in concerned else value
        for name, value in fields(fresh).items()
    }


def test_a_long_text_does_not_push_its_age_out() -> None:
    old = NOW - timedelta(hours=1)
    report = msgspec.structs.replace(FULL, connection="x" * 5000, gateway_at=old)

    assert fields(report)["Connection"].endswith(f"…\n_last news {stamp(old)}_")


def test_only_operators_see_their_part() -> None:
    public, all_of_it = fields(FULL), fields(msgspec.structs.replace(FULL, operator=PART))

    assert set(all_of_it) - set(public) == {
        "Version",
        "Processor",
        "Event loop late by",
        "Messages seen",
        "Record keeping",
        "Last run",
        "Parts",
    }
    assert "1.2.3" not in str(render(FULL))
    assert all_of_it["Version"] == "1.2.3, folder at 0123456789ab"
    assert all_of_it["Processor"] == "12 %"
    assert all_of_it["Event loop late by"] == "1 ms"
    assert all_of_it["Last run"] == f"ended {stamp(NOW)}: SIGTERM"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (UP, f"🟢 the settings (config), came up {stamp(SINCE)}"),
        (DOWN, f"🟡 the health checks (health), went down {stamp(NOW)}: KeyError: 'x'"),
        (
            msgspec.structs.replace(DOWN, last_failure=""),
            f"🟡 the health checks (health), went down {stamp(NOW)}",
        ),
        (
            msgspec.structs.replace(DOWN, is_up=True),
            f"🟢 the health checks (health), restarted 2 times, came up {stamp(NOW)}: KeyError: 'x'",
        ),
        (
            msgspec.structs.replace(UP, restarts=1),
            f"🟢 the settings (config), restarted once, came up {stamp(SINCE)}",
        ),
    ],
)
def test_a_line_tells_how_a_part_is_and_what_became_of_it(line: ActorLine, words: str) -> None:
    part = msgspec.structs.replace(PART, actors=(line,))

    assert fields(msgspec.structs.replace(FULL, operator=part))["Parts"] == words


@pytest.mark.parametrize(
    ("previous", "words"),
    [
        (None, "this is the first"),
        (PastRun(boot="b", began=SINCE, version="1"), f"began {stamp(SINCE)} and did not end in good order"),
        (
            PastRun(boot="b", began=SINCE, version="1", reason="the disk sang"),
            f"began {stamp(SINCE)} and failed: the disk sang",
        ),
    ],
)
def test_the_run_before_is_told(previous: PastRun | None, words: str) -> None:
    part = msgspec.structs.replace(PART, previous=previous)

    assert fields(msgspec.structs.replace(FULL, operator=part))["Last run"] == words


@given(tree=trees)
def test_no_tree_passes_a_limit_and_nothing_is_blank(tree: PartsReport) -> None:
    check_limits(embed(tree))


WRITER = Part(name="writer", state=PartState.RUNNING, since=SINCE)
STORE = Part(name="store", state=PartState.RUNNING, since=SINCE, parts=(WRITER,))


def test_the_tree_has_a_field_for_each_group_and_a_line_for_each_part() -> None:
    """S70: what `/ops actors` shows."""
    health = Part(name="health", state=PartState.RUNNING, since=SINCE)
    core = Part(name="core", state=PartState.RUNNING, since=SINCE, restarts=1, parts=(health,))
    shown = embed(PartsReport(at=NOW, parts=(STORE, core)))

    assert shown["title"] == "🟢 All 2 parts are running"
    assert shown["color"] == GREEN
    assert {field["name"]: field["value"] for field in shown["fields"]} == {
        "The records (store)": f"🟢 **record keeping (writer)** running since {stamp(SINCE)}",
        "What the bot decides (core), restarted once": (
            f"🟢 **the health checks (health)** running since {stamp(SINCE)}"
        ),
    }


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            Part(name="metrics", state=PartState.WAITING, since=NOW, due=NOW, restarts=2, queued=7),
            (
                f"🟡 **the counters (metrics)** waits to restart since {stamp(NOW)}, due {stamp(NOW)}, "
                "restarted 2 times, 7 messages waiting"
            ),
        ),
        (
            Part(name="x", state=PartState.RUNNING, since=NOW, queued=1, last_failure="KeyError: 'x'"),
            f"🟢 **x** running since {stamp(NOW)}, 1 message waiting, last failed: KeyError: 'x'",
        ),
        (
            Part(name="x", state=PartState.RUNNING, since=NOW, last_failure="KeyError", failed=SINCE),
            f"🟢 **x** running since {stamp(NOW)}, last failed {stamp(SINCE)}: KeyError",
        ),
        (
            Part(name="x", state=PartState.ABANDONED, since=NOW),
            f"🔴 **x** hangs, given up since {stamp(NOW)}",
        ),
        (Part(name="x", state=PartState.STOPPED, since=NOW), f"⚪ **x** stopped since {stamp(NOW)}"),
    ],
)
def test_a_line_tells_a_parts_state_and_what_became_of_it(part: Part, words: str) -> None:
    group = Part(name="core", state=PartState.RUNNING, since=SINCE, parts=(part,))

    assert embed(PartsReport(at=NOW, parts=(group,)))["fields"][0]["value"] == words


@pytest.mark.parametrize(
    ("states", "title"),
    [
        ([PartState.RUNNING, PartState.WAITING], "🟡 1 of 2 parts is not running"),
        ([PartState.STOPPED, PartState.WAITING], "🟡 2 of 2 parts are not running"),
    ],
)
def test_the_title_says_how_many_parts_do_not_run(states: list[PartState], title: str) -> None:
    parts = tuple(Part(name=f"{place}", state=state, since=NOW) for place, state in enumerate(states))
    shown = embed(PartsReport(at=NOW, parts=parts))

    assert (shown["title"], shown["color"]) == (title, YELLOW)


lines = some.builds(
    Line,
    seq=some.integers(1, 10**12),
    at=instants,
    after=some.floats(-10, 10**9),
    depth=some.integers(0, 60),
    text=texts,
)
accounts = some.builds(
    Account,
    what=texts,
    lines=some.lists(lines, max_size=15).map(tuple),
    left_out=some.integers(0, 10**6),
    notes=some.lists(some.just("Earlier causes are no longer kept."), max_size=3).map(tuple),
)


@given(account=accounts)
def test_no_account_passes_a_limit_of_discord(account: Account) -> None:
    shown = embed(account)

    check_limits(shown)
    assert shown["description"]
    assert shown["title"].startswith("Why:")


def test_a_chain_of_causes_is_shown_with_times_and_numbers_and_what_is_left_out() -> None:
    first = Line(seq=41, at=NOW, after=0.0, depth=0, text="ann used /ops restart.")
    second = Line(seq=42, at=NOW, after=0.02, depth=1, text="It failed.", is_asked=True)
    account = Account(what="42", lines=(first, second), left_out=3, notes=("Earlier causes are gone.",))

    assert embed(account) == {
        "title": "Why: 42",
        "description": (
            f"ann used /ops restart. · <t:{int(NOW.timestamp())}:T> · #41\n"
            "\u2003└ **It failed.** · +20 ms · #42\n"
            "_Earlier causes are gone._\n"
            "… and 3 more: `acore why 42 --all` on the bot's machine"
        ),
        "color": GREY,
    }


@given(report=reports | trees | accounts)
def test_nobody_is_pinged(report: StatusReport | PartsReport | Account) -> None:
    assert render(report)["allowed_mentions"] == {"parse": []}
