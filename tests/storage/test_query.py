import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from acore.clock import HeldClock, RealClock
from acore.errors import ExitCode
from acore.events.base import Envelope, outcome_id, trace_of
from acore.events.health import CheckCompleted, CheckDue, Health
from acore.events.lifecycle import RunEnded, RunFailed, RunStarted, StopRequested
from acore.events.metrics import ActivityCounted
from acore.events.supervision import ActorExited, ActorRestarting
from acore.storage.query import (
    AmbiguousIdError,
    Filter,
    NoDatabaseError,
    NoSuchRowError,
    Row,
    last_life,
    last_run,
    last_seq,
    show,
    tail,
)
from acore.storage.schema import ForeignDatabaseError, NewerDatabaseError
from acore.storage.sqlite import attach
from tests.storage.world import PYTHON, ROOT, World, database, rows, running

NO_ROWS: tuple[Row, ...] = ()


def numbers(found: tuple[Row, ...]) -> list[int]:
    return [row.seq for row in found]


def answer(world: World, cause: Envelope, source: str) -> Envelope:
    done = CheckCompleted(check="disk", status=Health.HEALTHY, message="ok", seconds=0.1)
    return world.bus.publish(done, trace_of(cause, source))


async def test_the_newest_rows_come_last(tmp_path: Path) -> None:
    async with running(tmp_path, HeldClock()) as world:
        for number in range(20):
            world.count(number)
        await world.durable()

        found = tail(world.store.path, limit=5)

        told = [msgspec.json.decode(row.payload)["messages"] for row in found]
        assert told == [15, 16, 17, 18, 19]
        assert numbers(found) == sorted(numbers(found))
        assert found[-1].seq == last_seq(world.store.path) == world.bus.seq
        assert found[-1].at == world.bus.clock.now()


async def test_pages_follow_each_other_without_a_gap(tmp_path: Path) -> None:
    """J17: keyset paging, a transaction per page."""
    async with running(tmp_path, HeldClock()) as world:
        for number in range(50):
            world.count(number)
        await world.durable()
        path, seen = world.store.path, [0]

        while page := tail(path, limit=7, after=seen[-1]):
            seen += numbers(page)

        assert seen[1:] == numbers(tail(path, limit=1000))
        assert tail(path, after=seen[-1]) == NO_ROWS


@pytest.fixture
async def mixed(tmp_path: Path) -> Path:
    """A database with a little of everything, from a clock that moved."""
    clock = HeldClock()
    async with running(tmp_path, clock) as world:
        due = world.say(CheckDue(check="disk"))
        answer(world, due, "checks")
        await clock.advance(60)
        world.say(ActorRestarting(actor="gateway", with_it=(), delay=1.0, restarts=1, within=60.0))
        world.count(1)
    return world.store.path


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(name="check.*"), ["check.due", "check.completed"]),
        (Filter(source="checks"), ["check.completed"]),
        (Filter(actor="gateway"), ["actor.restarting"]),
        (Filter(actor="checks"), ["check.completed"]),
        (Filter(kinds=("effect", "reply")), []),
        (Filter(kinds=("event",), name="check.due"), ["check.due"]),
        (Filter(name="check.*", since=HeldClock().now() + timedelta(seconds=30)), []),
        (Filter(source="test", since=HeldClock().now() + timedelta(seconds=30)),
         ["actor.restarting", "activity.counted"]),
        (Filter(source="test", until=HeldClock().now() + timedelta(seconds=30)), ["check.due"]),
        (Filter(name="'; DROP TABLE journal; --"), []),
    ],
)  # fmt: skip
async def test_rows_are_narrowed_down(mixed: Path, wanted: Filter, names: list[str]) -> None:
    assert [row.name for row in tail(mixed, wanted)] == names


async def test_a_correlation_gives_all_that_came_of_one_thing(mixed: Path) -> None:
    (due,) = tail(mixed, Filter(name="check.due"))

    found = tail(mixed, Filter(correlation=due.id))

    assert [row.name for row in found] == ["check.due", "check.completed"]


async def test_a_row_is_shown_with_what_led_to_it_and_what_it_led_to(tmp_path: Path) -> None:
    async with running(tmp_path, HeldClock()) as world:
        root = world.say(CheckDue(check="disk"))
        middle = answer(world, root, "a")
        leaves = [answer(world, middle, "b"), answer(world, middle, "c")]
        answer(world, leaves[0], "d")
        await world.durable()
        path = world.store.path

        story = show(path, middle.id)
        deep = show(path, leaves[0].seq)

    assert story.row.seq == middle.seq
    assert numbers(story.causes) == [root.seq]
    assert numbers(story.consequences) == [leaf.seq for leaf in leaves]
    assert numbers(deep.causes) == [root.seq, middle.seq]
    assert show(path, middle.id[:9]) == show(path, str(middle.seq)) == story


async def test_a_row_is_found_by_as_few_digits_as_are_its_own(tmp_path: Path) -> None:
    path = database(tmp_path)
    for seq, own in enumerate(("abc1", "abc2", "abc", "12ff"), start=1):
        rows(
            path,
            "INSERT INTO journal VALUES (?, ?, 'event', 'n', 1, '', '', 0, 0, '', '', '', '', 1, '{}', x'')",
            seq,
            own,
        )

    assert show(path, "abc1").row.seq == 1
    assert show(path, "abc").row.seq == 3
    assert show(path, "12").row.seq == 4
    assert show(path, "2").row.seq == 2
    rows(
        path,
        "INSERT INTO journal VALUES (5, ?, 'event', 'n', 1, '', '', 0, 0, '', '', '', '', 1, '{}', x'')",
        outcome_id("12ff"),
    )
    assert show(path, "12f").row.seq == 4, "an effect, not its outcome, whose id begins with the effect's"
    assert show(path, outcome_id("12ff")).row.seq == 5
    with pytest.raises(AmbiguousIdError, match=r"ab fits several entries \(abc, abc1, abc2 …\)"):
        show(path, "ab")
    for unknown in ("", "zz", "99", "9" * 30, "%", "*"):
        with pytest.raises(NoSuchRowError) as caught:
            show(path, unknown)
        assert caught.value.exit_code is ExitCode.FAILURE


async def test_causes_that_go_in_a_circle_end(tmp_path: Path) -> None:
    path = database(tmp_path)
    for seq, own, cause in ((1, "a", "b"), (2, "b", "a")):
        rows(
            path,
            "INSERT INTO journal VALUES (?, ?, 'event', 'n', 1, '', '', 0, 0, '', '', ?, '', 1, '{}', x'')",
            seq,
            own,
            cause,
        )

    assert numbers(show(path, "a").causes) == [2]


async def test_a_running_bot_is_looked_into_without_holding_its_log_back(tmp_path: Path) -> None:
    """J17, R18: no read transaction is left behind, so the log can be taken over as a whole."""
    async with running(tmp_path, RealClock()) as world:
        for number in range(300):
            world.count(number)
            if number % 50 == 0:
                await world.durable()
                assert tail(world.store.path, limit=3)
                assert last_seq(world.store.path) > 0
        await world.durable()

        ((is_busy, frames, moved),) = world.rows("PRAGMA wal_checkpoint(PASSIVE)")
        assert (is_busy, frames) == (0, moved)


def kill(path: Path) -> None:
    child = subprocess.Popen(
        [PYTHON, "-m", "tests.storage.victim", str(path), "boot-1"], cwd=ROOT, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()


def test_a_killed_bot_is_looked_into(tmp_path: Path) -> None:
    kill(tmp_path)
    path = tmp_path / "acore.db"
    assert path.with_name("acore.db-wal").stat().st_size > 0

    found = tail(path, Filter(name="activity.counted"), limit=10_000)

    assert len(found) >= 7
    assert last_seq(path) >= found[-1].seq
    assert path.with_name("acore.db-wal").stat().st_size > 0  # left for the next start to take over


async def test_the_last_run_is_told(tmp_path: Path) -> None:
    async with running(tmp_path, HeldClock()) as world:
        assert last_run(world.store.path) is None
        world.say(RunStarted(version="0.1.0", commit="c", python="3", host="h", pid=1, settings_revision="r"))
        await world.durable()
        last = last_run(world.store.path)

    assert last is not None
    assert (last.boot, last.ended) == ("boot-1", None)


STARTED = RunStarted(version="0.1.0", commit="c", python="3", host="h", pid=1, settings_revision="r")
FAILED = RunFailed(error="E", reason="the disk sang", exit_code=70, began=HeldClock().now())


def exited(actor: str, end: str) -> ActorExited:
    return ActorExited(actor=actor, incarnation=1, exit=end, reason="" if end == "shutdown" else "KeyError")


async def test_of_the_newest_run_it_is_told_how_it_ended(tmp_path: Path) -> None:
    """J16: what was said last, who wanted it to stop, why it ended, and what failed in it."""
    async with running(tmp_path, HeldClock(), boot="first") as world:
        for event in (STARTED, StopRequested(by="nobody"), exited("old", "crashed"), FAILED):
            world.say(event)
    async with running(tmp_path, HeldClock(), boot="second") as world:
        said = [
            world.say(event)
            for event in (
                STARTED,
                exited("metrics", "crashed"),
                exited("health", "shutdown"),
                exited("health", "start_failed"),
                exited("reader", "normal"),
                StopRequested(by="SIGTERM"),
                RunEnded(reason="SIGTERM", uptime=1.0),
            )
        ]
    life = last_life(world.store.path)

    assert life is not None
    assert life.run is not None
    assert (life.run.boot, life.run.reason) == ("second", "SIGTERM")
    assert life.failure is None, "that was the run before"
    assert life.stop is not None
    assert "SIGTERM" in life.stop.payload
    assert [row.seq for row in life.errors] == [said[3].seq, said[1].seq]
    assert life.last.seq == tail(world.store.path, limit=1)[0].seq


async def test_a_run_that_ended_before_it_said_that_it_began_is_the_newest_all_the_same(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, HeldClock(), boot="first") as world:
        world.say(STARTED)
    async with running(tmp_path, HeldClock(), boot="second") as world:
        world.say(FAILED)
    life = last_life(world.store.path)

    assert life is not None
    assert life.run is None
    assert life.failure is not None
    assert "the disk sang" in life.failure.payload


async def test_of_a_journal_without_a_row_no_run_is_told(tmp_path: Path) -> None:
    async with running(tmp_path, HeldClock()) as world:
        pass
    rows(world.store.path, "DELETE FROM journal")

    assert last_life(world.store.path) is None


async def test_what_is_not_there_any_more_in_a_newer_shape_is_named_as_newer(tmp_path: Path) -> None:
    """J20, E10."""
    async with running(tmp_path, HeldClock()) as world:
        world.say(STARTED)
    rows(world.store.path, "ALTER TABLE runs RENAME COLUMN reason TO why")
    rows(world.store.path, "PRAGMA user_version = 9")

    with pytest.raises(NewerDatabaseError, match="has schema 9 and this acore knows 2"):
        last_life(world.store.path)


LOOKS: list[Callable[[Path], object]] = [tail, last_seq, last_run, last_life, lambda path: show(path, 1)]


@pytest.mark.parametrize("look", LOOKS)
def test_a_missing_database_is_named_and_not_made(tmp_path: Path, look: Callable[[Path], object]) -> None:
    path = tmp_path / "acore.db"

    with pytest.raises(
        NoDatabaseError, match=r"there is no database at .*acore\.db: check the data"
    ) as caught:
        look(path)

    assert caught.value.exit_code is ExitCode.UNAVAILABLE
    assert not path.exists()


@pytest.mark.parametrize("look", LOOKS)
def test_another_programs_database_is_named(tmp_path: Path, look: Callable[[Path], object]) -> None:
    path = tmp_path / "acore.db"
    theirs = attach(path, "rwc")
    theirs.execute("CREATE TABLE cookies (a TEXT)")
    theirs.close()

    with pytest.raises(ForeignDatabaseError, match="not an acore database"):
        look(path)


def test_an_empty_file_is_no_acore_database(tmp_path: Path) -> None:
    path = tmp_path / "acore.db"
    path.touch()

    with pytest.raises(ForeignDatabaseError):
        tail(path)


async def test_a_newer_database_is_looked_into(tmp_path: Path) -> None:
    """J20."""
    async with running(tmp_path, HeldClock()) as world:
        world.say(ActivityCounted(messages=1))
    path = world.store.path
    rows(path, "ALTER TABLE journal ADD COLUMN colour TEXT")
    rows(path, "PRAGMA user_version = 9")

    assert tail(path, Filter(name="activity.counted"))[0].payload.startswith("{")
    assert last_seq(path) > 0


async def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    place = tmp_path / "a?b#c%d e"
    async with running(place, HeldClock()) as world:
        world.count(1)

    assert last_seq(place / "acore.db") == world.bus.seq
