"""The gateway: sockets in, sessions kept, events out."""

import anyio
import msgspec
from aiohttp import web

from acore.sandbox import payloads, realtime
from acore.sandbox.counts import Counts
from acore.sandbox.faults.faults import Faults
from acore.sandbox.gateway import intents
from acore.sandbox.gateway.intents import Intent
from acore.sandbox.gateway.sessions import Session, read_shard
from acore.sandbox.gateway.sockets import CloseCode, GatewaySocket, Op
from acore.sandbox.limits.starts import SessionStarts
from acore.sandbox.recorder import GatewayLog, Recorder
from acore.sandbox.shapes import Json, as_int, as_list, as_object, as_objects, as_snowflake
from acore.sandbox.state.audience import Audience
from acore.sandbox.state.records import Application, Guild, Member, User
from acore.sandbox.state.world import World

RESUMABLE_SECONDS = 180.0  # how long a session waits for its client to come back
MEMBERS_PER_CHUNK = 1000  # Discord's documentation, "Request Guild Members"
SUPPORTED_VERSIONS = {None, "9", "10"}
CLIENT_ENDED_IT = {1000, 1001}  # a client that closes with these gives its session up
READABLE_WITHOUT_IDENTIFY = {Op.HEARTBEAT, Op.IDENTIFY, Op.RESUME}
PRESENCE_KEYS = ("name", "type", "url", "state", "details", "created_at")


class Gateway:
    """Accepts sockets of bots and of people, and sends each what it may hear.

    Args:
        world: what the events are about; told here where to announce them.
        recorder: gets every frame of a bot's socket.
        faults: what shall go wrong.
        counts: where what bots are told is counted.
        starts: the budget of IDENTIFY.
        heartbeat_interval_ms: what HELLO asks for; a bot silent for twice as long is cut off.
    """

    def __init__(
        self,
        world: World,
        recorder: Recorder,
        faults: Faults,
        counts: Counts,
        *,
        starts: SessionStarts,
        heartbeat_interval_ms: int,
    ) -> None:
        self._world = world
        self._recorder = recorder
        self._faults = faults
        self._counts = counts
        self._heartbeat_interval_ms = heartbeat_interval_ms
        self._sessions: dict[str, Session] = {}
        self._sockets: set[GatewaySocket] = set()
        self.starts = starts
        self.url = ""
        world.announce = self.announce
        world.announce_guild = self.announce_guild

    # -- outwards

    def announce(self, event: str, payload: Json, audience: Audience) -> None:
        """Dispatch an event to every session of these users that wants it."""
        for session in self._sessions.values():
            if session.user.id in audience:
                session.dispatch(event, payload)

    def announce_guild(self, guild: Guild, user_id: str) -> None:
        """Dispatch GUILD_CREATE to the sessions of somebody who just joined."""
        for session in self._sessions.values():
            if session.user.id == user_id:
                payload = self._guild_create(session, guild)
                del payload["unavailable"]  # its absence is what tells joining from becoming available
                session.dispatch("GUILD_CREATE", payload)

    def close_bots(self, code: int | None) -> None:
        """Close the sockets of all bots with *code*; None cuts the connections without a word."""
        for socket in self._sockets:
            if socket.is_bot:
                socket.close(code)

    def ask_to_reconnect(self) -> None:
        """Send op 7 to all bots."""
        for session in self._sessions.values():
            if session.application is not None and session.socket is not None:
                session.socket.send(Op.RECONNECT, None)

    def invalidate_bots(self, *, resumable: bool) -> None:
        """Send op 9 to all bots; unless *resumable*, their sessions are over.

        Their sockets stay open, but must IDENTIFY or RESUME before anything else (Discord's documentation,
        "Invalid Session").
        """
        for session in list(self._sessions.values()):
            if session.application is None:
                continue
            if session.socket is not None:
                session.socket.send(Op.INVALID_SESSION, d=resumable)
            session.socket = None
            session.detached_at = session.detached_at or realtime.monotonic()
            if not resumable:
                del self._sessions[session.id]
            self._go_offline(session.user)

    def end_sessions(self, user: User, code: int) -> None:
        """Close the sockets of one user with *code*; none of the sessions can be resumed."""
        for session in list(self._sessions.values()):
            if session.user is user:
                del self._sessions[session.id]
                if session.socket is not None:
                    session.socket.close(code)
        self._go_offline(user)

    def sessions(self) -> list[Json]:
        """Return whose sessions there are, and which of them have a socket."""
        return [
            {
                "user_id": one.user.id,
                "is_bot": one.user.bot,
                "is_connected": one.socket is not None,
                "shard": one.shard,
                "seq": one.seq,
            }
            for one in self._sessions.values()
        ]

    def is_connected(self, user: User) -> bool:
        """Return whether a session of this user has a socket."""
        return any(one.user is user and one.socket is not None for one in self._sessions.values())

    def stop(self) -> None:
        """Close every socket."""
        for socket in self._sockets:
            socket.close(CloseCode.GOING_AWAY)

    # -- one socket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Speak the gateway's protocol on one websocket until it closes."""
        if self._faults.is_out and request.transport is not None:
            request.transport.abort()
        if self._faults.is_out or self._faults.is_refusing():
            return web.Response(status=503)
        ws = web.WebSocketResponse(timeout=1.0, max_msg_size=0, compress=False)
        await ws.prepare(request)
        log = self._recorder.socket(dict(request.query))
        socket = GatewaySocket(request, ws, log, self._faults, self._counts)
        self._sockets.add(socket)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(socket.write)
                await self._converse(socket, log, request.query.get("v"))
                if socket.is_closing:
                    return ws  # leaving the group waits until the close frame is out
                tasks.cancel_scope.cancel()
        finally:
            self._sockets.discard(socket)
            log.left(ws.close_code)
            self._detach(socket, ws.close_code, was_closed_here=socket.is_closing)
        return ws

    async def _converse(self, socket: GatewaySocket, log: GatewayLog, version: str | None) -> None:
        socket.send(Op.HELLO, {"heartbeat_interval": self._heartbeat_interval_ms})
        if version not in SUPPORTED_VERSIONS:
            socket.close(CloseCode.INVALID_API_VERSION)
            return
        session: Session | None = None
        while not socket.is_closing:
            try:
                frame = await socket.read(self._patience(session))
            except TimeoutError:
                socket.close(CloseCode.SESSION_TIMED_OUT)
                return
            except msgspec.DecodeError:
                socket.close(CloseCode.DECODE_ERROR)
                return
            if frame is None:
                return
            if session is not None and session.socket is not socket:
                session = None  # it was taken away with op 9
            session = self._handle(socket, log, session, frame)

    def _patience(self, session: Session | None) -> float | None:
        """Return how long a socket may be silent; people's clients may be as simple as they like."""
        if session is not None and session.application is None:
            return None
        return 2 * self._heartbeat_interval_ms / 1000

    def _handle(
        self, socket: GatewaySocket, log: GatewayLog, session: Session | None, frame: Json
    ) -> Session | None:
        op, data = frame.get("op"), frame.get("d")
        if session is None and op not in READABLE_WITHOUT_IDENTIFY:
            socket.close(CloseCode.NOT_AUTHENTICATED)
        elif session is not None and op in {Op.IDENTIFY, Op.RESUME}:
            socket.close(CloseCode.ALREADY_AUTHENTICATED)
        elif op == Op.HEARTBEAT:
            socket.send(Op.HEARTBEAT_ACK, None)
        elif op == Op.IDENTIFY:
            return self._identify(socket, log, as_object(data))
        elif op == Op.RESUME:
            return self._resume(socket, log, as_object(data))
        elif op == Op.PRESENCE_UPDATE and session is not None:
            self._change_presence(session.user, as_object(data))
        elif op == Op.REQUEST_GUILD_MEMBERS and session is not None:
            self._send_members(session, as_object(data))
        elif op != Op.VOICE_STATE_UPDATE:  # which is accepted; there are no voice channels to join
            socket.close(CloseCode.UNKNOWN_OPCODE)
        return session

    # -- sessions

    def _authenticate(self, socket: GatewaySocket, log: GatewayLog, token: str) -> User | None:
        user = self._world.user_of_token(token.removeprefix("Bot "))
        if user is not None and not user.bot:
            log.is_person()
        else:
            log.is_bot()
            socket.is_bot = True
        if user is None:
            socket.close(CloseCode.AUTHENTICATION_FAILED)
        return user

    def _identify(self, socket: GatewaySocket, log: GatewayLog, data: Json) -> Session | None:
        user = self._authenticate(socket, log, str(data.get("token")))
        if user is None:
            return None
        if user.bot and (refusal := self._faults.identify_refusal()) is not None:
            socket.close(refusal)
            return None
        application = self._world.application_of(user)
        wanted = as_int(data.get("intents"), -1) if application is not None else int(intents.ALL)
        if application is not None:
            refusal = self._refuse_intents(application, wanted)
            if refusal is not None:
                socket.close(refusal)
                return None
            if not self.starts.take(application.id):
                socket.send(Op.INVALID_SESSION, d=False)
                return None
        session = Session(
            id=self._world.randomness.token_hex(16),
            user=user,
            application=application,
            intents=wanted,
            socket=socket,
            shard=read_shard(as_list(data.get("shard"))),
            large_threshold=as_int(data.get("large_threshold"), 50),
        )
        self._forget_abandoned()
        self._sessions[session.id] = session
        self._welcome(session)
        self._change_presence(user, as_object(data.get("presence")) or {"status": "online"})
        return session

    def _refuse_intents(self, application: Application, wanted: int) -> CloseCode | None:
        if not intents.are_valid(wanted):
            return CloseCode.INVALID_INTENTS
        if not intents.are_allowed(wanted, application.flags):
            return CloseCode.DISALLOWED_INTENTS
        return None

    def _welcome(self, session: Session) -> None:
        guilds = [one for one in self._world.guilds_of(session.user.id) if session.has_guild(one.id)]
        ready: Json = {
            "v": 10,
            "user": payloads.own_user(session.user),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "private_channels": [],
            "presences": [],
        }
        if session.application is not None:
            ready["application"] = {"id": session.application.id, "flags": int(session.application.flags)}
        if session.shard is not None:
            ready["shard"] = list(session.shard)
        session.dispatch("READY", ready)
        for guild in guilds:
            session.dispatch("GUILD_CREATE", self._guild_create(session, guild))

    def _guild_create(self, session: Session, guild: Guild) -> Json:
        with_members = bool(session.intents & (Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES))
        return payloads.guild_create(
            guild,
            seen_by=session.user.id,
            with_members=with_members,
            large_threshold=session.large_threshold,
        )

    def _resume(self, socket: GatewaySocket, log: GatewayLog, data: Json) -> Session | None:
        user = self._authenticate(socket, log, str(data.get("token")))
        if user is None:
            return None
        session = self._sessions.get(str(data.get("session_id")))
        seq = as_int(data.get("seq"), -1)
        if session is None or session.user is not user or not session.can_replay(seq):
            socket.send(Op.INVALID_SESSION, d=False)
            return None
        session.resume(socket, seq)
        return session

    def _detach(self, socket: GatewaySocket, code: int | None, *, was_closed_here: bool) -> None:
        for session in list(self._sessions.values()):
            if session.socket is socket:
                session.socket = None
                session.detached_at = realtime.monotonic()
                if code in CLIENT_ENDED_IT and not was_closed_here:
                    del self._sessions[session.id]
                self._go_offline(session.user)

    def _forget_abandoned(self) -> None:
        oldest = realtime.monotonic() - RESUMABLE_SECONDS
        for session in list(self._sessions.values()):
            if session.detached_at is not None and session.detached_at < oldest:
                del self._sessions[session.id]

    # -- what clients ask for

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._world.guilds.get(as_snowflake(data.get("guild_id")) or "")
        if guild is None or session.user.id not in guild.members:
            return
        wanted, not_found = _asked_for(guild, session, data)
        pages = [wanted[at : at + MEMBERS_PER_CHUNK] for at in range(0, len(wanted), MEMBERS_PER_CHUNK)]
        for index, page in enumerate(pages or [[]]):
            chunk: Json = {
                "guild_id": guild.id,
                "members": [payloads.member(one) for one in page],
                "chunk_index": index,
                "chunk_count": max(1, len(pages)),
                "not_found": not_found,
            }
            if isinstance(data.get("nonce"), str):
                chunk["nonce"] = data["nonce"]
            if data.get("presences"):
                chunk["presences"] = []
            session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _change_presence(self, user: User, data: Json) -> None:
        # nextcord's IDENTIFY names its activity `game`, as the gateway did before version 8.
        activities = as_objects(data.get("activities")) or [
            one for one in [as_object(data.get("game"))] if one
        ]
        status = str(data.get("status") or "online")
        shown = [{key: one[key] for key in PRESENCE_KEYS if one.get(key) is not None} for one in activities]
        user.presence = {"status": "offline" if status == "invisible" else status, "activities": shown}
        for guild in self._world.guilds_of(user.id):
            status = user.presence["status"]
            payload: Json = {
                "user": {"id": user.id},
                "guild_id": guild.id,
                **user.presence,
                "client_status": {} if status == "offline" else {"web": status},
            }
            self.announce("PRESENCE_UPDATE", payload, guild.members)

    def _go_offline(self, user: User) -> None:
        if not self.is_connected(user):
            self._change_presence(user, {"status": "invisible"})


def _asked_for(guild: Guild, session: Session, data: Json) -> tuple[list[Member], list[str]]:
    """Return the members an op 8 asks for, and the ids that are nobody's."""
    if "user_ids" in data:
        sent = data["user_ids"]
        ids = [as_snowflake(one) or "" for one in (as_list(sent) or [sent])]
        return [guild.members[one] for one in ids if one in guild.members], [
            one for one in ids if one not in guild.members
        ]
    query, limit = str(data.get("query") or ""), as_int(data.get("limit"))
    found = [one for one in guild.members.values() if one.user.username.startswith(query)]
    if not query and not session.intents & Intent.GUILD_MEMBERS:
        found = [guild.members[session.user.id]]
    return (found[:limit] if limit else found), []
