"""`acore events`: what happened, from the journal — also while the bot is dead."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import anyio
import click
import msgspec

from acore.actors.narrator import line_of
from acore.cli.late import LateGroup
from acore.cli.output import as_json, complain, is_terminal, pairs, say, table, tinted
from acore.cli.run import data_option, read_settings, settings_options
from acore.clock import RealClock
from acore.errors import ExitCode
from acore.events import topics
from acore.events.base import Event, Kind
from acore.events.catalog import CATALOG
from acore.events.upcast import UnreadableMessageError
from acore.storage.query import Filter, Row, Story, show, tail
from acore.storage.store import DATABASE_NAME

_SPAN = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PAYLOAD_WIDTH = 100
_PAGE = 1000
_LOOK_AGAIN = 0.5


class Moment(click.ParamType[datetime]):
    """An instant: `10m` ago, or an ISO date and time (UTC unless it says otherwise)."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the instant that *value* names."""
        if isinstance(value, datetime):
            return value
        if span := _SPAN.fullmatch(value):
            return RealClock().now() - timedelta(**{_UNITS[span[2]]: int(span[1])})
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time: give 10m, 2h, 1d, or 2026-01-31T12:00", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


class _Commands(LateGroup):
    """Those that put the journal into files and back are found late: the others do not pay for them."""

    modules: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "export": "acore.cli.capsule.export:export",
            "import": "acore.cli.capsule.importing:import_",
            "merge": "acore.cli.capsule.merge:merge",
            "verify": "acore.cli.capsule.verify:verify",
        }
    )


@click.group(cls=_Commands)
@settings_options
@data_option
@click.pass_context
def events(context: click.Context, config: Path | None, env_file: Path | None, data: Path | None) -> None:
    """Show what happened, from the journal; the bot may be running or dead."""
    topics.load()
    directory = data or Path(read_settings(config, env_file).settings.acore_data_dir)
    context.obj = directory / DATABASE_NAME


@events.command("tail")
@click.option(
    "-n", "--lines", type=click.IntRange(1), default=20, show_default=True, help="How many, the newest."
)
@click.option("-f", "--follow", "is_followed", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--name", help="Only this kind, e.g. actor.exited; * and ? stand for anything.")
@click.option("--source", help="Only what this actor said.")
@click.option("--actor", help="Only what this actor said, was asked, or what is said of it.")
@click.option("--correlation", help="Only what came of this first cause (an id).")
@click.option("--since", type=Moment(), help="From then on: 10m, 2h, 1d, or 2026-01-31T12:00.")
@click.option("--until", type=Moment(), help="Before then.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in Kind]),
    help="Only this kind of entry; may be repeated.",
)
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def tail_events(  # noqa: PLR0917 - click passes them by name
    path: Path,
    lines: int,
    name: str | None,
    source: str | None,
    actor: str | None,
    correlation: str | None,
    since: datetime | None,
    until: datetime | None,
    kinds: tuple[str, ...],
    *,
    is_followed: bool,
    is_json: bool,
) -> None:
    """List the newest entries, oldest first."""
    wanted = Filter(
        name=name, source=source, actor=actor, correlation=correlation, since=since, until=until, kinds=kinds
    )
    rows = tail(path, wanted, limit=lines)
    _show_rows(rows, is_json=is_json)
    if not rows and not is_followed and not is_json:
        complain("no entry of the journal matches")
    if is_followed:
        anyio.run(_follow, path, wanted, rows[-1].seq if rows else 0, is_json)


@events.command("show")
@click.argument("key")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show_event(path: Path, key: str, *, is_json: bool) -> int:
    """Show one entry whole, what led to it and what came of it.

    KEY is its number, or the beginning of its id.
    """
    story = show(path, key)
    if is_json:
        as_json({part: [_public(row) for row in rows] for part, rows in _parts(story)})
        return ExitCode.OK
    row = story.row
    pairs(
        {
            "number": str(row.seq),
            "id": row.id,
            "what": f"{row.name} ({row.kind}, version {row.version})",
            "when": _time(row),
            "from": row.source + (f" to {row.target}" if row.target else ""),
            "run": f"{row.boot} on {row.node}",
            **({"note": note} if (note := _why_unknown(row)) else {}),
        }
    )
    say(msgspec.json.format(row.payload, indent=2))
    for title, rows in (("because of", story.causes), ("came of it", story.consequences)):
        if rows:
            say(tinted(f"\n{title}", "dim"))
            _show_rows(rows, is_json=False)
    return ExitCode.OK


async def _follow(path: Path, wanted: Filter, after: int, is_json: bool) -> None:  # noqa: FBT001 - anyio.run's
    clock = RealClock()
    while True:
        for row in tail(path, wanted, limit=_PAGE, after=after):
            _show_rows([row], is_json=is_json, is_continued=True)
            after = row.seq
        await clock.sleep(_LOOK_AGAIN)


def _parts(story: Story) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    return (("entry", (story.row,)), ("causes", story.causes), ("consequences", story.consequences))


def _show_rows(rows: Iterable[Row], *, is_json: bool, is_continued: bool = False) -> None:
    if is_json:
        for row in rows:
            as_json(_public(row))
        return
    cells = [
        [str(row.seq), _time(row), row.id[:8], row.kind, row.name, row.source, _short(row)] for row in rows
    ]
    if is_continued:
        for line in cells:
            say(("  " if is_terminal() else "\t").join(line))
    else:
        table(("number", "time (UTC)", "id", "kind", "what", "from", "details"), cells)


def _public(row: Row) -> dict[str, object]:
    """Return *row* with its payload as JSON, not as text that holds JSON, and whether it is understood."""
    fields: dict[str, object] = {name: getattr(row, name) for name in row.__struct_fields__}
    payload = msgspec.Raw(row.payload.encode())
    return {**fields, "at": row.at, "payload": payload, "is_known": CATALOG.knows(row.name, row.version)}


def _time(row: Row) -> str:
    return f"{row.at:%Y-%m-%d %H:%M:%S}.{row.at.microsecond // 1000:03}"


def _short(row: Row) -> str:
    """Return the sentence that the log has for *row*, else what fits of its content."""
    if row.kind == Kind.EVENT and (sentence := _sentence(row)):
        return sentence
    details = f"not known here: {row.payload}" if _why_unknown(row) else row.payload
    return details if len(details) <= _PAYLOAD_WIDTH else details[: _PAYLOAD_WIDTH - 1] + "…"


def _why_unknown(row: Row) -> str:
    """Return why what *row* says is not understood here; blank when it is."""
    if CATALOG.knows(row.name, row.version):
        return ""
    lineage = CATALOG.lineage(row.name)
    known = "nothing of that name" if lineage is None else f"version {lineage.version} of it"
    return f"another acore wrote it; this one knows {known}, so it is shown as it was recorded"


def _sentence(row: Row) -> str:
    try:
        messages = CATALOG.read(row.name, row.version, row.payload.encode())
    except UnreadableMessageError:
        return ""  # another acore wrote it: its content is shown as it is
    lines = (line_of(message) for message in messages if isinstance(message, Event))
    return " ".join(line.text for line in lines if line is not None)
