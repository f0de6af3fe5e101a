"""The data directory, and the lock that lets one acore at a time use it."""

import errno
import fcntl
import os
import platform
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import msgspec
from loguru import logger

from acore.clock import Clock
from acore.errors import ExitCode, FatalError
from acore.record import Record

LOCK_NAME = "acore.lock"
_OWNER_ONLY_DIRECTORY = 0o700
_OWNER_ONLY_FILE = 0o600
_OTHERS = 0o077
# flock(2): the lock is held by another open file; EACCES is what some network file systems say instead.
_HELD = frozenset({errno.EWOULDBLOCK, errno.EACCES})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class DataDirectoryError(FatalError):
    """The data directory cannot be used."""

    exit_code: ClassVar[ExitCode] = ExitCode.CANT_CREATE

    def __init__(self, directory: Path, error: OSError) -> None:
        why = os.strerror(error.errno) if error.errno else str(error)
        remedy = "free some space" if error.errno in _FULL else "choose another, or make it writable"
        if error.errno in {errno.ENOTDIR, errno.EEXIST}:
            remedy = "a file is in its place; move it, or choose another directory"
        super().__init__(f"the data directory {directory} cannot be used ({why}): {remedy}")


class Holder(Record):
    """Who holds the lock, as it wrote into the lock file."""

    pid: int
    host: str
    boot: str
    started: str


class AlreadyRunningError(FatalError):
    """Another acore uses the data directory now."""

    exit_code: ClassVar[ExitCode] = ExitCode.TEMPORARY

    def __init__(self, directory: Path, holder: Holder | None) -> None:
        who = "another acore"
        if holder is not None:
            who += f" (pid {holder.pid} on {holder.host}, boot {holder.boot}, since {holder.started})"
        super().__init__(f"{who} uses {directory}: stop it first, or choose another data directory")
        self.holder = holder


def holder_of(directory: Path) -> Holder | None:
    """Return who uses the data directory now; None when nobody does.

    Ask only when nothing else tells: for the moment that it takes, nobody can begin to use the directory.

    Raises:
        OSError: The lock file cannot be read.
    """
    try:
        file = os.open(directory / LOCK_NAME, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            raise
        return _holder(file) or Holder(pid=0, host="", boot="", started="")
    else:
        return None
    finally:
        os.close(file)


class DataDirectory:
    """A directory that belongs to this process alone, for as long as it is held.

    The lock is the kernel's, not the file's content: it goes when the process does, however it ends.
    """

    def __init__(self, path: Path, *, boot: str, clock: Clock) -> None:
        """Name the directory; nothing is touched yet.

        Args:
            path: The directory; made if it is not there.
            boot: Names this run of the process, for whoever finds the lock taken.
            clock: Says since when.
        """
        self.path = path
        self._boot = boot
        self._clock = clock
        self._file: int | None = None

    def acquire(self) -> None:
        """Make the directory if need be, and take it.

        Raises:
            DataDirectoryError: It cannot be made or written.
            AlreadyRunningError: Another process holds it.
        """
        with _named(self.path):
            self.path.mkdir(mode=_OWNER_ONLY_DIRECTORY, parents=True, exist_ok=True)
            self._warn_if_open_to_others()
            file = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT, _OWNER_ONLY_FILE)
        try:
            self._take(file)
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        """Let the next one in; harmless when it was not held."""
        # The file stays: removing it would let two processes hold a lock on two files of one name.
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD:
                raise AlreadyRunningError(self.path, _holder(file)) from None
            raise DataDirectoryError(self.path, error) from error
        me = Holder(
            pid=os.getpid(),
            host=platform.node(),
            boot=self._boot,
            started=self._clock.now().isoformat(timespec="seconds"),
        )
        with _named(self.path):
            os.ftruncate(file, 0)
            os.pwrite(file, msgspec.json.encode(me) + b"\n", 0)

    def _warn_if_open_to_others(self) -> None:
        # Only a directory made here is closed to others: the path might be one that the whole machine uses.
        if self.path.stat().st_mode & _OTHERS:
            logger.warning("{} is open to other users of this machine: chmod 700 {}", self.path, self.path)


@contextmanager
def _named(directory: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise DataDirectoryError(directory, error) from error


def _holder(file: int) -> Holder | None:
    """Return what the holder wrote; None in the moment between its taking the lock and writing."""
    try:
        return msgspec.json.decode(os.pread(file, 4096, 0), type=Holder)
    except (msgspec.DecodeError, OSError):
        return None
