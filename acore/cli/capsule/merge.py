"""`acore events merge`: pieces of one journal become one file."""

from pathlib import Path

import click

from acore.capsule.merging import merge as merge_capsules
from acore.capsule.reading import check
from acore.cli.capsule.export import told
from acore.cli.output import as_json, progress_bar, say
from acore.clock import RealClock


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Where to.")
@click.option("--skip-duplicates", is_flag=True, help="Take an entry that several files have once.")
@click.option("--allow-gaps", is_flag=True, help="Merge them also when entries between them are missing.")
@click.option("--accept-damaged", is_flag=True, help="Take what stands before a file's first damaged line.")
@click.option("--json", "is_json", is_flag=True, help="Tell what was written as one JSON object.")
def merge(
    files: tuple[Path, ...],
    output: Path,
    *,
    skip_duplicates: bool,
    allow_gaps: bool,
    accept_damaged: bool,
    is_json: bool,
) -> None:
    """Write one file with the entries of all FILES, which are pieces of one journal, in any order."""
    with progress_bar("entries", 0) as advance:
        merge_capsules(
            files,
            output,
            RealClock().now(),
            skips_duplicates=skip_duplicates,
            allows_gaps=allow_gaps,
            accepts_damage=accept_damaged,
            advance=advance,
        )
    found = check(output)
    if is_json:
        as_json(found)
    else:
        say(f"wrote {output}: {told(found.header, found.rows)}")
