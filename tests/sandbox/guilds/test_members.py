"""Members, as a bot changes them, sends them away and bans them with nextcord, and what the others hear."""

from datetime import timedelta

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import RefusedError, Sandbox
from acore.sandbox.state.kinds import ChannelType
from tests.sandbox.conftest import NewBot, NewPerson, Running
from tests.sandbox.guilds.ears import Ears

pytestmark = pytest.mark.usefixtures("powers")


def the_member(bot: nextcord.Client) -> nextcord.Member:
    """Return the member called "member"."""
    member = bot.guilds[0].get_member_named("member")
    assert member is not None
    return member


async def test_a_member_is_renamed_given_roles_and_timed_out(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    role = sandbox.world.add_role("crew")
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "member_update", "guild_audit_log_entry_create")
        member, crew = the_member(bot), bot.guilds[0].get_role(int(role.id))
        assert crew is not None
        # Its own highest role is below the new one.
        with pytest.raises(nextcord.Forbidden):
            await member.add_roles(crew)
        sandbox.world.guild.owner_id = sandbox.application_id

        await member.edit(nick="Nick", reason="a better name")
        await ears.hear("member_update")
        (entry,) = await ears.hear("guild_audit_log_entry_create")
        assert isinstance(entry, nextcord.AuditLogEntry)
        assert (entry.action, entry.reason) == (nextcord.AuditLogAction.member_update, "a better name")
        assert member.nick == "Nick"

        await member.add_roles(crew)
        await ears.hear("member_update", times=2)
        assert crew in member.roles
        await member.remove_roles(crew)
        await ears.hear("member_update", times=3)
        assert crew not in member.roles
        await member.edit(roles=[crew])
        await ears.hear("member_update", times=4)
        assert crew in member.roles

        await member.timeout(timedelta(hours=1))
        await ears.hear("member_update", times=5)
        assert member.communication_disabled_until is not None


async def test_a_timed_out_member_says_nothing_until_it_is_over(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        await the_member(bot).timeout(timedelta(hours=1))
        with pytest.raises(RefusedError) as refused:
            await member.say("still here")
        assert refused.value.code == 50013
        await the_member(bot).edit(timeout=None)
        assert (await member.say("back"))["content"] == "back"


async def test_a_bot_renames_itself(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    intents = nextcord.Intents.all()
    intents.members = False  # of itself it hears all the same
    async with running(sandbox, new_bot(intents)) as bot:
        ears = Ears(bot, "member_update")
        await bot.guilds[0].me.edit(nick="Nick")
        await ears.hear("member_update")
        assert bot.guilds[0].me.nick == "Nick"


async def test_who_is_kicked_leaves_and_the_channels_are_gone(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        ears = Ears(bot, "member_remove", "guild_audit_log_entry_create")

        await the_member(bot).kick(reason="noise")

        (gone,) = await ears.hear("member_remove")
        assert isinstance(gone, nextcord.Member)
        assert (gone.name, bot.guilds[0].member_count) == ("member", 2)
        left = await member.wait_for(lambda event: event.name == "GUILD_DELETE", within=10)
        assert left.data == {"id": sandbox.guild_id}
        with pytest.raises(RefusedError) as refused:
            await member.say("still here", channel_id=sandbox.channel_id)
        assert refused.value.code == 50001


async def test_a_bot_that_is_kicked_or_leaves_forgets_the_guild_and_one_that_comes_back_knows_it(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    world = sandbox.world
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "guild_remove", "guild_join")
        world.remove_member(world.guild, world.application.bot)
        await ears.hear("guild_remove")
        assert bot.guilds == []

        world.add_member(world.guild, world.application.bot)
        await ears.hear("guild_join")
        assert bot.guilds[0].self_role is not None
        await bot.guilds[0].leave()
        await ears.hear("guild_remove", times=2)
        assert bot.guilds == []


async def test_who_is_banned_is_gone_with_what_they_said(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        ears = Ears(bot, "member_ban", "member_remove", "member_unban", "raw_bulk_message_delete")
        said = [(await member.say(text))["id"] for text in ("one", "two")]
        guild, banned = bot.guilds[0], the_member(bot)

        await guild.ban(banned, reason="spam", delete_message_seconds=3600)

        (deleted,) = await ears.hear("raw_bulk_message_delete")
        assert isinstance(deleted, nextcord.RawBulkMessageDeleteEvent)
        assert deleted.message_ids == {int(one) for one in said}
        await ears.hear("member_remove")
        assert ears.names()[0] == "member_ban"
        ban = await guild.fetch_ban(banned)
        assert (ban.user.name, ban.reason) == ("member", "spam")
        assert [one.user.name async for one in guild.bans()] == ["member"]
        await guild.unban(banned)
        await ears.hear("member_unban")


async def test_members_are_fetched_searched_and_pruned(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    gone = sandbox.world.add_user("gone")
    sandbox.world.guild.members[gone.id].joined_at -= timedelta(days=30)
    async with running(sandbox, new_bot()) as bot:
        guild = bot.guilds[0]
        names = [one.name async for one in guild.fetch_members(limit=None)]
        assert sorted(names) == ["gone", "member", "owner", "sandbox-bot"]
        assert await guild.estimate_pruned_members(days=7) == 1
        assert await guild.prune_members(days=7, compute_prune_count=True) == 1
        assert await guild.prune_members(days=7, compute_prune_count=False) is None
        assert gone.id not in sandbox.world.guild.members


async def test_the_audit_log_is_read_with_what_it_names(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        member = the_member(bot)
        await member.edit(nick="Nick", reason="a better name")
        await member.kick()

        entries = [one async for one in bot.guilds[0].audit_logs(limit=5)]

        kicked, renamed = entries
        assert kicked.action is nextcord.AuditLogAction.kick
        assert isinstance(kicked.target, nextcord.User | nextcord.Member)
        assert kicked.target.name == "member"
        assert (renamed.before.nick, renamed.after.nick, renamed.reason) == (None, "Nick", "a better name")
        assert renamed.user == bot.user


async def test_a_kicked_bot_answers_no_command_any_more(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    interactions: list[nextcord.Interaction[nextcord.Client]] = []

    @bot.slash_command(description="wait")
    async def wait(interaction: nextcord.Interaction[nextcord.Client]) -> None:
        interactions.append(interaction)
        await interaction.response.defer()

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        invocation = await owner.start_invoke("wait")
        await invocation.acknowledged(within=10)
        sandbox.world.remove_member(sandbox.world.guild, sandbox.world.application.bot)
        with pytest.raises(nextcord.NotFound) as refused:
            await interactions[0].edit_original_message(content="done")
        assert refused.value.code == 10015

    assert wait.name == "wait"


async def test_a_private_channel_appears_with_the_role_for_it(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    async with running(sandbox, new_bot()) as bot, person(sandbox, "member") as member:
        guild = bot.guilds[0]
        crew = await guild.create_role(name="crew")
        hidden: dict[nextcord.Role | nextcord.Member, nextcord.PermissionOverwrite] = {
            guild.default_role: nextcord.PermissionOverwrite(view_channel=False),
            crew: nextcord.PermissionOverwrite(view_channel=True),
        }
        channel = await guild.create_text_channel("hidden", overwrites=hidden)
        assert sandbox.world.channels[str(channel.id)].type is ChannelType.GUILD_TEXT
        with pytest.raises(RefusedError):
            await member.request("GET", f"/channels/{channel.id}")
        await the_member(bot).add_roles(crew)
        assert (await member.request("GET", f"/channels/{channel.id}"))["name"] == "hidden"
