"""Routes: which function answers which request, and what it is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from acore.sandbox.api.refusals import ApiError, Refusal
from acore.sandbox.gateway.gateway import Gateway
from acore.sandbox.interactions.commands import Commands
from acore.sandbox.interactions.interactions import Interactions
from acore.sandbox.messages.drafts import Upload
from acore.sandbox.messages.messages import Messages
from acore.sandbox.shapes import Json, as_object
from acore.sandbox.state.records import Application, User
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
    query: Mapping[str, str]
    body: object = None
    uploads: list[Upload] = field(default_factory=list[Upload])
    sender: User | None = None
    application: Application | None = None

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
    def form(self) -> Json:
        """The body as an object; empty if none was sent."""
        return as_object(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; without a body the status is 204."""

    body: object = None
    status: int = 200


NOTHING = Answer(status=204)

type Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a template of a path, and what answers."""

    method: str
    template: str
    audience: Audience
    handler: Handler

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
        self._routes: list[tuple[list[str], Route]] = []

    def on(self, method: str, template: str, audience: Audience) -> Callable[[Handler], Handler]:
        """Return a decorator that makes a function answer a method and path."""

        def add(handler: Handler) -> Handler:
            route = Route(method, template, audience, handler)
            self._routes.append((template.strip("/").split("/"), route))
            self._routes.sort(key=lambda one: [part.startswith("{") for part in one[0]])
            return handler

        return add

    def include(self, other: "Routes") -> None:
        """Add another table's routes."""
        self._routes += other.listed()
        self._routes.sort(key=lambda one: [part.startswith("{") for part in one[0]])

    def listed(self) -> list[tuple[list[str], Route]]:
        """Return every route with the segments of its template."""
        return list(self._routes)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route for a path below /api/vN with the values of its parameters."""
        parts = path.strip("/").split("/")
        for template, route in self._routes:
            if route.method == method and len(template) == len(parts):
                pairs = list(zip(template, parts, strict=True))
                if all(one.startswith("{") or one == part for one, part in pairs):
                    return route, {one[1:-1]: part for one, part in pairs if one.startswith("{")}
        return None
