"""What the client on one socket says, and what it is answered."""

from collections import deque
from collections.abc import Callable

from anyio.abc import TaskGroup

from acore.sandbox import realtime
from acore.sandbox.gateway import identify
from acore.sandbox.gateway.codes import (
    ENDED_BY_CLIENT,
    ENDED_BY_SERVER,
    SENT_BY_CLIENTS,
    WITHOUT_A_SESSION,
    CloseCode,
    Op,
    ProtocolError,
)
from acore.sandbox.gateway.members import find_members, send_members
from acore.sandbox.gateway.presence import read_presence
from acore.sandbox.gateway.ready import ready, tell_guilds
from acore.sandbox.gateway.register import Register
from acore.sandbox.gateway.rules import BEATS_MISSED, SUPPORTED_VERSIONS
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.gateway.sockets import GatewaySocket
from acore.sandbox.gateway.voice import change_voice
from acore.sandbox.limits.guard import Guard
from acore.sandbox.recorder import GatewayLog
from acore.sandbox.shapes import Json, as_object
from acore.sandbox.state.records import User

LEAST_PATIENCE = 0.01  # seconds; a heartbeat that waits to be read is read
MINUTE = 60.0


class Conversation:
    """One socket, from HELLO to its end.

    Args:
        register: the sessions.
        guard: how much a client may do.
        socket: the server's end.
        log: is told whose the socket is.
        heartbeat_interval_ms: what HELLO asks for.
        url: where a session may be resumed.
        version: of the API, as the address says it.
        refusal: tells the code with which a bot's IDENTIFY is refused on purpose.
    """

    def __init__(
        self,
        register: Register,
        guard: Guard,
        socket: GatewaySocket,
        log: GatewayLog,
        *,
        heartbeat_interval_ms: int,
        url: str,
        version: str | None,
        refusal: Callable[[], int | None],
    ) -> None:
        self._register = register
        self._guard = guard
        self._heartbeat_interval_ms = heartbeat_interval_ms
        self._socket = socket
        self._log = log
        self._url = url
        self._version = version
        self._refusal = refusal
        self._session: Session | None = None
        self._beat_at = realtime.monotonic()
        self._read_at: deque[float] = deque()

    async def hold(self, tasks: TaskGroup) -> None:
        """Greet the client and answer it, until one of both closes; what takes long is sent from *tasks*."""
        self._socket.send(Op.HELLO, {"heartbeat_interval": self._heartbeat_interval_ms})
        try:
            if self._version not in SUPPORTED_VERSIONS:
                raise ProtocolError(CloseCode.INVALID_API_VERSION)  # noqa: TRY301 - closed as for the rest
            while not self._socket.is_closing:
                frame = await self._socket.read(self._patience())
                if frame is None:
                    return
                self._count()
                self._answer(
                    tasks, Op(frame["op"]) if frame["op"] in SENT_BY_CLIENTS else None, frame.get("d")
                )
        except TimeoutError:
            self._socket.close(CloseCode.SESSION_TIMED_OUT)
        except ProtocolError as error:
            self._socket.close(error.code)

    def left(self, code: int | None) -> None:
        """Note that the socket is closed, by the client with *code* unless the server did it."""
        session = self._current
        if session is None:
            return
        socket = self._socket
        by_server = socket.was_closed_here and socket.closed_with in ENDED_BY_SERVER
        by_client = not socket.was_closed_here and code in ENDED_BY_CLIENT
        if by_server or by_client:
            self._register.end(session)
        else:
            self._register.detach(session)

    @property
    def _current(self) -> Session | None:
        """The session on this socket, unless op 9 or another socket took it away."""
        session = self._session
        return session if session is not None and session.socket is self._socket else None

    def _patience(self) -> float | None:
        """Return how long the client may wait with its next frame; people's may be as simple as they like.

        When its heartbeat is due, what waits to be read is still read, as the heartbeat may be among it.

        Raises:
            ProtocolError: it has been due for long, however many other frames there are.
        """
        session = self._current
        if session is not None and session.application is None:
            return None
        interval = self._heartbeat_interval_ms / 1000
        left = self._beat_at + BEATS_MISSED * interval - realtime.monotonic()
        if left < -interval:
            raise ProtocolError(CloseCode.SESSION_TIMED_OUT)
        return max(left, LEAST_PATIENCE)

    def _count(self) -> None:
        """Count a frame of a bot; people's clients ask with heartbeats whether they have heard everything.

        Raises:
            ProtocolError: there were too many within a minute.
        """
        session = self._current
        if session is not None and session.application is None:
            return
        now = realtime.monotonic()
        while self._read_at and self._read_at[0] <= now - MINUTE:
            self._read_at.popleft()
        self._read_at.append(now)
        if len(self._read_at) > self._guard.numbers.frames_per_minute:
            raise ProtocolError(CloseCode.RATE_LIMITED)

    def _answer(self, tasks: TaskGroup, op: Op | None, data: object) -> None:
        session = self._current
        if op is None:
            raise ProtocolError(CloseCode.UNKNOWN_OPCODE)
        if session is None and op not in WITHOUT_A_SESSION:
            raise ProtocolError(CloseCode.NOT_AUTHENTICATED)
        if session is not None and op in {Op.IDENTIFY, Op.RESUME}:
            raise ProtocolError(CloseCode.ALREADY_AUTHENTICATED)
        if op is Op.HEARTBEAT:
            self._beat(session, data)
        elif op is Op.IDENTIFY:
            self._identify(tasks, data)
        elif op is Op.RESUME:
            self._resume(tasks, data)
        elif session is not None:
            self._change(tasks, session, op, data)

    def _beat(self, session: Session | None, seq: object) -> None:
        """Acknowledge a heartbeat; what number a session that is not resumed yet has, is not known."""
        if not isinstance(seq, int | None) or isinstance(seq, bool):
            raise ProtocolError(CloseCode.DECODE_ERROR)
        if seq is not None and (seq < 0 or (session is not None and seq > session.seq)):
            raise ProtocolError(CloseCode.INVALID_SEQ)
        self._beat_at = realtime.monotonic()
        self._socket.acknowledge()

    def _change(self, tasks: TaskGroup, session: Session, op: Op, data: object) -> None:
        if op is Op.PRESENCE_UPDATE:
            self._register.change_presence(session, read_presence(data))
            return
        if not isinstance(data, dict):
            raise ProtocolError(CloseCode.DECODE_ERROR)
        asked = as_object(data)  # pyright: ignore[reportUnknownArgumentType] - JSON's keys are text
        if op is Op.VOICE_STATE_UPDATE:
            change_voice(self._register.world, session, asked, url=self._url)
            return
        found = find_members(self._register.world, session, asked)
        if found is not None:
            tasks.start_soon(send_members, session, self._socket, found)

    # -- beginning

    def _authenticate(self, data: object) -> User:
        """Return whose token it is.

        Raises:
            ProtocolError: nobody's.
        """
        user = self._register.world.user_of_token(identify.read_token(data))
        if user is not None and not user.bot:
            self._log.is_person()
        else:
            self._log.is_bot()
            self._socket.is_bot = True
        if user is None:
            raise ProtocolError(CloseCode.AUTHENTICATION_FAILED)
        return user

    def _identify(self, tasks: TaskGroup, data: object) -> None:
        user = self._authenticate(data)
        world = self._register.world
        application = world.application_of(user)
        if application is None:
            self._begin(tasks, identify.person_session(user, data, world))
            return
        refusal = self._refusal()
        if refusal is not None:
            self._socket.close(refusal)
            return
        guilds_per_shard = self._guard.numbers.guilds_per_shard
        session = identify.bot_session(user, application, data, world, guilds_per_shard=guilds_per_shard)
        if self._guard.starts.take(application.id, session.shard.number):
            self._begin(tasks, session)
        else:
            self._socket.send(Op.INVALID_SESSION, d=False)

    def _begin(self, tasks: TaskGroup, session: Session) -> None:
        world = self._register.world
        guilds = [one for one in world.guilds_of(session.user.id) if session.has_guild(one.id)]
        body: Json = ready(session, guilds, url=self._url, version=int(self._version or 10))
        if session.hears_of_guilds:
            session.pending = {one.id: one for one in guilds}
        self._session = session
        self._register.begin(session, self._socket, body)
        tasks.start_soon(tell_guilds, session, self._socket)

    def _resume(self, tasks: TaskGroup, data: object) -> None:
        user = self._authenticate(data)
        comeback = identify.read_comeback(data)
        session = self._register.of_id(comeback.session_id or "")
        if session is None or session.user is not user or comeback.seq is None:
            self._socket.send(Op.INVALID_SESSION, d=False)
            return
        if comeback.seq > session.seq:
            raise ProtocolError(CloseCode.INVALID_SEQ)
        if not session.can_replay(comeback.seq, is_compressed=self._socket.is_compressed):
            self._register.end(session)
            self._socket.send(Op.INVALID_SESSION, d=False)
            return
        self._session = session
        self._register.resume(session, self._socket, comeback.seq)
        tasks.start_soon(tell_guilds, session, self._socket)
