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

    def __init__(self, path: Path) -> None:
        super().__init__(f"no sandbox runs: {path} is missing; start one with `acore sandbox serve`")


def default_path() -> Path:
    """Return where a sandbox that is served from the command line says where it is, one for each user."""
    return Path(tempfile.gettempdir()) / f"acore-sandbox-{os.getuid()}" / "state.json"


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


def forget(path: Path, state: Json) -> None:
    """Remove the file of a sandbox that ended, unless another one has written its own there meanwhile."""
    try:
        is_own = read(path).get("control") == state["control"]
    except (NoSandboxError, OSError, msgspec.DecodeError):
        is_own = False
    if is_own:
        path.unlink(missing_ok=True)


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
    if path == default_path():
        folder = path.parent.lstat()
        is_ours = stat.S_ISDIR(folder.st_mode) and folder.st_uid == os.getuid()
        if not is_ours or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            why = "is not yours alone; remove it or give --state"
            raise PermissionError(errno.EPERM, why, str(path.parent))
