"""Saying, changing and deleting messages, and telling everyone who may see them."""

import re
from pathlib import PurePath

from acore.sandbox import payloads, realtime
from acore.sandbox.api.refusals import ApiError, Refusal, invalid
from acore.sandbox.messages import media
from acore.sandbox.messages.drafts import Draft, Upload
from acore.sandbox.messages.uploads import Uploads
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json, as_list, as_object
from acore.sandbox.state.audience import Audience, only
from acore.sandbox.state.kinds import MessageFlag, MessageType
from acore.sandbox.state.records import Attachment, Channel, Message, User
from acore.sandbox.state.world import World

USER_MENTION = re.compile(r"<@!?(\d+)>")
ROLE_MENTION = re.compile(r"<@&(\d+)>")
EVERYONE_MENTION = re.compile(r"@(everyone|here)\b")


# nextcord calls every upload application/octet-stream; Discord looks at the name.
CONTENT_TYPES = {
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".png": "image/png",
    ".txt": "text/plain",
}
UPLOADED = "attachment://"


class Messages:
    """The messages of a world.

    Args:
        world: where the channels are.
        origin: the address files are read from, e.g. http://127.0.0.1:8080.
    """

    def __init__(self, world: World, origin: str) -> None:
        self._world = world
        self._attachments: dict[str, Attachment] = {}
        self.uploads = Uploads()
        self.origin = origin

    def payload(self, message: Message) -> Json:
        """Return a message as REST gives it."""
        return payloads.message(message, self.origin)

    def find(self, channel: Channel, message_id: str) -> Message:
        """Return a message that everyone in the channel may see.

        Raises:
            ApiError: there is none; ephemeral ones are never found here.
        """
        message = channel.messages.get(message_id)
        if message is None or message.only_for is not None:
            raise ApiError(Refusal.UNKNOWN_MESSAGE)
        return message

    def create(self, channel: Channel, author: User, draft: Draft) -> Message:
        """Say something in a channel.

        Raises:
            ApiError: code 50035, the message replied to does not exist.
        """
        message = self.new(channel, author)
        message.nonce = draft.nonce
        message.flags = draft.flags & ~MessageFlag.EPHEMERAL
        if draft.reply_to is not None:
            self._reply(channel, message, draft.reply_to)
        self.fill(message, draft)
        self.publish(channel, message)
        return message

    def new(self, channel: Channel, author: User) -> Message:
        """Return an empty message that nobody has seen yet."""
        return Message(
            id=self._world.snowflakes.make(),
            channel_id=channel.id,
            guild_id=channel.guild_id,
            author=author,
            content="",
            timestamp=realtime.now(),
        )

    def publish(self, channel: Channel, message: Message) -> None:
        """Keep a new message and announce it to those who may see it."""
        channel.messages[message.id] = message
        self._announce("MESSAGE_CREATE", channel, message)

    def edit(self, message: Message, draft: Draft) -> None:
        """Change what the draft names, and announce it."""
        was_loading = message.is_loading
        self.fill(message, draft)
        if "flags" in draft.given:
            kept = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
            message.flags = kept | (draft.flags & ~MessageFlag.EPHEMERAL)
        message.flags &= ~MessageFlag.LOADING
        # An answer that replaces "thinking…" is its first text; Discord does not mark it as edited.
        if not was_loading:
            message.edited_timestamp = realtime.now()
        self._announce("MESSAGE_UPDATE", self._world.channels[message.channel_id], message)

    def delete(self, message: Message) -> None:
        """Remove a message and tell those who could see it."""
        channel = self._world.channels[message.channel_id]
        del channel.messages[message.id]
        payload: Json = {"id": message.id, "channel_id": channel.id}
        if channel.guild_id is not None:
            payload["guild_id"] = channel.guild_id
        self._world.announce("MESSAGE_DELETE", payload, self._seen_by(channel, message))

    def listed(self, channel: Channel, *, limit: int, before: int, after: int) -> list[Message]:
        """Return the newest messages between two ids, newest first; ephemeral ones are never listed."""
        between = [
            message
            for message in channel.messages.values()
            if message.only_for is None and after < int(message.id) < before
        ]
        if after:
            return list(reversed(between[:limit]))
        return list(reversed(between))[:limit]

    def attachment(self, attachment_id: str) -> Attachment | None:
        """Return a file that was uploaded."""
        return self._attachments.get(attachment_id)

    def fill(self, message: Message, draft: Draft) -> None:
        """Put the fields that the draft names into a message."""
        if "content" in draft.given:
            message.content = draft.content
            self._mention(message, draft.allowed_mentions)
        if "embeds" in draft.given:
            message.embeds = draft.embeds
        if "tts" in draft.given:
            message.tts = draft.tts
        if "attachments" in draft.given:
            kept = [one for one in message.attachments if one.id in draft.kept_attachment_ids]
            message.attachments = kept + self._store(message.channel_id, draft)
            message.embeds = [self._illustrated(one, message.attachments) for one in message.embeds]
        if "components" in draft.given:
            make_id = self._world.snowflakes.make
            message.components = media.unfurled(draft.components, message.attachments, self.origin, make_id)

    def _illustrated(self, embed: Json, attachments: list[Attachment]) -> Json:
        """Return an embed whose pictures, if they came along as files, have the files' addresses."""
        urls = {
            f"{UPLOADED}{one.filename}": payloads.attachment(one, self.origin)["url"] for one in attachments
        }
        body = dict(embed)
        for key in ("image", "thumbnail"):
            url = as_object(embed.get(key)).get("url")
            if url in urls:
                body[key] = {**embed[key], "url": urls[url]}
        return body

    def keep(self, channel_id: str, upload: Upload) -> Attachment:
        """Keep a file that somebody uploads for a command or a modal; no message shows it."""
        attachment = self._attachment(channel_id, upload, {})
        attachment.is_ephemeral = True
        self._attachments[attachment.id] = attachment
        return attachment

    def _store(self, channel_id: str, draft: Draft) -> list[Attachment]:
        stored = [self._attachment(channel_id, one, draft.descriptions) for one in draft.uploads]
        self._attachments.update((one.id, one) for one in stored)
        return stored

    def _attachment(self, channel_id: str, upload: Upload, descriptions: dict[str, str]) -> Attachment:
        number = upload.field.removeprefix("files[").removesuffix("]")
        return Attachment(
            id=self._world.snowflakes.make(),
            filename=re.sub(r"[^\w.-]", "_", upload.filename),
            content_type=CONTENT_TYPES.get(PurePath(upload.filename).suffix.lower(), upload.content_type),
            data=upload.data,
            channel_id=channel_id,
            description=descriptions.get(number),
        )

    def _reply(self, channel: Channel, message: Message, reply_to: str) -> None:
        replied = channel.messages.get(reply_to)
        if replied is None or replied.only_for is not None:
            raise invalid(("message_reference",), "Unknown message")
        message.type = MessageType.REPLY
        message.replies_to = replied
        message.reference = {"type": 0, "channel_id": channel.id, "message_id": replied.id}
        if channel.guild_id is not None:
            message.reference["guild_id"] = channel.guild_id

    def _mention(self, message: Message, allowed: Json | None) -> None:
        users = list(dict.fromkeys(USER_MENTION.findall(message.content)))
        roles = list(dict.fromkeys(ROLE_MENTION.findall(message.content)))
        everyone = EVERYONE_MENTION.search(message.content) is not None and self._may_mention_all(message)
        if allowed is not None:
            parse = as_list(allowed.get("parse"))
            if "users" not in parse:
                users = [one for one in users if one in map(str, as_list(allowed.get("users")))]
            if "roles" not in parse:
                roles = [one for one in roles if one in map(str, as_list(allowed.get("roles")))]
            everyone = everyone and "everyone" in parse
        guild = None if message.guild_id is None else self._world.guilds[message.guild_id]
        message.mentions = [self._world.users[one] for one in users if one in self._world.users]
        message.mention_role_ids = [one for one in roles if guild is not None and one in guild.roles]
        message.mention_everyone = everyone

    def _may_mention_all(self, message: Message) -> bool:
        if message.guild_id is None:
            return False
        guild = self._world.guilds[message.guild_id]
        bits = permissions.of_member(guild, guild.members[message.author.id])
        return bool(bits & permissions.Permission.MENTION_EVERYONE)

    def _seen_by(self, channel: Channel, message: Message) -> Audience:
        return self._world.audience(channel) if message.only_for is None else only([message.only_for])

    def _announce(self, event: str, channel: Channel, message: Message) -> None:
        payload = self.payload(message)
        guild = self._world.guild_of(channel)
        if guild is not None:
            payload["guild_id"] = guild.id
            if message.application_id is None and message.author.id in guild.members:
                payload["member"] = payloads.message_member(guild.members[message.author.id])
        self._world.announce(event, payload, self._seen_by(channel, message))
