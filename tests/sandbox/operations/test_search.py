"""Searching a guild's messages over REST."""

from typing import Any

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import refused
from tests.sandbox.operations.scenes import deny, new_thread

type Query = dict[str, str | list[str]]


async def search(api: Api, query: Query) -> dict[str, Any]:
    pairs = [
        (key, one) for key, value in query.items() for one in ([value] if isinstance(value, str) else value)
    ]
    url = f"{api.sandbox.api}{api.guild}/messages/search"
    headers = {"Authorization": f"Bot {api.sandbox.bot_token}"}
    async with api.http.get(url, params=pairs, headers=headers) as response:
        return {"status": response.status, **await response.json()}


async def found(api: Api, **query: str | list[str]) -> list[str]:
    reply = await search(api, query)
    return [hit["content"] for [hit] in reply["messages"]]


async def furnish(api: Api) -> dict[str, str]:
    """Say a few different things; return what queries need to know of them."""
    world = api.sandbox.world
    api.may(Permission.PIN_MESSAGES)
    first = await api.say("The quick fox", by=world.member)
    await api("POST", f"{api.channel}/messages", {"content": "a picture"}, files={"fox.png": b"png"})
    answer = {"content": "quick answer", "message_reference": {"message_id": first}}
    answered = (await api("POST", f"{api.channel}/messages", answer)).body["id"]
    linked = {"content": "see https://example.org/x", "embeds": [{"image": {"url": "https://example.org/i"}}]}
    await api("POST", f"{api.channel}/messages", linked)
    await api("PUT", f"{api.channel}/messages/pins/{answered}")
    system = next(reversed(world.channel.messages))
    await api("DELETE", f"{api.channel}/messages/{system}")
    return {"first": first, "answered": answered, "member": world.member.id}


@pytest.mark.shows("GET /guilds/{guild_id}/messages/search")
@pytest.mark.parametrize(
    ("query", "contents"),
    [
        ({}, ["see https://example.org/x", "quick answer", "a picture", "The quick fox"]),
        ({"content": "QUICK"}, ["quick answer", "The quick fox"]),
        ({"content": "fox quick"}, ["The quick fox"]),
        ({"content": "qui"}, []),
        ({"author_id": "{member}"}, ["The quick fox"]),
        ({"author_type": "user"}, ["The quick fox"]),
        ({"author_type": "-user", "has": "file"}, ["a picture"]),
        ({"author_type": "webhook"}, []),
        ({"mentions": "{member}"}, ["quick answer"]),
        ({"replied_to_message_id": "{first}"}, ["quick answer"]),
        ({"replied_to_user_id": "{member}"}, ["quick answer"]),
        ({"has": "image"}, ["a picture"]),
        ({"has": ["link", "file"]}, ["see https://example.org/x", "a picture"]),
        ({"has": "-file", "content": "quick"}, ["quick answer", "The quick fox"]),
        ({"has": "embed"}, ["see https://example.org/x"]),
        ({"has": ["video", "sound", "sticker", "poll", "snapshot"]}, []),
        ({"embed_type": "image"}, ["see https://example.org/x"]),
        ({"embed_type": "gif"}, []),
        ({"embed_provider": "Tenor"}, []),
        ({"link_hostname": "example.org"}, ["see https://example.org/x"]),
        ({"attachment_filename": "fox.png"}, ["a picture"]),
        ({"attachment_extension": "png"}, ["a picture"]),
        ({"pinned": "true"}, ["quick answer"]),
        ({"pinned": "false", "content": "quick"}, ["The quick fox"]),
        ({"mention_everyone": "true"}, []),
        ({"mentions_role_id": "1"}, []),
        ({"max_id": "{answered}"}, ["a picture", "The quick fox"]),
        ({"min_id": "{answered}"}, ["see https://example.org/x"]),
        ({"sort_order": "asc", "limit": "2"}, ["The quick fox", "a picture"]),
        ({"limit": "1", "offset": "1"}, ["quick answer"]),
        ({"channel_id": "123456789012345678"}, []),
    ],
)
async def test_messages_are_found_by_what_is_known_of_them(
    api: Api, query: Query, contents: list[str]
) -> None:
    ids = await furnish(api)
    filled = {key: value.format(**ids) if isinstance(value, str) else value for key, value in query.items()}

    assert await found(api, **filled) == contents


async def test_a_page_tells_how_many_there_are_in_all(api: Api) -> None:
    ids = await furnish(api)
    await api("PUT", f"{api.channel}/messages/{ids['first']}/reactions/%F0%9F%91%8D/@me")

    reply = await search(api, {"limit": "1", "sort_order": "asc"})

    assert (reply["total_results"], reply["doing_deep_historical_index"]) == (4, False)
    [[hit]] = reply["messages"]
    assert (hit["id"], hit["hit"]) == (ids["first"], True)
    assert "reactions" not in hit


async def test_only_what_one_may_see_and_read_is_found(api: Api) -> None:
    world = api.sandbox.world
    hidden, mute, nsfw = (world.add_channel(name) for name in ("hidden", "mute", "nsfw"))
    for channel in (hidden, mute, nsfw):
        await api.say(channel.name, channel=channel)
    await api.say("mine")
    await api.say("theirs", by=world.owner)
    deny(hidden, Permission.VIEW_CHANNEL)
    deny(mute, Permission.READ_MESSAGE_HISTORY)
    nsfw.nsfw = True

    assert await found(api) == ["theirs", "mine"]
    assert await found(api, include_nsfw="true") == ["theirs", "mine", "nsfw"]
    world.application.flags = 0
    assert await found(api) == ["mine"]


async def test_what_was_said_in_threads_is_found_too(wrong: Api) -> None:
    thread = new_thread(wrong.sandbox)
    await wrong.say("within", channel=thread)

    reply = await search(wrong, {"content": "within"})

    assert [one["id"] for one in reply["threads"]] == [thread.id]
    assert [hit["channel_id"] for [hit] in reply["messages"]] == [thread.id]


@pytest.mark.shows("GET /guilds/{guild_id}/messages/search", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limit", "26"),
        ("offset", "9976"),
        ("slop", "101"),
        ("content", "x" * 1025),
        ("author_id", "me"),
        ("author_id", [str(number) for number in range(101)]),
        ("has", "everything"),
        ("author_type", "cat"),
        ("embed_type", "text"),
        ("sort_by", "luck"),
        ("sort_order", "up"),
        ("min_id", "x"),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(wrong: Api, key: str, value: str | list[str]) -> None:
    reply = await search(wrong, {key: value})

    assert (reply["status"], reply["code"]) == (400, 50035)
    assert reply["errors"].keys() == {key}


@pytest.mark.shows("GET /guilds/{guild_id}/messages/search", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/messages/search", Refusal.UNKNOWN_GUILD)
async def test_who_may_not_read_what_was_said_finds_nothing(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_guild("other", users=[world.member])
    assert refused(await api("GET", f"/guilds/{other.id}/messages/search")) == (404, 10004)

    for role in world.guild.roles.values():
        role.permissions &= ~int(Permission.READ_MESSAGE_HISTORY)
    assert refused(await api("GET", f"{api.guild}/messages/search")) == (403, 50013)
