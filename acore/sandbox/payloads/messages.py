"""Messages and files, as Discord shows them."""

from acore.sandbox.payloads.users import user
from acore.sandbox.realtime import iso
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import MessageType
from acore.sandbox.state.records import Attachment, Message


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
    if of.is_ephemeral:
        body["ephemeral"] = True
    return body


def message(of: Message, origin: str, *, with_reply: bool = True) -> Json:
    """Return a message; *origin* is where its files are read from."""
    body: Json = {
        "id": of.id,
        "type": int(of.type),
        "channel_id": of.channel_id,
        "author": user(of.author),
        "content": of.content,
        "timestamp": iso(of.timestamp),
        "edited_timestamp": None if of.edited_timestamp is None else iso(of.edited_timestamp),
        "flags": int(of.flags),
        "embeds": of.embeds,
        "components": of.components,
        "attachments": [attachment(one, origin) for one in of.attachments],
        "mentions": [user(one) for one in of.mentions],
        "mention_roles": of.mention_role_ids,
        "mention_everyone": of.mention_everyone,
        "pinned": False,
        "tts": of.tts,
    }
    optional = {
        "nonce": of.nonce,
        "message_reference": of.reference,
        "application_id": of.application_id,
        "webhook_id": of.application_id,
        "interaction_metadata": of.interaction_metadata,
        "interaction": of.interaction,
    }
    body.update({key: value for key, value in optional.items() if value is not None})
    if of.type == MessageType.REPLY and with_reply:
        replied = of.replies_to
        body["referenced_message"] = None if replied is None else message(replied, origin, with_reply=False)
    return body
