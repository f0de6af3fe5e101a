"""One client's connection: its requests and what the gateway tells it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import aiohttp
import anyio
import msgspec

from acore.sandbox.gateway.codes import Op
from acore.sandbox.person.feed import Feed, GatewayLostError, PersonError, SeenEvent
from acore.sandbox.person.places import Places
from acore.sandbox.shapes import Json, as_list, as_object, as_objects

OK = range(200, 300)


class RefusedError(PersonError):
    """The sandbox refused a request, as Discord would."""

    def __init__(self, status: int, body: Json) -> None:
        told = "; ".join(f"{path}: {why}" for path, why in _reasons(body.get("errors"), ""))
        more = f": {told}" if told else ""
        super().__init__(f"{status}: {body.get('message')} (code {body.get('code')}){more}")
        self.status = status
        self.body = body

    @property
    def code(self) -> int:
        """Discord's own number for the reason."""
        return int(self.body.get("code", 0))


def _reasons(errors: object, path: str) -> list[tuple[str, str]]:
    """Return each wrong field with the sentence about it."""
    tree = as_object(errors)
    found = [(path, str(one.get("message"))) for one in as_objects(tree.get("_errors"))]
    for key, inner in tree.items():
        if key != "_errors":
            found += _reasons(inner, f"{path}.{key}" if path else key)
    return found


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file a person sends along."""

    filename: str
    data: bytes
    content_type: str = "application/octet-stream"


class Connection:
    """One user, connected; used as an `async with` within one task.

    Args:
        api: the base of the sandbox's REST API.
        token: the user's token.
    """

    def __init__(self, api: str, token: str) -> None:
        self._api = api
        self._token = token
        self._stack = AsyncExitStack()
        self._feed = Feed()
        self._session_id = ""
        self.user: Json = {}
        self.places = Places()
        self._feed.listeners.append(self.places.take)

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        try:
            await self._connect()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._stack.__aexit__(kind, error, traceback)

    async def _connect(self) -> None:
        self._http = aiohttp.ClientSession()
        self._stack.push_async_callback(_in_peace, self._http.close)
        gateway = await self.request("GET", "/gateway")
        try:
            self._ws = await self._http.ws_connect(f"{gateway['url']}?v=10&encoding=json", max_msg_size=0)
        except aiohttp.ClientError as error:
            raise GatewayLostError from error
        self._stack.push_async_callback(_in_peace, self._ws.close)
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(tasks.cancel_scope.cancel)
        tasks.start_soon(self._listen)
        identity = {"token": self._token, "properties": {"os": "", "browser": "sandbox", "device": ""}}
        await self._send(Op.IDENTIFY, identity)
        ready = await self.wait_for(lambda event: event.name == "READY", within=10)
        self._session_id = ready.data["session_id"]
        self.user = ready.data["user"]
        awaited = {guild["id"] for guild in ready.data["guilds"]}
        await self._feed.until(lambda: awaited <= self.guilds.keys(), within=10)

    # -- what happens

    async def _listen(self) -> None:
        try:
            async for message in self._ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._feed.take(msgspec.json.decode(message.data))
        finally:
            self._feed.lose()

    async def _send(self, op: Op, data: object) -> None:
        try:
            await self._ws.send_str(msgspec.json.encode({"op": op, "d": data}).decode())
        except aiohttp.ClientConnectionError as error:
            raise GatewayLostError from error

    @property
    def guilds(self) -> dict[str, Json]:
        """The servers this person is in, by id."""
        return self.places.guilds

    @property
    def events(self) -> list[SeenEvent]:
        """Everything this client was told, in order."""
        return self._feed.events

    @property
    def is_lost(self) -> bool:
        """Whether the sandbox closed the connection."""
        return self._feed.is_lost

    def listen(self, listener: Callable[[SeenEvent], None]) -> None:
        """Have *listener* called with each event from now on, before whoever waits for it is woken."""
        self._feed.listeners.append(listener)

    async def wait_for(
        self, matches: Callable[[SeenEvent], bool], *, within: float | None = None, after: int = 0
    ) -> SeenEvent:
        """Return the first event that matches, also one seen before.

        Args:
            matches: tells the event.
            within: seconds to wait; None waits for ever.
            after: how many of the events seen so far do not count; `len(person.events)` for none of them.

        Raises:
            TimeoutError: it did not come in time.
            GatewayLostError: the sandbox closed the connection.
        """
        return await self._feed.wait_for(matches, within=within, after=after)

    async def lost(self) -> None:
        """Return when the sandbox has closed the connection."""
        await self._feed.until(lambda: self.is_lost, within=None)

    async def catch_up(self, *, within: float = 10.0) -> None:
        """Return when everything the gateway had to say until now has been heard.

        A heartbeat's answer comes after whatever was sent before it.

        Raises:
            TimeoutError: the gateway does not answer in time.
            GatewayLostError: the sandbox closed the connection.
        """
        heard = self._feed.echoes
        await self._send(Op.HEARTBEAT, None)
        await self._feed.until(lambda: self._feed.echoes > heard, within=within)

    # -- requests

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        files: Sequence[SentFile] = (),
    ) -> Json:
        """Ask the REST API as this person; an array comes back under "items".

        Args:
            method: e.g. GET.
            path: below the base.
            body: sent as JSON.
            query: what follows the question mark.
            files: sent along, as files[0] and so on.

        Raises:
            RefusedError: the answer is no success.
            GatewayLostError: the sandbox is gone.
        """
        headers = {"Authorization": self._token}
        data: aiohttp.FormData | bytes | None = None if body is None else msgspec.json.encode(body)
        if files:
            data = _multipart(body, files)
        else:
            headers["Content-Type"] = "application/json"
        url = self._api + path
        try:
            async with self._http.request(method, url, data=data, headers=headers, params=query) as response:
                raw = await response.read()
        except aiohttp.ClientConnectionError as error:
            raise GatewayLostError from error
        answer: object = msgspec.json.decode(raw) if raw else None
        if response.status not in OK:
            raise RefusedError(response.status, as_object(answer))
        return {"items": as_list(answer)} if raw.startswith(b"[") else as_object(answer)

    async def download(self, url: str) -> bytes:
        """Return what is at *url*, e.g. an attachment's.

        Raises:
            RefusedError: there is nothing.
            GatewayLostError: nobody answers there.
        """
        try:
            async with self._http.get(url) as response:
                data = await response.read()
        except aiohttp.ClientConnectionError as error:
            raise GatewayLostError from error
        if response.status not in OK:
            raise RefusedError(response.status, {"message": f"{url}: {response.reason}", "code": 0})
        return data


async def _in_peace(close: Callable[[], Awaitable[object]]) -> None:
    """Close something also where everything else is cancelled."""
    with anyio.CancelScope(shield=True):
        await close()


def _multipart(body: object, files: Sequence[SentFile]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", msgspec.json.encode(body).decode(), content_type="application/json")
    for number, one in enumerate(files):
        form.add_field(f"files[{number}]", one.data, filename=one.filename, content_type=one.content_type)
    return form
