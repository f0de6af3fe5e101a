"""Banning people, and letting them come back."""

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.state.records import User
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import EMPTY, NOBODY, is_refused, is_wrong_at


def stranger(api: Api, name: str = "stranger") -> User:
    """Return a user who is in no guild."""
    user = api.sandbox.world.add_user(name)
    api.sandbox.world.remove_member(api.sandbox.world.guild, user)
    return user


async def banned(api: Api, user: User) -> str:
    """Ban a user; return the path of the ban."""
    path = f"{api.guild}/bans/{user.id}"
    assert (await api("PUT", path, EMPTY)).status == 204
    return path


@pytest.mark.shows("PUT /guilds/{guild_id}/bans/{user_id}")
@pytest.mark.shows("GET /guilds/{guild_id}/bans/{user_id}")
async def test_who_is_banned_is_gone_and_cannot_come_back(api: Api) -> None:
    world = api.sandbox.world
    api.may(Permission.BAN_MEMBERS)
    path = f"{api.guild}/bans/{world.member.id}"

    assert (await api("PUT", path, {}, reason="spam")).status == 204

    assert world.member.id not in world.guild.members
    found = (await api("GET", path)).body
    assert (found["user"]["username"], found["reason"]) == ("member", "spam")
    entry = world.guild.audit_log[-1]
    assert (int(entry.action), entry.target_id, entry.reason) == (22, world.member.id, "spam")
    with pytest.raises(ApiError) as refused:
        world.add_member(world.guild, world.member)
    assert refused.value.refusal is Refusal.USER_IS_BANNED


async def test_who_was_never_there_is_banned_too_and_a_second_time_changes_nothing(api: Api) -> None:
    user = stranger(api)
    api.may(Permission.BAN_MEMBERS)
    await banned(api, user)
    await banned(api, user)
    assert [int(one.action) for one in api.sandbox.world.guild.audit_log] == [22]


@pytest.mark.shows("GET /guilds/{guild_id}/bans")
async def test_bans_are_listed_page_by_page(api: Api) -> None:
    api.may(Permission.BAN_MEMBERS)
    users = [stranger(api, name) for name in ("a", "b", "c")]
    for user in reversed(users):
        await banned(api, user)
    a, b, c = (user.id for user in users)

    async def listed(**query: str) -> list[str]:
        found = (await api("GET", f"{api.guild}/bans", query=query)).body
        return [one["user"]["id"] for one in found]

    assert await listed() == [a, b, c]
    assert await listed(limit="2") == [a, b]
    assert await listed(after=a, limit="1") == [b]
    assert await listed(before=c, limit="1") == [b]


@pytest.mark.shows("DELETE /guilds/{guild_id}/bans/{user_id}")
async def test_who_is_let_back_may_come_back(api: Api) -> None:
    world = api.sandbox.world
    api.may(Permission.BAN_MEMBERS)
    path = await banned(api, world.member)

    assert (await api("DELETE", path)).status == 204

    assert int(world.guild.audit_log[-1].action) == 23
    assert world.add_member(world.guild, world.member).user is world.member


@pytest.mark.shows("POST /guilds/{guild_id}/bulk-ban")
async def test_many_are_banned_at_once_and_who_cannot_be_is_told(api: Api) -> None:
    world = api.sandbox.world
    user, other = stranger(api), stranger(api, "other")
    api.may(Permission.BAN_MEMBERS, Permission.MANAGE_GUILD)
    await banned(api, other)

    ids = [user.id, world.owner.id, world.member.id, other.id, NOBODY]
    reply = (await api("POST", f"{api.guild}/bulk-ban", {"user_ids": ids})).body

    assert reply["banned_users"] == [user.id, world.member.id]
    assert reply["failed_users"] == [world.owner.id, other.id, NOBODY]
    assert set(world.guild.bans) == {user.id, world.member.id, other.id}


@pytest.mark.parametrize(
    "how",
    [
        {"body": {"delete_message_seconds": 3600}},
        {"body": {"delete_message_days": 1}},
        {"query": {"delete_message_seconds": "3600"}},
    ],
)
async def test_what_the_banned_said_of_late_is_deleted(wrong: Api, how: dict[str, dict[str, str]]) -> None:
    world = wrong.sandbox.world
    kept = await wrong.say("mine")
    await wrong.say("gone", by=world.member)
    await wrong.say("gone too", by=world.member)
    wrong.may(Permission.BAN_MEMBERS)

    reply = await wrong(
        "PUT", f"{wrong.guild}/bans/{world.member.id}", how.get("body"), query=how.get("query")
    )

    assert reply.status == 204
    assert list(world.channel.messages) == [kept]


async def test_what_the_banned_said_longer_ago_stays(api: Api) -> None:
    world = api.sandbox.world
    old, new = [await api.say(by=world.member) for _ in range(2)]
    message = world.channel.messages.pop(old)
    message.id = str(int(old) - (2 * 3600 * 1000 << 22))  # two hours before
    world.channel.messages = {message.id: message, **world.channel.messages}
    api.may(Permission.BAN_MEMBERS)

    await api("PUT", f"{api.guild}/bans/{world.member.id}", {"delete_message_seconds": 3600})

    assert list(world.channel.messages) == [message.id]
    assert new not in world.channel.messages


async def test_what_the_banned_said_stays_unless_its_deletion_was_asked_for(api: Api) -> None:
    world = api.sandbox.world
    said = await api.say("stays", by=world.member)
    api.may(Permission.BAN_MEMBERS)
    await banned(api, world.member)
    assert list(world.channel.messages) == [said]


@pytest.mark.shows("GET /guilds/{guild_id}/bans", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/bans/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PUT /guilds/{guild_id}/bans/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("DELETE /guilds/{guild_id}/bans/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("POST /guilds/{guild_id}/bulk-ban", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/bans", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/bans/{user_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PUT /guilds/{guild_id}/bans/{user_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /guilds/{guild_id}/bans/{user_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /guilds/{guild_id}/bulk-ban", Refusal.MISSING_PERMISSIONS)
async def test_bans_are_for_members_who_may_ban(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_guild("elsewhere", users=[])
    api.may(Permission.KICK_MEMBERS)
    for method, path, body in (
        ("GET", "bans", None),
        ("GET", f"bans/{world.member.id}", None),
        ("PUT", f"bans/{world.member.id}", EMPTY),
        ("DELETE", f"bans/{world.member.id}", None),
        ("POST", "bulk-ban", {"user_ids": [world.member.id]}),
    ):
        assert is_refused(await api(method, f"/guilds/{other.id}/{path}", body), Refusal.UNKNOWN_GUILD)
        assert is_refused(await api(method, f"{api.guild}/{path}", body), Refusal.MISSING_PERMISSIONS)


async def test_to_ban_many_at_once_takes_more(api: Api) -> None:
    ids = {"user_ids": [api.sandbox.world.member.id]}
    api.may(Permission.BAN_MEMBERS)
    reply = await api("POST", f"{api.guild}/bulk-ban", ids)
    assert is_refused(reply, Refusal.MISSING_PERMISSIONS)


async def test_who_is_as_high_as_oneself_or_owns_the_guild_is_not_banned(api: Api) -> None:
    world = api.sandbox.world
    world.give_role(world.member, api.may(Permission.ADMINISTRATOR))
    for user in (world.member, world.owner, world.application.bot):
        reply = await api("PUT", f"{api.guild}/bans/{user.id}", EMPTY)
        assert is_refused(reply, Refusal.MISSING_PERMISSIONS)


@pytest.mark.shows("PUT /guilds/{guild_id}/bans/{user_id}", Refusal.UNKNOWN_USER)
async def test_nobody_is_banned_who_does_not_exist(api: Api) -> None:
    api.may(Permission.BAN_MEMBERS)
    assert is_refused(await api("PUT", f"{api.guild}/bans/{NOBODY}", EMPTY), Refusal.UNKNOWN_USER)


@pytest.mark.shows("GET /guilds/{guild_id}/bans/{user_id}", Refusal.UNKNOWN_BAN)
@pytest.mark.shows("DELETE /guilds/{guild_id}/bans/{user_id}", Refusal.UNKNOWN_BAN)
async def test_the_ban_of_somebody_who_is_not_banned_is_unknown(api: Api) -> None:
    api.may(Permission.BAN_MEMBERS)
    path = f"{api.guild}/bans/{api.sandbox.world.member.id}"
    for method in ("GET", "DELETE"):
        assert is_refused(await api(method, path), Refusal.UNKNOWN_BAN)


@pytest.mark.shows("POST /guilds/{guild_id}/bulk-ban", Refusal.NOBODY_WAS_BANNED)
async def test_if_nobody_at_all_can_be_banned_that_is_an_error(api: Api) -> None:
    api.may(Permission.BAN_MEMBERS, Permission.MANAGE_GUILD)
    ids = {"user_ids": [api.sandbox.world.owner.id, NOBODY]}
    assert is_refused(await api("POST", f"{api.guild}/bulk-ban", ids), Refusal.NOBODY_WAS_BANNED)


@pytest.mark.shows("GET /guilds/{guild_id}/bans", Refusal.INVALID_FORM)
@pytest.mark.shows("PUT /guilds/{guild_id}/bans/{user_id}", Refusal.INVALID_FORM)
@pytest.mark.shows("POST /guilds/{guild_id}/bulk-ban", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_ban_is_named(wrong: Api) -> None:
    member = wrong.sandbox.world.member
    wrong.may(Permission.BAN_MEMBERS, Permission.MANAGE_GUILD)
    bans, bulk = f"{wrong.guild}/bans", f"{wrong.guild}/bulk-ban"
    for name, value in (("limit", "1001"), ("limit", "0"), ("before", "x"), ("after", "x")):
        assert is_wrong_at(await wrong("GET", bans, query={name: value}), name)
    one = f"{bans}/{member.id}"
    for name, value in (
        ("delete_message_seconds", 604_801),
        ("delete_message_seconds", -1),
        ("delete_message_days", 8),
    ):
        assert is_wrong_at(await wrong("PUT", one, {name: value}), name)
    query = {"delete_message_seconds": "604801"}
    assert is_wrong_at(await wrong("PUT", one, query=query), "delete_message_seconds")
    assert is_wrong_at(await wrong("POST", bulk, EMPTY), "user_ids")
    assert is_wrong_at(await wrong("POST", bulk, {"user_ids": []}), "user_ids")
    assert is_wrong_at(await wrong("POST", bulk, {"user_ids": [NOBODY] * 201}), "user_ids")
    assert is_wrong_at(await wrong("POST", bulk, {"user_ids": ["x"]}), "user_ids", "0")
    assert member.id in wrong.sandbox.world.guild.members
