"""A TOML file says what there is in a sandbox; whoever wrote it wrongly learns of every mistake."""

from pathlib import Path

import pytest

from acore.sandbox import Person, Sandbox, WorldFileError
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state import worldfile
from acore.sandbox.state.kinds import ApplicationFlag, ChannelType
from acore.sandbox.state.records import Channel, Guild, Member, User
from tests.sandbox.conftest import Ask, NewBot, Pretend, Running

EXAMPLE = Path(__file__).parents[3] / "config/sandbox.toml"
CROWDS = """
[[guilds]]
name = "Crowd {n}"
count = 40
members = { count = 25, name = "user{n}" }
"""


def world_of(tmp_path: Path, text: str) -> Sandbox:
    file = tmp_path / "world.toml"
    file.write_text(text)
    return Sandbox(world_file=file)


def problems_of(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "world.toml"
    file.write_text(text)
    with pytest.raises(WorldFileError) as caught:
        worldfile.read(file)
    assert str(caught.value).splitlines() == [f"{file}: {one}" for one in caught.value.problems]
    return list(caught.value.problems)


def user(sandbox: Sandbox, name: str) -> User:
    found = sandbox.world.user_named(name)
    assert found is not None
    return found


def member(sandbox: Sandbox, guild: Guild, name: str) -> Member:
    return guild.members[user(sandbox, name).id]


def channel(guild: Guild, name: str) -> Channel:
    return next(one for one in guild.channels.values() if one.name == name)


def test_without_a_file_there_is_what_there_always_was() -> None:
    sandbox = Sandbox()

    assert [one.username for one in sandbox.world.users.values()] == ["owner", "member", "sandbox-bot"]
    assert [one.name for one in sandbox.world.guilds.values()] == ["Sandbox"]
    assert sandbox.world.channel.name == "general"


def test_an_empty_file_asks_for_the_same(tmp_path: Path) -> None:
    sandbox = world_of(tmp_path, "")

    assert [one.username for one in sandbox.world.users.values()] == ["owner", "member", "sandbox-bot"]
    assert [one.name for one in sandbox.world.guilds.values()] == ["Sandbox"]
    assert sandbox.world.channel.name == "general"
    assert len(sandbox.world.guild.members) == 3


def test_the_example_that_is_shipped_says_what_its_comments_say() -> None:
    sandbox = Sandbox(world_file=EXAMPLE)
    guild = sandbox.world.guild

    assert [one.name for one in sandbox.world.guilds.values()] == ["Sandbox", "Crowd 1", "Crowd 2", "Crowd 3"]
    assert {one.user.username for one in guild.members.values()} == {
        "owner",
        "member",
        "moderator",
        "guest1",
        "sandbox-bot",
    }
    assert sandbox.world.owner.global_name == "The Owner"
    assert sandbox.world.owner.locale == "de"
    assert user(sandbox, "moderator").token == "the-moderators-token"
    assert sandbox.bot_token == "the-bots-token"
    assert user(sandbox, "second-bot").bot
    assert guild.settings == {"verification_level": 1, "features": ["COMMUNITY"]}
    assert channel(guild, "general").parent_id == channel(guild, "Talk").id
    assert [one.content for one in channel(guild, "general").messages.values()] == ["Welcome.", "Thank you."]
    assert channel(guild, "Lounge").type is ChannelType.GUILD_VOICE
    assert sandbox.world.channel is channel(guild, "general"), "a category is nowhere to say something"


def test_roles_and_overwrites_of_the_example_permit_what_they_say() -> None:
    sandbox = Sandbox(world_file=EXAMPLE)
    guild = sandbox.world.guild
    staff = channel(guild, "staff")

    def may(name: str, needed: Permission) -> bool:
        return bool(permissions.in_channel(guild, member(sandbox, guild, name), staff) & needed)

    assert not may("guest1", Permission.VIEW_CHANNEL)
    assert may("member", Permission.VIEW_CHANNEL)
    assert may("moderator", Permission.SEND_MESSAGES)
    assert may("moderator", Permission.MANAGE_MESSAGES)
    assert not may("member", Permission.MANAGE_MESSAGES)
    moderators = next(one for one in guild.roles.values() if one.name == "Moderators")
    assert (moderators.color, moderators.hoist, moderators.mentionable) == (0x5865F2, True, True)
    assert not guild.roles[guild.id].permissions & Permission.CREATE_INSTANT_INVITE


def test_a_count_makes_many_guilds_with_the_same_people_and_every_bot(tmp_path: Path) -> None:
    sandbox = world_of(tmp_path, CROWDS)
    guilds = list(sandbox.world.guilds.values())

    assert [one.name for one in guilds] == [f"Crowd {number}" for number in range(1, 41)]
    assert len({one.id for one in guilds}) == 40
    assert len(sandbox.users) == 27, "owner, member, and 25 who are in every guild"
    expected = {"owner", "sandbox-bot", *(f"user{number}" for number in range(1, 26))}
    for guild in guilds:
        assert {one.user.username for one in guild.members.values()} == expected
        assert [one.name for one in guild.channels.values()] == ["general"]
        assert guild.settings is not guilds[0].settings or guild is guilds[0]


def test_a_bot_is_invited_with_what_its_application_asks_for(tmp_path: Path) -> None:
    text = '[[applications]]\nname = "keeper"\npermissions = ["kick_members"]\n'
    text += '[[applications]]\nname = "plain"\n'
    guild = world_of(tmp_path, text).world.guild
    granted = {one.name: one.permissions for one in guild.roles.values() if one.bot_id is not None}

    assert granted == {"keeper": Permission.KICK_MEMBERS, "plain": permissions.EVERYONE_MAY}


def test_an_application_may_be_refused_privileged_intents(tmp_path: Path) -> None:
    text = '[[applications]]\nname = "plain"\nprivileged_intents = ["members"]\n'
    application = world_of(tmp_path, text).world.application

    assert application.flags == ApplicationFlag.GATEWAY_GUILD_MEMBERS_LIMITED
    assert application.bot.username == "plain"


async def test_a_bot_and_people_live_in_a_world_from_a_file(
    pretend: Pretend, recording: Path, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    async with Sandbox(world_file=EXAMPLE, record=recording) as sandbox:
        pretend(sandbox)
        token = sandbox.world.member.token
        async with running(sandbox, new_bot()) as bot, Person(sandbox.api, token) as member:
            assert {one.name: one.member_count for one in bot.guilds}["Crowd 3"] == 53, (
                "the owner and both bots too"
            )
            assert {one.name for one in bot.guilds} == {"Sandbox", "Crowd 1", "Crowd 2", "Crowd 3"}
            assert [one["content"] for one in await member.messages(sandbox.channel_id)] == [
                "Thank you.",
                "Welcome.",
            ]
            path = f"/guilds/{sandbox.guild_id}/channels"
            listed = [
                {one["name"] for one in (await ask(sandbox, "GET", path, token=token)).body}
                for token in (sandbox.world.owner.token, None)
            ]
    assert listed[0] == {"Talk", "general", "staff", "Lounge"}
    assert listed[1] == {"Talk", "general", "Lounge"}, "the bot may not view #staff"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[user]]\nname = "x"', "there is no key user; did you mean users?"),
        ('[[users]]\nname = "x"\nnam = "x"', "[users[1]]: there is no key nam; did you mean name?"),
        ("[[users]]\nlocale = 'de'", '[users[1]]: name is missing; add name = "…"'),
        ("[[users]]\nname = 3", "[users[1]] name = 3: write a text of 1 to 32 characters"),
        (
            '[[users]]\nname = "a"\nbot = "yes"',
            "[users[1]] bot = 'yes': write true or false",
        ),
        (
            '[[users]]\nname = "a"\n[[applications]]\nname = "a"',
            "there is more than one 'a' among users and applications; rename one",
        ),
        (
            '[[users]]\nname = "a"\ntoken = "t"\n[[users]]\nname = "b"\ntoken = "t"',
            "two users or applications have the same token",
        ),
        (
            '[[users]]\nname = "a"\ncount = 2',
            "[users[1]] name = 'a': put {n} where the number belongs, as there are 2",
        ),
        ('[[guilds]]\nname = "G"\ncount = 2', "[guilds[1]] name = 'G': put {n} where the number belongs"),
        ('[[guilds]]\nname = "G"\nowner = "nobody"', "there is no user called 'nobody' in this file"),
        ('[[guilds]]\nname = "G"\nmembers = ["nobody"]', "there is no user called 'nobody' in this file"),
        ('[[guilds]]\nname = "G"\nmembers = [7]', "[guilds[1]] members = [7]: write names"),
        (
            '[[guilds]]\nname = "G"\nmembers = { name = "u{n}", cont = 2 }',
            "[guilds[1].members]: there is no key cont; did you mean count?",
        ),
        ('[[guilds]]\nname = "G"\nbots = ["nobody"]', "there is no application called 'nobody' in this file"),
        ('[[guilds]]\nname = "G"\ncount = 0', "[guilds[1]] count = 0: write a whole number from 1 to"),
        ('guilds = "many"', "guilds = 'many': write a table each, under [[guilds]]"),
        (
            '[[guilds]]\nname = "G"\n[[guilds.roles]]\nname = "R"\npermissions = ["send_mesages"]',
            "permissions = ['send_mesages']: 'send_mesages' is none; did you mean send_messages?",
        ),
        (
            '[[guilds]]\nname = "G"\n[[guilds.roles]]\nname = "R"\ncolor = "red"',
            "[guilds[1].roles[1]] color = 'red': write a text such as \"#5865f2\"",
        ),
        (
            '[[guilds]]\nname = "G"\nmembers = []\n[[guilds.roles]]\nname = "R"\nmembers = ["member"]',
            "[guilds[1].roles[1]] members = ['member']: 'member' is no member of this guild",
        ),
        (
            '[[guilds]]\nname = "G"\n[[guilds.channels]]\nname = "c"\ntype = "txt"',
            "[guilds[1].channels[1]] type = 'txt': did you mean text?",
        ),
        (
            '[[guilds]]\nname = "G"\n[[guilds.channels]]\nname = "c"\nparent = "p"',
            "[guilds[1].channels[1]] parent = 'p': there is no category of this name in the guild",
        ),
        (
            '[[guilds]]\nname = "G"\n[[guilds.channels]]\nname = "c"\nslowmode = 30000',
            "slowmode = 30000: write a whole number from 0 to 21600",
        ),
        (
            '[[guilds]]\nname = "G"\nchannels = [{ name = "c", overwrites = [{ allow = ["speak"] }] }]',
            "[guilds[1].channels[1].overwrites[1]]: give either role or member, whom it is about",
        ),
        (
            '[[guilds]]\nname = "G"\nchannels = [{ name = "c", overwrites = [{ role = "R" }] }]',
            "there is no role called 'R' in this file",
        ),
        (
            '[[guilds]]\nname="G"\nchannels = [{ name="c", messages = [{ author="x", content="y" }] }]',
            "author = 'x': 'x' is no member of this guild",
        ),
        (
            '[[guilds]]\nname="G"\nchannels=[{name="c",type="forum",messages=[{author="owner",content="y"}]}]',
            "a category or forum holds none; give them to a text channel",
        ),
        (
            '[[guilds]]\nname = "G"\nsettings = { verification_lvl = 1 }',
            "[guilds[1].settings]: there is no key verification_lvl; did you mean verification_level?",
        ),
        (
            '[[guilds]]\nname = "G"\nsettings = { verification_level = "high" }',
            "[guilds[1].settings] verification_level = 'high': write a whole number from 0 to",
        ),
        (
            '[[guilds]]\nname = "G"\nsettings = { premium_progress_bar_enabled = 1 }',
            "[guilds[1].settings] premium_progress_bar_enabled = 1: write true or false",
        ),
        ("name = ", "it is no TOML: "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_remedy(tmp_path: Path, text: str, problem: str) -> None:
    found = problems_of(tmp_path, text)

    assert len(found) == 1
    assert problem in found[0]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = '[[users]]\nname = ""\nbto = true\n[[guilds]]\nname = "G"\nowner = "x"\nseting = {}\n'

    assert len(problems_of(tmp_path, text)) == 4


def test_a_file_that_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        Sandbox(world_file=tmp_path / "none.toml")

    assert str(tmp_path / "none.toml") in str(caught.value)
