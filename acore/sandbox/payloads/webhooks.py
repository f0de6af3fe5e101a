"""Webhooks, as Discord shows them."""

from acore.sandbox.payloads.users import user
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import WebhookType
from acore.sandbox.state.records import Channel, Guild, Webhook


def webhook(of: Webhook, origin: str, *, with_token: bool = True, with_user: bool = True) -> Json:
    """Return a webhook.

    Args:
        of: the webhook.
        origin: where its address begins.
        with_token: whether to tell the token, with which anybody can write.
        with_user: whether to tell who made it; who comes with the token is not told.
    """
    body: Json = {
        "id": of.id,
        "type": int(of.type),
        "guild_id": of.guild_id,
        "channel_id": of.channel_id,
        "name": of.name,
        "avatar": of.avatar,
        "application_id": of.application_id,
    }
    if with_user:
        body["user"] = user(of.creator)
    if with_token and of.type is WebhookType.INCOMING:
        body["token"] = of.token
        body["url"] = f"{origin}/api/v10/webhooks/{of.id}/{of.token}"
    return body


def source(guild: Guild, channel: Channel) -> Json:
    """Return what the webhook of a follower tells of the channel that it follows."""
    return {
        "source_guild": {"id": guild.id, "name": guild.name, "icon": guild.settings.get("icon")},
        "source_channel": {"id": channel.id, "name": channel.name},
    }
