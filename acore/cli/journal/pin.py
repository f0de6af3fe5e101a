"""`acore journal pin`: keep what would be removed one day."""

from pathlib import Path

import click

from acore.cli.journal.hands import set_pin
from acore.cli.journal.place import Place
from acore.cli.output import say
from acore.cli.run import data_option


@click.command()
@click.argument("name")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
@data_option
@click.pass_obj
def pin(place: Place, data: Path | None, name: str, number: int) -> None:
    """Keep the entries from NUMBER on, under NAME, until `acore journal unpin NAME`.

    Neither age nor size removes them, e.g. while somebody looks into what went wrong.
    """
    set_pin(place.directory(data), name, number)
    say(f"Entries from {number} on are kept until `acore journal unpin {name!r}`.")
