"""A replay of rows in memory, as most tests want one."""

from collections.abc import Callable, Sequence
from typing import Any

from acore.replay import engine
from acore.replay.report import Replayed
from acore.replay.source import RowsSource
from acore.replay.upcast import Unknown
from acore.runtime.actor import Actor
from acore.storage.query import Row


def replay(
    name: str, build: Callable[[], Actor[Any]], rows: Sequence[Row], *, unknown: Unknown = "stop"
) -> Replayed:
    """Replay one actor and go on after a difference."""
    return engine.replay(name, build, RowsSource(rows), collect=True, unknown=unknown)
