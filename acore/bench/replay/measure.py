"""How fast a journal is replayed, and what memory that takes."""

import gc
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from acore.bench.replay.beside import slowdown
from acore.bench.replay.journal import ACTOR, KINDS
from acore.errors import AcoreError
from acore.record import Record
from acore.replay.engine import replay
from acore.replay.source import PAGE, DatabaseSource
from acore.storage.database import connect_reader
from acore.storage.query import SELECT
from acore.storage.store import DATABASE_NAME

SCAN_MUST, SCAN_STRETCH = 0.45, 0.6
RATE_MUST = 100_000
SLOWDOWN_MUST = 1.05
_MIB = 2**20
_KIB_OF_RUSAGE = 1024  # Linux tells kibibytes (getrusage(2)).

type Told = Callable[[str, int, int], None]
"""Told of what is under way, how many rows of it are done, and how many there are."""


class ReplayFailedError(AcoreError):
    """What was written for the measurement does not replay as it was written."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the replay of the bench's own journal differs: {what}")


class ReplayReport(Record):
    """What a replay takes. Seconds are of the processor, but for `whole_seconds`; memory is in bytes.

    Attributes:
        rows: How many rows each journal has.
        rounds: How often each was measured; the figures are medians.
        scan_ratio: How much of the speed of a bare scan a replay has whose actor says nothing.
        scan_us: Microseconds of the bare scan for each row.
        silent_us: Microseconds of the replay for each row.
        per_second: Messages handled in a second, each with an output that is compared.
        whole_seconds: How long the last replay of a whole journal took, in real time.
        resident: The most memory the process had before.
        grown: How much more it had at most afterwards.
        slowdown: How many times as long a bot's fact takes until it is durable, while its file is replayed.
    """

    rows: int
    rounds: int
    scan_ratio: float
    scan_us: float
    silent_us: float
    per_second: float
    whole_seconds: float
    resident: int
    grown: int
    slowdown: float
    scan_must: float = SCAN_MUST
    scan_stretch: float = SCAN_STRETCH
    rate_must: int = RATE_MUST
    slowdown_must: float = SLOWDOWN_MUST

    @property
    def passes(self) -> bool:
        """Whether it is as fast as it must be, and holds nobody up."""
        return (
            self.scan_ratio >= self.scan_must
            and self.per_second >= self.rate_must
            and self.slowdown <= self.slowdown_must
        )


def measure_replay(rows: int, rounds: int, told: Told, seconds: float) -> ReplayReport:
    """Write two journals, replay them, and scan one as the driver of SQLite does it by itself.

    Args:
        rows: How many rows each journal has.
        rounds: How often the speed is measured.
        told: Told how far things are.
        seconds: How long a bot's facts are measured at a time, beside a replay and without.
    """
    with TemporaryDirectory() as directory:
        paths = {kind: _written(Path(directory), kind, rows, told) for kind in KINDS}
        scans: list[float] = []
        silents: list[float] = []
        answers: list[float] = []
        whole = 0.0
        _scan(paths["silent"])  # what reading takes by itself is there before
        resident = _peak()
        for number in range(rounds):
            told(f"round {number + 1} of {rounds}", 0, rows)
            scans.append(_timed(lambda: _scan(paths["silent"])))
            silents.append(_timed(lambda: _replay(paths["silent"], "silent", rows, told)))
            began = perf_counter()
            answers.append(_timed(lambda: _replay(paths["answering"], "answering", rows, told)))
            whole = perf_counter() - began
        grown = _peak() - resident
        told("beside a writer", 0, rows)
        beside = slowdown(
            paths["silent"].parent, rounds, lambda: _replay(paths["silent"], "silent", rows, told), seconds
        )
    return ReplayReport(
        rows=rows,
        rounds=rounds,
        scan_ratio=median(scan / silent for scan, silent in zip(scans, silents, strict=True)),
        scan_us=median(scans) / rows * 1e6,
        silent_us=median(silents) / rows * 1e6,
        per_second=rows / 2 / median(answers),
        whole_seconds=whole,
        resident=resident,
        grown=grown,
        slowdown=beside,
    )


def _written(directory: Path, kind: str, rows: int, told: Told) -> Path:
    told("writing", 0, rows)
    place = directory / kind
    place.mkdir()
    command = [sys.executable, "-m", "acore.bench.replay.journal", str(place), str(rows), kind]
    subprocess.run(command, check=True)  # noqa: S603 - this interpreter, with arguments of our own
    return place / DATABASE_NAME


def _scan(path: Path) -> None:
    connection = connect_reader(path)
    connection.text_factory = str  # as the driver does it, which fails on a text that the disk has spoilt
    for _row in connection.execute(f"{SELECT} ORDER BY seq"):
        pass
    connection.close()


def _replay(path: Path, kind: str, rows: int, told: Told) -> None:
    def progress(seq: int) -> None:
        if seq // PAGE % 50 == 0:
            told("replaying", seq, rows)

    again = replay(ACTOR, KINDS[kind], DatabaseSource(path), on_progress=progress)
    if again.first is not None:
        raise ReplayFailedError(again.first.text())


def _timed(job: Callable[[], None]) -> float:
    """Return the processor's seconds for *job*."""
    gc.collect()
    began = process_time()
    job()
    return process_time() - began


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB_OF_RUSAGE
