"""Where a running sandbox is found: a small file with addresses, ids and tokens."""

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
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(msgspec.json.encode(state))
    unfinished.replace(path)


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
