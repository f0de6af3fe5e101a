"""Threads: how they begin, who is in them, how they are found, and how they end."""

from datetime import timedelta
from typing import Any

import pytest

from acore.sandbox import realtime
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import AuditAction, ChannelType, MessageType, OverwriteType
from acore.sandbox.state.records import Channel, Overwrite, Thread, User
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY
from tests.sandbox.operations.scenes import deny


async def begun(
    api: Api, name: str = "talk", *, kind: int = 11, by: User | None = None, **more: object
) -> dict[str, Any]:
    """Begin a thread in #general; return what was answered."""
    reply = await api("POST", f"{api.channel}/threads", {"name": name, "type": kind, **more}, by=by)
    assert reply.status == 201, reply.body
    return reply.body


def forum(api: Api, *, kind: ChannelType = ChannelType.GUILD_FORUM, **extra: object) -> Channel:
    """Add a forum."""
    channel = api.sandbox.world.add_channel("help")
    channel.type = kind
    channel.extra.update(extra)
    return channel


def tag(tag_id: str, *, moderated: bool = False) -> dict[str, object]:
    return {"id": tag_id, "name": "t", "moderated": moderated, "emoji_id": None, "emoji_name": None}


# -- beginning


@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads")
async def test_a_thread_begins_with_a_message_and_has_its_id(api: Api) -> None:
    message_id = await api.say("what about lunch?")
    path = f"{api.channel}/messages/{message_id}"
    sent = {"name": "Lunch", "auto_archive_duration": 60, "rate_limit_per_user": 5}
    body = (await api("POST", f"{path}/threads", sent, reason="hungry")).body
    assert (body["id"], body["type"], body["name"], body["parent_id"]) == (
        message_id, 11, "Lunch", api.sandbox.channel_id,
    )  # fmt: skip
    assert (body["rate_limit_per_user"], body["thread_metadata"]["auto_archive_duration"]) == (5, 60)
    assert (body["message_count"], body["member_count"], body["total_message_sent"]) == (0, 1, 0)
    assert body["owner_id"] == body["member"]["user_id"] == api.sandbox.application_id

    message = (await api("GET", path)).body
    assert (message["flags"] & 32, message["thread"]["id"]) == (32, message_id)
    first = (await api("GET", f"/channels/{message_id}/messages")).body[0]
    assert (first["type"], first["message_reference"]["message_id"]) == (21, message_id)
    assert first["referenced_message"]["content"] == "what about lunch?"
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.target_id, entry.reason) == (
        AuditAction.THREAD_CREATE,
        message_id,
        "hungry",
    )


@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads")
async def test_a_thread_of_an_announcement_is_one_of_its_own_type(api: Api) -> None:
    api.sandbox.world.channel.type = ChannelType.GUILD_ANNOUNCEMENT
    path = f"{api.channel}/messages/{await api.say()}/threads"
    assert (await api("POST", path, {"name": "News"})).body["type"] == 10


@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.HAS_A_THREAD)
async def test_a_message_has_one_thread_at_most(api: Api) -> None:
    path = f"{api.channel}/messages/{await api.say()}/threads"
    assert (await api("POST", path, {"name": "one"})).status == 201
    reply = await api("POST", path, {"name": "two"})
    assert (reply.status, reply.body["code"]) == (400, 160004)


@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.INVALID_MESSAGE_TYPE)
async def test_no_thread_begins_with_what_discord_tells_by_itself(api: Api) -> None:
    await begun(api)
    told = (await api("GET", f"{api.channel}/messages")).body[0]
    assert told["type"] == MessageType.THREAD_CREATED
    reply = await api("POST", f"{api.channel}/messages/{told['id']}/threads", {"name": "x"})
    assert (reply.status, reply.body["code"]) == (400, 50068)


@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.UNKNOWN_MESSAGE)
async def test_no_thread_begins_with_a_message_that_is_not_there(api: Api) -> None:
    reply = await api("POST", f"{api.channel}/messages/{NOBODY}/threads", {"name": "x"})
    assert (reply.status, reply.body["code"]) == (404, 10008)


@pytest.mark.shows("POST /channels/{channel_id}/threads")
async def test_a_public_thread_begins_without_a_message_and_the_channel_is_told(api: Api) -> None:
    thread = await begun(api, "Plans")
    told = (await api("GET", f"{api.channel}/messages")).body[0]
    assert (told["type"], told["content"]) == (18, "Plans")
    assert told["message_reference"]["channel_id"] == thread["id"]


@pytest.mark.shows("POST /channels/{channel_id}/threads")
async def test_a_private_thread_is_seen_by_its_members_alone(api: Api) -> None:
    sent = {"name": "secret", "invitable": False}
    thread = (await api("POST", f"{api.channel}/threads", sent)).body
    assert (thread["type"], thread["thread_metadata"]["invitable"]) == (12, False)
    path = f"/channels/{thread['id']}"
    member = api.sandbox.world.member
    assert (await api("GET", path, by=member)).body["code"] == 50001
    await api("PUT", f"{path}/thread-members/{member.id}")
    assert (await api("GET", path, by=member)).status == 403, "who may not invite others invites nobody"
    api.may(Permission.MANAGE_THREADS)
    await api("PUT", f"{path}/thread-members/{member.id}")
    assert (await api("GET", path, by=member)).body["name"] == "secret"
    assert (await api("GET", f"{api.channel}/messages")).body == [], "nobody else is told of it"


@pytest.mark.shows("POST /channels/{channel_id}/threads")
async def test_a_post_begins_with_a_message_and_files_in_a_forum(api: Api) -> None:
    channel = forum(api, available_tags=[tag("11"), tag("12")])
    sent = {"name": "How?", "message": {"content": "like this"}, "applied_tags": ["12"]}
    reply = await api("POST", f"/channels/{channel.id}/threads", sent, files={"a.txt": b"text"})
    post = reply.body
    assert (reply.status, post["type"], post["applied_tags"]) == (201, 11, ["12"])
    assert (post["message_count"], post["total_message_sent"]) == (0, 0)
    listed = (await api("GET", f"/channels/{post['id']}/messages")).body
    assert [one["id"] for one in listed] == [post["id"]] == [post["message"]["id"]]
    assert (listed[0]["content"], listed[0]["attachments"][0]["filename"]) == ("like this", "a.txt")


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.TAG_IS_REQUIRED)
async def test_a_forum_can_ask_for_a_tag(api: Api) -> None:
    channel = forum(api, available_tags=[tag("11")])
    channel.flags = 16
    path = f"/channels/{channel.id}/threads"
    reply = await api("POST", path, {"name": "x", "message": {"content": "x"}})
    assert (reply.status, reply.body["code"]) == (400, 40067)
    sent = {"name": "x", "message": {"content": "x"}, "applied_tags": ["11"]}
    assert (await api("POST", path, sent)).status == 201


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.MISSING_PERMISSIONS)
async def test_a_tag_for_moderators_is_given_by_moderators(api: Api) -> None:
    channel = forum(api, available_tags=[tag("11", moderated=True)])
    sent = {"name": "x", "message": {"content": "x"}, "applied_tags": ["11"]}
    reply = await api("POST", f"/channels/{channel.id}/threads", sent)
    assert (reply.status, reply.body["code"]) == (403, 50013)
    api.may(Permission.MANAGE_THREADS)
    assert (await api("POST", f"/channels/{channel.id}/threads", sent)).status == 201


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.EMPTY_MESSAGE)
async def test_a_post_says_something(api: Api) -> None:
    sent: dict[str, object] = {"name": "x", "message": {}}
    reply = await api("POST", f"/channels/{forum(api).id}/threads", sent)
    assert (reply.status, reply.body["code"]) == (400, 50006)


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.INVALID_FORM)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("name", {}),
        ("name", {"name": "x" * 101}),
        ("auto_archive_duration", {"name": "x", "auto_archive_duration": 61}),
        ("rate_limit_per_user", {"name": "x", "rate_limit_per_user": 21601}),
    ],
)
async def test_a_thread_outside_discords_limits_does_not_begin(
    wrong: Api, field: str, sent: dict[str, object]
) -> None:
    path = f"{wrong.channel}/messages/{await wrong.say()}/threads"
    for reply in [await wrong("POST", path, sent), await wrong("POST", f"{wrong.channel}/threads", sent)]:
        assert (reply.status, reply.body["code"], list(reply.body["errors"])) == (400, 50035, [field])


@pytest.mark.parametrize("sent", [{"name": "x"}, {"name": "x", "message": 5}])
async def test_a_post_has_a_message(wrong: Api, sent: dict[str, object]) -> None:
    reply = await wrong("POST", f"/channels/{forum(wrong).id}/threads", sent)
    assert (reply.status, list(reply.body["errors"])) == (400, ["message"])


async def test_a_forum_knows_its_tags(wrong: Api) -> None:
    sent = {"name": "x", "message": {"content": "x"}, "applied_tags": [NOBODY]}
    reply = await wrong("POST", f"/channels/{forum(wrong).id}/threads", sent)
    assert (reply.status, list(reply.body["errors"])) == (400, ["applied_tags"])


async def test_an_announcement_channel_has_no_private_threads(wrong: Api) -> None:
    wrong.sandbox.world.channel.type = ChannelType.GUILD_ANNOUNCEMENT
    reply = await wrong("POST", f"{wrong.channel}/threads", {"name": "x", "type": 12})
    assert (reply.status, list(reply.body["errors"])) == (400, ["type"])


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.MISSING_PERMISSIONS)
async def test_who_may_not_begin_threads_begins_none(api: Api) -> None:
    message_id = await api.say()
    deny(api.sandbox.world.channel, Permission.CREATE_PUBLIC_THREADS)
    asked = [
        await api("POST", f"{api.channel}/messages/{message_id}/threads", {"name": "x"}),
        await api("POST", f"{api.channel}/threads", {"name": "x", "type": 11}),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(403, 50013)}
    assert (await api("POST", f"{api.channel}/threads", {"name": "x", "type": 12})).status == 201
    deny(api.sandbox.world.channel, Permission.CREATE_PRIVATE_THREADS)
    assert (await api("POST", f"{api.channel}/threads", {"name": "x", "type": 12})).status == 403


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.TOO_MANY_THREADS)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.TOO_MANY_THREADS)
async def test_a_guild_has_a_thousand_active_threads_at_most(api: Api) -> None:
    message_id = await api.say()
    now = realtime.now()
    guild = api.sandbox.world.guild
    for number in range(1000):
        thread = Thread(owner_id=NOBODY, created_at=now, archive_changed_at=now)
        channel = Channel(id=str(number), type=ChannelType.PUBLIC_THREAD, guild_id=guild.id, thread=thread)
        guild.threads[channel.id] = channel
    asked = [
        await api("POST", f"{api.channel}/messages/{message_id}/threads", {"name": "x"}),
        await api("POST", f"{api.channel}/threads", {"name": "x", "type": 11}),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(400, 160006)}
    guild.threads["0"].thread = Thread(NOBODY, now, now, is_archived=True)
    assert (await api("POST", f"{api.channel}/threads", {"name": "x", "type": 11})).status == 201


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows(
    "POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE
)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/public", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/private", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows(
    "GET /channels/{channel_id}/users/@me/threads/archived/private", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE
)
async def test_direct_messages_have_no_threads(api: Api) -> None:
    world = api.sandbox.world
    channel = world.direct_channel(world.application.bot, world.member)
    path = f"/channels/{channel.id}"
    asked = [
        await api("POST", f"{path}/threads", {"name": "x"}),
        await api("POST", f"{path}/messages/{NOBODY}/threads", {"name": "x"}),
        await api("GET", f"{path}/threads/archived/public"),
        await api("GET", f"{path}/threads/archived/private"),
        await api("GET", f"{path}/users/@me/threads/archived/private"),
    ]
    assert {(one.status, one.body["code"]) for one in asked} == {(400, 50024)}


def everything(at: str, user_id: str) -> list[tuple[str, str, object]]:
    """Return every request about the threads of a channel, or about the members of one."""
    return [
        ("POST", f"{at}/threads", {"name": "x"}),
        ("POST", f"{at}/messages/{NOBODY}/threads", {"name": "x"}),
        ("GET", f"{at}/threads/archived/public", None),
        ("GET", f"{at}/threads/archived/private", None),
        ("GET", f"{at}/users/@me/threads/archived/private", None),
        ("GET", f"{at}/thread-members", None),
        ("PUT", f"{at}/thread-members/@me", None),
        ("POST", f"{at}/thread-members/@me", None),
        ("DELETE", f"{at}/thread-members/@me", None),
        ("GET", f"{at}/thread-members/{user_id}", None),
        ("PUT", f"{at}/thread-members/{user_id}", None),
        ("DELETE", f"{at}/thread-members/{user_id}", None),
    ]


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/public", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/private", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/users/@me/threads/archived/private", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/thread-members", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/@me", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/@me", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/thread-members/@me", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/thread-members/{user_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}", Refusal.UNKNOWN_CHANNEL)
async def test_what_does_not_exist_has_no_threads_and_nobody_is_in_it(wrong: Api) -> None:
    for method, path, body in everything(f"/channels/{NOBODY}", wrong.sandbox.world.member.id):
        reply = await wrong(method, path, body)
        assert (reply.status, reply.body["code"]) == (404, 10003), path


@pytest.mark.shows("POST /channels/{channel_id}/threads", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/threads", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/public", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/private", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/users/@me/threads/archived/private", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/thread-members", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/@me", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/@me", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/thread-members/@me", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/thread-members/{user_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}", Refusal.MISSING_ACCESS)
async def test_what_one_may_not_view_has_no_threads_for_one(wrong: Api) -> None:
    deny(wrong.sandbox.world.channel, Permission.VIEW_CHANNEL)
    for method, path, body in everything(wrong.channel, wrong.sandbox.world.member.id):
        reply = await wrong(method, path, body)
        assert (reply.status, reply.body["code"]) == (403, 50001), path


@pytest.mark.shows("GET /channels/{channel_id}/thread-members", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/@me", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/@me", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("POST /channels/{channel_id}/thread-members/@me", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("GET /channels/{channel_id}/thread-members/{user_id}", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/thread-members/{user_id}", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE
)
async def test_nobody_is_a_member_of_a_channel_that_is_no_thread(wrong: Api) -> None:
    for method, path, body in everything(wrong.channel, wrong.sandbox.world.member.id)[5:]:
        reply = await wrong(method, path, body)
        assert (reply.status, reply.body["code"]) == (400, 50024), path


# -- its members


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/@me")
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/@me")
@pytest.mark.shows("GET /channels/{channel_id}/thread-members")
async def test_a_thread_is_joined_and_left(api: Api) -> None:
    thread = await begun(api, by=api.sandbox.world.member)
    path = f"/channels/{thread['id']}"
    assert "member" not in (await api("GET", path)).body
    assert (await api("PUT", f"{path}/thread-members/@me")).status == 204
    body = (await api("GET", path)).body
    assert (body["member_count"], body["member"]["user_id"]) == (2, api.sandbox.application_id)
    listed = (await api("GET", f"{path}/thread-members")).body
    assert {one["user_id"] for one in listed} == {api.sandbox.world.member.id, api.sandbox.application_id}
    assert (await api("DELETE", f"{path}/thread-members/@me")).status == 204
    assert (await api("GET", path)).body["member_count"] == 1


@pytest.mark.shows("POST /channels/{channel_id}/thread-members/@me")
async def test_a_thread_is_joined_as_nextcord_asks_for_it(wrong: Api) -> None:
    path = f"/channels/{(await begun(wrong, by=wrong.sandbox.world.member))['id']}"
    assert (await wrong("POST", f"{path}/thread-members/@me")).status == 204
    assert (await wrong("GET", path)).body["member_count"] == 2


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}")
@pytest.mark.shows("GET /channels/{channel_id}/thread-members/{user_id}")
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}")
async def test_somebody_is_taken_into_a_thread_and_out_of_it(api: Api) -> None:
    api.may(Permission.MANAGE_THREADS)
    thread = await begun(api)
    path = f"/channels/{thread['id']}/thread-members/{api.sandbox.world.member.id}"
    assert (await api("PUT", path)).status == 204
    body = (await api("GET", path)).body
    assert (body["id"], body["user_id"]) == (thread["id"], api.sandbox.world.member.id)
    assert "member" not in body
    body = (await api("GET", path, query={"with_member": "true"})).body
    assert body["member"]["user"]["username"] == "member"
    assert (await api("DELETE", path)).status == 204
    assert (await api("GET", path)).body["code"] == 10007


@pytest.mark.shows("GET /channels/{channel_id}/thread-members")
async def test_members_of_the_guild_come_page_by_page(api: Api) -> None:
    thread = await begun(api)
    world = api.sandbox.world
    for user in (world.owner, world.member):
        await api("PUT", f"/channels/{thread['id']}/thread-members/{user.id}")
    path = f"/channels/{thread['id']}/thread-members"
    page = (await api("GET", path, query={"with_member": "1", "limit": "2"})).body
    assert [one["member"]["user"]["username"] for one in page] == ["owner", "member"]
    rest = (await api("GET", path, query={"with_member": "1", "after": world.member.id})).body
    assert [one["user_id"] for one in rest] == [api.sandbox.application_id]
    assert len((await api("GET", path, query={"limit": "1"})).body) == 3


@pytest.mark.shows("GET /channels/{channel_id}/thread-members", Refusal.INVALID_FORM)
async def test_a_page_of_a_threads_members_has_its_limits(wrong: Api) -> None:
    thread = await begun(wrong)
    path = f"/channels/{thread['id']}/thread-members"
    reply = await wrong("GET", path, query={"with_member": "true", "limit": "101"})
    assert (reply.status, list(reply.body["errors"])) == (400, ["limit"])


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.UNKNOWN_MEMBER)
@pytest.mark.shows("GET /channels/{channel_id}/thread-members/{user_id}", Refusal.UNKNOWN_MEMBER)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}", Refusal.UNKNOWN_MEMBER)
async def test_who_is_not_in_the_guild_is_not_in_its_threads(api: Api) -> None:
    api.may(Permission.MANAGE_THREADS)
    path = f"/channels/{(await begun(api))['id']}/thread-members/{NOBODY}"
    asked = [await api(method, path) for method in ("PUT", "GET", "DELETE")]
    assert {(one.status, one.body["code"]) for one in asked} == {(404, 10007)}


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}", Refusal.MISSING_PERMISSIONS)
async def test_moderators_alone_take_somebody_out_of_a_public_thread(api: Api) -> None:
    path = f"/channels/{(await begun(api))['id']}/thread-members/{api.sandbox.world.member.id}"
    await api("PUT", path)
    assert (await api("DELETE", path)).body["code"] == 50013
    deny(api.sandbox.world.channel, Permission.SEND_MESSAGES_IN_THREADS)
    assert (await api("PUT", path)).body["code"] == 50013


@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}")
async def test_who_began_a_private_thread_takes_others_out_of_it(api: Api) -> None:
    path = f"/channels/{(await begun(api, kind=12))['id']}/thread-members/{api.sandbox.world.member.id}"
    assert [(await api(method, path)).status for method in ("PUT", "DELETE")] == [204, 204]


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.MISSING_ACCESS)
async def test_who_may_not_view_the_channel_is_not_taken_into_its_threads(api: Api) -> None:
    thread = await begun(api)
    member = api.sandbox.world.member
    overwrite = Overwrite(member.id, OverwriteType.MEMBER, deny=Permission.VIEW_CHANNEL)
    api.sandbox.world.channel.overwrites[member.id] = overwrite
    reply = await api("PUT", f"/channels/{thread['id']}/thread-members/{member.id}")
    assert (reply.status, reply.body["code"]) == (403, 50001)


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.TOO_MANY_IN_THREAD)
async def test_a_thread_has_a_thousand_members_at_most(api: Api) -> None:
    thread = await begun(api)
    record = api.sandbox.world.channels[thread["id"]].thread
    assert record is not None
    one = next(iter(record.members.values()))
    record.members.update((str(number), one) for number in range(999))
    reply = await api("PUT", f"/channels/{thread['id']}/thread-members/{api.sandbox.world.member.id}")
    assert (reply.status, reply.body["code"]) == (400, 30033)


@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/@me", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/@me", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("POST /channels/{channel_id}/thread-members/@me", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("PUT /channels/{channel_id}/thread-members/{user_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("DELETE /channels/{channel_id}/thread-members/{user_id}", Refusal.THREAD_IS_ARCHIVED)
async def test_nobody_joins_or_leaves_an_archived_thread(wrong: Api) -> None:
    path = f"/channels/{(await begun(wrong))['id']}"
    await wrong("PATCH", path, {"archived": True})
    for method, at, _ in everything(path, wrong.sandbox.world.member.id)[5:]:
        if method != "GET":
            reply = await wrong(method, at)
            assert (reply.status, reply.body["code"]) == (400, 50083), at


# -- changing


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_who_began_a_thread_may_name_and_archive_it_but_not_lock_it(api: Api) -> None:
    path = f"/channels/{(await begun(api))['id']}"
    sent = {"name": "chat", "auto_archive_duration": 1440}
    body = (await api("PATCH", path, sent, reason="short")).body
    assert (body["name"], body["thread_metadata"]["auto_archive_duration"]) == ("chat", 1440)
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.reason) == (AuditAction.THREAD_UPDATE, "short")
    assert {"key": "name", "old_value": "talk", "new_value": "chat"} in entry.changes
    assert (await api("PATCH", path, {"locked": True})).body["code"] == 50013
    assert (await api("PATCH", path, {"rate_limit_per_user": 5})).body["code"] == 50013
    api.may(Permission.MANAGE_THREADS)
    body = (await api("PATCH", path, {"locked": True, "rate_limit_per_user": 5})).body
    assert (body["thread_metadata"]["locked"], body["rate_limit_per_user"]) == (True, 5)


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_anybody_opens_an_archived_thread_unless_it_is_locked(api: Api) -> None:
    thread = await begun(api)
    path, member = f"/channels/{thread['id']}", api.sandbox.world.member
    assert (await api("PATCH", path, {"archived": True}, by=member)).body["code"] == 50013
    await api("PATCH", path, {"archived": True})
    assert (await api("PATCH", path, {"archived": False}, by=member)).status == 200
    await api("PATCH", path, {"archived": True, "locked": True}, by=api.sandbox.world.owner)
    assert (await api("PATCH", path, {"archived": False}, by=member)).body["code"] == 50013
    assert (await api("PATCH", path, {"archived": False}, by=api.sandbox.world.owner)).status == 200


@pytest.mark.shows("PATCH /channels/{channel_id}")
async def test_a_post_is_given_other_tags_and_pinned(api: Api) -> None:
    api.may(Permission.MANAGE_THREADS)
    channel = forum(api, available_tags=[tag("11"), tag("12")])
    sent = {"name": "x", "message": {"content": "x"}, "applied_tags": ["11"]}
    post = (await api("POST", f"/channels/{channel.id}/threads", sent)).body
    body = (await api("PATCH", f"/channels/{post['id']}", {"applied_tags": ["12"], "flags": 2})).body
    assert (body["applied_tags"], body["flags"]) == (["12"], 2)


@pytest.mark.shows("DELETE /channels/{channel_id}")
async def test_a_deleted_thread_leaves_the_message_it_began_with(api: Api) -> None:
    message_id = await api.say()
    await api("POST", f"{api.channel}/messages/{message_id}/threads", {"name": "x"})
    assert (await api("DELETE", f"/channels/{message_id}")).body["code"] == 50013
    api.may(Permission.MANAGE_THREADS)
    assert (await api("DELETE", f"/channels/{message_id}")).status == 200
    message = (await api("GET", f"{api.channel}/messages/{message_id}")).body
    assert ("thread" in message, message["flags"]) == (False, 0)
    assert api.sandbox.world.guild.audit_log[-1].action == AuditAction.THREAD_DELETE


async def test_what_is_said_is_counted_opens_the_thread_and_makes_one_a_member(api: Api) -> None:
    thread = await begun(api)
    path, member = f"/channels/{thread['id']}", api.sandbox.world.member
    await api("PATCH", path, {"archived": True})
    said = (await api("POST", f"{path}/messages", {"content": "wait"}, by=member)).body
    body = (await api("GET", path, by=member)).body
    assert (body["message_count"], body["total_message_sent"]) == (1, 1)
    assert (body["thread_metadata"]["archived"], body["member"]["user_id"]) == (False, member.id)
    await api("DELETE", f"{path}/messages/{said['id']}", by=member)
    body = (await api("GET", path)).body
    assert (body["message_count"], body["total_message_sent"]) == (0, 1)


# -- finding


@pytest.mark.shows("GET /guilds/{guild_id}/threads/active")
async def test_active_threads_are_listed_the_newest_first(api: Api) -> None:
    first, second = await begun(api, "one"), await begun(api, "two", by=api.sandbox.world.member)
    secret = await begun(api, "secret", kind=12, by=api.sandbox.world.member)
    archived = await begun(api, "old")
    await api("PATCH", f"/channels/{archived['id']}", {"archived": True})
    body = (await api("GET", f"{api.guild}/threads/active")).body
    assert [one["id"] for one in body["threads"]] == [second["id"], first["id"]]
    assert [one["id"] for one in body["members"]] == [first["id"]]
    assert body["has_more"] is False
    body = (await api("GET", f"{api.guild}/threads/active", by=api.sandbox.world.member)).body
    assert secret["id"] in [one["id"] for one in body["threads"]]


@pytest.mark.shows("GET /guilds/{guild_id}/threads/active")
async def test_a_thread_in_which_nothing_happens_is_archived(api: Api) -> None:
    quiet, lively = [await begun(api, name, auto_archive_duration=60) for name in ("quiet", "lively")]
    for thread in (quiet, lively):
        record = api.sandbox.world.channels[thread["id"]].thread
        assert record is not None
        record.created_at -= timedelta(minutes=60)
        record.archive_changed_at -= timedelta(minutes=60)
    await api("POST", f"/channels/{lively['id']}/messages", {"content": "x"})
    body = (await api("GET", f"{api.guild}/threads/active")).body
    assert [one["name"] for one in body["threads"]] == ["lively"]
    body = (await api("GET", f"{api.channel}/threads/archived/public")).body
    assert [one["name"] for one in body["threads"]] == ["quiet"]


@pytest.mark.shows("GET /guilds/{guild_id}/threads/active", Refusal.UNKNOWN_GUILD)
async def test_the_active_threads_of_a_guild_one_is_not_in_are_unknown(api: Api) -> None:
    reply = await api("GET", f"/guilds/{NOBODY}/threads/active")
    assert (reply.status, reply.body["code"]) == (404, 10004)


@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/public")
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/private")
@pytest.mark.shows("GET /channels/{channel_id}/users/@me/threads/archived/private")
async def test_archived_threads_are_listed_the_last_archived_first(api: Api) -> None:
    api.may(Permission.MANAGE_THREADS)
    world = api.sandbox.world
    made = [await begun(api, str(n), kind=11 if n < 4 else 12) for n in range(5)]
    made.append(await begun(api, "5", kind=12, by=world.member))
    ids = [one["id"] for one in made]
    for number in (1, 0, 2, 4, 5):
        await api("PATCH", f"/channels/{ids[number]}", {"archived": True})
    public = f"{api.channel}/threads/archived/public"
    body = (await api("GET", public)).body
    assert ([one["id"] for one in body["threads"]], body["has_more"]) == ([ids[2], ids[0], ids[1]], False)
    body = (await api("GET", public, query={"limit": "2"})).body
    assert ([one["id"] for one in body["threads"]], body["has_more"]) == ([ids[2], ids[0]], True)
    before = body["threads"][-1]["thread_metadata"]["archive_timestamp"]
    body = (await api("GET", public, query={"before": before})).body
    assert [one["id"] for one in body["threads"]] == [ids[1]]

    body = (await api("GET", f"{api.channel}/threads/archived/private")).body
    assert [one["id"] for one in body["threads"]] == [ids[5], ids[4]]
    own = f"{api.channel}/users/@me/threads/archived/private"
    assert [one["id"] for one in (await api("GET", own)).body["threads"]] == [ids[4]]
    assert (await api("GET", own, query={"before": ids[4]})).body["threads"] == []


@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/public", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/private", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows(
    "GET /channels/{channel_id}/users/@me/threads/archived/private", Refusal.MISSING_PERMISSIONS
)
async def test_archived_threads_are_for_those_who_may_read_the_history(api: Api) -> None:
    private = f"{api.channel}/threads/archived/private"
    assert (await api("GET", private)).body["code"] == 50013
    deny(api.sandbox.world.channel, Permission.READ_MESSAGE_HISTORY)
    own = f"{api.channel}/users/@me/threads/archived/private"
    for path in (f"{api.channel}/threads/archived/public", private, own):
        reply = await api("GET", path)
        assert (reply.status, reply.body["code"]) == (403, 50013)


@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/public", Refusal.INVALID_FORM)
@pytest.mark.shows("GET /channels/{channel_id}/threads/archived/private", Refusal.INVALID_FORM)
@pytest.mark.shows("GET /channels/{channel_id}/users/@me/threads/archived/private", Refusal.INVALID_FORM)
@pytest.mark.parametrize(("key", "value"), [("limit", "1"), ("limit", "101"), ("before", "yesterday")])
async def test_a_page_of_archived_threads_has_its_limits(wrong: Api, key: str, value: str) -> None:
    wrong.may(Permission.MANAGE_THREADS)
    own = f"{wrong.channel}/users/@me/threads/archived/private"
    threads = f"{wrong.channel}/threads/archived"
    for path in (f"{threads}/public", f"{threads}/private", own):
        reply = await wrong("GET", path, query={key: value})
        assert (reply.status, list(reply.body["errors"])) == (400, [key])


async def test_a_moment_without_a_zone_is_utc(wrong: Api) -> None:
    thread = await begun(wrong)
    await wrong("PATCH", f"/channels/{thread['id']}", {"archived": True})
    later = (realtime.now() + timedelta(minutes=1)).replace(tzinfo=None).isoformat()
    body = (await wrong("GET", f"{wrong.channel}/threads/archived/public", query={"before": later})).body
    assert [one["id"] for one in body["threads"]] == [thread["id"]]
