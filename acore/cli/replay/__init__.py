"""`acore replay`: whether today's code decides what it decided then, and where not."""

from datetime import datetime
from pathlib import Path

import click

from acore.capsule import source as capsules
from acore.capsule.reading import is_capsule, usable
from acore.cli import known
from acore.cli.moment import Place
from acore.cli.output import as_json, complain, progress_bar
from acore.cli.replay.progress import Watch
from acore.cli.replay.sitting import step_through
from acore.cli.replay.told import Outcome, tell, tell_end
from acore.cli.run import data_option, read_settings, settings_options
from acore.errors import ExitCode
from acore.replay.child.start import Child
from acore.replay.child.wire import ActorReplayed, Progress, ReplayTask, StepTask
from acore.replay.engine import Span

actors_option = click.option(
    "--actor",
    "actors",
    multiple=True,
    metavar="NAME",
    shell_complete=known.core_actors,
    help="Only this actor; may be repeated.",
)


@click.command(short_help="Let the actors decide again, and compare.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@settings_options
@data_option
@actors_option
@click.option("--from", "first", type=Place(), help="Judge from this entry, or time, on.")
@click.option("--to", "last", type=Place(), help="Judge up to this entry, or before this time.")
@click.option("--correlation", metavar="ID", help="Judge only what came of this first cause (an id).")
@click.option("--step", "is_stepped", is_flag=True, help="Go through one actor's messages; type help there.")
@click.option(
    "--script",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="With --step: a file of orders, one a line.",
)
@click.option("--collect", "collects", is_flag=True, help="Go on after the first difference of each actor.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
def replay(  # noqa: PLR0917 - click passes them by name
    file: Path | None,
    config: Path | None,
    env_file: Path | None,
    data: Path | None,
    actors: tuple[str, ...],
    first: int | datetime | None,
    last: int | datetime | None,
    correlation: str | None,
    script: Path | None,
    *,
    is_stepped: bool,
    collects: bool,
    is_json: bool,
) -> ExitCode:
    """Feed the actors what the journal says they were told, and compare what they say with what they said.

    FILE is a data directory, a database, or what `acore events export` wrote; without it, the data
    directory of the settings is replayed, also while the bot runs. Nothing outside is touched.

    Ends with 0 when all decide what they decided then, 1 when one does not, and 153 when nothing could be
    judged, because something is missing that an actor's state depends on, or because no actor was told
    anything in what was asked for.
    """
    source = source_of(file, data, config, env_file)
    span = span_of(first, last, correlation)
    if is_stepped:
        if len(actors) != 1:
            raise click.UsageError("--step goes through one actor: name it with --actor")
        step_through(StepTask(source=source, actor=actors[0], span=span), script, is_json=is_json)
        return ExitCode.OK
    if script is not None:
        raise click.UsageError("--script has the orders for --step")
    outcome = Outcome()
    task = ReplayTask(source=source, actors=actors, span=span, collects=collects)
    with Watch("replaying") as watch, Child(task) as child:
        for reply in child.replies():
            if isinstance(reply, Progress):
                watch.see(reply)
            elif isinstance(reply, ActorReplayed):
                watch.clear()
                outcome.add(reply)
                if is_json:
                    as_json(reply)
                else:
                    tell(reply)
    if not is_json:
        tell_end(outcome)
    return outcome.exit_code


def source_of(file: Path | None, data: Path | None, config: Path | None, env_file: Path | None) -> str:
    """Return the absolute path of what is to be read: named as such, as a data directory, or by the settings.

    What is wrong with an exported file is said. One with more entries than are kept in memory is unpacked
    for as long as the command runs.

    Raises:
        click.UsageError: It is named twice.
        CapsuleError: The exported file cannot be used.
    """
    if file is not None and data is not None:
        raise click.UsageError(f"{file} and --data {data} both say what to read: give one of them")
    path = file or data or Path(read_settings(config, env_file).settings.acore_data_dir)
    if path.is_file() and is_capsule(path):
        found = usable(path)
        if found.rows > capsules.KEPT_IN_MEMORY:
            return str(_unpacked(path, found.rows))
        if not found.is_whole:
            complain(found.complaint(path))
    return str(path.absolute())


def _unpacked(path: Path, rows: int) -> Path:
    with progress_bar(f"unpacking {path.name}", rows, unit="entries") as advance:
        made = capsules.unpacked(path, advance=advance, complain=complain)
        return click.get_current_context().with_resource(made)


def span_of(
    first: int | datetime | None, last: int | datetime | None, correlation: str | None = None
) -> Span:
    """Return which part of a journal these bounds stand for."""
    return Span(
        first=first if isinstance(first, int) else None,
        last=last if isinstance(last, int) else None,
        since=first if isinstance(first, datetime) else None,
        until=last if isinstance(last, datetime) else None,
        correlation=correlation,
    )
