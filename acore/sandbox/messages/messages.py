"""Saying, changing and deleting messages, and telling everyone who may see them."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice

from acore.sandbox import payloads, realtime
from acore.sandbox.messages import links, media, mentions, reading, references
from acore.sandbox.messages.drafts import Draft, FileEntry, Upload
from acore.sandbox.messages.files import MAX_FILES, Files
from acore.sandbox.messages.slowmode import Slowmode
from acore.sandbox.messages.uploads import Uploads
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.shapes import Json
from acore.sandbox.state import threads
from acore.sandbox.state.audience import Audience, only
from acore.sandbox.state.kinds import MessageFlag, MessageType
from acore.sandbox.state.records import Attachment, Channel, Message, User
from acore.sandbox.state.world import World

KEPT_MESSAGES = 10_000
NONCE_COUNTS = timedelta(minutes=3)
"""How long a nonce is remembered: Discord's documentation, "Create Message", says "the past few minutes"."""
CHANGED_BY_ANYBODY = frozenset({"flags"})
"""What an edit may change without the message being marked as edited."""


class Messages:
    """The messages of a world.

    Args:
        world: where the channels are.
        origin: the address files are read from, e.g. http://127.0.0.1:8080.
        kept: how many messages a channel has at most; beyond it the oldest tenth is forgotten, with files.
    """

    def __init__(self, world: World, origin: str, *, kept: int = KEPT_MESSAGES) -> None:
        self._world = world
        self._kept = kept
        self._slowmode = Slowmode()
        self.files = Files(world.snowflakes)
        self.uploads = Uploads()
        self.origin = origin

    # -- reading

    def payload(self, message: Message, *, seen_by: User | None = None) -> Json:
        """Return a message as REST gives it.

        Args:
            message: which.
            seen_by: who asks: decides what may be read, and which reactions are one's own.
        """
        if seen_by is None:
            return payloads.message(message, self.origin)
        body = payloads.message(message, self.origin, seen_by=seen_by.id)
        return reading.as_read_by(self._world, message, body, seen_by)

    def find(self, channel: Channel, message_id: str) -> Message:
        """Return a message that everyone in the channel may see.

        Raises:
            ApiError: there is none; ephemeral ones are never found here.
        """
        message = channel.messages.get(message_id)
        if message is None or message.only_for is not None:
            raise ApiError(Refusal.UNKNOWN_MESSAGE)
        return message

    def attachment(self, attachment_id: str) -> Attachment | None:
        """Return a file that was uploaded."""
        return self.files.find(attachment_id)

    def keep(self, channel_id: str, upload: Upload) -> Attachment:
        """Keep a file that somebody uploads for a command or a modal; no message shows it."""
        return self.files.store(channel_id, upload, is_ephemeral=True)

    # -- saying

    def create(self, channel: Channel, author: User, draft: Draft, *, may_hurry: bool = True) -> Message:
        """Say something in a channel.

        Args:
            channel: where.
            author: who; whether they may was decided before.
            draft: what.
            may_hurry: whether the channel's slow mode does not hold for them.

        Raises:
            ApiError: code 50035, what it refers to does not exist; 20016, slow mode.
        """
        if draft.is_nonce_enforced and draft.nonce is not None:
            said_before = self._with_nonce(channel, author, draft.nonce)
            if said_before is not None:
                return said_before
        if not may_hurry:
            self._slowmode.check(channel, author)
        message = self.new(channel, author)
        message.nonce = draft.nonce
        message.flags = draft.flags & ~MessageFlag.EPHEMERAL
        if draft.reference is not None and draft.reference.is_forward:
            references.forward(self._world, self.files, message, draft.reference, author)
        elif draft.reference is not None:
            references.reply(channel, message, draft.reference)
        self.fill(message, draft)
        self._slowmode.note(channel, author)
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
        """Keep a new message and announce it to those who may see it; a thread takes note of it."""
        if channel.thread is not None and message.only_for is None:
            message.position = channel.thread.messages_ever
            threads.heard(self._world, channel, message)
        channel.messages[message.id] = message
        if len(channel.messages) > self._kept:
            # Many at once, as finding a dict's first entry takes the longer the more were deleted before it.
            for oldest in list(islice(channel.messages.values(), 1 + self._kept // 10)):
                del channel.messages[oldest.id]
                self._forget(oldest)
        self.announce("MESSAGE_CREATE", channel, message)

    def say_for_system(self, channel: Channel, by: User, kind: MessageType, about: Message | None) -> Message:
        """Have Discord tell of what somebody did, e.g. that they pinned the message this is *about*."""
        message = self.new(channel, by)
        message.type = kind
        if about is not None:
            message.reference = references.told(about)
        self.publish(channel, message)
        return message

    # -- changing

    def edit(self, message: Message, draft: Draft) -> None:
        """Change what the draft names, and announce it.

        Raises:
            ApiError: code 50006, nothing would be left; 50035, it names files that are not there.
        """
        self._check_edit(message, draft)
        was_loading = message.is_loading
        self.fill(message, draft)
        if "flags" in draft.given:
            kept = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
            changeable = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.IS_COMPONENTS_V2
            message.flags = kept | (draft.flags & changeable)
        message.flags &= ~MessageFlag.LOADING
        # An answer that replaces "thinking…" is its first text; Discord does not mark it as edited.
        if not was_loading and draft.given - CHANGED_BY_ANYBODY:
            message.edited_timestamp = realtime.now()
        self.announce("MESSAGE_UPDATE", self._world.channels[message.channel_id], message)

    def _check_edit(self, message: Message, draft: Draft) -> None:
        kept_content = draft.content if "content" in draft.given else message.content
        kept_embeds = draft.embeds if "embeds" in draft.given else message.embeds
        kept_components = draft.components if "components" in draft.given else message.components
        listed = {one.id for one in draft.files or []}
        files = [one for one in message.attachments if draft.files is None or one.id in listed]
        if not (
            kept_content or kept_embeds or kept_components or files or draft.has_files or message.snapshot
        ):
            raise ApiError(Refusal.EMPTY_MESSAGE)
        if draft.flags & MessageFlag.IS_COMPONENTS_V2:
            for key, value in {"content": kept_content, "embeds": kept_embeds}.items():
                if value:
                    told = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
                    raise invalid((key,), told)

    def fill(self, message: Message, draft: Draft) -> None:
        """Put the fields that the draft names into a message.

        Raises:
            ApiError: code 50035 or 50146, it names files that are not there; nothing is changed then.
        """
        attachments = self._attachments(message, draft)
        if "content" in draft.given:
            message.content = draft.content
        if "tts" in draft.given:
            message.tts = draft.tts
        if "components" in draft.given:
            make_id = self._world.snowflakes.make
            message.components = media.unfurled(draft.components, attachments, self.origin, make_id)
        if "embeds" in draft.given:
            message.embeds = [links.resolved(one, attachments, self.origin) for one in draft.embeds]
        if draft.given & {"content", "components", "message_reference"}:
            mentions.set_mentions(self._world, message, draft.allowed_mentions)
        links.mark_shown_elsewhere(attachments, [*message.embeds, *message.components], self.origin)
        self._replace_attachments(message, draft, attachments)

    def _replace_attachments(self, message: Message, draft: Draft, attachments: list[Attachment]) -> None:
        """Give a message its files; those that no list names any more stay only while an embed shows them."""
        listed = None if draft.files is None else {one.id for one in draft.files}
        before = {one.id for one in message.attachments}
        kept = [
            one
            for one in attachments
            if listed is None or one.id in listed or one.id not in before or one.is_shown_elsewhere
        ]
        self.files.forget([one for one in message.attachments if one not in kept])
        message.attachments = kept

    def _attachments(self, message: Message, draft: Draft) -> list[Attachment]:
        """Return a message's files and, kept already, those that come with a draft."""
        present = {one.id: one for one in message.attachments}
        numbers = {one.number for one in draft.uploads}
        entries: dict[str, FileEntry] = {}
        waiting: list[tuple[FileEntry, Upload]] = []
        for index, entry in enumerate(draft.files or []):
            if entry.uploaded_as is not None:
                upload = self.uploads.find(entry.uploaded_as, message.author)
                if upload is None:
                    raise ApiError(Refusal.UPLOAD_NOT_FOUND)
                waiting.append((entry, upload))
            elif entry.id in numbers:
                entries[entry.id] = entry
            elif entry.id not in present:
                raise invalid(("attachments", index, "id"), "Attachment data not found")
        waiting += [(entries.get(one.number, FileEntry(one.number)), one) for one in draft.uploads]
        if len(present) + len(waiting) > MAX_FILES and draft.files is None:
            raise invalid(("attachments",), f"Must be {MAX_FILES} or fewer in length.")
        for entry in draft.files or []:
            if entry.id in present and entry.description is not None:
                present[entry.id].description = entry.description
        stored = [
            self.files.store(
                message.channel_id,
                upload,
                filename=entry.filename,
                description=entry.description,
                is_ephemeral=message.only_for is not None,
            )
            for entry, upload in waiting
        ]
        return [*present.values(), *stored]

    # -- deleting

    def delete(self, message: Message) -> None:
        """Remove a message and tell those who could see it."""
        channel = self._world.channels[message.channel_id]
        del channel.messages[message.id]
        self._forget(message)
        message.is_deleted = True
        payload: Json = {"id": message.id, "channel_id": channel.id}
        if channel.guild_id is not None:
            payload["guild_id"] = channel.guild_id
        self._world.announce("MESSAGE_DELETE", payload, self._seen_by(channel, message))

    def delete_many(self, channel: Channel, messages: Sequence[Message]) -> None:
        """Remove messages of a guild's channel and tell of all of them at once."""
        for one in messages:
            del channel.messages[one.id]
            self._forget(one)
            one.is_deleted = True
        ids = [one.id for one in messages]
        payload: Json = {"ids": ids, "channel_id": channel.id, "guild_id": channel.guild_id}
        self._world.announce("MESSAGE_DELETE_BULK", payload, self._world.audience(channel))

    def _forget(self, message: Message) -> None:
        """Let go of what a message that is kept no longer holds, so that replies to it do not add up."""
        self.files.forget(message.attachments)
        if message.snapshot is not None:
            self.files.forget(message.snapshot.attachments)
        message.replies_to = None

    # -- telling

    def announce(self, event: str, channel: Channel, message: Message) -> None:
        """Tell of a message those who see it."""
        self._world.announce(event, self.told(channel, message), self._seen_by(channel, message))

    def told(self, channel: Channel, message: Message) -> Json:
        """Return a message as the gateway tells of it, with the places of its author and those mentioned."""
        payload = self.payload(message)
        guild = self._world.guild_of(channel)
        if guild is not None:
            payload["guild_id"] = guild.id
            is_plain = message.application_id is None and message.webhook_id is None
            if is_plain and message.author.id in guild.members:
                payload["member"] = payloads.message_member(guild.members[message.author.id])
            for one in payload["mentions"]:
                if one["id"] in guild.members:
                    one["member"] = payloads.message_member(guild.members[one["id"]])
        return payload

    def _seen_by(self, channel: Channel, message: Message) -> Audience:
        return self._world.audience(channel) if message.only_for is None else only([message.only_for])

    def _with_nonce(self, channel: Channel, author: User, nonce: str | int) -> Message | None:
        oldest = realtime.now() - NONCE_COUNTS
        for message in reversed(channel.messages.values()):
            if message.timestamp < oldest:
                return None
            if message.author is author and message.nonce is not None and str(message.nonce) == str(nonce):
                return message
        return None
