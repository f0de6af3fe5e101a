"""What is made of the figures: ratios, verdicts, the gate, and what the command says."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from acore.bench.runtime import report as reports
from acore.bench.runtime.harness import PEERS, Progress, Taken, take
from acore.bench.runtime.report import (
    LineReport,
    RuntimeReport,
    UnknownRowError,
    Verdict,
    again,
    chosen,
    hastened,
    judge,
    measure_runtime,
    row_names,
)
from acore.bench.runtime.rows import Figure, Goal, Job, Line, Pair, Unit, at_least, at_most, lines
from acore.bench.runtime.shapes import Params
from acore.cli import invoke
from acore.errors import ExitCode

OURS, OTHER, FLOOR = (Job(what="tell", who=who) for who in ("ours.core", "ours.edge", "floors.limit"))


def line_of(goal: Goal | None, *ours: Job, reference: Job | None = FLOOR) -> Line:
    """Return a line that compares *ours* with the floor."""
    beside = None if reference is None else Figure(job=reference, key="x")
    kinds = [job.who.rpartition(".")[2] for job in ours]
    pairs = tuple(
        Pair(ours=Figure(job=job, key="x"), reference=beside, kind=kind)
        for job, kind in zip(ours, kinds, strict=True)
    )
    return Line(row="A1", what="events", pairs=pairs, unit=Unit.PER_SECOND, goal=goal)


def taken_of(figures: dict[Job, list[float]]) -> Taken:
    """Return samples with one figure each."""
    return Taken(
        figures={job: [{"x": value} for value in values] for job, values in figures.items()}, failures={}
    )


def test_a_ratio_is_taken_within_each_round() -> None:
    """A1: the median of the rounds' ratios, not the ratio of the medians."""
    told = judge(line_of(at_least(3), OURS), taken_of({OURS: [10, 1, 8], FLOOR: [5, 1, 1]}))

    assert told.ratios == (2, 1, 8)
    assert (told.ours, told.reference, told.value) == (8, 1, 2)


def test_the_worse_of_two_kinds_of_actor_counts() -> None:
    """A1-A5: for rates the smaller ratio, for times the larger one."""
    taken = taken_of({OURS: [4], OTHER: [6], FLOOR: [2]})

    assert judge(line_of(at_least(2), OURS, OTHER), taken).kind == "core"
    assert judge(line_of(at_most(2), OURS, OTHER), taken).kind == "edge"


@pytest.mark.parametrize(
    ("goal", "value", "verdict"),
    [
        (at_least(2, 4), 4.0, Verdict.STRETCH),
        (at_least(2, 4), 2.0, Verdict.MUST),
        (at_least(2, 4), 1.5, Verdict.MISSES),
        (at_least(2, 4), 1.49, Verdict.FAILS),
        (at_most(3, 1), 1.0, Verdict.STRETCH),
        (at_most(3, 1), 3.0, Verdict.MUST),
        (at_most(3, 1), 4.0, Verdict.MISSES),
        (at_most(3, 1), 4.01, Verdict.FAILS),
        (at_most(3), 0.1, Verdict.MUST),
        (None, 0.1, Verdict.SHOWN),
    ],
)
def test_a_verdict_knows_must_stretch_and_gate(goal: Goal | None, value: float, verdict: Verdict) -> None:
    """A1-N2: the gate lies at 0.75 times what must be."""
    told = judge(line_of(goal, OURS, reference=None), taken_of({OURS: [value]}))

    assert told.verdict is verdict


def test_a_miss_says_how_much_is_missing() -> None:
    """A1, D1: as a part of what must be."""
    assert judge(line_of(at_least(4), OURS), taken_of({OURS: [3], FLOOR: [1]})).shortfall == 0.25
    assert judge(line_of(at_most(4), OURS), taken_of({OURS: [5], FLOOR: [1]})).shortfall == 0.25
    assert judge(line_of(at_most(4), OURS), taken_of({OURS: [2], FLOOR: [1]})).shortfall == 0


def test_a_contestant_that_fails_costs_its_own_lines_only() -> None:
    """A1: it is not asked again, and the line says why it has no figure."""
    nobody, codec = (
        Job(what="tell", who="nobody"),
        Job(what="codec", who="ours.codec", params=Params(messages=9)),
    )
    progress = list[Progress]()

    taken = take([nobody, codec, codec], 2, progress.append)

    assert "No module named 'acore.bench.runtime.nobody'" in taken.failures[nobody]
    assert len(taken.figures[codec]) == 2
    assert [(one.round, one.sample, one.samples) for one in progress] == [(1, 1, 2), (1, 2, 2), (2, 1, 1)]
    told = judge(line_of(at_least(1), nobody, reference=codec), taken)
    assert told.verdict is Verdict.BROKEN
    assert told.failure.startswith("nobody: ModuleNotFoundError")


def test_what_is_compared_is_measured_close_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A1-N2: in every round all jobs of one kind follow each other, whatever the order."""
    order = list[Job]()

    def sample(job: Job) -> dict[str, float]:
        order.append(job)
        return {}

    monkeypatch.setattr("acore.bench.runtime.harness._sample", sample)
    jobs = list(dict.fromkeys(job for line in lines() for job in line.jobs))

    take(jobs, 1, lambda _progress: None)

    families = [job.family for job in order]
    changes = sum(one != other for one, other in pairwise(families))
    assert sorted(map(repr, order)) == sorted(map(repr, jobs))
    assert changes == len(set(families)) - 1
    assert order != jobs


def test_rows_are_chosen_by_name() -> None:
    """A1-N2: all when none is named."""
    assert chosen([]) == tuple(lines())
    assert {line.row for line in chosen(["A3", "D6"])} == {"A3", "D6"}
    with pytest.raises(UnknownRowError, match=r"there is no row 'A99'; the rows are A1, A2, .*, N2"):
        chosen(["A99"])


def test_a_first_look_takes_less_time_for_the_same() -> None:
    """A1: same contestants, same sizes."""
    (line, *_) = lines()

    quick = hastened(line, 0.2)

    for before, after in zip(line.jobs, quick.jobs, strict=True):
        assert after.params == msgspec.structs.replace(before.params, seconds=before.params.seconds * 0.2)
        assert (after.what, after.who) == (before.what, before.who)


def report_of(*told: LineReport, absent: tuple[str, ...] = ()) -> RuntimeReport:
    """Return a whole run that brought these lines."""
    return RuntimeReport(
        rounds=7,
        python="3.12.1",
        machine="x86_64",
        processors=2,
        load=(0.25, 1.5),
        peers={"pykka": "4.5.0"},
        absent=absent,
        lines=told,
    )


def told_of(row: str, value: float, goal: Goal | None, *, is_broken: bool = False) -> LineReport:
    """Return the line that a ratio leads to."""
    if is_broken:
        return LineReport(
            row=row, what="events", verdict=Verdict.BROKEN, unit=Unit.PER_SECOND, failure="it is ill"
        )
    line = msgspec.structs.replace(line_of(goal, OURS), row=row)
    return judge(line, taken_of({OURS: [value * 1000], FLOOR: [1000]}))


def test_only_rows_that_did_not_pass_are_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A1-N2: the second measurement counts."""
    asked = list[str]()

    def measured(wanted: list[Line], rounds: int, _on_sample: object) -> RuntimeReport:
        asked.extend(line.row for line in wanted)
        assert rounds == 7
        return report_of(told_of("A2", 5, at_least(2)))

    monkeypatch.setattr(reports, "measure_runtime", measured)
    first = report_of(told_of("A1", 5, at_least(2)), told_of("A2", 1, at_least(2)))
    wanted = [msgspec.structs.replace(line_of(at_least(2), OURS), row=row) for row in ("A1", "A2")]

    second = again(first, wanted, lambda _progress: None)

    assert [line.row for line in first.weak] == ["A2"]
    assert asked == ["A2"]
    assert second.weak == ()
    assert [line.value for line in second.lines] == [5, 5]


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[RuntimeReport]:
    """Return a list whose reports the command finds when it measures, one after the other."""
    coming = list[RuntimeReport]()

    def next_one(*_arguments: object) -> RuntimeReport:
        return coming.pop(0)

    monkeypatch.setattr("acore.cli.bench.measure_runtime", next_one)
    monkeypatch.setattr("acore.cli.bench.again", next_one)
    return coming


def test_the_gate_names_the_rows_that_fail_twice(
    measured: list[RuntimeReport], capsys: pytest.CaptureFixture[str]
) -> None:
    """A1-N2: it ends with 1."""
    weak = report_of(told_of("A1", 5, at_least(2)), told_of("D1", 9, at_most(2)))
    measured += [weak, weak]

    assert invoke(["bench", "runtime", "--gate"]) == ExitCode.FAILURE

    said = capsys.readouterr()
    assert said.err.splitlines() == ["once more: D1", "acore: D1, events: 9, must be ≤ 2"]
    assert "D1\tevents\t9.0 k/s (core)\t1.0 k/s\t9\t≤ 2\t\tfails by 350%" in said.out.splitlines()


def test_the_gate_lets_pass_what_holds_the_second_time(measured: list[RuntimeReport]) -> None:
    """A1-N2: a noisy machine is no failure."""
    measured += [report_of(told_of("A1", 1, at_least(2))), report_of(told_of("A1", 2, at_least(2)))]

    assert invoke(["bench", "runtime", "--gate"]) == ExitCode.OK
    assert measured == []


def test_without_the_gate_a_row_that_fails_is_only_told(
    measured: list[RuntimeReport], capsys: pytest.CaptureFixture[str]
) -> None:
    """A1-N2: the table tells it all, with the machine's load."""
    measured.append(report_of(told_of("A1", 1, at_least(2, 3)), told_of("N1", 1.5, None)))

    assert invoke(["bench", "runtime"]) == ExitCode.OK

    assert capsys.readouterr().out.splitlines() == [
        "row\twhat\tacore\tbeside it\tratio\tmust\tstretch\tverdict",
        "A1\tevents\t1.0 k/s (core)\t1.0 k/s\t1\t≥ 2\t≥ 3\tfails by 50%",
        "N1\tevents\t1.5 k/s (core)\t1.0 k/s\t1.5\t\t\tshown only",
        (
            "medians of 7 rounds; ratios are taken within each round; Python 3.12.1, 2 processors (x86_64), "
            "load 0.2 before and 1.5 after"
        ),
        "pykka 4.5.0",
    ]


def test_a_contestant_that_fails_fails_the_command(
    measured: list[RuntimeReport], capsys: pytest.CaptureFixture[str]
) -> None:
    """A1-N2: with or without the gate."""
    measured.append(report_of(told_of("A1", 0, None, is_broken=True)))

    assert invoke(["bench", "runtime"]) == ExitCode.FAILURE
    assert capsys.readouterr().err == "acore: A1, events: it is ill\n"


@pytest.mark.parametrize(("load", "is_said"), [((0.9, 2.0), False), ((1.1, 0.0), True), ((0.0, 2.1), True)])
def test_company_on_the_machine_is_told(
    measured: list[RuntimeReport],
    capsys: pytest.CaptureFixture[str],
    load: tuple[float, float],
    *,
    is_said: bool,
) -> None:
    """A4, A6, A8, D1, D2: what real time says on a busy machine is not to be trusted."""
    measured.append(msgspec.structs.replace(report_of(), load=load))

    invoke(["bench", "runtime"])

    assert ("Something else was at work on this machine" in capsys.readouterr().out) is is_said


def test_libraries_that_are_not_installed_are_left_out_with_a_sentence(
    measured: list[RuntimeReport], capsys: pytest.CaptureFixture[str]
) -> None:
    """A3, A4, A8, B2, D2: the rest is measured all the same."""
    wanted = [line for line in chosen(["B2"]) if line.jobs]

    report = measure_runtime(wanted, 1, lambda _progress: None, installed={})

    assert report.lines == ()
    assert report.absent == (PEERS["peers.pydantic"],)
    measured.append(report)
    assert invoke(["bench", "runtime"]) == ExitCode.OK
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Not installed and left out: pydantic. "
        "In the checkout, pip install -c constraints.txt -e '.[bench]' brings them."
    )


def test_a_real_run_tells_one_object_to_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """B1: measured for real, in a process of its own."""
    assert invoke(["bench", "runtime", "--only", "b1", "--rounds", "1", "--json"]) == ExitCode.OK

    said = capsys.readouterr()
    report = msgspec.json.decode(said.out, type=RuntimeReport)
    assert said.err == "round 1 of 1: 1 of 1\n"
    assert [line.row for line in report.lines] == ["B1", "B1", "B1"]
    assert all(line.ours and line.reference and line.ratios == (line.value,) for line in report.lines)


def test_every_row_is_explained() -> None:
    """A1-N2: docs/performance.md says what each measures."""
    page = Path("docs/performance.md").read_text("utf-8")

    assert [
        line.split("|")[1].strip() for line in page.splitlines() if line.startswith(tuple(_starts()))
    ] == list(row_names())


def _starts() -> list[str]:
    return [f"| {row} |" for row in row_names()]


def test_the_extra_brings_every_library_that_takes_part() -> None:
    """A3, A4, A8, B2, D2: each with its version pinned."""
    extra = Path("pyproject.toml").read_text("utf-8").partition("bench = [")[2].partition("]")[0]
    pinned = Path("constraints.txt").read_text("utf-8").splitlines()

    for name in PEERS.values():
        assert f'"{name}>=' in extra
        assert [line for line in pinned if line.startswith(f"{name}==")]
