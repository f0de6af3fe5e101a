"""`acore bench sandbox` measures what it says, with real processes; how fast they are is no matter here."""

import json

import msgspec
import pytest

from acore.bench.sandbox import MUST, SandboxReport, Sizes, measure_sandbox
from acore.cli import bench, invoke
from acore.errors import ExitCode

SMALL = Sizes(reader_count=5000, bot_count=500, echo_seconds=0.5)
REPORT = SandboxReport(
    rounds=3,
    ceiling=100_000.0,
    bare=20_000.0,
    ratio=5.0,
    must=MUST,
    sandbox_share=0.2,
    echo_p50=4.0,
    echo_p99=9.0,
    echo_verdicts=["Nothing was at its limit."],
    load=(0.1, 0.2),
)


async def test_a_reader_and_a_bare_bot_take_everything_they_are_sent() -> None:
    done: list[int] = []
    report = await measure_sandbox(1, done.append, SMALL)

    assert done == [1]
    assert report.ceiling > 0
    assert report.bare > 0
    assert report.ratio == pytest.approx(report.ceiling / report.bare)
    assert 0 < report.echo_p50 <= report.echo_p99
    assert len(report.echo_verdicts) == 1


@pytest.mark.parametrize(
    ("ratio", "arguments", "code"),
    [
        (2.0, ("--gate",), ExitCode.OK),
        (1.99, ("--gate",), ExitCode.FAILURE),
        (1.99, (), ExitCode.OK),
        (1.99, ("--gate", "--json"), ExitCode.FAILURE),
    ],
)
def test_less_than_twice_of_what_a_bot_takes_is_a_failure_if_that_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ratio: float,
    arguments: tuple[str, ...],
    code: ExitCode,
) -> None:
    async def measured(rounds: int, _on_round: object) -> SandboxReport:
        return msgspec.structs.replace(REPORT, ratio=ratio, rounds=rounds)

    monkeypatch.setattr(bench, "measure_sandbox", measured)

    assert invoke(["bench", "sandbox", *arguments]) == code
    said = capsys.readouterr().out
    if "--json" in arguments:
        assert json.loads(said)["ratio"] == ratio
    else:
        assert said.splitlines()[1].split("\t") == [
            "dispatches, encoded beforehand",
            "100,000/s",
            "20,000/s",
            f"{ratio:.2f}",
            "≥ 2",
        ]
