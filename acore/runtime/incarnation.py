"""One run of a child, and how runs end."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from anyio import CancelScope
from anyio import Event as Flag

from acore.errors import AcoreError

HERE = ContextVar("HERE", default="")
"""The actor in whose run a task was begun, by acore or by a library: set once a run, never for a message."""


class StaleIncarnationError(AcoreError):
    """A run that was given up on has woken up; what it says no longer counts."""

    def __init__(self, number: int) -> None:
        super().__init__(f"run {number} was given up and replaced")


def _nothing() -> None:
    """Stand in where nobody wants to know."""


class Incarnation:
    """One run of a child, numbered from 1; a restart makes a new one."""

    def __init__(self, number: int) -> None:
        """Prepare run *number*, which counts the runs of the same child."""
        self.number = number
        self.scope = CancelScope()
        self.stopping = Flag()
        self.became_ready = Flag()
        self.has_timed_out = False
        self.is_current = True
        self.drains = False
        self.on_stop: Callable[[], None] = _nothing
        self.on_ready: Callable[[], None] = _nothing
        self.on_fail: Callable[[], None] = _nothing
        self.failure = ""

    @property
    def is_ready(self) -> bool:
        """Whether the child has said that it is ready."""
        return self.became_ready.is_set()

    def ready(self) -> None:
        """Say that the child is ready; only the first time counts."""
        if not self.is_ready:
            self.became_ready.set()
            self.on_ready()

    def obey(self, stop: Callable[[], None]) -> None:
        """Have *stop* called when the child is asked to stop, also if that was before now."""
        self.on_stop = stop
        if self.stopping.is_set():
            stop()

    def request_stop(self) -> None:
        """Ask the child to end in good order."""
        self.stopping.set()
        self.on_stop()

    def fail(self, why: str) -> None:
        """Say that the run ends by itself because of *why*: it is killed if that takes it too long."""
        self.failure = why
        self.on_fail()

    def check_current(self) -> None:
        """Raise StaleIncarnationError when the supervisor has given this run up."""
        if not self.is_current:
            raise StaleIncarnationError(self.number)


class Body(Protocol):
    """What a supervisor runs: an actor's cell, or another supervisor."""

    runs: int
    """How many runs there have been."""

    async def run(self, run: Incarnation) -> None:
        """Do one run: say `run.ready()`, and return soon after `run.stopping` is set."""
        ...

    def close(self) -> None:
        """Refuse what comes until the next run, if there is one."""
        ...

    def handling(self) -> tuple[str, str]:
        """Return wire name and id of the message being handled, or two empty strings."""
        ...
