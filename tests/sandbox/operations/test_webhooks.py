"""Webhooks: making, finding, changing and deleting them, and what is said with them."""

from typing import Any

import pytest

from acore.sandbox import realtime
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import AuditAction, ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Overwrite, Thread, User
from tests.sandbox.conftest import Reply
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY
from tests.sandbox.rawbot import RawBot, webhook

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BUTTON = {"type": 1, "components": [{"type": 2, "style": 1, "label": "x", "custom_id": "x"}]}


def at(webhook: dict[str, Any]) -> str:
    """Return the path at which a webhook is written to."""
    return f"/webhooks/{webhook['id']}/{webhook['token']}"


async def made(api: Api, name: str = "news", *, by: User | None = None, **sent: object) -> dict[str, Any]:
    """Make a webhook of #general; the bot may make it."""
    if by is None:
        api.may(Permission.MANAGE_WEBHOOKS)
    reply = await api("POST", f"{api.channel}/webhooks", {"name": name, **sent}, by=by)
    assert reply.status == 200, reply.body
    return reply.body


async def listed(api: Api, channel_id: str | None = None) -> list[dict[str, Any]]:
    """Return what was said in #general or in another channel, the newest first."""
    return (await api("GET", f"/channels/{channel_id or api.sandbox.channel_id}/messages")).body


def codes(*replies: Reply) -> set[tuple[int, int]]:
    return {(one.status, one.body["code"]) for one in replies}


def forum(api: Api) -> Channel:
    api.sandbox.world.channel.type = ChannelType.GUILD_FORUM
    return api.sandbox.world.channel


# -- webhooks


@pytest.mark.shows("POST /channels/{channel_id}/webhooks")
@pytest.mark.shows("GET /webhooks/{webhook_id}")
async def test_a_webhook_is_made_with_an_avatar(api: Api) -> None:
    webhook = await made(api, " news ", avatar=PIXEL)
    assert (webhook["type"], webhook["name"], webhook["channel_id"]) == (1, "news", api.sandbox.channel_id)
    assert webhook["application_id"] == webhook["user"]["id"] == api.sandbox.application_id
    assert len(webhook["token"]) == 68
    assert webhook["url"] == f"{api.sandbox.api}{at(webhook)}"
    assert len(webhook["avatar"]) == 32
    assert (await api("GET", f"/webhooks/{webhook['id']}")).body == webhook
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.target_id) == (AuditAction.WEBHOOK_CREATE, webhook["id"])


@pytest.mark.shows("POST /channels/{channel_id}/webhooks", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("name", {}),
        ("name", {"name": ""}),
        ("name", {"name": "x" * 81}),
        ("name", {"name": "My Clyde"}),
        ("name", {"name": "DISCORDIA"}),
        ("avatar", {"name": "x", "avatar": "data:image/png;base64,eA=="}),
    ],
)
async def test_a_webhook_outside_discords_limits_is_not_made(
    wrong: Api, field: str, sent: dict[str, object]
) -> None:
    wrong.may(Permission.MANAGE_WEBHOOKS)
    reply = await wrong("POST", f"{wrong.channel}/webhooks", sent)
    assert (reply.status, list(reply.body["errors"])) == (400, [field])


@pytest.mark.shows("POST /channels/{channel_id}/webhooks", Refusal.TOO_MANY_WEBHOOKS)
@pytest.mark.shows("POST /channels/{channel_id}/followers", Refusal.TOO_MANY_WEBHOOKS)
async def test_a_channel_has_fifteen_webhooks_at_most(api: Api) -> None:
    for _ in range(15):
        await made(api)
    reply = await api("POST", f"{api.channel}/webhooks", {"name": "x"})
    assert codes(reply) == {(400, 30007)}
    source = api.sandbox.world.add_channel("source")
    source.type = ChannelType.GUILD_ANNOUNCEMENT
    sent = {"webhook_channel_id": api.sandbox.channel_id}
    assert codes(await api("POST", f"/channels/{source.id}/followers", sent)) == {(400, 30007)}


@pytest.mark.shows("GET /channels/{channel_id}/webhooks")
@pytest.mark.shows("GET /guilds/{guild_id}/webhooks")
async def test_webhooks_are_listed_but_not_the_tokens_of_other_applications(api: Api) -> None:
    webhook = await made(api)
    persons = await made(api, "person's", by=api.sandbox.world.owner)
    other = api.sandbox.world.webhooks[(await made(api, "other"))["id"]]
    other.application_id = NOBODY
    for path in (f"{api.channel}/webhooks", f"{api.guild}/webhooks"):
        body = (await api("GET", path)).body
        assert [one["name"] for one in body] == ["news", "person's", "other"]
        assert [one.get("token") for one in body] == [webhook["token"], persons["token"], None]
    elsewhere = api.sandbox.world.add_channel("elsewhere")
    assert (await api("GET", f"/channels/{elsewhere.id}/webhooks")).body == []


@pytest.mark.shows("PATCH /webhooks/{webhook_id}")
async def test_a_webhook_is_renamed_and_moved(api: Api) -> None:
    webhook = await made(api, avatar=PIXEL)
    other = api.sandbox.world.add_channel("other")
    sent = {"name": "olds", "channel_id": other.id, "avatar": None}
    body = (await api("PATCH", f"/webhooks/{webhook['id']}", sent, reason="moved")).body
    assert {key: body[key] for key in sent} == sent
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.reason) == (AuditAction.WEBHOOK_UPDATE, "moved")
    assert {"key": "name", "old_value": "news", "new_value": "olds"} in entry.changes


@pytest.mark.shows("PATCH /webhooks/{webhook_id}", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"), [("name", None), ("name", "discord"), ("avatar", "x"), ("channel_id", NOBODY)]
)
async def test_a_webhook_is_not_changed_outside_discords_limits(
    wrong: Api, field: str, value: object
) -> None:
    webhook = await made(wrong)
    reply = await wrong("PATCH", f"/webhooks/{webhook['id']}", {field: value})
    assert (reply.status, list(reply.body["errors"])) == (400, [field])
    reply = await wrong("PATCH", at(webhook), {"name": "discord"})
    assert (reply.status, list(reply.body["errors"])) == (400, ["name"])


@pytest.mark.shows("DELETE /webhooks/{webhook_id}")
async def test_a_deleted_webhook_is_gone_and_what_it_said_stays(api: Api) -> None:
    webhook = await made(api)
    await api("POST", at(webhook), {"content": "hello"})
    assert (await api("DELETE", f"/webhooks/{webhook['id']}", reason="over")).status == 204
    assert codes(await api("GET", f"/webhooks/{webhook['id']}")) == {(404, 10015)}
    assert [one["content"] for one in await listed(api)] == ["hello"]
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.action, entry.reason) == (AuditAction.WEBHOOK_DELETE, "over")


@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}")
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}")
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}")
async def test_the_token_is_enough_to_see_rename_and_delete_a_webhook(api: Api) -> None:
    path = at(await made(api))
    body = (await api("GET", path)).body
    assert (body["name"], "user" in body) == ("news", False)
    assert (await api("PATCH", path, {"name": "olds"})).body["name"] == "olds"
    assert (await api("DELETE", path)).status == 204
    assert codes(await api("GET", path)) == {(404, 10015)}


@pytest.mark.shows("GET /webhooks/{webhook_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /webhooks/{webhook_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/webhooks", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /channels/{channel_id}/webhooks", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /channels/{channel_id}/webhooks", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /channels/{channel_id}/followers", Refusal.MISSING_PERMISSIONS)
async def test_who_may_not_manage_webhooks_sees_and_changes_none(api: Api) -> None:
    webhook = await made(api, by=api.sandbox.world.owner)
    source = api.sandbox.world.add_channel("source")
    source.type = ChannelType.GUILD_ANNOUNCEMENT
    path = f"/webhooks/{webhook['id']}"
    asked = codes(
        await api("GET", path),
        await api("PATCH", path, {"name": "x"}),
        await api("DELETE", path),
        await api("GET", f"{api.guild}/webhooks"),
        await api("GET", f"{api.channel}/webhooks"),
        await api("POST", f"{api.channel}/webhooks", {"name": "x"}),
        await api("POST", f"/channels/{source.id}/followers", {"webhook_channel_id": api.sandbox.channel_id}),
    )
    assert asked == {(403, 50013)}


@pytest.mark.shows("GET /webhooks/{webhook_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /webhooks/{webhook_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/webhooks", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/webhooks", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/followers", Refusal.MISSING_ACCESS)
async def test_the_webhooks_of_a_guild_one_is_not_in_are_out_of_reach(api: Api) -> None:
    world = api.sandbox.world
    guild = world.add_guild("Elsewhere", users=[], owner=world.owner)
    channel = f"/channels/{next(iter(guild.channels))}"
    webhook = (await api("POST", f"{channel}/webhooks", {"name": "x"}, by=world.owner)).body
    path = f"/webhooks/{webhook['id']}"
    asked = codes(
        await api("GET", path),
        await api("PATCH", path, {"name": "x"}),
        await api("DELETE", path),
        await api("GET", f"{channel}/webhooks"),
        await api("POST", f"{channel}/webhooks", {"name": "x"}),
        await api("POST", f"{channel}/followers", {"webhook_channel_id": api.sandbox.channel_id}),
    )
    assert asked == {(403, 50001)}


@pytest.mark.shows("GET /channels/{channel_id}/webhooks", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/webhooks", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/followers", Refusal.UNKNOWN_CHANNEL)
async def test_a_channel_that_does_not_exist_has_no_webhooks(api: Api) -> None:
    path = f"/channels/{NOBODY}"
    asked = codes(
        await api("GET", f"{path}/webhooks"),
        await api("POST", f"{path}/webhooks", {"name": "x"}),
        await api("POST", f"{path}/followers", {"webhook_channel_id": api.sandbox.channel_id}),
    )
    assert asked == {(404, 10003)}


@pytest.mark.shows("GET /channels/{channel_id}/webhooks", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("POST /channels/{channel_id}/webhooks", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("POST /channels/{channel_id}/followers", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
async def test_a_category_has_no_webhooks(api: Api) -> None:
    api.sandbox.world.channel.type = ChannelType.GUILD_CATEGORY
    asked = codes(
        await api("GET", f"{api.channel}/webhooks"),
        await api("POST", f"{api.channel}/webhooks", {"name": "x"}),
        await api("POST", f"{api.channel}/followers", {"webhook_channel_id": api.sandbox.channel_id}),
    )
    assert asked == {(400, 50024)}


@pytest.mark.shows("GET /guilds/{guild_id}/webhooks", Refusal.UNKNOWN_GUILD)
async def test_a_guild_that_does_not_exist_has_no_webhooks(api: Api) -> None:
    assert codes(await api("GET", f"/guilds/{NOBODY}/webhooks")) == {(404, 10004)}


# -- following a channel


@pytest.mark.shows("POST /channels/{channel_id}/followers")
async def test_what_an_announcement_channel_publishes_is_repeated_where_it_is_followed(api: Api) -> None:
    api.may(Permission.MANAGE_WEBHOOKS)
    source = api.sandbox.world.add_channel("source")
    source.type = ChannelType.GUILD_ANNOUNCEMENT
    path = f"/channels/{source.id}"
    body = (await api("POST", f"{path}/followers", {"webhook_channel_id": api.sandbox.channel_id})).body
    assert body["channel_id"] == source.id
    webhook = (await api("GET", f"/webhooks/{body['webhook_id']}")).body
    assert (webhook["type"], webhook["source_channel"]["id"], "token" in webhook) == (2, source.id, False)
    assert [one["type"] for one in await listed(api)] == [12]

    said = (await api("POST", f"{path}/messages", {"content": "big news"})).body
    await api("POST", f"{path}/messages/{said['id']}/crosspost")
    repeated = (await listed(api))[0]
    assert (repeated["content"], repeated["flags"], repeated["webhook_id"]) == (
        "big news", 2, webhook["id"],
    )  # fmt: skip
    assert repeated["message_reference"]["message_id"] == said["id"]
    assert repeated["author"]["username"] == "Sandbox #source"


@pytest.mark.shows("POST /channels/{channel_id}/followers", Refusal.INVALID_FORM)
async def test_who_follows_says_where(wrong: Api) -> None:
    wrong.sandbox.world.channel.type = ChannelType.GUILD_ANNOUNCEMENT
    reply = await wrong("POST", f"{wrong.channel}/followers", {})
    assert (reply.status, list(reply.body["errors"])) == (400, ["webhook_channel_id"])


# -- saying something


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
async def test_a_webhook_says_something_in_its_own_name_or_another(api: Api) -> None:
    webhook = await made(api)
    assert (await api("POST", at(webhook), {"content": "one"})).status == 204
    sent = {"content": "two", "username": "Somebody", "avatar_url": "https://example.com/a.png"}
    reply = await api("POST", at(webhook), sent, query={"wait": "1"})
    assert reply.status == 200
    second, first = await listed(api)
    assert reply.body["id"] == second["id"]
    assert (first["author"]["username"], second["author"]["username"]) == ("news", "Somebody")
    assert second["author"]["avatar"] is not None
    for one in (first, second):
        assert one["webhook_id"] == one["author"]["id"] == webhook["id"]
        assert (one["author"]["bot"], one["author"]["discriminator"]) == (True, "0000")


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
async def test_a_webhook_sends_embeds_and_files(api: Api) -> None:
    webhook = await made(api)
    sent = {"embeds": [{"title": "look"}], "flags": 4096}
    body = (await api("POST", at(webhook), sent, files={"a.txt": b"x"}, query={"wait": "true"})).body
    assert (body["embeds"][0]["title"], body["attachments"][0]["filename"]) == ("look", "a.txt")
    assert body["flags"] == 4096


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
async def test_a_webhook_mentions_users_alone_unless_it_says_otherwise(api: Api) -> None:
    webhook = await made(api)
    content = f"@everyone <@{api.sandbox.world.member.id}>"
    body = (await api("POST", at(webhook), {"content": content}, query={"wait": "1"})).body
    assert ([one["username"] for one in body["mentions"]], body["mention_everyone"]) == (["member"], False)
    sent = {"content": content, "allowed_mentions": {"parse": ["everyone"]}}
    body = (await api("POST", at(webhook), sent, query={"wait": "1"})).body
    assert (body["mentions"], body["mention_everyone"]) == ([], True)


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
async def test_only_an_applications_webhook_has_buttons(api: Api) -> None:
    sent = {"content": "x", "components": [BUTTON]}
    body = (await api("POST", at(await made(api)), sent, query={"wait": "1"})).body
    assert body["components"][0]["components"][0]["custom_id"] == "x"
    persons = await made(api, by=api.sandbox.world.owner)
    assert (await api("POST", at(persons), sent, query={"wait": "1"})).body["components"] == []
    link = {"type": 1, "components": [{"type": 2, "style": 5, "label": "x", "url": "https://example.com"}]}
    asked = {"wait": "1", "with_components": "true"}
    body = (await api("POST", at(persons), {**sent, "components": [link]}, query=asked)).body
    assert body["components"][0]["components"][0]["url"] == "https://example.com"
    reply = await api("POST", at(persons), sent, query=asked)
    assert (reply.status, list(reply.body["errors"])) == (400, ["components"])


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
async def test_a_webhook_writes_into_the_threads_of_its_channel(api: Api) -> None:
    webhook = await made(api)
    thread = (await api("POST", f"{api.channel}/threads", {"name": "talk", "type": 11})).body
    await api("POST", at(webhook), {"content": "in here"}, query={"thread_id": thread["id"]})
    assert [one["content"] for one in await listed(api, thread["id"])] == ["in here"]


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack", Refusal.UNKNOWN_CHANNEL)
async def test_a_webhook_does_not_write_into_other_channels_threads(api: Api) -> None:
    webhook = await made(api)
    other = api.sandbox.world.add_channel("other")
    asked = {"thread_id": other.id}
    assert codes(
        await api("POST", at(webhook), {"content": "x"}, query=asked),
        await api("POST", f"{at(webhook)}/slack", {"text": "x"}, query=asked),
    ) == {(404, 10003)}


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
async def test_a_webhook_begins_a_post_in_a_forum(api: Api) -> None:
    webhook = await made(api)
    forum(api).extra["available_tags"] = [
        {"id": "11", "name": "t", "moderated": True, "emoji_id": None, "emoji_name": None}
    ]
    sent = {"content": "first", "thread_name": "Post", "applied_tags": ["11"]}
    body = (await api("POST", at(webhook), sent, query={"wait": "1"})).body
    thread = (await api("GET", f"/channels/{body['channel_id']}")).body
    assert (thread["name"], thread["owner_id"], thread["applied_tags"]) == ("Post", webhook["id"], ["11"])
    assert thread["id"] == body["id"]
    await api("POST", at(webhook), {"content": "more"}, query={"thread_id": thread["id"]})
    assert [one["content"] for one in await listed(api, thread["id"])] == ["more", "first"]


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.POST_NEEDS_A_THREAD)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack", Refusal.POST_NEEDS_A_THREAD)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.POST_IN_TWO_THREADS)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.POST_OUTSIDE_A_FORUM)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.TAG_IS_REQUIRED)
async def test_a_webhook_says_into_which_thread_of_a_forum_it_writes(api: Api) -> None:
    path = at(await made(api))
    named = {"content": "x", "thread_name": "Post"}
    assert codes(await api("POST", path, named)) == {(400, 220003)}
    forum(api).flags = 16
    assert codes(
        await api("POST", path, {"content": "x"}),
        await api("POST", f"{path}/slack", {"text": "x"}),
    ) == {(400, 220001)}
    assert codes(await api("POST", path, named, query={"thread_id": NOBODY})) == {(400, 220002)}
    assert codes(await api("POST", path, named)) == {(400, 40067)}


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.TOO_MANY_THREADS)
async def test_a_webhook_begins_no_post_where_there_are_a_thousand(api: Api) -> None:
    path = at(await made(api))
    forum(api)
    now = realtime.now()
    thread = Thread(owner_id=NOBODY, created_at=now, archive_changed_at=now)
    one = Channel(id="1", type=ChannelType.PUBLIC_THREAD, guild_id=api.sandbox.guild_id, thread=thread)
    api.sandbox.world.guild.threads.update((str(number), one) for number in range(1000))
    assert codes(await api("POST", path, {"content": "x", "thread_name": "Post"})) == {(400, 160006)}


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_FORM)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", "x" * 2001),
        ("username", ""),
        ("username", "x" * 81),
        ("username", "Clyde"),
        ("avatar_url", 5),
        ("thread_name", "x" * 101),
        ("applied_tags", ["x"]),
    ],
)
async def test_a_webhook_says_nothing_outside_discords_limits(wrong: Api, field: str, value: object) -> None:
    webhook = await made(wrong)
    reply = await wrong("POST", at(webhook), {"content": "x", field: value})
    assert (reply.status, list(reply.body["errors"])) == (400, [field])
    reply = await wrong("POST", f"{at(webhook)}/slack", {"text": 5})
    assert (reply.status, list(reply.body["errors"])) == (400, ["text"])


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.EMPTY_MESSAGE)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack", Refusal.EMPTY_MESSAGE)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.EMPTY_MESSAGE
)
async def test_a_webhook_says_something(api: Api) -> None:
    path = at(await made(api))
    said = (await api("POST", path, {"content": "x"}, query={"wait": "1"})).body
    assert codes(
        await api("POST", path, {}),
        await api("POST", f"{path}/slack", {}),
        await api("PATCH", f"{path}/messages/{said['id']}", {"content": ""}),
    ) == {(400, 50006)}


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.TOO_LARGE)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.TOO_LARGE)
async def test_a_webhook_sends_no_file_that_is_too_large(api: Api) -> None:
    path = at(await made(api))
    said = (await api("POST", path, {"content": "x"}, query={"wait": "1"})).body
    files = {"a.bin": bytes(10 * 1024 * 1024 + 1)}
    assert codes(
        await api("POST", path, {}, files=files),
        await api("PATCH", f"{path}/messages/{said['id']}", {}, files=files),
    ) == {(413, 40005)}


@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/@original")
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original")
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.EMPTY_MESSAGE)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.TOO_LARGE)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.INVALID_FORM)
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original")
async def test_an_interactions_token_is_used_at_the_same_address(wrong: Api) -> None:
    application, owner = wrong.sandbox.application_id, wrong.sandbox.world.owner
    sent = {"name": "ping", "description": "Answer me"}
    command = (await wrong("POST", f"/applications/{application}/commands", sent)).body
    begun = {
        "type": 2,
        "application_id": application,
        "guild_id": wrong.sandbox.guild_id,
        "channel_id": wrong.sandbox.channel_id,
        "session_id": "s",
        "nonce": "1",
        "data": command,
    }
    async with RawBot.connected(wrong.sandbox) as bot:
        assert (await wrong("POST", "/interactions", begun, by=owner)).status == 204
        interaction = await bot.asked()
        await bot.answer(interaction, 4, {"content": "pong"})
    path = f"{webhook(interaction)}/messages/@original"
    assert (await wrong("GET", path)).body["content"] == "pong"
    assert (await wrong("PATCH", path, {"content": "ping"})).body["content"] == "ping"
    assert codes(await wrong("PATCH", path, {"content": ""})) == {(400, 50006)}
    assert codes(await wrong("PATCH", path, {"content": 5})) == {(400, 50035)}
    files = {"a.bin": bytes(10 * 1024 * 1024 + 1)}
    assert codes(await wrong("PATCH", path, {}, files=files)) == {(413, 40005)}
    assert (await wrong("DELETE", path)).status == 204


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack")
async def test_what_was_written_for_slack_is_said(api: Api) -> None:
    webhook = await made(api)
    attachment = {
        "title": "Build 5",
        "title_link": "https://example.com/5",
        "pretext": "It is done.",
        "text": "All is well.",
        "color": "#0F0",
        "ts": 1_700_000_000,
        "author_name": "ci",
        "footer": "end",
        "image_url": "https://example.com/5.png",
        "fields": [{"name": "took", "value": "5 s", "inline": True}],
    }
    sent = {"text": "hello", "username": "CI", "attachments": [attachment]}
    reply = await api("POST", f"{at(webhook)}/slack", sent)
    assert (reply.status, reply.body) == (200, "ok")
    said = (await listed(api))[0]
    embed = said["embeds"][0]
    assert (said["content"], said["author"]["username"]) == ("hello", "CI")
    assert (embed["title"], embed["url"], embed["color"]) == ("Build 5", "https://example.com/5", 0x00FF00)
    assert embed["description"] == "It is done.\nAll is well."
    assert (embed["author"]["name"], embed["footer"]["text"]) == ("ci", "end")
    assert embed["timestamp"].startswith("2023-11-14T22:13:20")
    assert embed["fields"] == [{"name": "took", "value": "5 s", "inline": True}]


@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")
async def test_a_webhook_changes_and_deletes_what_it_said_also_in_a_thread(api: Api) -> None:
    webhook = await made(api)
    thread = (await api("POST", f"{api.channel}/threads", {"name": "talk", "type": 11})).body
    for place in ({}, {"thread_id": str(thread["id"])}):
        said = (await api("POST", at(webhook), {"content": "x"}, query={"wait": "1", **place})).body
        path = f"{at(webhook)}/messages/{said['id']}"
        assert (await api("GET", path, query=place)).body["content"] == "x"
        body = (await api("PATCH", path, {"content": "y"}, query=place)).body
        assert (body["content"], body["edited_timestamp"] is None) == ("y", False)
        assert (await api("DELETE", path, query=place)).status == 204
        assert codes(await api("GET", path, query=place)) == {(404, 10008)}


@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.INVALID_FORM)
async def test_a_webhook_changes_nothing_outside_discords_limits(wrong: Api) -> None:
    webhook = await made(wrong)
    said = (await wrong("POST", at(webhook), {"content": "x"}, query={"wait": "1"})).body
    reply = await wrong("PATCH", f"{at(webhook)}/messages/{said['id']}", {"content": "x" * 2001})
    assert (reply.status, list(reply.body["errors"])) == (400, ["content"])


@pytest.mark.shows(
    "GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_MESSAGE
)
async def test_a_webhook_reaches_what_it_said_and_nothing_else(api: Api) -> None:
    webhook = await made(api)
    for said in (await api.say(), "@original"):
        path = f"{at(webhook)}/messages/{said}"
        assert codes(
            await api("GET", path), await api("PATCH", path, {"content": "x"}), await api("DELETE", path)
        ) == {(404, 10008)}


@pytest.mark.shows(
    "GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_CHANNEL
)
async def test_a_webhook_said_nothing_in_a_thread_that_does_not_exist(api: Api) -> None:
    webhook = await made(api)
    place = {"thread_id": NOBODY}
    for said in (NOBODY, "@original"):
        path = f"{at(webhook)}/messages/{said}"
        assert codes(
            await api("GET", path, query=place),
            await api("PATCH", path, {"content": "x"}, query=place),
            await api("DELETE", path, query=place),
        ) == {(404, 10003)}


def everything(path: str) -> list[tuple[str, str, object]]:
    """Return every request with a webhook's token."""
    of_messages = [f"{path}/messages/{NOBODY}", f"{path}/messages/@original"]
    return [
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("POST", path, {"content": "x"}),
        ("POST", f"{path}/slack", {"text": "x"}),
        *[(method, one, body) for one in of_messages for method, body in OF_A_MESSAGE.items()],
        ("DELETE", path, None),
    ]


OF_A_MESSAGE: dict[str, object] = {"GET": None, "PATCH": {"content": "x"}, "DELETE": None}


@pytest.mark.shows("GET /webhooks/{webhook_id}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("DELETE /webhooks/{webhook_id}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows(
    "GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_WEBHOOK
)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_WEBHOOK
)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UNKNOWN_WEBHOOK
)
@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_WEBHOOK)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UNKNOWN_WEBHOOK
)
async def test_a_webhook_that_does_not_exist_is_unknown(api: Api) -> None:
    path = f"/webhooks/{NOBODY}"
    asked = [("GET", path, None), ("PATCH", path, {"name": "x"}), ("DELETE", path, None)]
    for method, each, body in [*asked, *everything(f"{path}/token")]:
        assert codes(await api(method, each, body)) == {(404, 10015)}, each


@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_WEBHOOK_TOKEN)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_WEBHOOK_TOKEN)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_WEBHOOK_TOKEN)
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_WEBHOOK_TOKEN)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}/slack", Refusal.INVALID_WEBHOOK_TOKEN)
@pytest.mark.shows(
    "GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.INVALID_WEBHOOK_TOKEN
)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.INVALID_WEBHOOK_TOKEN
)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.INVALID_WEBHOOK_TOKEN
)
@pytest.mark.shows(
    "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.INVALID_WEBHOOK_TOKEN
)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.INVALID_WEBHOOK_TOKEN
)
@pytest.mark.shows(
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.INVALID_WEBHOOK_TOKEN
)
async def test_with_another_token_a_webhook_is_of_no_use(api: Api) -> None:
    webhook = await made(api)
    for method, path, body in everything(f"/webhooks/{webhook['id']}/tökenlos"):
        assert codes(await api(method, path, body)) == {(401, 50027)}, path
    assert webhook["id"] in api.sandbox.world.webhooks


async def test_the_webhook_of_a_follower_has_no_token(api: Api) -> None:
    webhook = api.sandbox.world.webhooks[(await made(api))["id"]]
    path = f"/webhooks/{webhook.id}/{webhook.token}"
    overwrite = Overwrite(api.sandbox.guild_id, OverwriteType.ROLE, deny=Permission.VIEW_CHANNEL)
    api.sandbox.world.channel.overwrites[overwrite.id] = overwrite
    assert (await api("POST", path, {"content": "x"})).status == 204, "a webhook needs no permission"
    webhook.source_channel_id = api.sandbox.channel_id
    webhook.type = type(webhook.type)(2)
    assert codes(await api("POST", path, {"content": "x"})) == {(401, 50027)}
