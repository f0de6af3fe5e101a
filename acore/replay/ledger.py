"""What a replay adds up over all runs of the process, and whether to go on."""

from collections import deque
from collections.abc import Callable
from hashlib import blake2b

from acore.replay.report import KEPT_DIVERGENCES, Divergence, Step

type Judges = Callable[[int, int, str], bool]
"""Whether what came of the row with this number, instant in nanoseconds and correlation is judged."""


class Ledger:
    """What a replay adds up over all runs of the process."""

    def __init__(self, judges: Judges | None, *, goes_on: bool, tells: bool) -> None:
        """Begin with nothing.

        Args:
            judges: Whether what came of a row is judged; None for every one.
            goes_on: Whether to go on after the first difference.
            tells: Whether steps are wanted.
        """
        self.judges = judges
        self.tells = tells
        self.handled = 0
        self.judged = 0
        self.divergences: list[Divergence] = []
        self.further = 0
        self.steps: deque[Step] = deque()
        self.warnings: list[str] = []
        self.is_over = False
        self.outputs = blake2b(digest_size=16)
        self._goes_on = goes_on

    def is_judged(self, seq: int, wall_ns: int, correlation: str) -> bool:
        """Return whether what came of a row is judged; blank is the correlation of what no message led to."""
        return self.judges is None or self.judges(seq, wall_ns, correlation)

    def add(self, divergence: Divergence) -> None:
        """Note a difference; the first one may be the last."""
        if self.is_over:
            return
        if len(self.divergences) < KEPT_DIVERGENCES:
            self.divergences.append(divergence)
        else:
            self.further += 1
        self.is_over = not self._goes_on
