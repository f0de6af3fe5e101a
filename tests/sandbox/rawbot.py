"""A bot without a library: it hears what the gateway says and answers over REST, in any way a test likes."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any, Self

import aiohttp
import msgspec

from acore.sandbox import Sandbox, realtime
from acore.sandbox.gateway.intents import ALL
from tests.sandbox.conftest import Reply

type Body = dict[str, Any]


class RawBot:
    """The bot of a sandbox's application, connected; it reads only when a test waits for something."""

    def __init__(
        self, sandbox: Sandbox, http: aiohttp.ClientSession, ws: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._sandbox = sandbox
        self._http = http
        self._ws = ws

    @classmethod
    @asynccontextmanager
    async def connected(cls, sandbox: Sandbox) -> AsyncGenerator[Self]:
        """Come up and go again."""
        async with aiohttp.ClientSession() as http:
            url = f"ws://127.0.0.1:{sandbox.port}/gateway?v=10&encoding=json"
            async with http.ws_connect(url, max_msg_size=0) as ws:
                bot = cls(sandbox, http, ws)
                await bot._identify()
                yield bot

    async def _identify(self) -> None:
        await self._ws.receive()  # HELLO
        properties = {"os": "", "browser": "", "device": ""}
        identity = {"token": self._sandbox.bot_token, "intents": int(ALL), "properties": properties}
        for op, data in ((1, None), (2, identity)):
            await self._ws.send_str(msgspec.json.encode({"op": op, "d": data}).decode())
        await self.heard("GUILD_CREATE")

    async def heard(self, event: str) -> Body:
        """Wait for the next event of this name; return what it tells."""
        with realtime.deadline(5):
            while True:
                frame = msgspec.json.decode((await self._ws.receive()).data)
                if frame["t"] == event:
                    return frame["d"]

    async def asked(self) -> Body:
        """Wait for the next interaction."""
        return await self.heard("INTERACTION_CREATE")

    async def answer(
        self,
        interaction: Body,
        kind: int,
        data: Body | None = None,
        *,
        files: Mapping[str, bytes] | None = None,
        query: str = "",
    ) -> Reply:
        """Answer an interaction for the first time."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback{query}"
        body: Body = {"type": kind} if data is None else {"type": kind, "data": data}
        return await self.request("POST", path, body, files=files)

    async def follow_up(
        self, interaction: Body, data: Body, *, files: Mapping[str, bytes] | None = None
    ) -> Reply:
        """Say one more thing."""
        return await self.request("POST", webhook(interaction), data, files=files)

    async def edit(self, interaction: Body, data: Body, message_id: str = "@original") -> Reply:
        """Change an answer."""
        return await self.request("PATCH", f"{webhook(interaction)}/messages/{message_id}", data)

    async def request(
        self, method: str, path: str, body: object = None, *, files: Mapping[str, bytes] | None = None
    ) -> Reply:
        """Ask the REST API."""
        headers = {"Authorization": f"Bot {self._sandbox.bot_token}"}
        data: aiohttp.FormData | bytes | None = None
        if files is not None:
            data = aiohttp.FormData()
            data.add_field("payload_json", msgspec.json.encode(body).decode())
            for number, (name, content) in enumerate(files.items()):
                data.add_field(f"files[{number}]", BytesIO(content), filename=name)
        elif body is not None:
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        url = self._sandbox.api + path
        async with self._http.request(method, url, data=data, headers=headers) as response:
            raw = await response.read()
        return Reply(response.status, msgspec.json.decode(raw) if raw else None, dict(response.headers))


def webhook(interaction: Body) -> str:
    """Return the path at which an interaction's token is used after the first answer."""
    return f"/webhooks/{interaction['application_id']}/{interaction['token']}"


def row(*components: Body) -> Body:
    """Return an action row."""
    return {"type": 1, "components": list(components)}


def button(custom_id: str = "press", **more: object) -> Body:
    """Return a button."""
    return {"type": 2, "style": 1, "label": "Press", "custom_id": custom_id, **more}
