"""Which requests a fault means."""

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

_PARAMETER = re.compile(r"\\\{[a-z_]+\\\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which requests are meant: a method, or * for all, and a pattern of the path below /api/vN."""

    method: str
    path: re.Pattern[str]

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request is meant."""
        return self.method in {"*", method} and self.path.match(path) is not None


@lru_cache(maxsize=256)
def pattern(method: str, path: str) -> Pattern:
    """Return the pattern of a method and a path.

    Args:
        method: e.g. POST; * for all.
        path: a glob whose * spans slashes, e.g. "/webhooks/*"; a {parameter} stands for one segment, so that
            the templates of Discord's own description can be given too.
    """
    return Pattern(method.upper(), re.compile(_PARAMETER.sub("[^/]+", translate(path))))
