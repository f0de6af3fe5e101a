"""Where a running sandbox is found: a small file with addresses, ids and tokens."""

import errno
import os
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
        OSError: it cannot be written, or its folder belongs to somebody else.
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    elif path == default_path() and path.parent.stat().st_uid != os.getuid():
        # Whoever made the folder before us could read the tokens, or show others a sandbox of theirs.
        raise PermissionError(
            errno.EPERM, "belongs to somebody else; remove it or give --state", str(path.parent)
        )
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(msgspec.json.encode(state))
    unfinished.replace(path)


def forget(path: Path, state: Json) -> None:
    """Remove the file of a sandbox that ended, unless another one has written its own there meanwhile."""
    try:
        is_own = read(path).get("control") == state["control"]
    except (NoSandboxError, msgspec.DecodeError):
        is_own = False
    if is_own:
        path.unlink(missing_ok=True)


def read(path: Path) -> Json:
    """Return the state of a running sandbox.

    Raises:
        NoSandboxError: there is no such file.
        OSError: it cannot be read.
        msgspec.DecodeError: it is no such file.
    """
    try:
        return _STATE.decode(path.read_bytes())
    except FileNotFoundError:
        raise NoSandboxError(path) from None
