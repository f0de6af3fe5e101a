"""`acore sandbox limits`: how much bots may do in a sandbox that runs."""

from pathlib import Path

import click

from acore.cli.output import as_json, pairs
from acore.cli.sandbox.remote import Remote, remote_options
from acore.cli.sandbox.table import limit_options
from acore.errors import ExitCode
from acore.sandbox.shapes import Json, as_object


@click.command()
@limit_options(has_defaults=False)
@remote_options
@click.pass_obj
def limits(outer: Json | None, state: Path | None, limits: Json, *, is_json: bool) -> int:
    """Show how much bots may do in a sandbox that runs, and change what is given.

    What is not given stays as it is.
    """
    remote = Remote(state or (outer or {}).get("state"))
    now = as_object(remote.ask("PATCH", "limits", limits) if limits else remote.ask("GET", "limits"))
    if is_json:
        as_json(now)
    else:
        pairs({name.replace("_", " "): f"{value}" for name, value in now.items()})
    return ExitCode.OK
