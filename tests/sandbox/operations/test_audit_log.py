"""Reading a guild's audit log."""

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.shapes import Json
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import is_refused, is_wrong_at

ODD = ("²", "--5", "5" * 30, "5" * 5000)
"""What some ways of reading numbers take for one, and others do not."""


async def three_entries(api: Api) -> list[str]:
    """Let the owner make a role and change a member, and the bot rename it; return the entries' ids."""
    world = api.sandbox.world
    api.may(Permission.MANAGE_ROLES, Permission.VIEW_AUDIT_LOG)
    made = (await api("POST", f"{api.guild}/roles", {"name": "crew"}, by=world.owner)).body
    member = f"{api.guild}/members/{world.member.id}"
    await api("PATCH", member, {"nick": "Nick"}, by=world.owner, reason="a better name")
    await api("PATCH", f"{api.guild}/roles/{made['id']}", {"name": "gang"})
    return [one.id for one in world.guild.audit_log]


async def read(api: Api, **query: str) -> Json:
    """Return a part of the audit log."""
    return (await api("GET", f"{api.guild}/audit-logs", query=query)).body


@pytest.mark.shows("GET /guilds/{guild_id}/audit-logs")
async def test_who_changed_what_is_told_newest_first_with_whom_it_names(api: Api) -> None:
    ids = await three_entries(api)
    world = api.sandbox.world

    log = await read(api)

    entries = log["audit_log_entries"]
    assert [one["id"] for one in entries] == ids[::-1]
    assert [one["action_type"] for one in entries] == [31, 24, 30]
    assert {one["username"] for one in log["users"]} == {"owner", "member", "sandbox-bot"}
    member = entries[1]
    assert (member["user_id"], member["target_id"]) == (world.owner.id, world.member.id)
    assert member["reason"] == "a better name"
    assert member["changes"] == [{"key": "nick", "new_value": "Nick"}]
    assert "reason" not in entries[0]


async def test_what_the_log_names_is_told_as_far_as_it_is_there(api: Api) -> None:
    owner = api.sandbox.world.owner
    api.may(Permission.VIEW_AUDIT_LOG)
    made = await api("POST", f"{api.channel}/webhooks", {"name": "ticker"}, by=owner)
    gone = await api("POST", f"{api.channel}/webhooks", {"name": "gone"}, by=owner)
    await api("DELETE", f"/webhooks/{gone.body['id']}", by=owner)
    thread = await api("POST", f"{api.channel}/threads", {"name": "talk", "type": 11}, by=owner)

    log = await read(api)

    assert [one["id"] for one in log["webhooks"]] == [made.body["id"]]
    assert "token" not in log["webhooks"][0]
    assert [one["id"] for one in log["threads"]] == [thread.body["id"]]


async def test_a_command_is_told_whose_permissions_were_changed(api: Api) -> None:
    world = api.sandbox.world
    api.may(Permission.VIEW_AUDIT_LOG)
    application = f"/applications/{api.sandbox.application_id}"
    commands = [
        (await api("POST", f"{application}/commands", {"name": name, "description": "does"})).body
        for name in ("one", "other")
    ]
    path = f"{application}/guilds/{world.guild.id}/commands/{commands[0]['id']}/permissions"
    allowed = {"permissions": [{"id": world.member.id, "type": 2, "permission": True}]}
    assert (await api("PUT", path, allowed, by=world.owner)).status == 200

    log = await read(api)

    assert [one["name"] for one in log["application_commands"]] == ["one"]


async def test_the_log_is_searched_and_read_page_by_page(api: Api) -> None:
    first, second, third = await three_entries(api)
    world = api.sandbox.world

    async def found(**query: str) -> list[str]:
        return [one["id"] for one in (await read(api, **query))["audit_log_entries"]]

    assert await found(limit="2") == [third, second]
    assert await found(before=third) == [second, first]
    assert await found(after=first) == [second, third]
    assert await found(after=first, limit="1") == [second]
    assert await found(user_id=world.owner.id) == [second, first]
    assert await found(target_id=world.member.id) == [second]
    assert await found(action_type="30") == [first]
    assert await found(action_type="30", user_id=world.member.id) == []


@pytest.mark.shows("GET /guilds/{guild_id}/audit-logs", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_search_of_the_log_is_named(wrong: Api) -> None:
    wrong.may(Permission.VIEW_AUDIT_LOG)
    for name, value in (
        ("limit", "0"),
        ("limit", "101"),
        ("before", "x"),
        ("after", "x"),
        ("user_id", "x"),
        ("target_id", "x"),
        ("action_type", "x"),
        *((name, odd) for name in ("limit", "before", "user_id", "action_type") for odd in ODD),
    ):
        reply = await wrong("GET", f"{wrong.guild}/audit-logs", query={name: value})
        assert is_wrong_at(reply, name)


@pytest.mark.shows("GET /guilds/{guild_id}/audit-logs", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/audit-logs", Refusal.MISSING_PERMISSIONS)
async def test_the_log_is_for_members_who_may_read_it(api: Api) -> None:
    other = api.sandbox.world.add_guild("elsewhere", users=[])
    assert is_refused(await api("GET", f"/guilds/{other.id}/audit-logs"), Refusal.UNKNOWN_GUILD)
    assert is_refused(await api("GET", f"{api.guild}/audit-logs"), Refusal.MISSING_PERMISSIONS)
