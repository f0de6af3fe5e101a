"""Counting what arrives and timing what comes back, the same for every contestant."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from time import perf_counter_ns

from acore.errors import AcoreError

PATIENCE = 20.0
"""Seconds that one sample may take."""


class LostMessagesError(AcoreError):
    """A contestant did not deliver what was sent, each message once."""

    def __init__(self, sent: int, received: Sequence[int]) -> None:
        counts = ", ".join(str(count) for count in sorted(set(received)))
        super().__init__(f"{sent} messages were sent to each receiver, which got {counts}")


class Done:
    """Says that something is over, to a coroutine or, where another thread says it, by blocking."""

    def __init__(self, *, is_threaded: bool) -> None:
        self._flag = threading.Event() if is_threaded else asyncio.Event()

    def say(self) -> None:
        """Let `wait` return."""
        self._flag.set()

    async def wait(self) -> None:
        """Return when it was said; then it can be waited for anew.

        Raises:
            TimeoutError: No other thread has said so. A coroutine's patience is the caller's affair.
        """
        if isinstance(self._flag, threading.Event):
            if not self._flag.wait(PATIENCE):
                raise TimeoutError
        else:
            await self._flag.wait()
        self._flag.clear()


class Tally:
    """Counts what each receiver gets, and says when all have got what is expected."""

    def __init__(self, receivers: int, *, is_threaded: bool) -> None:
        self.target = 0
        self._left = 0
        self._lock = threading.Lock()
        self._done = Done(is_threaded=is_threaded)
        self._counts: list[Callable[[], int]] = []
        self.receivers = tuple(self._receiver() for _ in range(receivers))

    def expect(self, messages: int) -> None:
        """Expect *messages* more at each receiver."""
        self.target += messages
        self._left = len(self.receivers)

    async def wait(self) -> None:
        """Return when every receiver has got what was expected.

        Raises:
            LostMessagesError: A receiver has got more.
        """
        await self._done.wait()
        self.check()

    def check(self) -> None:
        """Raise LostMessagesError unless every receiver has got exactly what was expected."""
        received = [count() for count in self._counts]
        if set(received) != {self.target}:
            raise LostMessagesError(self.target, received)

    def _receiver(self) -> Callable[[object], None]:
        count = 0

        def receive(_message: object) -> None:
            nonlocal count
            count += 1
            if count == self.target:
                self._one_done()

        self._counts.append(lambda: count)
        return receive

    def _one_done(self) -> None:
        with self._lock:
            self._left -= 1
            is_last = self._left == 0
        if is_last:
            self._done.say()


class Restarts:
    """Nanoseconds from each crash to the moment at which the next run runs."""

    def __init__(self, *, is_threaded: bool) -> None:
        self.taken: list[int] = []
        self._crashed_at = 0
        self._up = Done(is_threaded=is_threaded)

    def crashing(self) -> None:
        """Mark the crash; the next line raises."""
        self._crashed_at = perf_counter_ns()

    def running(self) -> None:
        """Mark that a run has begun."""
        now = perf_counter_ns()
        if self._crashed_at:
            self.taken.append(now - self._crashed_at)
        self._up.say()

    async def wait(self) -> None:
        """Return when a run has begun since the last call."""
        await self._up.wait()


class CrashError(Exception):
    """What the contestants raise to be restarted."""
