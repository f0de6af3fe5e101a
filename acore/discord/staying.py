"""Staying connected: a connection that is lost is made again while those who just asked still wait.

Discord repeats to a session that is resumed what it missed, but an interaction waits three seconds only for
its first answer (Discord, Receiving and Responding). nextcord's own loop waits at random up to 2, 4, 8 …
1024 s between two attempts and remembers earlier losses for half an hour: a command given in a short outage
was often too old when it came.
"""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import aiohttp
import nextcord  # noqa: TID251 - acore.discord is where nextcord lives
from loguru import logger
from nextcord.gateway import DiscordWebSocket, ReconnectWebSocket  # noqa: TID251 - as above

from acore.clock import Clock

QUICK, QUICK_ATTEMPTS, LONGEST = 0.5, 7, 60.0
"""Seconds between the first attempts, how many these are, and the most seconds between later ones."""
LASTING = 5.0
"""Seconds after which a connection counts as good: it is worth being made again at once."""
_CONNECT_LIMIT = 60.0
# Discord, Gateway Close Event Codes: no complaint; an error after which one resumes; forbidden intents.
_NORMAL, _UNKNOWN_ERROR, _FORBIDDEN_INTENTS = 1000, 4000, 4014


# What nextcord ends with when a frame is not what it takes it for.
_NONSENSE = (KeyError, TypeError, ValueError, AttributeError)


class NonsenseError(Exception):
    """The gateway said something that cannot be what Discord means; perhaps at the beginning of a session."""

    def __init__(self, error: Exception, *, is_first: bool) -> None:
        super().__init__(f"the gateway said what makes no sense ({type(error).__name__}: {error})")
        self.is_first = is_first


_LOST = (
    OSError,
    TimeoutError,
    aiohttp.ClientError,
    nextcord.HTTPException,
    nextcord.GatewayNotFound,
    nextcord.ConnectionClosed,
    NonsenseError,
)


def wait_before(attempt: int) -> float:
    """Return seconds to wait before an attempt to be back; the first is 1, and comes at once."""
    if attempt <= 1:
        return 0.0
    return min(LONGEST, QUICK * 2.0 ** min(max(0, attempt - QUICK_ATTEMPTS), 10))


def next_attempt(attempt: int, *, has_heard: bool, seconds: float) -> int:
    """Return the number of the attempt that follows a lost connection.

    Args:
        attempt: The number of the one that made it, or failed to.
        has_heard: Whether anything came over it.
        seconds: How long it lasted.
    """
    if not has_heard:
        return attempt + 1
    # Where each connection is taken and closed again, being back at once would go round without a pause.
    return 1 if seconds >= LASTING else min(attempt, 1) + 1


async def stay_connected(client: nextcord.Client, clock: Clock) -> None:
    """Connect, and connect again whenever the connection is lost, until the client is closed.

    Raises:
        nextcord.PrivilegedIntentsRequired: Discord does not allow the intents.
        nextcord.ConnectionClosed: Discord says not to come back.
        nextcord.GatewayNotFound: The first connection was lost before it was made.
        nextcord.HTTPException: The first connection was refused.
        NonsenseError: The session began with something that cannot be.
        OSError: The first connection could not be made.
        TimeoutError: The first connection was not made in time.
        aiohttp.ClientError: The first connection could not be made.
    """
    way: dict[str, Any] = {"initial": True}
    attempt = 0
    while not client.is_closed():
        began, has_heard = clock.monotonic(), False
        try:
            await _connect(client, clock, way)
            while True:
                await _hear(client)
                has_heard = True
        except ReconnectWebSocket as lost:
            client.dispatch("disconnect")
            if _has_never_connected(client):
                raise nextcord.GatewayNotFound from lost
            way, why = _back(client, way) if lost.resume else {}, "Discord wants another connection"
        except _LOST as lost:
            client.dispatch("disconnect")
            if client.is_closed():
                return
            if _has_never_connected(client) or (isinstance(lost, NonsenseError) and lost.is_first):
                raise
            await _refuse_for_good(client, lost)
            way, why = _back(client, way), str(lost) or type(lost).__name__
        attempt = next_attempt(attempt, has_heard=has_heard, seconds=clock.monotonic() - began)
        wait = wait_before(attempt)
        if wait and not client.is_closed():
            logger.warning("The gateway cannot be reached ({}); trying again in {:g} s.", why, wait)
            await clock.sleep(wait)


class _Socket(DiscordWebSocket):
    """One that leaves nothing behind where it is given up: nextcord's stays open and sends heartbeats."""

    is_given = False
    """Whether the client has it; while nextcord makes it nobody else could close it."""

    async def identify(self) -> None:
        """Begin a session."""
        await self._or_give_up(super().identify())

    async def resume(self) -> None:
        """Go on with a session."""
        await self._or_give_up(super().resume())

    async def poll_event(self) -> None:
        """Take in one frame; the first one comes before the client has this socket."""
        await self._or_give_up(super().poll_event())

    async def _or_give_up(self, step: Awaitable[None]) -> None:
        try:
            await step
        except BaseException:  # also where it is cancelled, by a stop or by the time limit
            await self._give_up()
            raise

    async def _give_up(self) -> None:
        # The client closes what it was given, unless that counts as closed: so it does already while it waits
        # for the other side to close it too, and where this is cancelled, only `close` ends the heartbeats.
        if not (self.is_given and self.open):
            with suppress(OSError, aiohttp.ClientError):
                await self.close(_UNKNOWN_ERROR)  # where it is cancelled, it waits for no answer


async def _connect(client: nextcord.Client, clock: Clock, way: dict[str, Any]) -> None:
    """Make a connection and give it to the client.

    Raises:
        NonsenseError: It begins with something that cannot be.
        TimeoutError: It was not made in time.
    """
    made = _Socket.from_client(client, format_gateway=True, shard_id=client.shard_id, **way)
    with clock.deadline(_CONNECT_LIMIT) as scope:
        try:
            socket = await made
        except _NONSENSE as error:
            raise NonsenseError(error, is_first=_has_never_connected(client)) from error
        socket.is_given, client.ws = True, socket
    if scope.cancelled_caught:
        raise TimeoutError(f"no answer within {_CONNECT_LIMIT:g} s")


async def _hear(client: nextcord.Client) -> None:
    """Take in one frame; an event that cannot be understood is left out, unless the session begins with it.

    Raises:
        NonsenseError: Without what this frame says it cannot go on.
    """
    before = client.ws.sequence
    try:
        await client.ws.poll_event()
    except _NONSENSE as error:
        nonsense = NonsenseError(error, is_first=before is None)
        if nonsense.is_first or client.ws.sequence == before:
            with suppress(OSError, aiohttp.ClientError):
                await client.ws.close(_UNKNOWN_ERROR)
            raise nonsense from error
        logger.warning("An event is left out: {}", nonsense)


def _has_never_connected(client: nextcord.Client) -> bool:
    return client.ws is None  # pyright: ignore[reportUnnecessaryComparison] - None before the first one


def _back(client: nextcord.Client, way: dict[str, Any]) -> dict[str, Any]:
    """Return the way back into the session; into a new one when there is none any more."""
    socket: Any = client.ws
    if socket.session_id is None:
        return {}
    # A socket that was resumed was not told this address again.
    gateway = socket.resume_url or way.get("gateway")
    return {"resume": True, "session": socket.session_id, "sequence": socket.sequence, "gateway": gateway}


async def _refuse_for_good(client: nextcord.Client, lost: BaseException) -> None:
    """Raise what says not to come back, in nextcord's own way."""
    if isinstance(lost, nextcord.ConnectionClosed) and lost.code != _NORMAL:
        if lost.code == _FORBIDDEN_INTENTS:
            raise nextcord.PrivilegedIntentsRequired(lost.shard_id) from None
        await client.close()
        raise lost
