"""What a nextcord bot does with messages every day."""

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox, realtime
from acore.sandbox.permissions.rules import Permission
from tests.sandbox.conftest import NewBot, NewPerson, Running


def general(sandbox: Sandbox, bot: nextcord.Client) -> nextcord.TextChannel:
    channel = bot.get_channel(int(sandbox.channel_id))
    assert isinstance(channel, nextcord.TextChannel)
    return channel


def empower(sandbox: Sandbox, *permissions: Permission) -> None:
    """Give the bot these permissions."""
    world = sandbox.world
    bits = sum(int(one) for one in permissions)
    world.give_role(world.application.bot, world.add_role("powers", permission_bits=bits))


async def test_reactions_are_given_counted_listed_and_cleared(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    empower(sandbox, Permission.MANAGE_MESSAGES)
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        has_heard = anyio.Event()
        seen: list[tuple[int, str]] = []

        @bot.listen()
        async def on_raw_reaction_add(event: nextcord.RawReactionActionEvent) -> None:  # pyright: ignore[reportUnusedFunction]
            seen.append((event.user_id, str(event.emoji)))
            if event.member is not None and not event.member.bot:
                has_heard.set()

        message = await general(sandbox, bot).send("vote")
        await message.add_reaction("👍")
        path = f"/channels/{sandbox.channel_id}/messages/{message.id}/reactions/👍/@me"
        await member.request("PUT", path)
        with realtime.deadline(5):
            await has_heard.wait()
        assert seen == [(int(sandbox.application_id), "👍"), (int(sandbox.world.member.id), "👍")]

        read = await message.channel.fetch_message(message.id)
        [reaction] = read.reactions
        users = [user.name async for user in reaction.users()]
        await reaction.remove(nextcord.Object(int(sandbox.world.member.id)))
        await reaction.remove(nextcord.Object(int(sandbox.application_id)))
        emptied = await message.channel.fetch_message(message.id)
        await message.add_reaction("🎉")
        await message.clear_reaction("🎉")
        await message.add_reaction("🎈")
        await message.clear_reactions()
        cleared = await message.channel.fetch_message(message.id)

    assert (reaction.count, reaction.me) == (2, True)
    assert sorted(users) == ["member", "sandbox-bot"]
    assert emptied.reactions == cleared.reactions == []


async def test_messages_are_pinned_purged_and_found_around(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    empower(sandbox, Permission.MANAGE_MESSAGES)
    async with running(sandbox, new_bot()) as bot:
        channel = general(sandbox, bot)
        messages = [await channel.send(str(number)) for number in range(6)]
        await messages[2].pin(reason="good")
        pinned = [one.content for one in await channel.pins()]
        around = [one.content async for one in channel.history(limit=3, around=messages[3])]
        after = [one.content async for one in channel.history(after=messages[3], oldest_first=True)]
        await messages[2].unpin()
        purged = await channel.purge(limit=4)
        left = [one.content async for one in channel.history()]

    assert pinned == ["2"]
    assert around == ["4", "3", "2"]
    assert after == ["4", "5", ""]
    assert [one.content for one in purged] == ["", "5", "4", "3"]
    assert left == ["2", "1", "0"]


async def test_a_refusal_is_the_exception_that_nextcord_has_for_it(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        said = await member.say("mine")
        message = await general(sandbox, bot).fetch_message(int(said["id"]))
        with pytest.raises(nextcord.Forbidden) as not_mine:
            await message.edit(content="yours")
        with pytest.raises(nextcord.Forbidden) as not_allowed:
            await message.delete()
        with pytest.raises(nextcord.NotFound) as unknown:
            await message.add_reaction("nothing")
        with pytest.raises(nextcord.HTTPException) as empty:
            await message.channel.send("")

    assert [not_mine.value.code, not_allowed.value.code] == [50005, 50013]
    assert (unknown.value.code, empty.value.code) == (10014, 50006)


async def test_allowed_mentions_and_replies_mention_whom_they_say(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        said = await member.say("hello?")
        asked = await general(sandbox, bot).fetch_message(int(said["id"]))
        loud = await asked.reply("yes")  # pyright: ignore[reportUnknownMemberType]
        quiet = await asked.reply("yes", mention_author=False)  # pyright: ignore[reportUnknownMemberType]
        none = await asked.channel.send(
            f"<@{sandbox.world.owner.id}>", allowed_mentions=nextcord.AllowedMentions.none()
        )

    assert [one.name for one in loud.mentions] == ["member"]
    assert quiet.mentions == none.mentions == []
    assert loud.reference is not None
    assert isinstance(loud.reference.resolved, nextcord.Message)
    assert loud.reference.resolved.content == "hello?"


async def test_typing_is_seen(sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        await general(sandbox, bot).trigger_typing()
        event = await member.wait_for(lambda event: event.name == "TYPING_START", within=5)

    assert event.data["member"]["user"]["id"] == sandbox.application_id
