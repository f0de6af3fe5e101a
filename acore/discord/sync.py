"""Keeps Discord's list of our commands right, and asks for a change only where there is one."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import nextcord  # noqa: TID251 - acore.discord is where nextcord lives

from acore.access.rules import is_for_operators
from acore.events.discord import CommandsSynced

# What Discord adds by itself: ids, a version, and where a command is by default.
_OURS = ("type", "name", "description", "options", "default_member_permissions", "nsfw")


async def sync_commands(client: nextcord.Client, application: int, guild: int | None) -> CommandsSynced:
    """Compare the commands registered in one place with ours; replace them in one request if they differ.

    One bulk request, because Discord allows 200 single creations a day.

    Args:
        client: The client, with all our commands added to it.
        application: Whose commands they are.
        guild: The server that is to have the operators' commands; None for everywhere, which has the others.

    Raises:
        nextcord.HTTPException: Discord refuses; what was registered before stays.
    """
    wanted: list[Any] = [
        cast("dict[str, Any]", command.get_payload(guild))  # pyright: ignore[reportUnknownMemberType] - a bare dict
        for command in client.get_all_application_commands()
        if is_for_operators(str(command.name)) is (guild is not None)
    ]
    wanted.sort(key=_name)
    http = client.http
    registered = (
        http.get_global_commands(application)
        if guild is None
        else http.get_guild_commands(application, guild)
    )
    there = cast("list[dict[str, Any]]", await registered)
    is_changed = _essence(wanted) != _essence(there)
    if is_changed and guild is None:
        await http.bulk_upsert_global_commands(application, wanted)  # pyright: ignore[reportUnknownMemberType] - as above
    elif is_changed and guild is not None:
        await http.bulk_upsert_guild_commands(application, guild, wanted)
    return CommandsSynced(guild=guild, commands=tuple(_name(one) for one in wanted), is_changed=is_changed)


def _essence(commands: Iterable[Mapping[str, Any]]) -> list[object]:
    """Return the parts that are ours, in one order, without what says nothing (null, false, empty)."""
    return [_said({key: one.get(key) for key in _OURS}) for one in sorted(commands, key=_kind_and_name)]


def _said(value: object) -> object:
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, object]", value).items()
        return {key: _said(inner) for key, inner in pairs if not _says_nothing(inner)}
    if isinstance(value, list):
        return [_said(inner) for inner in cast("list[object]", value)]
    return value


def _says_nothing(value: object) -> bool:
    """Return whether leaving *value* out means the same; 0 does say something, e.g. as a least value."""
    return value is None or value is False or value in ([], {}, "")


def _kind_and_name(command: Mapping[str, Any]) -> tuple[int, str]:
    return command.get("type", 1), _name(command)


def _name(command: Mapping[str, Any]) -> str:
    return str(command["name"])
