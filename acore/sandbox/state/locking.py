"""A lock on a file of kept state, so that two sandboxes do not write over each other's."""

import errno
import fcntl
import os
import weakref
from pathlib import Path


class LockedError(Exception):
    """Somebody else holds the lock."""


class Lock:
    """The lock of one file, held from the beginning until `release`.

    It is the kernel's (flock(2)), on a file beside the one it is for, as that one is replaced each time it is
    written: it goes with the process, however that ends.

    Args:
        path: what it is for; need not be there, but its folder must.

    Raises:
        LockedError: another sandbox holds it.
        OSError: it cannot be made, or *path* is a folder.
    """

    def __init__(self, path: Path) -> None:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        path = path.resolve()
        self._path = path.with_name(f".{path.name}.lock")
        number = self._taken()
        while number is None:
            number = self._taken()
        # Whoever forgets to release it still lets go of it.
        self._close = weakref.finalize(self, os.close, number)

    @property
    def is_held(self) -> bool:
        """Whether it is still held."""
        return self._close.alive

    def release(self) -> None:
        """Let others have it; harmless if they may already."""
        if self._close.alive:
            # Removed while it is held: who opened it meanwhile sees that it is not there any more.
            self._path.unlink(missing_ok=True)
            self._close()

    def _taken(self) -> int | None:
        """Return the number of the open lock file; None if it was removed by who held it before."""
        number = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(number), self._path.stat()):
                return number
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(number)
            raise LockedError from None
        except OSError:
            os.close(number)
            raise
        os.close(number)
        return None
