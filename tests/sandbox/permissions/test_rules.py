"""What a member may do is what nextcord works out from the same payloads, in any guild."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import nextcord  # noqa: TID251 - held against the real library
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acore.sandbox import payloads
from acore.sandbox.permissions import rules
from acore.sandbox.permissions.rules import EVERYTHING, Permission
from acore.sandbox.realtime import now
from acore.sandbox.state.kinds import ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Guild, Member, Overwrite, Role, User

GUILD, BOT, OWNER, SOMEBODY = "100", "201", "202", "203"
ROLES = ("301", "302", "303")
CHANNEL = "400"
KINDS = (
    ChannelType.GUILD_TEXT,
    ChannelType.GUILD_ANNOUNCEMENT,
    ChannelType.GUILD_VOICE,
    ChannelType.GUILD_FORUM,
    ChannelType.GUILD_CATEGORY,
)
OFTEN = (
    Permission.VIEW_CHANNEL,
    Permission.SEND_MESSAGES,
    Permission.CONNECT,
    Permission.MANAGE_CHANNELS,
    Permission.EMBED_LINKS,
    Permission.READ_MESSAGE_HISTORY,
)
VOICE_ALONE = nextcord.Permissions.voice().value
"""What nextcord shows only of voice channels."""
IN_CHANNELS = nextcord.Permissions.all_channel().value
"""What nextcord takes from those who may not view a channel; with the rest nothing can be done there."""


@dataclass(frozen=True)
class Case:
    """A guild with one channel, and who is looked at in it."""

    guild: Guild
    channel: Channel
    member: Member


def bits() -> st.SearchStrategy[int]:
    """Return permissions, those that the others hang on rather often."""
    often = st.sets(st.sampled_from(OFTEN)).map(sum)
    any_at_all = st.integers(0, EVERYTHING).map(lambda value: value & ~Permission.ADMINISTRATOR)
    return st.tuples(often, any_at_all | st.just(0)).map(lambda pair: pair[0] | pair[1])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    guild = Guild(id=GUILD, name="guild", owner_id=OWNER)
    guild.roles[GUILD] = Role(GUILD, "@everyone", draw(bits()), 0)
    for position, role_id in enumerate(ROLES, 1):
        administrates = draw(st.integers(0, 9)) == 0
        allowed = draw(bits()) | (Permission.ADMINISTRATOR if administrates else 0)
        guild.roles[role_id] = Role(role_id, role_id, allowed, position)
    for user_id in (BOT, OWNER, SOMEBODY):
        guild.members[user_id] = Member(User(user_id, user_id, "token"), now())
    member = guild.members[draw(st.sampled_from([SOMEBODY, SOMEBODY, SOMEBODY, OWNER]))]
    member.role_ids = draw(st.lists(st.sampled_from(ROLES), unique=True))
    if draw(st.integers(0, 4)) == 0:
        member.timed_out_until = now() + timedelta(hours=1)
    channel = Channel(CHANNEL, draw(st.sampled_from(KINDS)), "channel", guild_id=GUILD)
    for target in draw(st.lists(st.sampled_from([GUILD, *ROLES, SOMEBODY, BOT]), unique=True)):
        kind = OverwriteType.MEMBER if target in guild.members else OverwriteType.ROLE
        channel.overwrites[target] = Overwrite(target, kind, draw(bits()), draw(bits()))
    guild.channels[CHANNEL] = channel
    return Case(guild, channel, member)


@pytest.fixture(scope="module")
def client() -> Iterator[nextcord.Client]:
    loop = asyncio.new_event_loop()
    yield nextcord.Client(loop=loop, intents=nextcord.Intents.all())
    loop.close()


def guild_of(client: nextcord.Client, case: Case) -> nextcord.Guild:
    """Return the guild as a bot made with nextcord keeps it."""
    told: Any = payloads.guild_create(
        case.guild,
        seen_by=OWNER,
        members=case.guild.members.values(),
        present=[],
        voices=[],
        is_large=False,
    )
    state = client._connection  # pyright: ignore[reportPrivateUsage] - which keeps its guilds
    return nextcord.Guild(data=told, state=state)


def as_nextcord_has_it(client: nextcord.Client, case: Case) -> int:
    """Return the permissions that a bot made with nextcord sees."""
    guild = guild_of(client, case)
    channel, member = guild.get_channel(int(CHANNEL)), guild.get_member(int(case.member.user.id))
    assert channel is not None
    assert member is not None
    return channel.permissions_for(member).value


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_permissions_in_a_channel_are_those_that_nextcord_works_out(
    client: nextcord.Client, case: Case
) -> None:
    expected = as_nextcord_has_it(client, case)
    found = rules.in_channel(case.guild, case.member, case.channel)

    compared = EVERYTHING
    if case.channel.type not in {ChannelType.GUILD_VOICE, ChannelType.GUILD_CATEGORY}:
        compared &= ~VOICE_ALONE
    if not found & Permission.VIEW_CHANNEL:
        assert found == 0
        compared &= IN_CHANNELS
    assert Permission(found & compared) == Permission(expected & compared)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_permissions_in_a_guild_are_those_that_nextcord_works_out(
    client: nextcord.Client, case: Case
) -> None:
    case.member.timed_out_until = None  # which nextcord leaves out of account here
    member = guild_of(client, case).get_member(int(case.member.user.id))
    assert member is not None

    found = rules.of_member(case.guild, case.member)

    assert Permission(found) == Permission(member.guild_permissions.value & EVERYTHING)
