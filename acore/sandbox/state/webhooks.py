"""Webhooks: making, changing and deleting them, and in whose name their messages are."""

from collections.abc import Mapping
from dataclasses import replace

from acore.sandbox.shapes import Json
from acore.sandbox.state.audience import InChannel
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import AuditAction, WebhookType
from acore.sandbox.state.records import Channel, Guild, User, Webhook
from acore.sandbox.state.world import World

TOKEN_BYTES = 51
"""They are 68 characters, as many as Discord's tokens have."""


def listed(world: World, guild: Guild, channel: Channel | None = None) -> list[Webhook]:
    """Return the webhooks of a guild, or of one of its channels."""
    return [
        one
        for one in world.webhooks.values()
        if one.guild_id == guild.id and (channel is None or one.channel_id == channel.id)
    ]


def add(hand: Hand, channel: Channel, name: str, *, follows: Channel | None = None) -> Webhook:
    """Make a webhook that writes into a channel, or that repeats there what another channel announces."""
    world = hand.world
    application = world.application_of(hand.user)
    webhook = Webhook(
        id=world.snowflakes.make(),
        type=WebhookType.INCOMING if follows is None else WebhookType.CHANNEL_FOLLOWER,
        guild_id=hand.guild.id,
        channel_id=channel.id,
        name=name,
        token=world.randomness.token_urlsafe(TOKEN_BYTES),
        creator=hand.user,
        application_id=None if application is None or follows is not None else application.id,
        source_channel_id=None if follows is None else follows.id,
    )
    world.webhooks[webhook.id] = webhook
    _announce(world, hand.guild, channel.id)
    hand.note(AuditAction.WEBHOOK_CREATE, webhook.id, after=_described(webhook))
    return webhook


def change(hand: Hand, webhook: Webhook, values: Mapping[str, object]) -> None:
    """Change fields of a webhook, by their names; both channels hear of one that moves."""
    before = replace(webhook)
    for name, value in values.items():
        setattr(webhook, name, value)
    if _described(before) == _described(webhook):
        return
    for channel_id in dict.fromkeys([before.channel_id, webhook.channel_id]):
        _announce(hand.world, hand.guild, channel_id)
    hand.note(AuditAction.WEBHOOK_UPDATE, webhook.id, before=_described(before), after=_described(webhook))


def delete(hand: Hand, webhook: Webhook) -> None:
    """Delete a webhook; what it said stays."""
    del hand.world.webhooks[webhook.id]
    _announce(hand.world, hand.guild, webhook.channel_id)
    hand.note(AuditAction.WEBHOOK_DELETE, webhook.id, before=_described(webhook))


def author(webhook: Webhook, *, name: str | None = None, avatar: str | None = None) -> User:
    """Return whom a message of a webhook shows as its author: the webhook, or what it says for once."""
    return User(
        id=webhook.id,
        username=name or webhook.name,
        token="",
        bot=True,
        avatar=avatar or webhook.avatar,
        is_webhook=True,
    )


def _announce(world: World, guild: Guild, channel_id: str) -> None:
    payload: Json = {"guild_id": guild.id, "channel_id": channel_id}
    world.announce("WEBHOOKS_UPDATE", payload, InChannel(guild, guild.channels[channel_id]))


def _described(webhook: Webhook) -> Json:
    return {
        "name": webhook.name,
        "type": int(webhook.type),
        "channel_id": webhook.channel_id,
        "avatar_hash": webhook.avatar,
        "application_id": webhook.application_id,
    }
