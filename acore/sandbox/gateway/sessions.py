"""A gateway session: what outlives its socket, so that a client may come back and miss nothing."""

from collections import deque
from dataclasses import dataclass, field

from acore.sandbox.gateway import intents
from acore.sandbox.gateway.sockets import GatewaySocket, Op
from acore.sandbox.shapes import Json, as_int
from acore.sandbox.state.records import Application, User

REPLAYABLE = 1000  # dispatches kept for a RESUME

ABOUT_GUILDS = frozenset({"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"})
"""Events whose `id` is the guild's."""


@dataclass(slots=True, eq=False)
class Session:
    """One IDENTIFY and everything dispatched since; *application* is None for a person."""

    id: str
    user: User
    application: Application | None
    intents: int
    socket: GatewaySocket | None
    shard: tuple[int, int] | None = None
    large_threshold: int = 50
    seq: int = 0
    detached_at: float | None = None
    sent: deque[tuple[int, str, Json]] = field(
        default_factory=lambda: deque[tuple[int, str, Json]](maxlen=REPLAYABLE)
    )

    def dispatch(self, event: str, payload: Json) -> None:
        """Send an event if the client wants it; while it is away, keep it for the RESUME."""
        if self.application is not None:
            if not self._is_for_this_shard(event, payload):
                return
            if not intents.wants(self.intents, event, payload, self.user.id):
                return
            payload = intents.as_read_by(self.intents, event, payload, self.user.id)
        self.seq += 1
        self.sent.append((self.seq, event, payload))
        if self.socket is not None:
            self.socket.send(Op.DISPATCH, payload, event=event, seq=self.seq)

    def can_replay(self, seq: int) -> bool:
        """Return whether everything after *seq* is still kept."""
        oldest = self.sent[0][0] if self.sent else self.seq + 1
        return oldest - 1 <= seq <= self.seq

    def resume(self, socket: GatewaySocket, seq: int) -> None:
        """Continue on a new socket with what was missed after *seq*."""
        if self.socket is not None:
            self.socket.close(None)
        self.socket = socket
        self.detached_at = None
        for number, event, payload in self.sent:
            if number > seq:
                socket.send(Op.DISPATCH, payload, event=event, seq=number)
        self.dispatch("RESUMED", {})

    def has_guild(self, guild_id: str) -> bool:
        """Return whether a guild is this shard's (Discord's documentation, "Sharding")."""
        return self.shard is None or (int(guild_id) >> 22) % self.shard[1] == self.shard[0]

    def _is_for_this_shard(self, event: str, payload: Json) -> bool:
        guild_id = payload.get("guild_id") or (payload.get("id") if event in ABOUT_GUILDS else None)
        if guild_id is None:
            return self.shard is None or self.shard[0] == 0 or event == "RESUMED"
        return self.has_guild(str(guild_id))


def read_shard(value: list[object]) -> tuple[int, int] | None:
    """Return the shard of an IDENTIFY, or None if it is not [number, count]."""
    if len(value) != 2:  # noqa: PLR2004 - a pair
        return None
    number, count = as_int(value[0]), as_int(value[1])
    return (number, count) if 0 <= number < count else None
