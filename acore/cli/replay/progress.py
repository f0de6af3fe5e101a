"""How far a replay is, in a terminal: entries done of all, and how many a second."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from acore.cli.output import progress_bar
from acore.replay.child.wire import Progress


class Watch:
    """A bar for each actor, one after the other; none is left after the block."""

    def __init__(self, what: str) -> None:
        """Prepare to tell of *what*, e.g. replaying."""
        self._what = what
        self._actor = ""
        self._bar = ExitStack()
        self._advance: Callable[[int], None] = lambda _done: None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def see(self, progress: Progress) -> None:
        """Show *progress*."""
        if progress.actor != self._actor:
            self.clear()
            self._actor = progress.actor
            bar = progress_bar(f"{self._what} {progress.actor}", progress.total, unit="entries")
            self._advance = self._bar.enter_context(bar)
        self._advance(progress.done)

    def clear(self) -> None:
        """Take the bar away, so that something else can be printed."""
        self._bar.close()
        self._actor = ""
