"""Which session of a bot has which guild (Discord's documentation, "Sharding")."""

from dataclasses import dataclass

from acore.sandbox.gateway.codes import CloseCode, ProtocolError
from acore.sandbox.shapes import as_list


@dataclass(frozen=True, slots=True)
class Shard:
    """One of *count* sessions of a bot, among which its guilds are divided; *number* begins at 0."""

    number: int = 0
    count: int = 1

    def takes(self, guild_id: str | None) -> bool:
        """Return whether a guild's events come here; what happens outside guilds goes to the first shard."""
        if guild_id is None:
            return self.number == 0
        return (int(guild_id) >> 22) % self.count == self.number


def read_shard(value: object) -> Shard | None:
    """Return the shard that an IDENTIFY says; None if it says none.

    Raises:
        ProtocolError: it is not [number, count], or there is no such shard.
    """
    if value is None:
        return None
    pair = as_list(value)
    if len(pair) != 2 or not all(type(one) is int for one in pair):  # noqa: PLR2004 - number and count
        raise ProtocolError(CloseCode.INVALID_SHARD)
    if not 0 <= pair[0] < pair[1]:
        raise ProtocolError(CloseCode.INVALID_SHARD)
    return Shard(pair[0], pair[1])
