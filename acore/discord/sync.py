"""Keeps Discord's list of our commands right, and asks for a change only where there is one."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import nextcord  # noqa: TID251 - acore.discord is where nextcord lives

from acore.events.discord import CommandsSynced

# What Discord adds by itself: ids, a version, and where a command is by default.
_OURS = ("type", "name", "description", "options", "default_member_permissions", "nsfw")


async def sync_global(client: nextcord.Client, application: int) -> CommandsSynced:
    """Compare the commands registered everywhere with ours; replace them in one request if they differ.

    One bulk request, because Discord allows 200 single creations a day.

    Raises:
        nextcord.HTTPException: Discord refuses; what was registered before stays.
    """
    wanted = [
        cast("dict[str, Any]", command.get_payload(None))  # pyright: ignore[reportUnknownMemberType] - a bare dict
        for command in client.get_all_application_commands()
        if command.is_global
    ]
    wanted.sort(key=_name)
    there = cast("list[dict[str, Any]]", await client.http.get_global_commands(application))
    is_changed = _essence(wanted) != _essence(there)
    if is_changed:
        await client.http.bulk_upsert_global_commands(application, wanted)  # pyright: ignore[reportUnknownMemberType] - as above
    return CommandsSynced(guild=None, commands=tuple(_name(one) for one in wanted), is_changed=is_changed)


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
