"""What a member may do, in a guild and in one of its channels, decided as Discord does.

After Discord's documentation, "Permissions": "Permission Hierarchy", "Permission Overwrites", "Implicit
Permissions" and "Permissions For Timed Out Members".
"""

from datetime import datetime
from enum import IntFlag

from acore.sandbox import realtime
from acore.sandbox.state.kinds import VOICE, ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Guild, Member


class Permission(IntFlag):
    """Every permission by its bit."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    PRIORITY_SPEAKER = 1 << 8
    STREAM = 1 << 9
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    VIEW_GUILD_INSIGHTS = 1 << 19
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    MANAGE_GUILD_EXPRESSIONS = 1 << 30
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    MANAGE_EVENTS = 1 << 33
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EMBEDDED_ACTIVITIES = 1 << 39
    MODERATE_MEMBERS = 1 << 40
    VIEW_CREATOR_MONETIZATION_ANALYTICS = 1 << 41
    USE_SOUNDBOARD = 1 << 42
    CREATE_GUILD_EXPRESSIONS = 1 << 43
    CREATE_EVENTS = 1 << 44
    USE_EXTERNAL_SOUNDS = 1 << 45
    SEND_VOICE_MESSAGES = 1 << 46
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


EVERYTHING = (1 << 53) - 1
# What Discord gives @everyone in a new guild, as far as bots meet it.
EVERYONE_MAY = (
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.STREAM
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CONNECT
    | Permission.SPEAK
    | Permission.USE_VAD
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.REQUEST_TO_SPEAK
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.USE_EXTERNAL_STICKERS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EMBEDDED_ACTIVITIES
    | Permission.USE_SOUNDBOARD
    | Permission.SEND_VOICE_MESSAGES
    | Permission.SEND_POLLS
    | Permission.USE_EXTERNAL_APPS
)
ALL_BUT_ADMINISTRATOR = EVERYTHING & ~Permission.ADMINISTRATOR
"""For a bot that is to do everything, yet is held to channel overwrites and to roles above its own."""
DIRECT_MESSAGES_MAY = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.MENTION_EVERYONE
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.PIN_MESSAGES
    | Permission.SEND_POLLS
)
TIMED_OUT_MAY = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
SAYING_NEEDS = (
    Permission.MENTION_EVERYONE
    | Permission.SEND_TTS_MESSAGES
    | Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
)
"""What nobody has where they may not send messages."""
JOINING_NEEDS = (
    Permission.MANAGE_CHANNELS
    | Permission.MANAGE_ROLES
    | Permission.PRIORITY_SPEAKER
    | Permission.STREAM
    | Permission.SPEAK
    | Permission.MUTE_MEMBERS
    | Permission.DEAFEN_MEMBERS
    | Permission.MOVE_MEMBERS
    | Permission.USE_VAD
)
"""What nobody has in a voice channel they may not join: not even to change it, as bots' libraries know."""


def of_member(guild: Guild, member: Member, *, now: datetime | None = None) -> int:
    """Return the permission bits of *member* in the whole guild; owner and administrators have every one.

    Args:
        guild: where.
        member: who.
        now: the moment against which a time-out is held; the present by default.
    """
    if member.user.id == guild.owner_id:
        return EVERYTHING
    bits = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        bits |= guild.roles[role_id].permissions
    if bits & Permission.ADMINISTRATOR:
        return EVERYTHING
    return bits & TIMED_OUT_MAY if is_timed_out(member, now) else bits


def in_channel(guild: Guild, member: Member, channel: Channel, *, now: datetime | None = None) -> int:
    """Return the permission bits of *member* in a channel of *guild*; a thread has those of its parent."""
    bits = of_member(guild, member, now=now)
    if bits & Permission.ADMINISTRATOR:
        return bits
    place = _with_overwrites(guild, channel)
    everyone = place.overwrites.get(guild.id)
    if everyone is not None:
        bits = bits & ~everyone.deny | everyone.allow
    roles = [place.overwrites[one] for one in member.role_ids if one in place.overwrites]
    for role in roles:
        bits &= ~role.deny
    for role in roles:
        bits |= role.allow
    own = place.overwrites.get(member.user.id)
    if own is not None and own.type is OverwriteType.MEMBER:
        bits = bits & ~own.deny | own.allow
    if is_timed_out(member, now):
        bits &= TIMED_OUT_MAY
    return _implied(bits, channel, member)


def may_view(guild: Guild, member: Member, channel: Channel) -> bool:
    """Return whether *member* may view a channel; a category shows itself with any channel in it.

    After Discord's documentation, "Channel Visibility".
    """
    if in_channel(guild, member, channel) & Permission.VIEW_CHANNEL:
        return True
    if channel.type is not ChannelType.GUILD_CATEGORY:
        return False
    children = [one for one in guild.channels.values() if one.parent_id == channel.id]
    return any(in_channel(guild, member, one) & Permission.VIEW_CHANNEL for one in children)


def is_timed_out(member: Member, now: datetime | None = None) -> bool:
    """Return whether *member* is in a time-out at *now*, the present by default."""
    return member.timed_out_until is not None and member.timed_out_until > (now or realtime.now())


def rank(guild: Guild, member: Member) -> int:
    """Return the position of a member's highest role; nobody outranks the owner."""
    if member.user.id == guild.owner_id:
        return 1 << 31
    return max((guild.roles[one].position for one in member.role_ids), default=0)


def outranks(guild: Guild, one: Member, other: Member) -> bool:
    """Return whether the highest role of *one* is above that of *other*; nobody outranks themselves."""
    return rank(guild, one) > rank(guild, other)


def may_use(required: str | None, bits: int) -> bool:
    """Return whether *bits* suffice for default_member_permissions ("0": administrators alone)."""
    if required is None or bits & Permission.ADMINISTRATOR:
        return True
    wanted = int(required)
    return wanted != 0 and bits & wanted == wanted


def _with_overwrites(guild: Guild, channel: Channel) -> Channel:
    if channel.is_thread and channel.parent_id is not None:
        return guild.channels.get(channel.parent_id, channel)
    return channel


def _implied(bits: int, channel: Channel, member: Member) -> int:
    """Take away what is of no use without something else."""
    if not bits & Permission.VIEW_CHANNEL:
        return 0
    if channel.type is ChannelType.PRIVATE_THREAD and not bits & Permission.MANAGE_THREADS:
        is_in_it = channel.thread is not None and member.user.id in channel.thread.members
        if not is_in_it:
            return 0
    if channel.type in VOICE and not bits & Permission.CONNECT:
        bits &= ~JOINING_NEEDS
    saying = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    return bits if bits & saying else bits & ~SAYING_NEEDS
