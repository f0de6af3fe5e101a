"""One gateway socket: frames out in order, compressed if asked, and written down by the recorder."""

import asyncio
import zlib
from enum import IntEnum
from typing import Any

import msgspec
from aiohttp import web

from acore.sandbox.counts import Counts
from acore.sandbox.faults.faults import Faults
from acore.sandbox.recorder import GatewayLog
from acore.sandbox.shapes import Json


class Op(IntEnum):
    """Gateway opcodes (Discord's documentation, "Opcodes and Status Codes")."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class CloseCode(IntEnum):
    """Why the gateway closes a socket."""

    GOING_AWAY = 1001
    UNKNOWN_OPCODE = 4001
    DECODE_ERROR = 4002
    NOT_AUTHENTICATED = 4003
    AUTHENTICATION_FAILED = 4004
    ALREADY_AUTHENTICATED = 4005
    INVALID_SEQ = 4007
    SESSION_TIMED_OUT = 4009
    INVALID_API_VERSION = 4012
    INVALID_INTENTS = 4013
    DISALLOWED_INTENTS = 4014


_FRAME = msgspec.json.Decoder(dict[str, Any])


class GatewaySocket:
    """The server's end of one websocket.

    Sending never waits: frames go into a queue which `write` empties, so that whoever changes the world
    does so in one go.
    """

    def __init__(
        self, request: web.Request, ws: web.WebSocketResponse, log: GatewayLog, faults: Faults, counts: Counts
    ) -> None:
        self._request = request
        self._ws = ws
        self._log = log
        self._faults = faults
        self._counts = counts
        self._queue: asyncio.Queue[str | int | None] = asyncio.Queue()
        """Frames; the last thing in it is a close code, or None if the connection is cut."""
        is_compressed = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if is_compressed else None
        self.is_closing = False
        self.is_bot = False
        """Whether faults are meant for it; nobody is known to be a bot before IDENTIFY or RESUME."""

    def send(self, op: Op, d: object, *, event: str | None = None, seq: int | None = None) -> None:
        """Queue one frame; nextcord reads `s` and `d` of each, hence none is ever left out."""
        if self.is_closing:
            return
        if event is not None and self.is_bot:
            self._counts.dispatches[event] += 1
            d = self._faults.mangled_event(event, d)
        frame: Json = {"t": event, "s": seq, "op": int(op), "d": d}
        self._log.received(frame, compressed=self._deflate is not None)
        self._queue.put_nowait(msgspec.json.encode(frame).decode())

    def close(self, code: int | None) -> None:
        """Close the socket once what was sent before has left; without a code, cut the connection at once."""
        if not self.is_closing:
            self.is_closing = True
            self._log.closed(code)
            self._queue.put_nowait(code)
            if code is None and self._request.transport is not None:
                self._request.transport.abort()

    async def read(self, timeout_seconds: float | None) -> Json | None:
        """Return the next frame the client sent, or None when it is gone.

        Raises:
            TimeoutError: nothing came for *timeout_seconds*.
            msgspec.DecodeError: what came is no frame.
        """
        message = await self._ws.receive(timeout=timeout_seconds)
        if message.type not in {web.WSMsgType.TEXT, web.WSMsgType.BINARY}:
            return None
        frame = _FRAME.decode(message.data)
        self._log.sent(frame)
        return frame

    async def write(self) -> None:
        """Send what is queued, until the socket is closed by either side."""
        while True:
            item = await self._queue.get()
            if item is None:
                return
            if self.is_bot:
                await self._faults.let_frame_pass()
            if isinstance(item, int):
                await self._ws.close(code=item)
                return
            try:
                await self._write_frame(item)
            except ConnectionError:
                return  # the client is gone; reading ends as well and lets the session wait for a RESUME

    async def _write_frame(self, text: str) -> None:
        if self._deflate is None:
            await self._ws.send_str(text)
            return
        data = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self._ws.send_bytes(data)
