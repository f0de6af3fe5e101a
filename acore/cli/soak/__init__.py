"""`acore soak`: long runs that look for leaks, losses and disagreements."""

import click

from acore.cli.late import LateGroup


class _Commands(LateGroup):
    package = "acore.cli.soak"
    names = ("runtime", "journal", "rows", "replay")


@click.group(cls=_Commands)
def soak() -> None:
    """Run for long under trouble, and count what is lost, doubled or left behind."""
