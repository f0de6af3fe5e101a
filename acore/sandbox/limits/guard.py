"""All limits of the sandbox in one hand, so that they change together."""

from acore.sandbox import parameters
from acore.sandbox.limits.creates import CommandCreates
from acore.sandbox.limits.invalid import InvalidRequests
from acore.sandbox.limits.numbers import Limits
from acore.sandbox.limits.ratelimits import RateLimits
from acore.sandbox.limits.starts import SessionStarts


class Guard:
    """Counts what bots do and says when it is too much.

    Args:
        numbers: how much is too much.

    Raises:
        WrongInputError: a number will not do.
    """

    def __init__(self, numbers: Limits) -> None:
        parameters.check(numbers)
        self.numbers = numbers
        self.limits = RateLimits(numbers)
        self.invalid = InvalidRequests(numbers)
        self.creates = CommandCreates(numbers)
        self.starts = SessionStarts(numbers)

    def change(self, numbers: Limits) -> None:
        """Go by other numbers from now on.

        Raises:
            WrongInputError: one of them will not do.
        """
        parameters.check(numbers)
        self.numbers = numbers
        self.limits.change(numbers)
        self.invalid.change(numbers)
        self.creates.change(numbers)
        self.starts.change(numbers)
