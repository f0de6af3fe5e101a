"""How a guild, its emojis and its bot look: names, settings and pictures, changed with nextcord."""

import zlib

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest
from nextcord.asset import Asset  # noqa: TID251 - as above

from acore.sandbox import Sandbox
from tests.sandbox.conftest import NewBot, Running
from tests.sandbox.guilds.ears import Ears
from tests.sandbox.images import GIF, PNG

pytestmark = pytest.mark.usefixtures("powers")


@pytest.fixture(autouse=True)
def _pictures_of_the_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Asset, "BASE", sandbox.origin)


async def test_emojis_are_made_renamed_read_and_deleted(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "guild_emojis_update")
        guild = bot.guilds[0]

        emoji = await guild.create_custom_emoji(name="crab", image=PNG)
        moving = await guild.create_custom_emoji(name="wave", image=GIF)
        await ears.hear("guild_emojis_update", times=2)
        assert [(one.name, one.animated) for one in guild.emojis] == [("crab", False), ("wave", True)]
        assert await guild.emojis[0].read() == PNG
        assert await guild.emojis[1].read() == GIF
        await emoji.edit(name="lobster")
        await ears.hear("guild_emojis_update", times=3)
        assert guild.emojis[0].name == "lobster"
        fetched = await guild.fetch_emoji(moving.id)
        assert fetched.user is not None
        assert fetched.user.name == "sandbox-bot"
        await emoji.delete()
        await ears.hear("guild_emojis_update", times=4)
        assert [one.name for one in guild.emojis] == ["wave"]


async def test_a_guild_is_described_with_its_emojis_and_settings(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "guild_update")
        await bot.guilds[0].create_custom_emoji(name="crab", image=PNG)
        channel = bot.guilds[0].text_channels[0]
        await bot.guilds[0].edit(
            name="Beach",
            icon=PNG,
            description="with sand",
            verification_level=nextcord.VerificationLevel.high,
            default_notifications=nextcord.NotificationLevel.only_mentions,
            explicit_content_filter=nextcord.ContentFilter.all_members,
            afk_timeout=60,
            system_channel=channel,
        )
        _, known = await ears.hear("guild_update")
        assert isinstance(known, nextcord.Guild)
        assert (known.name, known.system_channel) == ("Beach", channel)
        assert known.icon is not None
        assert await known.icon.read() == PNG
        assert len(known.members) == 3

    async with running(sandbox, new_bot()) as bot:
        guild = bot.guilds[0]
        assert (guild.name, guild.description, guild.afk_timeout) == ("Beach", "with sand", 60)
        assert guild.verification_level is nextcord.VerificationLevel.high
        assert guild.icon == known.icon
        assert [one.name for one in guild.emojis] == ["crab"]


async def test_a_bot_changes_how_it_looks(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    async with running(sandbox, new_bot()) as bot:
        ears = Ears(bot, "member_update", "user_update")
        assert bot.user is not None
        await bot.user.edit(username="renamed", avatar=PNG)
        await ears.hear("member_update")
        assert bot.user.name == "renamed"
        assert bot.user.avatar is not None
        assert await bot.user.avatar.read() == PNG
        assert bot.guilds[0].me.display_avatar == bot.user.avatar


async def test_a_bot_knows_its_guilds_and_their_previews(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        assert [one.name async for one in bot.fetch_guilds()] == ["Sandbox"]
        fetched = await bot.fetch_guild(int(sandbox.guild_id), with_counts=True)
        assert (fetched.approximate_member_count, fetched.approximate_presence_count) == (3, 1)
        integrations = await bot.guilds[0].integrations()
        assert [one.name for one in integrations] == ["sandbox-bot"]
        assert await bot.guilds[0].vanity_invite() is None


async def test_who_has_no_picture_has_one_of_six_plain_ones(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        pictures = {await member.display_avatar.read() for member in bot.guilds[0].members}
        assert all(pictures_size(one) == (128, 128) for one in pictures)


def pictures_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a PNG that is whole."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    length = int.from_bytes(data[33:37])
    rows = zlib.decompress(data[41 : 41 + length])
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    assert len(rows) == height * (1 + 3 * width)
    return width, height
