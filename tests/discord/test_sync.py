"""When Discord's list of our commands differs from ours, and when it does not."""

from typing import Any, cast

import nextcord  # noqa: TID251 - our commands as nextcord sends them
import pytest

from acore.discord.sync import _essence
from tests.discord.slash import every_cog

OURS: dict[str, Any] = {
    "type": 1,
    "name": "ban",
    "description": "Ban somebody.",
    "options": [
        {"type": 6, "name": "who", "description": "Whom.", "required": True},
        {"type": 4, "name": "days", "description": "How long.", "min_value": 0},
    ],
}
THEIRS = {
    **OURS,
    "id": "123",
    "application_id": "9",
    "version": "456",
    "default_permission": True,
    "default_member_permissions": None,
    "dm_permission": True,
    "nsfw": False,
    "name_localizations": None,
    "description_localizations": None,
    "contexts": None,
    "integration_types": [0],
    "options": [
        {"type": 6, "name": "who", "description": "Whom.", "required": True, "name_localizations": None},
        {"type": 4, "name": "days", "description": "How long.", "required": False, "min_value": 0},
    ],
}


def changed(**fields: object) -> dict[str, Any]:
    return {**OURS, **fields}


def test_what_discord_adds_by_itself_is_no_difference() -> None:
    assert _essence([OURS]) == _essence([THEIRS])


def test_the_order_of_commands_is_no_difference() -> None:
    user_command = {"type": 2, "name": "ban"}
    other = changed(name="aid")

    assert _essence([OURS, other, user_command]) == _essence([user_command, THEIRS, other])


@pytest.mark.parametrize(
    "theirs",
    [
        [],
        [changed(name="kick")],
        [changed(description="Ban nobody.")],
        [changed(options=[])],
        [changed(options=OURS["options"][::-1])],
        [changed(options=[OURS["options"][0], {**OURS["options"][1], "required": True}])],
        [changed(options=[OURS["options"][0], {**OURS["options"][1], "min_value": None}])],
        [changed(default_member_permissions="0")],
        [changed(nsfw=True)],
        [changed(type=2)],
        [OURS, changed(name="kick")],
    ],
)
def test_everything_that_a_person_could_notice_is_a_difference(theirs: list[dict[str, Any]]) -> None:
    assert _essence([OURS]) != _essence(theirs)


def test_our_own_commands_come_back_equal_from_an_echo() -> None:
    cogs = every_cog()
    commands = [
        cast("dict[str, Any]", one.get_payload(None))  # pyright: ignore[reportUnknownMemberType] - a bare dict
        for cog in cogs
        for one in vars(type(cog)).values()
        if isinstance(one, nextcord.SlashApplicationCommand)
    ]
    assert commands

    assert _essence(commands) == _essence([{**one, "id": "1", "version": "2"} for one in commands])
