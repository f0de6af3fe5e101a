"""`acore completion`: what to put into a shell's start-up file."""

import click
from click.shell_completion import get_completion_class

from acore.cli.output import say


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    For bash: `acore completion bash >> ~/.bashrc`
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choices above are click's own
    say(kind(context.find_root().command, {}, "acore", "_ACORE_COMPLETE").source())
