"""The edge that answers the command line, on a socket in the data directory."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from anyio import CancelScope, to_thread
from anyio.abc import SocketListener
from loguru import logger

from acore.control.address import SOCKET_NAME, NoAddressError, listen_at, remove
from acore.control.protocol import (
    BotStatus,
    EffectDecided,
    GetStatus,
    PartsNow,
    PinSet,
    Purge,
    Purged,
    Refusal,
    Request,
    SetPin,
    SettleEffect,
    WatchParts,
)
from acore.control.server import Caller, Switchboard
from acore.events.asks import AskError
from acore.events.discord import GatewayView, Link
from acore.events.lifecycle import LifecycleView, ProcessFacts
from acore.events.outbox import DecideEffect, OutboxView
from acore.events.parts import Part
from acore.events.store import PinJournal, PurgeJournal
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.status.report import report_of

RETRY = 30.0
"""Seconds between two attempts to make the socket, e.g. while the disk is full."""
PURGE_LIMIT = 3600.0
"""Seconds that removing much from the journal may take."""
_COMMAND_LINE = "the command line"
_REMOVE_LIMIT = 2.0


class Bot:
    """The bot that runs here, as far as the functions below need it to answer."""

    def __init__(self, io: EdgeContext, process: ProcessFacts, parts: Callable[[], tuple[Part, ...]]) -> None:
        self.io = io
        self.process = process
        self.parts = parts


type Server[R: Request] = Callable[[R, Caller, Bot], Awaitable[None]]

_SERVERS: dict[type[Request], Server[Any]] = {}


def serves[R: Request](kind: type[R]) -> Callable[[Server[R]], Server[R]]:
    """Make the function below the one that serves *kind*."""

    def register(server: Server[R]) -> Server[R]:
        assert kind not in _SERVERS, kind  # noqa: S101 - seen by whoever adds the second one
        _SERVERS[kind] = server
        return server

    return register


@serves(GetStatus)
async def tell_status(_asked: GetStatus, caller: Caller, bot: Bot) -> None:
    """Tell how the bot is, out of the views: it works while any part is down."""
    gateway, lifecycle = bot.io.view(GatewayView), bot.io.view(LifecycleView)
    application, outbox = gateway.application if gateway else None, bot.io.view(OutboxView)
    await caller.send(
        BotStatus(
            pid=bot.process.pid,
            boot=bot.io.boot,
            version=bot.process.version,
            name=application.name if application else "",
            is_connected=gateway is not None and gateway.link is Link.READY,
            is_stopping=lifecycle is not None and lifecycle.is_stopping,
            report=report_of(bot.io.clock.now(), bot.io, is_operator=True),
            undecided=outbox.undecided if outbox else 0,
            is_taking_up=outbox is None or not outbox.is_through,
        )
    )


@serves(WatchParts)
async def show_parts(asked: WatchParts, caller: Caller, bot: Bot) -> None:
    """Tell how every part is, again and again."""
    clock = bot.io.clock
    while True:
        await caller.send(
            PartsNow(
                pid=bot.process.pid,
                version=bot.process.version,
                at=clock.now(),
                monotonic=clock.monotonic(),
                parts=bot.parts(),
            )
        )
        await clock.sleep(asked.interval)


@serves(Purge)
async def purge(asked: Purge, caller: Caller, bot: Bot) -> None:
    """Have the writer remove what is old or too much; that takes as long as it takes."""
    wanted = PurgeJournal(by=_COMMAND_LINE, is_trial=asked.is_trial)
    try:
        await caller.send(Purged(outcome=await bot.io.ask(wanted, within=PURGE_LIMIT)))
    except AskError as error:
        await caller.send(Refusal(text=str(error)))


@serves(SetPin)
async def set_pin(asked: SetPin, caller: Caller, bot: Bot) -> None:
    """Have the writer keep entries, or no longer."""
    try:
        problem = await bot.io.ask(PinJournal(name=asked.name, seq=asked.seq, by=_COMMAND_LINE))
    except AskError as error:
        await caller.send(Refusal(text=str(error)))
    else:
        await caller.send(PinSet(problem=problem))


@serves(SettleEffect)
async def settle_effect(asked: SettleEffect, caller: Caller, bot: Bot) -> None:
    """Have a decision carried out."""
    try:
        decided = await bot.io.ask(DecideEffect(key=asked.key, decision=asked.decision, by=asked.by))
    except AskError as error:
        await caller.send(Refusal(text=str(error)))
    else:
        await caller.send(
            EffectDecided(effect=decided.effect, effect_id=decided.effect_id, problem=decided.problem)
        )


class ControlActor(EdgeActor):
    """Owns the control socket. What is wrong with it or its callers harms nothing else of the bot."""

    asks = (PurgeJournal, PinJournal, DecideEffect)

    def __init__(self, directory: Path, process: ProcessFacts, parts: Callable[[], tuple[Part, ...]]) -> None:
        """Prepare to answer.

        Args:
            directory: The data directory, locked by this process.
            process: What the process is.
            parts: Returns the tree of parts as it is now.
        """
        self._path = directory / SOCKET_NAME
        self._process = process
        self._parts = parts

    async def run(self, io: EdgeContext) -> None:
        """Take calls until asked to stop; then take the socket away."""
        io.ready()  # nobody has to wait for the socket: the bot can do without
        try:
            async with io.until_stopped():
                while (listener := await self._open()) is None:
                    await io.clock.sleep(RETRY)
                await self._switchboard(io).listen(listener)
        finally:
            with CancelScope(shield=True), io.clock.deadline(_REMOVE_LIMIT):
                await to_thread.run_sync(remove, self._path)

    async def _open(self) -> SocketListener | None:
        # Cancelled half-way, the socket would be made in the thread and nobody would close it.
        with CancelScope(shield=True):
            try:
                listener = await to_thread.run_sync(listen_at, self._path)
            except (OSError, NoAddressError) as error:
                why = error.strerror or error if isinstance(error, OSError) else error
                logger.warning(
                    "`acore top` and `acore status` cannot reach this bot, for want of a socket at {}: {}",
                    self._path,
                    why,
                )
                return None
            return await SocketListener.from_socket(listener)

    def _switchboard(self, io: EdgeContext) -> Switchboard:
        bot = Bot(io, self._process, self._parts)

        async def serve(request: Request, caller: Caller) -> None:
            await _SERVERS[type(request)](request, caller, bot)

        return Switchboard(serve, io.clock)
