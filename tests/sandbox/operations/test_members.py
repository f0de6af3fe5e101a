"""The members of a guild, and what is changed of them."""

from datetime import datetime, timedelta

import pytest

from acore.sandbox.permissions.rules import EVERYTHING, Permission
from acore.sandbox.realtime import iso, now
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ALL_PRIVILEGED, ApplicationFlag
from tests.sandbox.images import PNG, data_uri
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import EMPTY, NOBODY, is_refused, is_wrong_at


def path_of(api: Api, name: str = "member") -> str:
    """Return the path of the member with this name."""
    user = api.sandbox.world.user_named(name)
    assert user is not None
    return f"{api.guild}/members/{user.id}"


@pytest.mark.shows("GET /guilds/{guild_id}/members")
async def test_members_are_listed_page_by_page_in_the_order_of_their_ids(api: Api) -> None:
    world = api.sandbox.world
    members = f"{api.guild}/members"

    first = (await api("GET", members, query={"limit": "2"})).body
    query = {"limit": "1000", "after": first[-1]["user"]["id"]}
    rest = (await api("GET", members, query=query)).body

    listed = [one["user"]["id"] for one in first + rest]
    assert listed == [world.owner.id, world.member.id, world.application.bot.id]
    assert len((await api("GET", members)).body) == 1


@pytest.mark.shows("GET /guilds/{guild_id}/members/search")
async def test_members_are_found_by_how_their_names_begin(api: Api) -> None:
    world = api.sandbox.world
    world.add_user("another")
    world.guild.members[world.owner.id].nick = "Memory"

    search = f"{api.guild}/members/search"
    found = (await api("GET", search, query={"query": "MEM", "limit": "10"})).body

    assert [one["user"]["username"] for one in found] == ["owner", "member"]
    assert len((await api("GET", search, query={"query": "mem"})).body) == 1


@pytest.mark.shows("GET /guilds/{guild_id}/members/{user_id}")
async def test_a_member_is_found(api: Api) -> None:
    world = api.sandbox.world
    role = world.add_role("crew")
    world.give_role(world.member, role)
    found = (await api("GET", path_of(api))).body
    assert (found["user"]["username"], found["roles"], found["nick"]) == ("member", [role.id], None)


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}")
async def test_a_member_is_named_given_roles_and_timed_out(api: Api) -> None:
    world = api.sandbox.world
    old, new = world.add_role("old"), world.add_role("new")
    world.give_role(world.member, old)
    api.may(Permission.MANAGE_NICKNAMES, Permission.MANAGE_ROLES, Permission.MODERATE_MEMBERS)
    until = now() + timedelta(days=27)
    body = {"nick": "Nick", "roles": [new.id], "communication_disabled_until": iso(until)}

    edited = (await api("PATCH", path_of(api), body, reason="because")).body

    assert (edited["nick"], edited["roles"]) == ("Nick", [new.id])
    assert datetime.fromisoformat(edited["communication_disabled_until"]) == until
    told, roles = world.guild.audit_log[-2:]
    assert (int(told.action), int(roles.action), told.reason) == (24, 25, "because")
    assert {"key": "nick", "new_value": "Nick"} in told.changes
    assert {"key": "$add", "new_value": [{"id": new.id, "name": "new"}]} in roles.changes
    assert {"key": "$remove", "new_value": [{"id": old.id, "name": "old"}]} in roles.changes


async def test_everyone_is_no_role_that_a_member_is_given(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(Permission.MANAGE_ROLES)
    body = {"roles": [api.sandbox.guild_id, role.id]}
    assert (await api("PATCH", path_of(api), body)).body["roles"] == [role.id]


async def test_a_role_that_a_member_has_already_changes_nothing(api: Api) -> None:
    world = api.sandbox.world
    one, other = world.add_role("one"), world.add_role("other")
    world.give_role(world.member, one)
    world.give_role(world.member, other)
    api.may(Permission.MANAGE_ROLES)
    assert (await api("PUT", f"{path_of(api)}/roles/{one.id}")).status == 204
    assert world.guild.members[world.member.id].role_ids == [one.id, other.id]


async def test_an_empty_nickname_is_none(api: Api) -> None:
    member = api.sandbox.world.guild.members[api.sandbox.world.member.id]
    api.may(Permission.MANAGE_NICKNAMES)
    for empty in ("", None):
        member.nick = "Nick"
        assert (await api("PATCH", path_of(api), {"nick": empty})).body["nick"] is None


async def test_a_member_with_flags_has_only_those_that_can_be_changed(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    edited = (await api("PATCH", path_of(api), {"flags": 0b111})).body
    assert edited["flags"] == 0b100


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me")
async def test_one_has_a_name_and_pictures_of_ones_own_in_a_guild(api: Api) -> None:
    world = api.sandbox.world
    bot = world.application.bot
    body = {"nick": "Nick", "avatar": data_uri(PNG), "banner": data_uri(PNG), "bio": "a bot"}

    edited = (await api("PATCH", f"{api.guild}/members/@me", body)).body

    assert (edited["nick"], edited["avatar"] is None, edited["permissions"] is None) == ("Nick", False, False)
    url = f"{api.sandbox.origin}/guilds/{world.guild.id}/users/{bot.id}/avatars/{edited['avatar']}.png"
    async with api.http.get(url) as picture:
        assert await picture.read() == PNG
    assert world.guild.audit_log[-1].target_id == bot.id
    assert bot.avatar is None


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me/nick")
async def test_one_changes_ones_own_nickname_as_nextcord_asks_for_it(wrong: Api) -> None:
    reply = await wrong("PATCH", f"{wrong.guild}/members/@me/nick", {"nick": "Nick"})
    assert (reply.status, reply.body) == (200, {"nick": "Nick"})
    bot = wrong.sandbox.world.application.bot
    assert wrong.sandbox.world.guild.members[bot.id].nick == "Nick"


@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}")
async def test_who_is_kicked_is_gone_and_may_come_back(api: Api) -> None:
    world = api.sandbox.world
    api.may(Permission.KICK_MEMBERS)

    assert (await api("DELETE", path_of(api), reason="noise")).status == 204

    assert world.member.id not in world.guild.members
    entry = world.guild.audit_log[-1]
    assert (int(entry.action), entry.target_id, entry.reason) == (20, world.member.id, "noise")
    world.add_member(world.guild, world.member)
    assert (await api("GET", path_of(api))).status == 200


async def test_the_role_of_a_bot_goes_with_it(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_application("other").bot
    (role_id,) = world.add_member(world.guild, other).role_ids
    assert world.guild.roles[role_id].bot_id == other.id

    await api("DELETE", path_of(api, "other"), by=world.owner)

    assert role_id not in world.guild.roles


@pytest.mark.shows("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}")
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}")
async def test_a_role_is_given_and_taken(api: Api) -> None:
    world = api.sandbox.world
    role = world.add_role("crew")
    api.may(Permission.MANAGE_ROLES)
    path = f"{path_of(api)}/roles/{role.id}"

    for _ in range(2):
        assert (await api("PUT", path)).status == 204
        assert world.guild.members[world.member.id].role_ids == [role.id]
    assert (await api("DELETE", path)).status == 204

    assert world.guild.members[world.member.id].role_ids == []
    keys = [change["key"] for entry in world.guild.audit_log for change in entry.changes]
    assert keys == ["$add", "$remove"]


@pytest.mark.shows("GET /guilds/{guild_id}/members", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/members/search", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me/nick", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.UNKNOWN_GUILD)
async def test_the_members_of_a_guild_that_one_is_not_in_are_unknown(wrong: Api) -> None:
    world = wrong.sandbox.world
    other = world.add_guild("elsewhere", users=[world.member])
    members = f"/guilds/{other.id}/members"
    one = f"{members}/{world.member.id}"
    for method, path in (
        ("GET", members),
        ("GET", f"{members}/search?query=m"),
        ("GET", one),
        ("PATCH", one),
        ("PATCH", f"{members}/@me"),
        ("PATCH", f"{members}/@me/nick"),
        ("DELETE", one),
        ("PUT", f"{one}/roles/{other.id}"),
        ("DELETE", f"{one}/roles/{other.id}"),
    ):
        reply = await wrong(method, path, EMPTY if method == "PATCH" else None)
        assert is_refused(reply, Refusal.UNKNOWN_GUILD)


@pytest.mark.shows("GET /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_MEMBER)
@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_MEMBER)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_MEMBER)
@pytest.mark.shows("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.UNKNOWN_MEMBER)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.UNKNOWN_MEMBER)
async def test_who_is_not_in_the_guild_is_an_unknown_member(api: Api) -> None:
    one = f"{api.guild}/members/{NOBODY}"
    role = f"{one}/roles/{api.sandbox.guild_id}"
    for method, path in (("GET", one), ("PATCH", one), ("DELETE", one), ("PUT", role), ("DELETE", role)):
        reply = await api(method, path, EMPTY if method == "PATCH" else None)
        assert is_refused(reply, Refusal.UNKNOWN_MEMBER)


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.UNKNOWN_ROLE)
@pytest.mark.shows("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.UNKNOWN_ROLE)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.UNKNOWN_ROLE)
async def test_a_role_that_is_not_there_is_not_given(api: Api) -> None:
    api.may(Permission.MANAGE_ROLES)
    for method in ("PUT", "DELETE"):
        reply = await api(method, f"{path_of(api)}/roles/{NOBODY}")
        assert is_refused(reply, Refusal.UNKNOWN_ROLE)
    assert is_refused(await api("PATCH", path_of(api), {"roles": [NOBODY]}), Refusal.UNKNOWN_ROLE)


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.INVALID_ROLE)
@pytest.mark.shows("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.INVALID_ROLE)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.INVALID_ROLE)
async def test_a_bots_own_role_is_neither_given_nor_taken(api: Api) -> None:
    world = api.sandbox.world
    own = next(one for one in world.guild.roles.values() if one.bot_id is not None)
    api.may(Permission.MANAGE_ROLES)
    for method in ("PUT", "DELETE"):
        reply = await api(method, f"{path_of(api)}/roles/{own.id}")
        assert is_refused(reply, Refusal.INVALID_ROLE)
    assert is_refused(await api("PATCH", path_of(api), {"roles": [own.id]}), Refusal.INVALID_ROLE)


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.parametrize(
    ("body", "needed", "instead"),
    [
        ({"nick": "Nick"}, Permission.MANAGE_NICKNAMES, 0),
        ({"roles": []}, Permission.MANAGE_ROLES, 0),
        ({"communication_disabled_until": None}, Permission.MODERATE_MEMBERS, 0),
        ({"flags": 4}, Permission.MANAGE_GUILD, Permission.MANAGE_ROLES | Permission.BAN_MEMBERS),
        ({"flags": 4}, Permission.MANAGE_ROLES, Permission.MANAGE_GUILD | Permission.KICK_MEMBERS),
    ],
)
async def test_each_change_of_a_member_takes_its_permission(
    api: Api, body: dict[str, object], needed: Permission, instead: int
) -> None:
    role = api.may()
    role.permissions = EVERYTHING & ~(Permission.ADMINISTRATOR | needed | instead)
    assert is_refused(await api("PATCH", path_of(api), body), Refusal.MISSING_PERMISSIONS)
    role.permissions = int(needed)
    assert (await api("PATCH", path_of(api), body)).status == 200


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me/nick", Refusal.MISSING_PERMISSIONS)
async def test_ones_own_nickname_takes_a_permission_too(wrong: Api) -> None:
    for role in wrong.sandbox.world.guild.roles.values():
        role.permissions &= ~Permission.CHANGE_NICKNAME
    bot = wrong.sandbox.world.application.bot
    for name in ("@me", "@me/nick", bot.id):
        reply = await wrong("PATCH", f"{wrong.guild}/members/{name}", {"nick": "Nick"})
        assert is_refused(reply, Refusal.MISSING_PERMISSIONS)


@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", Refusal.MISSING_PERMISSIONS)
async def test_who_may_nothing_neither_kicks_nor_gives_roles(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(Permission.MANAGE_GUILD)
    path = path_of(api)
    for method, suffix in (("DELETE", ""), ("PUT", f"/roles/{role.id}"), ("DELETE", f"/roles/{role.id}")):
        assert is_refused(await api(method, path + suffix), Refusal.MISSING_PERMISSIONS)


async def test_who_is_as_high_as_oneself_or_owns_the_guild_is_left_alone(api: Api) -> None:
    world = api.sandbox.world
    own = api.may(Permission.ADMINISTRATOR)
    world.give_role(world.member, own)
    until = iso(now() + timedelta(hours=1))
    for name in ("member", "owner"):
        for body in ({"nick": "Nick"}, {"communication_disabled_until": until}):
            reply = await api("PATCH", path_of(api, name), body)
            assert is_refused(reply, Refusal.MISSING_PERMISSIONS)
        assert is_refused(await api("DELETE", path_of(api, name)), Refusal.MISSING_PERMISSIONS)


async def test_roles_are_given_to_anybody_but_only_those_below_ones_own(api: Api) -> None:
    world = api.sandbox.world
    below, _own, above = world.add_role("below"), api.may(Permission.MANAGE_ROLES), world.add_role("above")
    assert (await api("PUT", f"{path_of(api, 'owner')}/roles/{below.id}")).status == 204
    reply = await api("PUT", f"{path_of(api)}/roles/{above.id}")
    assert is_refused(reply, Refusal.MISSING_PERMISSIONS)
    reply = await api("PATCH", path_of(api), {"roles": [below.id, above.id]})
    assert is_refused(reply, Refusal.MISSING_PERMISSIONS)


async def test_an_administrator_cannot_be_timed_out(api: Api) -> None:
    world = api.sandbox.world
    world.give_role(world.member, world.add_role("admin", permission_bits=int(Permission.ADMINISTRATOR)))
    api.may(Permission.MODERATE_MEMBERS)
    until = {"communication_disabled_until": iso(now() + timedelta(hours=1))}
    assert is_refused(await api("PATCH", path_of(api), until), Refusal.MISSING_PERMISSIONS)


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.NOT_IN_VOICE)
@pytest.mark.parametrize("body", [{"mute": True}, {"deaf": True}, {"channel_id": None}])
async def test_who_is_not_in_voice_is_neither_muted_nor_moved(api: Api, body: dict[str, object]) -> None:
    api.may(Permission.MUTE_MEMBERS, Permission.DEAFEN_MEMBERS, Permission.MOVE_MEMBERS)
    assert is_refused(await api("PATCH", path_of(api), body), Refusal.NOT_IN_VOICE)


@pytest.mark.shows("GET /guilds/{guild_id}/members", Refusal.MISSING_ACCESS)
async def test_members_are_listed_only_for_a_bot_with_the_privileged_intent(api: Api) -> None:
    api.sandbox.world.application.flags = ALL_PRIVILEGED & ~ApplicationFlag.GATEWAY_GUILD_MEMBERS_LIMITED
    assert is_refused(await api("GET", f"{api.guild}/members"), Refusal.MISSING_ACCESS)


@pytest.mark.shows("GET /guilds/{guild_id}/members", Refusal.INVALID_FORM)
@pytest.mark.shows("GET /guilds/{guild_id}/members/search", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_search_is_named(wrong: Api) -> None:
    members = f"{wrong.guild}/members"
    for limit in ("0", "1001", "many"):
        assert is_wrong_at(await wrong("GET", members, query={"limit": limit}), "limit")
        query = {"limit": limit, "query": "m"}
        assert is_wrong_at(await wrong("GET", f"{members}/search", query=query), "limit")
    assert is_wrong_at(await wrong("GET", members, query={"after": "x"}), "after")
    assert is_wrong_at(await wrong("GET", f"{members}/search"), "query")
    assert is_wrong_at(await wrong("GET", f"{members}/search", query={"query": "m" * 101}), "query")


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/{user_id}", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nick", "x" * 33),
        ("nick", 5),
        ("roles", "all"),
        ("mute", "yes"),
        ("deaf", 1),
        ("channel_id", "here"),
        ("flags", "all"),
        ("communication_disabled_until", "tomorrow"),
        ("communication_disabled_until", 5),
        ("communication_disabled_until", "9999-12-31T23:59:59-23:59"),
    ],
)
async def test_what_is_wrong_with_a_member_is_named(wrong: Api, field: str, value: object) -> None:
    wrong.may(Permission.ADMINISTRATOR)
    assert is_wrong_at(await wrong("PATCH", path_of(wrong), {field: value}), field)


async def test_nobody_is_timed_out_for_more_than_four_weeks(wrong: Api) -> None:
    wrong.may(Permission.ADMINISTRATOR)
    until = {"communication_disabled_until": iso(now() + timedelta(days=29))}
    assert is_wrong_at(await wrong("PATCH", path_of(wrong), until), "communication_disabled_until")


async def test_each_of_several_roles_that_is_no_id_is_named(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_ROLES)
    assert is_wrong_at(await wrong("PATCH", path_of(wrong), {"roles": ["x"]}), "roles", "0")


@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /guilds/{guild_id}/members/@me/nick", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_oneself_is_named(wrong: Api) -> None:
    own = f"{wrong.guild}/members/@me"
    assert is_wrong_at(await wrong("PATCH", f"{own}/nick", {"nick": "x" * 33}), "nick")
    for field, value in (("nick", "x" * 33), ("avatar", "x"), ("banner", 5), ("bio", "x" * 191)):
        assert is_wrong_at(await wrong("PATCH", own, {field: value}), field)


async def test_a_reason_is_at_most_512_characters_long(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_NICKNAMES)
    assert (await wrong("PATCH", path_of(wrong), {"nick": "a"}, reason="ö" * 512)).status == 200
    reply = await wrong("PATCH", path_of(wrong), {"nick": "b"}, reason="ö" * 513)
    assert is_wrong_at(reply, "reason")
    assert [one.reason for one in wrong.sandbox.world.guild.audit_log] == ["ö" * 512]
