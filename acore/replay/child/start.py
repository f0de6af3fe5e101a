"""Starts the process that a replay runs in, and speaks to it: JSON, one object a line, over its pipes."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from acore.errors import AcoreError, ExitCode
from acore.replay.child.wire import Failed, Progress, Reply, Request, Task, decode_reply
from acore.replay.opening import database_at
from acore.storage.sqlite import left_as_found

PATIENCE = 30.0
"""Seconds of silence after which the process is given up; it says several times a second that it is alive."""
_READ_AT_ONCE = 1 << 16


class ReplayDiedError(AcoreError):
    """The process that replays ended before it was done."""

    def __init__(self, code: int, last_words: str) -> None:
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with {code}"
        words = f": {last_words}" if last_words else ""
        memory = "; the machine may have run out of memory" if code == -signal.SIGKILL else ""
        super().__init__(f"the process that replays {how} before it was done{memory}{words}")


class ReplaySilentError(AcoreError):
    """The process that replays neither answers nor ends."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the process that replays said nothing for {seconds:g} s and was killed: it hangs in something "
            "that is not written in Python"
        )


class ReplayFailedError(AcoreError):
    """The process that replays could not do what was asked, and said why."""

    def __init__(self, failed: Failed) -> None:
        super().__init__("\n".join(failed.lines))
        # The class has the usual code; here the other process knows which one it is.
        self.exit_code = ExitCode(failed.code)  # pyright: ignore[reportAttributeAccessIssue] - as above


class Child:
    """A process of its own in which one thing is replayed; it is gone after the block."""

    def __init__(self, task: Task, *, patience: float = PATIENCE) -> None:
        """Prepare to have *task* done.

        Args:
            task: What to do.
            patience: Seconds of silence after which it is given up.
        """
        self._task = task
        self._patience = patience
        self._received = bytearray()

    def __enter__(self) -> Self:
        # Bare: what the bot's settings say, its token first, is no business of what is replayed.
        paths = [os.path.abspath(path) for path in sys.path if os.path.isdir(path or os.curdir)]  # noqa: PTH100, PTH112 - '' is a folder too
        # Where it cannot be started, or ends at once, nobody calls `__exit__`.
        with ExitStack() as after:
            # The process itself cannot: it may not write.
            after.enter_context(left_as_found(database_at(Path(self._task.source))))
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-m", "acore.replay.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"},
            )
            after.callback(self._kill)
            self.say(self._task)
            self._after = after.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._after.close()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def say(self, request: Request) -> None:
        """Tell it what to do next."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._bury()

    def replies(self) -> Iterator[Reply]:
        """Yield what it says until it is done with what it was told to do.

        Raises:
            ReplayFailedError: It cannot do it, and why.
            ReplayDiedError: It ended before it was done.
            ReplaySilentError: It neither answers nor ends.
        """
        is_done = False
        while not is_done:
            reply = decode_reply(self._line())
            if isinstance(reply, Failed):
                raise ReplayFailedError(reply)
            is_done = not isinstance(reply, Progress) and reply.is_last
            yield reply

    def _kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _line(self) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        while (end := self._received.find(b"\n")) < 0:
            if not select.select([self._process.stdout], [], [], self._patience)[0]:
                raise ReplaySilentError(self._patience)
            # Past Python's own buffer: what it kept, `select` would not tell of.
            read = os.read(self._process.stdout.fileno(), _READ_AT_ONCE)
            if not read:
                self._bury()
            self._received += read
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    def _bury(self) -> None:
        said = self._process.communicate()[1].decode(errors="replace").strip().splitlines()
        raise ReplayDiedError(self._process.returncode, said[-1] if said else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
