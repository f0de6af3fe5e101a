"""The engine's doors: where rows come from, what a replay tells, and what its steps tell."""

from pathlib import Path

from acore.replay.engine import replay, steps
from acore.replay.source import DatabaseSource, RowsSource
from tests.replay.test_replayer import Tally, lived


async def test_a_database_and_its_rows_in_memory_replay_alike(tmp_path: Path) -> None:
    """R01."""
    rows = await lived(tmp_path)
    on_disk = DatabaseSource(tmp_path / "acore.db")

    told = [step for step in steps("tally", Tally, RowsSource(rows)) if step.row.boot == "boot-1"]

    assert replay("tally", Tally, RowsSource(rows)).divergences == ()
    assert replay("tally", Tally, on_disk).handled == replay("tally", Tally, RowsSource(rows)).handled
    assert [step.handler for step in told][:3] == ["on_start", "add", "add"]
    assert [boot.boot for boot in on_disk.facts().boots] == ["boot-1", "after"]
    assert told[1].before != told[1].after
