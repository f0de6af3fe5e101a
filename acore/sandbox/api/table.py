"""Routes: which function answers which request, and what it is given."""

from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from multidict import MultiMapping

from acore.sandbox.forms.fields import NOT_AN_OBJECT
from acore.sandbox.gateway.gateway import Gateway
from acore.sandbox.interactions.commands import Commands
from acore.sandbox.interactions.interactions import Interactions
from acore.sandbox.messages.drafts import Upload
from acore.sandbox.messages.messages import Messages
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import ApiError, Refusal, invalid
from acore.sandbox.shapes import Json, as_object
from acore.sandbox.state.hand import Hand
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Application, Channel, Guild, Member, User
from acore.sandbox.state.world import World

MAJOR_PARAMETERS = ("channel_id", "guild_id", "webhook_id")


class Audience(Enum):
    """Who may ask."""

    BOT = auto()
    PERSON = auto()
    EITHER = auto()
    TOKEN = auto()
    """Whoever knows the interaction's token in the path; nextcord sends no Authorization there."""
    ANYONE = auto()


@dataclass(frozen=True, slots=True)
class House:
    """Everything that answers requests."""

    world: World
    gateway: Gateway
    messages: Messages
    commands: Commands
    interactions: Interactions


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read; *caller* and *application* are missing where nobody must say who they are."""

    house: House
    path: Mapping[str, str]
    query: MultiMapping[str]
    body: object = None
    uploads: list[Upload] = field(default_factory=list[Upload])
    sender: User | None = None
    application: Application | None = None
    reason: str | None = None
    """What the X-Audit-Log-Reason header says."""

    @property
    def caller(self) -> User:
        """Who asks.

        Raises:
            ApiError: nobody said.
        """
        if self.sender is None:
            raise ApiError(Refusal.UNAUTHORIZED)
        return self.sender

    @property
    def world(self) -> World:
        """Everything that exists."""
        return self.house.world

    def channel(self) -> Channel:
        """Return the channel in the path.

        Raises:
            ApiError: it does not exist, or the caller may not see it.
        """
        return self.world.channel_for(self.path["channel_id"], self.caller.id)

    def guild_channel(self) -> tuple[Guild, Channel]:
        """Return the channel in the path and its guild, if it is one that invites and webhooks lead to.

        Raises:
            ApiError: as for `channel`; code 50024, it is a direct message, a thread or a category.
        """
        channel = self.channel()
        guild = self.world.guild_of(channel)
        if guild is None or channel.is_thread or channel.type is ChannelType.GUILD_CATEGORY:
            raise ApiError(Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
        return guild, channel

    def guild(self) -> Guild:
        """Return the guild in the path.

        Raises:
            ApiError: it does not exist, or the caller is not in it.
        """
        return self.world.guild_for(self.path["guild_id"], self.caller.id)

    def member(self, guild: Guild, name: str = "user_id") -> Member:
        """Return the member of *guild* in the path, "@me" for the caller.

        Raises:
            ApiError: code 10007, nobody with this id is in the guild.
        """
        user_id = self.path[name]
        member = guild.members.get(self.caller.id if user_id == "@me" else user_id)
        if member is None:
            raise ApiError(Refusal.UNKNOWN_MEMBER)
        return member

    def hand(self, guild: Guild) -> Hand:
        """Return the caller's hand in a guild, for what is to be announced and written into its audit log."""
        return Hand(self.world, guild, self.caller, self.reason)

    def bits(self, place: Channel | Guild) -> int:
        """Return the caller's permissions in a channel or in a whole guild."""
        if isinstance(place, Guild):
            return permissions.of_member(place, place.members[self.caller.id])
        guild = self.world.guild_of(place)
        if guild is None:
            return int(permissions.DIRECT_MESSAGES_MAY)
        return permissions.in_channel(guild, guild.members[self.caller.id], place)

    def require(self, needed: Permission, place: Channel | Guild) -> None:
        """Go on only if the caller has every one of these permissions there.

        Raises:
            ApiError: code 50013.
        """
        if self.bits(place) & needed != needed:
            raise ApiError(Refusal.MISSING_PERMISSIONS)

    @property
    def form(self) -> Json:
        """The body as an object; empty if none was sent.

        Raises:
            ApiError: code 50035, it is something else.
        """
        body = as_object(self.body)
        if self.body is not None and body is not self.body:
            raise invalid((), NOT_AN_OBJECT)
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; without a body the status is 204."""

    body: object = None
    status: int = 200


NOTHING = Answer(status=204)

type Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a template of a path, and what answers; *refuses* are the reasons it may say no for.

    What every operation may answer (401, 429, an unreadable body) is not among them.
    """

    method: str
    template: str
    audience: Audience
    handler: Handler
    refuses: tuple[Refusal, ...] = ()
    is_supported: bool = True

    @property
    def bucket(self) -> str:
        """The name its rate limit goes by."""
        return f"{self.method} {self.template}"

    def major(self, path: Mapping[str, str]) -> str:
        """Return the part of the path that has rate limits of its own."""
        return next((path[name] for name in MAJOR_PARAMETERS if name in path), "")


class Routes:
    """A growing table of routes; literal segments outrank parameters."""

    def __init__(self) -> None:
        self._by_length: dict[int, list[tuple[list[str], Route]]] = {}

    def on(
        self, method: str, template: str, audience: Audience, *, refuses: tuple[Refusal, ...] = ()
    ) -> Callable[[Handler], Handler]:
        """Return a decorator that makes a function answer a method and path.

        Args:
            method: e.g. GET.
            template: the path below /api/vN with {parameters}, as Discord's own description writes it.
            audience: who may ask.
            refuses: every reason of its own for which it says no; tests show each.
        """

        def add(handler: Handler) -> Handler:
            self._add(Route(method, template, audience, handler, refuses))
            return handler

        return add

    def include(self, other: "Routes") -> None:
        """Add another table's routes."""
        for route in other.listed():
            self._add(route)

    def complete(self, operations: Mapping[str, str]) -> None:
        """Let all *operations* (methods by template) that have no function say so.

        They stand in the table, as a path such as /members/search would otherwise be taken for a member's.
        """
        known = {(one.method, one.template) for one in self.listed()}
        for template, methods in operations.items():
            for method in methods.split():
                if (method, template) not in known:
                    route = Route(method, template, Audience.ANYONE, _not_supported, is_supported=False)
                    self._add(route)

    def listed(self) -> list[Route]:
        """Return every route that is supported."""
        return [route for routes in self._by_length.values() for _, route in routes if route.is_supported]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route for a path below /api/vN with the values of its parameters."""
        parts = path.strip("/").split("/")
        for template, route in self._by_length.get(len(parts), ()):
            if route.method == method and fits(template, parts):
                pairs = zip(template, parts, strict=True)
                return route, {one[1:-1]: part for one, part in pairs if one.startswith("{")}
        return None

    def has(self, path: str) -> bool:
        """Return whether some method is answered at a path below /api/vN."""
        parts = path.strip("/").split("/")
        return any(fits(template, parts) for template, _ in self._by_length.get(len(parts), ()))

    def _add(self, route: Route) -> None:
        segments = route.template.strip("/").split("/")
        routes = self._by_length.setdefault(len(segments), [])
        insort(routes, (segments, route), key=lambda one: [part.startswith("{") for part in one[0]])


def _not_supported(_call: Call) -> Answer:
    raise ApiError(Refusal.NOT_SUPPORTED)


def fits(template: list[str], parts: list[str]) -> bool:
    """Return whether the segments of a path are those of a template of the same length."""
    return all(one == part or one.startswith("{") for one, part in zip(template, parts, strict=True))
