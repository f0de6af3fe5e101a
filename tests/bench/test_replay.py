"""What `acore bench replay` measures is what it says, and it tells when that is too slow."""

import msgspec
from click.testing import CliRunner

from acore.bench.replay.measure import ReplayReport, measure_replay
from acore.cli.bench import bench


def test_the_figures_come_from_replays_that_differ_in_nothing() -> None:
    """R18, R19: the figures themselves are for a machine that does nothing else."""
    told: list[tuple[str, int, int]] = []

    def tell(what: str, done: int, total: int) -> None:
        told.append((what, done, total))

    report = measure_replay(4000, 1, tell, seconds=0.1)

    assert (report.rows, report.rounds) == (4000, 1)
    assert 0 < report.scan_us < report.silent_us
    assert report.per_second > 1000
    assert report.slowdown > 0
    assert {what for what, _, _ in told} >= {"writing", "round 1 of 1"}


def test_it_is_told_as_a_table_and_as_json() -> None:
    lines = (
        CliRunner()
        .invoke(bench, ["replay", "--events", "2000", "--rounds", "1", "--seconds", "0.1"])
        .stdout.splitlines()
    )
    found = CliRunner().invoke(
        bench, ["replay", "--events", "2000", "--rounds", "1", "--seconds", "0.1", "--json"]
    )

    assert [line.split("\t")[0] for line in lines[:3]] == ["row", "C6", "R19"]
    assert lines[3].startswith("R18")
    assert lines[4].startswith("2,000 entries in each journal; the last replay took ")
    assert msgspec.json.decode(found.stdout, type=ReplayReport).rows == 2000
