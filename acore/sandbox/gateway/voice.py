"""Op 4: going into a voice channel, out of it, and turning oneself silent or deaf."""

from urllib.parse import urlsplit

from acore.sandbox.gateway.codes import CloseCode, ProtocolError
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.shapes import Json, as_snowflake
from acore.sandbox.state import voice
from acore.sandbox.state.world import World


def change_voice(world: World, session: Session, data: Json, *, url: str) -> None:
    """Do what a client asks for; as on Discord, what is not allowed is passed over in silence.

    Whoever comes into a channel is told of a voice server, which is the sandbox's own address: nothing there
    takes sound.

    Args:
        world: where the channels are.
        session: whose client asks.
        data: the guild, the channel or null, and how one is there.
        url: the gateway's address.

    Raises:
        ProtocolError: guild or channel are no ids.
    """
    guild_id, channel_id = as_snowflake(data.get("guild_id")), as_snowflake(data.get("channel_id"))
    if guild_id is None or (channel_id is None and data.get("channel_id") is not None):
        raise ProtocolError(CloseCode.DECODE_ERROR)
    guild = world.guilds.get(guild_id)
    member = None if guild is None else guild.members.get(session.user.id)
    if guild is None or member is None or not session.has_guild(guild.id):
        return
    if channel_id is None:
        world.leave_voice(guild, session.user.id)
        return
    channel = guild.channels.get(channel_id)
    before = guild.voice_states.get(session.user.id)
    stays = before is not None and before.channel_id == channel_id and before.session_id == session.voice_id
    if channel is None or not (stays or voice.may_join(guild, member, channel)):
        return
    voice.join(
        world,
        guild,
        member,
        channel,
        session_id=session.voice_id,
        self_mute=data.get("self_mute") is True,
        self_deaf=data.get("self_deaf") is True,
        self_video=data.get("self_video") is True,
    )
    if not stays:
        server = {
            "token": world.randomness.token_hex(8),
            "guild_id": guild.id,
            "endpoint": urlsplit(url).netloc,
        }
        session.dispatch("VOICE_SERVER_UPDATE", server)
