"""How often bots may IDENTIFY."""

from acore.sandbox import realtime
from acore.sandbox.shapes import Json

DAY_MS = 24 * 3600 * 1000


class SessionStarts:
    """How often bots may IDENTIFY: so many a day, and one within an interval.

    Args:
        total: the day's budget of each bot.
        interval: seconds between two of the same bot; 0 does not enforce it. Discord's is 5.
    """

    def __init__(self, total: int, interval: float) -> None:
        self.total = total
        self.interval = interval
        self._used: dict[str, int] = {}
        self._last: dict[str, float] = {}
        self._day_began = realtime.monotonic()

    def report(self, application_id: str) -> Json:
        """Return the session_start_limit of GET /gateway/bot."""
        self._begin_day()
        passed_ms = int((realtime.monotonic() - self._day_began) * 1000)
        return {
            "total": self.total,
            "remaining": max(0, self.total - self._used.get(application_id, 0)),
            "reset_after": DAY_MS - passed_ms,
            "max_concurrency": 1,
        }

    def take(self, application_id: str) -> bool:
        """Count one IDENTIFY; return whether it was allowed."""
        self._begin_day()
        now = realtime.monotonic()
        is_too_soon = now - self._last.get(application_id, -self.interval) < self.interval
        used = self._used.get(application_id, 0)
        if is_too_soon or used >= self.total:
            return False
        self._last[application_id] = now
        self._used[application_id] = used + 1
        return True

    def _begin_day(self) -> None:
        if (realtime.monotonic() - self._day_began) * 1000 >= DAY_MS:
            self._day_began = realtime.monotonic()
            self._used.clear()
