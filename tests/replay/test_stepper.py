"""Going through the steps of an actor: forward, back beyond what is kept, and far ahead."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from acore.replay.child.stepper import Stepper
from acore.replay.engine import Span, Step, steps
from acore.replay.source import RowsSource
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row
from tests.actors.house import house
from tests.replay.cheats import Honest, Told

MESSAGES = 40


async def lived(folder: Path) -> tuple[Row, ...]:
    async with house(folder, ChildSpec(id="honest", actor=Honest)) as home:
        await home.tell(*(Told(n=n) for n in range(MESSAGES)))
        return await home.rows()


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """Return all steps of an actor: its start, and each message."""
    rows = anyio.run(lived, tmp_path_factory.mktemp("data"))
    found = list(steps("honest", Honest, RowsSource(rows), span=Span()))
    assert [step.handler for step in found] == ["on_start", *["add"] * MESSAGES]
    return found


class Begun:
    """Begins anew as a replay does, at a snapshot if there is one, and counts how often."""

    def __init__(self, every: list[Step], *snapshots: int) -> None:
        self.every = every
        self.snapshots = snapshots
        self.times: list[int] = []

    def begin(self, after: int) -> Iterator[Step]:
        self.times.append(after)
        return (step for step in self.every if step.row.seq > after or not after)

    def snapshot(self, before: int) -> int:
        return max((seq for seq in self.snapshots if seq < before), default=0)

    def stepper(self, kept: int = 100) -> Stepper:
        return Stepper(self.begin, self.snapshot, kept=kept)


def test_one_goes_forward_to_the_end_and_back_to_the_beginning(every: list[Step]) -> None:
    """R16: nothing that is kept is handled anew."""
    begun = Begun(every)
    stepper = begun.stepper()

    assert [stepper.next() for _ in every] == every
    assert stepper.next() is None
    assert stepper.current == every[-1]
    assert [stepper.back() for _ in every[1:]] == every[-2::-1]
    assert stepper.back() is None
    assert stepper.current == every[0]
    assert [stepper.next() for _ in every[1:]] == every[1:]
    assert begun.times == [0]


@pytest.mark.parametrize("snapshots", [(), (0,)])
def test_one_goes_back_further_than_is_kept(every: list[Step], snapshots: tuple[int, ...]) -> None:
    """R16: with a snapshot from there on, else from the beginning."""
    begun = Begun(every, *(every[10].row.seq for _ in snapshots))
    stepper = begun.stepper(kept=5)
    stepper.goto(every[30].row.seq)

    assert [stepper.back() for _ in range(30)] == every[29::-1]
    assert stepper.back() is None
    assert [stepper.next() for _ in range(40)] == every[1:]
    assert (every[10].row.seq in begun.times) is bool(snapshots)


def test_one_goes_to_an_entry_forward_and_back(every: list[Step]) -> None:
    """R16: from the newest snapshot before it, when that is nearer."""
    begun = Begun(every, every[20].row.seq)
    stepper = begun.stepper(kept=3)

    assert stepper.goto(every[30].row.seq) == every[30]
    assert begun.times == [0, every[20].row.seq]
    assert stepper.goto(every[29].row.seq - 1 or 0) in every[28:30]
    assert stepper.goto(every[4].row.seq) == every[4]
    assert stepper.goto(1) == every[0]
    assert stepper.goto(every[-1].row.seq + 1) is None
    assert stepper.current == every[-1]
    assert stepper.last(2) == tuple(every[-3:-1])


def test_one_finds_the_next_by_name_or_by_text(every: list[Step]) -> None:
    """R16."""
    stepper = Begun(every).stepper()

    assert stepper.find("*.told") == every[1]
    assert stepper.find("*.told") == every[2]
    assert stepper.find('"n":17') == every[18]
    assert stepper.find("no.such") is None
    assert stepper.current == every[-1]


def test_one_goes_on_to_the_next_difference(tmp_path: Path) -> None:
    """R16: where today's code says something else than is recorded."""
    rows = anyio.run(lived, tmp_path)
    summed = [row for row in rows if row.name == "test.child.summed"]
    wrong = RowsSource([_tampered(row) if row is summed[7] else row for row in rows])
    stepper = Stepper(lambda _: steps("honest", Honest, wrong), lambda _: 0)

    step = stepper.go()

    assert step is not None
    assert step.row.id == summed[7].cause
    assert [one.seq for one in step.divergences] == [step.row.seq]
    assert stepper.go() is None


def _tampered(row: Row) -> Row:
    return msgspec.structs.replace(row, payload='{"total":-1}')
