"""The numbers that the gateway goes by; those that can be changed while it runs stand in `limits.numbers`."""

MAX_FRAME_BYTES = 4096  # of a client's frame (Discord's documentation, "Sending Events")
SUPPORTED_VERSIONS = frozenset({None, "9", "10"})
BEATS_MISSED = 1.5
"""A client without a heartbeat for so many intervals is cut off: one was due, half of one is grace."""
RECOMMENDED_GUILDS = 1000  # a shard, in what GET /gateway/bot recommends, as on Discord


RESUMABLE_SECONDS = 180.0
"""How long a session waits for its client to come back, unless told otherwise."""


def shards_for(guilds: int, guilds_per_shard: int) -> int:
    """Return how many shards a bot is recommended to use.

    Args:
        guilds: how many it is in.
        guilds_per_shard: how many one may have.
    """
    return max(1, -(-guilds // min(RECOMMENDED_GUILDS, guilds_per_shard)))
