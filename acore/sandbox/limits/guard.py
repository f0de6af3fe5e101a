"""All limits of the sandbox in one hand, so that they change together."""

from acore.sandbox.limits.creates import CommandCreates
from acore.sandbox.limits.invalid import InvalidRequests
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.limits.ratelimits import RateLimits
from acore.sandbox.limits.starts import SessionStarts


class Guard:
    """Counts what bots do and says when it is too much.

    Args:
        numbers: how much is too much.
    """

    def __init__(self, numbers: Limits) -> None:
        self.numbers = numbers
        self.limits = RateLimits(numbers)
        self.invalid = InvalidRequests(numbers)
        self.creates = CommandCreates(numbers)
        self.starts = SessionStarts(numbers)

    def change(self, numbers: Limits) -> None:
        """Go by other numbers from now on."""
        self.numbers = numbers
        self.limits.change(numbers)
        self.invalid.change(numbers)
        self.creates.change(numbers)
        self.starts.change(numbers)
