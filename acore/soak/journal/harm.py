"""What a disk may do to the log when it fails: done to a copy, and looked at as the next start would."""

import random
import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from acore.soak.journal.client import Ledger
from acore.storage.mark import MARK_NAME, mark_beside
from acore.storage.query import last_seq
from acore.storage.verify import Fault, verify

_FRAME = 4096 + 24
"""A page, and what the log says of it before (https://www.sqlite.org/fileformat2.html#walformat)."""
_HEADER = 32
LEAST = 2
"""Transactions that a log to be harmed has: one that is lost, and one that must not be."""
_LOSSES = frozenset({Fault.BEHIND, Fault.OTHER})


class Harm(StrEnum):
    """What is done to the log."""

    TORN = "torn"
    """Its last frame is there in part."""
    CHANGED = "changed"
    """Some bytes in its middle are others: SQLite takes it for a log that ends there."""


def harm(harm: Harm, path: Path, ledger: Ledger, chance: random.Random) -> Iterator[str] | None:
    """Do *harm* to a copy of the database at *path*, and yield what is not as it must be then.

    The log has to be one that only grew in the present run.

    Args:
        harm: What is done.
        path: The database of a process that was killed.
        ledger: What was told of it.
        chance: Where it is done.

    Returns:
        What is wrong with the copy; None when the log is too short to be harmed.
    """
    log = path.with_name(f"{path.name}-wal")
    if len(ledger.synced) < LEAST or not log.exists() or log.stat().st_size < ledger.synced[-1][1]:
        return None
    copy = path.parent / "harmed" / path.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    copy.parent.mkdir()
    for name in (path.name, log.name, MARK_NAME):
        if path.with_name(name).exists():
            shutil.copy(path.with_name(name), copy.with_name(name))
    first, last = ledger.synced[0][1], ledger.synced[-1][1]
    with copy.with_name(log.name).open("r+b") as file:
        match harm:
            case Harm.TORN:
                file.truncate(last - chance.randint(1, _FRAME - 1))
            case Harm.CHANGED:
                frame = chance.randrange((first - _HEADER) // _FRAME, (last - _HEADER) // _FRAME)
                at = _HEADER + frame * _FRAME + chance.randrange(24, _FRAME)
                file.seek(at)
                (before,) = file.read(1)
                file.seek(at)
                file.write(bytes([before ^ chance.randint(1, 255)]))
    return _problems(harm, copy, ledger)


def _problems(harm: Harm, copy: Path, ledger: Ledger) -> Iterator[str]:
    upto, (synced, _) = last_seq(copy), ledger.synced[-1]
    if upto >= synced:
        yield f"{harm}: the log was harmed before entry {synced}, and the file goes up to {upto}"
    if upto not in {*ledger.batches, ledger.upto}:
        yield f"{harm}: the file ends with {upto}, where no batch ended"
    if harm is Harm.TORN and upto < ledger.synced[-2][0]:
        yield f"{harm}: more than the last transaction is lost: {upto} of {ledger.synced[-2][0]} are there"
    mark, _ = mark_beside(copy)
    found = {finding.fault for finding in verify(copy).findings}
    if found - _LOSSES:
        yield f"{harm}: what is left is not whole: {', '.join(sorted(found - _LOSSES))}"
    if mark is not None and mark.seq > upto and not found:
        yield f"{harm}: the mark tells of {mark.seq}, the file goes up to {upto}, and nobody notices"
