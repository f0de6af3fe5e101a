"""A gateway session: what outlives its socket, so that a client may come back and miss nothing."""

import asyncio
from dataclasses import dataclass, field

import msgspec

from acore.sandbox.gateway import frames, guilds, intents
from acore.sandbox.gateway.announcements import TO_EVERY_SHARD, Announcement
from acore.sandbox.gateway.codes import Op
from acore.sandbox.gateway.presence import Presence
from acore.sandbox.gateway.replay import MAX_FRAMES, Kept, Replay
from acore.sandbox.gateway.shards import Shard
from acore.sandbox.gateway.sockets import GatewaySocket
from acore.sandbox.shapes import Json
from acore.sandbox.state.records import Application, Guild, User

type Held = tuple[str, Json, msgspec.Raw]


class NotReservedError(RuntimeError):
    """Frames were sent whose sequence numbers are not, or no longer, reserved for them."""

    def __init__(self, count: int, left: int) -> None:
        super().__init__(f"{count} sequence numbers are used, but only {left} are reserved")


@dataclass(slots=True, eq=False)
class Session:
    """One IDENTIFY and everything dispatched since; *application* is None for a person.

    While guilds are *pending*, their GUILD_CREATE is still to come.
    """

    id: str
    voice_id: str
    """What its voice states are called; not the secret that a RESUME needs."""
    user: User
    application: Application | None
    intents: int
    shard: Shard
    large_threshold: int
    presence: Presence
    socket: GatewaySocket | None = None
    seq: int = 0
    pending: dict[str, Guild] = field(default_factory=dict[str, Guild])
    expiry: asyncio.TimerHandle | None = None
    replay: Replay = field(default_factory=Replay)
    reserved: int = 0
    held: list[Held] = field(default_factory=list[Held])

    # -- what happens

    def hear(self, news: Announcement) -> None:
        """Dispatch an event if the client wants it; while it is away, keep it for the RESUME."""
        payload, encoded = news.payload, None
        if self.application is not None:
            if not self.shard.takes(news.guild_id) and news.event not in TO_EVERY_SHARD:
                return
            if not intents.wants(self.intents, news.event, payload, self.user.id):
                return
            payload, encoded = news.as_read_by(self.intents, self.user.id)
        if news.guild_id in self.pending:
            if news.event == "GUILD_DELETE":
                del self.pending[news.guild_id]
            elif news.event in guilds.TOLD_BY_GUILD_CREATE:
                return
            else:
                self.tell_guild(self.pending.pop(news.guild_id))
        self.dispatch(news.event, payload, encoded or news.encoded)

    def tell_guild(self, guild: Guild, *, is_new: bool = False) -> None:
        """Dispatch GUILD_CREATE, if the client wants to hear of guilds and is still in this one."""
        if self.user.id in guild.members and self.hears_of_guilds and self.has_guild(guild.id):
            payload = guilds.guild_create(
                guild, self.user.id, intents=self.intents, large_threshold=self.large_threshold
            )
            if is_new:
                del payload["unavailable"]  # its absence is what tells joining from becoming available
            self.dispatch("GUILD_CREATE", payload)

    def dispatch(self, event: str, payload: Json, encoded: msgspec.Raw | None = None) -> None:
        """Give an event the next number and send it; while numbers are reserved, it waits behind them.

        Args:
            event: its name.
            payload: its data.
            encoded: the same as JSON, if it is known.
        """
        data = encoded or msgspec.Raw(msgspec.json.encode(payload))
        if self.reserved:
            self.held.append((event, payload, data))
            if len(self.held) > MAX_FRAMES and self.socket is not None:
                self.socket.give_up()
            return
        self.seq += 1
        frame = frames.encoded(Op.DISPATCH, data, event=event, seq=self.seq)
        self.replay.keep(Kept(self.seq, self.seq, frame))
        if self.socket is not None:
            shown: Json = {"t": event, "s": self.seq, "op": int(Op.DISPATCH), "d": payload}
            self.socket.send_frame(frame, shown)

    @property
    def hears_of_guilds(self) -> bool:
        """Whether GUILD_CREATE is for it."""
        return bool(self.intents & intents.Intent.GUILDS)

    def has_guild(self, guild_id: str) -> bool:
        """Return whether a guild is this session's; a person's has them all."""
        return self.application is None or self.shard.takes(guild_id)

    # -- coming back

    def can_replay(self, seq: int, *, is_compressed: bool) -> bool:
        """Return whether everything after *seq* is still kept."""
        return self.replay.reaches(seq, self.seq, is_compressed=is_compressed)

    def resume(self, socket: GatewaySocket, seq: int) -> None:
        """Continue on a new socket with what was missed after *seq*."""
        if self.socket is not None:
            self.socket.close(None)
        self.socket = socket
        for kept in self.replay.after(seq):
            if kept.is_ready:
                socket.send_ready(kept.after(seq))
            else:
                socket.send_frame(kept.data, frames.decoded(kept.data))
        self.dispatch("RESUMED", {})

    def detach(self) -> None:
        """Go on without a socket; what was reserved is given back."""
        self.socket = None
        self.release()

    # -- frames that were made elsewhere

    def reserve(self, count: int) -> int:
        """Reserve the next sequence numbers for frames that are made elsewhere.

        Other dispatches wait until `send_encoded` has used them all, `release` gives the rest back, or the
        client goes away; so reserve what is sent soon.

        Args:
            count: how many.

        Returns:
            The first of them.

        Raises:
            NotReservedError: some are reserved already.
        """
        if self.reserved:
            raise NotReservedError(count, self.reserved)
        self.reserved = count
        return self.seq + 1

    async def send_encoded(self, messages: bytes, count: int) -> None:
        """Send ready websocket messages that carry the next *count* reserved numbers, and wait for room.

        Intents and shard are the caller's to keep, and the recorder sees nothing of it. If the client is
        away, they wait for its RESUME like everything else.

        Args:
            messages: `frames.wrapped` messages, one for each number; for a zlib-stream socket their payloads
                are raw deflate, each independent of the others (see `GatewaySocket.send_encoded`).
            count: how many they are.

        Raises:
            NotReservedError: so many are not reserved (any more: the client went away meanwhile).
        """
        if count > self.reserved:
            raise NotReservedError(count, self.reserved)
        socket = self.socket
        is_compressed = socket is not None and socket.is_compressed
        first, self.seq = self.seq + 1, self.seq + count
        self.reserved -= count
        self.replay.keep(Kept(first, self.seq, messages, is_ready=True, is_compressed=is_compressed))
        written = None if socket is None else socket.send_ready(messages)
        if not self.reserved:
            self.release()
        if written is not None:
            await written.wait()

    def release(self) -> None:
        """Give back what is reserved, and dispatch what waited behind it."""
        self.reserved = 0
        held, self.held = self.held, []
        for event, payload, data in held:
            self.dispatch(event, payload, data)
