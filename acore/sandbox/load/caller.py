"""One of many people: a gateway connection that costs little, and requests as their own client makes them."""

from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import msgspec

from acore.sandbox import realtime
from acore.sandbox.gateway.sockets import Op
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import WITH_MESSAGES

CONNECTING_SECONDS = 30.0
OK = range(200, 300)


class Source(msgspec.Struct):
    """The interaction that a message answers."""

    id: str


class Reference(msgspec.Struct):
    """The message that a message replies to."""

    message_id: str | None = None


class Named(msgspec.Struct):
    """A guild or channel."""

    id: str
    type: int = 0


class Heard(msgspec.Struct):
    """What of an event's data matters here."""

    id: str | None = None
    nonce: str | int | None = None
    flags: int = 0
    session_id: str | None = None
    interaction_metadata: Source | None = None
    message_reference: Reference | None = None
    guilds: list[Named] = []
    channels: list[Named] = []


class Frame(msgspec.Struct):
    """A frame whose data is read only if its event matters."""

    t: str | None
    d: msgspec.Raw = msgspec.Raw()


LISTENED_TO = frozenset(
    {
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "INTERACTION_CREATE",
        "INTERACTION_SUCCESS",
        "INTERACTION_FAILURE",
        "INTERACTION_MODAL_CREATE",
    }
)
_FRAME = msgspec.json.Decoder(Frame)
_HEARD = msgspec.json.Decoder(Heard)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that did not succeed, and why in a few words."""

    why: str


class Caller:
    """A person under load.

    Args:
        http: shared by all of them.
        api: the base of the REST API.
        token: the person's.
        hear: told of each event that matters: its name and what was heard.
    """

    def __init__(
        self, http: aiohttp.ClientSession, api: str, token: str, hear: Callable[[str, Heard], None]
    ) -> None:
        self._http = http
        self._api = api
        self.headers = {"Authorization": token, "Content-Type": "application/json"}
        self._hear = hear
        self.session_id = ""
        self.channels: dict[str, list[str]] = {}
        """Where one can say something, by guild."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self) -> None:
        """Open the gateway connection and return when every guild is known; `listen` goes on with it.

        Raises:
            TimeoutError: the sandbox does not tell of all guilds in time.
            aiohttp.ClientError: it cannot be reached.
        """
        with realtime.deadline(CONNECTING_SECONDS):
            async with self._http.get(f"{self._api}/gateway") as response:
                url = (await response.json())["url"]
            socket = self._socket = await self._http.ws_connect(f"{url}?v=10&encoding=json", max_msg_size=0)
            identity: Json = {"token": self.headers["Authorization"], "properties": {}}
            await socket.send_str(msgspec.json.encode({"op": Op.IDENTIFY, "d": identity}).decode())
            awaited: set[str] | None = None
            while awaited is None or awaited:
                message = await socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise aiohttp.ClientConnectionError("the sandbox closed the gateway connection")
                frame = _FRAME.decode(message.data)
                heard = _HEARD.decode(frame.d) if frame.t in {"READY", "GUILD_CREATE"} else Heard()
                if frame.t == "READY":
                    self.session_id = str(heard.session_id)
                    awaited = {one.id for one in heard.guilds}
                elif frame.t == "GUILD_CREATE" and awaited is not None:
                    awaited.discard(str(heard.id))
                    places = [one.id for one in heard.channels if one.type in WITH_MESSAGES]
                    if places:
                        self.channels[str(heard.id)] = places

    async def close(self) -> None:
        """Close the gateway connection, if there is one."""
        if self._socket is not None:
            await self._socket.close()

    async def listen(self) -> None:
        """Hear what happens until the connection is closed."""
        if self._socket is None:
            return
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = _FRAME.decode(message.data)
            if frame.t in LISTENED_TO:
                self._hear(frame.t, _HEARD.decode(frame.d))

    async def post(self, path: str, body: Json) -> Refusal | None:
        """Ask for something; return why it was refused, if it was."""
        data = msgspec.json.encode(body)
        try:
            async with self._http.post(self._api + path, data=data, headers=self.headers) as response:
                if response.status in OK:
                    return None
                answer = await response.read()
        except TimeoutError:
            return Refusal("no answer over REST in time")
        except aiohttp.ClientError as error:
            return Refusal(f"the connection failed: {type(error).__name__}")
        return Refusal(f"{response.status} {_message(answer)}".strip())


def _message(answer: bytes) -> str:
    try:
        body: object = msgspec.json.decode(answer)
    except msgspec.DecodeError:
        return ""
    match body:
        case {"message": str(message)}:
            return message
        case _:
            return ""
