"""Channels and what is said in them."""

from acore.sandbox import payloads, realtime
from acore.sandbox.api.refusals import ApiError, Refusal, invalid
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.messages import drafts
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json, as_int
from acore.sandbox.state.records import Channel, Message

MAX_PAGE = 100
ENDLESS = 1 << 64

routes = Routes()


def _channel(call: Call) -> Channel:
    return call.house.world.channel_for(call.path["channel_id"], call.caller.id)


def _message(call: Call) -> Message:
    return call.house.messages.find(_channel(call), call.path["message_id"])


@routes.on("GET", "/channels/{channel_id}", Audience.EITHER)
def get_channel(call: Call) -> Answer:
    """Return a channel."""
    return Answer(payloads.channel(_channel(call), seen_by=call.caller.id))


@routes.on("POST", "/channels/{channel_id}/typing", Audience.EITHER)
def start_typing(call: Call) -> Answer:
    """Show that somebody is typing."""
    world, user, channel = call.house.world, call.caller, _channel(call)
    payload: Json = {
        "channel_id": channel.id,
        "user_id": user.id,
        "timestamp": int(realtime.now().timestamp()),
    }
    guild = world.guild_of(channel)
    if guild is not None:
        payload |= {"guild_id": guild.id, "member": payloads.member(guild.members[user.id])}
    world.announce("TYPING_START", payload, world.audience(channel))
    return NOTHING


@routes.on("GET", "/channels/{channel_id}/messages", Audience.EITHER)
def get_messages(call: Call) -> Answer:
    """Return the newest messages, newest first; ephemeral ones never."""
    limit = as_int(call.query.get("limit"), 50)
    if not 1 <= limit <= MAX_PAGE:
        raise invalid(("limit",), f"int value should be between 1 and {MAX_PAGE}.")
    listed = call.house.messages.listed(
        _channel(call),
        limit=limit,
        before=as_int(call.query.get("before"), ENDLESS),
        after=as_int(call.query.get("after")),
    )
    return Answer([call.house.messages.payload(one) for one in listed])


@routes.on("POST", "/channels/{channel_id}/messages", Audience.EITHER)
def create_message(call: Call) -> Answer:
    """Say something."""
    channel = _channel(call)
    _require(call, channel, Permission.SEND_MESSAGES)
    draft = drafts.read_whole(call.form, call.uploads)
    message = call.house.messages.create(channel, call.caller, draft)
    return Answer(call.house.messages.payload(message))


@routes.on("GET", "/channels/{channel_id}/messages/{message_id}", Audience.EITHER)
def get_message(call: Call) -> Answer:
    """Return one message."""
    return Answer(call.house.messages.payload(_message(call)))


@routes.on("PATCH", "/channels/{channel_id}/messages/{message_id}", Audience.EITHER)
def edit_message(call: Call) -> Answer:
    """Change a message one wrote."""
    message = _message(call)
    if message.author is not call.caller:
        raise ApiError(Refusal.NOT_THE_AUTHOR)
    call.house.messages.edit(message, drafts.read(call.form, call.uploads))
    return Answer(call.house.messages.payload(message))


@routes.on("DELETE", "/channels/{channel_id}/messages/{message_id}", Audience.EITHER)
def delete_message(call: Call) -> Answer:
    """Delete a message: one's own, or with the permission for it anybody's."""
    message = _message(call)
    if message.author is not call.caller:
        _require(call, _channel(call), Permission.MANAGE_MESSAGES)
    call.house.messages.delete(message)
    return NOTHING


def _require(call: Call, channel: Channel, needed: Permission) -> None:
    guild = call.house.world.guild_of(channel)
    if guild is None:
        bits = int(permissions.DIRECT_MESSAGES_MAY)
    else:
        bits = permissions.of_member(guild, guild.members[call.caller.id])
    if not bits & needed:
        raise ApiError(Refusal.MISSING_PERMISSIONS)
