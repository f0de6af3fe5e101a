"""What a driver asks of the sandbox beside being driven, over its control API."""

from collections.abc import Callable

import aiohttp
import anyio
import msgspec

from acore.sandbox import realtime
from acore.sandbox.load.flood import FloodPlan, FloodReport
from acore.sandbox.load.report import Saturation
from acore.sandbox.load.sole import sole_error
from acore.sandbox.parameters import shown
from acore.sandbox.shapes import Json, as_object, as_objects

METER, DISPATCHES, USERS = "load/meter", "load/dispatches", "load/users"
LOOK_EVERY = 0.2
OK = range(200, 300)


class ControlRefusedError(Exception):
    """The sandbox does not do what was asked of it; it says why."""


class Remote:
    """The control API of a running sandbox.

    Args:
        control: what the state file says of it.
    """

    def __init__(self, control: Json) -> None:
        self._url = str(control.get("url"))
        self._headers = {"Authorization": f"Control {control.get('token')}"}

    async def people(self, http: aiohttp.ClientSession, count: int, guilds: int) -> list[str]:
        """Have so many people made, and return their tokens.

        Raises:
            ControlRefusedError: the sandbox does not want to.
            aiohttp.ClientError: it cannot be reached.
        """
        raw = await self._ask(http, "POST", USERS, {"count": count, "guilds": guilds})
        made = as_object(msgspec.json.decode(raw))
        return [str(one["token"]) for one in as_objects(made.get("users"))]

    async def measure(self, http: aiohttp.ClientSession, seconds: float) -> None:
        """Have the sandbox measure itself anew, for *seconds* at most.

        Raises:
            ControlRefusedError: the sandbox does not want to.
            aiohttp.ClientError: it cannot be reached.
        """
        await self._ask(http, "POST", METER, {"seconds": seconds})

    async def measured(self, http: aiohttp.ClientSession) -> Saturation:
        """Return what was measured since.

        Raises:
            ControlRefusedError: the sandbox does not want to.
            aiohttp.ClientError: it cannot be reached.
        """
        return msgspec.json.decode(await self._ask(http, "GET", METER), type=Saturation)

    async def flood(
        self, plan: FloodPlan, on_progress: Callable[[int], None], stop: anyio.Event
    ) -> FloodReport:
        """Have dispatches sent, and return how it went.

        Args:
            plan: what is to be sent.
            on_progress: told how many were.
            stop: set it to have no more sent.

        Raises:
            ControlRefusedError: the sandbox does not want to.
            aiohttp.ClientError: it cannot be reached.
        """
        raw, timeout = b"", aiohttp.ClientTimeout(total=None)
        with sole_error():
            async with aiohttp.ClientSession(timeout=timeout) as http, anyio.create_task_group() as tasks:
                tasks.start_soon(self._watch, http, on_progress, stop)
                raw = await self._ask(http, "POST", DISPATCHES, shown(plan))
                tasks.cancel_scope.cancel()
        return msgspec.json.decode(raw, type=FloodReport)

    async def _watch(
        self, http: aiohttp.ClientSession, on_progress: Callable[[int], None], stop: anyio.Event
    ) -> None:
        while not stop.is_set():
            await realtime.sleep(LOOK_EVERY)
            told = as_object(msgspec.json.decode(await self._ask(http, "GET", DISPATCHES)))
            on_progress(int(told["sent"]))
        await self._ask(http, "DELETE", DISPATCHES)

    async def _ask(
        self, http: aiohttp.ClientSession, method: str, path: str, body: Json | None = None
    ) -> bytes:
        data = None if body is None else msgspec.json.encode(body)
        async with http.request(method, f"{self._url}/{path}", data=data, headers=self._headers) as response:
            raw = await response.read()
        if response.status not in OK:
            raise ControlRefusedError(
                str(as_object(msgspec.json.decode(raw)).get("message", response.status))
            )
        return raw
