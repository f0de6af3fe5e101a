"""What there is in a Discord: users, guilds, roles, channels, messages, applications."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import (
    ALL_PRIVILEGED,
    THREADS,
    AuditAction,
    ChannelType,
    MessageFlag,
    MessageType,
    OverwriteType,
    WebhookType,
)


@dataclass(slots=True, eq=False)
class User:
    """A person, or the user of a bot."""

    id: str
    username: str
    token: str
    bot: bool = False
    locale: str = "en-US"
    global_name: str | None = None
    avatar: str | None = None
    banner: str | None = None
    presence: Json = field(default_factory=lambda: {"status": "offline", "activities": []})
    is_webhook: bool = False


@dataclass(slots=True, eq=False)
class Role:
    """A role of one guild; the one with the guild's own id is @everyone."""

    id: str
    name: str
    permissions: int
    position: int
    color: int = 0
    secondary_color: int | None = None
    tertiary_color: int | None = None
    bot_id: str | None = None
    hoist: bool = False
    mentionable: bool = False
    icon: str | None = None
    unicode_emoji: str | None = None


@dataclass(slots=True, eq=False)
class Member:
    """A user's place in one guild; @everyone is never among the roles."""

    user: User
    joined_at: datetime
    role_ids: list[str] = field(default_factory=list[str])
    nick: str | None = None
    timed_out_until: datetime | None = None
    deaf: bool = False
    mute: bool = False
    flags: int = 0
    avatar: str | None = None
    banner: str | None = None


@dataclass(slots=True, eq=False)
class Overwrite:
    """What a channel allows and denies one role or one member."""

    id: str
    type: OverwriteType
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, eq=False)
class Attachment:
    """A file that was sent with a message; a picture has its size in pixels.

    *is_shown_elsewhere* if an embed or a component of the message shows it.
    """

    id: str
    filename: str
    content_type: str
    data: bytes
    channel_id: str
    description: str | None = None
    width: int | None = None
    height: int | None = None
    is_ephemeral: bool = False
    is_shown_elsewhere: bool = False


@dataclass(slots=True, eq=False)
class Picture:
    """An uploaded avatar, icon or emoji, as it was sent; the sandbox converts nothing."""

    content_type: str
    data: bytes

    @property
    def is_animated(self) -> bool:
        """Whether it moves: every GIF, as Discord keeps it, and a WebP with frames."""
        has_frames = self.content_type == "image/webp" and b"ANIM" in self.data
        return self.content_type == "image/gif" or has_frames

    @property
    def hash(self) -> str:
        """The name Discord would give it (Discord's documentation, "Image Formatting")."""
        digest = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return f"a_{digest}" if self.is_animated else digest


@dataclass(slots=True, eq=False)
class Reaction:
    """Everybody who reacted to a message with one emoji; *id* is None for one of Unicode's."""

    name: str
    id: str | None = None
    animated: bool = False
    user_ids: list[str] = field(default_factory=list[str])


@dataclass(slots=True, eq=False)
class Message:
    """Something said in a channel.

    *snapshot* is what a forward forwards, as it was then; *position* is the place among a thread's messages.
    """

    id: str
    channel_id: str
    author: User
    content: str
    timestamp: datetime
    type: int = MessageType.DEFAULT
    flags: int = 0
    guild_id: str | None = None
    edited_timestamp: datetime | None = None
    embeds: list[Json] = field(default_factory=list[Json])
    components: list[Json] = field(default_factory=list[Json])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    mentions: list[User] = field(default_factory=list[User])
    mention_role_ids: list[str] = field(default_factory=list[str])
    mention_everyone: bool = False
    tts: bool = False
    nonce: str | int | None = None
    reactions: list[Reaction] = field(default_factory=list[Reaction])
    pinned_at: datetime | None = None
    replies_to: "Message | None" = None
    reference: Json | None = None
    snapshot: "Message | None" = None
    is_deleted: bool = False
    position: int | None = None
    webhook_id: str | None = None
    application_id: str | None = None
    interaction_id: str | None = None
    interaction_metadata: Json | None = None
    interaction: Json | None = None
    only_for: str | None = None
    thread: "Channel | None" = None

    @property
    def is_loading(self) -> bool:
        """Whether it still says "thinking…"."""
        return bool(self.flags & MessageFlag.LOADING)

    def is_visible_to(self, user_id: str) -> bool:
        """Return whether *user_id* may see it; an ephemeral one is for one person alone."""
        return self.only_for is None or self.only_for == user_id


@dataclass(slots=True, eq=False)
class ThreadMember:
    """Somebody who joined a thread."""

    user_id: str
    joined_at: datetime
    flags: int = 0


@dataclass(slots=True, eq=False)
class Thread:
    """What a channel is besides, if it is a thread; in a forum or media channel it is a *post*.

    *messages_ever* counts what was said in it, except for what it began with.
    """

    owner_id: str
    created_at: datetime
    archive_changed_at: datetime
    auto_archive_minutes: int = 4320
    is_archived: bool = False
    is_locked: bool = False
    is_invitable: bool = True
    members: dict[str, ThreadMember] = field(default_factory=dict[str, ThreadMember])
    messages_ever: int = 0
    is_post: bool = False
    applied_tag_ids: list[str] = field(default_factory=list[str])


@dataclass(slots=True, eq=False)
class Channel:
    """A place where messages are sent, in a guild or between users; *thread* is there if it is a thread.

    What only some types have stands in `extra` under Discord's own names, e.g. a voice channel's bitrate or a
    forum's available_tags.
    """

    id: str
    type: ChannelType
    name: str = ""
    guild_id: str | None = None
    position: int = 0
    topic: str | None = None
    parent_id: str | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict[str, Overwrite])
    nsfw: bool = False
    slowmode_seconds: int = 0
    flags: int = 0
    owner_id: str | None = None
    last_pin_at: datetime | None = None
    recipients: list[User] = field(default_factory=list[User])
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    thread: Thread | None = None
    extra: Json = field(default_factory=dict[str, object])

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread of another channel, its parent."""
        return self.type in THREADS

    @property
    def is_private(self) -> bool:
        """Whether it is a thread that only its members see."""
        return self.type is ChannelType.PRIVATE_THREAD

    @property
    def message_count(self) -> int:
        """How many messages a thread shows; what it began with is not counted."""
        return sum(one.only_for is None and not self.began_with(one) for one in self.messages.values())

    def began_with(self, message: Message) -> bool:
        """Return whether a thread began with this message: a post's own has the thread's id."""
        return message.id == self.id or message.type == MessageType.THREAD_STARTER_MESSAGE

    @property
    def last_message_id(self) -> str | None:
        """The id of the newest message everyone may see."""
        return next((m.id for m in reversed(self.messages.values()) if m.only_for is None), None)


@dataclass(slots=True, eq=False)
class Emoji:
    """A picture of a guild's or of an application's own."""

    id: str
    name: str
    creator: User
    animated: bool = False
    role_ids: list[str] = field(default_factory=list[str])


@dataclass(slots=True, eq=False)
class Ban:
    """Somebody who may not come back, and why."""

    user: User
    reason: str | None = None


@dataclass(slots=True, eq=False)
class VoiceState:
    """Somebody in a voice channel; no sound is ever sent."""

    user_id: str
    channel_id: str
    session_id: str
    self_deaf: bool = False
    self_mute: bool = False
    self_video: bool = False
    is_suppressed: bool = False
    asked_to_speak_at: datetime | None = None


@dataclass(slots=True, eq=False)
class AuditEntry:
    """Who changed what in a guild."""

    id: str
    action: AuditAction
    user_id: str
    target_id: str | None
    reason: str | None = None
    changes: list[Json] = field(default_factory=list[Json])
    options: Json | None = None


@dataclass(slots=True, eq=False)
class Guild:
    """A server.

    Its threads are kept apart from its channels. What only administrators set stands in `settings` under
    Discord's own names, e.g. verification_level, as far as it is not what a new guild has.
    """

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict[str, Role])
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    channels: dict[str, Channel] = field(default_factory=dict[str, Channel])
    threads: dict[str, Channel] = field(default_factory=dict[str, Channel])
    emojis: dict[str, Emoji] = field(default_factory=dict[str, Emoji])
    bans: dict[str, Ban] = field(default_factory=dict[str, Ban])
    voice_states: dict[str, VoiceState] = field(default_factory=dict[str, VoiceState])
    audit_log: list[AuditEntry] = field(default_factory=list[AuditEntry])
    settings: Json = field(default_factory=dict[str, object])


@dataclass(slots=True, eq=False)
class Webhook:
    """An address at which a channel can be written to without being anybody."""

    id: str
    type: WebhookType
    guild_id: str
    channel_id: str
    name: str
    token: str
    creator: User
    avatar: str | None = None
    application_id: str | None = None
    source_channel_id: str | None = None


@dataclass(slots=True, eq=False)
class Invite:
    """A code with which people come into a guild."""

    code: str
    guild_id: str
    channel_id: str
    inviter: User
    created_at: datetime
    max_age: int = 86400
    max_uses: int = 0
    uses: int = 0
    is_temporary: bool = False

    @property
    def expires_at(self) -> datetime | None:
        """When it counts no longer; None if it always does."""
        return None if self.max_age == 0 else self.created_at + timedelta(seconds=self.max_age)


@dataclass(slots=True, eq=False)
class Application:
    """What owns a bot and its commands; *flags* decide which privileged intents it may ask for."""

    id: str
    name: str
    bot: User
    owner: User
    verify_key: str
    flags: int = ALL_PRIVILEGED
    description: str = ""
    invited_with: int = 0
    """The permissions of the role that its bot gets in each guild it joins."""
    emojis: dict[str, Emoji] = field(default_factory=dict[str, Emoji])
    role_connections: list[Json] = field(default_factory=list[Json])
    settings: Json = field(default_factory=dict[str, object])
