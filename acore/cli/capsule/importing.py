"""`acore events import`: an exported piece of a journal becomes one that all commands can read."""

from pathlib import Path

import click

from acore.capsule.importing import Imported, take_in
from acore.capsule.reading import header_of
from acore.cli.output import as_json, complain, progress_bar, say
from acore.clock import RealClock
from acore.events.catalog import CATALOG


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data directory.  [default: as for the group]")
@click.option("--skip-duplicates", is_flag=True, help="Pass over entries that are there already.")
@click.option("--allow-gaps", is_flag=True, help="Take it also when entries before it or in it are missing.")
@click.option("--accept-damaged", is_flag=True, help="Take what stands before the first damaged line.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def import_(
    database: Path,
    file: Path,
    data: Path | None,
    *,
    skip_duplicates: bool,
    allow_gaps: bool,
    accept_damaged: bool,
    is_json: bool,
) -> None:
    """Add the entries of FILE to the journal of a data directory, new or not in use.

    What the bot of then still had to do, a bot that is started on it will not do.
    """
    header = header_of(file)
    directory = data or database.parent
    with progress_bar("entries", header.rows or header.last - header.first + 1) as advance:
        taken = take_in(
            file,
            directory,
            CATALOG,
            RealClock(),
            skips_duplicates=skip_duplicates,
            allows_gaps=allow_gaps,
            accepts_damage=accept_damaged,
            advance=advance,
        )
    if is_json:
        as_json(taken)
    else:
        _tell(taken, directory)


def _tell(taken: Imported, directory: Path) -> None:
    if taken.complaint:
        complain(taken.complaint)
    if taken.spoiled:
        complain(f"{taken.spoiled:,} entries could not be taken; they are in the table `quarantine`")
    skipped = f", {taken.skipped:,} were there already" if taken.skipped else ""
    say(f"{directory} has {taken.rows:,} entries more ({taken.first} to {taken.last}){skipped}")
