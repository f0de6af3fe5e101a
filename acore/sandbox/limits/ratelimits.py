"""How many requests a bot may make, and the headers that tell it."""

import hashlib
import math
from dataclasses import dataclass

from acore.sandbox import realtime
from acore.sandbox.shapes import Json

VIA = "1.1 sandbox"
"""nextcord takes a 429 without a Via header for a ban by Cloudflare."""


@dataclass(slots=True)
class Window:
    """What is left of one limit until it begins anew."""

    ends_at: float
    remaining: int


class RateLimits:
    """A fixed window for each bot, route, and channel, guild or webhook.

    Headers and answers are those of Discord's documentation, "Rate Limits".

    Args:
        requests: how many fit into one window; generous, as Discord's limits are not published.
        per: a window's length in seconds.
    """

    def __init__(self, *, requests: int = 50, per: float = 1.0) -> None:
        self.requests = requests
        self.per = per
        self._windows: dict[tuple[str, str, str], Window] = {}

    def take(self, caller: str, route: str, major: str) -> tuple[bool, dict[str, str]]:
        """Count one request.

        Args:
            caller: who asks; limits are each bot's own.
            route: method and template, which name the bucket.
            major: the channel, guild or webhook in the path.

        Returns:
            Whether it is within the limit, and the headers of its answer.
        """
        now = realtime.monotonic()
        window = self._windows.get((caller, route, major))
        if window is None or window.ends_at <= now:
            self._forget_ended(now)
            window = self._windows[caller, route, major] = Window(now + self.per, self.requests)
        is_allowed = window.remaining > 0
        window.remaining = max(0, window.remaining - 1)
        reset_after = window.ends_at - now
        headers = {
            "X-RateLimit-Limit": str(self.requests),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Reset": f"{realtime.now().timestamp() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
        }
        if not is_allowed:
            headers |= {
                "Via": VIA,
                "Retry-After": str(math.ceil(reset_after)),
                "X-RateLimit-Scope": "user",
            }
        return is_allowed, headers

    def _forget_ended(self, now: float) -> None:
        self._windows = {key: window for key, window in self._windows.items() if window.ends_at > now}


def body(headers: dict[str, str]) -> Json:
    """Return the body of a 429."""
    return {
        "message": "You are being rate limited.",
        "retry_after": float(headers["X-RateLimit-Reset-After"]),
        "global": False,
    }
