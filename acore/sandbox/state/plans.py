"""What a world file asks for, read and checked; nothing of it exists yet."""

from dataclasses import dataclass, field

from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import ALL_PRIVILEGED, ChannelType, OverwriteType


@dataclass(frozen=True, slots=True)
class UserPlan:
    """A person, or a bot, whose application is then called the same."""

    name: str
    global_name: str | None = None
    bot: bool = False
    locale: str = "en-US"
    token: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationPlan:
    """An application and its bot; without an owner it is the first user's."""

    name: str
    owner: str | None = None
    flags: int = int(ALL_PRIVILEGED)
    description: str = ""
    token: str | None = None
    permissions: int | None = None


@dataclass(frozen=True, slots=True)
class RolePlan:
    """A role; the one called @everyone is what everybody has."""

    name: str
    permissions: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OverwritePlan:
    """What a channel allows and denies a role or a member, each by name."""

    type: OverwriteType
    name: str
    allow: int = 0
    deny: int = 0


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """Something that was said."""

    author: str
    content: str


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A channel; *parent* is the name of a category of the same guild."""

    name: str
    type: ChannelType = ChannelType.GUILD_TEXT
    parent: str | None = None
    topic: str | None = None
    nsfw: bool = False
    slowmode_seconds: int = 0
    overwrites: tuple[OverwritePlan, ...] = ()
    messages: tuple[MessagePlan, ...] = ()


@dataclass(frozen=True, slots=True)
class GuildPlan:
    """A guild, or as many alike as *count* says; *members* and *bots* are all there are where it is None."""

    name: str
    count: int = 1
    owner: str | None = None
    members: tuple[str, ...] | None = None
    bots: tuple[str, ...] | None = None
    everyone: int = int(permissions.EVERYONE_MAY)
    roles: tuple[RolePlan, ...] = ()
    channels: tuple[ChannelPlan, ...] = (ChannelPlan("general"),)
    settings: Json = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """All of it; the first of each kind is the one that is meant where none is named."""

    users: tuple[UserPlan, ...]
    applications: tuple[ApplicationPlan, ...]
    guilds: tuple[GuildPlan, ...]
