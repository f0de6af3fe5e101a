"""`acore at`: what each actor believed at a moment of the past, and what changed between two."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
import msgspec

from acore.actors.narrator import part_name
from acore.cli import known
from acore.cli.fields import lay_out, lay_out_changes, leaves, paragraph, plain
from acore.cli.moment import Place
from acore.cli.output import as_json, is_terminal, say, tinted
from acore.cli.replay import actors_option, source_of
from acore.cli.replay.progress import Watch
from acore.cli.run import data_option, settings_options
from acore.errors import ExitCode
from acore.replay.believed import Belief, Entry
from acore.replay.child.start import Child
from acore.replay.child.wire import AtTask, Believed, Progress
from acore.replay.report import FieldDifference, differences


@click.command(short_help="Tell what the actors believed at a moment.")
@click.argument("moment", type=Place(), metavar="TIME|NUMBER", shell_complete=known.entries)
@click.option(
    "--diff",
    "other",
    type=Place(),
    metavar="TIME|NUMBER",
    shell_complete=known.entries,
    help="What changed from then to this.",
)
@actors_option
@click.option("--file", type=click.Path(path_type=Path), help="An exported file or a database to read.")
@settings_options
@data_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def at(  # noqa: PLR0917 - click passes them by name
    moment: int | datetime,
    other: int | datetime | None,
    actors: tuple[str, ...],
    file: Path | None,
    config: Path | None,
    env_file: Path | None,
    data: Path | None,
    *,
    is_json: bool,
) -> ExitCode:
    """Tell what each actor believed then, from the journal; the bot may be running or dead.

    The moment is an entry's number, or a time: 10m or 2h ago, or 2026-01-31T12:00 (UTC). What an actor
    believed is what it knew when it had handled all that had come until then.
    """
    moments = (moment,) if other is None else (moment, other)
    found: list[Sequence[Belief]] = []
    task = AtTask(source=source_of(file, data, config, env_file), actors=actors, moments=moments)
    with Watch("going back to what was believed by") as watch, Child(task) as child:
        for reply in child.replies():
            if isinstance(reply, Progress):
                watch.see(reply)
            elif isinstance(reply, Believed):
                found.append(reply.beliefs)
    if is_json:
        _as_json(found)
    elif other is None:
        for place, belief in enumerate(found[0]):
            _show(belief, is_first=not place)
    else:
        for place, (before, after) in enumerate(zip(*found, strict=True)):
            _show_changes(before, after, is_first=not place)
    return ExitCode.OK


def _show(belief: Belief, *, is_first: bool) -> None:
    """Print what one actor believed: piped, a line a field with the actor's name before it."""
    if not is_terminal():
        for name, value in leaves(belief.state) if belief.state else (("", belief.missing),):
            say("\t".join((belief.actor, name, plain(value) if belief.state else value)))
        return
    _head(belief.actor, is_first=is_first)
    if belief.missing:
        paragraph(belief.missing, tone="warn")
        return
    paragraph(_how_far(belief), tone="dim")
    _note(belief)
    lay_out(leaves(belief.state))


def _show_changes(before: Belief, after: Belief, *, is_first: bool) -> None:
    changed = _changed(before, after)
    if not is_terminal():
        for change in changed:
            say("\t".join((after.actor, change.path, plain(change.expected), plain(change.actual))))
    else:
        _head(after.actor, is_first=is_first)
    for word, belief in (("then", before), ("later", after)):
        if belief.missing:
            _say_missing(word, belief)
        elif is_terminal():
            _note(belief)
    if not is_terminal() or before.missing or after.missing:
        return
    if before.incarnation != after.incarnation or before.since != after.since:
        began = "" if after.since is None else f" at entry {after.since.seq}, {_time(after.since)}"
        say(tinted(f"  it began anew in between{began}", "warn"))
    if changed:
        lay_out_changes(changed)
    else:
        say(tinted("  believed the same", "dim"))


def _changed(before: Belief, after: Belief) -> Sequence[FieldDifference]:
    return differences(before.state, after.state) if before.state and after.state else ()


def _say_missing(word: str, belief: Belief) -> None:
    if is_terminal():
        paragraph(f"{word}: {belief.missing}", tone="warn")
    else:
        say(f"{belief.actor}\t\t{word}\t{belief.missing}")


def _head(actor: str, *, is_first: bool) -> None:
    if not is_first:
        say()
    name = part_name(actor)
    say(f"{tinted(actor, 'good')}  {name if name != actor else ''}".rstrip())


def _note(belief: Belief) -> None:
    if belief.note:
        paragraph(belief.note, tone="warn")


def _how_far(belief: Belief) -> str:
    """Return since when it believed that, how far it had read, and since when it ran."""
    said: list[str] = []
    if belief.changed is not None:
        said.append(f"unchanged since entry {belief.changed.seq}, {_time(belief.changed)}")
    if belief.read is not None:
        said.append(f"had read up to entry {belief.read.seq}")
    if belief.since is not None:
        said.append(f"run {belief.incarnation} since {_time(belief.since)}")
    return "; ".join(said)


def _time(entry: Entry) -> str:
    return f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"


def _as_json(found: Sequence[Sequence[Belief]]) -> None:
    def public(belief: Belief) -> dict[str, object]:
        fields: dict[str, object] = {name: getattr(belief, name) for name in belief.__struct_fields__}
        return {**fields, "state": msgspec.Raw(belief.state.encode()) if belief.state else None}

    if len(found) == 1:
        as_json({"beliefs": [public(belief) for belief in found[0]]})
        return
    as_json(
        {
            "actors": [
                {
                    "actor": after.actor,
                    "before": public(before),
                    "after": public(after),
                    "changed": None if before.missing or after.missing else _changed(before, after),
                }
                for before, after in zip(*found, strict=True)
            ]
        }
    )
