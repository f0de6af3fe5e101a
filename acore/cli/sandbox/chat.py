"""`acore sandbox chat`: a person's console in front of a sandbox that runs already."""

from pathlib import Path

import anyio
import click

from acore.cli.sandbox.running import explained, find, person_options
from acore.errors import ExitCode
from acore.sandbox.shapes import as_object

EXAMPLES = """\
\b
Examples:
  acore sandbox chat --user member
  acore sandbox chat script.txt --strict
  echo "/botstatus" | acore sandbox chat --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("files", metavar="[FILE]…", nargs=-1, type=click.Path(path_type=Path))
@person_options
@click.option("--json", "as_json", is_flag=True, help="For each line, what came of it as a line of JSON.")
@click.option("--strict", is_flag=True, help="End with 1 if a line did not do what it says.")
@click.pass_obj
def chat(  # noqa: PLR0917 - click passes them by name
    outer: object,
    files: tuple[Path, ...],
    state: Path | None,
    user: str | None,
    channel: str | None,
    as_json: bool,  # noqa: FBT001 - as above
    strict: bool,  # noqa: FBT001 - as above
) -> int:
    """Talk in a sandbox that runs already, as one of its users.

    At a terminal there is a prompt, with completion; type !help there. Otherwise each line of the FILEs, or
    of the standard input, is done in turn: /command name:value, text, or !order.
    """
    # The console, which nothing else of the command line needs.
    from acore.sandbox.console.sitting import Sitting, sit_down  # noqa: PLC0415 - see above

    running = find(state or as_object(outer).get("state"))
    sitting = Sitting(username=user, channel=channel, files=files, as_json=as_json)
    with explained(running):
        is_good = anyio.run(sit_down, running.api, running.users, sitting)
    return ExitCode.FAILURE if strict and not is_good else ExitCode.OK
