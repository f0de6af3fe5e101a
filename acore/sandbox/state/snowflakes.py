"""Ids that carry the moment of their making, as Discord's do."""

import random
from datetime import UTC, datetime

from acore.sandbox import realtime

DISCORD_EPOCH_MS = 1_420_070_400_000  # the first second of 2015 (Discord's documentation, "Snowflakes")
TIME_SHIFT = 22
SEQUENCES = 1 << 12


class Snowflakes:
    """Makes ids from the real clock, each greater than the one before.

    The 22 bits below the time are those of Discord's documentation, "Snowflakes": worker, process, and a
    sequence that counts every id. Two that were given the same seed agree in these bits for their first id,
    their second and so on, while the time stays real: bots read from it when an interaction expires.

    Args:
        seed: where worker, process and sequence begin; without one all begin at 0.
    """

    def __init__(self, seed: int | None = None) -> None:
        start = 0 if seed is None else random.Random(seed).getrandbits(TIME_SHIFT)  # noqa: S311 - no secret
        self._place = start - start % SEQUENCES
        self._first = start % SEQUENCES
        self.last = 0
        self.made = 0

    def make(self) -> str:
        """Return a new id; a millisecond has room for 4096, of more the time runs ahead."""
        return str(self.make_number())

    def make_number(self) -> int:
        """Return a new id as a number."""
        low = self._place | (self._first + self.made) % SEQUENCES
        self.made += 1
        moment_ms = max(int(realtime.now().timestamp() * 1000) - DISCORD_EPOCH_MS, self.last >> TIME_SHIFT)
        made = moment_ms << TIME_SHIFT | low
        if made <= self.last:
            made += 1 << TIME_SHIFT
        self.last = made
        return made


def made_at(snowflake: str) -> datetime:
    """Return the moment *snowflake* was made."""
    return datetime.fromtimestamp(((int(snowflake) >> TIME_SHIFT) + DISCORD_EPOCH_MS) / 1000, UTC)
