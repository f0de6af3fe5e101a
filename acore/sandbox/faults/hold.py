"""Requests that wait on the server until they are let through."""

import anyio

from acore.sandbox.refusals import ApiError, Refusal


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
