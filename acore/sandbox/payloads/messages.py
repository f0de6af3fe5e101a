"""Messages, reactions and files, as Discord shows them."""

from acore.sandbox.payloads.channels import channel
from acore.sandbox.payloads.users import user
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import MessageFlag, MessageType
from acore.sandbox.state.records import Attachment, Message, Reaction

SHOWING_ANOTHER = (
    MessageType.REPLY,
    MessageType.THREAD_STARTER_MESSAGE,
    MessageType.CONTEXT_MENU_COMMAND,
)
"""The types with a `referenced_message` (Discord's documentation, "Message Object")."""


def attachment(of: Attachment, origin: str) -> Json:
    """Return a file, to be read from the sandbox at *origin*."""
    url = f"{origin}/attachments/{of.channel_id}/{of.id}/{of.filename}"
    body: Json = {
        "id": of.id,
        "filename": of.filename,
        "size": len(of.data),
        "content_type": of.content_type,
        "url": url,
        "proxy_url": url,
    }
    if of.description is not None:
        body["description"] = of.description
    if of.width is not None:
        body |= {"width": of.width, "height": of.height}
    if of.is_ephemeral:
        body["ephemeral"] = True
    return body


def reaction_emoji(of: Reaction) -> Json:
    """Return what a reaction shows."""
    body: Json = {"id": of.id, "name": of.name}
    return body | {"animated": True} if of.animated else body


def reaction(of: Reaction, *, seen_by: str) -> Json:
    """Return a reaction with its count; *seen_by* is the id of who looks. Nobody here super-reacts."""
    count = len(of.user_ids)
    return {
        "emoji": reaction_emoji(of),
        "count": count,
        "count_details": {"burst": 0, "normal": count},
        "burst_colors": [],
        "me_burst": False,
        "me": seen_by in of.user_ids,
    }


def message(of: Message, origin: str, *, seen_by: str = "", with_reply: bool = True) -> Json:
    """Return a message.

    Args:
        of: the message.
        origin: where its files are read from.
        seen_by: the id of who looks, to tell which reactions are theirs; without it none are shown.
        with_reply: whether the message it refers to is shown too.
    """
    body: Json = {
        "id": of.id,
        **_said(of, origin),
        "channel_id": of.channel_id,
        "author": user(of.author),
        "mention_everyone": of.mention_everyone,
        "pinned": of.pinned_at is not None,
        "tts": of.tts,
    }
    optional = {
        "nonce": of.nonce,
        "message_reference": of.reference,
        "application_id": of.application_id,
        "webhook_id": of.webhook_id or of.application_id,
        "interaction_metadata": of.interaction_metadata,
        "interaction": of.interaction,
        "position": of.position,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    if of.reactions and seen_by:
        body["reactions"] = [reaction(one, seen_by=seen_by) for one in of.reactions]
    if of.thread is not None:
        body["thread"] = channel(of.thread, seen_by=seen_by)
    if of.snapshot is not None:
        body["message_snapshots"] = [{"message": _said(of.snapshot, origin)}]
    if of.type in SHOWING_ANOTHER and with_reply and of.reference is not None:
        replied = of.replies_to
        body["referenced_message"] = (
            message(replied, origin, with_reply=False) if replied and _shows(of, replied) else None
        )
    return body


def _shows(of: Message, replied: Message) -> bool:
    """Return whether a message shows what it replies to: never what fewer people may see than itself."""
    return not replied.is_deleted and replied.only_for in {None, of.only_for}


def _said(of: Message, origin: str) -> Json:
    """Return what a forward copies of a message."""
    is_suppressed = of.flags & MessageFlag.SUPPRESS_EMBEDS
    return {
        "type": int(of.type),
        "content": of.content,
        "timestamp": iso(of.timestamp),
        "edited_timestamp": None if of.edited_timestamp is None else iso(of.edited_timestamp),
        "flags": int(of.flags),
        "embeds": [] if is_suppressed else of.embeds,
        "components": of.components,
        "attachments": [attachment(one, origin) for one in of.attachments if not one.is_shown_elsewhere],
        "mentions": [user(one) for one in of.mentions],
        "mention_roles": of.mention_role_ids,
    }
