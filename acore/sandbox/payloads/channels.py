"""Channels, as Discord shows them."""

from acore.sandbox.payloads.users import user
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel


def channel(of: Channel, *, seen_by: str) -> Json:
    """Return a channel; in a direct message the one who looks is no recipient."""
    if of.type is ChannelType.DM:
        return {
            "id": of.id,
            "type": int(of.type),
            "flags": 0,
            "last_message_id": of.last_message_id,
            "recipients": [user(who) for who in of.recipients if who.id != seen_by],
        }
    return {
        "id": of.id,
        "type": int(of.type),
        "guild_id": of.guild_id,
        "name": of.name,
        "position": of.position,
        "topic": of.topic,
        "flags": 0,
        "nsfw": False,
        "parent_id": None,
        "last_message_id": of.last_message_id,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
    }


def partial_channel(of: Channel, bits: int) -> Json:
    """Return a channel as an interaction carries it, with the permissions someone has in it."""
    if of.type is ChannelType.DM:
        return {"id": of.id, "type": int(of.type), "permissions": str(bits)}
    return {**channel(of, seen_by=""), "permissions": str(bits)}
