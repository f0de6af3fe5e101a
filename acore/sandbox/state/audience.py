"""Who hears of something; asked only for those who are connected, however many members a guild has."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.records import Channel, Guild


class Audience(Protocol):
    """Tells of each user, by id, whether they hear of it."""

    def __contains__(self, user_id: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class InChannel:
    """The members of a guild who have these permissions in one of its channels."""

    guild: Guild
    channel: Channel
    needed: int = Permission.VIEW_CHANNEL

    def __contains__(self, user_id: object) -> bool:
        member = self.guild.members.get(str(user_id))
        if member is None:
            return False
        bits = permissions.in_channel(self.guild, member, self.channel)
        return bits & self.needed == self.needed


@dataclass(frozen=True, slots=True)
class InGuild:
    """The members of a guild who have these permissions in it."""

    guild: Guild
    needed: int

    def __contains__(self, user_id: object) -> bool:
        member = self.guild.members.get(str(user_id))
        return member is not None and bool(permissions.of_member(self.guild, member) & self.needed)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Everybody who is in one of these audiences."""

    audiences: tuple[Audience, ...]

    def __contains__(self, user_id: object) -> bool:
        return any(user_id in one for one in self.audiences)


@dataclass(frozen=True, slots=True)
class ButNot:
    """Everybody in one audience who is not in the other."""

    audience: Audience
    others: Audience

    def __contains__(self, user_id: object) -> bool:
        return user_id in self.audience and user_id not in self.others


@dataclass(frozen=True, slots=True)
class Viewers:
    """The members who may view a channel, or something in a category."""

    guild: Guild
    channel: Channel

    def __contains__(self, user_id: object) -> bool:
        member = self.guild.members.get(str(user_id))
        return member is not None and permissions.may_view(self.guild, member, self.channel)


def only(user_ids: Collection[str]) -> Audience:
    """Return the audience of just these users."""
    return frozenset(user_ids)
