"""Invites: making, finding, following and deleting them."""

from datetime import timedelta
from typing import Any

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import AuditAction, ChannelType
from acore.sandbox.state.records import Ban, Guild, User
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY
from tests.sandbox.operations.scenes import deny


async def made(api: Api, *, by: User | None = None, **sent: object) -> dict[str, Any]:
    """Make an invite to #general; return what was answered."""
    reply = await api("POST", f"{api.channel}/invites", {"unique": True, **sent}, by=by)
    assert reply.status == 200, reply.body
    return reply.body


def elsewhere(api: Api) -> Guild:
    """Return a guild that the bot is not in."""
    world = api.sandbox.world
    return world.add_guild("Elsewhere", users=[], owner=world.owner)


def newcomer(api: Api, name: str = "newcomer") -> User:
    """Return a user who is not in the first guild."""
    return api.sandbox.world.add_user(name, guild=elsewhere(api))


@pytest.mark.shows("POST /channels/{channel_id}/invites")
async def test_an_invite_leads_to_its_channel_for_a_while(api: Api) -> None:
    body = await made(api, max_age=60, max_uses=3, temporary=True)
    assert (body["max_age"], body["max_uses"], body["temporary"], body["uses"]) == (60, 3, True, 0)
    assert (body["channel"]["id"], body["guild"]["id"]) == (api.sandbox.channel_id, api.sandbox.guild_id)
    assert body["inviter"]["id"] == api.sandbox.application_id
    invite = api.sandbox.world.invites[body["code"]]
    assert invite.expires_at == invite.created_at + timedelta(seconds=60)
    entry = api.sandbox.world.guild.audit_log[-1]
    assert entry.action == AuditAction.INVITE_CREATE
    assert {"key": "code", "new_value": body["code"]} in entry.changes


@pytest.mark.shows("POST /channels/{channel_id}/invites")
async def test_an_invite_is_a_day_old_at_most_unless_it_is_said(api: Api) -> None:
    assert (await made(api))["max_age"] == 86400
    forever = await made(api, max_age=0)
    assert forever["expires_at"] is None


@pytest.mark.shows("POST /channels/{channel_id}/invites")
async def test_an_invite_that_need_not_be_unique_is_used_again(api: Api) -> None:
    first = await made(api, unique=False)
    assert (await made(api, unique=False))["code"] == first["code"]
    assert (await made(api, unique=False, max_uses=1))["code"] != first["code"]
    assert (await made(api, unique=True))["code"] != first["code"]
    assert (await made(api, unique=False, by=api.sandbox.world.member))["code"] != first["code"]


@pytest.mark.shows("POST /channels/{channel_id}/invites", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [("max_age", -1), ("max_age", 5_184_001), ("max_uses", 101), ("temporary", "yes"), ("unique", 1)],
)
async def test_an_invite_outside_discords_limits_is_not_made(wrong: Api, field: str, value: object) -> None:
    reply = await wrong("POST", f"{wrong.channel}/invites", {field: value})
    assert (reply.status, list(reply.body["errors"])) == (400, [field])


@pytest.mark.shows("POST /channels/{channel_id}/invites", Refusal.TOO_MANY_INVITES)
async def test_a_guild_has_a_thousand_invites_at_most(api: Api) -> None:
    world = api.sandbox.world
    one = world.invites[(await made(api))["code"]]
    world.invites.update((str(number), one) for number in range(999))
    for code in list(world.invites):
        one.code = code
    reply = await api("POST", f"{api.channel}/invites", {"unique": True})
    assert (reply.status, reply.body["code"]) == (400, 30016)


@pytest.mark.shows("POST /channels/{channel_id}/invites", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/invites", Refusal.UNKNOWN_CHANNEL)
async def test_nothing_leads_to_a_channel_that_does_not_exist(api: Api) -> None:
    path = f"/channels/{NOBODY}/invites"
    asked = [await api("POST", path, {}), await api("GET", path)]
    assert {(one.status, one.body["code"]) for one in asked} == {(404, 10003)}


@pytest.mark.shows("POST /channels/{channel_id}/invites", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/invites", Refusal.MISSING_ACCESS)
async def test_nobody_invites_to_a_channel_they_may_not_view(api: Api) -> None:
    deny(api.sandbox.world.channel, Permission.VIEW_CHANNEL)
    path = f"{api.channel}/invites"
    asked = [await api("POST", path, {}), await api("GET", path)]
    assert {(one.status, one.body["code"]) for one in asked} == {(403, 50001)}


@pytest.mark.shows("POST /channels/{channel_id}/invites", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("GET /channels/{channel_id}/invites", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
async def test_no_invite_leads_to_a_category(api: Api) -> None:
    api.sandbox.world.channel.type = ChannelType.GUILD_CATEGORY
    path = f"{api.channel}/invites"
    asked = [await api("POST", path, {}), await api("GET", path)]
    assert {(one.status, one.body["code"]) for one in asked} == {(400, 50024)}


@pytest.mark.shows("POST /channels/{channel_id}/invites", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /channels/{channel_id}/invites", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/invites", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /invites/{code}", Refusal.MISSING_PERMISSIONS)
async def test_who_may_not_manage_invites_sees_and_changes_none(api: Api) -> None:
    code = (await made(api, by=api.sandbox.world.member))["code"]
    deny(api.sandbox.world.channel, Permission.CREATE_INSTANT_INVITE)
    asked = [
        await api("POST", f"{api.channel}/invites", {}),
        await api("GET", f"{api.channel}/invites"),
        await api("GET", f"{api.guild}/invites"),
        await api("DELETE", f"/invites/{code}"),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(403, 50013)}


@pytest.mark.shows("GET /channels/{channel_id}/invites")
@pytest.mark.shows("GET /guilds/{guild_id}/invites")
async def test_invites_are_listed_with_their_uses_for_those_who_manage_them(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS, Permission.MANAGE_GUILD)
    invite = await made(api)
    assert (await api("GET", f"{api.channel}/invites")).body == [invite]
    assert (await api("GET", f"{api.guild}/invites")).body == [invite]
    other = api.sandbox.world.add_channel("other")
    assert (await api("GET", f"/channels/{other.id}/invites")).body == []


@pytest.mark.shows("GET /guilds/{guild_id}/invites", Refusal.UNKNOWN_GUILD)
async def test_the_invites_of_a_guild_one_is_not_in_are_unknown(api: Api) -> None:
    reply = await api("GET", f"/guilds/{elsewhere(api).id}/invites")
    assert (reply.status, reply.body["code"]) == (404, 10004)


@pytest.mark.shows("GET /invites/{code}")
async def test_whoever_knows_the_code_sees_where_an_invite_leads(api: Api) -> None:
    code = (await made(api))["code"]
    body = (await api("GET", f"/invites/{code}", query={"with_counts": "true"})).body
    assert (body["guild"]["name"], body["approximate_member_count"]) == ("Sandbox", 3)
    body = (await api("GET", f"/invites/{code}", by=newcomer(api))).body
    assert body["channel"]["name"] == "general"
    assert not body.keys() & {"uses", "max_uses", "approximate_member_count"}


@pytest.mark.shows("GET /invites/{code}", Refusal.UNKNOWN_INVITE)
@pytest.mark.shows("DELETE /invites/{code}", Refusal.UNKNOWN_INVITE)
@pytest.mark.shows("POST /invites/{code}", Refusal.UNKNOWN_INVITE)
async def test_an_invite_whose_time_is_over_is_unknown(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    code = (await made(api, max_age=60))["code"]
    assert (await api("GET", f"/invites/{code}")).status == 200
    api.sandbox.world.invites[code].created_at -= timedelta(seconds=60)
    asked = [
        await api("GET", f"/invites/{code}"),
        await api("DELETE", f"/invites/{code}"),
        await api("POST", f"/invites/{code}", by=newcomer(api)),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(404, 10006)}
    assert (await api("GET", f"{api.guild}/invites")).body == []


@pytest.mark.shows("DELETE /invites/{code}")
async def test_a_deleted_invite_is_returned_once_more_and_gone(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    code = (await made(api, by=api.sandbox.world.member))["code"]
    reply = await api("DELETE", f"/invites/{code}", reason="over")
    assert (reply.status, reply.body["code"]) == (200, code)
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.reason) == (AuditAction.INVITE_DELETE, "over")
    assert (await api("GET", f"/invites/{code}")).status == 404


@pytest.mark.shows("DELETE /invites/{code}", Refusal.MISSING_ACCESS)
async def test_the_invite_of_a_guild_one_is_not_in_cannot_be_deleted(api: Api) -> None:
    channel = next(iter(elsewhere(api).channels.values()))
    code = (await api("POST", f"/channels/{channel.id}/invites", {}, by=api.sandbox.world.owner)).body["code"]
    reply = await api("DELETE", f"/invites/{code}")
    assert (reply.status, reply.body["code"]) == (403, 50001)


# -- following


@pytest.mark.shows("POST /invites/{code}")
async def test_who_follows_an_invite_is_let_in_and_counted(api: Api) -> None:
    world = api.sandbox.world
    world.guild.settings["system_channel_id"] = world.channel.id
    code = (await made(api, max_uses=2))["code"]
    someone = newcomer(api)
    assert (await api("GET", api.guild, by=someone)).status == 404
    assert (await api("POST", f"/invites/{code}", by=someone)).body["code"] == code
    assert (await api("GET", api.guild, by=someone)).body["name"] == "Sandbox"
    told = (await api("GET", f"{api.channel}/messages")).body[0]
    assert (told["type"], told["author"]["id"]) == (7, someone.id)
    assert world.invites[code].uses == 1
    await api("POST", f"/invites/{code}", by=someone)
    assert world.invites[code].uses == 1, "who is in already uses nothing"
    await api("POST", f"/invites/{code}", by=newcomer(api, "other"))
    assert code not in world.invites, "it was used up"


@pytest.mark.shows("POST /invites/{code}")
async def test_a_system_channel_may_be_silent_of_who_joins(api: Api) -> None:
    world = api.sandbox.world
    world.guild.settings |= {"system_channel_id": world.channel.id, "system_channel_flags": 1}
    await api("POST", f"/invites/{(await made(api))['code']}", by=newcomer(api))
    assert (await api("GET", f"{api.channel}/messages")).body == []


@pytest.mark.shows("POST /invites/{code}", Refusal.USER_IS_BANNED)
async def test_who_is_banned_does_not_come_back(api: Api) -> None:
    someone = newcomer(api)
    api.sandbox.world.guild.bans[someone.id] = Ban(someone)
    code = (await made(api, max_uses=1))["code"]
    reply = await api("POST", f"/invites/{code}", by=someone)
    assert (reply.status, reply.body["code"]) == (403, 40007)
    assert api.sandbox.world.invites[code].uses == 0


@pytest.mark.shows("POST /invites/{code}", Refusal.TOO_MANY_GUILDS)
async def test_a_person_is_in_a_hundred_guilds_at_most(api: Api) -> None:
    world = api.sandbox.world
    someone = newcomer(api)
    for number in range(99):
        world.add_guild(f"g{number}", users=[someone])
    reply = await api("POST", f"/invites/{(await made(api))['code']}", by=someone)
    assert (reply.status, reply.body["code"]) == (400, 30001)


async def test_with_its_channel_goes_an_invite(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    code = (await made(api))["code"]
    await api("DELETE", api.channel)
    assert (await api("GET", f"/invites/{code}")).body["code"] == 10006
