"""GUILD_CREATE: a guild as one session learns of it, which depends on what it asked for."""

from collections.abc import Iterator

from acore.sandbox import payloads
from acore.sandbox.gateway.intents import Intent
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Guild, Member, VoiceState

TOLD_BY_GUILD_CREATE = frozenset(
    {
        "GUILD_UPDATE",
        "GUILD_ROLE_CREATE",
        "GUILD_ROLE_UPDATE",
        "GUILD_ROLE_DELETE",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_EMOJIS_UPDATE",
        "GUILD_STICKERS_UPDATE",
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
        "THREAD_MEMBER_UPDATE",
        "THREAD_MEMBERS_UPDATE",
        "VOICE_STATE_UPDATE",
        "PRESENCE_UPDATE",
        "STAGE_INSTANCE_CREATE",
        "STAGE_INSTANCE_UPDATE",
        "STAGE_INSTANCE_DELETE",
        "GUILD_SCHEDULED_EVENT_CREATE",
        "GUILD_SCHEDULED_EVENT_UPDATE",
        "GUILD_SCHEDULED_EVENT_DELETE",
    }
)
"""What happens to a guild before its GUILD_CREATE shows in that; anything else makes it come first."""


def guild_create(of: Guild, user_id: str, *, intents: int, large_threshold: int) -> Json:
    """Return a guild as the gateway announces it.

    Without GUILD_MEMBERS only oneself and who is in voice are shown; with it, in a large guild besides who is
    online, has a role or a nickname (Discord's documentation, "Request Guild Members"), and else everybody.
    Discord shows everybody only to who may see presences as well; others ask for the same with op 8.

    Args:
        of: the guild.
        user_id: whose session it is.
        intents: what the session asked for.
        large_threshold: above so many members the guild is large.
    """
    voices = list(_voices(of, user_id)) if intents & Intent.GUILD_VOICE_STATES else []
    is_large = len(of.members) > large_threshold
    shown = {user_id: of.members[user_id]}
    present = (
        [one for one in of.members.values() if _is_online(one)] if intents & Intent.GUILD_PRESENCES else []
    )
    if intents & Intent.GUILD_MEMBERS:
        shown |= {key: one for key, one in of.members.items() if not is_large or one.role_ids or one.nick}
        shown |= {one.user.id: one for one in present}
    shown |= {one.user_id: of.members[one.user_id] for one in voices}
    return payloads.guild_create(
        of,
        seen_by=user_id,
        members=shown.values(),
        present=present,
        voices=voices,
        is_large=is_large,
    )


def _voices(guild: Guild, user_id: str) -> Iterator[VoiceState]:
    member = guild.members[user_id]
    for state in guild.voice_states.values():
        channel = guild.channels[state.channel_id]
        bits = permissions.in_channel(guild, member, channel)
        if bits & Permission.VIEW_CHANNEL or state.user_id == user_id:
            yield state


def _is_online(member: Member) -> bool:
    return member.user.presence["status"] != "offline"
