"""`acore sandbox`: a Discord of one's own on the loopback, acore in it, and what can be done with it."""

from pathlib import Path
from typing import Unpack

import click

from acore.cli.late import LateGroup
from acore.cli.sandbox.options import ServerOptions, new_sandbox, server_options
from acore.settings.schema import LogLevel


class _Commands(LateGroup):
    package = "acore.cli.sandbox"
    names = ("serve", "chat", "invoke", "fault", "limits", "load")


EXAMPLES = """\
\b
Examples:
  acore sandbox
  acore sandbox serve --port 9090
  acore sandbox chat --user member
  acore sandbox invoke botstatus --json
"""


@click.group(cls=_Commands, invoke_without_command=True, epilog=EXAMPLES)
@server_options
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data directory of acore.  [default: one that is thrown away]",
)
@click.option(
    "--log-level",
    type=click.Choice([level.value for level in LogLevel], case_sensitive=False),
    default=LogLevel.INFO.value,
    show_default=True,
    help="How much acore says.",
)
@click.pass_context
def sandbox(
    context: click.Context, data: Path | None, log_level: str, **given: Unpack[ServerOptions]
) -> None:
    """Run acore on an embedded Discord: no token, no internet. Type /botstatus at the prompt.

    With `serve`, only the embedded Discord runs, for any bot made with nextcord or discord.py; `chat` and
    `invoke` talk to it from another terminal.
    """
    if context.invoked_subcommand is not None:
        context.obj = given
        return
    # The whole of acore, which the other commands do without.
    from acore.cli.sandbox.play import play  # noqa: PLC0415 - see above

    play(new_sandbox(given), data, log_level)
