"""What there is in a Discord: users, guilds, roles, channels, messages, applications."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag

from acore.sandbox.shapes import Json


class ChannelType(IntEnum):
    """Kinds of channel the sandbox has."""

    GUILD_TEXT = 0
    DM = 1


class MessageType(IntEnum):
    """Kinds of message the sandbox makes."""

    DEFAULT = 0
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntFlag):
    """Flags of a message (Discord's documentation, "Message Flags")."""

    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_COMPONENTS_V2 = 1 << 15


class ApplicationFlag(IntFlag):
    """Which privileged intents an application may ask for; LIMITED is what unverified bots get."""

    GATEWAY_PRESENCE = 1 << 12
    GATEWAY_PRESENCE_LIMITED = 1 << 13
    GATEWAY_GUILD_MEMBERS = 1 << 14
    GATEWAY_GUILD_MEMBERS_LIMITED = 1 << 15
    GATEWAY_MESSAGE_CONTENT = 1 << 18
    GATEWAY_MESSAGE_CONTENT_LIMITED = 1 << 19


ALL_PRIVILEGED = (
    ApplicationFlag.GATEWAY_PRESENCE_LIMITED
    | ApplicationFlag.GATEWAY_GUILD_MEMBERS_LIMITED
    | ApplicationFlag.GATEWAY_MESSAGE_CONTENT_LIMITED
)


@dataclass(slots=True, eq=False)
class User:
    """A person, or the user of a bot."""

    id: str
    username: str
    token: str
    bot: bool = False
    locale: str = "en-US"
    presence: Json = field(default_factory=lambda: {"status": "offline", "activities": []})


@dataclass(slots=True, eq=False)
class Role:
    """A role of one guild; the one with the guild's own id is @everyone."""

    id: str
    name: str
    permissions: int
    position: int
    color: int = 0
    bot_id: str | None = None


@dataclass(slots=True, eq=False)
class Member:
    """A user's place in one guild; @everyone is never among the roles."""

    user: User
    joined_at: datetime
    role_ids: list[str] = field(default_factory=list[str])
    nick: str | None = None


@dataclass(slots=True, eq=False)
class Attachment:
    """A file that was sent with a message."""

    id: str
    filename: str
    content_type: str
    data: bytes
    channel_id: str
    description: str | None = None


@dataclass(slots=True, eq=False)
class Message:
    """Something said in a channel."""

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
    replies_to: "Message | None" = None
    reference: Json | None = None
    application_id: str | None = None
    interaction_id: str | None = None
    interaction_metadata: Json | None = None
    interaction: Json | None = None
    only_for: str | None = None

    @property
    def is_loading(self) -> bool:
        """Whether it still says "thinking…"."""
        return bool(self.flags & MessageFlag.LOADING)

    def is_visible_to(self, user_id: str) -> bool:
        """Return whether *user_id* may see it; an ephemeral one is for one person alone."""
        return self.only_for is None or self.only_for == user_id


@dataclass(slots=True, eq=False)
class Channel:
    """A place where messages are sent, in a guild or between two users."""

    id: str
    type: ChannelType
    name: str = ""
    guild_id: str | None = None
    position: int = 0
    topic: str | None = None
    recipients: list[User] = field(default_factory=list[User])
    messages: dict[str, Message] = field(default_factory=dict[str, Message])

    @property
    def last_message_id(self) -> str | None:
        """The id of the newest message everyone may see."""
        return next((m.id for m in reversed(self.messages.values()) if m.only_for is None), None)


@dataclass(slots=True, eq=False)
class Guild:
    """A server."""

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict[str, Role])
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    channels: dict[str, Channel] = field(default_factory=dict[str, Channel])


@dataclass(slots=True, eq=False)
class Application:
    """What owns a bot and its commands; *flags* decide which privileged intents it may ask for."""

    id: str
    name: str
    bot: User
    owner: User
    verify_key: str
    flags: int = ALL_PRIVILEGED
