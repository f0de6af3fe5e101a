"""The gateway: sockets in, sessions kept, events out."""

import anyio
from aiohttp import web

from acore.sandbox.counts import Counts
from acore.sandbox.faults.faults import Faults
from acore.sandbox.gateway.codes import CloseCode, Op
from acore.sandbox.gateway.conversation import Conversation
from acore.sandbox.gateway.register import Register
from acore.sandbox.gateway.rules import shards_for
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.gateway.sockets import GatewaySocket
from acore.sandbox.limits.guard import Guard
from acore.sandbox.recorder import Recorder
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application, Guild, User
from acore.sandbox.state.world import World

MOST_READ_BYTES = 1024 * 1024
"""What aiohttp takes in of one message; one that is too long for Discord gets Discord's close code."""


class Gateway:
    """Accepts sockets of bots and of people, and sends each what it may hear.

    Args:
        world: what the events are about; told here where to announce them.
        recorder: gets every frame of a bot's socket.
        faults: what shall go wrong.
        counts: where what bots are told is counted.
        guard: how much clients may do.
        heartbeat_interval_ms: what HELLO asks for.
        resumable_seconds: how long a session waits for its client to come back.
    """

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        faults: Faults,
        counts: Counts,
        guard: Guard,
        *,
        heartbeat_interval_ms: int,
        resumable_seconds: float,
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._faults = faults
        self._counts = counts
        self._guard = guard
        self._heartbeat_interval_ms = heartbeat_interval_ms
        self._register = Register(world, resumable_seconds)
        self._sockets: set[GatewaySocket] = set()
        self.url = ""
        world.announce = self._register.announce
        world.announce_guild = self.announce_guild

    # -- outwards

    def announce_guild(self, guild: Guild, user_id: str) -> None:
        """Dispatch GUILD_CREATE to the sessions of somebody who just joined."""
        for session in self._register.of_user(user_id):
            session.pending.pop(guild.id, None)
            session.tell_guild(guild, is_new=True)

    def sessions_of(self, user: User) -> list[Session]:
        """Return somebody's sessions, connected or waiting for their client."""
        return self._register.of_user(user.id)

    def sessions(self) -> list[Json]:
        """Return whose sessions there are, and which of them have a socket."""
        return [
            {
                "user_id": one.user.id,
                "is_bot": one.user.bot,
                "is_connected": one.socket is not None,
                "shard": [one.shard.number, one.shard.count],
                "seq": one.seq,
            }
            for one in self._register.everyone()
        ]

    def bot_sockets(self) -> list[GatewaySocket]:
        """Return the sockets of all bots."""
        return [socket for socket in self._sockets if socket.is_bot]

    def is_connected(self, user: User) -> bool:
        """Return whether a session of this user has a socket."""
        return self._register.is_connected(user)

    def starts(self, application: Application) -> Json:
        """Return how many shards a bot is recommended to use, and how often it may still IDENTIFY."""
        guilds = len(self._world.guilds_of(application.bot.id))
        shards = shards_for(guilds, self._guard.numbers.guilds_per_shard)
        return {"shards": shards, "session_start_limit": self._guard.starts.report(application.id)}

    # -- trouble on purpose

    def close_bots(self, code: int | None) -> None:
        """Close the sockets of all bots with *code*; None cuts the connections without a word."""
        for socket in self.bot_sockets():
            socket.close(code)

    def ask_to_reconnect(self) -> None:
        """Send op 7 to all bots."""
        self._send_to_bots(Op.RECONNECT, None)

    def ask_for_heartbeats(self) -> None:
        """Send op 1 to all bots, which answer with a heartbeat at once."""
        self._send_to_bots(Op.HEARTBEAT, None)

    def invalidate_bots(self, *, resumable: bool) -> None:
        """Send op 9 to all bots; unless *resumable*, their sessions are over.

        Their sockets stay open, but must IDENTIFY or RESUME before anything else (Discord's documentation,
        "Invalid Session").
        """
        self._send_to_bots(Op.INVALID_SESSION, resumable)
        for session in self._register.of_bots():
            if not resumable:
                self._register.end(session)
            elif session.socket is not None:
                self._register.detach(session)

    def end_sessions(self, user: User, code: int) -> None:
        """Close the sockets of one user with *code*; none of the sessions can be resumed."""
        for session in self._register.of_user(user.id):
            socket = session.socket
            self._register.end(session)
            if socket is not None:
                socket.close(code)

    def stop(self) -> None:
        """Close every socket."""
        for socket in self._sockets:
            socket.close(CloseCode.GOING_AWAY)
        self._register.stop()

    def _send_to_bots(self, op: Op, d: object) -> None:
        for session in self._register.of_bots():
            if session.socket is not None:
                session.socket.send(op, d)

    # -- one socket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Speak the gateway's protocol on one websocket until it closes."""
        is_cut_off = self._faults.is_cut_off()
        if is_cut_off and request.transport is not None:
            request.transport.abort()
        if is_cut_off or self._faults.is_refusing():
            return web.Response(status=503)
        ws = web.WebSocketResponse(timeout=1.0, max_msg_size=MOST_READ_BYTES, compress=False)
        await ws.prepare(request)
        log = self._recorder.socket(dict(request.query))
        socket = GatewaySocket(request, ws, log, self._faults, self._counts)
        self._sockets.add(socket)
        conversation = Conversation(
            self._register,
            self._guard,
            socket,
            log,
            heartbeat_interval_ms=self._heartbeat_interval_ms,
            url=self.url,
            version=request.query.get("v"),
            refusal=self._faults.identify_refusal,
        )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(socket.write)
                await conversation.hold(tasks)
                if not socket.was_closed_here:
                    tasks.cancel_scope.cancel()
                # Else leaving the group waits until the close frame is out.
        finally:
            self._sockets.discard(socket)
            socket.leave()
            log.left(ws.close_code)
            conversation.left(ws.close_code)
        return ws
