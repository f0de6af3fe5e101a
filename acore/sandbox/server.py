"""The sandbox itself: it puts the rooms together, opens the port and closes it again."""

import errno
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import anyio.to_thread
from aiohttp import web

from acore.sandbox import whereabouts
from acore.sandbox.api.requests import Exchange, RequestHandler
from acore.sandbox.api.table import House
from acore.sandbox.cdn import Cdn
from acore.sandbox.control import faults as control_faults
from acore.sandbox.control import limits as control_limits
from acore.sandbox.control import load as control_load
from acore.sandbox.control import state as control_state
from acore.sandbox.control.control import PREFIX, Control
from acore.sandbox.counts import Counts
from acore.sandbox.faults.faults import Faults
from acore.sandbox.gateway.gateway import Gateway
from acore.sandbox.gateway.rules import RESUMABLE_SECONDS
from acore.sandbox.interactions.commands import Commands
from acore.sandbox.interactions.interactions import Interactions
from acore.sandbox.limits.guard import Guard
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.load.flood import Flood, FloodPlan
from acore.sandbox.load.meter import Meter
from acore.sandbox.messages.messages import KEPT_MESSAGES, Messages
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.recorder import Recorder
from acore.sandbox.resources.table import every_route
from acore.sandbox.shapes import Json
from acore.sandbox.state import keeping, seeding, worldfile
from acore.sandbox.state.records import User
from acore.sandbox.state.world import World
from acore.sandbox.switches import Switches

type Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOST = "127.0.0.1"
MAX_BODY = 64 * 1024 * 1024
MAX_LINE = 32 * 1024
"""Bytes of a request's first line, hence of its query (Cloudflare's documentation, "Limits")."""
SHUTDOWN_SECONDS = 1.0


class PortInUseError(OSError):
    """Somebody else listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(errno.EADDRINUSE, f"port {port} is taken; give another, or 0 for any that is free")
        self.port = port

    def __str__(self) -> str:
        return self.strerror or ""


class Sandbox(Switches):
    """A Discord of one's own on the loopback: REST and gateway, one guild, one bot and two people.

    It keeps everything in memory and lives between `start` and `stop`, or in an `async with`. Interactions
    and their tokens outlive the bot's connection, so that a bot which was killed can come back and finish its
    answers.

    Args:
        port: where to listen on 127.0.0.1; 0 takes any free port.
        state_file: written as soon as the sandbox serves; tells a driver addresses, ids and tokens.
        observe: told of each request that was answered.
        record: a directory for rest.jsonl and gateway.jsonl, what bots and the sandbox said.
        answer_within: seconds a bot has for an interaction's first answer; Discord's is 3.
        token_lifetime: seconds an answered interaction's token lives; Discord's is 15 minutes.
        heartbeat_interval_ms: what HELLO asks for; nextcord needs less than a minute.
        resumable_seconds: how long a gateway session waits for its client to come back.
        limits: how much a bot may do; only the limits of routes if it is a word.
        world_file: TOML that says what there is at the start, as in config/sandbox.toml.
        seed: makes tokens and the lower bits of ids the same in every run, for tests.
        keep: a file in which everything outlives a stop; if it exists, nothing else furnishes the world.
        bot_permissions: what bots are invited with, where the world file does not say.
        messages_kept: how many messages a channel has at most; beyond it the oldest tenth is forgotten.

    Raises:
        WorldFileError: the world file says something that cannot be.
        KeptFileError: the file of kept state is damaged or another's, or another sandbox uses it.
        OSError: one of them cannot be read.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        state_file: Path | None = None,
        record: Path | None = None,
        observe: Callable[[Exchange], None] | None = None,
        answer_within: float = 3.0,
        token_lifetime: float = 900.0,
        heartbeat_interval_ms: int = 41250,
        resumable_seconds: float = RESUMABLE_SECONDS,
        limits: Limits | Literal["relaxed", "discord"] = "relaxed",
        world_file: Path | None = None,
        seed: int | None = None,
        keep: Path | None = None,
        messages_kept: int = KEPT_MESSAGES,
        bot_permissions: int = permissions.EVERYONE_MAY,
    ) -> None:
        lock, kept = (None, None) if keep is None else keeping.take(keep)
        world = World(seed, _furnishing(kept, world_file), bot_permissions=bot_permissions)
        guard = Guard(limits if isinstance(limits, Limits) else Limits(routes=limits))
        self._counts = Counts()
        self._control = Control()
        self._port = port
        self._state_file = state_file
        self._recorder = Recorder(record)
        self._observe = observe
        faults = Faults()
        gateway = Gateway(
            world,
            self._recorder,
            faults,
            self._counts,
            guard,
            heartbeat_interval_ms=heartbeat_interval_ms,
            resumable_seconds=resumable_seconds,
        )
        super().__init__(world, gateway, faults, guard)
        self.messages = Messages(self.world, "", kept=messages_kept)
        self.commands = Commands(self.world.snowflakes, self._guard.creates)
        self.interactions = Interactions(
            self.world, self.messages, answer_within=answer_within, token_lifetime=token_lifetime
        )
        self._floods = control_load.Floods(self._flood, is_recording=record is not None)
        self.meter = Meter(self._gateway.bot_sockets)
        self._changing_requests = 0
        self._keeper = (
            None
            if keep is None or lock is None
            else keeping.Keeper(keep, lock, self.kept_roots(), self._changes)
        )
        if kept is not None:
            for name, root in self.kept_roots().items():
                if root is not self.world:
                    kept.fill(name, root)
            self.world.randomness.restart(self.world.snowflakes.made)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    # -- life

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            PortInUseError: somebody else listens on the port.
            KeptFileError: it was stopped before, and another sandbox uses its file of kept state now.
            OSError: the recording or the state file cannot be written.
        """
        await self._recorder.start()
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=SHUTDOWN_SECONDS,
            max_line_size=MAX_LINE,
        )
        try:
            await self._serve(self._runner)
        except (OSError, keeping.KeptFileError) as error:
            await self.stop()
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise PortInUseError(self._port) from error
            raise

    async def _serve(self, runner: web.AppRunner) -> None:
        await runner.setup()
        await web.TCPSite(runner, HOST, self._port).start()
        self._port = int(runner.addresses[0][1])
        self._gateway.url = f"ws://{HOST}:{self._port}/gateway"
        self.messages.origin = self.origin
        if self._keeper is not None:
            await self._keeper.start()
        if self._state_file is not None:
            await anyio.to_thread.run_sync(whereabouts.write, self._state_file, self.state())

    async def stop(self) -> None:
        """Close every socket, refuse what is held, and end; the world stays as it is for another `start`.

        Raises:
            OSError: the state could not be kept.
        """
        self._faults.stop()
        self.meter.stop()
        self.interactions.stop()
        self._gateway.stop()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        await self._recorder.stop()
        if self._keeper is not None:
            await self._keeper.stop()

    def kept_roots(self) -> dict[str, object]:
        """Return by name what holds all that outlives a stop."""
        return {
            "world": self.world,
            "snowflakes": self.world.snowflakes,
            "messages": self.messages,
            "files": self.messages.files,
            "commands": self.commands,
            "command_permissions": self.commands.permissions,
        }

    def _changes(self) -> int:
        """Return a number that grows whenever something may have changed."""
        return self._changing_requests + self.world.snowflakes.made

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        try:
            return await self.meter.watch(request, handler)
        finally:
            self._changing_requests += request.method != "GET"

    def _flood(self, plan: FloodPlan) -> Flood:
        connected = [one for one in self.world.applications.values() if self._gateway.is_connected(one.bot)]
        application = connected[0] if connected else self.world.application
        return Flood(self.world, self.messages, self._gateway, application, plan)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._watch])
        house = House(self.world, self._gateway, self.messages, self.commands, self.interactions)
        handler = RequestHandler(
            house,
            every_route(),
            self._guard,
            faults=self._faults,
            notes=self._recorder,
            counts=self._counts,
        )
        handler.observe = self._observe
        for routes in (
            control_faults.routes(self._faults, self.inject),
            control_limits.routes(self._guard),
            control_load.routes(self.world, self.meter, self._floods),
            control_state.routes(self.state, self._gateway, self._guard, self._counts),
        ):
            self._control.routes.include(routes)
        app.router.add_route("*", PREFIX + "/{path:.*}", self._control.handle)
        app.router.add_get("/gateway", self._gateway.serve)
        app.router.add_get("/gateway/", self._gateway.serve)
        Cdn(self.world.pictures, self.messages).add_to(app)
        app.router.add_route("*", "/{path:.*}", handler.handle)
        return app

    # -- addresses, ids and tokens

    @property
    def port(self) -> int:
        """The port it listens on, once it serves."""
        return self._port

    @property
    def state_file(self) -> Path | None:
        """The file that tells where it is, if one was asked for."""
        return self._state_file

    @property
    def origin(self) -> str:
        """Where files and the API are, without a path."""
        return f"http://{HOST}:{self._port}"

    @property
    def api(self) -> str:
        """The base of the REST API for bots, which nextcord calls Route.BASE."""
        return f"{self.origin}/api/v10"

    @property
    def gateway_url(self) -> str:
        """Where the gateway is, for libraries that do not ask REST for it."""
        return self._gateway.url

    @property
    def bot_token(self) -> str:
        """The token the bot logs in with."""
        return self.world.application.bot.token

    @property
    def application_id(self) -> str:
        """The id of the bot's application."""
        return self.world.application.id

    @property
    def guild_id(self) -> str:
        """The id of the first guild."""
        return self.world.guild.id

    @property
    def channel_id(self) -> str:
        """The id of the first guild's #general."""
        return self.world.channel.id

    @property
    def users(self) -> list[User]:
        """The people: the owner first, then the member, then who was added."""
        return [user for user in self.world.users.values() if not user.bot]

    def state(self) -> Json:
        """Return what a driver must know to act as a bot or a person here."""
        return {
            "api": f"{self.origin}/api/v9",
            "api_v10": self.api,
            "users": [{"id": one.id, "username": one.username, "token": one.token} for one in self.users],
            "user_token": self.world.owner.token,
            "guild_id": self.guild_id,
            "channel_id": self.channel_id,
            "application_id": self.application_id,
            "bot_token": self.bot_token,
            "control": {"url": f"{self.origin}{PREFIX}", "token": self._control.token},
        }


def _furnishing(kept: keeping.Kept | None, world_file: Path | None) -> Callable[[World], None] | None:
    """Return what puts everything into the world; None for what a sandbox has by itself."""
    if kept is not None:
        return partial(kept.fill, "world")
    if world_file is not None:
        return partial(seeding.furnish, plan=worldfile.read(world_file))
    return None
