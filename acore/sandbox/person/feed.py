"""What a person's client is told, and waiting for it without looking again and again."""

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from acore.sandbox import realtime
from acore.sandbox.gateway.codes import Op
from acore.sandbox.shapes import Json, as_object


class PersonError(Exception):
    """Something a person tried did not work."""


class GatewayLostError(PersonError):
    """The sandbox closed the connection."""

    def __init__(self) -> None:
        super().__init__("the connection to the sandbox is lost")


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event the person's client got; *at* are seconds of a clock that never steps back."""

    name: str
    data: Json
    at: float


class Feed:
    """The events one client got, in order."""

    def __init__(self) -> None:
        self.events: list[SeenEvent] = []
        self.listeners: list[Callable[[SeenEvent], None]] = []
        """Called with each event before whoever waits for it is woken."""
        self.echoes = 0
        """How many of this client's heartbeats were answered."""
        self.is_lost = False
        self._news = anyio.Event()

    def take(self, frame: Json) -> None:
        """Keep an event, and wake whoever waits."""
        if frame["t"] is not None:
            event = SeenEvent(frame["t"], as_object(frame["d"]), realtime.monotonic())
            self.events.append(event)
            for listener in self.listeners:
                listener(event)
            self._tell()
        elif frame.get("op") == Op.HEARTBEAT_ACK:
            self.echoes += 1
            self._tell()

    def lose(self) -> None:
        """Tell whoever waits that nothing more will come."""
        self.is_lost = True
        self._tell()

    async def wait_for(
        self, matches: Callable[[SeenEvent], bool], *, within: float | None = None, after: int = 0
    ) -> SeenEvent:
        """Return the first event that matches, also one seen before.

        Args:
            matches: tells the event.
            within: seconds to wait; None waits for ever.
            after: how many of the events seen so far do not count.

        Raises:
            TimeoutError: it did not come in time.
            GatewayLostError: the sandbox closed the connection.
        """
        found: list[SeenEvent] = []

        def has_come() -> bool:
            found.extend(event for event in self.events[after:] if matches(event))
            return bool(found)

        await self.until(has_come, within=within)
        return found[0]

    async def until(self, is_so: Callable[[], bool], *, within: float | None) -> None:
        """Wait until *is_so* holds; it is asked again after every event.

        Raises:
            TimeoutError: it does not in time.
            GatewayLostError: the sandbox closed the connection.
        """
        with realtime.deadline(within):
            while not is_so():
                if self.is_lost:
                    raise GatewayLostError
                await self._news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()
