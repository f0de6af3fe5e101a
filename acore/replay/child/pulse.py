"""Says several times a second that a replay goes on, and ends it when a handler does not."""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import msgspec

from acore.errors import ExitCode
from acore.replay.child.seal import place_of
from acore.replay.child.wire import Failed, Progress, Reply
from acore.runtime import driver

_BEAT = 0.2
_STEP = driver.step.__code__
# Where handlers are called from.
_DRIVERS = ("acore.replay.", "acore.runtime.")


class Pipe:
    """Where replies go: what was standard output. What replayed code prints goes nowhere."""

    def __init__(self) -> None:
        self._to = os.dup(1)
        self._is_busy = False
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.close(silence)

    def say(self, reply: Reply, *, is_sign_of_life: bool = False) -> None:
        """Write *reply*; a sign of life only when no other line is half written."""
        if is_sign_of_life and self._is_busy:
            return
        self._is_busy = True
        line = msgspec.json.encode(reply) + b"\n"
        while line:
            line = line[os.write(self._to, line) :]
        self._is_busy = False


class Pulse:
    """What a timer of the operating system finds, whatever Python code is under way.

    `done` and `total` are entries of the journal, and are set by whoever replays.
    """

    def __init__(self, pipe: Pipe, limit: float) -> None:
        """Prepare to watch.

        Args:
            pipe: Where it is told.
            limit: Seconds that one handler may take.
        """
        self.actor = ""
        self.done = 0
        self.total = 0
        self._pipe = pipe
        self._limit = limit
        self._handling: FrameType | None = None
        self._beats = 0

    @contextmanager
    def beating(self, actor: str, total: int = 0) -> Generator[None]:
        """Watch the block, in which *actor* is replayed."""
        self.actor, self.done, self.total = actor, 0, total
        self._handling = None
        signal.signal(signal.SIGALRM, self._beat)
        signal.setitimer(signal.ITIMER_REAL, _BEAT, _BEAT)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._handling = None

    def _beat(self, _number: int, frame: FrameType | None) -> None:
        # A frame is made for each call, so the same one again is the same handler, still under way.
        handling = _handling(frame)
        self._beats = self._beats + 1 if handling is not None and handling is self._handling else 0
        self._handling = handling
        if self._beats * _BEAT >= self._limit:
            self._give_up(frame)
        self._pipe.say(Progress(actor=self.actor, done=self.done, total=self.total), is_sign_of_life=True)

    def _give_up(self, frame: FrameType | None) -> None:
        text = (
            f"{self.actor} does not get on: a handler has been at {place_of(frame)} for more than "
            f"{self._limit:g} s and was given up, after entry {self.done} of the journal"
        )
        self._pipe.say(Failed(code=ExitCode.SOFTWARE, lines=(text,)))
        # Past whatever the handler would make of an exception.
        os._exit(ExitCode.SOFTWARE)


def _handling(frame: FrameType | None) -> FrameType | None:
    """Return the call of the handler that is under way; None when none is."""
    handler = None
    while frame is not None and frame.f_code is not _STEP:
        # One step may take many messages in; what lies between it and a handler is acore's.
        if not str(frame.f_globals.get("__name__")).startswith(_DRIVERS):
            handler = frame
        frame = frame.f_back
    return None if frame is None else handler
