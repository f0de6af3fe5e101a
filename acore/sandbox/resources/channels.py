"""Channels: a guild's, the threads in them, and direct messages."""

from functools import partial

from acore.sandbox import payloads
from acore.sandbox.api.table import Answer, Audience, Call, Routes
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.resources import channel_forms, overwrites, thread_forms
from acore.sandbox.state import channels, threads
from acore.sandbox.state.kinds import NEWSY, ChannelType
from acore.sandbox.state.records import Channel

COMMUNITY_NEEDS = ("rules_channel_id", "public_updates_channel_id")

routes = Routes()

SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS)
CHANGING = (*SEEING, Refusal.MISSING_PERMISSIONS, Refusal.INVALID_FORM)


@routes.on("GET", "/channels/{channel_id}", Audience.EITHER, refuses=SEEING)
def get_channel(call: Call) -> Answer:
    """Return a channel."""
    return Answer(payloads.channel(call.channel(), seen_by=call.caller.id))


@routes.on(
    "PATCH",
    "/channels/{channel_id}",
    Audience.EITHER,
    refuses=(
        *CHANGING,
        Refusal.NOT_IN_DIRECT_MESSAGES,
        Refusal.THREAD_IS_ARCHIVED,
        Refusal.TAG_NAMES_NOT_UNIQUE,
    ),
)
def edit_channel(call: Call) -> Answer:
    """Change a channel or a thread."""
    channel = call.channel()
    guild = call.world.guild_of(channel)
    if guild is None:
        raise ApiError(Refusal.NOT_IN_DIRECT_MESSAGES)
    if channel.thread is not None:
        thread_forms.edit(call, guild, channel)
        return Answer(payloads.channel(channel, seen_by=call.caller.id))
    call.require(Permission.MANAGE_CHANNELS, channel)
    sent = channel_forms.read(call.form, channel.type, guild, is_new=False, now=channel)
    if call.form.get("type") is not None:
        sent["type"] = _new_type(channel, call.form["type"])
    overwrites.may_set(call, guild, channel, sent)
    apply = partial(channel_forms.apply, sent, channel, guild, call.world.snowflakes)
    channels.change(call.hand(guild), channel, apply)
    return Answer(payloads.channel(channel, seen_by=call.caller.id))


@routes.on(
    "DELETE",
    "/channels/{channel_id}",
    Audience.EITHER,
    refuses=(*SEEING, Refusal.MISSING_PERMISSIONS, Refusal.CHANNEL_IS_NEEDED),
)
def delete_channel(call: Call) -> Answer:
    """Delete a channel or a thread, or close direct messages."""
    channel = call.channel()
    guild = call.world.guild_of(channel)
    body = payloads.channel(channel, seen_by=call.caller.id)
    if guild is None:
        channels.close(call.world, channel, call.caller)
    elif channel.is_thread:
        call.require(Permission.MANAGE_THREADS, channel)
        threads.delete(call.hand(guild), channel)
    else:
        call.require(Permission.MANAGE_CHANNELS, channel)
        is_community = "COMMUNITY" in guild.settings.get("features", ())
        if is_community and channel.id in [guild.settings.get(key) for key in COMMUNITY_NEEDS]:
            raise ApiError(Refusal.CHANNEL_IS_NEEDED)
        channels.delete(call.hand(guild), channel)
    return Answer(body)


def _new_type(channel: Channel, sent: object) -> ChannelType:
    """Return the type a channel is to have: text and announcement channels become one another."""
    kind = channel_forms.type_of(sent)
    if kind is not channel.type and not {kind, channel.type} <= NEWSY:
        raise invalid(("type",), "Cannot convert between these channel types")
    return kind
