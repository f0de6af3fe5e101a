"""What the gateway actor needs of a Discord library, and what it wants to be told."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from anyio import Event as Flag

from acore.errors import AcoreError, ExitCode, FatalError
from acore.events.discord import (
    Application,
    Argument,
    CommandsSynced,
    GuildLine,
    IdentifyBudget,
    Invoker,
    Place,
)
from acore.events.status import Reply
from acore.record import Record


class TokenRefusedError(FatalError):
    """Discord does not accept the token."""

    exit_code = ExitCode.NO_PERMISSION

    def __init__(self) -> None:
        super().__init__(
            "DISCORD_TOKEN: Discord refused it; copy the token anew from the Bot page of the developer portal"
        )


class IntentsRefusedError(FatalError):
    """Discord does not allow the intents."""

    exit_code = ExitCode.CONFIG

    def __init__(self, intents: str) -> None:
        super().__init__(
            f"intents {intents}: Discord refused them (4014); allow them on the developer portal's Bot page"
        )


class ConnectionRefusedForGoodError(FatalError):
    """Discord closed the connection with a code that says not to come back."""

    exit_code = ExitCode.PROTOCOL

    def __init__(self, code: int) -> None:
        super().__init__(
            f"Discord closed the connection for good (code {code}); update acore, or report this"
        )


class DiscordUnreachableError(AcoreError):
    """Discord cannot be reached now, or does not want to hear from us yet; trying again later may help."""

    def __init__(self, text: str, wait: float = 0.0) -> None:
        """Say what happened; *wait* is the seconds that Discord asked us to wait, if it did."""
        super().__init__(text)
        self.wait = wait


class AnswerRefusedError(AcoreError):
    """Discord does not take this answer, and will not later."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(f"Discord refused the answer ({status}, code {code}): {text}")
        self.status = status
        self.code = code


class BudgetUsedUpError(AcoreError):
    """Too few new sessions are left to ask for one now."""

    def __init__(self, budget: IdentifyBudget) -> None:
        super().__init__(f"{budget.remaining} of {budget.total} new sessions are left")
        self.budget = budget


class Request(Record):
    """A command as somebody used it. `token` is the right to answer it: never journal it, never log it."""

    interaction: int
    application: int
    token: str
    command: str
    arguments: tuple[Argument, ...]
    invoker: Invoker
    place: Place
    made: datetime


class Choice(Record):
    """Something to choose while typing an option: what a person reads, and what is sent."""

    name: str
    value: str


class Ears(Protocol):
    """What a door tells, as it happens; none of these wait."""

    def connecting(self) -> None:
        """A connection is being made."""
        ...

    def ready(self, user: str, guilds: tuple[GuildLine, ...]) -> None:
        """Discord sent everything."""
        ...

    def joined(self, guild: GuildLine) -> None:
        """Somebody added the bot to a server."""
        ...

    def resumed(self) -> None:
        """The connection is back, nothing was missed."""
        ...

    def lost(self, reason: str) -> None:
        """The connection is gone; another one is being made."""
        ...

    def message(self) -> None:
        """Somebody wrote a message."""
        ...

    def failed(self) -> None:
        """Handling something from Discord failed."""
        ...

    def invoked(self, request: Request) -> None:
        """Somebody used a command."""
        ...

    def suggestions(self, request: Request, typed: str) -> tuple[Choice, ...]:
        """Return what somebody may mean who is still typing an option of a command."""
        ...

    def connected(self) -> None:
        """Discord began a session; the commands can be registered."""
        ...

    async def before_identify(self, budget: IdentifyBudget) -> None:
        """Record that a new session is about to be asked for.

        Raises:
            BudgetUsedUpError: It must not be.
        """
        ...


class Door(Protocol):
    """One connection to Discord, made anew for every attempt."""

    async def open(self) -> Application:
        """Log in over HTTP and return whose bot this is.

        Raises:
            TokenRefusedError: The token is wrong.
            DiscordUnreachableError: Nobody answers.
        """
        ...

    async def stay(self) -> None:
        """Connect and stay connected, until `close`.

        Raises:
            FatalError: Discord says not to come back.
            BudgetUsedUpError: A new session would be one too many.
            DiscordUnreachableError: The connection could not be made.
        """
        ...

    async def sync(self, guild: int | None = None) -> CommandsSynced:
        """Make Discord's list of our commands right: of those for everybody, or of the operators' in *guild*.

        Raises:
            DiscordUnreachableError: Nobody answers, or Discord refuses now; what was registered before stays.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; harmless at any time."""
        ...

    async def acknowledge(self, interaction: int, token: str, *, is_ephemeral: bool) -> None:
        """Let the person see that the bot is thinking.

        Raises:
            AnswerRefusedError: Too late, or done already.
            DiscordUnreachableError: Nobody answers.
        """
        ...

    async def answer(self, application: int, token: str, reply: Reply) -> None:
        """Show *reply* in place of "thinking".

        Raises:
            AnswerRefusedError: It cannot be answered any more.
            DiscordUnreachableError: Nobody answers.
        """
        ...

    async def refuse(self, interaction: int, token: str, reply: Reply) -> None:
        """Show *reply* to that person alone, as the first and last answer.

        Raises:
            AnswerRefusedError: Too late, or done already.
            DiscordUnreachableError: Nobody answers.
        """
        ...

    def latency(self) -> float | None:
        """Return seconds from the last heartbeat to its answer; None, inf or nan when there was none."""
        ...

    def census(self) -> tuple[int, int]:
        """Return the number of servers, and of people in them as far as Discord told."""
        ...


type DoorFactory = Callable[[Ears], Door]


class Doorway:
    """The place where the present door is found, or waited for."""

    def __init__(self) -> None:
        self.door: Door | None = None
        self.closed = Flag()
        self._news = Flag()

    def open(self, door: Door) -> None:
        """Make *door* the present one."""
        self.door = door
        self._tell()

    def shut(self) -> None:
        """Have none until the next is opened."""
        self.door = None

    def close(self) -> None:
        """Have none any more."""
        self.shut()
        self.closed.set()
        self._tell()

    async def wait(self) -> Door | None:
        """Return the present door, or the next one when it is opened; None when none will come."""
        while self.door is None and not self.closed.is_set():
            await self._news.wait()
        return self.door

    def _tell(self) -> None:
        self._news.set()
        self._news = Flag()
