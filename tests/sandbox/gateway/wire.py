"""A gateway client without a library: it sends just what a test says, and shows every frame."""

import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from anyio import lowlevel

from acore.sandbox import Sandbox, realtime

PROPERTIES = {"os": "linux", "browser": "test", "device": "test"}
LONG = 10.0  # seconds a test waits for what must come


class Closed(Exception):  # noqa: N818 - it is no error that the server closes, it is what the test asks for
    """The server closed the socket."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Wire:
    """The client's end of one websocket."""

    def __init__(self, sandbox: Sandbox, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.sandbox = sandbox
        self.ws = ws
        self.hello: dict[str, Any] = {}
        self.frames: list[dict[str, Any]] = []
        self._inflate = zlib.decompressobj()

    async def send(self, op: int, d: object) -> None:
        await self.send_raw(msgspec.json.encode({"op": op, "d": d}).decode())

    async def send_raw(self, data: str | bytes) -> None:
        if isinstance(data, str):
            await self.ws.send_str(data)
        else:
            await self.ws.send_bytes(data)

    async def read(self) -> dict[str, Any]:
        """Return the next frame.

        Raises:
            Closed: there is none.
        """
        with realtime.deadline(LONG):
            message = await self.ws.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                frame = msgspec.json.decode(self._inflate.decompress(message.data))
            elif message.type is aiohttp.WSMsgType.TEXT:
                frame = msgspec.json.decode(message.data)
            else:
                raise Closed(self.ws.close_code)
            self.frames.append(frame)
            return frame
        raise AssertionError

    async def read_or_code(self) -> dict[str, Any] | int | None:
        """Return the next frame, or the code with which the server closed."""
        try:
            return await self.read()
        except Closed as closed:
            return closed.code

    async def until(self, what: str | int) -> dict[str, Any]:
        """Return the next dispatch of this name, or the next frame with this op."""
        while True:
            frame = await self.read()
            if what == (frame["t"] if isinstance(what, str) else frame["op"]):
                return frame

    async def end(self) -> int | None:
        """Return the code with which the server closes."""
        while isinstance(frame := await self.read_or_code(), dict):
            pass
        return frame

    async def beat(self, seq: int | None = None) -> list[dict[str, Any]]:
        """Return the frames that came until a heartbeat sent now was acknowledged."""
        await self.send(1, seq)
        before = len(self.frames)
        await self.until(11)
        return self.frames[before:-1]

    async def identify(self, intents: int = 0, **more: object) -> dict[str, Any]:
        """IDENTIFY as the bot, and return what READY tells."""
        await self.send(2, identity(self.sandbox, intents, **more))
        return (await self.until("READY"))["d"]

    async def resume(self, session_id: str, seq: int, token: str | None = None) -> None:
        """Ask for what the bot missed."""
        body = {"token": token or self.sandbox.bot_token, "session_id": session_id, "seq": seq}
        await self.send(6, body)


def identity(sandbox: Sandbox, intents: int = 0, **more: object) -> dict[str, object]:
    """Return the data of an IDENTIFY as the bot, unless *more* says otherwise."""
    return {"token": sandbox.bot_token, "properties": PROPERTIES, "intents": intents, **more}


async def true(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    with realtime.deadline(LONG):
        while not holds():
            await lowlevel.checkpoint()


@asynccontextmanager
async def wire(sandbox: Sandbox, *, query: str = "v=10&encoding=json") -> AsyncGenerator[Wire]:
    """Connect, and read HELLO."""
    url = sandbox.api.replace("http", "ws").replace("/api/v10", "/gateway")
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}?{query}", max_msg_size=0) as ws:
        client = Wire(sandbox, ws)
        client.hello = await client.read()
        yield client
