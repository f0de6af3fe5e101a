"""What acore shows to a person at a terminal."""

import os
import pty
import re
import subprocess
import termios
from pathlib import Path

from acore.errors import ExitCode
from tests.e2e.bot import ACORE


def in_a_terminal(home: Path, *arguments: str, columns: int = 80) -> str:
    """Return what `acore` shows in a terminal so wide, without its colours; it must succeed."""
    code, shown = shown_in_a_terminal(home, *arguments, columns=columns)
    assert code == ExitCode.OK, shown
    return shown


def shown_in_a_terminal(home: Path, *arguments: str, columns: int = 80) -> tuple[int, str]:
    """Return the exit code of `acore`, and what it shows in a terminal so wide, without its colours."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, columns))
    environ = {"PATH": os.defpath, "HOME": str(home), "TERM": "xterm"}
    with subprocess.Popen(
        (*ACORE, *arguments), cwd=home, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while data := os.read(ours, 65_536):
                shown += data
        except OSError:
            pass  # Linux says so that the other end is closed
        code = process.wait()
    os.close(ours)
    return code, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode()).replace("\r\n", "\n")
