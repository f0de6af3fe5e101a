"""Ids that carry the moment of their making, as Discord's do."""

from datetime import UTC, datetime

from acore.sandbox import realtime

DISCORD_EPOCH_MS = 1_420_070_400_000  # the first second of 2015 (Discord's documentation, "Snowflakes")


class Snowflakes:
    """Makes ids from the real clock, each greater than the one before."""

    def __init__(self) -> None:
        self._last = 0

    def make(self) -> str:
        """Return a new id; bots read the moment of an interaction out of it."""
        since_epoch_ms = int(realtime.now().timestamp() * 1000) - DISCORD_EPOCH_MS
        self._last = max(since_epoch_ms << 22, self._last + 1)
        return str(self._last)


def made_at(snowflake: str) -> datetime:
    """Return the moment *snowflake* was made."""
    return datetime.fromtimestamp(((int(snowflake) >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)
