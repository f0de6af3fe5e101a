"""A person's client: what Discord's own app does, for tests, scripts and the console.

It speaks to the sandbox over its real REST and gateway, so that it can be anywhere and knows nothing a person
would not see.
"""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import aiohttp
import anyio
import msgspec

from acore.sandbox import realtime
from acore.sandbox.gateway.sockets import Op
from acore.sandbox.messages import components
from acore.sandbox.person.feed import Feed, GatewayLostError, PersonError, SeenEvent
from acore.sandbox.person.invocation import Invocation, new_nonce
from acore.sandbox.shapes import Json, as_list, as_object, as_objects

SUBCOMMANDS = (1, 2)
OK = range(200, 300)


class RefusedError(PersonError):
    """The sandbox refused a request, as Discord would."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(f"{status}: {body.get('message')} (code {body.get('code')})")
        self.status = status
        self.body = body

    @property
    def code(self) -> int:
        """Discord's own number for the reason."""
        return int(self.body.get("code", 0))


class UnknownCommandError(PersonError):
    """There is no such command here, or this person may not use it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no command /{name} here")
        self.name = name


class Person:
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
        self.guilds: dict[str, Json] = {}

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
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        gateway = await self.request("GET", "/gateway")
        socket = self._http.ws_connect(f"{gateway['url']}?v=10&encoding=json", max_msg_size=0)
        self._ws = await self._stack.enter_async_context(socket)
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(tasks.cancel_scope.cancel)
        tasks.start_soon(self._listen)
        identity = {"token": self._token, "properties": {"os": "", "browser": "sandbox", "device": ""}}
        await self._ws.send_str(msgspec.json.encode({"op": Op.IDENTIFY, "d": identity}).decode())
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
                    self._take(msgspec.json.decode(message.data))
        finally:
            self._feed.lose()

    def _take(self, frame: Json) -> None:
        if frame["t"] == "GUILD_CREATE":
            self.guilds[frame["d"]["id"]] = as_object(frame["d"])
        self._feed.take(frame)

    @property
    def events(self) -> list[SeenEvent]:
        """Everything this client was told, in order."""
        return self._feed.events

    async def wait_for(
        self, matches: Callable[[SeenEvent], bool], *, within: float | None = None
    ) -> SeenEvent:
        """Return the first event that matches, also one seen before.

        Args:
            matches: tells the event.
            within: seconds to wait; None waits for ever.

        Raises:
            TimeoutError: it did not come in time.
            GatewayLostError: the sandbox closed the connection.
        """
        return await self._feed.wait_for(matches, within=within)

    # -- what a person does

    async def request(
        self, method: str, path: str, body: object = None, *, query: Mapping[str, str] | None = None
    ) -> Json:
        """Ask the REST API as this person; an array comes back under "items".

        Raises:
            RefusedError: the answer is no success.
            GatewayLostError: the sandbox is gone.
        """
        headers = {"Authorization": self._token, "Content-Type": "application/json"}
        data = None if body is None else msgspec.json.encode(body)
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

    async def say(self, text: str, *, channel_id: str | None = None) -> Json:
        """Say something; return the message."""
        path = f"/channels/{channel_id or self.channel_id}/messages"
        return await self.request("POST", path, {"content": text, "nonce": new_nonce()})

    async def messages(self, channel_id: str | None = None, *, limit: int = 50) -> list[Json]:
        """Return what REST tells of a channel, newest first; nothing ephemeral is among it."""
        path = f"/channels/{channel_id or self.channel_id}/messages"
        listed = await self.request("GET", path, query={"limit": str(limit)})
        return as_objects(listed["items"])

    async def direct_channel(self, user_id: str) -> str:
        """Return the id of the direct message channel with somebody."""
        channel = await self.request("POST", "/users/@me/channels", {"recipient_id": user_id})
        return str(channel["id"])

    async def commands(self) -> list[Json]:
        """Return the commands this person may use in the first guild."""
        index = await self.request("GET", f"/guilds/{self.guild_id}/application-command-index")
        return as_objects(index["application_commands"])

    @property
    def guild_id(self) -> str:
        """The id of the first guild this person is in."""
        return next(iter(self.guilds))

    @property
    def channel_id(self) -> str:
        """The id of that guild's first channel."""
        return str(self.guilds[self.guild_id]["channels"][0]["id"])

    async def invoke(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        channel_id: str | None = None,
        within: float = 10.0,
    ) -> Json:
        """Invoke a slash command and return the bot's final answer.

        Raises:
            TimeoutError: there is no final answer in time.
            DidNotRespondError: the bot did not answer in time.
            UnknownCommandError: there is no such command here.
            RefusedError: the options do not suit the command.
        """
        invocation = await self.start_invoke(command, options, channel_id=channel_id)
        return await invocation.answered(within)

    async def start_invoke(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        channel_id: str | None = None,
    ) -> Invocation:
        """Invoke a slash command without waiting for the bot.

        Args:
            command: its name, followed by those of group and sub-command if it has them: "ops health".
            options: values by option name; ids as strings.
            channel_id: where; the guild's first channel by default.

        Raises:
            UnknownCommandError: there is no such command here.
            RefusedError: the options do not suit the command.
        """
        declared = await self._find(command)
        data = _command_data(declared, command.split()[1:], options or {})
        return await self.interact(2, declared["application_id"], data, channel_id=channel_id)

    async def suggestions(
        self, command: str, options: Mapping[str, object], focused: str, *, within: float = 10.0
    ) -> list[Json]:
        """Return the choices the bot offers for the option being typed.

        Raises:
            TimeoutError: the bot offers none in time.
            DidNotRespondError: the bot did not answer in time.
        """
        declared = await self._find(command)
        data = _command_data(declared, command.split()[1:], options, focused=focused)
        invocation = await self.interact(4, declared["application_id"], data)
        return as_objects((await invocation.settled(within)).data.get("choices"))

    async def press(self, message: Json, custom_id: str, *, values: list[str] | None = None) -> Invocation:
        """Press a button of a message, or pick *values* of a select."""
        component = components.find(as_objects(message.get("components")), custom_id)
        if component is None:
            raise PersonError(f"the message has no component {custom_id}")
        data: Json = {"custom_id": custom_id, "component_type": component["type"]}
        if values is not None:
            data["values"] = values
        application_id = message["application_id"] if "application_id" in message else message["author"]["id"]
        return await self.interact(
            3, application_id, data, channel_id=message["channel_id"], message_id=message["id"]
        )

    async def submit(self, modal: Json, entries: Mapping[str, str]) -> Invocation:
        """Fill a modal in and submit it.

        Args:
            modal: what `Invocation.modal` returned.
            entries: texts by the custom ids of the inputs.
        """
        data: Json = {
            "id": modal["id"],
            "custom_id": modal["custom_id"],
            "components": [
                {"type": 1, "components": [{"type": 4, "custom_id": key, "value": value}]}
                for key, value in entries.items()
            ],
        }
        return await self.interact(5, modal["application"]["id"], data, channel_id=modal["channel_id"])

    async def interact(
        self,
        kind: int,
        application_id: str,
        data: Json,
        *,
        channel_id: str | None = None,
        message_id: str | None = None,
    ) -> Invocation:
        """Start any interaction.

        Args:
            kind: 2 command, 3 component, 4 autocomplete, 5 modal.
            application_id: whose it is.
            data: what Discord's own client would send.
            channel_id: where; the guild's first channel by default.
            message_id: the message whose component is used.

        Raises:
            RefusedError: the sandbox does not take it.
        """
        channel_id = channel_id or self.channel_id
        invocation = Invocation(self._feed, new_nonce(), len(self.events), realtime.monotonic(), kind)
        body: Json = {
            "type": kind,
            "application_id": application_id,
            "channel_id": channel_id,
            "session_id": self._session_id,
            "nonce": invocation.nonce,
            "data": data,
        }
        guild_id = self._guild_of(channel_id)
        if guild_id is not None:
            body["guild_id"] = guild_id
        if message_id is not None:
            body["message_id"] = message_id
        await self.request("POST", "/interactions", body)
        return invocation

    def _guild_of(self, channel_id: str) -> str | None:
        for guild in self.guilds.values():
            if any(channel["id"] == channel_id for channel in guild["channels"]):
                return str(guild["id"])
        created = [one.data for one in self.events if one.name == "CHANNEL_CREATE"]
        return next((one.get("guild_id") for one in created if one["id"] == channel_id), None)

    async def _find(self, command: str) -> Json:
        name = command.split(maxsplit=1)[0].removeprefix("/")
        for declared in await self.commands():
            if declared["name"] == name and declared["type"] == 1:
                return declared
        raise UnknownCommandError(name)


def _command_data(
    declared: Json, names: list[str], options: Mapping[str, object], *, focused: str | None = None
) -> Json:
    """Return what Discord's client sends for a command, its sub-commands wrapped around the options."""
    path: list[Json] = []
    offered = as_objects(declared.get("options"))
    for name in names:
        nested = next((one for one in offered if one["name"] == name and one["type"] in SUBCOMMANDS), None)
        if nested is None:
            raise UnknownCommandError(" ".join([declared["name"], *names]))
        path.append(nested)
        offered = as_objects(nested.get("options"))
    types = {one["name"]: one["type"] for one in offered}
    sent: list[Json] = [
        {"type": types.get(name, 3), "name": name, "value": value}
        | ({"focused": True} if name == focused else {})
        for name, value in options.items()
    ]
    for nested in reversed(path):
        sent = [{"type": nested["type"], "name": nested["name"], "options": sent}]
    keys = ("id", "name", "type", "version")
    return {key: declared[key] for key in keys} | {"options": sent}
