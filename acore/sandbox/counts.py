"""What happened so far, counted."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """How many requests of bots were answered with each status, and how often bots got each event.

    A request whose connection was cut instead of an answer is counted under 0.
    """

    requests: Counter[int] = field(default_factory=Counter[int])
    dispatches: Counter[str] = field(default_factory=Counter[str])
