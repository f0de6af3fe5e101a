"""Channels, as a nextcord bot makes them and hears of them."""

from typing import Any

import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from acore.sandbox import Sandbox
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.kinds import OverwriteType
from acore.sandbox.state.records import Overwrite
from tests.sandbox.conftest import Running
from tests.sandbox.places.conftest import AsOwner, Ears


def cached(ears: Ears, channel_id: int) -> nextcord.TextChannel:
    """Return a channel as the bot keeps it, which every event changes."""
    channel = ears.place.get_channel(channel_id)
    assert isinstance(channel, nextcord.TextChannel)
    return channel


async def test_a_bot_makes_changes_and_deletes_channels_of_each_type(ears: Ears) -> None:
    guild = ears.place
    category = await guild.create_category("Things")
    assert (await ears.hear("guild_channel_create"))[0] == category
    made: list[Any] = [
        await guild.create_text_channel("Some Talk", category=category, topic="about", slowmode_delay=5),
        await guild.create_voice_channel("Lounge", category=category, user_limit=7),
        await guild.create_stage_channel("Stage", category=category, topic="t"),
        await guild.create_forum_channel("help", category=category, topic="ask"),
    ]
    for one in made:
        assert (await ears.hear("guild_channel_create"))[0] == one
    text, voice, _, forum = made
    assert (text.name, voice.user_limit, forum.topic) == ("some-talk", 7, "ask")
    assert {one.name for one in category.channels} == {"some-talk", "Lounge", "Stage", "help"}

    await text.edit(name="quiet", nsfw=True, category=None, reason="calm")
    before, after = await ears.hear("guild_channel_update")
    assert (before.name, after.name, after.nsfw, after.category) == ("some-talk", "quiet", True, None)
    await category.delete()
    assert (await ears.hear("guild_channel_delete"))[0] == category
    assert all(one.category is None for one in made)


async def test_a_bot_moves_channels(ears: Ears) -> None:
    made = [await ears.place.create_text_channel(name) for name in ("one", "two")]
    for _ in made:
        await ears.hear("guild_channel_create")
    one, two = [cached(ears, each.id) for each in made]
    await two.move(beginning=True)
    for _ in ("two", "general", "one"):
        await ears.hear("guild_channel_update")
    assert [each.name for each in ears.place.text_channels] == ["two", "general", "one"]

    denied = nextcord.PermissionOverwrite(send_messages=False)
    overwrites: dict[nextcord.Role | nextcord.Member, nextcord.PermissionOverwrite] = {
        ears.place.default_role: denied
    }
    category = await ears.place.create_category("Things", overwrites=overwrites)
    await ears.hear("guild_channel_create")
    await one.move(category=category, sync_permissions=True, end=True)
    await ears.hear("guild_channel_update")
    assert (one.category, one.permissions_synced) == (category, True)
    assert one.overwrites == overwrites


async def test_a_bot_sets_what_a_channel_allows_and_denies(ears: Ears) -> None:
    channel, everyone = ears.general, ears.place.default_role
    await channel.set_permissions(everyone, send_messages=False, add_reactions=True)
    await ears.hear("guild_channel_update")
    assert (
        channel.overwrites_for(everyone).send_messages,
        channel.overwrites_for(everyone).add_reactions,
    ) == (
        False,
        True,
    )
    await channel.set_permissions(everyone, overwrite=None)
    await ears.hear("guild_channel_update")
    assert channel.overwrites == {}
    async for entry in ears.place.audit_logs(limit=1):
        assert entry.action is nextcord.AuditLogAction.overwrite_delete


async def test_a_bot_gives_a_forum_its_tags(ears: Ears) -> None:
    made = await ears.place.create_forum_channel("help", topic="ask")
    await ears.hear("guild_channel_create")
    forum: Any = ears.place.get_channel(made.id)
    await forum.edit(available_tags=[nextcord.ForumTag(name="bug"), nextcord.ForumTag(name="idea")])
    await ears.hear("guild_channel_update")
    tags = forum.available_tags
    assert [one.name for one in tags] == ["bug", "idea"]
    thread = await forum.create_thread(name="It fails", content="when I look", applied_tags=[tags[0]])
    created = (await ears.hear("thread_create"))[0]
    assert (created.id, created.parent, created.message_count) == (thread.id, forum, 0)
    assert [one.name for one in thread.applied_tags or ()] == ["bug"]


async def test_what_a_bot_may_not_view_it_knows_by_its_existence_alone(
    sandbox: Sandbox, running: Running, as_owner: AsOwner
) -> None:
    world = sandbox.world
    hidden = world.add_channel("secrets", topic="plans")
    everyone = world.guild.id
    hidden.overwrites[everyone] = Overwrite(everyone, OverwriteType.ROLE, deny=Permission.VIEW_CHANNEL)
    ears = Ears(sandbox)
    async with running(sandbox, ears):
        channel = cached(ears, int(hidden.id))
        assert (channel.name, channel.topic, channel.permissions_for(ears.place.me).view_channel) == (
            "___hidden___",
            None,
            False,
        )
        await as_owner("PATCH", f"/channels/{hidden.id}", {"topic": "other plans"})
        await ears.hear("guild_channel_update")
        assert channel.topic is None

        await as_owner("POST", f"/channels/{hidden.id}/threads", {"name": "how", "type": 11})
        await as_owner("DELETE", f"/channels/{hidden.id}/permissions/{everyone}")
        await ears.hear("guild_channel_update")
        assert (channel.name, channel.topic) == ("secrets", "other plans")
        assert (await ears.hear("thread_join"))[0].name == "how", "its threads come with a channel"


async def test_a_role_shows_and_hides_channels(sandbox: Sandbox, running: Running, as_owner: AsOwner) -> None:
    world = sandbox.world
    role = world.add_role("insiders")
    hidden = world.add_channel("secrets")
    for one in (
        Overwrite(world.guild.id, OverwriteType.ROLE, deny=Permission.VIEW_CHANNEL),
        Overwrite(role.id, OverwriteType.ROLE, allow=Permission.VIEW_CHANNEL),
    ):
        hidden.overwrites[one.id] = one
    other = world.add_role("others")
    ears = Ears(sandbox)
    async with running(sandbox, ears):
        channel = cached(ears, int(hidden.id))
        own = f"/guilds/{world.guild.id}/members/{world.application.bot.id}/roles"
        for method, path, body, name in (
            ("PUT", f"{own}/{role.id}", None, "secrets"),
            ("DELETE", f"{own}/{role.id}", None, "___hidden___"),
            ("PUT", f"{own}/{other.id}", None, None),
            ("PATCH", f"/guilds/{world.guild.id}/roles/{other.id}", {"permissions": "8"}, "secrets"),
            ("DELETE", f"/guilds/{world.guild.id}/roles/{other.id}", None, "___hidden___"),
        ):
            reply = await as_owner(method, path, body)
            assert reply.status < 300, reply.body
            if name is not None:
                await ears.hear("guild_channel_update")
                assert channel.name == name, (method, path)
