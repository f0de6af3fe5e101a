"""Buckets: which requests are counted together, and how many fit where Discord's number is known.

Discord publishes no limits of routes and may change them (Discord's documentation, "Rate Limits"); these are
the ones that bots read in its headers.
"""

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase

CHANNEL, MESSAGE = "/channels/{channel_id}", "/channels/{channel_id}/messages/{message_id}"
MEMBER = "/guilds/{guild_id}/members/{user_id}"
WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Requests that are counted together for each channel, guild, webhook or token.

    Args:
        methods: the methods, with spaces between them.
        template: the template of the path, in which * spans anything.
        requests: how many fit into one window; None for as many as by default.
        seconds: how long a window is.
        is_shared: whether all these routes count as one; else each has a bucket of its own.
    """

    methods: str
    template: str
    requests: int | None
    seconds: float
    is_shared: bool = False

    def matches(self, method: str, template: str) -> bool:
        """Return whether a route is meant."""
        pattern = self.template.replace("[", "[[]")
        return method in self.methods.split() and fnmatchcase(template, pattern)


BUCKETS = (
    Bucket("POST", f"{CHANNEL}/messages", 5, 5.0),
    Bucket("PATCH", MESSAGE, 5, 5.0),
    Bucket("DELETE", MESSAGE, 5, 1.0),
    Bucket("PUT DELETE", f"{MESSAGE}/reactions*", 1, 0.25, is_shared=True),
    Bucket("POST", f"{CHANNEL}/typing", 5, 5.0),
    Bucket("PUT DELETE", f"{CHANNEL}/permissions/*", None, 1.0, is_shared=True),
    Bucket("PATCH", "/guilds/{guild_id}/members/@me*", 1, 1.0, is_shared=True),
    Bucket("PATCH", MEMBER, 10, 10.0),
    Bucket("PUT DELETE", f"{MEMBER}/roles/*", 10, 10.0, is_shared=True),
    Bucket("POST", "/applications/{application_id}/commands", 5, 20.0),
    Bucket("POST", "/applications/{application_id}/guilds/{guild_id}/commands", 5, 20.0),
    Bucket("POST", "/interactions/*", 5, 2.0),
    Bucket("GET POST PATCH DELETE", f"{WEBHOOK}*", 5, 2.0),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one route is counted as, and how much of it fits into one window; None for the default."""

    bucket: str
    requests: int | None
    seconds: float


def allowance(method: str, template: str) -> Allowance:
    """Return the bucket of a route, named as in X-RateLimit-Bucket, and what is known of Discord's limit."""
    known = next((one for one in BUCKETS if one.matches(method, template)), None)
    if known is None:
        return Allowance(_name(f"{method} {template}"), None, 1.0)
    name = f"{known.methods} {known.template}" if known.is_shared else f"{method} {template}"
    return Allowance(_name(name), known.requests, known.seconds)


def _name(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
