"""Which git commit the program was started from, if any."""

from pathlib import Path

_HEX_DIGITS = 40


def commit_of(folder: Path) -> str:
    """Return the first 12 digits of the commit checked out around *folder*; nothing outside of git.

    git's files are read directly: starting a process for a line of text would cost every start.
    """
    for place in (folder, *folder.parents):
        if (found := _head(place / ".git")) is not None:
            return found
    return ""


def _head(git: Path) -> str | None:
    try:
        head = (git / "HEAD").read_text("utf-8").strip()
    except OSError:
        return None
    if not head.startswith("ref: "):
        return head[:12] if len(head) == _HEX_DIGITS else ""
    reference = head.removeprefix("ref: ")
    try:
        return (git / reference).read_text("utf-8").strip()[:12]
    except OSError:
        return _packed(git, reference)


def _packed(git: Path, reference: str) -> str:
    try:
        lines = (git / "packed-refs").read_text("utf-8").splitlines()
    except OSError:
        return ""
    return next((line[:12] for line in lines if line.endswith(f" {reference}")), "")
