"""Waiting until nothing goes on, or until there is room again."""

import asyncio
from collections.abc import Callable, Iterator

from acore.clock import Clock
from acore.errors import AcoreError


class NotIdleError(AcoreError):
    """The bus did not come to rest in time."""

    def __init__(self, seconds: float, under_way: list[str]) -> None:
        super().__init__(f"not idle after {seconds:g} s: {'; '.join(under_way)}")


class PressureError(AcoreError):
    """Sources were asked to hold back for longer than this one could."""

    def __init__(self, seconds: float, pressed: list[str]) -> None:
        super().__init__(f"no room after {seconds:g} s: {', '.join(pressed)}")


class Marks:
    """Whether sources should hold back: from a high mark until a low one is reached again, not to and fro."""

    __slots__ = ("_high", "_low", "_was_over")

    def __init__(self, high: float, low: float) -> None:
        """Begin below both.

        Args:
            high: More waiting messages than these hold sources back.
            low: So many, or fewer, let them go on.
        """
        self._high = high
        self._low = low
        self._was_over = False

    def are_over(self, waiting: int) -> bool:
        """Return whether *waiting* messages hold sources back."""
        self._was_over = waiting > (self._low if self._was_over else self._high)
        return self._was_over


class Rest:
    """Wakes who waits for rest or room whenever something was worked off; nothing is polled."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []

    def look_again(self) -> None:
        """Let everybody who waits look again."""
        if self._waiting:
            for waiting in self._waiting:
                if not waiting.done():
                    waiting.set_result(None)
            self._waiting.clear()

    async def until(
        self, busy: Callable[[], Iterator[str]], within: float, error: type[NotIdleError | PressureError]
    ) -> None:
        """Return when *busy* yields nothing.

        Args:
            busy: Yields, in words, what is waited for.
            within: Seconds to wait.
            error: What is raised when it took longer, with what *busy* yields then.
        """
        started = self._clock.monotonic()
        with self._clock.deadline(within):
            while any(True for _ in busy()):
                waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(waiting)
                await waiting
            return
        raise error(self._clock.monotonic() - started, list(busy()))
