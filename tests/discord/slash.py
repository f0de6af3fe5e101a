"""The slash commands that the cogs declare."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from inspect import isfunction, signature
from types import ModuleType

import nextcord  # noqa: TID251 - what is shown here is what nextcord made of our cogs

from acore.actors.door import Choice, Request
from acore.discord import cogs


def every_cog() -> list[nextcord.ClientCog]:
    """Return one of each cog there is: each module makes its own in a function `…_cog`."""
    modules = [import_module(f"{cogs.__name__}.{one.name}") for one in pkgutil.iter_modules(cogs.__path__)]
    return [cog for module in modules for cog in _made_by(module)]


def commands_of(cog: nextcord.ClientCog) -> set[str]:
    """Return the full names of the commands that *cog* declares."""
    declared = vars(type(cog)).values()
    return {
        name
        for one in declared
        if isinstance(one, nextcord.SlashApplicationCommand)
        for name in _leaves(one, str(one.name))
    }


def _made_by(module: ModuleType) -> Iterator[nextcord.ClientCog]:
    makers = [one for one in vars(module).values() if isfunction(one) and one.__name__.endswith("_cog")]
    assert makers, f"{module.__name__} makes no cog"
    for make in makers:
        yield make(*(_ignore for _ in signature(make).parameters))


def _ignore(_request: Request, _typed: str = "") -> tuple[Choice, ...]:
    """Take a request and do nothing with it."""
    return ()


def _leaves(
    command: nextcord.SlashApplicationCommand | nextcord.SlashApplicationSubcommand, name: str
) -> Iterator[str]:
    if not command.children:
        yield name
    for child in command.children.values():
        yield from _leaves(child, f"{name} {child.name}")
