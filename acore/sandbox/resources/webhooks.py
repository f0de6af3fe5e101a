"""Webhooks: making, finding, changing and deleting them, as a member or with nothing but the token."""

import hmac

from acore.sandbox import payloads
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.form import Form
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state import webhooks
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import ChannelType, MessageType, WebhookType
from acore.sandbox.state.records import Guild, Webhook

MAX_NAME = 80
MAX_WEBHOOKS = 15  # Discord's documentation, "JSON Error Codes", 30007
FORBIDDEN_IN_NAMES = ("clyde", "discord")
"""Discord's documentation, "Create Webhook"."""

routes = Routes()

SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS, Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
FINDING = (Refusal.UNKNOWN_WEBHOOK, Refusal.MISSING_ACCESS, Refusal.MISSING_PERMISSIONS)
BY_TOKEN = (Refusal.UNKNOWN_WEBHOOK, Refusal.INVALID_WEBHOOK_TOKEN)
ONE = "/webhooks/{webhook_id}"
WITH_TOKEN = f"{ONE}/{{webhook_token}}"


@routes.on(
    "POST",
    "/channels/{channel_id}/webhooks",
    Audience.EITHER,
    refuses=(*SEEING, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM, Refusal.TOO_MANY_WEBHOOKS),
)
def create_webhook(call: Call) -> Answer:
    """Make a webhook for a channel."""
    guild, channel = call.guild_channel()
    call.require(Permission.MANAGE_WEBHOOKS, channel)
    form = Form.of(call.form)
    read_name(form, "name")
    form.require("name")
    picture = form.picture("avatar")
    name: str = form.read()["name"]
    if len(webhooks.listed(call.world, guild, channel)) >= MAX_WEBHOOKS:
        raise ApiError(Refusal.TOO_MANY_WEBHOOKS)
    webhook = webhooks.add(call.hand(guild), channel, name.strip())
    webhook.avatar = call.world.keep_picture(f"avatars/{webhook.id}", picture)
    return Answer(_payload(call, webhook))


@routes.on(
    "GET",
    "/channels/{channel_id}/webhooks",
    Audience.EITHER,
    refuses=(*SEEING, Refusal.MISSING_PERMISSIONS),
)
def get_channel_webhooks(call: Call) -> Answer:
    """Return a channel's webhooks."""
    guild, channel = call.guild_channel()
    call.require(Permission.MANAGE_WEBHOOKS, channel)
    return Answer([_payload(call, one) for one in webhooks.listed(call.world, guild, channel)])


@routes.on(
    "GET",
    "/guilds/{guild_id}/webhooks",
    Audience.EITHER,
    refuses=(Refusal.UNKNOWN_GUILD, Refusal.MISSING_PERMISSIONS),
)
def get_guild_webhooks(call: Call) -> Answer:
    """Return a guild's webhooks."""
    guild = call.guild()
    call.require(Permission.MANAGE_WEBHOOKS, guild)
    return Answer([_payload(call, one) for one in webhooks.listed(call.world, guild)])


@routes.on(
    "POST",
    "/channels/{channel_id}/followers",
    Audience.EITHER,
    refuses=(*SEEING, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM, Refusal.TOO_MANY_WEBHOOKS),
)
def follow_channel(call: Call) -> Answer:
    """Have an announcement channel's published messages repeated in another channel."""
    source = call.channel()
    if source.type is not ChannelType.GUILD_ANNOUNCEMENT:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    form = Form.of(call.form)
    form.snowflake("webhook_channel_id")
    form.require("webhook_channel_id")
    target = call.world.channel_for(form.read()["webhook_channel_id"], call.caller.id)
    guild = call.world.guild_of(target)
    if guild is None or target.type is not ChannelType.GUILD_TEXT:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    call.require(Permission.MANAGE_WEBHOOKS, target)
    if len(webhooks.listed(call.world, guild, target)) >= MAX_WEBHOOKS:
        raise ApiError(Refusal.TOO_MANY_WEBHOOKS)
    webhook = webhooks.add(call.hand(guild), target, source.name, follows=source)
    message = call.house.messages.new(target, call.caller)
    message.type = MessageType.CHANNEL_FOLLOW_ADD
    message.content = source.name
    message.reference = {"type": 0, "channel_id": source.id, "guild_id": source.guild_id}
    call.house.messages.publish(target, message)
    return Answer({"channel_id": source.id, "webhook_id": webhook.id})


@routes.on("GET", ONE, Audience.EITHER, refuses=FINDING)
def get_webhook(call: Call) -> Answer:
    """Return a webhook."""
    webhook, _ = _managed(call)
    return Answer(_payload(call, webhook))


@routes.on("PATCH", ONE, Audience.EITHER, refuses=(*FINDING, Refusal.INVALID_FORM))
def edit_webhook(call: Call) -> Answer:
    """Give a webhook another name, another avatar or another channel."""
    webhook, guild = _managed(call)
    form = Form.of(call.form)
    form.snowflake("channel_id")
    sent, values = _read_edit(call, form, webhook)
    channel = guild.channels.get(sent.get("channel_id") or webhook.channel_id)
    if channel is None or channel.type is ChannelType.GUILD_CATEGORY:
        form.wrong("channel_id", "Channel not in guild")
        form.read()
    elif channel.id != webhook.channel_id:
        call.require(Permission.MANAGE_WEBHOOKS, channel)
        values["channel_id"] = channel.id
    webhooks.change(call.hand(guild), webhook, values)
    return Answer(_payload(call, webhook))


@routes.on("DELETE", ONE, Audience.EITHER, refuses=FINDING)
def delete_webhook(call: Call) -> Answer:
    """Delete a webhook."""
    webhook, guild = _managed(call)
    webhooks.delete(call.hand(guild), webhook)
    return NOTHING


@routes.on("GET", WITH_TOKEN, Audience.TOKEN, refuses=BY_TOKEN)
def get_webhook_with_token(call: Call) -> Answer:
    """Return a webhook to whoever has its token."""
    return Answer(payloads.webhook(of_token(call), call.house.messages.origin, with_user=False))


@routes.on("PATCH", WITH_TOKEN, Audience.TOKEN, refuses=(*BY_TOKEN, Refusal.INVALID_FORM))
def edit_webhook_with_token(call: Call) -> Answer:
    """Give a webhook another name or another avatar."""
    webhook = of_token(call)
    _, values = _read_edit(call, Form.of(call.form), webhook)
    webhooks.change(hand_of(call, webhook), webhook, values)
    return Answer(payloads.webhook(webhook, call.house.messages.origin, with_user=False))


@routes.on("DELETE", WITH_TOKEN, Audience.TOKEN, refuses=BY_TOKEN)
def delete_webhook_with_token(call: Call) -> Answer:
    """Delete a webhook."""
    webhook = of_token(call)
    webhooks.delete(hand_of(call, webhook), webhook)
    return NOTHING


def of_token(call: Call) -> Webhook:
    """Return the webhook whose id and token are in the path.

    Raises:
        ApiError: code 10015, there is none with this id; 50027, it has another token.
    """
    webhook = call.world.webhooks.get(call.path["webhook_id"])
    if webhook is None:
        raise ApiError(Refusal.UNKNOWN_WEBHOOK)
    is_right = hmac.compare_digest(webhook.token.encode(), call.path["webhook_token"].encode())
    if not is_right or webhook.type is WebhookType.CHANNEL_FOLLOWER:
        raise ApiError(Refusal.INVALID_WEBHOOK_TOKEN)
    return webhook


def hand_of(call: Call, webhook: Webhook) -> Hand:
    """Return the hand of whoever made a webhook, for what is done with its token."""
    return Hand(call.world, call.world.guilds[webhook.guild_id], webhook.creator, call.reason)


def read_name(form: Form, key: str) -> None:
    """Read the name of a webhook, or of what one of its messages is to appear as."""
    form.text(key, 1, MAX_NAME)
    name = str(form.values.get(key) or "").lower()
    for word in FORBIDDEN_IN_NAMES:
        if word in name:
            form.wrong(key, f'Username cannot contain "{word}"')


def _read_edit(call: Call, form: Form, webhook: Webhook) -> tuple[Json, Json]:
    """Return what was sent about a webhook, and the fields of its record that change."""
    read_name(form, "name")
    form.not_null("name")
    picture = form.picture("avatar")
    sent = form.read()
    values: Json = {}
    if "name" in sent:
        values["name"] = sent["name"].strip()
    if "avatar" in sent:
        values["avatar"] = call.world.keep_picture(f"avatars/{webhook.id}", picture)
    return sent, values


def _managed(call: Call) -> tuple[Webhook, Guild]:
    """Return the webhook in the path and its guild, if the caller manages it."""
    webhook = call.world.webhooks.get(call.path["webhook_id"])
    if webhook is None:
        raise ApiError(Refusal.UNKNOWN_WEBHOOK)
    guild = call.world.guilds[webhook.guild_id]
    if call.caller.id not in guild.members:
        raise ApiError(Refusal.MISSING_ACCESS)
    call.require(Permission.MANAGE_WEBHOOKS, guild.channels[webhook.channel_id])
    return webhook, guild


def _payload(call: Call, webhook: Webhook) -> Json:
    """Return a webhook; a bot is not told the tokens of those that other applications made."""
    application_id = None if call.application is None else call.application.id
    is_told = webhook.application_id in {None, application_id}
    body = payloads.webhook(webhook, call.house.messages.origin, with_token=is_told)
    source = call.world.channels.get(webhook.source_channel_id or "")
    guild = None if source is None else call.world.guild_of(source)
    if source is None or guild is None:
        return body
    return body | payloads.source(guild, source)
