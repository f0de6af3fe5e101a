"""`acore soak runtime`, small: the full count runs by hand."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from acore.cli.soak.runtime import runtime
from acore.events.base import Trace
from acore.events.bus import Bus
from acore.soak import runtime as soaking
from acore.soak.runtime import Done, SoakReport, soak


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_many_random_crashes_lose_double_and_leave_behind_nothing(seed: int) -> None:
    """S63, S65, S58, B03, B07: under every strategy, with every way to fail."""
    report = await soak(1000, seed, None)

    assert report.problems == ()
    assert report.crashes >= 1000
    assert (report.lost, report.doubled) == (0, 0)
    assert report.given_up > 10


async def test_the_journal_on_disk_agrees_with_the_tree(tmp_path: Path) -> None:
    """S63, J15: as many starts of each actor as it had runs."""
    report = await soak(300, 4, tmp_path)

    assert report.problems == ()
    assert report.restarts >= 300


async def test_a_loss_a_double_and_a_disagreement_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careless(soaking._Soak):
        def send(self, bus: Bus) -> None:
            super().send(bus)
            if self.sent == 5:
                bus.publish(Done(number=3, actor="x"), Trace("test"))
            if self.sent == 7:
                self._outcomes.append(0)
                self.sent += 1

    monkeypatch.setattr(soaking, "_Soak", Careless)
    monkeypatch.setattr(soaking, "_PATIENCE", 0.5)
    report = await soak(10, 1, None)

    assert any("were lost" in problem for problem in report.problems)
    assert any("were doubled" in problem for problem in report.problems)


def test_the_command_reports_to_people_and_machines() -> None:
    shown = CliRunner().invoke(runtime, ["--crashes", "20", "--seed", "5", "--memory"])
    machine = CliRunner().invoke(runtime, ["--crashes", "20", "--seed", "5", "--memory", "--json"])

    assert "nothing was lost, doubled or left behind" in shown.output
    assert msgspec.json.decode(machine.output, type=SoakReport).seed == 5
