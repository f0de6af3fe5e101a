"""Finds out what a file is that is to be replayed, and opens it to be read."""

from pathlib import Path
from typing import ClassVar

from acore.capsule.reading import is_capsule
from acore.capsule.source import open_capsule
from acore.errors import AcoreError, ExitCode
from acore.replay.source import DatabaseSource, Source
from acore.storage.query import NoDatabaseError
from acore.storage.store import DATABASE_NAME

# The first bytes of every SQLite file (https://www.sqlite.org/fileformat.html).
_SQLITE = b"SQLite format 3\0"


class NoJournalError(AcoreError):
    """A file is neither a database nor something exported from one."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} holds no journal: give a data directory, its {DATABASE_NAME}, or a file that "
            "`acore events export` wrote"
        )


def open_source(path: Path) -> Source:
    """Return the journal at *path*, which is a data directory, a database, or an exported file.

    Raises:
        NoJournalError: It is none of these.
        AcoreError: It is not there or cannot be read, and why.
    """
    path = database_at(path)
    if not path.is_file():
        raise NoDatabaseError(path)
    with path.open("rb") as file:
        head = file.read(len(_SQLITE))
    if head == _SQLITE or path.name == DATABASE_NAME:
        return DatabaseSource(path)
    if is_capsule(path):
        return open_capsule(path)
    raise NoJournalError(path)


def database_at(path: Path) -> Path:
    """Return the file that *path* stands for: itself, or the database in a data directory."""
    return path / DATABASE_NAME if path.is_dir() else path


def databases(path: Path) -> tuple[str, ...]:
    """Return what SQLite is told to open when the journal at *path* is read: nothing else has to be."""
    uri = database_at(path).absolute().as_uri()
    return f"{uri}?mode=ro", f"{uri}?mode=ro&immutable=1"
