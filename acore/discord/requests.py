"""From nextcord's interaction to a request: what was asked, by whom, where."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import nextcord  # noqa: TID251 - acore.discord is where nextcord lives

from acore.actors.door import Request
from acore.events.discord import Argument, Invoker, Place

_SUB_COMMAND, _SUB_COMMAND_GROUP = 1, 2


def request_of(interaction: "nextcord.Interaction[nextcord.Client]") -> Request:
    """Return the command that *interaction* carries.

    Raises:
        ValueError: It carries none, or Discord did not say who used it.
    """
    return _read(interaction, nextcord.InteractionType.application_command)


def unfinished_request_of(interaction: "nextcord.Interaction[nextcord.Client]") -> Request:
    """Return the command that somebody is still typing, with what there is of it.

    Raises:
        ValueError: *interaction* carries none, or Discord did not say who types it.
    """
    return _read(interaction, nextcord.InteractionType.application_command_autocomplete)


def _read(interaction: "nextcord.Interaction[nextcord.Client]", kind: nextcord.InteractionType) -> Request:
    data = cast("Mapping[str, Any] | None", interaction.data)
    user = interaction.user
    if data is None or user is None or interaction.type is not kind:
        raise ValueError(f"interaction {interaction.id} carries no command")
    names, options = _path([data["name"]], data.get("options", ()))
    roles = tuple(role.id for role in user.roles) if isinstance(user, nextcord.Member) else ()
    return Request(
        interaction=interaction.id,
        application=interaction.application_id,
        token=interaction.token,
        command=" ".join(names),
        arguments=tuple(Argument(name=one["name"], value=str(one["value"])) for one in options),
        invoker=Invoker(id=user.id, name=user.name, roles=roles),
        place=Place(guild=interaction.guild_id, channel=interaction.channel_id),
        made=interaction.created_at,
    )


def _path(
    names: list[str], options: Iterable[Mapping[str, Any]]
) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Follow sub-command groups and sub-commands down to the options that were filled in."""
    found = list(options)
    while found and found[0]["type"] in {_SUB_COMMAND, _SUB_COMMAND_GROUP}:
        names.append(found[0]["name"])
        found = list(found[0].get("options", ()))
    return names, found
