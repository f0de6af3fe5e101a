"""The moments at which the process is killed, and how it stops exactly there."""

import os
import resource
from enum import StrEnum
from pathlib import Path
from threading import Lock


class Boundary(StrEnum):
    """Where the process dies. Each is reached some times before it counts."""

    STARTING = "starting"
    """At a random moment between its first line of code and being ready."""
    RANDOM = "random"
    """At a random moment after that."""
    ACCEPTED = "accepted"
    """A fact was accepted, and whoever asked was told so; nothing of it is on disk."""
    COMMIT_BEFORE = "commit.before"
    """A batch is in the database's memory, its commit has not begun."""
    COMMIT_SPILLED = "commit.spilled"
    """The same, and part of the batch is in the log already, because memory was short."""
    COMMIT_TORN = "commit.torn"
    """Within the commit: the kernel ends the process in the middle of a write to the log."""
    COMMIT_AFTER = "commit.after"
    """A batch is on disk, and nobody was told."""
    EFFECT_BEFORE = "effect.before"
    """An effect's cause is durable, the effect has not begun."""
    EFFECT_AFTER = "effect.after"
    """The effect was seen outside, and its outcome was not said yet."""
    OUTCOME_ACCEPTED = "outcome.accepted"
    """The outcome was said and is not on disk."""
    OUTCOME_DURABLE = "outcome.durable"
    """The outcome is durable, and whoever asked was told so."""
    NONE = "none"
    """It stops in good order."""


KILLS = tuple(one for one in Boundary if one is not Boundary.NONE)
"""Every way to die."""
GROWING = frozenset({Boundary.COMMIT_SPILLED, Boundary.COMMIT_TORN})
"""Those for which the log only grows, so that its length tells how much of it there was when."""


class Gate:
    """Stops the process for good when it comes to one boundary for the n-th time, and says so to its parent.

    What waits here waits for SIGKILL: from the event loop's thread everything stands still, from the writer's
    only the writer does.
    """

    def __init__(self, boundary: Boundary, nth: int) -> None:
        """Stop at *boundary* when it is reached *nth* times; the first is 1."""
        self.boundary = boundary
        self._left = nth
        self._lock = Lock()

    def is_due(self, boundary: Boundary) -> bool:
        """Count that *boundary* was reached, and return whether it is the time to die."""
        if boundary is not self.boundary:
            return False
        with self._lock:
            self._left -= 1
            return not self._left

    def at(self, boundary: Boundary) -> None:
        """Pass *boundary*, or stop there."""
        if self.is_due(boundary):
            self.stop()

    def stop(self) -> None:
        """Say that the moment has come, and wait for the end."""
        os.write(1, f"at {self.boundary}\n".encode())
        while True:
            os.read(0, 1)

    def tear(self, log: Path, more: int) -> None:
        """Let the kernel end this process in the write that makes *log* more than *more* bytes longer.

        The signal's default is to end the process; Python, which ignores it, was told not to.
        """
        size = log.stat().st_size if log.exists() else 0
        os.write(1, f"at {self.boundary}\n".encode())
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + more, resource.RLIM_INFINITY))
