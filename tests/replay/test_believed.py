"""What an actor believed at a moment: at each entry of a journal, and where that cannot be told, why."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import anyio
import msgspec
import pytest

from acore.replay.believed import BeforeTheJournalError, Belief, believe
from acore.replay.source import DatabaseSource, RowsSource
from acore.runtime.memory import REMEMBER_AFTER
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row
from acore.storage.sqlite import attach
from acore.storage.store import DATABASE_NAME
from tests.actors.house import house
from tests.failing import FragileMetrics, Struck
from tests.replay.cheats import Honest, Known, Told


def actors() -> tuple[ChildSpec, ...]:
    return (
        ChildSpec(id="honest", actor=Honest),
        ChildSpec(id="metrics", actor=FragileMetrics, backoff=Backoff(first=60.0, cap=60.0, jitter=0)),
    )


async def lived(folder: Path) -> tuple[Row, ...]:
    """Let two runs of the process happen, in the first of which one actor fails."""
    async with house(folder, *actors()) as home:
        for n in (1, 2, 3):
            await home.tell(Told(n=n))
            await home.clock.advance(10)
        await home.tell(Struck(actor="metrics", why="it was Tuesday"))
        await home.tell(Told(n=4))
        clock = home.clock
    await clock.advance(3600)
    async with house(folder, *actors(), boot="boot-2", clock=clock) as home:
        await home.tell(Told(n=10))
        return await home.rows()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def rows(folder: Path) -> tuple[Row, ...]:
    return anyio.run(lived, folder)


def of_honest(rows: tuple[Row, ...], moment: object) -> Belief:
    return believe("honest", Honest, RowsSource(rows), moment)  # pyright: ignore[reportArgumentType] - a number or a time


def total(belief: Belief) -> int:
    return msgspec.json.decode(belief.state, type=Known).total


def test_at_each_entry_it_believed_what_had_come_until_then(rows: tuple[Row, ...]) -> None:
    is_up, boot, expected = False, "", 0
    for row in rows:
        if row.boot != boot:
            is_up, boot, expected = False, row.boot, 0
        fields = msgspec.json.decode(row.payload)
        if row.name in {"actor.started", "actor.exited"} and fields["actor"] == "honest":
            is_up = row.name == "actor.started"
        if row.name == "test.child.told":
            expected += fields["n"]

        belief = of_honest(rows, row.seq)

        assert belief.seq == row.seq
        assert bool(belief.missing) is not is_up, belief
        if is_up:
            assert total(belief) == expected
            assert belief.read is not None
            assert belief.read.seq <= row.seq


def test_it_is_told_since_when_it_believed_that_and_since_when_it_ran(rows: tuple[Row, ...]) -> None:
    told = [row for row in rows if row.name == "test.child.told"]

    belief = of_honest(rows, told[1].at + timedelta(seconds=5))

    assert total(belief) == 3
    assert belief.changed is not None
    assert (belief.changed.seq, belief.changed.at) == (told[1].seq, told[1].at)
    assert belief.since is not None
    assert belief.since.seq < told[0].seq
    assert belief.incarnation == 1


def test_the_same_is_told_from_the_file(folder: Path, rows: tuple[Row, ...]) -> None:
    source = DatabaseSource(folder / DATABASE_NAME)
    for row in rows[:: max(1, len(rows) // 7)]:
        for moment in (row.seq, row.at):
            told, whole = believe("honest", Honest, source, moment), of_honest(rows, moment)
            # It begins with what was kept at a stop, and knows no message before it.
            assert told.read in {None, whole.read}
            assert told.changed in {None, whole.changed}
            assert told == msgspec.structs.replace(whole, read=told.read, changed=told.changed)


async def remembered(folder: Path) -> tuple[Row, ...]:
    async with house(folder, ChildSpec(id="honest", actor=Honest)) as home:
        await home.tell(Told(n=1), Told(n=2))
        await home.clock.advance(REMEMBER_AFTER + 1)
        await home.tell(Told(n=3), Told(n=4))
        return await home.rows()


def test_it_is_folded_from_the_newest_snapshot_before(tmp_path: Path) -> None:
    """R11: what came before that is not needed: here it is taken away."""
    rows = anyio.run(remembered, tmp_path)
    path = tmp_path / DATABASE_NAME
    *_, kept = DatabaseSource(path).snapshots("honest")  # after it there is the one of its stop
    with closing(attach(path, "rw")) as connection:
        sql = "DELETE FROM journal WHERE seq < ? AND name IN ('test.child.told', 'test.child.summed')"
        assert connection.execute(sql, (kept.seq - 2,)).rowcount > 0
    source = DatabaseSource(path)
    told = [row for row in rows if row.name == "test.child.told"]

    assert total(believe("honest", Honest, source, rows[-1].seq)) == 1 + 2 + 3 + 4
    at_it = believe("honest", Honest, source, kept.seq)
    assert msgspec.json.decode(kept.state, type=Known).total == total(at_it)
    assert (at_it.read, at_it.incarnation) == (None, 1)
    assert of_honest(rows, told[1].seq).seq == told[1].seq


def test_of_an_actor_that_did_not_run_it_is_said_why(rows: tuple[Row, ...]) -> None:
    last = [row for row in rows if row.boot == "boot-1"][-1]
    struck = next(row for row in rows if row.name == "actor.exited" and "Tuesday" in row.payload)

    failed = believe("metrics", FragileMetrics, RowsSource(rows), struck.seq + 1)
    early = of_honest(rows, rows[0].seq)
    stopped = of_honest(rows, last.at + timedelta(minutes=5))
    killed = of_honest(
        tuple(row for row in rows if row.boot != "boot-1" or row.name != "actor.exited"),
        last.at + timedelta(minutes=5),
    )

    assert f"had ended at entry {struck.seq}" in failed.missing
    assert "it was Tuesday" in failed.missing
    assert "it did not run yet" in early.missing
    assert "(it was stopped)" in stopped.missing
    assert "because acore did not: the run before had come to its end" in killed.missing


def test_a_moment_before_the_journal_is_refused_by_naming_where_it_begins(rows: tuple[Row, ...]) -> None:
    for moment in (rows[9].seq, rows[0].at - timedelta(days=1)):
        with pytest.raises(BeforeTheJournalError, match=f"begins with entry {rows[10].seq}.*removed"):
            of_honest(rows[10:], moment)
    with pytest.raises(BeforeTheJournalError, match="is empty"):
        of_honest((), 1)


def test_where_the_journal_does_not_reach_back_to_its_start_that_is_said(rows: tuple[Row, ...]) -> None:
    start = next(row for row in rows if row.name == "actor.started" and '"honest"' in row.payload)
    after = tuple(row for row in rows if row.seq > start.seq)

    belief = of_honest(after, start.seq + 4)

    assert "does not reach back to where its run began" in belief.missing
