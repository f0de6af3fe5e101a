"""What travels in the process that is killed."""

from collections.abc import Mapping
from types import MappingProxyType

from acore.events.base import Effect, Event, Policy
from acore.events.catalog import wire


@wire("soak.asked")
class Asked(Event):
    """Somebody outside wants something done. `padding` makes some of them large."""

    number: int
    policy: Policy
    padding: str


@wire("soak.decided")
class Decided(Event):
    """It was decided what is to be done about it."""

    number: int


@wire("soak.strike_again", policy=Policy.IDEMPOTENT)
class StrikeAgain(Effect):
    """Strike outside; once more does no harm."""

    number: int


@wire("soak.strike_once", policy=Policy.AT_MOST_ONCE)
class StrikeOnce(Effect):
    """Strike outside; never twice."""

    number: int


@wire("soak.strike_perhaps", policy=Policy.ASK_OPERATOR)
class StrikePerhaps(Effect):
    """Strike outside; a person says whether once more."""

    number: int


@wire("soak.struck")
class Struck(Event):
    """It was struck."""

    number: int


STRIKES: Mapping[Policy, type[StrikeAgain] | type[StrikeOnce] | type[StrikePerhaps]] = MappingProxyType(
    {
        Policy.IDEMPOTENT: StrikeAgain,
        Policy.AT_MOST_ONCE: StrikeOnce,
        Policy.ASK_OPERATOR: StrikePerhaps,
    }
)
"""What is done, by what may become of it."""
