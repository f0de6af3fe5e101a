"""Channels and what is said in them."""

from acore.sandbox import payloads, realtime
from acore.sandbox.api.refusals import ApiError, Refusal, invalid
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.messages import drafts
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.shapes import Json, as_int
from acore.sandbox.state.records import Message

MAX_PAGE = 100
ENDLESS = 1 << 64

routes = Routes()


def _message(call: Call) -> Message:
    return call.house.messages.find(call.channel(), call.path["message_id"])


@routes.on("GET", "/channels/{channel_id}", Audience.EITHER)
def get_channel(call: Call) -> Answer:
    """Return a channel."""
    return Answer(payloads.channel(call.channel(), seen_by=call.caller.id))


@routes.on("POST", "/channels/{channel_id}/typing", Audience.EITHER)
def start_typing(call: Call) -> Answer:
    """Show that somebody is typing."""
    world, user, channel = call.house.world, call.caller, call.channel()
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
        call.channel(),
        limit=limit,
        before=as_int(call.query.get("before"), ENDLESS),
        after=as_int(call.query.get("after")),
    )
    return Answer([call.house.messages.payload(one) for one in listed])


@routes.on("POST", "/channels/{channel_id}/messages", Audience.EITHER)
def create_message(call: Call) -> Answer:
    """Say something."""
    channel = call.channel()
    call.require(Permission.SEND_MESSAGES, channel)
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
    call.house.messages.edit(message, drafts.read(call.form, call.uploads, of_flags=message.flags))
    return Answer(call.house.messages.payload(message))


@routes.on("DELETE", "/channels/{channel_id}/messages/{message_id}", Audience.EITHER)
def delete_message(call: Call) -> Answer:
    """Delete a message: one's own, or with the permission for it anybody's."""
    message = _message(call)
    if message.author is not call.caller:
        call.require(Permission.MANAGE_MESSAGES, call.channel())
    call.house.messages.delete(message)
    return NOTHING
