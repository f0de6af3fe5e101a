"""Shards: which session hears what, and how they may start."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest
from nextcord.ext import commands  # noqa: TID251 - as above

from acore.sandbox import Limits, Sandbox
from acore.sandbox.state.records import Guild
from tests.sandbox.conftest import Ask, Pretend
from tests.sandbox.gateway.wire import identity, true, wire

GUILDS, DIRECT_MESSAGES = 1 << 0, 1 << 12


class ShardedBot(commands.AutoShardedBot):
    """A bot that asks how many shards it needs, and starts each at once."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once; nextcord would wait five seconds before the second shard."""


@asynccontextmanager
async def connected(sandbox: Sandbox, bot: ShardedBot) -> AsyncGenerator[None]:
    """Run a bot until it is ready, and close it afterwards."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bot.start, sandbox.bot_token)
        try:
            await bot.wait_until_ready()
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await bot.close()


def of_shard(guild_id: str, count: int) -> int:
    """Return the shard of a guild, as Discord's documentation writes it."""
    return (int(guild_id) >> 22) % count


def guilds_of_both(sandbox: Sandbox) -> tuple[Guild, Guild]:
    """Return a guild of each of two shards, and make guilds until there are some."""
    bot = sandbox.world.application.bot
    while True:
        found = {of_shard(one.id, 2): one for one in sandbox.world.guilds.values()}
        if len(found) == 2:
            return found[0], found[1]
        sandbox.world.add_guild("another", users=[bot, sandbox.world.member])


async def test_each_shard_hears_of_its_own_guilds_alone(unrecorded: Sandbox) -> None:
    guilds = guilds_of_both(unrecorded)
    async with wire(unrecorded) as zero, wire(unrecorded) as one:
        for number, client in enumerate((zero, one)):
            ready = await client.identify(GUILDS, shard=[number, 2])
            assert ready["shard"] == [number, 2]
            expected = {own for own in unrecorded.world.guilds if of_shard(own, 2) == number}
            assert {guild["id"] for guild in ready["guilds"]} == expected
            for _ in expected:
                assert (await client.until("GUILD_CREATE"))["d"]["id"] in expected
        for guild in guilds:
            unrecorded.world.add_channel("news", guild=guild)
            unrecorded.world.announce("GUILD_UPDATE", {"id": guild.id}, guild.members)

        for number, client in enumerate((zero, one)):
            heard = await client.beat()
            assert [frame["t"] for frame in heard] == ["CHANNEL_CREATE", "GUILD_UPDATE"]
            assert heard[0]["d"]["guild_id"] == heard[1]["d"]["id"] == guilds[number].id


async def test_direct_messages_come_to_the_first_shard_and_ones_own_user_to_all(
    unrecorded: Sandbox, ask: Ask
) -> None:
    guilds_of_both(unrecorded)
    bot = unrecorded.world.application.bot
    async with wire(unrecorded) as zero, wire(unrecorded) as one:
        await zero.identify(DIRECT_MESSAGES, shard=[0, 2])
        await one.identify(DIRECT_MESSAGES, shard=[1, 2])
        channel = unrecorded.world.direct_channel(unrecorded.world.member, bot)
        path = f"/channels/{channel.id}/messages"
        said = await ask(unrecorded, "POST", path, {"content": "psst"}, unrecorded.world.member.token)
        assert said.status == 200
        unrecorded.world.announce("USER_UPDATE", {"id": bot.id}, [bot.id])

        assert [frame["t"] for frame in await zero.beat()] == ["MESSAGE_CREATE", "USER_UPDATE"]
        assert [frame["t"] for frame in await one.beat()] == ["USER_UPDATE"]


async def test_members_of_another_shards_guild_are_not_told(unrecorded: Sandbox) -> None:
    _, other = guilds_of_both(unrecorded)
    async with wire(unrecorded) as client:
        await client.identify(0, shard=[0, 2])
        await client.send(8, {"guild_id": other.id, "user_ids": [unrecorded.world.owner.id]})
        assert await client.beat() == []


async def test_nextcords_sharded_bot_comes_up_with_as_many_shards_as_are_recommended(
    pretend: Pretend,
) -> None:
    async with Sandbox() as sandbox:
        pretend(sandbox)
        guilds = guilds_of_both(sandbox)
        counts = Counter(of_shard(one, 2) for one in sandbox.world.guilds)
        sandbox.limits = Limits(guilds_per_shard=max(counts.values()), global_limit=0)
        bot = ShardedBot(intents=nextcord.Intents.all(), guild_ready_timeout=0.1)
        joined: list[str] = []

        @bot.listen()
        async def on_guild_channel_create(channel: nextcord.abc.GuildChannel) -> None:  # pyright: ignore[reportUnusedFunction]
            joined.append(channel.name)

        async with connected(sandbox, bot):
            assert bot.shard_count == 2
            assert {str(one.id) for one in bot.guilds} == set(sandbox.world.guilds)
            assert all(one.shard_id == of_shard(str(one.id), 2) for one in bot.guilds)
            assert len(sandbox.sessions_of(sandbox.world.application.bot)) == 2
            for guild in guilds:
                sandbox.world.add_channel(f"for-{of_shard(guild.id, 2)}", guild=guild)
            await true(lambda: sorted(joined) == ["for-0", "for-1"])


@pytest.mark.parametrize(("guilds", "shards"), [(1, 1), (2, 1), (3, 2), (5, 3)])
async def test_as_many_shards_are_recommended_as_the_guilds_need(ask: Ask, guilds: int, shards: int) -> None:
    async with Sandbox(limits=Limits(guilds_per_shard=2, max_concurrency=16)) as sandbox:
        for _ in range(guilds - 1):
            sandbox.world.add_guild("another", users=[sandbox.world.application.bot])

        answer = (await ask(sandbox, "GET", "/gateway/bot")).body

        assert answer["shards"] == shards
        assert answer["session_start_limit"]["max_concurrency"] == 16


async def test_shards_with_the_same_rest_must_wait_for_each_other() -> None:
    limits = Limits(identify_interval=60, max_concurrency=2)
    async with (
        Sandbox(limits=limits) as sandbox,
        wire(sandbox) as zero,
        wire(sandbox) as one,
        wire(sandbox) as two,
    ):
        await zero.identify(0, shard=[0, 4])
        await one.identify(0, shard=[1, 4])
        await two.send(2, identity(sandbox, shard=[2, 4]))
        frame = await two.read()
        assert (frame["op"], frame["d"]) == (9, False)
        sandbox.limits = Limits(identify_interval=0, max_concurrency=2)
        await two.identify(0, shard=[2, 4])
