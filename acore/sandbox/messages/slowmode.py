"""Slow mode: how soon somebody may write in a channel again (Discord's documentation, "Channel Object")."""

from datetime import datetime

from acore.sandbox import realtime
from acore.sandbox.refusals import ApiError, Refusal
from acore.sandbox.state.records import Channel, User


class Slowmode:
    """Remembers when each person last wrote in the channels that have a slow mode."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], datetime] = {}

    def check(self, channel: Channel, author: User) -> None:
        """Let somebody write only if they waited long enough; bots never have to wait.

        Raises:
            ApiError: code 20016, with the seconds that are left.
        """
        last = self._last.get((channel.id, author.id))
        if author.bot or last is None:
            return
        left = channel.slowmode_seconds - (realtime.now() - last).total_seconds()
        if left > 0:
            error = ApiError(Refusal.SLOWMODE, retry_after=left)
            error.body["global"] = False
            raise error

    def note(self, channel: Channel, author: User) -> None:
        """Remember that somebody writes now."""
        if channel.slowmode_seconds and not author.bot:
            self._last[channel.id, author.id] = realtime.now()
