"""Who is in which voice channel, as Discord shows it."""

from acore.sandbox.payloads.users import member
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Guild, VoiceState


def voice_state(of: VoiceState, guild: Guild, *, has_left: bool = False, with_member: bool = True) -> Json:
    """Return a member's voice state.

    Args:
        of: the state.
        guild: where the member is.
        has_left: shows it without a channel.
        with_member: the member stands in it; in GUILD_CREATE it stands beside it.
    """
    who = guild.members.get(of.user_id)
    asked_at = of.asked_to_speak_at
    body: Json = {
        "guild_id": guild.id,
        "channel_id": None if has_left else of.channel_id,
        "user_id": of.user_id,
        "session_id": of.session_id,
        "deaf": who is not None and who.deaf,
        "mute": who is not None and who.mute,
        "self_deaf": of.self_deaf,
        "self_mute": of.self_mute,
        "self_stream": False,
        "self_video": of.self_video,
        "suppress": of.is_suppressed,
        "request_to_speak_timestamp": None if asked_at is None else iso(asked_at),
    }
    if with_member and who is not None:
        body["member"] = member(who)
    return body
