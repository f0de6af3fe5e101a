"""Who is in which voice channel: joining, moving and leaving, and telling those who may see it.

No sound is ever sent; this is what clients see of each other.
"""

from acore.sandbox import payloads
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.audience import AnyOf, Audience, ButNot, InChannel, only
from acore.sandbox.state.kinds import VOICE, ChannelType
from acore.sandbox.state.records import Channel, Guild, Member, VoiceState
from acore.sandbox.state.world import World


def may_join(guild: Guild, member: Member, channel: Channel) -> bool:
    """Return whether a member may enter a voice channel: it must be one, allowed and not full."""
    bits = permissions.in_channel(guild, member, channel)
    needed = Permission.VIEW_CHANNEL | Permission.CONNECT
    if channel.type not in VOICE or bits & needed != needed:
        return False
    limit = int(channel.extra.get("user_limit") or 0)
    others = sum(
        one.channel_id == channel.id for one in guild.voice_states.values() if one.user_id != member.user.id
    )
    return not limit or others < limit or bool(bits & Permission.MOVE_MEMBERS)


def join(
    world: World,
    guild: Guild,
    member: Member,
    channel: Channel,
    *,
    session_id: str,
    self_mute: bool = False,
    self_deaf: bool = False,
    self_video: bool = False,
) -> VoiceState:
    """Put a member into a voice channel, or change how it is there; the caller has asked `may_join`.

    A person is in one voice channel at most, a bot in one a guild.
    """
    if not member.user.bot:
        for other in world.guilds_of(member.user.id):
            if other is not guild:
                world.leave_voice(other, member.user.id)
    before = guild.voice_states.get(member.user.id)
    is_same = before is not None and before.channel_id == channel.id
    state = VoiceState(
        user_id=member.user.id,
        channel_id=channel.id,
        session_id=session_id,
        self_mute=self_mute,
        self_deaf=self_deaf,
        self_video=self_video,
        is_suppressed=before.is_suppressed if before and is_same else _is_suppressed(guild, member, channel),
        asked_to_speak_at=before.asked_to_speak_at if before and is_same else None,
    )
    guild.voice_states[member.user.id] = state
    _tell_move(world, guild, state, left=None if before is None else before.channel_id)
    return state


def move_member(world: World, guild: Guild, member: Member, channel: Channel | None) -> bool:
    """Move somebody who is in voice to another channel, or disconnect them.

    Args:
        world: tells it.
        guild: where.
        member: who.
        channel: where to; None disconnects.

    Returns:
        Whether the member was in a voice channel of the guild; else nothing happens.
    """
    state = guild.voice_states.get(member.user.id)
    if state is None:
        return False
    if channel is None:
        world.leave_voice(guild, member.user.id)
    elif channel.id != state.channel_id:
        left, state.channel_id = state.channel_id, channel.id
        state.is_suppressed = _is_suppressed(guild, member, channel)
        state.asked_to_speak_at = None
        _tell_move(world, guild, state, left=left)
    return True


def empty(world: World, guild: Guild, channel: Channel) -> None:
    """Take everybody out of a voice channel; to be called before it is deleted."""
    for state in list(guild.voice_states.values()):
        if state.channel_id == channel.id:
            world.leave_voice(guild, state.user_id)


def tell(world: World, guild: Guild, user_id: str) -> None:
    """Announce somebody's voice state again, after `mute` or `deaf` of the member or the state changed."""
    state = guild.voice_states.get(user_id)
    if state is not None:
        payload = payloads.voice_state(state, guild)
        world.announce("VOICE_STATE_UPDATE", payload, _seeing(guild, state.channel_id, user_id))


def _tell_move(world: World, guild: Guild, state: VoiceState, *, left: str | None) -> None:
    """Announce where somebody is now; who sees only the channel they left sees them leave."""
    arriving = _seeing(guild, state.channel_id, state.user_id)
    if left is not None and left != state.channel_id:
        payload = payloads.voice_state(state, guild, has_left=True)
        leaving = ButNot(_seeing(guild, left, state.user_id), arriving)
        world.announce("VOICE_STATE_UPDATE", payload, leaving)
    world.announce("VOICE_STATE_UPDATE", payloads.voice_state(state, guild), arriving)


def _seeing(guild: Guild, channel_id: str, user_id: str) -> Audience:
    return AnyOf((InChannel(guild, guild.channels[channel_id]), only([user_id])))


def _is_suppressed(guild: Guild, member: Member, channel: Channel) -> bool:
    """Return whether a member who comes in may not speak; on a stage everybody comes as a listener."""
    if channel.type is ChannelType.GUILD_STAGE_VOICE:
        return True
    return not permissions.in_channel(guild, member, channel) & Permission.SPEAK
