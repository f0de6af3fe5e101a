"""Beginning interactions, answering them, and what bots do with their tokens."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from acore.sandbox import Sandbox
from acore.sandbox.messages.files import MAX_FILE_BYTES
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import User
from tests.sandbox.conftest import Reply
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY, refused
from tests.sandbox.rawbot import RawBot, button, row, webhook

type Body = dict[str, Any]


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[RawBot]:
    async with RawBot.connected(sandbox) as connected:
        yield connected


@pytest.fixture
async def wrong_bot(unrecorded: Sandbox) -> AsyncIterator[RawBot]:
    async with RawBot.connected(unrecorded) as connected:
        yield connected


async def command(api: Api, **more: object) -> Body:
    path = f"/applications/{api.sandbox.application_id}/commands"
    return (await api("POST", path, {"name": "ping", "description": "Answer me", **more})).body


async def begin(api: Api, data: Body, *, kind: int = 2, by: User | None = None, **more: object) -> Reply:
    """Begin an interaction as the owner."""
    body = {
        "type": kind,
        "application_id": api.sandbox.application_id,
        "guild_id": api.sandbox.guild_id,
        "channel_id": api.sandbox.channel_id,
        "session_id": "session",
        "nonce": "1",
        "data": data,
        **more,
    }
    return await api("POST", "/interactions", body, by=by or api.sandbox.world.owner)


async def asked(api: Api, bot: RawBot) -> Body:
    """Invoke a command; return what the bot is told."""
    await begin(api, await command(api))
    return await bot.asked()


async def answered(api: Api, bot: RawBot) -> Body:
    """Invoke a command and answer; return the interaction."""
    interaction = await asked(api, bot)
    assert (await bot.answer(interaction, 4, {"content": "pong"})).status == 204
    return interaction


# -- people


@pytest.mark.shows("POST /interactions")
async def test_a_person_begins_an_interaction_and_the_bot_is_told(api: Api, bot: RawBot) -> None:
    reply = await begin(api, await command(api))
    interaction = await bot.asked()
    assert reply.status == 204
    assert (interaction["type"], interaction["data"]["name"]) == (2, "ping")


@pytest.mark.shows("POST /interactions", Refusal.UNKNOWN_APPLICATION)
async def test_nothing_begins_with_an_application_that_does_not_exist(api: Api) -> None:
    assert refused(await begin(api, await command(api), application_id=NOBODY)) == (404, 10002)


@pytest.mark.shows("POST /interactions", Refusal.UNKNOWN_CHANNEL)
async def test_nothing_begins_in_a_channel_that_does_not_exist(api: Api) -> None:
    assert refused(await begin(api, await command(api), channel_id=NOBODY)) == (404, 10003)


@pytest.mark.shows("POST /interactions", Refusal.UNKNOWN_MESSAGE)
async def test_nothing_is_pressed_on_a_message_that_does_not_exist(api: Api) -> None:
    data = {"component_type": 2, "custom_id": "press"}
    assert refused(await begin(api, data, kind=3, message_id=NOBODY)) == (404, 10008)


@pytest.mark.shows("POST /interactions", Refusal.MISSING_ACCESS)
async def test_nothing_begins_where_the_person_is_not_or_the_bot_is_not(api: Api) -> None:
    world = api.sandbox.world
    elsewhere = world.add_guild("Elsewhere", users=[world.owner])
    channel = next(iter(elsewhere.channels.values()))
    ping = await command(api)
    for who in (world.owner, world.member):
        reply = await begin(api, ping, by=who, guild_id=elsewhere.id, channel_id=channel.id)
        assert refused(reply) == (403, 50001)


@pytest.mark.shows("POST /interactions", Refusal.MISSING_PERMISSIONS)
async def test_a_command_is_refused_to_who_may_not_use_it(api: Api) -> None:
    ping = await command(api, default_member_permissions=str(int(Permission.BAN_MEMBERS)))
    assert refused(await begin(api, ping, by=api.sandbox.world.member)) == (403, 50013)


@pytest.mark.shows("POST /interactions", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
async def test_nothing_begins_in_a_channel_without_messages(api: Api) -> None:
    forum = api.sandbox.world.add_channel("forum")
    forum.type = ChannelType.GUILD_FORUM
    assert refused(await begin(api, await command(api), channel_id=forum.id)) == (400, 50024)


@pytest.mark.shows("POST /interactions", Refusal.INVALID_FORM)
async def test_a_command_that_does_not_exist_is_invoked_in_vain(api: Api) -> None:
    assert refused(await begin(api, {"id": NOBODY, "name": "ping", "type": 1})) == (400, 50035)


@pytest.mark.shows("GET /guilds/{guild_id}/application-command-index")
@pytest.mark.shows("GET /channels/{channel_id}/application-command-index")
async def test_a_person_finds_the_commands_of_a_guild_and_of_a_channel(api: Api) -> None:
    ping = await command(api)
    for place in (api.guild, api.channel):
        index = (await api("GET", f"{place}/application-command-index", by=api.sandbox.world.member)).body
        assert [one["id"] for one in index["applications"]] == [api.sandbox.application_id]
        assert [one["id"] for one in index["application_commands"]] == [ping["id"]]


@pytest.mark.shows("GET /users/@me/application-command-index")
async def test_a_person_finds_the_commands_that_are_installed_for_users(api: Api) -> None:
    await command(api)
    mine = await command(api, name="mine", integration_types=[1])
    index = (await api("GET", "/users/@me/application-command-index", by=api.sandbox.world.member)).body
    assert [one["id"] for one in index["application_commands"]] == [mine["id"]]


@pytest.mark.shows("GET /guilds/{guild_id}/application-command-index", Refusal.UNKNOWN_GUILD)
async def test_there_is_no_index_of_a_guild_one_is_not_in(api: Api) -> None:
    world = api.sandbox.world
    elsewhere = world.add_guild("Elsewhere", users=[world.owner])
    reply = await api("GET", f"/guilds/{elsewhere.id}/application-command-index", by=world.member)
    assert refused(reply) == (404, 10004)


@pytest.mark.shows("GET /channels/{channel_id}/application-command-index", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/application-command-index", Refusal.MISSING_ACCESS)
async def test_there_is_no_index_of_a_channel_one_does_not_see(api: Api) -> None:
    world = api.sandbox.world
    elsewhere = world.add_guild("Elsewhere", users=[world.owner])
    channel = next(iter(elsewhere.channels.values()))
    for channel_id, answer in ((NOBODY, (404, 10003)), (channel.id, (403, 50001))):
        reply = await api("GET", f"/channels/{channel_id}/application-command-index", by=world.member)
        assert refused(reply) == answer


@pytest.mark.shows("POST /channels/{channel_id}/attachments")
async def test_a_person_is_told_where_to_upload_a_file(api: Api) -> None:
    files = [{"id": "7", "filename": "a file.txt", "file_size": 5}]
    path = f"{api.channel}/attachments"
    (told,) = (await api("POST", path, {"files": files}, by=api.sandbox.world.owner)).body["attachments"]
    assert told["id"] == "7"
    assert told["upload_url"].startswith(f"{api.sandbox.origin}/uploads/{told['upload_filename']}")
    async with api.http.put(told["upload_url"], data=b"hello") as first:
        assert first.status == 200
    async with api.http.put(told["upload_url"], data=b"again") as second:
        assert second.status == 404


async def test_a_file_that_is_larger_than_announced_files_may_be_is_not_taken(api: Api) -> None:
    files = [{"filename": "a.txt", "file_size": 5}]
    reply = await api("POST", f"{api.channel}/attachments", {"files": files}, by=api.sandbox.world.owner)
    (told,) = reply.body["attachments"]

    async with api.http.put(told["upload_url"], data=BytesIO(bytes(MAX_FILE_BYTES + 1))) as response:
        assert response.status == 413


async def test_of_what_a_person_announces_only_the_newest_files_are_awaited(api: Api) -> None:
    files = [{"filename": "a.txt", "file_size": 1}] * 10
    urls: list[str] = []
    for _ in range(4):
        reply = await api("POST", f"{api.channel}/attachments", {"files": files}, by=api.sandbox.world.owner)
        urls += [one["upload_url"] for one in reply.body["attachments"]]

    for url, status in ((urls[9], 404), (urls[10], 200), (urls[39], 200)):
        async with api.http.put(url, data=b"x") as response:
            assert response.status == status


@pytest.mark.shows("POST /channels/{channel_id}/attachments", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/attachments", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/attachments", Refusal.TOO_LARGE)
@pytest.mark.shows("POST /channels/{channel_id}/attachments", Refusal.INVALID_FORM)
async def test_there_is_no_room_for_every_file_everywhere(api: Api) -> None:
    world = api.sandbox.world
    elsewhere = next(iter(world.add_guild("Elsewhere", users=[world.owner]).channels))
    fits = {"filename": "a.txt", "file_size": 5}
    for channel_id, files, answer in (
        (NOBODY, [fits], (404, 10003)),
        (elsewhere, [fits], (403, 50001)),
        (api.sandbox.channel_id, [{**fits, "file_size": 10 * 1024 * 1024 + 1}], (413, 40005)),
        (api.sandbox.channel_id, [], (400, 50035)),
        (api.sandbox.channel_id, [{"filename": "a.txt"}], (400, 50035)),
    ):
        reply = await api("POST", f"/channels/{channel_id}/attachments", {"files": files}, by=world.member)
        assert refused(reply) == answer


# -- the first answer


@pytest.mark.shows("POST /interactions/{interaction_id}/{interaction_token}/callback")
async def test_a_bot_answers_and_may_ask_for_what_it_said(api: Api, bot: RawBot) -> None:
    silent = await bot.answer(await asked(api, bot), 4, {"content": "pong"})
    told = await bot.answer(await asked(api, bot), 4, {"content": "pong"}, query="?with_response=true")
    assert (silent.status, silent.body) == (204, None)
    assert told.body["resource"]["message"]["content"] == "pong"


@pytest.mark.shows(
    "POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.UNKNOWN_INTERACTION
)
async def test_an_interaction_with_another_id_is_unknown(api: Api, bot: RawBot) -> None:
    interaction = await asked(api, bot)
    assert refused(await bot.answer({**interaction, "id": NOBODY}, 4, {"content": "x"})) == (404, 10062)
    assert refused(await bot.answer({**interaction, "token": "x"}, 4, {"content": "x"})) == (404, 10062)


@pytest.mark.shows(
    "POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.ALREADY_ACKNOWLEDGED
)
async def test_an_interaction_is_answered_once(api: Api, bot: RawBot) -> None:
    assert refused(await bot.answer(await answered(api, bot), 5)) == (400, 40060)


@pytest.mark.shows("POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.EMPTY_MESSAGE)
async def test_an_empty_answer_is_none_and_may_be_followed_by_another(api: Api, bot: RawBot) -> None:
    interaction = await asked(api, bot)
    assert refused(await bot.answer(interaction, 4, {"content": ""})) == (400, 50006)
    assert (await bot.answer(interaction, 4, {"content": "pong"})).status == 204


@pytest.mark.shows("POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.INVALID_FORM)
async def test_an_answer_that_is_too_long_is_none(wrong: Api, wrong_bot: RawBot) -> None:
    reply = await wrong_bot.answer(await asked(wrong, wrong_bot), 4, {"content": "x" * 2001})
    assert refused(reply) == (400, 50035)
    assert list(reply.body["errors"]) == ["data"]
    assert list(reply.body["errors"]["data"]) == ["content"]


@pytest.mark.shows(
    "POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.UNKNOWN_CHANNEL
)
async def test_there_is_no_answer_in_a_channel_that_is_gone(api: Api, bot: RawBot) -> None:
    interaction = await asked(api, bot)
    forget_channel(api)
    assert refused(await bot.answer(interaction, 5)) == (404, 10003)


@pytest.mark.shows(
    "POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.UNKNOWN_WEBHOOK
)
async def test_there_is_no_answer_of_a_bot_that_was_removed(api: Api, bot: RawBot) -> None:
    interaction = await asked(api, bot)
    del api.sandbox.world.guild.members[api.sandbox.application_id]
    assert refused(await bot.answer(interaction, 5)) == (404, 10015)


@pytest.mark.shows(
    "POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.UNKNOWN_MESSAGE
)
async def test_a_message_that_was_deleted_is_not_changed(api: Api, bot: RawBot) -> None:
    body = {"content": "Press", "components": [row(button())]}
    message = (await api("POST", f"{api.channel}/messages", body)).body
    await begin(api, {"component_type": 2, "custom_id": "press"}, kind=3, message_id=message["id"])
    interaction = await bot.asked()
    await api("DELETE", f"{api.channel}/messages/{message['id']}")
    assert refused(await bot.answer(interaction, 7, {"content": "Pressed"})) == (404, 10008)


def forget_channel(api: Api) -> None:
    world = api.sandbox.world
    del world.channels[world.channel.id]


# -- what follows


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}")
@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")
async def test_a_bot_says_more_reads_changes_and_deletes_it(api: Api, bot: RawBot) -> None:
    interaction = await answered(api, bot)
    message = (await bot.follow_up(interaction, {"content": "more"})).body
    path = f"{webhook(interaction)}/messages/{message['id']}"
    assert (await bot.request("GET", path)).body["content"] == "more"
    assert (await bot.request("PATCH", path, {"content": "less"})).body["content"] == "less"
    assert (await bot.request("DELETE", path)).status == 204
    assert refused(await bot.request("GET", path)) == (404, 10008)


@pytest.mark.shows("GET /webhooks/{webhook_id}/{webhook_token}/messages/@original")
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original")
@pytest.mark.shows("DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original")
async def test_a_bot_reads_changes_and_deletes_its_first_answer(api: Api, bot: RawBot) -> None:
    interaction = await answered(api, bot)
    path = f"{webhook(interaction)}/messages/@original"
    assert (await bot.request("GET", path)).body["content"] == "pong"
    assert (await bot.request("PATCH", path, {"content": "ping"})).body["content"] == "ping"
    assert (await bot.request("DELETE", path)).status == 204
    assert refused(await bot.request("GET", path)) == (404, 10008)


async def by_token(bot: RawBot, interaction: Body) -> list[Reply]:
    """Do everything that an interaction's token is for."""
    path = webhook(interaction)
    replies = [await bot.request("POST", path, {"content": "more"})]
    for message in ("@original", NOBODY):
        for method, body in (("GET", None), ("PATCH", {"content": "x"}), ("DELETE", None)):
            replies.append(await bot.request(method, f"{path}/messages/{message}", body))
    return replies


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_WEBHOOK)
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
async def test_before_the_first_answer_the_token_is_no_webhooks(api: Api, bot: RawBot) -> None:
    for reply in await by_token(bot, await asked(api, bot)):
        assert refused(reply) == (404, 10015)


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_WEBHOOK_TOKEN)
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
async def test_after_its_fifteen_minutes_the_token_is_invalid(api: Api, bot: RawBot) -> None:
    interaction = await answered(api, bot)
    [record] = api.sandbox.interactions.listed()
    record.began_at -= timedelta(minutes=15, seconds=1)
    for reply in await by_token(bot, interaction):
        assert refused(reply) == (401, 50027)


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.UNKNOWN_CHANNEL)
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
async def test_the_token_is_of_no_use_when_the_channel_is_gone(api: Api, bot: RawBot) -> None:
    interaction = await answered(api, bot)
    forget_channel(api)
    for reply in await by_token(bot, interaction):
        assert refused(reply) == (404, 10003)


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
async def test_what_others_said_is_out_of_the_tokens_reach(api: Api, bot: RawBot) -> None:
    interaction = await answered(api, bot)
    path, foreign = f"{webhook(interaction)}/messages", await api.say()
    await bot.request("DELETE", f"{path}/@original")
    for message in ("@original", foreign):
        for method, body in (("GET", None), ("PATCH", {"content": "x"}), ("DELETE", None)):
            assert refused(await bot.request(method, f"{path}/{message}", body)) == (404, 10008)


async def say_all(api: Api, bot: RawBot, body: Body, files: Mapping[str, bytes] | None = None) -> list[Reply]:
    """Try to say the same in each way that there is."""
    interaction = await answered(api, bot)
    path = webhook(interaction)
    message = (await bot.follow_up(interaction, {"content": "more"})).body
    return [
        await bot.answer(await asked(api, bot), 4, body, files=files),
        await bot.request("POST", path, body, files=files),
        await bot.request("PATCH", f"{path}/messages/{message['id']}", body, files=files),
        await bot.request("PATCH", f"{path}/messages/@original", body, files=files),
    ]


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.EMPTY_MESSAGE)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.EMPTY_MESSAGE
)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.EMPTY_MESSAGE)
async def test_whatever_is_said_says_something(api: Api, bot: RawBot) -> None:
    for reply in await say_all(api, bot, {"content": ""}):
        assert refused(reply) == (400, 50006)


@pytest.mark.shows(
    "POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.UPLOAD_NOT_FOUND
)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.UPLOAD_NOT_FOUND)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.UPLOAD_NOT_FOUND
)
@pytest.mark.shows(
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.UPLOAD_NOT_FOUND
)
async def test_a_file_that_nobody_uploaded_is_not_found(wrong: Api, wrong_bot: RawBot) -> None:
    body = {"content": "x", "attachments": [{"id": "0", "uploaded_filename": "never/seen.txt"}]}
    for reply in await say_all(wrong, wrong_bot, body):
        assert refused(reply) == Refusal.UPLOAD_NOT_FOUND.value[:2]


@pytest.mark.shows("POST /interactions/{interaction_id}/{interaction_token}/callback", Refusal.TOO_LARGE)
@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.TOO_LARGE)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.TOO_LARGE)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.TOO_LARGE)
async def test_a_file_over_ten_mebibytes_is_too_large(wrong: Api, wrong_bot: RawBot) -> None:
    files = {"large.bin": bytes(10 * 1024 * 1024 + 1)}
    for reply in await say_all(wrong, wrong_bot, {"content": "x"}, files):
        assert refused(reply) == (413, 40005)


@pytest.mark.shows("POST /webhooks/{webhook_id}/{webhook_token}", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original", Refusal.INVALID_FORM)
async def test_what_follows_has_the_limits_of_every_message(wrong: Api, wrong_bot: RawBot) -> None:
    interaction = await answered(wrong, wrong_bot)
    message = (await wrong_bot.follow_up(interaction, {"content": "more"})).body
    long = {"content": "x" * 2001}
    for reply in (
        await wrong_bot.follow_up(interaction, long),
        await wrong_bot.edit(interaction, long, message["id"]),
        await wrong_bot.edit(interaction, long),
    ):
        assert refused(reply) == (400, 50035)
        assert list(reply.body["errors"]) == ["content"]
