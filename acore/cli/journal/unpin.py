"""`acore journal unpin`: let go of what was kept."""

from pathlib import Path

import click

from acore.cli import known
from acore.cli.journal.hands import set_pin
from acore.cli.journal.place import Place
from acore.cli.output import say
from acore.cli.run import data_option


@click.command()
@click.argument("name", shell_complete=known.pins)
@data_option
@click.pass_obj
def unpin(place: Place, data: Path | None, name: str) -> None:
    """Keep no longer what the pin NAME keeps."""
    set_pin(place.directory(data), name, None)
    say(f"The pin {name!r} is gone; what is old or too much goes with the next look.")
