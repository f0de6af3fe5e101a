"""Invalid requests: after too many of them Cloudflare, which stands before Discord, bans the address.

After Discord's documentation, "Invalid Request Limit": 10 000 in 10 minutes.
"""

import math
import secrets
from dataclasses import dataclass

from aiohttp import web

from acore.sandbox import realtime
from acore.sandbox.limits.numbers import Limits

INVALID = frozenset({401, 403, 429})
PAGE = """<!DOCTYPE html>
<html lang="en">
<head><title>Access denied | discord.com used Cloudflare to restrict access</title></head>
<body>
<h1>Error 1015</h1>
<h2>You are being rate limited</h2>
<p>The owner of this website has banned you temporarily from accessing it.</p>
</body>
</html>
"""


@dataclass(slots=True)
class Tally:
    """How many invalid requests an address made until the count begins anew."""

    ends_at: float
    count: int = 0


class InvalidRequests:
    """Counts what was answered with 401, 403 or 429, those of a shared limit apart."""

    def __init__(self, numbers: Limits) -> None:
        self._numbers = numbers
        self._tallies: dict[str, Tally] = {}

    def change(self, numbers: Limits) -> None:
        """Go by other numbers from now on; the counts begin anew."""
        self._numbers = numbers
        self._tallies.clear()

    def note(self, address: str, response: web.StreamResponse) -> None:
        """Count an answer if it is one of an invalid request."""
        is_shared = response.headers.get("X-RateLimit-Scope") == "shared"
        if response.status in INVALID and not is_shared:
            now = realtime.monotonic()
            tally = self._tallies.get(address)
            if tally is None or tally.ends_at <= now:
                tally = self._tallies[address] = Tally(now + self._numbers.invalid_seconds)
            tally.count += 1

    def ban(self, address: str) -> float | None:
        """Return for how many seconds an address is banned yet; None if it is not."""
        tally = self._tallies.get(address)
        if tally is None or not 0 < self._numbers.invalid_limit <= tally.count:
            return None
        left = tally.ends_at - realtime.monotonic()
        return left if left > 0 else None

    def counted(self) -> int:
        """Return how many are counted now, over all addresses."""
        now = realtime.monotonic()
        return sum(tally.count for tally in self._tallies.values() if tally.ends_at > now)


def cloudflare(retry_after: float) -> web.Response:
    """Return Cloudflare's 429, which has a page and no Via."""
    return web.Response(
        status=429,
        text=PAGE,
        content_type="text/html",
        headers={
            "Server": "cloudflare",
            "CF-RAY": f"{secrets.token_hex(8)}-SBX",
            "Retry-After": str(math.ceil(retry_after)),
            "Cache-Control": "private, no-store",
        },
    )
