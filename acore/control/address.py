"""Where the control socket is, also when its path is longer than the operating system takes."""

import errno
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from acore.errors import AcoreError

SOCKET_NAME = "control.sock"
LONGEST = 107
"""Bytes of a path that fit into a Unix socket's address on Linux (unix(7), sun_path, less its end)."""
_BACKLOG = 16


class NoAddressError(AcoreError):
    """The path is too long, and there is no way around it here."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the path {path} is too long for a socket ({len(os.fsencode(path))} bytes, {LONGEST} fit): "
            "choose a data directory with a shorter one"
        )


@contextmanager
def address_of(path: Path) -> Generator[str]:
    """Yield a name for the socket at *path* that a socket address can hold; it is good within the block.

    Raises:
        NoAddressError: The path is too long, and there is no /proc to shorten it.
        OSError: Its directory cannot be opened.
    """
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    # A directory that is open has a short name too (proc(5)).
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        short = f"/proc/self/fd/{directory}/{path.name}"
        if not os.path.isdir(os.path.dirname(short)):  # noqa: PTH112, PTH120 - the text itself is what counts
            raise NoAddressError(path)
        yield short
    finally:
        os.close(directory)


def listen_at(path: Path) -> socket.socket:
    """Return a socket that listens at *path*, which only its owner may connect to from its first moment on.

    Call this only where no other process may listen there: what an earlier one left behind is replaced.

    Raises:
        NoAddressError: The path is too long.
        OSError: It cannot be made, e.g. because the disk is full or something else is in its place.
    """
    remove(path)
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, "something else is in its place", str(path))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address_of(path) as address, _owner_only():
            listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - the standard library's
    except BaseException:
        listener.close()
        raise
    return listener


def remove(path: Path) -> None:
    """Take the socket's file away; harmless when it is gone."""
    if path.is_socket():
        path.unlink(missing_ok=True)


@contextmanager
def _owner_only() -> Generator[None]:
    """Let what is made in the block be its owner's alone; changing its mode afterwards would be too late."""
    # The mask is the whole process's, so the block is as short as can be: for these microseconds, what other
    # threads make is its owner's alone too.
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
