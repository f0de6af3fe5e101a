"""Messages over REST: reading, changing and deleting them, and their files."""

from datetime import timedelta

import pytest

from acore.sandbox import realtime
from acore.sandbox.messages.files import MAX_FILE_BYTES
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ALL_PRIVILEGED, ApplicationFlag, ChannelType, MessageFlag, MessageType
from acore.sandbox.state.snowflakes import DISCORD_EPOCH_MS
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import refused
from tests.sandbox.operations.scenes import deny, direct_channel, new_channel, system_message


async def pages(api: Api, **query: str) -> list[str]:
    reply = await api("GET", f"{api.channel}/messages", query=query)
    return [one["content"] for one in reply.body]


# -- reading


@pytest.mark.shows("GET /channels/{channel_id}/messages")
async def test_history_is_read_from_any_message_newest_first(api: Api) -> None:
    ids = [await api.say(str(number)) for number in range(7)]

    assert await pages(api) == ["6", "5", "4", "3", "2", "1", "0"]
    assert await pages(api, limit="2") == ["6", "5"]
    assert await pages(api, before=ids[3], limit="2") == ["2", "1"]
    assert await pages(api, after=ids[3], limit="2") == ["5", "4"]
    assert await pages(api, around=ids[3], limit="3") == ["4", "3", "2"]
    assert await pages(api, around=ids[3], limit="2") == ["3", "2"]
    assert await pages(api, around=ids[6], limit="3") == ["6", "5"]


async def test_of_two_ends_of_a_history_the_older_one_counts_as_nextcord_expects(api: Api) -> None:
    ids = [await api.say(str(number)) for number in range(6)]

    assert await pages(api, before=ids[4], after=ids[1], limit="2") == ["3", "2"]
    assert await pages(api, before=ids[1], around=ids[4], limit="3") == ["5", "4", "3"]


async def test_around_a_message_that_is_gone_are_its_neighbours(api: Api) -> None:
    ids = [await api.say(str(number)) for number in range(5)]
    await api("DELETE", f"{api.channel}/messages/{ids[2]}")

    assert await pages(api, around=ids[2], limit="2") == ["3", "1"]


async def test_who_may_not_read_what_was_said_gets_an_empty_history(api: Api) -> None:
    await api.say()
    deny(api.sandbox.world.channel, Permission.READ_MESSAGE_HISTORY)

    assert await pages(api) == []


@pytest.mark.shows("GET /channels/{channel_id}/messages", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"before": "yesterday"}, "before"),
    ],
)
async def test_a_page_that_does_not_exist_is_refused(wrong: Api, query: dict[str, str], field: str) -> None:
    reply = await wrong("GET", f"{wrong.channel}/messages", query=query)

    assert refused(reply) == (400, 50035)
    assert reply.body["errors"].keys() == {field}


@pytest.mark.shows("GET /channels/{channel_id}/messages/{message_id}")
async def test_a_message_is_read_with_everything_discord_tells_of_it(api: Api) -> None:
    said = await api("POST", f"{api.channel}/messages", {"content": "  hello  ", "nonce": "n1"})

    read = await api("GET", f"{api.channel}/messages/{said.body['id']}")

    assert read.body == said.body
    assert (said.body["content"], said.body["nonce"], said.body["type"]) == ("hello", "n1", 0)


@pytest.mark.shows("GET /channels/{channel_id}/messages", Refusal.MISSING_ACCESS)
async def test_a_voice_channel_is_read_only_by_who_may_enter_it(api: Api) -> None:
    voice = new_channel(api.sandbox, ChannelType.GUILD_VOICE)
    message_id = await api.say("heard", channel=voice)
    assert message_id.isdigit()
    deny(voice, Permission.CONNECT)

    assert refused(await api("GET", f"/channels/{voice.id}/messages")) == (403, 50001)


async def test_without_the_privilege_a_bot_reads_only_what_is_meant_for_it(api: Api) -> None:
    world = api.sandbox.world
    bot = world.application.bot
    world.application.flags = ALL_PRIVILEGED & ~ApplicationFlag.GATEWAY_MESSAGE_CONTENT_LIMITED
    secret = await api.say("secret", by=world.owner)
    await api.say(f"<@{bot.id}>", by=world.owner)
    await api.say("mine")
    body = {"content": "answer", "message_reference": {"message_id": secret}}
    await api("POST", f"{api.channel}/messages", body)

    reply = await api("GET", f"{api.channel}/messages")

    assert [one["content"] for one in reply.body] == ["answer", "mine", f"<@{bot.id}>", ""]
    assert reply.body[0]["referenced_message"]["content"] == ""
    channel = direct_channel(api.sandbox, world.owner)
    await api.say("to you alone", by=world.owner, channel=channel)
    in_private = await api("GET", f"/channels/{channel.id}/messages")
    assert in_private.body[0]["content"] == "to you alone"


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.TOO_LARGE)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.TOO_LARGE)
async def test_a_file_that_is_too_large_is_refused(api: Api) -> None:
    message_id = await api.say()
    fits, large = {"a.bin": bytes(MAX_FILE_BYTES)}, {"a.bin": bytes(MAX_FILE_BYTES + 1)}

    assert (await api("POST", f"{api.channel}/messages", {}, files=fits)).status == 200
    assert refused(await api("POST", f"{api.channel}/messages", {}, files=large)) == (413, 40005)
    edited = await api("PATCH", f"{api.channel}/messages/{message_id}", {}, files=large)
    assert refused(edited) == (413, 40005)


@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.UPLOAD_NOT_FOUND)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.UPLOAD_NOT_FOUND)
async def test_a_file_that_was_never_uploaded_is_not_found(wrong: Api) -> None:
    owner = wrong.sandbox.world.owner
    message_id = await wrong.say(by=owner)
    body = {"content": "c", "attachments": [{"id": "0", "filename": "a", "uploaded_filename": "x/a"}]}

    said = await wrong("POST", f"{wrong.channel}/messages", body, by=owner)
    edited = await wrong("PATCH", f"{wrong.channel}/messages/{message_id}", body, by=owner)

    assert refused(said) == refused(edited) == (400, 50146)


# -- changing


@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}")
async def test_a_message_is_changed_field_by_field(api: Api) -> None:
    path = f"{api.channel}/messages/" + await api.say("before")

    with_embed = await api("PATCH", path, {"embeds": [{"title": "t"}]})
    without_text = await api("PATCH", path, {"content": None})
    suppressed = await api("PATCH", path, {"flags": int(MessageFlag.SUPPRESS_EMBEDS)})
    shown_again = await api("PATCH", path, {"flags": 0})

    assert with_embed.body["content"] == "before"
    assert with_embed.body["edited_timestamp"] is not None
    assert (without_text.body["content"], len(without_text.body["embeds"])) == ("", 1)
    assert (suppressed.body["embeds"], suppressed.body["flags"]) == ([], 4)
    assert suppressed.body["edited_timestamp"] == without_text.body["edited_timestamp"]
    assert (len(shown_again.body["embeds"]), shown_again.body["flags"]) == (1, 0)


EMPTYING: list[dict[str, object]] = [
    {"content": ""},
    {"content": None, "embeds": []},
    {"content": None, "attachments": []},
]


@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.EMPTY_MESSAGE)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.INVALID_FORM)
async def test_a_change_that_leaves_nothing_or_breaks_a_limit_is_refused(wrong: Api) -> None:
    path = f"{wrong.channel}/messages/" + await wrong.say("before")

    for body in EMPTYING:
        assert refused(await wrong("PATCH", path, body)) == (400, 50006)
    for body in ({"content": "x" * 2001}, {"attachments": [{"id": "5"}]}, {"flags": 1 << 15}):
        assert refused(await wrong("PATCH", path, body)) == (400, 50035)
    assert (await wrong("GET", path)).body["content"] == "before"


@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.NOT_THE_AUTHOR)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.SYSTEM_MESSAGE)
async def test_of_others_messages_only_the_embeds_are_hidden_and_only_by_moderators(api: Api) -> None:
    path = f"{api.channel}/messages/" + await api.say(by=api.sandbox.world.owner)
    hidden = {"flags": int(MessageFlag.SUPPRESS_EMBEDS)}

    assert refused(await api("PATCH", path, {"content": "mine", **hidden})) == (403, 50005)
    assert refused(await api("PATCH", path, hidden)) == (403, 50013)
    api.may(Permission.MANAGE_MESSAGES)
    assert (await api("PATCH", path, hidden)).body["flags"] == MessageFlag.SUPPRESS_EMBEDS
    assert refused(await api("PATCH", path, {"content": "mine"})) == (403, 50005)
    system = f"{api.channel}/messages/{system_message(api)}"
    assert refused(await api("PATCH", system, {"content": "mine"})) == (403, 50021)


async def test_a_change_of_the_text_finds_its_mentions_anew(api: Api) -> None:
    world = api.sandbox.world
    path = f"{api.channel}/messages/" + await api.say(f"<@{world.owner.id}>")

    changed = await api("PATCH", path, {"content": f"<@{world.member.id}>"})
    silent = await api("PATCH", path, {
        "content": f"<@{world.member.id}>", "allowed_mentions": {"parse": []},
    })  # fmt: skip

    assert [one["id"] for one in changed.body["mentions"]] == [world.member.id]
    assert silent.body["mentions"] == []


# -- deleting


@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}")
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.MISSING_PERMISSIONS)
async def test_who_deletes_others_messages_needs_leave_and_is_written_down(api: Api) -> None:
    world = api.sandbox.world
    path = f"{api.channel}/messages/" + await api.say(by=world.member)
    assert refused(await api("DELETE", path)) == (403, 50013)
    assert (await api("DELETE", f"{api.channel}/messages/" + await api.say())).status == 204
    assert not [one for one in world.guild.audit_log if one.action == 72]

    api.may(Permission.MANAGE_MESSAGES)
    assert (await api("DELETE", path, reason="too löud")).status == 204

    [entry] = [one for one in world.guild.audit_log if one.action == 72]
    assert (entry.user_id, entry.target_id, entry.reason) == (
        world.application.bot.id,
        world.member.id,
        "too löud",
    )
    assert entry.options == {"channel_id": api.sandbox.channel_id, "count": "1"}
    assert await pages(api) == []


@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.SYSTEM_MESSAGE)
async def test_what_the_system_tells_is_deleted_only_if_discord_lets_it(api: Api) -> None:
    world, messages = api.sandbox.world, api.sandbox.messages
    bot = world.application.bot
    kept = messages.say_for_system(world.channel, bot, MessageType.CHANNEL_NAME_CHANGE, None)

    assert (await api("DELETE", f"{api.channel}/messages/{system_message(api)}")).status == 204
    assert refused(await api("DELETE", f"{api.channel}/messages/{kept.id}")) == (403, 50021)


@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete")
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.MISSING_PERMISSIONS)
async def test_several_messages_are_deleted_at_once(api: Api) -> None:
    ids = [await api.say(str(number)) for number in range(4)]
    path = f"{api.channel}/messages/bulk-delete"
    assert refused(await api("POST", path, {"messages": ids[:2]})) == (403, 50013)
    api.may(Permission.MANAGE_MESSAGES)

    deleted = await api("POST", path, {"messages": [*ids[:3], "1999999999999999999"]}, reason="old")

    assert deleted.status == 204
    assert await pages(api) == ["3"]
    [entry] = [one for one in api.sandbox.world.guild.audit_log if one.action == 73]
    assert (entry.target_id, entry.options, entry.reason) == (api.sandbox.channel_id, {"count": "3"}, "old")


@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.TOO_FEW_OR_MANY_MESSAGES)
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.TOO_OLD_TO_DELETE)
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.INVALID_FORM)
async def test_only_two_to_a_hundred_young_messages_are_deleted_at_once(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_MESSAGES)
    path = f"{wrong.channel}/messages/bulk-delete"
    ids = [await wrong.say() for _ in range(2)]
    many = [str((1 << 60) + number) for number in range(101)]

    for messages in ([], ids[:1], many):
        assert refused(await wrong("POST", path, {"messages": messages})) == (400, 50016)
    for messages in (None, "all", [ids[0], ids[0]], [ids[0], "x"], [ids[0], 1.5], [ids[0], str(1 << 70)]):
        assert refused(await wrong("POST", path, {"messages": messages})) == (400, 50035)
    old = realtime.now() - timedelta(days=14, minutes=1)
    too_old = (int(old.timestamp() * 1000) - DISCORD_EPOCH_MS) << 22
    assert refused(await wrong("POST", path, {"messages": [*ids, str(too_old)]})) == (400, 50034)
    assert len(await pages(wrong)) == 2
    young = str(too_old + (2 * 60 * 1000 << 22))
    assert (await wrong("POST", path, {"messages": [ids[0], young, int(ids[1])]})).status == 204
    assert await pages(wrong) == []


# -- and the rest


@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost")
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.ALREADY_CROSSPOSTED)
@pytest.mark.shows(
    "POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE
)
@pytest.mark.shows(
    "POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.INVALID_MESSAGE_TYPE
)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.MISSING_PERMISSIONS)
async def test_news_are_published_once(api: Api) -> None:
    world = api.sandbox.world
    news = new_channel(api.sandbox, ChannelType.GUILD_ANNOUNCEMENT)
    own, others = await api.say(channel=news), await api.say(channel=news, by=world.owner)
    elsewhere, system = await api.say(), system_message(api)
    path = f"/channels/{news.id}/messages"

    published = await api("POST", f"{path}/{own}/crosspost")

    assert published.body["flags"] == MessageFlag.CROSSPOSTED
    assert refused(await api("POST", f"{path}/{own}/crosspost")) == (400, 40033)
    assert refused(await api("POST", f"{path}/{others}/crosspost")) == (403, 50013)
    assert refused(await api("POST", f"{api.channel}/messages/{elsewhere}/crosspost")) == (400, 50024)
    news.messages[system] = world.channel.messages[system]
    assert refused(await api("POST", f"{path}/{system}/crosspost")) == (400, 50068)
    api.may(Permission.MANAGE_MESSAGES)
    assert (await api("POST", f"{path}/{others}/crosspost")).status == 200


@pytest.mark.shows("POST /channels/{channel_id}/typing")
@pytest.mark.shows("POST /channels/{channel_id}/typing", Refusal.MISSING_PERMISSIONS)
async def test_who_may_write_may_be_seen_typing(api: Api) -> None:
    assert (await api("POST", f"{api.channel}/typing")).status == 204

    deny(api.sandbox.world.channel, Permission.SEND_MESSAGES)
    assert refused(await api("POST", f"{api.channel}/typing")) == (403, 50013)
