"""Messages that refer to another one: replies and forwards (Discord's documentation, "Message Reference")."""

from dataclasses import dataclass, replace

from acore.sandbox.forms.fields import Fields
from acore.sandbox.messages import reading
from acore.sandbox.messages.files import Files
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import MessageFlag, MessageType
from acore.sandbox.state.records import Channel, Message, User
from acore.sandbox.state.world import World

SAID = frozenset(
    {
        MessageType.DEFAULT,
        MessageType.REPLY,
        MessageType.CHAT_INPUT_COMMAND,
        MessageType.CONTEXT_MENU_COMMAND,
    }
)
"""The types of what somebody said; every other message is the system's."""
REPLY, FORWARD = 0, 1
FIELD = "message_reference"


@dataclass(frozen=True, slots=True)
class Reference:
    """The message that is referred to; *must_exist* if the new one shall not be sent without it."""

    message_id: str
    channel_id: str | None = None
    guild_id: str | None = None
    is_forward: bool = False
    must_exist: bool = True


def read(body: Fields) -> Reference | None:
    """Return the `message_reference` of a message's body."""
    sent = body.inner(FIELD)
    if sent is None:
        return None
    sent.require("message_id")
    is_forward = sent.one_of("type", (REPLY, FORWARD)) == FORWARD
    if is_forward:
        sent.require("channel_id")
    return Reference(
        message_id=sent.snowflake("message_id") or "",
        channel_id=sent.snowflake("channel_id"),
        guild_id=sent.snowflake("guild_id"),
        is_forward=is_forward,
        must_exist=sent.flag("fail_if_not_exists") is not False,
    )


def reply(channel: Channel, message: Message, reference: Reference) -> None:
    """Make a new message a reply.

    Raises:
        ApiError: code 50035, there is no such message in the channel, or it is the system's.
    """
    for key, named, own in (
        ("channel_id", reference.channel_id, channel.id),
        ("guild_id", reference.guild_id, channel.guild_id),
    ):
        if named is not None and named != own:
            reason = "Cannot reply to a message in a different channel"
            raise invalid((FIELD, key), reason)
    replied = channel.messages.get(reference.message_id)
    if replied is None or replied.only_for is not None:
        if reference.must_exist:
            raise invalid((FIELD,), "Unknown message")
        return
    if replied.type not in SAID:
        raise invalid((FIELD,), "Cannot reply to a system message")
    message.type = MessageType.REPLY
    message.replies_to = replied
    message.reference = told(replied, REPLY)


def forward(world: World, files: Files, message: Message, reference: Reference, by: User) -> None:
    """Make a new message a forward, with a copy of the other one as it is now.

    Args:
        world: where to look.
        files: get the copies of the files.
        message: the new one.
        reference: what to forward.
        by: who forwards; must see the other one and may read it.

    Raises:
        ApiError: code 50001 or 10003, the channel cannot be seen; 50035, there is no such message; 50068, it
            is the system's; 160014, its content cannot be read.
    """
    channel = world.channel_for(reference.channel_id or "", by.id)
    source = channel.messages.get(reference.message_id)
    if source is None or source.only_for is not None:
        raise invalid((FIELD,), "Unknown message")
    if source.type not in SAID:
        raise ApiError(Refusal.INVALID_MESSAGE_TYPE)
    if not reading.may_read(world, source, by):
        raise ApiError(Refusal.CANNOT_FORWARD_UNREADABLE)
    message.flags |= MessageFlag.HAS_SNAPSHOT
    message.reference = told(source, FORWARD)
    shown = source.snapshot or source
    message.snapshot = replace(
        shown,
        attachments=[files.copy(one, message.channel_id) for one in shown.attachments],
        replies_to=None,
    )


def told(of: Message, kind: int = REPLY) -> Json:
    """Return the `message_reference` that refers to a message."""
    body: Json = {"type": kind, "channel_id": of.channel_id, "message_id": of.id}
    return body if of.guild_id is None else body | {"guild_id": of.guild_id}
