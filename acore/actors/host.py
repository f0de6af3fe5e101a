"""The edge that samples the machine once a minute."""

from anyio import to_thread
from loguru import logger

from acore.events.metrics import HostSampled
from acore.host.reader import HostReader
from acore.runtime.edge import EdgeActor, EdgeContext

INTERVAL = 60.0
"""Seconds between two samples (requirement S72)."""
_NAP = 0.05


class HostActor(EdgeActor):
    """Samples the machine in a thread, and how late the event loop is."""

    def __init__(self, reader: HostReader) -> None:
        """Sample with *reader*."""
        self._reader = reader

    async def run(self, io: EdgeContext) -> None:
        """Sample at once and then every minute."""
        io.ready()
        async with io.until_stopped():
            while True:
                began = io.clock.monotonic()
                await self._sample(io)
                # From one beginning to the next: what a sample takes would add up to minutes without one.
                await io.clock.sleep(began + INTERVAL - io.clock.monotonic())

    async def _sample(self, io: EdgeContext) -> None:
        before = io.clock.monotonic()
        await io.clock.sleep(_NAP)
        lag = max(0.0, io.clock.monotonic() - before - _NAP)
        try:
            reading = await to_thread.run_sync(self._reader.read)
        except OSError as error:
            logger.warning("The machine could not be measured this time: {}", error)
            return
        io.publish(
            HostSampled(
                cpu_percent=reading.cpu_percent,
                memory_percent=reading.memory_percent,
                process_bytes=reading.process_bytes,
                process_cpu_percent=reading.process_cpu_percent,
                disk_percent=reading.disk_percent,
                loop_lag=lag,
            )
        )
