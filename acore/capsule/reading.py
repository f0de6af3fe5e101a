"""Reading a capsule: line by line, each checked, in constant memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from acore.capsule.form import FORMAT, Footer, Header, Line, RowLine, Seal, SnapshotLine, decoded
from acore.capsule.problems import DamagedCapsuleError, NewerCapsuleError, NoCapsuleError
from acore.record import Record

# A header names every run of its rows; no line of a capsule comes near this.
_LONGEST = 64 * 2**20


class Checked(Record):
    """What a reading from the first line to the last has found.

    Attributes:
        header: The first line.
        rows: How many good rows there are.
        snapshots: How many good snapshots.
        first: Number of the first row; 0 without rows.
        last: Number of the last.
        good_until: Bytes of the file up to the end of its last good line.
        so_far: The checksum in that line.
        cut: Where the file breaks off; 0 when it has its end.
        damaged: The first line that is not what was written; 0 when there is none.
    """

    header: Header
    rows: int
    snapshots: int
    first: int
    last: int
    good_until: int
    so_far: str
    cut: int
    damaged: int

    @property
    def is_whole(self) -> bool:
        """Whether everything that was written is there."""
        return not (self.cut or self.damaged)

    def complaint(self, path: Path) -> str:
        """Return what is wrong with the file, in a sentence; blank when nothing is."""
        if self.damaged:
            return str(DamagedCapsuleError(path, self.damaged, self.rows))
        if self.cut:
            return f"{path} breaks off at line {self.cut}: the {self.rows:,} entries before it are used"
        return ""


class Reader:
    """Goes through a capsule once."""

    def __init__(self, path: Path) -> None:
        """Read *path*.

        Raises:
            NoCapsuleError: It is something else.
            NewerCapsuleError: A newer acore has made it.
            OSError: It cannot be read.
        """
        self.path = path
        self.header = header_of(path)
        self.rows = 0
        self.snapshots = 0
        self.first = 0
        self.last = 0
        self.good_until = 0
        self.cut = 0
        self.damaged = 0
        self._seal = Seal()

    def lines(self) -> Iterator[Line]:
        """Yield the good lines; afterwards `cut` and `damaged` tell why there are no more."""
        with self.path.open("rb") as file:
            yield from self._lines(file)

    def checked(self) -> Checked:
        """Return what was found; go through `lines` before."""
        return Checked(
            header=self.header,
            rows=self.rows,
            snapshots=self.snapshots,
            first=self.first,
            last=self.last,
            good_until=self.good_until,
            so_far=self._seal.so_far.decode(),
            cut=self.cut,
            damaged=self.damaged,
        )

    def _lines(self, file: BinaryIO) -> Iterator[Line]:
        number = 0
        while True:
            text = file.readline(_LONGEST)
            number += 1
            if not text.endswith(b"\n"):
                self.cut = number
                return
            line = self._good(text)
            if line is None:
                self.damaged = number
                return
            self.good_until += len(text)
            if isinstance(line, RowLine):
                self.rows += 1
                self.first, self.last = self.first or line.seq, line.seq
            elif isinstance(line, SnapshotLine):
                self.snapshots += 1
            yield line
            if isinstance(line, Footer):
                self.damaged = number + 1 if file.read(1) else 0
                return

    def _good(self, text: bytes) -> Line | None:
        if not self._seal.fits(text):
            return None
        try:
            line = decoded(text)
        except msgspec.DecodeError:
            return None
        if isinstance(line, RowLine) and line.seq <= self.last:
            return None
        if isinstance(line, Footer) and (line.rows, line.snapshots) != (self.rows, self.snapshots):
            return None
        return line


def header_of(path: Path) -> Header:
    """Return what the first line of *path* says.

    Raises:
        NoCapsuleError: It is no capsule.
        NewerCapsuleError: A newer acore has made it.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        text = file.readline(_LONGEST)
    try:
        said = msgspec.json.decode(text, type=_Claim)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NoCapsuleError(path) from None
    if said.line != "header":
        raise NoCapsuleError(path)
    if said.capsule > FORMAT:
        raise NewerCapsuleError(path, said.capsule, FORMAT)
    if not Seal().fits(text):
        raise DamagedCapsuleError(path, 1, 0)
    header = decoded(text)
    assert isinstance(header, Header)  # noqa: S101 - its line says so
    return header


def is_capsule(path: Path) -> bool:
    """Return whether *path* is a file that says of itself that it is a capsule, also a newer acore's."""
    try:
        header_of(path)
    except NoCapsuleError:
        return False
    except (NewerCapsuleError, DamagedCapsuleError):
        return True
    return True


def check(path: Path) -> Checked:
    """Read the whole of *path*, and return what it has and what is wrong with it.

    Raises:
        CapsuleError: It is no capsule, or one of a newer acore.
        OSError: It cannot be read.
    """
    reader = Reader(path)
    for _ in reader.lines():
        pass
    return reader.checked()


def usable(path: Path, *, accept_damaged: bool = False) -> Checked:
    """Return what can be used of *path*: a file that breaks off up to there, a damaged one only if accepted.

    Raises:
        DamagedCapsuleError: Something in it is not what was written.
        CapsuleError: It is no capsule, or one of a newer acore.
        OSError: It cannot be read.
    """
    found = check(path)
    if found.damaged and not accept_damaged:
        raise DamagedCapsuleError(path, found.damaged, found.rows)
    return found


class _Claim(msgspec.Struct):
    """What even a newer capsule says of itself."""

    line: str
    capsule: int
