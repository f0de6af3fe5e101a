"""The sessions there are, found by id and by user; what begins, interrupts and ends one."""

import asyncio
from collections.abc import Iterable

from acore.sandbox import payloads
from acore.sandbox.gateway.announcements import Announcement
from acore.sandbox.gateway.presence import Presence
from acore.sandbox.gateway.sessions import Session
from acore.sandbox.gateway.sockets import GatewaySocket
from acore.sandbox.shapes import Json
from acore.sandbox.state.audience import Audience
from acore.sandbox.state.records import User
from acore.sandbox.state.world import World

MOST_WAITING = 10
"""Sessions of one shard that wait to be resumed; each keeps what was sent, and a crashing bot begins many."""


class Register:
    """Every session, connected or waiting for its client to come back.

    Args:
        world: what the sessions are about.
        resumable_seconds: how long a session waits.
    """

    def __init__(self, world: World, resumable_seconds: float) -> None:
        self.world = world
        self._resumable_seconds = resumable_seconds
        self._by_id: dict[str, Session] = {}
        self._by_user: dict[str, list[Session]] = {}

    def of_id(self, session_id: str) -> Session | None:
        """Return the session with this id."""
        return self._by_id.get(session_id)

    def of_user(self, user_id: str) -> list[Session]:
        """Return somebody's sessions, the one that spoke of its presence last at the end."""
        return list(self._by_user.get(user_id, ()))

    def everyone(self) -> list[Session]:
        """Return all sessions."""
        return list(self._by_id.values())

    def of_bots(self) -> list[Session]:
        """Return the sessions of all bots."""
        return [one for one in self._by_id.values() if one.application is not None]

    def is_connected(self, user: User) -> bool:
        """Return whether a session of this user has a socket."""
        return any(one.socket is not None for one in self._by_user.get(user.id, ()))

    def announce(self, event: str, payload: Json, audience: Audience) -> None:
        """Dispatch an event to every session of these users that wants it.

        The audience is asked once for each user who has a session, however many members it has.
        """
        news = Announcement(event, payload)
        for user_id, sessions in list(self._by_user.items()):
            if user_id in audience:
                for session in sessions:
                    session.hear(news)

    # -- the life of a session

    def begin(self, session: Session, socket: GatewaySocket, ready: Json) -> None:
        """Begin a session on a socket with READY; the guilds in `pending` are still to be told."""
        session.socket = socket
        session.dispatch("READY", ready)
        self._by_id[session.id] = session
        self._by_user.setdefault(session.user.id, []).append(session)
        self.show_presence(session.user)

    def resume(self, session: Session, socket: GatewaySocket, seq: int) -> None:
        """Continue a session on another socket."""
        if session.expiry is not None:
            session.expiry.cancel()
        session.resume(socket, seq)
        self.show_presence(session.user)

    def detach(self, session: Session) -> None:
        """Let a session wait for its client; of too many the one that waits longest is given up."""
        session.detach()
        loop = asyncio.get_running_loop()
        session.expiry = loop.call_later(self._resumable_seconds, self.end, session)
        waiting = {
            one.expiry.when(): one
            for one in self._by_user[session.user.id]
            if one.socket is None and one.shard == session.shard and one.expiry is not None
        }
        if len(waiting) > MOST_WAITING:
            self.end(waiting[min(waiting)])
        self.show_presence(session.user)

    def end(self, session: Session) -> None:
        """End a session: it cannot be resumed, and is in no voice channel any more."""
        if self._by_id.pop(session.id, None) is None:
            return
        if session.expiry is not None:
            session.expiry.cancel()
        session.socket = None
        sessions = self._by_user[session.user.id]
        sessions.remove(session)
        if not sessions:
            del self._by_user[session.user.id]
        for guild in self.world.guilds_of(session.user.id):
            state = guild.voice_states.get(session.user.id)
            if state is not None and state.session_id == session.voice_id:
                self.world.leave_voice(guild, session.user.id)
        self.show_presence(session.user)

    def stop(self) -> None:
        """Let no session end by itself any more."""
        for session in self._by_id.values():
            if session.expiry is not None:
                session.expiry.cancel()

    # -- presence

    def change_presence(self, session: Session, presence: Presence) -> None:
        """Note what a client says of its user, and tell the others."""
        session.presence = presence
        sessions = self._by_user[session.user.id]
        sessions.remove(session)
        sessions.append(session)
        self.show_presence(session.user)

    def show_presence(self, user: User) -> None:
        """Tell the members of all guilds of a user if its presence is another now than it was.

        It is what the connected session said that spoke last; without any, the user is offline.
        """
        connected: Iterable[Session] = reversed(self._by_user.get(user.id, []))
        said = next((one.presence for one in connected if one.socket is not None), Presence("offline"))
        if user.presence == said.shown():
            return
        user.presence = said.shown()
        for guild in self.world.guilds_of(user.id):
            payload = payloads.presence(user, guild.id)
            self.announce("PRESENCE_UPDATE", payload, guild.members)
