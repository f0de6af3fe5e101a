"""What is said in channels: reading, saying, changing and deleting it."""

from datetime import timedelta

from acore.sandbox import payloads, realtime
from acore.sandbox.api.table import NOTHING, Answer, Audience, Call, Routes
from acore.sandbox.forms.fields import Fields
from acore.sandbox.messages import crossposts, drafts, history, sending
from acore.sandbox.messages.references import SAID
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, FormErrors, Refusal
from acore.sandbox.shapes import Json, as_snowflake
from acore.sandbox.state import audit
from acore.sandbox.state.kinds import VOICE, AuditAction, ChannelType, MessageFlag, MessageType
from acore.sandbox.state.records import Channel, Message
from acore.sandbox.state.snowflakes import made_at

UNDELETABLE = frozenset(
    {
        MessageType.RECIPIENT_ADD,
        MessageType.RECIPIENT_REMOVE,
        MessageType.CHANNEL_NAME_CHANGE,
        MessageType.THREAD_STARTER_MESSAGE,
    }
)
"""Discord's documentation, "Message Types"."""
FEWEST_DELETED, MOST_DELETED = 2, 100  # Discord's documentation, "Bulk Delete Messages"
ANY_NUMBER = 1 << 32  # too many have a refusal of their own
OLDEST_DELETED = timedelta(weeks=2)  # the same
MESSAGES = "/channels/{channel_id}/messages"
MESSAGE = f"{MESSAGES}/{{message_id}}"
SEEING = (Refusal.UNKNOWN_CHANNEL, Refusal.MISSING_ACCESS)
"""Why a channel is not found."""

routes = Routes()


def found_channel(call: Call) -> Channel:
    """Return the channel in the path, if its messages may be looked at.

    Raises:
        ApiError: it does not exist, the caller may not see it, or may not enter it, if it is a voice channel.
    """
    channel = call.channel()
    if channel.type in VOICE and not call.bits(channel) & Permission.CONNECT:
        raise ApiError(Refusal.MISSING_ACCESS)
    return channel


def found_message(call: Call, channel: Channel) -> Message:
    """Return the message in the path.

    Raises:
        ApiError: there is none, or the caller may not read what was said before.
    """
    call.require(Permission.READ_MESSAGE_HISTORY, channel)
    return call.house.messages.find(channel, call.path["message_id"])


def require_moderator(call: Call, channel: Channel) -> None:
    """Go on only if the caller may do something to others' messages.

    Raises:
        ApiError: code 50003 in a direct message, else 50013.
    """
    if channel.guild_id is None:
        raise ApiError(Refusal.NOT_IN_DIRECT_MESSAGES)
    call.require(Permission.MANAGE_MESSAGES, channel)


def require_open(channel: Channel) -> None:
    """Go on only if a thread is not archived.

    Raises:
        ApiError: code 50083.
    """
    if channel.thread is not None and channel.thread.is_archived:
        raise ApiError(Refusal.THREAD_IS_ARCHIVED)


@routes.on(
    "POST",
    "/channels/{channel_id}/typing",
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.MISSING_PERMISSIONS,
        Refusal.NOT_A_TEXT_CHANNEL,
        Refusal.NOT_IN_A_FORUM,
    ),
)
def start_typing(call: Call) -> Answer:
    """Show that somebody is typing."""
    world, user, channel = call.world, call.caller, call.channel()
    sending.check_place(world, channel, user, call.bits(channel))
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


@routes.on("GET", MESSAGES, Audience.EITHER, refuses=(*SEEING, Refusal.INVALID_FORM))
def get_messages(call: Call) -> Answer:
    """Return a page of messages, newest first; none to who may not read what was said before."""
    channel = found_channel(call)
    wanted = history.read(call.query)
    if not call.bits(channel) & Permission.READ_MESSAGE_HISTORY:
        return Answer([])
    shown = call.house.messages
    return Answer([shown.payload(one, seen_by=call.caller) for one in history.page(channel, wanted)])


@routes.on(
    "POST",
    MESSAGES,
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.SLOWMODE,
        Refusal.TOO_LARGE,
        Refusal.NOT_IN_A_FORUM,
        Refusal.EMPTY_MESSAGE,
        Refusal.CANNOT_MESSAGE_USER,
        Refusal.NOT_A_TEXT_CHANNEL,
        Refusal.MISSING_PERMISSIONS,
        Refusal.INVALID_FORM,
        Refusal.INVALID_MESSAGE_TYPE,
        Refusal.UPLOAD_NOT_FOUND,
        Refusal.NO_MUTUAL_GUILDS,
        Refusal.CANNOT_REPLY_WITHOUT_HISTORY,
        Refusal.THREAD_IS_LOCKED,
        Refusal.CANNOT_FORWARD_UNREADABLE,
    ),
)
def create_message(call: Call) -> Answer:
    """Say something."""
    channel = call.channel()
    bits = call.bits(channel)
    draft = drafts.read_whole(call.form, call.uploads)
    sending.check_place(call.world, channel, call.caller, bits)
    sending.check(bits, draft)
    draft.content = sending.without_foreign_emojis(call.world, channel, bits, draft.content)
    may_hurry = sending.may_hurry(bits, channel)
    message = call.house.messages.create(channel, call.caller, draft, may_hurry=may_hurry)
    return Answer(call.house.messages.payload(message, seen_by=call.caller))


@routes.on(
    "GET",
    MESSAGE,
    Audience.EITHER,
    refuses=(*SEEING, Refusal.UNKNOWN_MESSAGE, Refusal.MISSING_PERMISSIONS),
)
def get_message(call: Call) -> Answer:
    """Return one message."""
    message = found_message(call, found_channel(call))
    return Answer(call.house.messages.payload(message, seen_by=call.caller))


@routes.on(
    "PATCH",
    MESSAGE,
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.UNKNOWN_MESSAGE,
        Refusal.TOO_LARGE,
        Refusal.NOT_THE_AUTHOR,
        Refusal.EMPTY_MESSAGE,
        Refusal.MISSING_PERMISSIONS,
        Refusal.SYSTEM_MESSAGE,
        Refusal.INVALID_FORM,
        Refusal.THREAD_IS_ARCHIVED,
        Refusal.UPLOAD_NOT_FOUND,
    ),
)
def edit_message(call: Call) -> Answer:
    """Change a message one wrote; who manages messages may hide the embeds of others'."""
    channel = call.channel()
    message = call.house.messages.find(channel, call.path["message_id"])
    if message.type not in SAID:
        raise ApiError(Refusal.SYSTEM_MESSAGE)
    if message.author is not call.caller:
        if channel.guild_id is None or call.form.keys() != {"flags"}:
            raise ApiError(Refusal.NOT_THE_AUTHOR)
        call.require(Permission.MANAGE_MESSAGES, channel)
    require_open(channel)
    draft = drafts.read(call.form, call.uploads, of_flags=message.flags)
    call.house.messages.edit(message, draft)
    return Answer(call.house.messages.payload(message, seen_by=call.caller))


@routes.on(
    "DELETE",
    MESSAGE,
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.UNKNOWN_MESSAGE,
        Refusal.NOT_IN_DIRECT_MESSAGES,
        Refusal.MISSING_PERMISSIONS,
        Refusal.SYSTEM_MESSAGE,
        Refusal.THREAD_IS_ARCHIVED,
    ),
)
def delete_message(call: Call) -> Answer:
    """Delete a message: one's own, or with the permission for it anybody's, which the audit log tells."""
    channel = call.channel()
    message = call.house.messages.find(channel, call.path["message_id"])
    is_own = message.author is call.caller
    if not is_own:
        require_moderator(call, channel)
    if message.type in UNDELETABLE:
        raise ApiError(Refusal.SYSTEM_MESSAGE)
    require_open(channel)
    call.house.messages.delete(message)
    guild = call.world.guild_of(channel)
    if guild is not None and not is_own:
        options: Json = {"channel_id": channel.id, "count": "1"}
        target = message.author.id
        audit.note(
            call.world,
            guild,
            AuditAction.MESSAGE_DELETE,
            call.caller,
            target,
            reason=call.reason,
            options=options,
        )
    return NOTHING


@routes.on(
    "POST",
    f"{MESSAGES}/bulk-delete",
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.NOT_IN_DIRECT_MESSAGES,
        Refusal.MISSING_PERMISSIONS,
        Refusal.TOO_FEW_OR_MANY_MESSAGES,
        Refusal.TOO_OLD_TO_DELETE,
        Refusal.INVALID_FORM,
        Refusal.THREAD_IS_ARCHIVED,
    ),
)
def bulk_delete_messages(call: Call) -> Answer:
    """Delete several messages at once; those that do not exist only count."""
    channel = call.channel()
    ids = _ids_to_delete(call)
    require_moderator(call, channel)
    require_open(channel)
    oldest = realtime.now() - OLDEST_DELETED
    if any(made_at(one) < oldest for one in ids):
        raise ApiError(Refusal.TOO_OLD_TO_DELETE)
    there = [channel.messages[one] for one in ids if one in channel.messages]
    deleted = [one for one in there if one.only_for is None and one.type not in UNDELETABLE]
    guild = call.world.guild_of(channel)
    if deleted and guild is not None:
        call.house.messages.delete_many(channel, deleted)
        options: Json = {"count": str(len(deleted))}
        action = AuditAction.MESSAGE_BULK_DELETE
        audit.note(call.world, guild, action, call.caller, channel.id, reason=call.reason, options=options)
    return NOTHING


def _ids_to_delete(call: Call) -> list[str]:
    errors = FormErrors()
    sent = Fields(call.form, errors)
    sent.require("messages")
    ids: list[str] = []
    for index, value in enumerate(sent.items("messages", 0, ANY_NUMBER) or []):
        snowflake = as_snowflake(value)
        if snowflake is None or int(snowflake) >= 1 << 64:
            errors.add(("messages", index), f'Value "{value}" is not snowflake.')
        elif snowflake in ids:
            errors.add(("messages",), "Set already contains this value.")
        else:
            ids.append(snowflake)
        if index == MOST_DELETED:
            break
    errors.raise_any()
    if not FEWEST_DELETED <= len(ids) <= MOST_DELETED:
        raise ApiError(Refusal.TOO_FEW_OR_MANY_MESSAGES)
    return ids


@routes.on(
    "POST",
    f"{MESSAGE}/crosspost",
    Audience.EITHER,
    refuses=(
        *SEEING,
        Refusal.UNKNOWN_MESSAGE,
        Refusal.ALREADY_CROSSPOSTED,
        Refusal.MISSING_PERMISSIONS,
        Refusal.CANNOT_ACT_ON_CHANNEL_TYPE,
        Refusal.INVALID_MESSAGE_TYPE,
    ),
)
def crosspost_message(call: Call) -> Answer:
    """Publish a message of an announcement channel to those that follow it."""
    channel = call.channel()
    message = found_message(call, channel)
    if channel.type is not ChannelType.GUILD_ANNOUNCEMENT:
        raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
    call.require(Permission.SEND_MESSAGES, channel)
    if message.author is not call.caller:
        call.require(Permission.MANAGE_MESSAGES, channel)
    if message.type != MessageType.DEFAULT:
        raise ApiError(Refusal.INVALID_MESSAGE_TYPE)
    if message.flags & MessageFlag.CROSSPOSTED:
        raise ApiError(Refusal.ALREADY_CROSSPOSTED)
    message.flags |= MessageFlag.CROSSPOSTED
    call.house.messages.announce("MESSAGE_UPDATE", channel, message)
    crossposts.deliver(call.world, call.house.messages, message)
    return Answer(call.house.messages.payload(message, seen_by=call.caller))
