"""Options that several commands about the sandbox share."""

from collections.abc import Callable
from pathlib import Path

import click

PATH = click.Path(path_type=Path)


def server_options[F: Callable[..., object]](command: F) -> F:
    """Give *command* the options of the embedded Discord."""
    for option in (
        click.option("--record", type=PATH, help="Folder for what bots and the sandbox say, as JSONL."),
        click.option("--state", type=PATH, help="File that gets addresses, ids and tokens once it serves."),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            help="Where it listens on 127.0.0.1.  [default: any free one]",
        ),
    ):
        command = option(command)
    return command
