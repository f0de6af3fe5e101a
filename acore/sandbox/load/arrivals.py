"""When something is to happen: an open loop, which does not wait for answers before it asks again."""

import random
from collections.abc import Iterator
from enum import StrEnum


class Arrivals(StrEnum):
    """How moments follow each other."""

    POISSON = "poisson"
    """At random and independently of each other, as many people are."""
    UNIFORM = "uniform"
    """One as long after the other as the next."""


def moments(rate: float, seconds: float, arrivals: Arrivals, source: random.Random) -> Iterator[float]:
    """Tell when something is to happen, in seconds from the beginning.

    Args:
        rate: how often a second, on average.
        seconds: how long it goes on.
        arrivals: how moments follow each other.
        source: what chance is taken from.
    """
    if rate <= 0:
        return
    number, at = 0, 0.0
    while True:
        number += 1
        at = at + source.expovariate(rate) if arrivals is Arrivals.POISSON else number / rate
        if at > seconds:
            return
        yield at
