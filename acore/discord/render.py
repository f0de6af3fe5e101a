"""From a reply to what Discord shows: pure functions, one per reply."""

from datetime import datetime
from typing import Any, assert_never

from acore.events.health import CheckState, Health
from acore.events.lifecycle import ActorLine, PastRun
from acore.events.status import Notice, OperatorPart, Reply, StatusReport

GREEN, YELLOW, RED, GREY = 0x2ECC71, 0xF1C40F, 0xE74C3C, 0x95A5A6
# Discord, Embed Limits.
FIELD_LIMIT, DESCRIPTION_LIMIT, TOTAL_LIMIT = 1024, 4096, 6000

_MARKS = {Health.HEALTHY: "🟢", Health.DEGRADED: "🟡", Health.UNHEALTHY: "🔴", Health.UNKNOWN: "⚪"}
_COLOURS = {
    Health.HEALTHY: GREEN,
    Health.DEGRADED: YELLOW,
    Health.UNHEALTHY: RED,
    Health.UNKNOWN: GREY,
}
_NAMES = {"discord_api": "Discord", "database": "Database", "performance": "Performance"}
_MANY_SECONDS = 120
_NOTHING = "—"  # Discord refuses a blank text.


def render(reply: Reply) -> dict[str, Any]:
    """Return the message that shows *reply*, as Discord's API takes it."""
    match reply:
        case StatusReport():
            embed = _status(reply)
        case Notice():
            text = _shortened(reply.text.strip(), DESCRIPTION_LIMIT) or _NOTHING
            embed = {"description": text, "color": RED if reply.is_error else GREEN}
        case _:
            assert_never(reply)
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _status(report: StatusReport) -> dict[str, Any]:
    fields = [
        _field("Connection", _connection(report)),
        _field("Running", _since(report.began)),
        _field("Latency", "not known yet" if report.latency_ms is None else f"{report.latency_ms:.0f} ms"),
        _field("Servers", _count(report.guilds)),
        _field("People", _count(report.users)),
        _field("Messages/min", _count(report.messages_last_minute)),
        _field("Commands", _count(report.commands)),
        _field("Errors", _count(report.errors)),
        _field("Memory", _megabytes(report.memory_bytes)),
        _field("Checks", _checks(report), inline=False),
    ]
    if report.operator is not None:
        fields += _operator_fields(report.operator)
    title = f"{_MARKS[report.status]} Bot status: {report.status.value}"
    _fit(fields, TOTAL_LIMIT - len(title))
    return {
        "title": title,
        "color": _COLOURS[report.status],
        "fields": fields,
        "timestamp": report.at.isoformat(),
    }


def _operator_fields(part: OperatorPart) -> list[dict[str, Any]]:
    version = f"{part.version} ({part.commit})" if part.commit else part.version or "not known yet"
    lag = "not measured yet" if part.loop_lag is None else f"{part.loop_lag * 1000:.0f} ms"
    cpu = "not measured yet" if part.cpu_percent is None else f"{part.cpu_percent:.0f} %"
    return [
        _field("Version", version),
        _field("Processor", cpu),
        _field("Event loop late by", lag),
        _field("Messages seen", _count(part.messages)),
        _field("Record keeping", part.store),
        _field("Last run", _previous(part.previous)),
        _field("Parts", "\n".join(_actor(line) for line in part.actors) or "not known yet", inline=False),
    ]


def _checks(report: StatusReport) -> str:
    if not report.checks:
        return "nothing was checked yet"
    lines = [_check(check) for check in report.checks]
    stale = report.checks_at is not None and (report.at - report.checks_at).total_seconds() > _MANY_SECONDS
    if stale and report.checks_at is not None:
        lines.append(f"_last news {_relative(report.checks_at)}_")
    return "\n".join(lines)


def _check(check: CheckState) -> str:
    name = _NAMES.get(check.check, check.check.replace("_", " "))
    return f"{_MARKS[check.status]} **{name}** {check.message} · {_relative(check.at)}"


def _actor(line: ActorLine) -> str:
    since = _relative(line.since)
    why = f": {line.last_failure[:120]}" if line.last_failure else ""
    if not line.is_up:
        return f"🟡 {line.name}, down {since}{why}"
    if not line.restarts:
        return f"🟢 {line.name}, {since}"
    times = "once" if line.restarts == 1 else f"{line.restarts} times"
    return f"🟢 {line.name}, restarted {times}, {since}{why}"


def _connection(report: StatusReport) -> str:
    since = f", {_relative(report.connected_since)}" if report.connected_since else ""
    return f"{report.connection}{since}"


def _previous(run: PastRun | None) -> str:
    if run is None:
        return "this is the first"
    if run.ended is None:
        return f"began {_relative(run.began)} and did not end in good order"
    return f"ended {_relative(run.ended)}: {run.reason}"


def _since(began: datetime | None) -> str:
    return "not known yet" if began is None else f"since {_relative(began)}"


def _relative(at: datetime) -> str:
    """Return Discord's own way to show an instant: each reader sees it counted in their time."""
    return f"<t:{int(at.timestamp())}:R>"


def _count(number: int | None) -> str:
    return "not known yet" if number is None else f"{number:,}".replace(",", " ")


def _megabytes(size: int | None) -> str:
    return "not measured yet" if size is None else f"{size / 1_000_000:.0f} MB"


def _field(name: str, value: str, *, inline: bool = True) -> dict[str, Any]:
    return {"name": name, "value": _shortened(value.strip(), FIELD_LIMIT) or _NOTHING, "inline": inline}


def _fit(fields: list[dict[str, Any]], room: int) -> None:
    """Shorten the longest values until all fields together have *room*."""
    while (over := sum(len(field["name"]) + len(field["value"]) for field in fields) - room) > 0:
        longest = max(fields, key=lambda field: len(field["value"]))
        length = len(longest["value"])
        longest["value"] = _shortened(longest["value"], max(length // 2, length - over))


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
