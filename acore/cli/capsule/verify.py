"""`acore events verify`: is a file that was exported what was written?"""

from pathlib import Path

import click

from acore.capsule.form import Header
from acore.capsule.reading import check
from acore.cli.capsule.export import told
from acore.cli.output import as_json, complain, pairs, say, tinted
from acore.errors import ExitCode


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def verify(file: Path, *, is_json: bool) -> int:
    """Read FILE to its end, and say what it has and whether it is what was written.

    Ends with 1 when its end is missing, and with 65 when something in it was changed.
    """
    found = check(file)
    if is_json:
        as_json(found)
    else:
        _show(found.header, told(found.header, found.rows), found.snapshots)
        if found.is_whole:
            say(tinted("it is what was written", "good"))
        else:
            complain(found.complaint(file))
    if found.damaged:
        return ExitCode.DATA
    return ExitCode.FAILURE if found.cut else ExitCode.OK


def _show(header: Header, has: str, snapshots: int) -> None:
    pairs(
        {
            "has": has,
            "made": f"{header.made:%Y-%m-%d %H:%M:%S} UTC by acore {header.acore}, Python {header.python}",
            "format": f"{header.capsule}, from a database of schema {header.schema}",
            "snapshots": f"{snapshots:,}",
            "settings": ", ".join(dict.fromkeys(run.settings for run in header.runs if run.settings)) or "-",
        }
    )
