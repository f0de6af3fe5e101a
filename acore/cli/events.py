"""`acore events`: what happened, from the journal — also while the bot is dead."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import anyio
import click
import msgspec

from acore.actors.phrases import sentence_of
from acore.cli.entries import public, time_of, why_unknown
from acore.cli.listing import Listing
from acore.cli.moment import Moment
from acore.cli.output import as_json, complain, is_json, pairs, say, tinted
from acore.cli.places import PlacedGroup, database_of, place_options
from acore.clock import RealClock
from acore.errors import ExitCode
from acore.events import topics
from acore.events.base import Kind
from acore.storage.query import Filter, Row, Story, show, tail

_PAGE = 1000
_LOOK_AGAIN = 0.5


class _Commands(PlacedGroup):
    """Those that put the journal into files, or read all of it, are found late: others do not pay."""

    modules: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "export": "acore.cli.capsule.export:export",
            "import": "acore.cli.capsule.importing:import_",
            "merge": "acore.cli.capsule.merge:merge",
            "stats": "acore.cli.stats:stats",
            "verify": "acore.cli.capsule.verify:verify",
        }
    )


@click.group(cls=_Commands)
@place_options
@click.pass_context
def events(context: click.Context, config: Path | None, env_file: Path | None, data: Path | None) -> None:
    """Show what happened, from the journal; the bot may be running or dead.

    The options below may also follow the subcommand.
    """
    topics.load()
    context.obj = database_of(config, env_file, data)


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
@click.option("--wide", "is_wide", is_flag=True, help="With ids, kinds and names.")
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
    is_wide: bool,
    is_json: bool,
) -> None:
    """List the newest entries in sentences, oldest first; `acore why NUMBER` tells what led to one."""
    wanted = Filter(
        name=name, source=source, actor=actor, correlation=correlation, since=since, until=until, kinds=kinds
    )
    rows = tail(path, wanted, limit=lines)
    listing = None if is_json else Listing(is_wide=is_wide)
    if listing is not None:
        listing.begin()
    _show_rows(rows, listing)
    if not rows and not is_followed and not is_json:
        complain("no entry of the journal matches")
    if is_followed:
        anyio.run(_follow, path, wanted, rows[-1].seq if rows else 0, listing)


@events.command("show")
@click.argument("key")
@click.option("--json", "as_object", is_flag=True, help="One JSON object.")
@click.pass_obj
def show_event(path: Path, key: str, *, as_object: bool) -> int:
    """Show one entry whole, what led to it and what came of it.

    KEY is its number, or the beginning of its id.
    """
    story = show(path, key)
    if as_object:
        as_json({part: [public(row) for row in rows] for part, rows in _parts(story)})
        return ExitCode.OK
    row = story.row
    pairs(
        {
            "number": str(row.seq),
            "id": row.id,
            "what": f"{row.name} ({row.kind}, version {row.version})",
            "when": time_of(row),
            "says": sentence_of(row).text,
            "from": row.source + (f" to {row.target}" if row.target else ""),
            "run": f"{row.boot} on {row.node}",
            **({"note": note} if (note := why_unknown(row)) else {}),
        }
    )
    say(msgspec.json.format(row.payload, indent=2) if is_json(row.payload) else row.payload)
    for title, rows in (("because of", story.causes), ("came of it", story.consequences)):
        if rows:
            say(tinted(f"\n{title}", "dim"))
            Listing().show(rows)
    say(tinted(f"\nall that led to it, and all that came of it: `acore why {row.seq}`", "dim"))
    return ExitCode.OK


async def _follow(path: Path, wanted: Filter, after: int, listing: Listing | None) -> None:
    clock = RealClock()
    while True:
        for row in tail(path, wanted, limit=_PAGE, after=after):
            _show_rows([row], listing)
            after = row.seq
        await clock.sleep(_LOOK_AGAIN)


def _parts(story: Story) -> tuple[tuple[str, tuple[Row, ...]], ...]:
    return (("entry", (story.row,)), ("causes", story.causes), ("consequences", story.consequences))


def _show_rows(rows: Iterable[Row], listing: Listing | None) -> None:
    """Print *rows*: for machines when there is no *listing*."""
    if listing is not None:
        listing.show(rows)
        return
    for row in rows:
        as_json(public(row))
