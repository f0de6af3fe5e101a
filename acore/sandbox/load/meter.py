"""The sandbox measures itself, so that one knows what was measured: the bot, or the sandbox."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import anyio.to_thread
from aiohttp import web

from acore.sandbox import realtime
from acore.sandbox.load import backlog
from acore.sandbox.load.backlog import Line
from acore.sandbox.load.latencies import Latencies
from acore.sandbox.load.report import Saturation

TICK = 0.01
"""Seconds between two looks at how late the event loop is."""


class Meter:
    """Measures from `begin` until its time is over or it is begun anew; costs nothing otherwise.

    Args:
        lines: returns the connections of bots to the gateway.
    """

    def __init__(self, lines: Callable[[], Sequence[Line]]) -> None:
        self._lines = lines
        self._timer: asyncio.TimerHandle | None = None
        self._begin(0.0)

    def begin(self, seconds: float) -> None:
        """Measure anew, for *seconds* at most."""
        self.stop()
        self._begin(seconds)
        self._schedule()

    @property
    def is_measuring(self) -> bool:
        """Whether its time is not over yet."""
        return self._timer is not None

    def stop(self) -> None:
        """Measure no more; what was measured is still told."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def told(self) -> Saturation:
        """Return what was measured until now."""
        table = await anyio.to_thread.run_sync(backlog.read_table)
        last = backlog.unread_bytes(self._lines(), table)
        self._backlog = max(self._backlog, last)
        passed = realtime.monotonic() - self._began
        return Saturation(
            seconds=passed,
            loop_lag=self._lags.told(),
            processor_share=(realtime.processor_seconds() - self._worked) / passed,
            rest=self._rest.told(),
            backlog_bytes=self._backlog,
            last_backlog_bytes=last,
        )

    async def watch(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer a REST request, and note how long that took."""
        if self._timer is None or not request.path.startswith("/api/"):
            return await handler(request)
        began = realtime.monotonic()
        try:
            return await handler(request)
        finally:
            self._rest.add(realtime.monotonic() - began)

    def _begin(self, seconds: float) -> None:
        self._lags, self._rest = Latencies(), Latencies()
        self._backlog = 0
        self._began, self._worked = realtime.monotonic(), realtime.processor_seconds()
        self._until = self._began + seconds

    def _schedule(self) -> None:
        due = realtime.monotonic() + TICK
        self._timer = asyncio.get_running_loop().call_later(TICK, self._tick, due)

    def _tick(self, due: float) -> None:
        now = realtime.monotonic()
        self._lags.add(now - due)
        self._backlog = max(self._backlog, sum(one.unsent_bytes for one in self._lines()))
        if now < self._until:
            self._schedule()
        else:
            self._timer = None
