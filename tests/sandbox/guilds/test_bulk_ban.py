"""Banning many at once, for which nextcord sends numbers where Discord describes texts."""

import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from acore.sandbox import Sandbox
from tests.sandbox.conftest import NewBot, Running
from tests.sandbox.guilds.ears import Ears


async def test_many_are_banned_at_once(unrecorded: Sandbox, new_bot: NewBot, running: Running) -> None:
    world = unrecorded.world
    people = [world.add_user(f"person{number}") for number in range(3)]
    world.guild.owner_id = world.application.bot.id
    async with running(unrecorded, new_bot()) as bot:
        ears = Ears(bot, "member_ban")
        done = await bot.guilds[0].bulk_ban([nextcord.Object(one.id) for one in people])
        await ears.hear("member_ban", times=3)
        assert len(done.banned_users) == 3
        assert set(world.guild.bans) == {one.id for one in people}
