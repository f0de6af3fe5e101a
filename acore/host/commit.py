"""Which git commit the program was started from, if any."""

import re
from pathlib import Path

# SHA-1, or SHA-256 in newer repositories.
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def commit_of(folder: Path) -> str:
    """Return the first 12 digits of the commit checked out around *folder*; nothing outside of git.

    git's files are read directly: starting a process for a line of text would cost every start.
    """
    for place in (folder, *folder.parents):
        git = _git_directory(place)
        if git is not None and (head := _text(git / "HEAD")) is not None:
            return _commit(git, head)
    return ""


def _git_directory(place: Path) -> Path | None:
    """Return where git keeps its files for *place*: a work tree of its own has a file that tells."""
    git = place / ".git"
    if git.is_dir():
        return git
    told = _text(git)
    if told is None or not told.startswith("gitdir: "):
        return None
    return place / told.removeprefix("gitdir: ")


def _commit(git: Path, head: str) -> str:
    if not head.startswith("ref: "):
        return _short(head)
    reference = head.removeprefix("ref: ")
    shared = git / (_text(git / "commondir") or ".")
    return _short(_text(shared / reference) or _packed(shared, reference))


def _packed(git: Path, reference: str) -> str:
    lines = (_text(git / "packed-refs") or "").splitlines()
    return next((line.split()[0] for line in lines if line.endswith(f" {reference}")), "")


def _short(commit: str) -> str:
    return commit[:12] if _COMMIT.fullmatch(commit) else ""


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", errors="replace").strip()
    except OSError:
        return None
