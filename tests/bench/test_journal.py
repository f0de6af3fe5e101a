"""`acore bench journal`: what it measures is measured for real; how fast it is is no matter here."""

from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from acore.actors.core import core_specs
from acore.app import App
from acore.bench.journal import ours, raw
from acore.bench.journal.laden import STALL, Tedium, laden, stalling
from acore.bench.journal.rows import SLOW, lines
from acore.bench.runtime.report import RuntimeReport, Verdict, row_names
from acore.bench.runtime.shapes import Figures, Params
from acore.bench.runtime.trial import take_sample
from acore.checks import builtin
from acore.checks.registry import checks_of
from acore.cli import invoke
from acore.clock import RealClock
from acore.errors import ExitCode
from acore.runtime.spec import SupervisorSpec, actor_specs
from acore.settings.load import load
from acore.storage.database import connect
from acore.storage.sqlite import transact
from acore.storage.store import open_store

QUICK = [line for line in lines() if line.row not in SLOW]
SHORT = Params(seconds=0.02, messages=200)


@pytest.mark.parametrize(
    ("what", "who"), sorted({(job.what, job.who) for line in QUICK for job in line.jobs})
)
def test_every_row_has_the_figure_that_it_names(what: str, who: str) -> None:
    """C1, C2, C3, C4, C5: more than nothing."""
    figures: Figures = anyio.run(take_sample, what, who, SHORT)

    wanted = {
        figure.key
        for line in QUICK
        for pair in line.pairs
        for figure in (pair.ours, pair.reference)
        if figure is not None and (figure.job.what, figure.job.who) == (what, who)
    }
    assert wanted <= figures.keys()
    assert all(figures[key] > 0 for key in wanted)


async def test_the_reference_writes_what_the_journal_would(tmp_path: Path) -> None:
    """C1, C2, C3, C4: the same columns, types and lengths, in the same table."""
    async with (
        open_store(tmp_path, boot="bench", clock=RealClock()) as store,
        ours.stage(*store.children(), recorder=store.journal) as io,
    ):
        said = io.publish(ours.MEASURED)
        await io.durable(said.seq)
        mine = await anyio.to_thread.run_sync(_newest, store.path)
    path = tmp_path / "raw.db"
    theirs = await anyio.to_thread.run_sync(_reference, path, said.seq)

    assert theirs.keys() == mine.keys()
    assert {name: type(cell) for name, cell in theirs.items()} == {n: type(cell) for n, cell in mine.items()}
    passing = {"wall_ns", "mono_ns", "hash"}
    assert {n: cell for n, cell in theirs.items() if n not in passing} == {
        n: cell for n, cell in mine.items() if n not in passing
    }
    assert len(theirs["hash"]) == len(mine["hash"])


def _reference(path: Path, seq: int) -> dict[str, Any]:
    connection = connect(path)
    try:
        transact(connection, lambda writing: writing.executemany(raw._INSERT, raw._rows(seq, 1)))
    finally:
        connection.close()
    return _newest(path)


def _newest(path: Path) -> dict[str, Any]:
    connection = connect(path)
    try:
        found = connection.execute(
            "SELECT * FROM journal WHERE name LIKE 'bench.%' ORDER BY seq DESC LIMIT 1"
        )
        (row,) = found.fetchall()
        return {column[0]: cell for column, cell in zip(found.description, row, strict=True)}
    finally:
        connection.close()


def test_every_core_actor_has_chores_beside_its_work() -> None:
    """C7: also one that is added to the tree without anybody's thinking of this."""
    tiers = {name: check.tier for name, check in checks_of(builtin).items()}
    core = SupervisorSpec(id="core", children=core_specs(tiers))
    read = lambda: load(toml=None, env_file=None, environ={"DISCORD_TOKEN": "x"})  # noqa: E731 - short
    app = App(read(), read)

    tree = laden(lambda: app, SupervisorSpec(id="acore", children=(core,)))

    specs = {spec.id: spec for spec in actor_specs(tree)}
    assert specs.keys() == {"bore", "foreman", *(spec.id for spec in core_specs(tiers))}
    for spec in core_specs(tiers):
        made = specs[spec.id].build()
        assert isinstance(made, spec.actor)
        assert Tedium in made.asks


def test_a_stalling_disk_keeps_a_commit_waiting_and_nothing_else(tmp_path: Path) -> None:
    """C7: as long as it says."""
    clock = RealClock()
    connection = connect(tmp_path / "acore.db", prepare=stalling)
    try:
        began = clock.monotonic()
        transact(connection, lambda writing: writing.execute("UPDATE progress SET seq = seq"))
        taken = clock.monotonic() - began
        began = clock.monotonic()
        connection.execute("SELECT count(*) FROM journal").fetchone()
        assert clock.monotonic() - began < STALL
    finally:
        connection.close()
    assert taken >= STALL


def test_a_real_run_tells_one_object_to_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """C3: measured for real, each side in a process of its own."""
    assert invoke(["bench", "journal", "--only", "c3", "--quick", "--json"]) == ExitCode.OK

    report = msgspec.json.decode(capsys.readouterr().out, type=RuntimeReport)
    assert report.rounds == 2
    assert report.lines
    for line in report.lines:
        assert line.row == "C3"
        assert line.verdict is not Verdict.BROKEN
        assert line.ours is not None
        assert line.reference is not None
        assert len(line.ratios) == 2


def test_rows_that_run_a_bot_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """C7, C8: and the others as often as was asked."""
    asked: list[tuple[set[str], int]] = []

    def measured(wanted: list[Any], rounds: int, _on_sample: object) -> RuntimeReport:
        asked.append(({line.row for line in wanted}, rounds))
        return RuntimeReport(
            rounds=rounds,
            python="",
            machine="",
            processors=2,
            load=(0.0, 0.0),
            peers={},
            absent=(),
            lines=(),
        )

    monkeypatch.setattr("acore.cli.bench.measure_runtime", measured)

    assert invoke(["bench", "journal", "--rounds", "3"]) == ExitCode.OK
    assert asked == [({"C1", "C2", "C3", "C4", "C5"}, 3), ({"C7", "C8"}, 1)]


def test_every_row_is_explained() -> None:
    """C1, C2, C3, C4, C5, C7, C8: docs/performance.md says what each measures."""
    page = Path("docs/performance.md").read_text("utf-8")

    explained = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| C")]
    assert [row for row in explained if row in row_names(lines())] == list(row_names(lines()))
