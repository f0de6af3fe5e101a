"""Voice channels: who is in which, and who is told; no sound is ever sent."""

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.gateway.intents import Intent
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json
from acore.sandbox.state import voice
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel, User
from tests.sandbox.conftest import Ask, NewBot, Running
from tests.sandbox.gateway.places import deny, voice_channel
from tests.sandbox.gateway.wire import Wire, identity, true, wire

VOICE = Intent.GUILDS | Intent.GUILD_VOICE_STATES


async def enter(client: Wire, channel: Channel | None, **more: object) -> None:
    """Ask to go into a channel of the first guild, or out of voice."""
    channel_id = None if channel is None else channel.id
    body = {
        "guild_id": client.sandbox.guild_id,
        "channel_id": channel_id,
        "self_mute": False,
        "self_deaf": False,
    }
    await client.send(4, body | more)


async def moved(client: Wire) -> Json:
    """Return the next voice state a client is told of."""
    return (await client.until("VOICE_STATE_UPDATE"))["d"]


async def as_user(client: Wire, user: User) -> None:
    """Identify as a person or a bot, with everything about voice."""
    await client.send(2, identity(client.sandbox, VOICE, token=user.token))
    await client.until("GUILD_CREATE")


async def test_who_joins_is_told_where_its_server_is_and_others_only_that_it_joined(
    unrecorded: Sandbox,
) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    async with wire(unrecorded) as client, wire(unrecorded) as other:
        await as_user(client, world.application.bot)
        await as_user(other, world.member)
        await enter(client, channel, self_mute=True)

        own, theirs = await moved(client), await moved(other)
        server = (await client.until("VOICE_SERVER_UPDATE"))["d"]
        assert own == theirs
        assert (own["channel_id"], own["guild_id"], own["self_mute"], own["self_deaf"], own["suppress"]) == (
            channel.id,
            unrecorded.guild_id,
            True,
            False,
            False,
        )
        assert own["user_id"] == own["member"]["user"]["id"] == world.application.bot.id
        assert server["guild_id"] == unrecorded.guild_id
        assert server["token"]
        assert server["endpoint"] == f"127.0.0.1:{unrecorded.port}"
        assert "VOICE_SERVER_UPDATE" not in {one["t"] for one in await other.beat()}


async def test_moving_changing_and_leaving_is_told(unrecorded: Sandbox) -> None:
    first, second = voice_channel(unrecorded), voice_channel(unrecorded, "Other")
    async with wire(unrecorded) as client:
        await as_user(client, unrecorded.world.application.bot)
        await enter(client, first)
        await enter(client, first, self_deaf=True)
        await enter(client, second)
        await enter(client, None)
        await enter(client, None)

        told = [one for one in await client.beat() if one["op"] == 0]
        assert [(one["t"], one["d"].get("channel_id")) for one in told] == [
            ("VOICE_STATE_UPDATE", first.id),
            ("VOICE_SERVER_UPDATE", None),
            ("VOICE_STATE_UPDATE", first.id),
            ("VOICE_STATE_UPDATE", second.id),
            ("VOICE_SERVER_UPDATE", None),
            ("VOICE_STATE_UPDATE", None),
        ]
        assert told[2]["d"]["self_deaf"] is True
        assert unrecorded.world.guild.voice_states == {}


@pytest.mark.parametrize("missing", [Permission.CONNECT, Permission.VIEW_CHANNEL])
async def test_without_permission_one_stays_out_and_is_told_nothing(
    unrecorded: Sandbox, missing: Permission
) -> None:
    channel = voice_channel(unrecorded)
    deny(channel, unrecorded.world.application.bot, missing)
    async with wire(unrecorded) as client:
        await as_user(client, unrecorded.world.application.bot)
        await enter(client, channel)
        assert await client.beat() == []
        await enter(client, unrecorded.world.channel)  # where one only writes
        await client.send(4, {"guild_id": unrecorded.guild_id, "channel_id": "1"})
        await client.send(4, {"guild_id": "1", "channel_id": channel.id})
        assert await client.beat() == []
    assert unrecorded.world.guild.voice_states == {}


async def test_a_full_channel_takes_only_who_may_move_others(unrecorded: Sandbox) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    channel.extra["user_limit"] = 1
    async with wire(unrecorded) as owner, wire(unrecorded) as member, wire(unrecorded) as bot:
        for client, user in ((owner, world.owner), (member, world.member), (bot, world.application.bot)):
            await as_user(client, user)
        await enter(member, channel)
        await moved(member)
        await enter(bot, channel)
        await bot.beat()
        await enter(owner, channel)  # who may do everything
        await moved(owner)
        await enter(member, channel, self_mute=True)  # who is in it already
        await member.beat()

        assert set(world.guild.voice_states) == {world.member.id, world.owner.id}
        assert world.guild.voice_states[world.member.id].self_mute


async def test_who_sees_only_the_channel_that_was_left_sees_a_leaving(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    seen, hidden = voice_channel(unrecorded), voice_channel(unrecorded, "Hidden")
    deny(hidden, world.member, Permission.VIEW_CHANNEL)
    async with wire(unrecorded) as client, wire(unrecorded) as other:
        await as_user(client, world.application.bot)
        await as_user(other, world.member)
        for channel in (hidden, seen, hidden, None):
            await enter(client, channel)
        await client.beat()

        assert [one["d"]["channel_id"] for one in await other.beat()] == [seen.id, None]


async def test_a_person_is_in_one_voice_channel_and_a_bot_in_one_of_each_guild(unrecorded: Sandbox) -> None:
    world, here = unrecorded.world, voice_channel(unrecorded)
    other = world.add_guild("Other", users=[world.member, world.application.bot])
    there = world.add_channel("There", guild=other)
    there.type = ChannelType.GUILD_VOICE
    async with wire(unrecorded) as person, wire(unrecorded) as bot:
        await as_user(person, world.member)
        await as_user(bot, world.application.bot)
        for client in (person, bot):
            await enter(client, here)
            await enter(client, there, guild_id=other.id)
            await client.beat()

    assert world.member.id not in world.guild.voice_states


async def test_a_bot_is_in_voice_until_its_session_is_over(unrecorded: Sandbox) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    async with wire(unrecorded) as watcher:
        await as_user(watcher, world.member)
        async with wire(unrecorded) as client:
            ready = await client.identify(VOICE)
            await enter(client, channel)
            assert (await moved(watcher))["channel_id"] == channel.id
            await client.beat()
            await client.ws.close(code=4000)
        await true(lambda: not unrecorded.is_connected(world.application.bot))
        assert world.application.bot.id in world.guild.voice_states
        async with wire(unrecorded) as again:
            await again.resume(ready["session_id"], 4)
            await again.until("RESUMED")
            await again.ws.close(code=1000)
        assert (await moved(watcher))["channel_id"] is None
        assert world.guild.voice_states == {}


async def test_another_session_of_the_same_user_takes_the_seat_over(unrecorded: Sandbox) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    async with wire(unrecorded) as second:
        async with wire(unrecorded) as first:
            await as_user(first, world.application.bot)
            await as_user(second, world.application.bot)
            await enter(first, channel)
            await enter(second, channel)
            await second.until("VOICE_SERVER_UPDATE")
            await first.ws.close(code=1000)
        await true(lambda: len(unrecorded.sessions_of(world.application.bot)) == 1)
        assert world.application.bot.id in world.guild.voice_states


async def test_without_speak_one_is_suppressed_and_on_a_stage_at_first(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    quiet, stage = (
        voice_channel(unrecorded),
        voice_channel(unrecorded, "Stage", ChannelType.GUILD_STAGE_VOICE),
    )
    deny(quiet, world.application.bot, Permission.SPEAK)
    async with wire(unrecorded) as client:
        await as_user(client, world.application.bot)
        for channel in (quiet, stage):
            await enter(client, channel)
            assert (await moved(client))["suppress"] is True


async def test_who_leaves_the_guild_or_whose_channel_is_emptied_leaves_voice(unrecorded: Sandbox) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    guild = world.guild
    async with wire(unrecorded) as client:
        await as_user(client, world.application.bot)
        for user in (world.member, world.owner):
            voice.join(world, guild, guild.members[user.id], channel, session_id="x")
        world.remove_member(guild, world.member)
        voice.empty(world, guild, channel)

        told = [one["d"] for one in await client.beat() if one["t"] == "VOICE_STATE_UPDATE"]
        assert [(one["user_id"], one["channel_id"]) for one in told] == [
            (world.member.id, channel.id),
            (world.owner.id, channel.id),
            (world.member.id, None),
            (world.owner.id, None),
        ]


async def test_nextcord_joins_moves_and_leaves_and_sees_others_do_so(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    world = sandbox.world
    first, second = voice_channel(sandbox), voice_channel(sandbox, "Other")
    bot, seen = new_bot(), list[tuple[str, str | None]]()

    @bot.listen()
    async def on_voice_state_update(  # pyright: ignore[reportUnusedFunction]
        member: nextcord.Member, _: nextcord.VoiceState, after: nextcord.VoiceState
    ) -> None:
        seen.append((member.name, None if after.channel is None else after.channel.name))

    async with running(sandbox, bot), wire(sandbox) as person:
        guild = bot.guilds[0]
        talk, other = (guild.get_channel(int(one.id)) for one in (first, second))
        assert isinstance(talk, nextcord.VoiceChannel)
        assert isinstance(other, nextcord.VoiceChannel)
        await guild.change_voice_state(channel=talk, self_mute=True)
        await true(lambda: guild.me.voice is not None)
        assert guild.me.voice is not None
        assert guild.me.voice.self_mute
        await as_user(person, world.member)
        await enter(person, first)
        await true(lambda: ("member", "Talk") in seen)
        assert {one.name for one in talk.members} == {"member", "sandbox-bot"}
        await guild.change_voice_state(channel=other)
        await guild.change_voice_state(channel=None)
        await true(lambda: guild.me.voice is None)

    own = [where for name, where in seen if name == "sandbox-bot"]
    assert own == ["Talk", "Other", None]


async def test_nextcord_sees_who_was_in_voice_before_it_came(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    world, channel = sandbox.world, voice_channel(sandbox)
    voice.join(world, world.guild, world.guild.members[world.member.id], channel, session_id="x")

    async with running(sandbox, new_bot()) as bot:
        member = bot.guilds[0].get_member(int(world.member.id))
        assert member is not None
        assert member.voice is not None
        assert str(member.voice.channel) == "Talk"


async def test_who_is_in_a_voice_channel_leaves_it_when_it_is_deleted(unrecorded: Sandbox, ask: Ask) -> None:
    world, channel = unrecorded.world, voice_channel(unrecorded)
    voice.join(world, world.guild, world.guild.members[world.member.id], channel, session_id="x")
    async with wire(unrecorded) as client:
        await as_user(client, world.application.bot)
        deleted = await ask(unrecorded, "DELETE", f"/channels/{channel.id}", token=world.owner.token)
        assert deleted.status == 200

        assert [one["t"] for one in await client.beat()] == ["VOICE_STATE_UPDATE", "CHANNEL_DELETE"]
    assert world.guild.voice_states == {}
