"""Pinned messages, and telling everyone who may see them."""

from acore.sandbox import realtime
from acore.sandbox.messages.messages import Messages
from acore.sandbox.messages.references import SAID
from acore.sandbox.realtime import iso
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.shapes import Json
from acore.sandbox.state import audit
from acore.sandbox.state.kinds import AuditAction, MessageType
from acore.sandbox.state.records import Channel, Message, User
from acore.sandbox.state.world import World

MAX_PINS = 250  # Discord's documentation, "JSON Error Codes", 30003


def listed(channel: Channel) -> list[Message]:
    """Return what is pinned in a channel, the newest pin first."""
    pinned = [(one.pinned_at, one) for one in channel.messages.values() if one.pinned_at is not None]
    return [one for _, one in sorted(pinned, key=lambda pair: pair[0], reverse=True)]


def pin(world: World, messages: Messages, message: Message, by: User, reason: str | None) -> None:
    """Pin a message; one that is pinned stays so.

    Args:
        world: tells it.
        messages: say that it was pinned.
        message: which.
        by: who pins it.
        reason: for the audit log.

    Raises:
        ApiError: code 50021, it is the system's; 30003, there are too many already.
    """
    if message.type not in SAID:
        raise ApiError(Refusal.SYSTEM_MESSAGE)
    if message.pinned_at is not None:
        return
    channel = world.channels[message.channel_id]
    if len(listed(channel)) >= MAX_PINS:
        raise ApiError(Refusal.TOO_MANY_PINS)
    message.pinned_at = channel.last_pin_at = realtime.now()
    _tell(world, messages, channel, message)
    _note(world, AuditAction.MESSAGE_PIN, message, by, reason)
    messages.say_for_system(channel, by, MessageType.CHANNEL_PINNED_MESSAGE, message)


def unpin(world: World, messages: Messages, message: Message, by: User, reason: str | None) -> None:
    """Pin a message no longer; one that is not pinned stays so."""
    if message.pinned_at is None:
        return
    channel = world.channels[message.channel_id]
    message.pinned_at = None
    left = listed(channel)
    channel.last_pin_at = left[0].pinned_at if left else None
    _tell(world, messages, channel, message)
    _note(world, AuditAction.MESSAGE_UNPIN, message, by, reason)


def _tell(world: World, messages: Messages, channel: Channel, message: Message) -> None:
    messages.announce("MESSAGE_UPDATE", channel, message)
    payload: Json = {
        "channel_id": channel.id,
        "last_pin_timestamp": None if channel.last_pin_at is None else iso(channel.last_pin_at),
    }
    if channel.guild_id is not None:
        payload["guild_id"] = channel.guild_id
    world.announce("CHANNEL_PINS_UPDATE", payload, world.audience(channel))


def _note(world: World, action: AuditAction, message: Message, by: User, reason: str | None) -> None:
    if message.guild_id is None:
        return
    options: Json = {"channel_id": message.channel_id, "message_id": message.id}
    guild = world.guilds[message.guild_id]
    audit.note(world, guild, action, by, message.author.id, reason=reason, options=options)
