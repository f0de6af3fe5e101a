"""State that outlives the sandbox: a file, written now and then and at the end.

One line of JSON says what the file is, one what the roots hold, and then there is one for each record.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import anyio.to_thread
import msgspec

from acore.sandbox import realtime
from acore.sandbox.shapes import Json
from acore.sandbox.state.locking import Lock, LockedError
from acore.sandbox.state.snapshots import Restored, Snapshot

FORMAT = 1
KIND = "acore sandbox"
EVERY = 3.0
"""Seconds between two looks whether something changed."""
SHARE = 0.02
"""How much of the event loop's time taking snapshots may cost; a great world is kept more seldom."""
_LINE = msgspec.json.Decoder(dict[str, object])
_ENCODER = msgspec.json.Encoder()


class KeptFileError(Exception):
    """A file of kept state is of no use; it is left as it is."""

    def __init__(self, path: Path, why: str, *, remedy: str = "move this one away to begin anew") -> None:
        super().__init__(f"{path}: {why}; name another file with --keep, or {remedy}")
        self.path = path


class Kept:
    """What a file of kept state held."""

    def __init__(self, path: Path, restored: Restored) -> None:
        self._path = path
        self._restored = restored

    def fill(self, name: str, root: object) -> None:
        """Give the root of this name what it held.

        Raises:
            KeptFileError: the root is another than it was.
        """
        try:
            self._restored.fill(name, root)
        except msgspec.ValidationError as error:
            raise KeptFileError(self._path, f"it is damaged: {error}") from None


def hold(path: Path) -> Lock:
    """Return the lock of a file of kept state, held.

    Raises:
        KeptFileError: another sandbox uses the file, or its folder is missing.
        OSError: its folder cannot be written.
    """
    try:
        return Lock(path)
    except LockedError:
        raise KeptFileError(path, "another sandbox keeps its state there", remedy="stop that one") from None
    except FileNotFoundError:
        raise KeptFileError(path, "there is no such folder", remedy="make it") from None


def take(path: Path) -> tuple[Lock, Kept | None]:
    """Return the lock of a file of kept state, held, and what is kept; None if there is no such file yet.

    Raises:
        KeptFileError: another sandbox uses the file, its folder is missing, or it is of no use.
        OSError: it cannot be read, or its folder cannot be written.
    """
    lock = hold(path)
    try:
        return lock, read(path)
    except BaseException:
        lock.release()
        raise


def read(path: Path) -> Kept | None:
    """Return what is kept in a file, None if there is no such file.

    Raises:
        KeptFileError: it is no such file, damaged, or of a newer acore.
        OSError: it cannot be read.
    """
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return None
    try:
        header = _LINE.decode(lines[0] if lines else b"")
        if header.get("kind") != KIND or not isinstance(header.get("format"), int):
            raise KeptFileError(path, "this is no kept state of a sandbox")
        if header["format"] != FORMAT:
            what = f"it was written by another acore (format {header['format']}, this one reads {FORMAT})"
            raise KeptFileError(path, what)
        if header.get("records") != len(lines) - 2:
            raise KeptFileError(
                path, f"it is damaged: not all of its {header.get('records')} records are there"
            )
        rows = [_LINE.decode(line) for line in lines[2:]]
        roots = _LINE.decode(lines[1])
        restored = Restored(roots, rows)
        if not roots:
            raise KeptFileError(path, "it is damaged: what it is about is missing")
        return Kept(path, restored)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KeptFileError(path, f"this is no kept state of a sandbox, or it is damaged ({error})") from None


def write(path: Path, snapshot: Snapshot) -> None:
    """Write a snapshot, so that after a power cut there is the old file or the new one.

    Only its owner may read it, as it holds tokens.

    Raises:
        OSError: it cannot be written.
    """
    path = path.resolve()  # a link stays one
    unfinished = path.with_name(f".{path.name}.new")  # nobody else's, as the file is locked
    with contextlib.suppress(FileNotFoundError):
        unfinished.unlink()
    number = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            header: Json = {"kind": KIND, "format": FORMAT, "records": len(snapshot)}
            for line in (header, snapshot.roots):
                file.write(_ENCODER.encode(line) + b"\n")
            # Record by record, so that the event loop gets its turn in between.
            for row in snapshot.rows():
                file.write(_ENCODER.encode(row) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Keeper:
    """Keeps the state of a running sandbox in a file.

    Args:
        path: the file.
        lock: its lock, released when the keeper ends.
        roots: by name, what holds all there is.
        changes: returns a number that differs when something may have changed.
    """

    def __init__(
        self, path: Path, lock: Lock, roots: Mapping[str, object], changes: Callable[[], int]
    ) -> None:
        self._path = path
        self._lock = lock
        self._roots = roots
        self._changes = changes
        self._kept = -1
        self._failed: OSError | None = None
        self._snapshots: SimpleQueue[Snapshot | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to keep; the file is there a moment later.

        Raises:
            KeptFileError: it ended before, and another sandbox uses the file now.
        """
        if not self._lock.is_held:
            self._lock = await anyio.to_thread.run_sync(hold, self._path)
        self._thread = Thread(target=self._write, name="sandbox-keeper", daemon=True)
        self._thread.start()
        self._look()

    async def stop(self) -> None:
        """Keep what there is now, and end.

        Raises:
            OSError: it could not be written.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._snapshots.put(Snapshot(self._roots))
            self._snapshots.put(None)
            await anyio.to_thread.run_sync(thread.join)
        await anyio.to_thread.run_sync(self._lock.release)
        if self._failed is not None:
            raise self._failed

    def _look(self) -> None:
        """Take a snapshot if something changed, and look again later."""
        pause, changes = EVERY, self._changes()
        is_written = self._snapshots.empty()  # else the disk is slower than we are
        if is_written and (changes != self._kept or self._failed is not None):
            began = realtime.monotonic()
            self._snapshots.put(Snapshot(self._roots))
            self._kept = changes
            pause = max(EVERY, (realtime.monotonic() - began) / SHARE)
        self._timer = asyncio.get_running_loop().call_later(pause, self._look)

    def _write(self) -> None:
        while (snapshot := self._snapshots.get()) is not None:
            try:
                write(self._path, snapshot)
                self._failed = None
            except OSError as error:
                self._failed = error
