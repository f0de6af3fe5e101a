"""Goes forward and back through the steps of one actor."""

from collections import deque
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from acore.replay.engine import Step

KEPT = 200
"""Steps that one can go back by without anything being handled anew."""

type Begin = Callable[[int], Iterator[Step]]
"""Returns the steps after an entry of the journal that has a snapshot; 0 for all."""
type Snapshot = Callable[[int], int]
"""Returns the newest entry before another one that has a snapshot; 0 for the beginning."""


class Stepper:
    """Where one is among the steps of an actor; before the first one at the beginning."""

    def __init__(self, begin: Begin, snapshot: Snapshot, *, kept: int = KEPT) -> None:
        """Stand before the first step.

        Args:
            begin: Returns the steps; called anew when one goes further back than is kept, or far ahead.
            snapshot: Returns where that can begin.
            kept: How many steps are kept.
        """
        self._begin = begin
        self._snapshot = snapshot
        self._coming = begin(0)
        self._has_earlier = False  # whether there are steps before the first of those that are kept
        self._recent: deque[Step] = deque(maxlen=kept)
        self._ahead: list[Step] = []  # those one has gone back over, the next one last

    @property
    def current(self) -> Step | None:
        """The step one stands at."""
        return self._recent[-1] if self._recent else None

    def last(self, count: int) -> tuple[Step, ...]:
        """Return up to *count* steps before the current one."""
        return tuple(self._recent)[-count - 1 : -1]

    def next(self) -> Step | None:
        """Go on by one; None at the end, where one stays at the last."""
        step = self._ahead.pop() if self._ahead else next(self._coming, None)
        if step is not None:
            self._has_earlier |= len(self._recent) == self._recent.maxlen
            self._recent.append(step)
        return step

    def back(self) -> Step | None:
        """Go back by one; None at the beginning, where one stays at the first."""
        current = self.current
        if current is None:
            return None
        if len(self._recent) == 1 and not (self._has_earlier and self._recall(current)):
            return None
        self._ahead.append(self._recent.pop())
        return self._recent[-1]

    def goto(self, seq: int) -> Step | None:
        """Go to the first step from entry *seq* on; None if there is none, and one stays at the last."""
        current = self.current
        if current is not None and current.row.seq >= seq:
            while len(self._recent) > 1 and self._recent[-2].row.seq >= seq:
                self._ahead.append(self._recent.pop())
            if len(self._recent) > 1 or not self._has_earlier:
                return self.current
            self._start_over(self._snapshot(seq))
        elif (nearest := self._snapshot(seq)) > (current.row.seq if current else 0):
            self._start_over(nearest)
        return self._until(lambda step: step.row.seq >= seq)

    def find(self, pattern: str) -> Step | None:
        """Go to the next step whose message has a name like *pattern*, or *pattern* in its text."""
        return self._until(lambda step: fnmatchcase(step.row.name, pattern) or pattern in step.row.payload)

    def go(self) -> Step | None:
        """Go to the next step that is another one than then."""
        return self._until(lambda step: bool(step.divergences))

    def _until(self, is_wanted: Callable[[Step], bool]) -> Step | None:
        while (step := self.next()) is not None:
            if is_wanted(step):
                return step
        return None

    def _recall(self, current: Step) -> bool:
        """Handle anew what came before *current*; return whether there is any."""
        for after in dict.fromkeys((self._snapshot(current.row.seq), 0)):
            self._start_over(after)
            if self._until(lambda step: _key(step) == _key(current)) and len(self._recent) > 1:
                return True
        return False

    def _start_over(self, after: int) -> None:
        self._coming = self._begin(after)
        self._has_earlier = bool(after)
        self._ahead.clear()
        self._recent.clear()


def _key(step: Step) -> tuple[int, str, int, int]:
    return step.row.seq, step.handler, step.attempt, step.incarnation
