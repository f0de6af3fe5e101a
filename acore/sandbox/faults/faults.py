"""Trouble on purpose: requests that wait, and requests that fail."""

import re
from dataclasses import dataclass
from fnmatch import translate

import anyio

from acore.sandbox.api.refusals import ApiError, Refusal


class Hold:
    """Makes matching requests of bots wait on the server until released.

    A request whose client goes away while it waits is not carried out.
    """

    def __init__(self) -> None:
        self._reached = anyio.Event()
        self._left = anyio.Event()
        self._released = anyio.Event()
        self._is_stopping = False
        self.count = 0

    async def reached(self) -> None:
        """Wait until a request has arrived."""
        await self._reached.wait()

    async def left(self) -> None:
        """Wait until the client of a held request has gone away, or a request was let through."""
        await self._left.wait()

    def release(self) -> None:
        """Let those who wait pass, and all that follow."""
        self._released.set()

    @property
    def is_released(self) -> bool:
        """Whether nothing is held any more."""
        return self._released.is_set()

    def abandon(self) -> None:
        """Refuse those who wait, because the sandbox stops."""
        self._is_stopping = True
        self._released.set()

    async def wait(self) -> None:
        """Wait as a request does.

        Raises:
            ApiError: the sandbox stops.
        """
        self.count += 1
        self._reached.set()
        try:
            await self._released.wait()
        finally:
            self._left.set()
        if self._is_stopping:
            raise ApiError(Refusal.STOPPING)


@dataclass(slots=True)
class Failure:
    """A status to answer with, so many times more."""

    status: int
    times: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which requests are meant: a method, or * for all, and a glob over the path below /api/vN."""

    method: str
    path: re.Pattern[str]

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request is meant."""
        return self.method in {"*", method} and self.path.match(path) is not None


class Faults:
    """What to do to requests of bots before they are carried out; people's are left alone."""

    def __init__(self) -> None:
        self._holds: list[tuple[Pattern, Hold]] = []
        self._failures: list[tuple[Pattern, Failure]] = []

    def hold(self, method: str, path_pattern: str) -> Hold:
        """Hold requests from now on."""
        hold = Hold()
        self._holds.append((_pattern(method, path_pattern), hold))
        return hold

    def fail(self, method: str, path_pattern: str, *, status: int, times: int) -> None:
        """Answer the next *times* requests with *status*."""
        self._failures.append((_pattern(method, path_pattern), Failure(status, times)))

    async def meet(self, method: str, path: str) -> int | None:
        """Wait while the request is held.

        Returns:
            The status it shall fail with, or None.
        """
        for pattern, hold in list(self._holds):
            if not hold.is_released and pattern.matches(method, path):
                await hold.wait()
        for pattern, failure in self._failures:
            if failure.times > 0 and pattern.matches(method, path):
                failure.times -= 1
                return failure.status
        return None

    def stop(self) -> None:
        """Let nobody wait any longer."""
        for _, hold in self._holds:
            hold.abandon()
        self._holds.clear()


def _pattern(method: str, path: str) -> Pattern:
    return Pattern(method.upper(), re.compile(translate(path)))
