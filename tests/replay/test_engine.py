"""The engine: where rows come from, where it begins, what is judged, and that it is the same everywhere."""

import os
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path

import anyio
import msgspec
import pytest

from acore.bench.replay.journal import ACTOR, AnsweringCounter, write_journal
from acore.events.mailbox import Overflow
from acore.replay.engine import SnapshotsUnreadableError, Span, replay, steps
from acore.replay.report import DivergenceKind, Verdict
from acore.replay.source import DatabaseSource, Part, RowsSource, Source, Wanted
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles
from acore.runtime.memory import REMEMBER_EVERY
from acore.runtime.restart import Backoff
from acore.runtime.spec import ChildSpec
from acore.storage.query import Row, tail
from tests.actors.house import everybody, house, loaded
from tests.replay.collector import Collected, Collection, Collector, Found, Rested
from tests.replay.test_replayer import Liar, Sums, Tally, lived
from tests.storage.world import connect

TOP = Path(__file__).parents[2]
SLOW = Backoff(first=1.0, cap=1.0, jitter=0)


def spec(kind: type[Actor[Collection]] = Collector, *, coalesces: bool = False) -> ChildSpec:
    """Describe a collector; one that *coalesces* keeps of what waits only the newest of each ten."""
    if not coalesces:
        return ChildSpec(id="collector", actor=kind, backoff=SLOW)
    return ChildSpec(
        id="collector",
        actor=kind,
        backoff=SLOW,
        overflow=Overflow.COALESCE,
        coalesce_by=lambda message: message.n // 10 if isinstance(message, Found) else None,
    )


async def busy(directory: Path, count: int) -> bytes:
    """Have a collector find much, many at once and few at a time, and fail once; return its last state."""
    async with house(directory, spec()) as home:
        for n in range(1, count):
            home.say(Found(n=0 if n == 100 else n))
            if n % 300 == 0:
                await home.clock.advance(10)
        await home.clock.advance(200)
        return home.state("collector")


@pytest.fixture
def day(tmp_path: Path) -> Path:
    """Return the database of a day on which all happened to the tally that can."""
    anyio.run(lived, tmp_path)
    return tmp_path / "acore.db"


def concerning(source: Source, actor: str, *names: str) -> list[Row]:
    """Return the rows that concern one actor, and no others."""
    found = {
        row.seq: row
        for part in Part
        for page in source.rows(Wanted(actor=actor, part=part, names=names))
        for row in page
    }
    return [found[seq] for seq in sorted(found)]


def test_an_actor_alone_replays_as_within_all(day: Path) -> None:
    """R01: by digest of what it says and of what it knows."""
    rows = [row for row in tail(day, limit=1000) if row.boot == "boot-1"]
    source = RowsSource(rows)
    own = concerning(source, "tally", "test.replay.added", "test.replay.rang", "test.replay.quit")

    whole, alone = replay("tally", Tally, source), replay("tally", Tally, RowsSource(own))

    assert whole.verdict == alone.verdict == Verdict.SAME
    assert len(own) < len(rows)
    assert (alone.outputs, alone.digest, alone.handled) == (whole.outputs, whole.digest, whole.handled)


def test_every_process_comes_to_the_same_digests(tmp_path: Path) -> None:
    """R02: though in each of them a set has another order."""
    anyio.run(busy, tmp_path, 300)
    script = (
        "import sys; from pathlib import Path; from acore.replay.engine import replay; "
        "from acore.replay.source import DatabaseSource; from tests.replay.collector import Collector; "
        "told = replay('collector', Collector, DatabaseSource(Path(sys.argv[1]))); "
        "print(told.outputs, told.digest, told.verdict, list({'a', 'b', 'c', 'd', 'e', 'f'}))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "acore.db")],
            capture_output=True,
            text=True,
            check=True,
            cwd=TOP,
            env={"PATH": os.defpath, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(TOP)},
        ).stdout.split(maxsplit=3)
        for seed in range(5)
    ]

    assert len({tuple(one[:3]) for one in told}) == 1
    assert len({one[3] for one in told}) > 1, "the seeds made no difference to anything"


def test_a_step_tells_what_came_what_was_known_and_what_was_said(day: Path) -> None:
    told = [step for step in steps("tally", Tally, DatabaseSource(day)) if step.row.boot == "boot-1"]

    assert [step.handler for step in told][:4] == ["on_start", "add", "add", "tell"]
    fourth = next(step for step in told if len(step.outputs) == 3)
    assert [(one.name, one.due) for one in fourth.outputs] == [
        ("test.replay.passed", None),
        ("test.replay.ring", None),
        ("test.replay.rang", 60.0),
    ]
    assert (
        msgspec.json.decode(fourth.before, type=Sums).total + 8
        == msgspec.json.decode(fourth.after, type=Sums).total
    )
    assert fourth.place == f"{Tally.add.__code__.co_filename}:{Tally.add.__code__.co_firstlineno}"
    assert {step.error for step in told} == {"", "ZeroDivisionError: nothing was added"}
    assert all(step.divergences == () for step in told)


# --- what is kept of its state

MANY = 2 * REMEMBER_EVERY + 300


@pytest.fixture
def found(tmp_path: Path) -> tuple[Path, bytes]:
    """Return the database of a collector that found so much that its state was kept, and its last state."""
    state = anyio.run(busy, tmp_path, MANY)
    return tmp_path / "acore.db", state


def kept(path: Path) -> list[int]:
    return sorted(one.seq for one in DatabaseSource(path).snapshots("collector"))


def altered(path: Path, *statements: str) -> DatabaseSource:
    connection = connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return DatabaseSource(path)


def without_beginning(upto: int) -> tuple[str, str]:
    """Return the statements that purge what is older than a number."""
    return (
        f"DELETE FROM journal WHERE seq <= {upto}",  # noqa: S608 - a number
        f"INSERT INTO gone VALUES (1, {upto}, {upto}, x'', 0, 'age')",  # noqa: S608 - a number
    )


def test_a_replay_from_what_was_kept_ends_as_one_from_the_beginning(found: tuple[Path, bytes]) -> None:
    """R11: with what waited then, with timers that were set before, and with the patches and instants."""
    path, state = found
    source, seqs = DatabaseSource(path), kept(path)
    assert len(seqs) >= 3
    whole = replay("collector", Collector, source)
    assert (whole.verdict, bytes(whole.state), whole.begins_at) == (Verdict.SAME, state, 0)

    for seq in seqs[:-1]:  # behind the one of its stop nothing comes
        later = replay("collector", Collector, source, span=Span(first=seq + 1))
        assert later.verdict == Verdict.SAME
        assert (later.digest, later.begins_at) == (whole.digest, seq)
        assert later.handled < whole.handled


def test_messages_that_waited_while_the_state_was_kept_are_handled_after_it(
    found: tuple[Path, bytes],
) -> None:
    """R11."""
    path, _ = found
    unread = [one.unread for one in DatabaseSource(path).snapshots("collector")]

    assert max(unread) > 100, "nothing waited, so this shows nothing"


def test_where_the_beginning_is_gone_a_replay_begins_with_what_was_kept(found: tuple[Path, bytes]) -> None:
    """R11, R12: and says so; what is asked for and gone is not judged."""
    path, _ = found
    first, second, *_ = kept(path)
    whole = replay("collector", Collector, DatabaseSource(path))

    source = altered(path, *without_beginning(first + 10))

    rest = replay("collector", Collector, source)
    assert (rest.verdict, rest.digest, rest.begins_at) == (Verdict.SAME, whole.digest, second)
    assert "the beginning is gone" in rest.warnings[0]
    gone = replay("collector", Collector, source, span=Span(first=first + 11, last=second + 5))
    assert gone.verdict == Verdict.APPROXIMATE
    assert "is gone" in gone.approximate


def test_a_state_that_cannot_be_read_is_passed_over_or_an_error_when_it_is_needed(
    found: tuple[Path, bytes],
) -> None:
    """R11: with a warning as long as the journal goes back far enough."""
    path, _ = found
    last = kept(path)[-2]
    whole = replay("collector", Collector, DatabaseSource(path))

    source = altered(path, "UPDATE snapshots SET shape = 'another'")

    again = replay("collector", Collector, source, span=Span(first=last + 1))
    assert (again.verdict, again.digest, again.begins_at) == (Verdict.SAME, whole.digest, 0)
    assert "passed over: that of entry" in again.warnings[0]
    assert "other fields than the actor has today" in again.warnings[0]
    with pytest.raises(SnapshotsUnreadableError, match=r"collector cannot be replayed from .*acore\.db"):
        replay("collector", Collector, altered(path, *without_beginning(500)))


def test_a_state_that_was_changed_on_disk_is_not_begun_with(found: tuple[Path, bytes]) -> None:
    """R11."""
    path, _ = found
    last = kept(path)[-2]

    source = altered(path, "UPDATE snapshots SET state = replace(state, '\"total\":', '\"total\":1')")

    again = replay("collector", Collector, source, span=Span(first=last + 1))
    assert (again.verdict, again.begins_at) == (Verdict.SAME, 0)
    assert "does not read as what it was" in again.warnings[0]


class Forgetful(Collector):
    """Says the same, and does not keep when."""

    @handles
    async def rest(self, _rested: Rested, _ctx: Context) -> None:
        self.state.rests += 2


def test_who_says_the_same_and_knows_something_else_differs(found: tuple[Path, bytes]) -> None:
    """R03: the eighth kind, found where the state was kept."""
    path, _ = found

    first = replay("collector", Forgetful, DatabaseSource(path)).first

    assert first is not None
    assert (first.kind, first.message) == (DivergenceKind.OTHER_STATE, "actor.remembered")
    assert [one.path for one in first.fields] == ["rests"]
    assert first.last_inputs


def test_no_secret_is_kept(tmp_path: Path) -> None:
    """R11, R17: what core actors know holds no secret, so neither does what is kept of it."""
    secret = "never-to-be-seen-" + "x" * 20

    async def live() -> None:
        settings = loaded(DISCORD_TOKEN=secret)
        async with house(tmp_path, *everybody(), settings=settings) as home:
            for _ in range(2):
                await home.clock.advance(700)

    anyio.run(live)
    source = DatabaseSource(tmp_path / "acore.db")
    states = [
        one.state for name in ("config", "lifecycle", "health", "metrics") for one in source.snapshots(name)
    ]

    assert len(states) >= 4
    assert not any(secret in one for one in states)


# --- what is judged


def test_only_what_is_asked_for_is_judged_and_all_before_it_is_fed(day: Path) -> None:
    """R12: the verdict on a part is that of the whole."""
    source = DatabaseSource(day)
    whole = replay("tally", Liar, source, collect=True).divergences
    assert len(whole) > 2
    one = whole[1]
    asked = next(row for row in tail(day, limit=1000) if row.seq == one.seq)

    part = replay("tally", Liar, source, span=Span(first=one.seq, last=one.seq), collect=True)
    chain = replay("tally", Liar, source, span=Span(correlation=asked.correlation), collect=True)
    hour = replay("tally", Liar, source, span=Span(since=asked.at, until=asked.at + timedelta(seconds=1)))

    assert part.divergences == chain.divergences == hour.divergences == (one,)
    assert {
        step.row.seq for step in steps("tally", Liar, source, span=Span(first=one.seq, last=one.seq))
    } == {one.seq}


def test_a_slice_is_replayed_and_not_judged(day: Path) -> None:
    """R12."""
    rows = tail(day, limit=1000)
    some = [row for row in rows if row.name != "test.replay.added" or row.seq % 2]

    part = replay("tally", Liar, RowsSource(some, is_whole=False), collect=True)

    assert (part.verdict, part.divergences) == (Verdict.APPROXIMATE, ())
    assert part.approximate == "not all that the actor was told is there"
    assert part.handled > 5


async def test_one_run_of_the_process_replays_as_within_all(tmp_path: Path) -> None:
    """R10: each begins with nothing, also after one that was cut off."""
    for boot in ("one", "two", "three"):
        async with house(tmp_path, spec(), boot=boot) as home:
            for n in range(1, 30):
                home.say(Found(n=n))
            await home.clock.advance(60)
            rows = await home.rows()
            state = home.state("collector")
    # The second is cut off behind what was heard and not handled yet.
    end = max(row.seq for row in rows if row.boot == "two" and row.name == "test.replay.found") - 3
    cut = [row for row in rows if row.boot != "two" or row.seq <= end]

    whole = replay("collector", Collector, RowsSource(cut))
    alone = replay("collector", Collector, RowsSource([row for row in cut if row.boot == "three"]))

    assert whole.verdict == alone.verdict == Verdict.SAME
    assert whole.digest == alone.digest
    assert bytes(alone.state) == state
    two = replay("collector", Collector, RowsSource([row for row in cut if row.boot == "two"]))
    assert two.verdict == Verdict.SAME


# --- time, order, and changes on purpose


async def test_now_is_what_it_was_and_never_goes_back(tmp_path: Path) -> None:
    """R06, J14: though the machine's clock does, and a message may have waited for the run."""
    async with house(tmp_path, spec()) as home:
        for n in range(1, 40):
            home.say(Found(n=0 if n == 20 else n))
            if n == 10:
                home.clock.step_wall(timedelta(hours=-1))
            if n != 20:
                await home.clock.advance(0.1)
        await home.clock.advance(2)
        told = [one.at for one in await home.told(Collected)]
        again = replay("collector", Collector, RowsSource(await home.rows()))

        assert again.verdict == Verdict.SAME
        assert bytes(again.state) == home.state("collector")
    assert len(told) > 4
    runs = [sorted(told[:3]), sorted(told[3:])]  # it failed after the third, and began anew
    assert [*runs[0], *runs[1]] == told


async def test_what_took_the_place_of_an_older_message_is_handled_in_that_place(tmp_path: Path) -> None:
    """R09: messages of one key replace each other while they wait."""
    async with house(tmp_path, spec(coalesces=True)) as home:
        home.say(Found(n=5))
        home.say(Found(n=0))
        await home.clock.settle()
        for n in (11, 21, 12, 31, 22, 13, 41):  # it is down
            home.say(Found(n=n))
        await home.clock.advance(3)
        last = msgspec.json.decode(home.state("collector"), type=Collection).last
        again = replay("collector", Collector, RowsSource(await home.rows()))

        assert last == [13, 22, 31, 41]
        assert again.verdict == Verdict.SAME
        assert bytes(again.state) == home.state("collector")


class Louder(Collector):
    """Says more, on purpose."""

    @handles
    async def find(self, found: Found, ctx: Context) -> None:
        await super().find(found, ctx)
        if ctx.patched("louder"):
            ctx.publish(Collected(total=-1, at=ctx.now))


class Loud(Collector):
    """Says more, without a word about it."""

    @handles
    async def find(self, found: Found, ctx: Context) -> None:
        await super().find(found, ctx)
        ctx.publish(Collected(total=-1, at=ctx.now))


async def test_a_change_that_is_marked_takes_the_old_way_where_the_journal_is_older(tmp_path: Path) -> None:
    """R14: and the new one from where it was noted, once in each run of the actor."""
    for boot, kind in (("old", Collector), ("new", Louder)):
        async with house(tmp_path, spec(kind), boot=boot) as home:
            for n in (1, 2, 0, 3):
                home.say(Found(n=n))
                await home.clock.advance(2)
            rows = await home.rows()
    marks = [row for row in rows if row.name == "actor.patched"]

    assert [row.boot for row in marks] == ["new", "new"]
    assert replay("collector", Louder, RowsSource(rows)).verdict == Verdict.SAME
    unmarked = replay("collector", Loud, RowsSource(rows)).first
    assert unmarked is not None
    assert (unmarked.kind, unmarked.handler) == (DivergenceKind.EXTRA_OUTPUT, "find")


# --- what it costs


def test_memory_does_not_grow_with_the_journal(tmp_path: Path) -> None:
    """R19: and it is told how far things are."""
    peaks: list[int] = []
    for rows in (4_000, 12_000):
        place = tmp_path / str(rows)
        place.mkdir()
        write_journal(place, rows, "answering")
        source = DatabaseSource(place / "acore.db")
        told: list[int] = []
        tracemalloc.start()
        again = replay(ACTOR, AnsweringCounter, source, on_progress=told.append)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

        assert (again.verdict, again.handled) == (Verdict.SAME, rows // 2 + 1)
        assert told == sorted(told)
        assert told[-1] >= rows - 1

    assert peaks[1] < 1.1 * peaks[0] + 100_000
