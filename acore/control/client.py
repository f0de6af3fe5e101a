"""The command line's side of the control socket. It waits in plain sockets: a command needs no event loop."""

import select
import socket
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from acore.control.address import SOCKET_NAME, address_of
from acore.control.protocol import NotUnderstoodError, Refusal, Reply, Request, decode_reply, encode
from acore.errors import AcoreError, ExitCode

PATIENCE = 5.0
"""Seconds that a running bot has for its first reply, and beyond the time when a further one is due."""
_CHUNK = 65_536


class NotRunningError(AcoreError):
    """Nobody listens at the data directory's socket."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"no bot runs on {directory}: `acore status --data {directory}` tells how it ended, "
            "and what to do"
        )


class LineMissingError(AcoreError):
    """A bot runs, and nobody listens at the data directory's socket."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, directory: Path, pid: int) -> None:
        who = f"process {pid} runs the bot" if pid else "a bot runs"
        super().__init__(
            f"{who} on {directory}, but its line to the command line is gone ({directory / SOCKET_NAME}); "
            "the bot itself may be well: `/ops restart part:control` in Discord makes the line anew"
        )


class NotOurBotError(AcoreError):
    """The socket is another user's."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} belongs to another user: run this as the user who runs the bot, or as root")


class SilentError(AcoreError):
    """Somebody listens, and does not answer."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, directory: Path, seconds: float) -> None:
        super().__init__(
            f"the bot on {directory} has not answered for {seconds:g} s: it is stopped or overloaded; "
            "its log tells more"
        )


class HungUpError(AcoreError):
    """The bot has ended, or its end of the line was restarted."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, directory: Path) -> None:
        super().__init__(f"the bot on {directory} has hung up: `acore status` tells whether it still runs")


class RefusedError(AcoreError):
    """The bot does not answer this."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNAVAILABLE

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"the bot does not answer: {refusal.text}")


class Call:
    """One request, and the replies to it."""

    def __init__(self, directory: Path, line: socket.socket) -> None:
        """Listen on *line*, which carried the request to the bot on *directory*."""
        self._directory = directory
        self._line = line
        self._heard = b""
        self._is_over = False

    def fileno(self) -> int:
        """Return what `select` waits on."""
        return self._line.fileno()

    def replies(self) -> Iterator[Reply]:
        """Yield the replies that have come, without waiting.

        Raises:
            HungUpError: No more will come.
            RefusedError: The bot does not answer.
            NotUnderstoodError: It is another acore, and answers something else.
        """
        if not self._is_over and select.select([self._line], [], [], 0)[0]:
            self._hear()
        while b"\n" in self._heard:
            line, _, self._heard = self._heard.partition(b"\n")
            reply = decode_reply(line)
            if isinstance(reply, Refusal):
                raise RefusedError(reply)
            yield reply
        if self._is_over:
            raise HungUpError(self._directory)

    def wait(self, seconds: float) -> Reply:
        """Return the next reply.

        Args:
            seconds: How long to wait for it.

        Raises:
            SilentError: None came in time.
            AcoreError: As `replies` does.
        """
        while True:
            for reply in self.replies():
                return reply
            if not select.select([self._line], [], [], seconds)[0]:
                raise SilentError(self._directory, seconds)

    def _hear(self) -> None:
        try:
            data = self._line.recv(_CHUNK)
        except ConnectionError:
            data = b""
        self._heard += data
        self._is_over = not data


@contextmanager
def call(directory: Path, request: Request) -> Generator[Call]:
    """Ask *request* of the bot on the data directory, and yield the line until the block ends.

    Raises:
        NotRunningError: No bot runs there.
        NotOurBotError: Another user's does.
        NoAddressError: The path is too long.
    """
    path = directory / SOCKET_NAME
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(PATIENCE)
        try:
            with address_of(path) as address:
                line.connect(address)
            line.sendall(encode(request))
        except PermissionError:
            raise NotOurBotError(path) from None
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            raise NotRunningError(directory) from None
        except (TimeoutError, BlockingIOError):
            # Its queue of callers is full: nobody takes them.
            raise SilentError(directory, PATIENCE) from None
        except ConnectionError:
            pass  # what it said before it hung up tells why
        yield Call(directory, line)


def ask[R: Reply](directory: Path, request: Request, reply: type[R]) -> R:
    """Return the one reply to *request*.

    Raises:
        AcoreError: There is none, and why.
    """
    with call(directory, request) as line:
        answer = line.wait(PATIENCE)
    if not isinstance(answer, reply):
        raise NotUnderstoodError(f"the bot answered {type(answer).__name__}, which is no {reply.__name__}")
    return answer
