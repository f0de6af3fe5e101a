"""Messages: their limits, who may change them, files, replies, and what REST tells of a guild."""

from typing import Any

import aiohttp
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Running


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"content": "x" * 2001}, ["content"]),
        ({"embeds": [{"title": "x" * 257}]}, ["embeds", "0", "title"]),
        ({"embeds": [{"description": "x" * 4097}]}, ["embeds", "0", "description"]),
        ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]},
         ["embeds", "0", "fields", "0", "value"]),
        ({"embeds": [{"fields": [{"name": "n"}]}]}, ["embeds", "0", "fields", "0", "value"]),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, ["embeds", "0", "fields"]),
        ({"embeds": [{"title": "t", "description": "x" * 4000}] * 2}, ["embeds"]),
        ({"embeds": [{"title": "t"}] * 11}, ["embeds"]),
        ({"embeds": [{"title": "t", "color": 1 << 24}]}, ["embeds", "0", "color"]),
        ({"content": "re", "message_reference": {"message_id": "1"}}, ["message_reference"]),
    ],
    ids=["content", "title", "text", "value", "no value", "fields", "6000", "embeds", "color", "reply"],
)  # fmt: skip
async def test_what_is_beyond_the_limits_is_refused_by_field(
    unrecorded: Sandbox, ask: Ask, body: dict[str, Any], path: list[str]
) -> None:
    refused = await ask(unrecorded, "POST", f"/channels/{unrecorded.channel_id}/messages", body)

    assert (refused.status, refused.body["code"]) == (400, 50035)
    node = refused.body["errors"]
    for key in path:
        node = node[key]
    assert node["_errors"][0]["message"]


async def test_an_empty_message_is_refused(sandbox: Sandbox, ask: Ask) -> None:
    refused = await ask(sandbox, "POST", f"/channels/{sandbox.channel_id}/messages", {"content": ""})

    assert (refused.status, refused.body["code"]) == (400, 50006)


async def test_a_message_is_said_changed_read_and_deleted(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        channel = bot.get_channel(int(sandbox.channel_id))
        assert isinstance(channel, nextcord.TextChannel)
        message = await channel.send("hello", file=nextcord.File(__file__, "test.py"))
        reply = await message.reply("to you")  # pyright: ignore[reportUnknownMemberType]
        await message.edit(content="hello again")
        async with channel.typing():
            read = await channel.fetch_message(message.id)
        history = [one.content async for one in channel.history()]
        text = await read.attachments[0].read()
        await reply.delete()

        assert read.content == "hello again"
        assert read.edited_at is not None
        assert b"to you" in text
        assert history == ["to you", "hello again"]
        assert reply.reference is not None
        with pytest.raises(nextcord.NotFound):
            await channel.fetch_message(reply.id)


async def test_nobody_changes_what_another_wrote(sandbox: Sandbox, ask: Ask, person: NewPerson) -> None:
    async with person(sandbox, "member") as member:
        message = await member.say("mine")
    path = f"/channels/{sandbox.channel_id}/messages/{message['id']}"

    changed = await ask(sandbox, "PATCH", path, {"content": "yours"})
    deleted = await ask(sandbox, "DELETE", path)

    assert (changed.status, changed.body["code"]) == (403, 50005)
    assert (deleted.status, deleted.body["code"]) == (403, 50013)


async def test_a_direct_message_reaches_the_person(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        user = await bot.fetch_user(int(sandbox.users[1].id))
        await user.send("psst")

        heard = await member.wait_for(lambda event: event.data.get("content") == "psst", within=5)

    assert "guild_id" not in heard.data


@pytest.mark.parametrize(
    "path",
    [
        "/users/@me",
        "/users/{member}",
        "/users/@me/guilds",
        "/guilds/{guild}",
        "/guilds/{guild}?with_counts=true",
        "/guilds/{guild}/channels",
        "/guilds/{guild}/roles",
        "/guilds/{guild}/members?limit=10",
        "/guilds/{guild}/members/{member}",
        "/channels/{channel}",
        "/applications/@me",
        "/oauth2/applications/@me",
        "/gateway",
        "/gateway/bot",
    ],
)
async def test_what_a_bot_looks_up_is_there(sandbox: Sandbox, ask: Ask, path: str) -> None:
    ids = {"guild": sandbox.guild_id, "channel": sandbox.channel_id, "member": sandbox.users[1].id}

    found = await ask(sandbox, "GET", path.format(**ids))

    assert found.status == 200
    assert found.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "code"),
    [("/users/1", 10013), ("/guilds/1", 10004), ("/channels/1", 10003), ("/guilds/{guild}/members/1", 10007)],
)
async def test_what_is_not_there_is_named(sandbox: Sandbox, ask: Ask, path: str, code: int) -> None:
    missing = await ask(sandbox, "GET", path.format(guild=sandbox.guild_id))

    assert (missing.status, missing.body["code"]) == (404, code)


async def test_an_operation_the_sandbox_lacks_says_so(unrecorded: Sandbox, ask: Ask) -> None:
    missing = await ask(unrecorded, "GET", f"/guilds/{unrecorded.guild_id}/auto-moderation/rules")

    assert missing.status == 501
    assert missing.body["message"].startswith("The sandbox does not support GET /guilds/")


async def test_tokens_are_for_their_kind_of_client(unrecorded: Sandbox, ask: Ask) -> None:
    as_person = await ask(unrecorded, "GET", "/users/@me", token=unrecorded.bot_token)
    as_bot = await ask(unrecorded, "GET", "/users/@me", token=f"Bot {unrecorded.users[0].token}")
    index = f"/guilds/{unrecorded.guild_id}/application-command-index"
    for_people = await ask(unrecorded, "GET", index)

    assert [as_person.status, as_bot.status, for_people.status] == [401, 401, 401]


async def test_people_are_served_under_v9_too(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": sandbox.users[0].token}
        url = sandbox.api.replace("v10", "v9") + "/users/@me"
        async with http.get(url, headers=headers) as response:
            assert (await response.json())["username"] == "owner"
