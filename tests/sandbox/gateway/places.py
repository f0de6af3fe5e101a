"""Voice channels to test with."""

from acore.sandbox import Sandbox
from acore.sandbox.state.kinds import ChannelType, OverwriteType
from acore.sandbox.state.records import Channel, Overwrite, User


def voice_channel(
    sandbox: Sandbox, name: str = "Talk", kind: ChannelType = ChannelType.GUILD_VOICE
) -> Channel:
    """Add a voice channel or a stage to the first guild."""
    channel = sandbox.world.add_channel(name)
    channel.type = kind
    return channel


def deny(channel: Channel, user: User, bits: int) -> None:
    """Take permissions in a channel from one member."""
    channel.overwrites[user.id] = Overwrite(user.id, OverwriteType.MEMBER, deny=bits)
