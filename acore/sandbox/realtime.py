"""Real time: the one place of the sandbox that reads the clock or sets a deadline.

The sandbox stands apart from the rest of acore, so it cannot take acore's Clock; and nextcord measures
interactions against the machine's own clock, so a clock held still by a test would be of no use here.
"""

import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import anyio


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - this file owns the sandbox's time


def monotonic() -> float:
    """Return seconds of a clock that never steps back."""
    return time.monotonic()  # noqa: TID251 - this file owns the sandbox's time


def processor_seconds() -> float:
    """Return how long the processor has worked for this process."""
    return time.process_time()


def deadline(seconds: float | None) -> AbstractContextManager[object]:
    """Return a block that raises TimeoutError after *seconds*; None never ends it."""
    return anyio.fail_after(seconds)  # noqa: TID251 - this file owns the sandbox's time


async def sleep(seconds: float) -> None:
    """Wait *seconds*."""
    await anyio.sleep(seconds)  # noqa: TID251 - this file owns the sandbox's time


def iso(moment: datetime) -> str:
    """Return *moment* as Discord writes it."""
    return moment.isoformat(timespec="microseconds")
