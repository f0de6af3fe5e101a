"""The connection that acore owns: one nextcord client per attempt."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

import aiohttp
import nextcord  # noqa: TID251 - acore.discord is where nextcord lives
from loguru import logger
from nextcord.http import (  # noqa: TID251 - as above
    _USER_AGENT,  # pyright: ignore[reportPrivateUsage] - Discord wants to know the library
    HTTPClient,
    Route,
)
from nextcord.webhook.async_ import async_context  # noqa: TID251 - as above

from acore.actors.desk import ACKNOWLEDGE_LIMIT
from acore.actors.door import (
    AnswerRefusedError,
    BudgetUsedUpError,
    ConnectionRefusedForGoodError,
    DiscordUnreachableError,
    Ears,
    IntentsRefusedError,
    TokenRefusedError,
)
from acore.clock import Clock
from acore.discord.adapter import Adapter, AskingOnce
from acore.discord.budget import budget_of
from acore.discord.cogs.ops import ops_cog
from acore.discord.cogs.status import status_cog
from acore.discord.render import render
from acore.discord.staying import NonsenseError, stay_connected
from acore.discord.sync import sync_commands
from acore.events.discord import Application, CommandsSynced, GuildLine, IdentifyBudget
from acore.events.status import Reply

_DEFERRED, _MESSAGE, _EPHEMERAL = 5, 4, 64
# Discord, Gateway Close Event Codes: after these a client must not reconnect.
_BAD_TOKEN, _FORBIDDEN_INTENTS = 4004, 4014
# Discord, Teams: an invitation that was accepted, and the roles that may change the application.
_ACCEPTED, _CHANGING_ROLES = 2, frozenset({"admin", "developer"})
# Answers to come back later, beside those of a failing server.
_TOO_MANY, _SERVER_ERROR = 429, 500
_LATER = frozenset({408, _TOO_MANY})
# Seconds; a login includes the library's own attempts at a failing server.
_LOGIN_LIMIT, _ANSWER_LIMIT = 45.0, 15.0
# nextcord says "ready" when no further server has come for this long; its own 2 s only delay the news.
_GUILD_PAUSE = 0.5
_UNREACHABLE = (
    OSError,
    aiohttp.ClientError,
    TimeoutError,
    nextcord.GatewayNotFound,
    nextcord.DiscordServerError,
)


def intents() -> nextcord.Intents:
    """Return what acore listens to; none of it is privileged."""
    wanted = nextcord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.dm_messages = True
    return wanted


class OwnedDoor:
    """A connection to Discord through a client of our own."""

    def __init__(self, ears: Ears, token: str, base: str, clock: Clock) -> None:
        """Prepare one attempt; call this inside the running event loop.

        Args:
            ears: Who is told what happens.
            token: The bot's token.
            base: The URL of Discord's REST API, without a slash at the end.
            clock: The clock everybody here goes by.
        """
        self._ears = ears
        self._token = token
        self._base = base
        self._clock = clock
        self._adapter = AskingOnce(base)
        self._session: aiohttp.ClientSession | None = None
        self._client = _Client(ears, base, clock)
        self._client.add_cog(status_cog(ears.invoked))
        self._client.add_cog(ops_cog(ears.invoked, ears.suggestions))

    async def open(self) -> Application:
        """Log in over HTTP and return whose bot this is."""
        self._session = aiohttp.ClientSession(headers={"User-Agent": _USER_AGENT})
        found: dict[str, Any] = {}
        try:
            with self._clock.deadline(_LOGIN_LIMIT) as scope:
                await self._client.login(self._token)
                found = cast("dict[str, Any]", await self._client.http.application_info())
            if scope.cancelled_caught:
                raise DiscordUnreachableError(f"{self._base} gave no answer within {_LOGIN_LIMIT:g} s")
            return _application(found, self._client.intents)
        except nextcord.LoginFailure as error:
            raise TokenRefusedError from error
        except nextcord.HTTPException as error:
            raise DiscordUnreachableError(f"Discord answered {error.status} at {self._base}") from error
        except _UNREACHABLE as error:
            raise DiscordUnreachableError(f"{self._base} cannot be reached ({_words(error)})") from error
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            # A captive portal or another server answers 200 with something of its own.
            raise DiscordUnreachableError(
                f"{self._base} does not answer as Discord does; check DISCORD_API_BASE"
            ) from error

    async def stay(self) -> None:
        """Connect and stay connected, until `close`."""
        # Handlers of events copy this task's context: their answers go to the same base URL.
        async_context.set(Adapter(self._base))
        try:
            await stay_connected(self._client, self._clock)
        except nextcord.PrivilegedIntentsRequired as error:
            raise IntentsRefusedError(", ".join(_intent_names(self._client.intents)[0])) from error
        except nextcord.ConnectionClosed as error:
            raise _for_good(error.code, self._client.intents) from error
        except _UNREACHABLE as error:
            raise DiscordUnreachableError(f"the gateway cannot be reached ({_words(error)})") from error
        except nextcord.HTTPException as error:
            raise DiscordUnreachableError(f"Discord answered {error.status}", _asked_wait(error)) from error
        except NonsenseError as error:
            raise DiscordUnreachableError(str(error)) from error
        if self._client.refused is not None:
            raise BudgetUsedUpError(self._client.refused)

    async def sync(self, guild: int | None = None) -> CommandsSynced:
        """Make Discord's list of our commands right, everywhere or in *guild*."""
        try:
            return await sync_commands(self._client, self._client.application_id or 0, guild)
        except nextcord.HTTPException as error:
            text = (
                f"Discord answered {error.status}: {error.text}"
                if error.text
                else f"Discord answered {error.status}"
            )
            raise DiscordUnreachableError(text, _asked_wait(error)) from error
        except _UNREACHABLE as error:
            raise DiscordUnreachableError(_words(error)) from error
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise DiscordUnreachableError("Discord told of its commands what makes no sense") from error

    async def close(self) -> None:
        """Let go of socket, threads and sessions."""
        try:
            await self._client.close()
        finally:
            if self._session is not None:
                await self._session.close()

    async def acknowledge(self, interaction: int, token: str, *, is_ephemeral: bool) -> None:
        """Let the person see that the bot is thinking."""
        data = {"flags": _EPHEMERAL} if is_ephemeral else None
        await self._send(
            self._adapter.create_interaction_response(
                interaction, token, session=self._open_session(), type=_DEFERRED, data=data
            ),
            ACKNOWLEDGE_LIMIT,
        )

    async def answer(self, application: int, token: str, reply: Reply) -> None:
        """Show *reply* in place of "thinking"."""
        await self._send(
            self._adapter.edit_original_interaction_response(
                application, token, session=self._open_session(), payload=render(reply)
            ),
            _ANSWER_LIMIT,
        )

    async def refuse(self, interaction: int, token: str, reply: Reply) -> None:
        """Show *reply* to that person alone, as the first and last answer."""
        data = {**render(reply), "flags": _EPHEMERAL}
        await self._send(
            self._adapter.create_interaction_response(
                interaction, token, session=self._open_session(), type=_MESSAGE, data=data
            ),
            ACKNOWLEDGE_LIMIT,
        )

    def latency(self) -> float | None:
        """Return seconds from the last heartbeat to its answer; inf or nan when there was none."""
        return self._client.latency

    def census(self) -> tuple[int, int]:
        """Return the number of servers, and of people in them as far as Discord told."""
        guilds = self._client.guilds
        return len(guilds), sum(guild.member_count or 0 for guild in guilds)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            raise DiscordUnreachableError("the connection is closed")
        return self._session

    async def _send(self, request: Coroutine[Any, Any, object], within: float) -> None:
        try:
            with self._clock.deadline(within) as scope:
                await request
        except nextcord.HTTPException as error:
            if error.status in _LATER or error.status >= _SERVER_ERROR:
                raise DiscordUnreachableError(
                    f"Discord answered {error.status}", _asked_wait(error)
                ) from error
            raise AnswerRefusedError(error.status, error.code, error.text) from error
        except _UNREACHABLE as error:
            raise DiscordUnreachableError(_words(error)) from error
        except RuntimeError as error:
            # nextcord tries again on a session that was closed meanwhile.
            if self._session is None or self._session.closed:
                raise DiscordUnreachableError("the connection is closed") from error
            raise
        if scope.cancelled_caught:
            raise DiscordUnreachableError(f"no answer within {within:g} s")


class _Client(nextcord.Client):
    """nextcord's client, saying what happens and leaving the commands' registration to us."""

    def __init__(self, ears: Ears, base: str, clock: Clock) -> None:
        super().__init__(
            intents=intents(),
            max_messages=None,
            guild_ready_timeout=_GUILD_PAUSE,
            rollout_associate_known=False,
            rollout_delete_unknown=False,
            rollout_register_new=False,
            rollout_update_known=False,
        )
        self._ears = ears
        self._clock = clock
        self.refused: IdentifyBudget | None = None
        _rebase(self.http, base)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Read how many sessions Discord still allows before asking for one; wait 5 s between two."""
        data = cast("dict[str, Any]", await self.http.request(Route("GET", "/gateway/bot")))
        try:
            budget = budget_of(data["session_start_limit"], self._clock.now())
        except (TypeError, KeyError) as error:
            raise nextcord.GatewayNotFound from error
        try:
            await self._ears.before_identify(budget)
        except BudgetUsedUpError as error:
            # An error here would be taken for a lost connection and tried again at once.
            self.refused = error.budget
            await self.close()
            return
        await super().before_identify_hook(shard_id, initial=initial)

    async def on_connect(self) -> None:
        """Say that commands can be registered; nextcord's own way is one request for each, unsupervised."""
        self.add_all_application_commands()
        self._ears.connected()

    async def on_guild_available(self, guild: nextcord.Guild) -> None:
        """Do nothing: who is an operator's server is for the gateway to say, and registering for `sync`."""

    async def on_ready(self) -> None:
        """Say that Discord sent everything."""
        self._ears.ready(str(self.user), tuple(_line(guild) for guild in self.guilds))

    async def on_guild_join(self, guild: nextcord.Guild) -> None:
        """Say that somebody added the bot to a server."""
        self._ears.joined(_line(guild))

    async def process_application_commands(
        self, interaction: "nextcord.Interaction[nextcord.Client]"
    ) -> None:
        """Find the command by its name: nextcord goes by Discord's ids, new to each process."""
        data: Any = interaction.data or {}
        if "name" not in data or interaction.user is None:
            logger.warning("Interaction {} names no command or nobody who uses it.", interaction.id)
            return
        is_typing = interaction.type is nextcord.InteractionType.application_command_autocomplete
        if not is_typing and interaction.type is not nextcord.InteractionType.application_command:
            return
        command = self._connection.get_application_command_from_signature(
            type=int(data["type"]), qualified_name=str(data["name"]), guild_id=None
        )
        if not isinstance(command, nextcord.SlashApplicationCommand):
            logger.warning("/{} was used, which this acore does not have.", data["name"])
        elif is_typing:
            await command.call_autocomplete(self._connection, interaction)  # pyright: ignore[reportUnknownMemberType] - a bare Interaction
        else:
            await command.call(self._connection, interaction)  # pyright: ignore[reportUnknownMemberType] - a bare Interaction

    async def on_resumed(self) -> None:
        """Say that the connection is back."""
        self._ears.resumed()

    async def on_disconnect(self) -> None:
        """Say that the connection is gone."""
        if not self.is_closed():
            self._ears.lost("another connection is being made")

    async def on_message(self, _message: nextcord.Message) -> None:
        """Count a message."""
        self._ears.message()

    async def on_error(self, event_method: str, *_args: object, **_kwargs: object) -> None:
        """Log what failed in a handler, instead of nextcord's print."""
        self._ears.failed()
        logger.opt(exception=True).error("Handling {} from Discord failed.", event_method.removeprefix("on_"))

    async def on_application_command_error(
        self, interaction: "nextcord.Interaction[nextcord.Client]", exception: nextcord.ApplicationError
    ) -> None:
        """Log what failed in a command, instead of nextcord's print."""
        self._ears.failed()
        logger.opt(exception=exception).error("Taking in interaction {} failed.", interaction.id)


def _rebase(http: HTTPClient, base: str) -> None:
    """Send what *http* sends to *base*: for this client alone, a guest's host keeps its own."""
    send: Callable[..., Coroutine[Any, Any, object]] = http.request

    async def request(route: Route, **kwargs: Any) -> object:  # noqa: ANN401 - nextcord's own
        route.url = base + route.url.removeprefix(Route.BASE)
        return await send(route, **kwargs)

    http.request = request


def _line(guild: nextcord.Guild) -> GuildLine:
    return GuildLine(id=guild.id, name=guild.name, members=guild.member_count, owner=guild.owner_id)


def _application(found: Mapping[str, Any], wanted: nextcord.Intents) -> Application:
    """Return what Discord's application object says. The library's own form drops the roles of a team."""
    on, off = _intent_names(wanted)
    team = found.get("team")
    return Application(
        id=int(found["id"]),
        name=str(found["name"]),
        owners=owners_of(found),
        owner_name=f"team {team['name']}" if team else str(found["owner"]["username"]),
        intents_on=on,
        intents_off=off,
    )


def owners_of(found: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the users who own the application that *found* describes.

    Of a team these are its owner and the members who have accepted and may change the application:
    admins and developers, not who may only read (Discord, Teams, Team Member Roles).
    """
    team = found.get("team")
    if not team:
        return (int(found["owner"]["id"]),)
    members = [
        int(member["user"]["id"])
        for member in team["members"]
        if member["membership_state"] == _ACCEPTED and member.get("role") in _CHANGING_ROLES
    ]
    return tuple(dict.fromkeys((int(team["owner_user_id"]), *members)))


def _asked_wait(error: nextcord.HTTPException) -> float:
    """Return the seconds that Discord asked us to wait; 0 when it did not."""
    headers = error.response.headers
    wait = headers.get("Retry-After", "0")
    if error.status == _TOO_MANY and "X-RateLimit-Global" not in headers:
        wait = headers.get("X-RateLimit-Reset-After", wait)  # the same of this route, not in whole seconds
    try:
        return float(wait)
    except (TypeError, ValueError):
        return 0.0


def _for_good(code: int, wanted: nextcord.Intents) -> Exception:
    if code == _BAD_TOKEN:
        return TokenRefusedError()
    if code == _FORBIDDEN_INTENTS:
        return IntentsRefusedError(", ".join(_intent_names(wanted)[0]))
    return ConnectionRefusedForGoodError(code)


def _intent_names(wanted: nextcord.Intents) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the intents that are on, and of the privileged ones that are off."""
    on = tuple(sorted(name for name, is_on in wanted if is_on and name != "messages"))
    off = tuple(name for name in ("members", "presences", "message_content") if not getattr(wanted, name))
    return on, off


def _words(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__
