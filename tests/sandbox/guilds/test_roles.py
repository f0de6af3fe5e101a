"""Roles, as a bot makes, moves and deletes them with nextcord."""

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.state.records import Role
from tests.sandbox.conftest import NewBot, Running
from tests.sandbox.guilds.ears import Ears

pytestmark = pytest.mark.usefixtures("powers")


def order(sandbox: Sandbox) -> list[str]:
    """Return the names of the roles as the sandbox orders them, the lowest first."""
    return [one.name for one in sorted(sandbox.world.guild.roles.values(), key=lambda one: one.position)]


async def test_a_role_is_made_moved_changed_and_deleted_and_the_bot_knows_it_as_it_is(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    sandbox.world.add_role("top")
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "guild_role_create", "guild_role_update", "guild_role_delete")
        guild = bot.guilds[0]

        def known() -> list[str]:
            return [one.name for one in sorted(guild.roles, key=lambda one: one.position)]

        role = await guild.create_role(
            name="crew",
            permissions=nextcord.Permissions(kick_members=True),
            color=nextcord.Colour(5),
            hoist=True,
        )
        await ears.hear("guild_role_create")
        await ears.hear("guild_role_update", times=3)  # those above it moved up
        assert known() == order(sandbox) == ["@everyone", "crew", "sandbox-bot", "powers", "top"]
        assert role.permissions.kick_members

        before = len(ears.heard)
        await role.edit(position=2)
        await ears.hear("guild_role_update", times=5)
        assert len(ears.heard) == before + 2
        assert known() == order(sandbox) == ["@everyone", "sandbox-bot", "crew", "powers", "top"]

        await role.edit(name="gang", mentionable=True)
        _, after = await ears.hear("guild_role_update", times=6)
        assert isinstance(after, nextcord.Role)
        assert (after.name, after.mentionable, after.hoist, after.color.value) == ("gang", True, True, 5)

        await role.delete()
        await ears.hear("guild_role_delete")
        assert known() == order(sandbox) == ["@everyone", "sandbox-bot", "powers", "top"]
        assert {one.name: one.position for one in guild.roles} == {
            one.name: one.position for one in sandbox.world.guild.roles.values()
        }


async def test_a_role_the_world_adds_is_known_above_all_others(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "guild_role_create", "guild_role_update")
        sandbox.world.add_role("top")
        await ears.hear("guild_role_update", times=5)  # two moved up and down again, and itself
        known = sorted(bot.guilds[0].roles, key=lambda one: one.position)
        assert [one.name for one in known] == order(sandbox) == ["@everyone", "sandbox-bot", "powers", "top"]


async def test_a_role_above_the_bots_own_is_refused(
    sandbox: Sandbox, new_bot: NewBot, running: Running, powers: Role
) -> None:
    async with running(sandbox, new_bot()) as bot:
        own = bot.guilds[0].get_role(int(powers.id))
        assert own is not None
        with pytest.raises(nextcord.Forbidden) as refused:
            await own.edit(name="more")
        assert refused.value.code == 50013


async def test_a_guild_is_described_with_all_its_roles_have(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    role = sandbox.world.add_role("crew", color=0x112233)
    role.hoist, role.mentionable, role.secondary_color = True, True, 7
    async with running(sandbox, new_bot()) as bot:
        known = bot.guilds[0].get_role(int(role.id))
        assert known is not None
        assert (known.color.value, known.hoist, known.mentionable) == (0x112233, True, True)
