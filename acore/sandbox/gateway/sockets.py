"""One gateway socket: frames out in order, compressed if asked, and written down by the recorder."""

import asyncio
import zlib
from collections import deque
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from acore.sandbox.counts import Counts
from acore.sandbox.faults.faults import Faults
from acore.sandbox.gateway import frames
from acore.sandbox.gateway.codes import CloseCode, Op, ProtocolError
from acore.sandbox.gateway.rules import MAX_FRAME_BYTES
from acore.sandbox.recorder import GatewayLog
from acore.sandbox.shapes import Json, NotJsonError, as_object, from_json

MAX_UNSENT_BYTES = 16 * 1024 * 1024
"""A client that lets more than this wait for it does not read, and is cut off with 4000."""
ROOM_BYTES = 256 * 1024  # what may wait before `room` makes those wait who send much
WRITE_BYTES = 64 * 1024  # handed to the transport at once
CLOSING_SECONDS = 5.0  # a client that does not even take its close frame in is cut off
ACK_SECONDS = 0.05
"""How long an acknowledged heartbeat seems to have travelled.

nextcord's thread notes when it sent a heartbeat only after the loop has told it that it is sent; on the
loopback an acknowledgement can be there before, and its latency is counted from the heartbeat before: 41 s.
"""


@dataclass(frozen=True, slots=True)
class Closing:
    """The last thing in a socket's queue; without a code the connection is cut."""

    code: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """Whole websocket messages, to be written as they are."""

    messages: bytes
    written: asyncio.Event = field(default_factory=asyncio.Event)


class GatewaySocket:
    """The server's end of one websocket.

    Sending never waits: frames go into a queue which `write` empties, so that whoever changes the world
    does so in one go. The queue is bounded; a client that does not read is cut off.
    """

    def __init__(
        self, request: web.Request, ws: web.WebSocketResponse, log: GatewayLog, faults: Faults, counts: Counts
    ) -> None:
        self._request = request
        self._ws = ws
        self._log = log
        self._faults = faults
        self._counts = counts
        self._queue: deque[bytes | Ready | Closing] = deque()
        self._has_work = asyncio.Event()
        self._has_written = asyncio.Event()
        self._unsent = 0
        self.is_compressed = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj()
        self._cutting: asyncio.TimerHandle | None = None
        self.is_bot = False
        """Whether faults are meant for it; nobody is known to be a bot before IDENTIFY or RESUME."""
        self.is_closing = False
        self.was_closed_here = False
        self.closed_with: int | None = None

    # -- out

    def send(self, op: Op, d: object) -> None:
        """Queue a frame that is no dispatch."""
        self.send_frame(frames.encoded(op, d), {"t": None, "s": None, "op": int(op), "d": d})

    def send_frame(self, frame: bytes, shown: Json) -> None:
        """Queue one frame.

        Args:
            frame: its JSON.
            shown: the same for the recorder.
        """
        if self.is_closing:
            return
        if self.is_bot and shown["t"] is not None:
            self._counts.dispatches[shown["t"]] += 1
            data = self._faults.mangled_event(shown["t"], shown["d"])
            if data is not shown["d"]:
                shown = {**shown, "d": data}
                frame = msgspec.json.encode(shown)
        self._log.received(shown, compressed=self.is_compressed)
        self._unsent += len(frame)
        self._put(frame)
        if self._unsent > MAX_UNSENT_BYTES:
            self.give_up()

    def acknowledge(self) -> None:
        """Queue the acknowledgement of a heartbeat, a little later."""
        asyncio.get_running_loop().call_later(ACK_SECONDS, self.send, Op.HEARTBEAT_ACK, None)

    async def send_encoded(self, messages: bytes) -> None:
        """Write ready websocket messages in one go, after what is queued, and wait until there is room again.

        The recorder does not see them. On a zlib-stream socket the payloads must be raw deflate that begins
        without a history and ends at a byte (Z_FULL_FLUSH): the socket's own compressor begins anew behind
        them, which is what a full flush does, so that neither refers to the other.

        Args:
            messages: one or many, each wrapped by `frames.wrapped`; up to a megabyte or so at a time.
        """
        await self.send_ready(messages).wait()

    def send_ready(self, messages: bytes) -> asyncio.Event:
        """Queue ready websocket messages, as `send_encoded` takes them; the event tells that they left."""
        ready = Ready(messages)
        if self.is_closing:
            ready.written.set()
        else:
            self._put(ready)
        return ready.written

    @property
    def unsent_bytes(self) -> int:
        """What waits here for the client, queued or handed to the transport."""
        transport = self._request.transport
        return self._unsent + (0 if transport is None else transport.get_write_buffer_size())

    @property
    def ports(self) -> tuple[int, int] | None:
        """The port of the server's end and that of the client's, None once the connection is gone."""
        transport = self._request.transport
        if transport is None:
            return None
        here, there = (transport.get_extra_info(one) for one in ("sockname", "peername"))
        return (int(here[1]), int(there[1])) if here and there else None

    async def room(self) -> None:
        """Wait while much is queued, so that those who send much do not fill the memory."""
        while self._unsent > ROOM_BYTES and not self.is_closing:
            await self._has_written.wait()

    def close(self, code: int | None) -> None:
        """Close the socket once what was sent before has left; without a code, cut the connection at once."""
        if not self.is_closing:
            self.is_closing = self.was_closed_here = True
            self.closed_with = code
            self._log.closed(code)
            self._put(Closing(code))
            self._cutting = asyncio.get_running_loop().call_later(CLOSING_SECONDS, self._cut)
            if code is None:
                self._cut()

    def give_up(self) -> None:
        """Drop what waits for a client that does not read, and close the socket."""
        self._forget_queue()
        self.close(CloseCode.UNKNOWN_ERROR)

    # -- in

    async def read(self, timeout_seconds: float | None) -> Json | None:
        """Return the next frame the client sent, or None when it is gone.

        Raises:
            TimeoutError: nothing came for *timeout_seconds*.
            ProtocolError: what came is no frame.
        """
        message = await self._ws.receive(timeout=timeout_seconds)
        if message.type not in {web.WSMsgType.TEXT, web.WSMsgType.BINARY}:
            return None
        data = message.data.encode() if isinstance(message.data, str) else bytes(message.data)
        if len(data) > MAX_FRAME_BYTES:
            raise ProtocolError(CloseCode.DECODE_ERROR)
        try:
            sent = from_json(data)
        except NotJsonError:
            raise ProtocolError(CloseCode.DECODE_ERROR) from None
        if not isinstance(sent, dict):
            raise ProtocolError(CloseCode.DECODE_ERROR)
        frame = as_object(sent)  # pyright: ignore[reportUnknownArgumentType] - JSON's keys are text
        self._log.sent(frame)
        if not isinstance(frame.get("op"), int) or isinstance(frame["op"], bool):
            raise ProtocolError(CloseCode.DECODE_ERROR)
        return frame

    # -- the task that writes

    async def write(self) -> None:
        """Send what is queued, until the socket is closed by either side."""
        try:
            while True:
                self._has_work.clear()
                while self._queue:
                    if self.is_bot:
                        await self._faults.let_frame_pass()
                    if await self._write_next():
                        return
                await self._has_work.wait()
        except ConnectionError:
            return  # the client is gone; reading ends as well and lets the session wait for a RESUME
        finally:
            self.leave()

    def leave(self) -> None:
        """Let nobody wait for a client that is gone, and send it nothing more."""
        self.is_closing = True
        if self._cutting is not None:
            self._cutting.cancel()
        self._forget_queue()

    def _put(self, item: bytes | Ready | Closing) -> None:
        self._queue.append(item)
        self._has_work.set()

    async def _write_next(self) -> bool:
        """Write what is first in the queue; return whether it was the last thing there is to do."""
        item = self._queue.popleft()
        if isinstance(item, Closing):
            if item.code is not None:
                await self._ws.close(code=item.code)
            return True
        if isinstance(item, Ready):
            await self._write_ready(item)
        else:
            await self._write_frames(item)
        return False

    async def _write_frames(self, first: bytes) -> None:
        """Write a frame and those queued behind it, as many as fit into one write."""
        out = bytearray(self._wrapped(first))
        while self._queue and len(out) < WRITE_BYTES and not (self.is_bot and self._faults.slow_frames):
            following = self._queue[0]
            if not isinstance(following, bytes):
                break
            self._queue.popleft()
            out += self._wrapped(following)
        await self._hand_over(out)

    async def _write_ready(self, ready: Ready) -> None:
        await self._hand_over(ready.messages)
        self._deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        ready.written.set()

    def _wrapped(self, frame: bytes) -> bytes:
        self._unsent -= len(frame)
        if not self.is_compressed:
            return frames.wrapped(frame, is_binary=False)
        data = self._deflate.compress(frame) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return frames.wrapped(data, is_binary=True)

    async def _hand_over(self, data: bytes | bytearray) -> None:
        transport = self._request.transport
        if transport is None:
            raise ConnectionResetError
        transport.write(data)  # whole messages only: pings are answered in between by aiohttp
        await self._request.writer.drain()
        self._has_written.set()
        self._has_written.clear()

    def _cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    def _forget_queue(self) -> None:
        for item in self._queue:
            if isinstance(item, Ready):
                item.written.set()
        self._queue.clear()
        self._unsent = 0
        self._has_written.set()
