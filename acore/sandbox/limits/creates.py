"""How many commands an application may create a day.

After Discord's documentation, "Application Commands": 200 a day, globally and in each guild. Overwriting a
command of the same name does not count.
"""

from acore.sandbox import realtime
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.limits.ratelimits import Window
from acore.sandbox.refusals import ApiError, Refusal

DAY = 24 * 3600.0


class CommandCreates:
    """Counts the commands that applications create."""

    def __init__(self, numbers: Limits) -> None:
        self._numbers = numbers
        self._days: dict[tuple[str, str | None], Window] = {}

    def change(self, numbers: Limits) -> None:
        """Go by other numbers from now on; what was created today stays counted."""
        for day in self._days.values():
            day.remaining = max(0, day.remaining + numbers.command_creates - day.limit)
            day.limit = numbers.command_creates
        self._numbers = numbers

    def take(self, application_id: str, guild_id: str | None, number: int = 1) -> None:
        """Count new commands, which are made all or not at all.

        Args:
            application_id: whose they are.
            guild_id: where; None for everywhere.
            number: how many.

        Raises:
            ApiError: code 30034, they would be too many today.
        """
        now = realtime.monotonic()
        day = self._days.get((application_id, guild_id))
        if day is None or day.ends_at <= now:
            limit = self._numbers.command_creates
            day = self._days[application_id, guild_id] = Window(now + DAY, limit, limit)
        if number > day.remaining:
            sentence = f"Max number of daily application command creates has been reached ({day.limit})"
            raise ApiError(Refusal.DAILY_COMMAND_CREATES, message=sentence, retry_after=day.ends_at - now)
        day.remaining -= number
