"""Groups of commands that import only the command that is asked for."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, override

import click

from acore.garbage import seldom_collected


class LateGroup(click.Group):
    """Finds its commands without importing them all: the running bot does not pay for the rest.

    Each command lives in the module of its name, in the package that has the group; or, as `module:name`,
    where `modules` says. Those that were added to the group itself come first.
    """

    package = ""
    names: tuple[str, ...] = ()
    modules: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self.names, *self.modules]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        where = (
            f"{self.package}.{cmd_name}:{cmd_name}" if cmd_name in self.names else self.modules.get(cmd_name)
        )
        if where is None:
            return None
        module, _, name = where.partition(":")
        with seldom_collected():
            command: click.Command = getattr(importlib.import_module(module), name)
        return command
