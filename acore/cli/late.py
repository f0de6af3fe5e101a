"""Groups of commands that import only the command that is asked for."""

import importlib
from typing import override

import click


class LateGroup(click.Group):
    """Finds its commands without importing them all: the running bot does not pay for the rest.

    Each command lives in the module of its name, in the package that has the group.
    """

    package = ""
    names: tuple[str, ...] = ()

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.names)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.names:
            return None
        command: click.Command = getattr(importlib.import_module(f"{self.package}.{cmd_name}"), cmd_name)
        return command
