"""From a reply to what Discord shows: pure functions, one per reply."""

from datetime import datetime
from typing import Any, assert_never

from acore.actors.narrator import GROUPS, PARTS, capital
from acore.actors.phrases import duration
from acore.actors.why import left_out
from acore.events.health import CheckState, Health
from acore.events.lifecycle import ActorLine, PastRun
from acore.events.parts import Part, PartState
from acore.events.status import Notice, OperatorPart, PartsReport, Reply, StatusReport
from acore.events.why import Account, Line
from acore.status.parts import WORDS, leaves

GREEN, YELLOW, RED, GREY = 0x2ECC71, 0xF1C40F, 0xE74C3C, 0x95A5A6
# Discord, Embed Limits.
FIELDS, FIELD_LIMIT, DESCRIPTION_LIMIT, TOTAL_LIMIT = 25, 1024, 4096, 6000
_NAME_LIMIT = 256

_MARKS = {Health.HEALTHY: "🟢", Health.DEGRADED: "🟡", Health.UNHEALTHY: "🔴", Health.UNKNOWN: "⚪"}
_COLOURS = {
    Health.HEALTHY: GREEN,
    Health.DEGRADED: YELLOW,
    Health.UNHEALTHY: RED,
    Health.UNKNOWN: GREY,
}
_PART_MARKS = {
    PartState.RUNNING: "🟢",
    PartState.STARTING: "🟡",
    PartState.STOPPING: "🟡",
    PartState.WAITING: "🟡",
    PartState.STOPPED: "⚪",
    PartState.ABANDONED: "🔴",
}
_NAMES = {"discord_api": "Discord", "database": "Database", "performance": "Performance"}
# Seconds without news after which what is shown says its age. The gateway shows itself every 5 s, the machine
# is sampled every 60 s, and the most important checks run every 30 s unless a setting says otherwise.
_GATEWAY_SILENCE, _METRICS_SILENCE, _CHECKS_SILENCE = 30, 130, 120
_NOTHING = "—"  # Discord refuses a blank text.


def render(reply: Reply) -> dict[str, Any]:
    """Return the message that shows *reply*, as Discord's API takes it."""
    match reply:
        case StatusReport():
            embed = _status(reply)
        case PartsReport():
            embed = _parts(reply)
        case Account():
            embed = _account(reply)
        case Notice():
            text = _shortened(reply.text.strip(), DESCRIPTION_LIMIT) or _NOTHING
            embed = {"description": text, "color": RED if reply.is_error else GREEN}
        case _:
            assert_never(reply)
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _account(account: Account) -> dict[str, Any]:
    lines = [_line(line) for line in account.lines]
    tail = [*(f"_{note}_" for note in account.notes), *((rest,) if (rest := left_out(account)) else ())]
    if rest:
        tail[-1] += f": `acore why {account.what} --all` on the bot's machine"
    room = DESCRIPTION_LIMIT - sum(len(line) + 1 for line in tail)
    # Every line is shown; a share of the room is the least that each has.
    share = room // max(1, len(lines)) - 1
    longest = room - sum(len(line) + 1 for line in lines) < 0
    shown = [_shortened(line, share) if longest else line for line in lines]
    return {
        "title": _shortened(f"Why: {account.what}", _NAME_LIMIT),
        "description": "\n".join([*shown, *tail]) or _NOTHING,
        "color": GREY,
    }


def _line(line: Line) -> str:
    when = f"+{duration(line.after)}" if line.after else f"<t:{int(line.at.timestamp())}:T>"
    text = f"**{line.text}**" if line.is_asked else line.text
    # Blanks at the beginning of a line are not shown, unless they are wide.
    return f"{'\u2003' * line.depth}{'└ ' if line.depth else ''}{text} · {when} · #{line.seq}"


def _status(report: StatusReport) -> dict[str, Any]:
    gateway = _last_news(report, report.gateway_at, _GATEWAY_SILENCE)
    metrics = _last_news(report, report.metrics_at, _METRICS_SILENCE)
    checks = _last_news(report, report.checks_at, _CHECKS_SILENCE)
    latency = "not known yet" if report.latency_ms is None else f"{report.latency_ms:.0f} ms"
    fields = [
        _field("Connection", _connection(report), gateway),
        _field("Running", _since(report.began)),
        _field("Latency", latency, gateway),
        _field("Servers", _count(report.guilds), gateway),
        _field("People", _count(report.users), gateway),
        _field("Messages/min", _count(report.messages_last_minute), metrics),
        _field("Commands", _count(report.commands), metrics),
        _field("Errors", _count(report.errors), metrics),
        _field("Memory", _megabytes(report.memory_bytes), metrics),
        _field("Checks", _checks(report), checks, inline=False),
    ]
    if report.operator is not None:
        fields += _operator_fields(report.operator, metrics)
    title = f"{_MARKS[report.status]} Bot status: {report.status.value}"
    _fit(fields, TOTAL_LIMIT - len(title))
    return {
        "title": title,
        "color": _COLOURS[report.status],
        "fields": fields,
        "timestamp": report.at.isoformat(),
    }


def _operator_fields(part: OperatorPart, metrics: str) -> list[dict[str, Any]]:
    version = f"{part.version}, folder at {part.commit}" if part.commit else part.version or "not known yet"
    lag = "not measured yet" if part.loop_lag is None else f"{part.loop_lag * 1000:.0f} ms"
    cpu = "not measured yet" if part.cpu_percent is None else f"{part.cpu_percent:.0f} %"
    return [
        _field("Version", version),
        _field("Processor", cpu, metrics),
        _field("Event loop late by", lag, metrics),
        _field("Messages seen", _count(part.messages), metrics),
        _field("Record keeping", part.store),
        _field("Last run", _previous(part.previous)),
        _field("Parts", "\n".join(_actor(line) for line in part.actors) or "not known yet", inline=False),
    ]


def _parts(report: PartsReport) -> dict[str, Any]:
    every = tuple(leaves(report.parts))
    down = [part for part in every if part.state is not PartState.RUNNING]
    title = f"🟢 All {len(every)} parts are running"
    if down:
        title = f"🟡 {len(down)} of {len(every)} parts {'is' if len(down) == 1 else 'are'} not running"
    fields = [_group(group) for group in report.parts[:FIELDS]]
    _fit(fields, TOTAL_LIMIT - len(title))
    return {
        "title": title,
        "color": YELLOW if down else GREEN,
        "fields": fields,
        "timestamp": report.at.isoformat(),
    }


def _group(group: Part) -> dict[str, Any]:
    name = f"{GROUPS[group.name]} ({group.name})" if group.name in GROUPS else group.name
    again = f", {_times(group.restarts)}" if group.restarts else ""
    title = _shortened(f"{capital(name)}{again}".strip(), _NAME_LIMIT) or _NOTHING
    return _field(title, "\n".join(_part(part) for part in leaves((group,))), inline=False)


def _part(part: Part) -> str:
    name = f"{PARTS[part.name]} ({part.name})" if part.name in PARTS else part.name
    facts = [f"{WORDS[part.state]} since {_relative(part.since)}"]
    if part.due is not None:
        facts.append(f"due {_relative(part.due)}")
    if part.restarts:
        facts.append(_times(part.restarts))
    if part.queued:
        facts.append(f"{_count(part.queued)} message{'' if part.queued == 1 else 's'} waiting")
    if part.last_failure:
        when = f" {_relative(part.failed)}" if part.failed else ""
        facts.append(f"last failed{when}: {part.last_failure[:120]}")
    return f"{_PART_MARKS[part.state]} **{name}** {', '.join(facts)}"


def _times(restarts: int) -> str:
    return "restarted once" if restarts == 1 else f"restarted {restarts} times"


def _checks(report: StatusReport) -> str:
    return "\n".join(_check(check) for check in report.checks) or "nothing was checked yet"


def _check(check: CheckState) -> str:
    name = _NAMES.get(check.check, check.check.replace("_", " "))
    return f"{_MARKS[check.status]} **{name}** {check.message} · {_relative(check.at)}"


def _actor(line: ActorLine) -> str:
    since = _relative(line.since)
    why = f": {line.last_failure[:120]}" if line.last_failure else ""
    name = f"{PARTS[line.name]} ({line.name})" if line.name in PARTS else line.name
    if not line.is_up:
        return f"🟡 {name}, went down {since}{why}"
    if not line.restarts:
        return f"🟢 {name}, came up {since}"
    return f"🟢 {name}, {_times(line.restarts)}, came up {since}{why}"


def _connection(report: StatusReport) -> str:
    since = f", {_relative(report.connected_since)}" if report.connected_since else ""
    return f"{report.connection}{since}"


def _previous(run: PastRun | None) -> str:
    if run is None:
        return "this is the first"
    if run.ended is None and run.reason:
        return f"began {_relative(run.began)} and failed: {run.reason}"
    if run.ended is None:
        return f"began {_relative(run.began)} and did not end in good order"
    return f"ended {_relative(run.ended)}: {run.reason}"


def _since(began: datetime | None) -> str:
    return "not known yet" if began is None else f"since {_relative(began)}"


def _last_news(report: StatusReport, at: datetime | None, silence: int) -> str:
    """Return a line that tells how old something is; nothing when it came within *silence* seconds."""
    if at is None or (report.at - at).total_seconds() <= silence:
        return ""
    return f"\n_last news {_relative(at)}_"


def _relative(at: datetime) -> str:
    """Return Discord's own way to show an instant: each reader sees it counted in their time."""
    return f"<t:{int(at.timestamp())}:R>"


def _count(number: int | None) -> str:
    return "not known yet" if number is None else f"{number:,}".replace(",", " ")


def _megabytes(size: int | None) -> str:
    return "not measured yet" if size is None else f"{size / 1_000_000:.0f} MB"


def _field(name: str, value: str, last_news: str = "", *, inline: bool = True) -> dict[str, Any]:
    shown = _shortened(value.strip(), FIELD_LIMIT - len(last_news)) or _NOTHING
    return {"name": name, "value": shown + last_news, "inline": inline}


def _fit(fields: list[dict[str, Any]], room: int) -> None:
    """Shorten the longest values until all fields together have *room*."""
    while (over := sum(len(field["name"]) + len(field["value"]) for field in fields) - room) > 0:
        longest = max(fields, key=lambda field: len(field["value"]))
        length = len(longest["value"])
        longest["value"] = _shortened(longest["value"], max(length // 2, length - over))


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
