"""Channels: making, changing, ordering and deleting them, and what they allow and deny."""

from typing import Any

import pytest

from acore.sandbox.permissions import rules
from acore.sandbox.permissions.rules import EVERYTHING, Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import AuditAction, ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Guild, Overwrite, User
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY


async def made(api: Api, name: str = "plans", *, kind: int = 0, **more: object) -> dict[str, Any]:
    """Make a channel; return what was answered."""
    reply = await api("POST", f"{api.guild}/channels", {"name": name, "type": kind, **more})
    assert reply.status == 201, reply.body
    return reply.body


def hide(api: Api, channel: Channel) -> None:
    """Let only the owner and administrators view a channel."""
    everyone = api.sandbox.guild_id
    channel.overwrites[everyone] = Overwrite(everyone, OverwriteType.ROLE, deny=Permission.VIEW_CHANNEL)


def stranger(api: Api) -> tuple[User, Guild]:
    """Return somebody who is not in the first guild, and the guild they are in."""
    world = api.sandbox.world
    guild = world.add_guild("Elsewhere", users=[], owner=world.owner)
    return world.add_user("stranger", guild=guild), guild


# -- one channel


@pytest.mark.shows("GET /channels/{channel_id}")
async def test_a_channel_is_found(api: Api) -> None:
    reply = await api("GET", api.channel)
    assert (reply.body["name"], reply.body["type"], reply.body["permission_overwrites"]) == ("general", 0, [])


@pytest.mark.shows("GET /channels/{channel_id}")
async def test_a_direct_message_channel_tells_who_is_at_the_other_end(api: Api) -> None:
    world = api.sandbox.world
    channel = world.direct_channel(world.application.bot, world.member)
    body = (await api("GET", f"/channels/{channel.id}")).body
    assert (body["type"], [one["username"] for one in body["recipients"]]) == (1, ["member"])


@pytest.mark.shows("GET /channels/{channel_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}/permissions/{overwrite_id}", Refusal.UNKNOWN_CHANNEL)
async def test_a_channel_that_does_not_exist_is_unknown(api: Api) -> None:
    target = f"/channels/{NOBODY}/permissions/{api.sandbox.guild_id}"
    asked = [
        await api("GET", f"/channels/{NOBODY}"),
        await api("PATCH", f"/channels/{NOBODY}", {"name": "x"}),
        await api("DELETE", f"/channels/{NOBODY}"),
        await api("PUT", target, {"type": 0}),
        await api("DELETE", target),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(404, 10003)}


@pytest.mark.shows("GET /channels/{channel_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}/permissions/{overwrite_id}", Refusal.MISSING_ACCESS)
async def test_a_channel_that_one_may_not_view_cannot_be_reached(api: Api) -> None:
    hide(api, api.sandbox.world.channel)
    target = f"{api.channel}/permissions/{api.sandbox.guild_id}"
    asked = [
        await api("GET", api.channel),
        await api("PATCH", api.channel, {"name": "x"}),
        await api("DELETE", api.channel),
        await api("PUT", target, {"type": 0}),
        await api("DELETE", target),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(403, 50001)}


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_a_text_channel_is_changed_field_by_field(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    sent = {
        "name": "Weekly  Plans!",
        "topic": "what to do",
        "nsfw": True,
        "rate_limit_per_user": 21600,
        "position": 7,
        "default_auto_archive_duration": 60,
    }
    body = (await api("PATCH", api.channel, sent, reason="autumn")).body
    kept = {key: body[key] for key in sent}
    assert kept == {**sent, "name": "weekly-plans"}

    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.target_id, entry.reason) == (AuditAction.CHANNEL_UPDATE, body["id"], "autumn")
    assert {"key": "name", "old_value": "general", "new_value": "weekly-plans"} in entry.changes

    body = (await api("PATCH", api.channel, {"topic": None})).body
    assert (body["topic"], body["name"]) == (None, "weekly-plans")


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_what_stays_as_it_was_is_not_written_into_the_audit_log(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    before = len(api.sandbox.world.guild.audit_log)
    assert (await api("PATCH", api.channel, {"name": "general"})).status == 200
    assert len(api.sandbox.world.guild.audit_log) == before


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_a_text_channel_becomes_an_announcement_channel(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    assert (await api("PATCH", api.channel, {"type": 5})).body["type"] == 5


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_the_tags_of_a_forum_are_added_changed_and_removed(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    forum = await made(api, "help", kind=15, available_tags=[{"name": "bug"}, {"name": "idea"}])
    bug, idea = forum["available_tags"]
    assert bug == {
        "id": bug["id"], "name": "bug", "moderated": False, "emoji_id": None, "emoji_name": None,
    }  # fmt: skip
    tags = [{"id": idea["id"], "name": "wish", "moderated": True}, {"name": "done", "emoji_name": "✅"}]
    body = (await api("PATCH", f"/channels/{forum['id']}", {"available_tags": tags, "flags": 16})).body
    wish, done = body["available_tags"]
    assert (wish["id"], wish["name"], wish["moderated"]) == (idea["id"], "wish", True)
    assert (done["name"], done["emoji_name"]) == ("done", "✅")
    assert done["id"] not in {bug["id"], idea["id"]}
    assert body["flags"] == 16


@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.TAG_NAMES_NOT_UNIQUE)
@pytest.mark.shows("POST /guilds/{guild_id}/channels", Refusal.TAG_NAMES_NOT_UNIQUE)
async def test_two_tags_of_a_forum_cannot_have_the_same_name(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    twice = [{"name": "bug"}, {"name": "bug"}]
    reply = await api("POST", f"{api.guild}/channels", {"name": "x", "type": 15, "available_tags": twice})
    assert (reply.status, reply.body["code"]) == (400, 40061)
    forum = await made(api, "help", kind=15)
    reply = await api("PATCH", f"/channels/{forum['id']}", {"available_tags": twice})
    assert (reply.status, reply.body["code"]) == (400, 40061)


@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", None),
        ("name", 5),
        ("topic", "x" * 1025),
        ("rate_limit_per_user", 21601),
        ("rate_limit_per_user", "often"),
        ("nsfw", "perhaps"),
        ("default_auto_archive_duration", 61),
        ("parent_id", NOBODY),
        ("parent_id", "here"),
        ("permission_overwrites", {}),
        ("permission_overwrites", [{"id": NOBODY, "type": 0}]),
        ("permission_overwrites", [5]),
        ("position", -1),
        ("type", 2),
        ("type", 99),
    ],
)
async def test_what_is_outside_discords_limits_is_named(wrong: Api, field: str, value: object) -> None:
    wrong.may(Permission.ADMINISTRATOR)
    reply = await wrong("PATCH", wrong.channel, {field: value})
    assert (reply.status, reply.body["code"]) == (400, 50035)
    assert list(reply.body["errors"]) == [field]


async def test_a_channel_cannot_be_put_into_one_that_is_no_category(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_CHANNELS)
    other = await made(wrong)
    reply = await wrong("PATCH", wrong.channel, {"parent_id": other["id"]})
    assert "Not a category" in str(reply.body["errors"])


async def test_a_category_holds_fifty_channels(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_CHANNELS)
    category = await made(wrong, "all", kind=4)
    world = wrong.sandbox.world
    for number in range(50):
        world.add_channel(f"c{number}").parent_id = category["id"]
    reply = await wrong("PATCH", wrong.channel, {"parent_id": category["id"]})
    assert "(50)" in str(reply.body["errors"]["parent_id"])


@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /guilds/{guild_id}/channels", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/channels", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}/permissions/{overwrite_id}", Refusal.MISSING_PERMISSIONS)
async def test_who_may_not_manage_channels_changes_none(api: Api) -> None:
    target = f"{api.channel}/permissions/{api.sandbox.guild_id}"
    asked = [
        await api("PATCH", api.channel, {"name": "x"}),
        await api("DELETE", api.channel),
        await api("POST", f"{api.guild}/channels", {"name": "x"}),
        await api("PATCH", f"{api.guild}/channels", []),
        await api("PUT", target, {"type": 0}),
        await api("DELETE", target),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(403, 50013)}


@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.NOT_IN_DIRECT_MESSAGES)
async def test_direct_messages_have_nothing_to_change(api: Api) -> None:
    world = api.sandbox.world
    channel = world.direct_channel(world.application.bot, world.member)
    reply = await api("PATCH", f"/channels/{channel.id}", {"name": "x"})
    assert (reply.status, reply.body["code"]) == (403, 50003)


@pytest.mark.shows("PATCH /channels/{channel_id}", Refusal.THREAD_IS_ARCHIVED)
async def test_an_archived_thread_is_changed_only_when_it_is_opened_again(api: Api) -> None:
    api.may(Permission.MANAGE_THREADS)
    thread = (await api("POST", f"{api.channel}/threads", {"name": "talk", "type": 11})).body
    path = f"/channels/{thread['id']}"
    assert (await api("PATCH", path, {"archived": True})).body["thread_metadata"]["archived"] is True
    reply = await api("PATCH", path, {"name": "chat"})
    assert (reply.status, reply.body["code"]) == (400, 50083)
    body = (await api("PATCH", path, {"name": "chat", "archived": False})).body
    assert (body["name"], body["thread_metadata"]["archived"]) == ("chat", False)


# -- deleting


@pytest.mark.shows("DELETE /channels/{channel_id}")
async def test_a_deleted_channel_is_returned_once_more_and_gone(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    channel = await made(api)
    reply = await api("DELETE", f"/channels/{channel['id']}", reason="done")
    assert (reply.status, reply.body) == (200, channel)
    assert (await api("GET", f"/channels/{channel['id']}")).status == 404
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.target_id, entry.reason) == (
        AuditAction.CHANNEL_DELETE,
        channel["id"],
        "done",
    )


@pytest.mark.shows("DELETE /channels/{channel_id}")
async def test_the_channels_of_a_deleted_category_stay_without_one(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    category = await made(api, "all", kind=4)
    child = await made(api, "one", parent_id=category["id"])
    await api("DELETE", f"/channels/{category['id']}")
    assert (await api("GET", f"/channels/{child['id']}")).body["parent_id"] is None


@pytest.mark.shows("DELETE /channels/{channel_id}")
async def test_with_a_channel_go_its_threads_webhooks_and_invites(api: Api) -> None:
    api.may(Permission.ADMINISTRATOR)
    channel = await made(api)
    path = f"/channels/{channel['id']}"
    thread = (await api("POST", f"{path}/threads", {"name": "talk", "type": 11})).body
    await api("DELETE", path)
    assert (await api("GET", f"/channels/{thread['id']}")).status == 404
    assert (await api("GET", f"{api.guild}/threads/active")).body["threads"] == []


@pytest.mark.shows("DELETE /channels/{channel_id}")
async def test_direct_messages_are_closed_and_can_be_opened_again(api: Api) -> None:
    world = api.sandbox.world
    channel = world.direct_channel(world.application.bot, world.member)
    assert (await api("DELETE", f"/channels/{channel.id}")).body["id"] == channel.id
    again = await api("POST", "/users/@me/channels", {"recipient_id": world.member.id})
    assert again.body["id"] == channel.id


@pytest.mark.shows("DELETE /channels/{channel_id}", Refusal.CHANNEL_IS_NEEDED)
async def test_a_community_keeps_the_channel_of_its_rules(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    guild = api.sandbox.world.guild
    guild.settings |= {"features": ["COMMUNITY"], "rules_channel_id": api.sandbox.channel_id}
    reply = await api("DELETE", api.channel)
    assert (reply.status, reply.body["code"]) == (400, 50074)


@pytest.mark.shows("DELETE /channels/{channel_id}")
async def test_a_guild_whose_system_channel_is_deleted_has_none(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    guild = api.sandbox.world.guild
    guild.settings["system_channel_id"] = api.sandbox.channel_id
    assert (await api("DELETE", api.channel)).status == 200
    assert guild.settings["system_channel_id"] is None


# -- a guild's channels


@pytest.mark.shows("GET /guilds/{guild_id}/channels")
async def test_a_guilds_channels_are_listed_as_far_as_one_may_view_them(api: Api) -> None:
    world = api.sandbox.world
    hidden, shown = world.add_channel("hidden"), world.add_channel("shown")
    hide(api, hidden)
    listed = [one["id"] for one in (await api("GET", f"{api.guild}/channels")).body]
    assert listed == [world.channel.id, shown.id]
    listed = [one["id"] for one in (await api("GET", f"{api.guild}/channels", by=world.owner)).body]
    assert listed == [world.channel.id, hidden.id, shown.id]


@pytest.mark.shows("GET /guilds/{guild_id}/channels")
async def test_a_category_is_listed_for_whoever_may_view_something_in_it(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    world = api.sandbox.world
    category = world.channels[(await made(api, "all", kind=4))["id"]]
    child = world.add_channel("child")
    child.parent_id = category.id
    hide(api, category)
    listed = [one["id"] for one in (await api("GET", f"{api.guild}/channels")).body]
    assert category.id in listed
    hide(api, child)
    listed = [one["id"] for one in (await api("GET", f"{api.guild}/channels")).body]
    assert category.id not in listed


@pytest.mark.shows("GET /guilds/{guild_id}/channels", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("POST /guilds/{guild_id}/channels", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/channels", Refusal.UNKNOWN_GUILD)
async def test_a_guild_that_one_is_not_in_is_unknown(api: Api) -> None:
    _, elsewhere = stranger(api)
    path = f"/guilds/{elsewhere.id}/channels"
    asked = [
        await api("GET", path),
        await api("POST", path, {"name": "x"}),
        await api("PATCH", path, []),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(404, 10004)}


@pytest.mark.shows("POST /guilds/{guild_id}/channels")
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (ChannelType.GUILD_TEXT, {"topic": "t", "rate_limit_per_user": 5}),
        (ChannelType.GUILD_VOICE, {"bitrate": 96000, "user_limit": 99, "rtc_region": "rotterdam"}),
        (ChannelType.GUILD_CATEGORY, {}),
        (ChannelType.GUILD_ANNOUNCEMENT, {"topic": "t" * 1024}),
        (ChannelType.GUILD_STAGE_VOICE, {"bitrate": 64000, "user_limit": 10000}),
        (ChannelType.GUILD_FORUM, {"topic": "t" * 4096, "default_sort_order": 1, "default_forum_layout": 2}),
    ],
)
async def test_a_channel_of_each_type_is_made(api: Api, kind: ChannelType, more: dict[str, object]) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    body = await made(api, "New", kind=kind, **more)
    assert body["type"] == kind
    assert {key: body[key] for key in more} == more
    assert body["position"] == (0 if kind is ChannelType.GUILD_CATEGORY else 1)
    assert (await api("GET", f"/channels/{body['id']}")).body == body
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.target_id) == (AuditAction.CHANNEL_CREATE, body["id"])


async def test_a_media_channel_is_made(wrong: Api) -> None:
    """It is in Discord's documentation, not in its API description."""
    wrong.may(Permission.MANAGE_CHANNELS)
    body = await made(wrong, "pictures", kind=16, default_reaction_emoji={"emoji_name": "👍"})
    assert (body["type"], body["default_reaction_emoji"]) == (16, {"emoji_id": None, "emoji_name": "👍"})


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        (0, "Hello World", "hello-world"),
        (0, "a--b - c?", "a-b-c"),
        (2, " Two Words ", "Two Words"),
        (4, "A B", "A B"),
    ],
)
async def test_names_of_text_channels_are_written_small_with_dashes(
    wrong: Api, kind: int, sent: str, kept: str
) -> None:
    wrong.may(Permission.MANAGE_CHANNELS)
    assert (await made(wrong, sent, kind=kind))["name"] == kept


@pytest.mark.shows("POST /guilds/{guild_id}/channels")
async def test_a_channel_takes_over_what_its_category_allows_and_denies(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS, Permission.MANAGE_ROLES)
    overwrites = [{"id": api.sandbox.guild_id, "type": 0, "allow": "0", "deny": "2048"}]
    category = await made(api, "all", kind=4, permission_overwrites=overwrites)
    inside = await made(api, "in", parent_id=category["id"])
    assert category["permission_overwrites"] == overwrites == inside["permission_overwrites"]
    own = [{"id": api.sandbox.world.member.id, "type": 1, "allow": "2048", "deny": "0"}]
    other = await made(api, "own", parent_id=category["id"], permission_overwrites=own)
    assert other["permission_overwrites"] == own


@pytest.mark.shows("POST /guilds/{guild_id}/channels", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("name", {}),
        ("bitrate", {"type": 2, "name": "x", "bitrate": 7999}),
        ("bitrate", {"type": 2, "name": "x", "bitrate": 96001}),
        ("user_limit", {"type": 2, "name": "x", "user_limit": 100}),
        ("user_limit", {"type": 13, "name": "x", "user_limit": 10001}),
        ("topic", {"type": 15, "name": "x", "topic": "x" * 4097}),
        (
            "available_tags",
            {"type": 15, "name": "x", "available_tags": [{"name": str(n)} for n in range(21)]},
        ),
        ("type", {"type": 1, "name": "x"}),
        ("type", {"type": 14, "name": "x"}),
    ],
)
async def test_a_channel_outside_discords_limits_is_not_made(
    wrong: Api, field: str, sent: dict[str, object]
) -> None:
    wrong.may(Permission.MANAGE_CHANNELS)
    reply = await wrong("POST", f"{wrong.guild}/channels", sent)
    assert (reply.status, reply.body["code"]) == (400, 50035)
    assert list(reply.body["errors"]) == [field]


@pytest.mark.shows("POST /guilds/{guild_id}/channels", Refusal.TOO_MANY_CHANNELS)
async def test_a_guild_has_five_hundred_channels_at_most(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS)
    for number in range(498):
        api.sandbox.world.add_channel(f"c{number}")
    await made(api)
    reply = await api("POST", f"{api.guild}/channels", {"name": "x"})
    assert (reply.status, reply.body["code"]) == (400, 30013)


@pytest.mark.shows("PATCH /guilds/{guild_id}/channels")
async def test_channels_are_put_in_another_order_and_into_categories(api: Api) -> None:
    api.may(Permission.MANAGE_CHANNELS, Permission.MANAGE_ROLES)
    overwrites = [{"id": api.sandbox.guild_id, "type": 0, "allow": "0", "deny": "2048"}]
    category = await made(api, "all", kind=4, permission_overwrites=overwrites)
    one, two = await made(api, "one"), await made(api, "two")
    reply = await api(
        "PATCH",
        f"{api.guild}/channels",
        [
            {"id": two["id"], "position": 0},
            {"id": one["id"], "position": 5, "parent_id": category["id"], "lock_permissions": True},
        ],
    )
    assert reply.status == 204
    one, two = [(await api("GET", f"/channels/{each['id']}")).body for each in (one, two)]
    assert (two["position"], two["parent_id"]) == (0, None)
    assert (one["position"], one["parent_id"], one["permission_overwrites"]) == (
        5,
        category["id"],
        overwrites,
    )


@pytest.mark.shows("PATCH /guilds/{guild_id}/channels", Refusal.INVALID_FORM)
async def test_an_order_that_makes_no_sense_is_refused_as_a_whole(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_CHANNELS)
    own = wrong.sandbox.channel_id
    for sent in (
        [{"id": own, "position": 9}, {"id": NOBODY, "position": 1}],
        [{"id": own, "position": 9}, {"position": 1}],
        [{"id": own, "position": 9}, 5],
        {"id": own},
        [{"id": own, "position": -1}],
        [{"id": own, "parent_id": own, "position": 9}],
    ):
        reply = await wrong("PATCH", f"{wrong.guild}/channels", sent)
        assert (reply.status, reply.body["code"]) == (400, 50035), sent
    assert wrong.sandbox.world.channel.position == 0


# -- what a channel allows and denies


@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}")
@pytest.mark.shows("DELETE /channels/{channel_id}/permissions/{overwrite_id}")
async def test_what_a_channel_allows_and_denies_is_set_and_taken_back(api: Api) -> None:
    api.may(Permission.MANAGE_ROLES)
    member = api.sandbox.world.member
    path = f"{api.channel}/permissions/{member.id}"
    reply = await api("PUT", path, {"type": 1, "allow": "64", "deny": "2048"}, reason="noise")
    assert reply.status == 204
    shown = (await api("GET", api.channel)).body["permission_overwrites"]
    assert shown == [{"id": member.id, "type": 1, "allow": "64", "deny": "2048"}]
    world = api.sandbox.world
    bits = rules.in_channel(world.guild, world.guild.members[member.id], world.channel)
    assert not bits & Permission.SEND_MESSAGES
    log = api.sandbox.world.guild.audit_log
    assert (log[-1].action, log[-1].reason) == (AuditAction.CHANNEL_OVERWRITE_CREATE, "noise")
    assert log[-1].options == {"id": member.id, "type": "1"}

    assert (await api("PUT", path, {"type": 1, "deny": "0"})).status == 204
    assert log[-1].action == AuditAction.CHANNEL_OVERWRITE_UPDATE
    assert (await api("DELETE", path)).status == 204
    assert (await api("GET", api.channel)).body["permission_overwrites"] == []
    assert log[-1].action == AuditAction.CHANNEL_OVERWRITE_DELETE


@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.parametrize("bit", [Permission.KICK_MEMBERS, Permission.MANAGE_ROLES])
async def test_nobody_gives_a_permission_they_do_not_have(api: Api, bit: Permission) -> None:
    api.may(Permission.MANAGE_ROLES)
    path = f"{api.channel}/permissions/{api.sandbox.guild_id}"
    reply = await api("PUT", path, {"type": 0, "allow": str(int(bit))})
    assert (reply.status, reply.body["code"]) == (403, 50013)
    api.may(Permission.ADMINISTRATOR)
    assert (await api("PUT", path, {"type": 0, "allow": str(int(bit))})).status == 204


@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.UNKNOWN_OVERWRITE)
@pytest.mark.shows("DELETE /channels/{channel_id}/permissions/{overwrite_id}", Refusal.UNKNOWN_OVERWRITE)
async def test_an_overwrite_is_about_a_role_or_a_member_of_the_guild(api: Api) -> None:
    api.may(Permission.MANAGE_ROLES)
    asked = [
        await api("PUT", f"{api.channel}/permissions/{NOBODY}", {"type": 0}),
        await api("PUT", f"{api.channel}/permissions/{api.sandbox.guild_id}", {"type": 1}),
        await api("DELETE", f"{api.channel}/permissions/{NOBODY}"),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(404, 10009)}


@pytest.mark.shows(
    "PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/permissions/{overwrite_id}", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE
)
async def test_direct_messages_allow_and_deny_nothing(api: Api) -> None:
    world = api.sandbox.world
    channel = world.direct_channel(world.application.bot, world.member)
    path = f"/channels/{channel.id}/permissions/{world.member.id}"
    asked = [await api("PUT", path, {"type": 1}), await api("DELETE", path)]
    assert {(one.status, one.body["code"]) for one in asked} == {(400, 50024)}


@pytest.mark.shows("PUT /channels/{channel_id}/permissions/{overwrite_id}", Refusal.INVALID_FORM)
@pytest.mark.parametrize("sent", [{"type": 2}, {"type": 0, "allow": "all"}, {"type": 0, "deny": -1}])
async def test_permissions_are_bits(wrong: Api, sent: dict[str, object]) -> None:
    wrong.may(Permission.ADMINISTRATOR)
    reply = await wrong("PUT", f"{wrong.channel}/permissions/{wrong.sandbox.guild_id}", sent)
    assert (reply.status, reply.body["code"]) == (400, 50035)


async def test_bits_that_are_no_permission_are_dropped(wrong: Api) -> None:
    wrong.may(Permission.ADMINISTRATOR)
    path = f"{wrong.channel}/permissions/{wrong.sandbox.guild_id}"
    assert (await wrong("PUT", path, {"type": 0, "allow": str(1 << 60)})).status == 204
    assert wrong.sandbox.world.channel.overwrites[wrong.sandbox.guild_id].allow & ~EVERYTHING == 0
