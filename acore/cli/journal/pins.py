"""`acore journal pins`: what is kept though it is old."""

from pathlib import Path

import click

from acore.cli.journal.place import Place
from acore.cli.output import as_json, say, table
from acore.cli.run import data_option
from acore.storage.pins import pins as all_pins
from acore.storage.query import reading


@click.command()
@data_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def pins(place: Place, data: Path | None, *, is_json: bool) -> None:
    """List the pins; the bot may be running or not."""
    with reading(place.database(data)) as connection:
        found = all_pins(connection)
    if is_json:
        for one in found:
            as_json(one)
    elif found:
        table(
            ("name", "from entry", "since"),
            [(one.name, str(one.seq), f"{one.at:%Y-%m-%d %H:%M:%S} UTC") for one in found],
        )
    else:
        say("Nothing is pinned.")
