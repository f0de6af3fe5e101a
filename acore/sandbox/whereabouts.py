"""Where a running sandbox is found: a small file with addresses, ids and tokens."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import msgspec

from acore.sandbox.shapes import Json

_STATE = msgspec.json.Decoder(dict[str, object])


class NoSandboxError(Exception):
    """There is no sandbox to be found."""

    def __init__(self, path: Path | None = None) -> None:
        where = "" if path is None else f": {path} is missing"
        super().__init__(f"no sandbox runs{where}; start one with `acore sandbox serve`")


def own_path() -> Path:
    """Return where this process says where its sandbox is, for commands of the same user to find it."""
    return _folder() / f"{os.getpid()}.json"


def latest_path() -> Path:
    """Return the file of the sandbox that was served last and still runs.

    Raises:
        NoSandboxError: there is none.
        PermissionError: others may write where it is looked for.
    """
    try:
        _refuse_what_is_not_ours(own_path())
    except FileNotFoundError:
        raise NoSandboxError from None
    running = [one for one in _files() if _runs(int(one.stem))]
    if not running:
        raise NoSandboxError
    return max(running, key=lambda one: one.stat().st_mtime_ns)


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"acore-sandbox-{os.getuid()}"


def _files() -> list[Path]:
    """Return the files of processes, each called by the number of its own."""
    return [one for one in _folder().glob("*.json") if one.stem.isdecimal()]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # signal 0 asks only whether there is such a process (POSIX, kill)
    except (ProcessLookupError, PermissionError):  # or it is somebody else's, who has the number by now
        return False
    return True


def write(path: Path, state: Json) -> None:
    """Write the state in one step, as a driver may be waiting for the file to appear; it holds tokens.

    Raises:
        OSError: it cannot be written, or others may write where it is looked for by default.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_what_is_not_ours(path)
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # for its owner alone
    unfinished = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(msgspec.json.encode(state))
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def forget() -> None:
    """Remove this process's file, and those of processes that were killed before they could."""
    for one in _files():
        if one == own_path() or not _runs(int(one.stem)):
            one.unlink(missing_ok=True)


def read(path: Path) -> Json:
    """Return the state of a running sandbox.

    Raises:
        NoSandboxError: there is no such file.
        OSError: it cannot be read, or others may write where it is looked for by default.
        msgspec.DecodeError: it is no such file.
    """
    try:
        _refuse_what_is_not_ours(path)
        return _STATE.decode(path.read_bytes())
    except FileNotFoundError:
        raise NoSandboxError(path) from None


def _refuse_what_is_not_ours(path: Path) -> None:
    """Refuse the default place if it is not ours alone; any other is chosen by whoever names it.

    In a folder for everybody's temporary files, whoever made ours before us could read the tokens, or show us
    a sandbox of theirs.

    Raises:
        PermissionError: it is a link, belongs to somebody else, or others may write there.
        FileNotFoundError: it is not there.
    """
    if path.parent == _folder():
        folder = path.parent.lstat()
        is_ours = stat.S_ISDIR(folder.st_mode) and folder.st_uid == os.getuid()
        if not is_ours or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            why = "is not yours alone; remove it or give --state"
            raise PermissionError(errno.EPERM, why, str(path.parent))
