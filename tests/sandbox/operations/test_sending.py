"""Saying something over REST, and why one may not."""

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ChannelType, MessageFlag, MessageType
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import refused
from tests.sandbox.operations.scenes import (
    deny,
    direct_channel,
    new_channel,
    new_emoji,
    new_thread,
    system_message,
)


async def pages(api: Api, **query: str) -> list[str]:
    reply = await api("GET", f"{api.channel}/messages", query=query)
    return [one["content"] for one in reply.body]


@pytest.mark.shows("POST /channels/{channel_id}/messages")
async def test_embeds_come_back_as_discord_keeps_them(api: Api) -> None:
    embed = {
        "title": " title ",
        "color": 255,
        "timestamp": "2026-01-01T13:00:00+01:00",
        "fields": [{"name": "n", "value": "v"}],
        "footer": {"text": "foot", "icon_url": "https://example.org/f.png"},
        "author": {"name": "who", "url": "https://example.org/"},
        "image": {"url": "https://example.org/i.png"},
        "provider": {"name": "nobody"},
    }
    said = await api("POST", f"{api.channel}/messages", {"embeds": [embed]})

    assert said.body["embeds"] == [
        {
            "type": "rich",
            "title": "title",
            "color": 255,
            "timestamp": "2026-01-01T13:00:00+01:00",
            "fields": [{"name": "n", "value": "v", "inline": False}],
            "footer": {
                "text": "foot",
                "icon_url": "https://example.org/f.png",
                "proxy_icon_url": "https://example.org/f.png",
            },
            "author": {"name": "who", "url": "https://example.org/"},
            "image": {"url": "https://example.org/i.png", "proxy_url": "https://example.org/i.png"},
        }
    ]


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.EMPTY_MESSAGE)
@pytest.mark.parametrize(
    "body", [{}, {"content": " \n"}, {"content": None}, {"embeds": []}], ids=["{}", "blank", "null", "none"]
)
async def test_who_says_nothing_says_no_message(api: Api, body: dict[str, object]) -> None:
    assert refused(await api("POST", f"{api.channel}/messages", body)) == (400, 50006)


REPLY = {"message_id": "123456789012345678"}


WRONG: list[tuple[object, list[str]]] = [
    ({"content": "x" * 2001}, ["content"]),
    ({"content": ["x"]}, ["content"]),
    ({"content": "c", "nonce": "n" * 26}, ["nonce"]),
    ({"content": "c", "nonce": 1.5}, ["nonce"]),
    ({"content": "c", "tts": 1}, ["tts"]),
    ({"content": "c", "flags": "many"}, ["flags"]),
    ({"embeds": {}}, ["embeds"]),
    ({"embeds": ["text"]}, ["embeds", "0"]),
    ({"embeds": [{}]}, ["embeds", "0", "description"]),
    ({"embeds": [{"color": 1}]}, ["embeds", "0", "description"]),
    ({"embeds": [{"title": "t", "url": "ftp://example.org"}]}, ["embeds", "0", "url"]),
    ({"embeds": [{"title": "t", "url": "https://[" }]}, ["embeds", "0", "url"]),
    ({"embeds": [{"title": "t", "url": "attachment://a.png"}]}, ["embeds", "0", "url"]),
    ({"embeds": [{"image": {"url": "javascript:1"}}]}, ["embeds", "0", "image", "url"]),
    ({"embeds": [{"image": "picture"}]}, ["embeds", "0", "image"]),
    ({"embeds": [{"author": {"url": "https://example.org"}}]}, ["embeds", "0", "author", "name"]),
    ({"embeds": [{"author": {"name": "x" * 257}}]}, ["embeds", "0", "author", "name"]),
    ({"embeds": [{"footer": {"text": "x" * 2049}}]}, ["embeds", "0", "footer", "text"]),
    ({"embeds": [{"title": "t", "timestamp": "soon"}]}, ["embeds", "0", "timestamp"]),
    ({"embeds": [{"title": "t", "color": "red"}]}, ["embeds", "0", "color"]),
    ({"embeds": [{"fields": [{"name": " ", "value": "v"}]}]}, ["embeds", "0", "fields", "0", "name"]),
    ({"embeds": [{"fields": [{"name": "n", "value": "v", "inline": 3}]}]},
     ["embeds", "0", "fields", "0", "inline"]),
    ({"content": "c", "attachments": [{"id": 0}]}, ["attachments", "0", "id"]),
    ({"content": "c", "attachments": [{"filename": "f"}]}, ["attachments", "0", "id"]),
    ({"content": "c", "attachments": "all"}, ["attachments"]),
    ({"content": "c", "message_reference": REPLY}, ["message_reference"]),
    ({"content": "c", "message_reference": 5}, ["message_reference"]),
    ({"content": "c", "message_reference": {}}, ["message_reference", "message_id"]),
    ({"content": "c", "message_reference": {**REPLY, "type": 2}}, ["message_reference", "type"]),
    ({"content": "c", "message_reference": {**REPLY, "type": 1}}, ["message_reference", "channel_id"]),
    ({"content": "c", "message_reference": {**REPLY, "channel_id": "1"}},
     ["message_reference", "channel_id"]),
    ({"content": "c", "allowed_mentions": "none"}, ["allowed_mentions"]),
    ({"content": "c", "allowed_mentions": {"parse": ["all"]}}, ["allowed_mentions", "parse", "0"]),
    ({"content": "c", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, ["allowed_mentions"]),
    ({"content": "c", "allowed_mentions": {"roles": ["x"]}}, ["allowed_mentions", "roles", "0"]),
    ({"content": "c", "allowed_mentions": {"users": ["1", 1]}}, ["allowed_mentions", "users", "1"]),
    ({"content": "c", "allowed_mentions": {"users": [str(n) for n in range(101)]}},
     ["allowed_mentions", "users"]),
    ({"content": "c", "flags": 1 << 15}, ["content"]),
]  # fmt: skip


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("body", "path"),
    WRONG,
)
async def test_what_is_wrong_with_a_message_is_named(wrong: Api, body: object, path: list[str]) -> None:
    reply = await wrong("POST", f"{wrong.channel}/messages", body)

    assert refused(reply) == (400, 50035)
    node = reply.body["errors"]
    for key in path:
        node = node[key]
    assert node["_errors"][0]["message"]


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.MISSING_PERMISSIONS)
@pytest.mark.parametrize(
    ("denied", "body", "files"),
    [
        (Permission.SEND_MESSAGES, {"content": "c"}, None),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "t"}]}, None),
        (Permission.ATTACH_FILES, {}, {"a.txt": b"a"}),
        (Permission.SEND_TTS_MESSAGES, {"content": "c", "tts": True}, None),
    ],
    ids=["say", "embed", "file", "aloud"],
)
async def test_what_one_may_not_say_is_refused(
    api: Api, denied: Permission, body: dict[str, object], files: dict[str, bytes] | None
) -> None:
    deny(api.sandbox.world.channel, denied)

    assert refused(await api("POST", f"{api.channel}/messages", body, files=files)) == (403, 50013)


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.NOT_IN_A_FORUM)
@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.NOT_A_TEXT_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/typing", Refusal.NOT_IN_A_FORUM)
@pytest.mark.shows("POST /channels/{channel_id}/typing", Refusal.NOT_A_TEXT_CHANNEL)
@pytest.mark.parametrize(
    ("kind", "code"), [(ChannelType.GUILD_FORUM, 40058), (ChannelType.GUILD_CATEGORY, 50008)]
)
async def test_nothing_is_said_where_there_are_no_messages(api: Api, kind: ChannelType, code: int) -> None:
    for each in (kind, ChannelType.GUILD_FORUM, ChannelType.GUILD_CATEGORY):
        channel = new_channel(api.sandbox, each)
        said = await api("POST", f"/channels/{channel.id}/messages", {"content": "c"})
        typed = await api("POST", f"/channels/{channel.id}/typing")
        if each is kind:
            assert refused(said) == refused(typed) == (400, code)


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.CANNOT_MESSAGE_USER)
@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.NO_MUTUAL_GUILDS)
async def test_bots_write_only_to_people_they_share_a_guild_with(api: Api) -> None:
    world = api.sandbox.world
    other_bot = world.add_application("other").bot
    member = world.member
    to_bot, to_member = direct_channel(api.sandbox, other_bot), direct_channel(api.sandbox, member)
    assert (await api.say(channel=to_member)).isdigit()
    del world.guild.members[member.id]

    assert refused(await api("POST", f"/channels/{to_bot.id}/messages", {"content": "c"})) == (403, 50007)
    assert refused(await api("POST", f"/channels/{to_member.id}/messages", {"content": "c"})) == (403, 50278)


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.THREAD_IS_LOCKED)
async def test_a_locked_thread_is_closed_and_an_archived_one_opens_with_the_next_message(api: Api) -> None:
    thread = new_thread(api.sandbox)
    assert thread.thread is not None
    thread.thread.is_archived = True

    first = await api("POST", f"/channels/{thread.id}/messages", {"content": "up"})
    second = await api("POST", f"/channels/{thread.id}/messages", {"content": "and again"})

    assert not thread.thread.is_archived
    assert [first.body["position"], second.body["position"], thread.thread.messages_ever] == [0, 1, 2]
    thread.thread.is_locked = True
    locked = await api("POST", f"/channels/{thread.id}/messages", {"content": "c"})
    assert refused(locked) == (403, 160005)
    api.may(Permission.MANAGE_THREADS)
    assert (await api.say(channel=thread)).isdigit()


async def test_in_a_thread_another_permission_counts(api: Api) -> None:
    thread = new_thread(api.sandbox)
    deny(api.sandbox.world.channel, Permission.SEND_MESSAGES)
    assert (await api.say(channel=thread)).isdigit()

    deny(api.sandbox.world.channel, Permission.SEND_MESSAGES_IN_THREADS)
    reply = await api("POST", f"/channels/{thread.id}/messages", {"content": "c"})
    assert refused(reply) == (403, 50013)


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.SLOWMODE)
async def test_slow_mode_makes_people_wait_but_no_bots_and_nobody_with_the_permission(api: Api) -> None:
    world = api.sandbox.world
    world.channel.slowmode_seconds = 20
    await api.say(by=world.member)

    reply = await api("POST", f"{api.channel}/messages", {"content": "c"}, by=world.member)

    assert refused(reply) == (429, 20016)
    assert 19 < reply.body["retry_after"] <= 20
    assert reply.body["global"] is False
    assert [(await api.say()).isdigit(), (await api.say()).isdigit()] == [True, True]
    role = world.add_role("quick", permission_bits=int(Permission.BYPASS_SLOWMODE))
    world.give_role(world.member, role)
    assert (await api.say(by=world.member)).isdigit()


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.CANNOT_REPLY_WITHOUT_HISTORY)
async def test_a_reply_shows_what_it_answers_and_mentions_who_said_it(api: Api) -> None:
    owner = api.sandbox.world.owner
    asked = await api.say("when?", by=owner)
    body: dict[str, object] = {"content": "now", "message_reference": {"message_id": asked}}

    loud = await api("POST", f"{api.channel}/messages", body)
    quiet = await api("POST", f"{api.channel}/messages", {**body, "allowed_mentions": {"parse": []}})

    assert loud.body["type"] == MessageType.REPLY
    assert loud.body["referenced_message"]["content"] == "when?"
    assert loud.body["message_reference"] == {
        "type": 0,
        "channel_id": api.sandbox.channel_id,
        "guild_id": api.sandbox.guild_id,
        "message_id": asked,
    }
    assert [one["id"] for one in loud.body["mentions"]] == [owner.id]
    assert quiet.body["mentions"] == []
    await api("DELETE", f"{api.channel}/messages/{asked}", by=owner)
    read = await api("GET", f"{api.channel}/messages/{loud.body['id']}")
    assert read.body["referenced_message"] is None
    deny(api.sandbox.world.channel, Permission.READ_MESSAGE_HISTORY)
    again = {"content": "now", "message_reference": {"message_id": loud.body["id"]}}
    assert refused(await api("POST", f"{api.channel}/messages", again)) == (400, 160002)


async def test_a_reply_may_do_without_what_it_answers(api: Api) -> None:
    reference = {**REPLY, "fail_if_not_exists": False}
    said = await api("POST", f"{api.channel}/messages", {"content": "c", "message_reference": reference})

    assert said.body["type"] == MessageType.DEFAULT
    assert "message_reference" not in said.body


async def test_nobody_replies_to_the_system(wrong: Api) -> None:
    system = system_message(wrong)
    body = {"content": "c", "message_reference": {"message_id": system}}

    reply = await wrong("POST", f"{wrong.channel}/messages", body)

    assert reply.body["errors"]["message_reference"]["_errors"][0]["message"] == (
        "Cannot reply to a system message"
    )


def forward_of(message_id: str, channel_id: str) -> dict[str, object]:
    return {"message_reference": {"type": 1, "message_id": message_id, "channel_id": channel_id}}


async def test_a_forward_keeps_what_was_said_even_when_that_is_gone(wrong: Api) -> None:
    # Discord's API description knows no forwards yet, though its documentation does.
    said = await wrong("POST", f"{wrong.channel}/messages", {"content": "news"}, files={"a.txt": b"abc"})
    there = wrong.sandbox.world.add_channel("there")

    body = forward_of(said.body["id"], wrong.sandbox.channel_id)
    reply = await wrong("POST", f"/channels/{there.id}/messages", body)
    await wrong("DELETE", f"{wrong.channel}/messages/{said.body['id']}")
    read = await wrong("GET", f"/channels/{there.id}/messages/{reply.body['id']}")

    assert reply.status == 200
    assert read.body["message_reference"]["type"] == 1
    assert read.body["flags"] & MessageFlag.HAS_SNAPSHOT
    [snapshot] = read.body["message_snapshots"]
    assert snapshot["message"]["content"] == "news"
    assert "author" not in snapshot["message"]
    async with wrong.http.get(snapshot["message"]["attachments"][0]["url"]) as file:
        assert await file.read() == b"abc"


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.CANNOT_FORWARD_UNREADABLE)
@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.INVALID_MESSAGE_TYPE)
@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.MISSING_ACCESS)
async def test_only_what_somebody_said_and_one_may_read_is_forwarded(wrong: Api) -> None:
    world = wrong.sandbox.world
    said = await wrong.say("secret", by=world.owner)
    system = system_message(wrong)
    here = wrong.sandbox.channel_id
    there = world.add_channel("there")
    path = f"/channels/{there.id}/messages"

    assert refused(await wrong("POST", path, forward_of(system, here))) == (400, 50068)
    assert refused(await wrong("POST", path, forward_of("123456789012345678", here))) == (400, 50035)
    world.application.flags = 0
    assert refused(await wrong("POST", path, forward_of(said, here))) == (400, 160014)
    deny(world.channel, Permission.VIEW_CHANNEL)
    assert refused(await wrong("POST", path, forward_of(said, here))) == (403, 50001)


async def test_a_nonce_that_is_enforced_says_a_thing_once(api: Api) -> None:
    body = {"content": "once", "nonce": 7, "enforce_nonce": True}
    first = await api("POST", f"{api.channel}/messages", body)
    second = await api("POST", f"{api.channel}/messages", {**body, "nonce": "7"})
    third = await api("POST", f"{api.channel}/messages", {"content": "twice", "nonce": 7})

    assert first.body == second.body
    assert third.body["id"] != first.body["id"]
    assert await pages(api) == ["twice", "once"]


@pytest.mark.parametrize(
    ("allowed", "mentioned"),
    [
        (None, ("users", "roles", "everyone")),
        ({"parse": []}, ()),
        ({"parse": ["everyone"]}, ("everyone",)),
        ({"parse": ["users", "roles"]}, ("users", "roles")),
        ({"users": ["{user}"]}, ("users",)),
        ({"parse": ["users"], "roles": ["{role}"]}, ("users", "roles")),
        ({"users": [], "roles": ["123456789012345678"]}, ()),
    ],
)
async def test_only_allowed_mentions_count(
    api: Api, allowed: dict[str, list[str]] | None, mentioned: tuple[str, ...]
) -> None:
    world = api.sandbox.world
    api.may(Permission.MENTION_EVERYONE)
    role = world.add_role("readers")
    body: dict[str, object] = {"content": f"@everyone <@{world.member.id}> <@!1> <@&{role.id}> <@&1>"}
    if allowed is not None:
        ids = {"{user}": world.member.id, "{role}": role.id}
        body["allowed_mentions"] = {key: [ids.get(one, one) for one in it] for key, it in allowed.items()}

    said = (await api("POST", f"{api.channel}/messages", body)).body

    assert [one["id"] for one in said["mentions"]] == [world.member.id] * ("users" in mentioned)
    assert said["mention_roles"] == [role.id] * ("roles" in mentioned)
    assert said["mention_everyone"] is ("everyone" in mentioned)


async def test_without_the_permission_only_mentionable_roles_are_mentioned(api: Api) -> None:
    world = api.sandbox.world
    plain, open_to_all = world.add_role("plain"), world.add_role("open")
    open_to_all.mentionable = True

    said = await api("POST", f"{api.channel}/messages", {
        "content": f"@here <@&{plain.id}> <@&{open_to_all.id}> <@&{world.guild.id}>",
    })  # fmt: skip

    assert said.body["mention_roles"] == [open_to_all.id]
    assert said.body["mention_everyone"] is False


async def test_other_guilds_emojis_are_names_to_who_may_not_use_them(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_guild("other", users=[world.application.bot])
    foreign, own = new_emoji(api.sandbox, other, "far"), new_emoji(api.sandbox, world.guild, "near")
    text = f"<:far:{foreign.id}> <a:near:{own.id}>"
    assert (await api("POST", f"{api.channel}/messages", {"content": text})).body["content"] == text

    deny(world.channel, Permission.USE_EXTERNAL_EMOJIS)
    said = await api("POST", f"{api.channel}/messages", {"content": text})
    assert said.body["content"] == f":far: <a:near:{own.id}>"


@pytest.mark.parametrize("key", ["sticker_ids", "poll", "shared_client_theme"])
async def test_what_the_sandbox_lacks_in_messages_it_says(wrong: Api, key: str) -> None:
    value = ["1"] if key == "sticker_ids" else {"question": {"text": "?"}}
    reply = await wrong("POST", f"{wrong.channel}/messages", {"content": "c", key: value})

    assert refused(reply) == (501, 0)
    assert reply.body["message"] == f"The sandbox does not support {key} in messages."
