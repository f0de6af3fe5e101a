"""A replay that begins at what an actor knew comes to the same as one from the beginning."""

from pathlib import Path

import anyio
import pytest

from acore.replay.cast import core
from acore.replay.engine import Span, Step, replay
from acore.replay.report import Verdict
from acore.replay.source import DatabaseSource
from acore.runtime.memory import REMEMBER_AFTER
from acore.storage.store import DATABASE_NAME
from tests.cli.test_replay import lived


@pytest.mark.parametrize("tells", [False, True])
def test_from_whatever_entry_on_actors_decide_the_same(tmp_path: Path, *, tells: bool) -> None:
    """R11, R12: also where timers ring that were set before what was known then was kept."""
    anyio.run(lived, tmp_path, REMEMBER_AFTER)
    source = DatabaseSource(tmp_path / DATABASE_NAME)

    steps: list[Step] = []
    on_step = steps.append if tells else None
    begun: set[int] = set()
    for name, build in core().items():
        whole = replay(name, build, source)
        for further in (1, 2, 30):
            for snapshot in source.snapshots(name):
                span = Span(first=snapshot.seq + further)
                one = replay(name, build, source, span=span, collect=True, on_step=on_step)
                assert one.verdict in {Verdict.SAME, Verdict.NOTHING}, (name, span, one.divergences)
                assert one.state == whole.state
                begun.add(one.begins_at)
    assert len(begun - {0}) > 2, "else it began at the beginning"
