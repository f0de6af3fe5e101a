"""One run of a child, and what a supervisor runs."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Protocol

from anyio import Event, TaskHandle

from acore.errors import AcoreError
from acore.runtime.administration import ChildInfo
from acore.runtime.cause import UNCAUSED, Cause

inside: ContextVar[tuple[str, ...]] = ContextVar("inside", default=())
"""In whose run a task was begun, by acore or by a library, outermost first: supervisors, then the actor."""


class StaleIncarnationError(AcoreError):
    """A run that was given up on has woken up; what it says no longer counts."""

    def __init__(self, number: int) -> None:
        super().__init__(f"run {number} was given up and replaced")


class Ignore(AcoreError):  # noqa: N818 - not a failure: OTP's word for a child that is not wanted here
    """Raised while a child starts: there is nothing for it to do, and that is all right."""

    def __init__(self, reason: str = "there is nothing for it to do") -> None:
        super().__init__(reason)


class Flag:
    """Something that becomes true once; an event is made only when somebody waits for it."""

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._event: Event | None = None

    def is_set(self) -> bool:
        """Return whether it is true."""
        return self._is_set

    def set(self) -> None:
        """Make it true."""
        self._is_set = True
        if self._event is not None:
            self._event.set()

    async def wait(self) -> None:
        """Return when it is true."""
        if not self._is_set:
            self._event = self._event or Event()
            await self._event.wait()


def _nothing() -> None:
    """Stand in where nobody wants to know."""


class Incarnation:
    """One run of a child, numbered from 1; a restart makes a new one."""

    __slots__ = (
        "became_ready",
        "begun_by",
        "due",
        "ended_by",
        "failure",
        "has_timed_out",
        "is_current",
        "is_draining",
        "is_killed",
        "number",
        "on_fail",
        "on_ready",
        "on_stop",
        "remark",
        "stopping",
        "task",
    )

    def __init__(self, number: int, begun_by: Cause = UNCAUSED) -> None:
        """Prepare run *number*, which counts the runs of the same child, and say what it comes of."""
        self.number = number
        self.begun_by = begun_by
        self.ended_by = UNCAUSED
        """What its end comes of, when it is asked for."""
        self.task: TaskHandle[None] | None = None
        self.stopping = Flag()
        self.became_ready = Flag()
        self.has_timed_out = False
        self.is_killed = False
        self.is_current = True
        self.is_draining = False
        self.due: float | None = None
        """When a stop must be over, in monotonic seconds; a supervisor divides what is left."""
        self.remark = ""
        """What its exit will say beside its kind."""
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
            self.on_ready = _nothing

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

    __slots__ = ()

    runs: int
    """How many runs there have been."""
    handled: int
    """How many messages were handled, in all of them."""

    @property
    def queued(self) -> int:
        """How many messages wait."""
        ...

    async def run(self, run: Incarnation) -> None:
        """Do one run: say `run.ready()`, and return soon after `run.stopping` is set."""
        ...

    def drain(self) -> None:
        """Refuse what comes from now on; when what was accepted is done, have `run.request_stop()` called."""
        ...

    def children(self) -> tuple[ChildInfo, ...]:
        """Return what is known of those below it, in the present run or in the last one."""
        return ()

    def close(self) -> None:
        """Refuse what comes until the next run, if there is one."""
        ...

    def handling(self) -> tuple[str, Cause]:
        """Return the wire name of the message being handled, if it is one, and what a failure comes of."""
        ...
