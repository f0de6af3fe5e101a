"""How many requests a bot may make, and the headers that tell it.

After Discord's documentation, "Rate Limits".
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from acore.sandbox import realtime
from acore.sandbox.faults.kinds import RateLimit
from acore.sandbox.limits.buckets import Allowance, allowance
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.shapes import Json

VIA = "1.1 sandbox"
"""nextcord takes a 429 without a Via header for a ban by Cloudflare."""
GLOBAL_SECONDS = 1.0
MESSAGES = {
    20028: "The write action you are performing on the channel has hit the write rate limit.",
    20029: "The write action you are performing on the server has hit the write rate limit.",
}
UNLIMITED = 1_000_000
_allowance = lru_cache(maxsize=1024)(allowance)


@dataclass(slots=True)
class Window:
    """What is left of one limit until it begins anew."""

    ends_at: float
    limit: int
    remaining: int

    def take(self) -> bool:
        """Count one request; return whether it was within the limit."""
        is_allowed = self.remaining > 0
        self.remaining = max(0, self.remaining - 1)
        return is_allowed


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is within every limit, the headers of its answer, and the body of a 429."""

    is_allowed: bool
    headers: dict[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request its limits depend on.

    Args:
        caller: who asks, a bot or an interaction's token; limits are each one's own.
        method: e.g. POST.
        template: the template of the path.
        major: the channel, guild or webhook in the path, which has limits of its own.
        is_global: whether it counts as one of a bot's requests; those with an interaction's token do not.
    """

    caller: str
    method: str
    template: str
    major: str
    is_global: bool


class RateLimits:
    """Fixed windows for each bot: one for all its requests, one for each bucket and top-level resource."""

    def __init__(self, numbers: Limits) -> None:
        self._numbers = numbers
        self._windows: dict[tuple[str, ...], Window] = {}
        self._forget_at = 0.0

    def change(self, numbers: Limits) -> None:
        """Go by other numbers from now on; every window begins anew."""
        self._numbers = numbers
        self._windows.clear()

    def take(self, asked: Asked) -> Verdict:
        """Count one request."""
        now = realtime.monotonic()
        allowed = _allowance(asked.method, asked.template)
        window = self._of_bucket(asked, allowed, now)
        everything = self._window((asked.caller,), self._numbers.global_limit, GLOBAL_SECONDS, now)
        if asked.is_global and not everything.take():
            headers = self._headers(window, allowed, now)
            return _refusal(headers, everything.ends_at - now, scope="global")
        is_allowed = window.take()
        headers = self._headers(window, allowed, now)
        if is_allowed:
            return Verdict(is_allowed=True, headers=headers, body={})
        return _refusal(headers, window.ends_at - now, scope="user")

    def refuse(self, asked: Asked, fault: RateLimit) -> Verdict:
        """Return the 429 of a limit that is reached on purpose, whatever was counted."""
        now = realtime.monotonic()
        allowed = _allowance(asked.method, asked.template)
        window = self._of_bucket(asked, allowed, now)
        if fault.scope != "global":
            window = Window(now + fault.retry_after, window.limit, 0)
        headers = self._headers(window, allowed, now)
        return _refusal(headers, fault.retry_after, scope=fault.scope, code=fault.code)

    def _of_bucket(self, asked: Asked, allowed: Allowance, now: float) -> Window:
        requests, seconds = self._numbers.requests_per_second, 1.0
        if self._numbers.routes == "discord" and allowed.requests is not None:
            requests, seconds = allowed.requests, allowed.seconds
        return self._window((asked.caller, allowed.bucket, asked.major), requests, seconds, now)

    def _window(self, key: tuple[str, ...], limit: int, seconds: float, now: float) -> Window:
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            self._forget_ended(now)
            limit = limit or UNLIMITED
            window = self._windows[key] = Window(now + seconds, limit, limit)
        return window

    def _headers(self, window: Window, allowed: Allowance, now: float) -> dict[str, str]:
        reset_after = window.ends_at - now
        return {
            "X-RateLimit-Limit": str(window.limit),
            "X-RateLimit-Remaining": str(window.remaining),
            "X-RateLimit-Reset": f"{realtime.now().timestamp() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": allowed.bucket,
        }

    def _forget_ended(self, now: float) -> None:
        """Let go of windows that are over, once a second: each request of a new token makes a window."""
        if now >= self._forget_at:
            self._forget_at = now + 1.0
            self._windows = {key: window for key, window in self._windows.items() if window.ends_at > now}


def _refusal(headers: dict[str, str], retry_after: float, *, scope: str, code: int = 0) -> Verdict:
    is_global = scope == "global"
    headers |= {"Via": VIA, "Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": scope}
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    body: Json = {
        "message": MESSAGES.get(code, "You are being rate limited."),
        "retry_after": round(retry_after, 3),
        "global": is_global,
        "code": code,
    }
    return Verdict(is_allowed=False, headers=headers, body=body)
