"""The tree of parts, out of what supervisors, queues and the lifecycle actor know."""

from datetime import UTC, datetime, timedelta

from acore.events.lifecycle import ActorLine
from acore.events.parts import PartState
from acore.runtime.administration import ChildInfo, ChildState
from acore.runtime.restart import Exit, ExitKind
from acore.status.parts import WORDS, leaves, parts_of

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
UPTIME = 1000.0


def info(name: str, state: ChildState = ChildState.RUNNING, **fields: object) -> ChildInfo:
    known: dict[str, object] = {"incarnation": 1, "restarts": 0, "since": UPTIME - 60, **fields}
    return ChildInfo(id=name, state=state, **known)  # pyright: ignore[reportArgumentType] - by name


def group(*children: ChildInfo) -> ChildInfo:
    return info("store", is_supervisor=True, children=children)


def test_each_part_has_its_state_its_age_and_its_messages() -> None:
    """S70: state, counts, due time, last exit and queue depth of each."""
    crashed = Exit(kind=ExitKind.CRASHED, reason="KeyError: 'x'")
    waiting = info(
        "reader", ChildState.BACKOFF, incarnation=4, due=UPTIME + 5, last_exit=crashed, queued=1, handled=2
    )
    (store,) = parts_of([group(info("writer", queued=3, handled=40), waiting)], (), now=NOW, monotonic=UPTIME)
    writer, reader = store.parts

    assert (writer.state, writer.since, writer.restarts) == (
        PartState.RUNNING,
        NOW - timedelta(seconds=60),
        0,
    )
    assert (writer.queued, writer.handled, writer.due) == (3, 40, None)
    assert (reader.state, reader.due, reader.restarts) == (PartState.WAITING, NOW + timedelta(seconds=5), 3)
    assert reader.last_failure == "KeyError: 'x'"
    assert (store.queued, store.handled) == (4, 42), "a group's messages are those of its parts"


def test_when_and_why_a_part_failed_is_the_lifecycle_actors_to_know() -> None:
    failed = NOW - timedelta(minutes=3)
    line = ActorLine(
        name="writer", is_up=True, incarnation=2, since=NOW, last_failure="KeyError: 'x'", failed=failed
    )
    stopped = info("writer", incarnation=3, last_exit=Exit(kind=ExitKind.SHUTDOWN))
    (part,) = parts_of([stopped], (line,), now=NOW, monotonic=UPTIME)

    assert (part.last_failure, part.failed) == ("KeyError: 'x'", failed)


def test_a_part_that_never_ran_is_as_old_as_now() -> None:
    (part,) = parts_of([info("writer", ChildState.STOPPED, incarnation=0)], (), now=NOW, monotonic=UPTIME)

    assert (part.since, part.restarts) == (NOW, 0)


def test_every_state_of_a_child_is_a_state_of_a_part_and_has_plain_words() -> None:
    parts = [parts_of([info("x", state)], (), now=NOW, monotonic=UPTIME)[0].state for state in ChildState]

    assert set(parts) == set(PartState) == set(WORDS)
    assert len(parts) == len(set(parts))


def test_the_parts_without_their_groups() -> None:
    parts = parts_of([group(info("writer"), info("reader")), info("x")], (), now=NOW, monotonic=UPTIME)

    assert [part.name for part in leaves(parts)] == ["writer", "reader", "x"]
