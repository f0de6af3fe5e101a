"""What the gateway tells of messages, reactions and pins, and whom."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.records import User
from tests.sandbox.conftest import NewPerson
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.scenes import deny, new_thread
from tests.sandbox.rawbot import RawBot


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as http:
        yield Api(sandbox, http)


async def test_a_new_message_comes_with_the_places_of_its_author_and_of_who_is_mentioned(api: Api) -> None:
    world = api.sandbox.world
    async with RawBot.connected(api.sandbox) as bot:
        message_id = await api.say(f"<@{world.owner.id}>", by=world.member)
        created = await bot.heard("MESSAGE_CREATE")

    assert (created["id"], created["guild_id"]) == (message_id, world.guild.id)
    assert created["member"]["joined_at"] is not None
    [mentioned] = created["mentions"]
    assert mentioned["id"] == world.owner.id
    assert mentioned["member"]["roles"] == []


async def test_changes_and_deletions_are_told(api: Api) -> None:
    api.may(Permission.MANAGE_MESSAGES)
    ids = [await api.say(str(number)) for number in range(4)]
    async with RawBot.connected(api.sandbox) as bot:
        await api("PATCH", f"{api.channel}/messages/{ids[0]}", {"content": "changed"})
        updated = await bot.heard("MESSAGE_UPDATE")
        await api("DELETE", f"{api.channel}/messages/{ids[0]}")
        deleted = await bot.heard("MESSAGE_DELETE")
        await api(
            "POST", f"{api.channel}/messages/bulk-delete", {"messages": [*ids[1:], "1999999999999999999"]}
        )
        deleted_at_once = await bot.heard("MESSAGE_DELETE_BULK")

    place = {"channel_id": api.sandbox.channel_id, "guild_id": api.sandbox.guild_id}
    assert (updated["content"], updated["edited_timestamp"] is None) == ("changed", False)
    assert deleted == {"id": ids[0], **place}
    assert deleted_at_once == {"ids": ids[1:], **place}


async def test_reactions_are_told_with_who_reacted(api: Api) -> None:
    world = api.sandbox.world
    api.may(Permission.MANAGE_MESSAGES)
    message_id = await api.say(by=world.member)
    base = f"{api.channel}/messages/{message_id}/reactions"
    async with RawBot.connected(api.sandbox) as bot:
        await api("PUT", f"{base}/👍/@me", by=world.owner)
        added = await bot.heard("MESSAGE_REACTION_ADD")
        await api("PUT", f"{base}/🎉/@me", by=world.owner)
        await api("PUT", f"{base}/🎈/@me", by=world.owner)
        await api("DELETE", f"{base}/👍/{world.owner.id}")
        removed = await bot.heard("MESSAGE_REACTION_REMOVE")
        await api("DELETE", f"{base}/🎉")
        cleared = await bot.heard("MESSAGE_REACTION_REMOVE_EMOJI")
        await api("DELETE", base)
        emptied = await bot.heard("MESSAGE_REACTION_REMOVE_ALL")

    place = {
        "channel_id": api.sandbox.channel_id,
        "guild_id": api.sandbox.guild_id,
        "message_id": message_id,
    }
    by = {**place, "user_id": world.owner.id, "burst": False, "type": 0, "emoji": {"id": None, "name": "👍"}}
    assert added.pop("member")["user"]["id"] == world.owner.id
    assert added == {**by, "message_author_id": world.member.id}
    assert removed == by
    assert cleared == {**place, "emoji": {"id": None, "name": "🎉"}}
    assert emptied == place


async def test_pins_are_told_with_the_moment_of_the_newest(api: Api) -> None:
    api.may(Permission.PIN_MESSAGES)
    message_id = await api.say()
    async with RawBot.connected(api.sandbox) as bot:
        await api("PUT", f"{api.channel}/messages/pins/{message_id}")
        updated = await bot.heard("MESSAGE_UPDATE")
        pinned = await bot.heard("CHANNEL_PINS_UPDATE")
        told = await bot.heard("MESSAGE_CREATE")
        listed = await api("GET", f"{api.channel}/messages/pins")
        await api("DELETE", f"{api.channel}/messages/pins/{message_id}")
        unpinned = await bot.heard("CHANNEL_PINS_UPDATE")

    assert (updated["id"], updated["pinned"]) == (message_id, True)
    assert pinned == {
        "channel_id": api.sandbox.channel_id,
        "guild_id": api.sandbox.guild_id,
        "last_pin_timestamp": listed.body["items"][0]["pinned_at"],
    }
    assert (told["type"], told["message_reference"]["message_id"]) == (6, message_id)
    assert unpinned["last_pin_timestamp"] is None


async def test_a_message_in_an_archived_thread_opens_it(api: Api) -> None:
    thread = new_thread(api.sandbox)
    assert thread.thread is not None
    thread.thread.is_archived = True
    async with RawBot.connected(api.sandbox) as bot:
        await api.say("up", channel=thread)
        opened = await bot.heard("THREAD_UPDATE")
        created = await bot.heard("MESSAGE_CREATE")

    assert opened["thread_metadata"]["archived"] is False
    assert (created["channel_id"], created["position"]) == (thread.id, 0)


async def test_who_does_not_see_a_channel_hears_nothing_of_it(api: Api, person: NewPerson) -> None:
    world = api.sandbox.world
    hidden = world.add_channel("hidden")
    deny(hidden, Permission.VIEW_CHANNEL)

    async def react(by: User, channel_id: str, message_id: str) -> None:
        await api("PUT", f"/channels/{channel_id}/messages/{message_id}/reactions/👍/@me", by=by)

    async with person(api.sandbox, "member") as member:
        secret = await api.say("secret", by=world.owner, channel=hidden)
        await react(world.owner, hidden.id, secret)
        open_to_all = await api.say("open", by=world.owner)
        await react(world.owner, api.sandbox.channel_id, open_to_all)
        await member.wait_for(lambda event: event.name == "MESSAGE_REACTION_ADD", within=5)

    told = [one.data.get("id") or one.data["message_id"] for one in member.events if "MESSAGE" in one.name]
    assert told == [open_to_all, open_to_all]
