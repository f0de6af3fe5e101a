"""`acore journal`: the file in which everything is kept: how it is, and whether it is whole."""

from pathlib import Path

import click

from acore.cli.journal.place import Place
from acore.cli.late import LateGroup
from acore.cli.run import data_option, settings_options


class _Commands(LateGroup):
    package = "acore.cli.journal"
    names = ("status", "verify", "purge", "pin", "unpin", "pins")


EXAMPLES = """\
\b
Examples:
  acore journal status
  acore journal verify
  acore journal verify --data /var/lib/acore --json
  acore journal purge --dry-run
  acore journal pin "last night" 48210
"""


@click.group(cls=_Commands, epilog=EXAMPLES)
@settings_options
@data_option
@click.pass_context
def journal(context: click.Context, config: Path | None, env_file: Path | None, data: Path | None) -> None:
    """Look after the file in which everything is kept; the bot may be running or dead."""
    context.obj = Place(config=config, env_file=env_file, data=data)
