"""The tree of parts, made from what supervisors, queues and the lifecycle actor know."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from acore.events.lifecycle import ActorLine
from acore.events.parts import Part, PartState
from acore.runtime.administration import ChildInfo, ChildState
from acore.runtime.guard import rule

WORDS: Mapping[PartState, str] = MappingProxyType(
    {
        PartState.STARTING: "starting",
        PartState.RUNNING: "running",
        PartState.STOPPING: "stopping",
        PartState.STOPPED: "stopped",
        PartState.WAITING: "waits to restart",
        PartState.ABANDONED: "hangs, given up",
    }
)
"""What a person reads for each state."""


@rule
def parts_of(
    infos: Iterable[ChildInfo],
    lines: Iterable[ActorLine],
    *,
    now: datetime,
    monotonic: float,
) -> tuple[Part, ...]:
    """Return the tree of parts as it is at *now*.

    Args:
        infos: What the supervisors tell.
        lines: What the lifecycle actor knows, as far as it does: since when what failed.
        now: The present instant.
        monotonic: The same instant in the seconds that *infos* count in.
    """
    known = {line.name: line for line in lines}

    def part(info: ChildInfo) -> Part:
        below = tuple(part(child) for child in info.children)
        line = known.get(info.id)
        in_tree = info.last_exit.reason if info.last_exit is not None else ""
        return Part(
            name=info.id,
            state=_state(info.state),
            since=now - timedelta(seconds=monotonic - info.since) if info.incarnation else now,
            restarts=max(0, info.incarnation - 1),
            queued=info.queued + sum(one.queued for one in below),
            handled=info.handled + sum(one.handled for one in below),
            due=None if info.due is None else now + timedelta(seconds=info.due - monotonic),
            # A part that was restarted since because somebody wanted it has still failed before.
            last_failure=in_tree or (line.last_failure if line else ""),
            failed=line.failed if line else None,
            parts=below,
        )

    return tuple(part(info) for info in infos)


@rule
def leaves(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts that are no groups, in their order."""
    for part in parts:
        if part.parts:
            yield from leaves(part.parts)
        else:
            yield part


def _state(state: ChildState) -> PartState:
    match state:
        case ChildState.STARTING:
            return PartState.STARTING
        case ChildState.RUNNING:
            return PartState.RUNNING
        case ChildState.STOPPING:
            return PartState.STOPPING
        case ChildState.STOPPED:
            return PartState.STOPPED
        case ChildState.BACKOFF:
            return PartState.WAITING
        case ChildState.ABANDONED:
            return PartState.ABANDONED
        case _:
            assert_never(state)
