"""How often bots may IDENTIFY."""

from acore.sandbox import realtime
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.shapes import Json

DAY_MS = 24 * 3600 * 1000


class SessionStarts:
    """How often bots may IDENTIFY: so many a day, and so many within an interval.

    Shards whose numbers leave the same rest when divided by max_concurrency take turns (Discord's
    documentation, "Max Concurrency"); one that comes too early or after the day's budget is used is refused.

    Args:
        numbers: the day's budget, the interval and the concurrency.
    """

    def __init__(self, numbers: Limits) -> None:
        self._numbers = numbers
        self._used: dict[str, int] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._day_began = realtime.monotonic()

    def change(self, numbers: Limits) -> None:
        """Go by other numbers from now on; what was used today stays counted."""
        self._numbers = numbers

    def report(self, application_id: str) -> Json:
        """Return the session_start_limit of GET /gateway/bot."""
        self._begin_day()
        passed_ms = int((realtime.monotonic() - self._day_began) * 1000)
        return {
            "total": self._numbers.identify_limit,
            "remaining": max(0, self._numbers.identify_limit - self._used.get(application_id, 0)),
            "reset_after": DAY_MS - passed_ms,
            "max_concurrency": self._numbers.max_concurrency,
        }

    def take(self, application_id: str, shard_number: int = 0) -> bool:
        """Count one IDENTIFY; return whether it was allowed."""
        self._begin_day()
        now = realtime.monotonic()
        key = application_id, shard_number % self._numbers.max_concurrency
        interval = self._numbers.identify_interval
        is_too_soon = now - self._last.get(key, now - interval) < interval
        used = self._used.get(application_id, 0)
        if is_too_soon or used >= self._numbers.identify_limit:
            return False
        self._last[key] = now
        self._used[application_id] = used + 1
        return True

    def _begin_day(self) -> None:
        if (realtime.monotonic() - self._day_began) * 1000 >= DAY_MS:
            self._day_began = realtime.monotonic()
            self._used.clear()
