"""Invites, as Discord shows them."""

from acore.sandbox.payloads.guilds import counts
from acore.sandbox.payloads.guilds import guild as whole_guild
from acore.sandbox.payloads.users import user
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Channel, Guild, Invite

GUILD_KEYS = (
    "id",
    "name",
    "splash",
    "banner",
    "description",
    "icon",
    "features",
    "verification_level",
    "vanity_url_code",
    "nsfw_level",
    "nsfw",
    "premium_subscription_count",
)
"""What an invite tells of its guild."""


def invite(of: Invite, guild: Guild, channel: Channel, *, with_counts: bool = False) -> Json:
    """Return an invite as anybody sees it who knows its code.

    Args:
        of: the invite.
        guild: where it leads.
        channel: the channel it leads to first.
        with_counts: whether to tell how many members there are, and how many of them are online.
    """
    whole = whole_guild(guild)
    body: Json = {
        "type": 0,
        "code": of.code,
        "inviter": user(of.inviter),
        "expires_at": None if of.expires_at is None else iso(of.expires_at),
        "flags": 0,
        "guild": {key: whole[key] for key in GUILD_KEYS},
        "guild_id": guild.id,
        "channel": {"id": channel.id, "type": int(channel.type), "name": channel.name},
    }
    return body | counts(guild) if with_counts else body


def usage(of: Invite) -> Json:
    """Return how an invite may be used and was used, which only those see who manage it."""
    return {
        "uses": of.uses,
        "max_uses": of.max_uses,
        "max_age": of.max_age,
        "temporary": of.is_temporary,
        "created_at": iso(of.created_at),
    }


def invite_create(of: Invite) -> Json:
    """Return what the gateway tells of a new invite."""
    return {
        "type": 0,
        "code": of.code,
        "guild_id": of.guild_id,
        "channel_id": of.channel_id,
        "inviter": user(of.inviter),
        "expires_at": None if of.expires_at is None else iso(of.expires_at),
        **usage(of),
    }
