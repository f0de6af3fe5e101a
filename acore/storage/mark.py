"""The mark: a small file beside the database that says how far the journal was durable.

SQLite takes a log that is damaged in its middle for one that ends there, and a file that was replaced by an
older copy for a good one. The mark is outside of both, so it shows what they have lost. It always claims at
most what is durable: it is written after the commit that it tells of.

The file has two slots, each in a block of its own, since what a disk tears it tears within a block. They are
written in turn, each with a checksum, so that one of them is whole at every moment. `cat` shows both.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec
from loguru import logger

from acore.record import Record
from acore.storage.sqlite import Connection

MARK_NAME = "acore.mark"
BLOCK = 4096
"""Bytes from one slot to the next: the largest block that disks write as one."""
_SLOTS = 2
_CHECKSUM_DIGITS = 16
_OWNER_ONLY = 0o600


class MarkUnreadableError(Exception):
    """The file is there, and neither of its slots is whole."""


class Mark(Record):
    """How far the journal was durable.

    Attributes:
        seq: The highest number given until then, also to what is no row.
        hash: Of the newest row until then, in hexadecimal digits; blank when there was none.
        boot: The run that wrote it.
        epoch: How many runs had taken the database over.
        wall_ns: When, in nanoseconds since 1970.
    """

    seq: int
    hash: str
    boot: str
    epoch: int
    wall_ns: int

    @property
    def age(self) -> tuple[int, int]:
        """What is greater in the newer of two."""
        return self.epoch, self.seq


class MarkFile:
    """The mark, open for writing; for one thread at a time, but for `sync`."""

    def __init__(self, path: Path) -> None:
        """Open the file at *path*, and make it if it is not there.

        Raises:
            OSError: It cannot be.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        try:
            slots = _slots(self._file)
            ages = [mark.age if mark is not None else (-1, -1) for mark in slots]
            self._next = ages.index(min(ages))
            if os.fstat(self._file).st_size != _SLOTS * BLOCK:
                # All of it at once: writing a slot then needs no room on the disk.
                os.pwrite(self._file, b" " * (_SLOTS * BLOCK - 1) + b"\n", 0)
                os.ftruncate(self._file, _SLOTS * BLOCK)
                self._put_all(slots)
            os.fsync(self._file)
        except BaseException:
            os.close(self._file)
            raise

    def put(self, mark: Mark) -> None:
        """Replace the older of the two slots by *mark*; it is safe from a loss of power after `sync`.

        Raises:
            OSError: It cannot be written.
        """
        os.pwrite(self._file, _line(mark), self._next * BLOCK)
        self._next = 1 - self._next

    def sync(self) -> None:
        """Have what was put survive a loss of power.

        Raises:
            OSError: It cannot be written.
        """
        os.fdatasync(self._file)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _put_all(self, slots: "list[Mark | None]") -> None:
        for place, mark in enumerate(slots):
            if mark is not None:
                os.pwrite(self._file, _line(mark), place * BLOCK)


class MarkKeeper:
    """Keeps the mark up to date; what goes wrong with it is told once and holds nothing up."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is touched yet."""
        self._path = path
        self._file: MarkFile | None = None
        self._is_failing = False

    def claim(self, connection: Connection, wall_ns: int) -> None:
        """Write down how far the database has come, after a commit. Blocks.

        Args:
            connection: Not in a transaction.
            wall_ns: The present instant.
        """
        seq, head, boot, epoch = connection.execute(
            "SELECT seq, hash, writer, epoch FROM progress"
        ).fetchone()
        mark = Mark(seq=seq, hash=head.hex(), boot=boot, epoch=epoch, wall_ns=wall_ns)
        with self._told():
            self._opened().put(mark)

    def sync(self) -> None:
        """Have what was claimed survive a loss of power. Blocks."""
        if self._file is not None:
            with self._told():
                self._file.sync()

    def close(self) -> None:
        """Sync, and let go of the file. Blocks."""
        self.sync()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> MarkFile:
        if self._file is None:
            self._file = MarkFile(self._path)
        return self._file

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            if not self._is_failing:
                logger.warning(
                    "{} cannot be written ({}): a loss of the newest entries would not be noticed",
                    self._path,
                    error.strerror or error,
                )
            self._is_failing = True
        else:
            self._is_failing = False


def read_mark(path: Path) -> Mark | None:
    """Return the mark in the file at *path*; None when there is no file, or nothing was put into it yet.

    Raises:
        MarkUnreadableError: Neither slot is whole.
        OSError: The file cannot be read.
    """
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        found = [mark for mark in _slots(file) if mark is not None]
        is_blank = not os.pread(file, _SLOTS * BLOCK, 0).strip()
    finally:
        os.close(file)
    if not found and is_blank:
        return None
    if not found:
        raise MarkUnreadableError
    return max(found, key=lambda mark: mark.age)


def mark_beside(path: Path) -> tuple[Mark | None, str]:
    """Return the mark of the database at *path*; or None, and why."""
    try:
        mark = read_mark(path.with_name(MARK_NAME))
    except MarkUnreadableError:
        return None, "it holds nothing that acore wrote"
    except OSError as error:
        return None, error.strerror or str(error)
    return mark, "" if mark is not None else "it is missing"


def _line(mark: Mark) -> bytes:
    text = msgspec.json.encode(mark)
    return _checksum(text) + b" " + text + b"\n"


def _slots(file: int) -> "list[Mark | None]":
    return [_slot(os.pread(file, BLOCK, place * BLOCK)) for place in range(_SLOTS)]


def _slot(block: bytes) -> Mark | None:
    line, end, _ = block.partition(b"\n")
    checksum, _, text = line.partition(b" ")
    if not end or checksum != _checksum(text):
        return None
    try:
        return msgspec.json.decode(text, type=Mark)
    except msgspec.DecodeError:  # whole, and not of this shape: a newer acore's
        return None


def _checksum(text: bytes) -> bytes:
    return blake2b(text, digest_size=_CHECKSUM_DIGITS // 2).hexdigest().encode()
