"""What came out: every line of the table with its ratio and whether that is what it should be."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import ClassVar

import msgspec

from acore.bench.runtime.harness import PEERS, Progress, Taken, take, versions
from acore.bench.runtime.rows import Figure, Job, Line, Pair, Unit, lines
from acore.errors import AcoreError, ExitCode
from acore.record import Record


class UnknownRowError(AcoreError):
    """A row was asked for that the table does not have."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, row: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no row {row!r}; the rows are {', '.join(known)}")


class Verdict(StrEnum):
    """How a line came out."""

    STRETCH = "reaches stretch"
    MUST = "holds"
    MISSES = "misses"
    FAILS = "fails"
    SHOWN = "shown only"
    BROKEN = "not measured"


class LineReport(Record):
    """One line: medians over the rounds, and the median of the ratios taken within each.

    `kind` is the kind of actor that came out worst, where both are measured, `shortfall` the part of `must`
    that is missing, `ratios` those of the rounds in their order. `value` is what is judged: the ratio, or
    acore's figure where nothing stands beside it.
    """

    row: str
    what: str
    verdict: Verdict
    unit: Unit
    kind: str = ""
    ours: float | None = None
    reference: float | None = None
    value: float | None = None
    ratios: tuple[float, ...] = ()
    must: float | None = None
    stretch: float | None = None
    is_at_most: bool = False
    shortfall: float = 0.0
    failure: str = ""


class RuntimeReport(Record):
    """A whole run. `load` is that of the machine over one minute, before and after, in processes."""

    rounds: int
    python: str
    machine: str
    processors: int
    load: tuple[float, float]
    peers: dict[str, str]
    absent: tuple[str, ...]
    lines: tuple[LineReport, ...]

    @property
    def weak(self) -> tuple[LineReport, ...]:
        """The lines that a gate does not let pass."""
        return tuple(line for line in self.lines if line.verdict in {Verdict.FAILS, Verdict.BROKEN})

    @property
    def had_company(self) -> bool:
        """Whether something else was at work on the machine; the measurement itself is one process."""
        return self.load[0] > 1 or self.load[1] > self.processors

    @property
    def broken(self) -> tuple[LineReport, ...]:
        """The lines whose contestants did not do what they are there for."""
        return tuple(line for line in self.lines if line.verdict is Verdict.BROKEN)


def row_names(table: Sequence[Line] | None = None) -> tuple[str, ...]:
    """Return the names of the rows of *table*, or of the runtime's, in their order."""
    return tuple(dict.fromkeys(line.row for line in table or lines()))


def chosen(rows: Sequence[str], table: Sequence[Line] | None = None) -> tuple[Line, ...]:
    """Return the lines of *rows*; all of them when none is named.

    Args:
        rows: Their names.
        table: Where they are looked for; the runtime's lines if none are given.

    Raises:
        UnknownRowError: There is no such row.
    """
    known = row_names(table)
    for row in rows:
        if row not in known:
            raise UnknownRowError(row, known)
    return tuple(line for line in table or lines() if not rows or line.row in rows)


def hastened(line: Line, factor: float) -> Line:
    """Return *line* measured in *factor* times the time, for a first look."""

    def figure(one: Figure) -> Figure:
        params = msgspec.structs.replace(one.job.params, seconds=one.job.params.seconds * factor)
        job = Job(what=one.job.what, who=one.job.who, params=params)
        return Figure(job=job, key=one.key)

    pairs = tuple(
        msgspec.structs.replace(
            pair, ours=figure(pair.ours), reference=None if pair.reference is None else figure(pair.reference)
        )
        for pair in line.pairs
    )
    return msgspec.structs.replace(line, pairs=pairs)


def measure_runtime(
    wanted: Sequence[Line],
    rounds: int,
    on_sample: Callable[[Progress], None],
    installed: Mapping[str, str] | None = None,
) -> RuntimeReport:
    """Measure *wanted* and judge them; what needs a library that is not installed is left out.

    Args:
        wanted: The lines.
        rounds: How often each is measured.
        on_sample: Told how far things are.
        installed: The versions of the peers that may take part; all that are there if none are given.
    """
    found = versions() if installed is None else dict(installed)
    absent = {who: name for who, name in PEERS.items() if name not in found}
    able = [line for line in wanted if not any(job.who in absent for job in line.jobs)]
    unable = {job.who for line in wanted for job in line.jobs if job.who in absent}
    before = os.getloadavg()[0]
    taken = take((job for line in able for job in line.jobs), rounds, on_sample)
    return RuntimeReport(
        rounds=rounds,
        python=platform.python_version(),
        machine=platform.machine(),
        processors=os.cpu_count() or 0,
        load=(before, os.getloadavg()[0]),
        peers=found,
        absent=tuple(sorted(absent[who] for who in unable)),
        lines=tuple(judge(line, taken) for line in able),
    )


def again(
    report: RuntimeReport, wanted: Sequence[Line], on_sample: Callable[[Progress], None]
) -> RuntimeReport:
    """Measure once more the rows of which a line did not pass the gate, and put the new lines in place."""
    rows = {line.row for line in report.weak}
    second = measure_runtime([line for line in wanted if line.row in rows], report.rounds, on_sample)
    new = {(line.row, line.what): line for line in second.lines}
    replaced = tuple(new.get((line.row, line.what), line) for line in report.lines)
    return msgspec.structs.replace(report, lines=replaced, load=(report.load[0], second.load[1]))


def judge(line: Line, taken: Taken) -> LineReport:
    """Return how *line* came out: by the worst of its pairs."""
    broken = next((f"{job.who}: {taken.failures[job]}" for job in line.jobs if job in taken.failures), "")
    if broken:
        return LineReport(
            row=line.row, what=line.what, verdict=Verdict.BROKEN, unit=line.unit, failure=broken
        )
    outcomes = [_outcome(line, pair, taken) for pair in line.pairs]
    is_at_most = line.goal is not None and line.goal.is_at_most
    return sorted(outcomes, key=lambda one: one.value or 0.0)[-1 if is_at_most else 0]


def _outcome(line: Line, pair: Pair, taken: Taken) -> LineReport:
    ours = _values(pair.ours, taken)
    theirs = _values(pair.reference, taken) if pair.reference is not None else []
    ratios = [a / b for a, b in zip(ours, theirs, strict=True) if b] if theirs else []
    value = median(ratios or ours)
    goal = line.goal
    return LineReport(
        row=line.row,
        what=line.what,
        verdict=_verdict(line, value),
        unit=line.unit,
        kind=pair.kind,
        ours=median(ours),
        reference=median(theirs) if theirs else None,
        value=value,
        ratios=tuple(ratios),
        must=goal.must if goal else None,
        stretch=goal.stretch if goal else None,
        is_at_most=goal.is_at_most if goal else False,
        shortfall=goal.shortfall(value) if goal else 0.0,
    )


def _values(figure: Figure, taken: Taken) -> list[float]:
    return [one[figure.key] for one in taken.figures[figure.job]]


def _verdict(line: Line, value: float) -> Verdict:
    goal = line.goal
    if goal is None:
        return Verdict.SHOWN
    if goal.stretch is not None and goal.meets(value, goal.stretch):
        return Verdict.STRETCH
    if goal.meets(value, goal.must):
        return Verdict.MUST
    return Verdict.MISSES if goal.passes_gate(value) else Verdict.FAILS
