"""Whatever an actor goes through, it replays: from its beginning, from what was kept, and cut anywhere."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from acore.clock import NANOSECONDS
from acore.events.upcast import UnreadableMessageError
from acore.replay.engine import Span, replay
from acore.replay.report import Divergence, Replayed, Verdict
from acore.replay.source import DatabaseSource, RowsSource
from acore.runtime.actor import Context
from acore.runtime.handlers import handles
from acore.runtime.memory import REMEMBER_AFTER
from acore.storage.query import Row, tail
from acore.storage.store import DATABASE_NAME
from tests.actors.house import house
from tests.replay.scripted import (
    CAST,
    REMEMBER_EVERY,
    Act,
    Belled,
    Do,
    Player,
    Wondered,
    cast,
    let_it_happen,
    live,
)
from tests.replay.test_engine import altered, without_beginning


@pytest.fixture(autouse=True)
def _anything_may_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    let_it_happen(monkeypatch)


def again(rows: tuple[Row, ...]) -> Replayed:
    return replay("player", Player, RowsSource(rows), collect=True)


def from_each_snapshot(directory: Path) -> Iterator[tuple[int, tuple[Divergence, ...], str]]:
    """Yield from where the player was replayed, what differs, and the digest of its last state."""
    source = DatabaseSource(directory / DATABASE_NAME)
    for one in source.snapshots("player"):
        later = replay("player", Player, source, span=Span(first=one.seq + 1), collect=True)
        assert later.begins_at == one.seq
        yield one.seq, later.divergences, later.digest


async def test_a_question_is_asked_again_at_each_attempt_and_answered_as_it_was(tmp_path: Path) -> None:
    """R08, R09: also where the run in between has said something at its start."""
    async with house(tmp_path, *cast(attempts=3)) as home:
        home.say(Do(n=1, acts=("ask", "fail once", "say")))
        home.say(Do(n=2, acts=("ask and fail",)))
        home.say(Do(n=3, acts=("ask", "say")))
        await home.clock.advance(20)
        rows, state = await home.rows(), home.state("player")

    assert [row.payload for row in rows if row.name == "test.scripted.vain" and row.kind == "command"] == [
        '{"n":2}'
    ] * 3
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)


async def test_that_a_command_found_no_room_is_nothing_that_the_actor_said(tmp_path: Path) -> None:
    """R08, R09: it stands in its name before what it asks of an earlier message."""
    async with house(tmp_path, *cast(capacity=2)) as home:
        home.say(Do(n=1, acts=("ask long",)))
        await home.clock.settle()
        for n in (3, 5):
            home.say(Do(n=n, acts=("ask", "say")))
        home.say(Wondered(n=1))
        await home.clock.advance(20)
        rows, state = await home.rows(), home.state("player")

    (refused,) = (row for row in rows if row.kind == "no_reply")
    assert refused.source == "player"
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)


async def test_a_timer_for_others_that_was_set_before_the_snapshot_is_no_difference(tmp_path: Path) -> None:
    """R11."""
    async with house(tmp_path, *cast()) as home:
        home.say(Do(n=4, acts=("bell",)))
        await home.tell(*(Do(n=n) for n in range(6)))
        await home.clock.advance(5)
        home.say(Do(n=7, acts=("ask long", "say")))  # it rings meanwhile
        await home.clock.advance(5)
        await home.rows()

    assert [found for _, found, _ in from_each_snapshot(tmp_path)] == [(), ()]


async def test_what_waited_for_the_next_run_when_the_last_state_was_kept_is_left_to_it(
    tmp_path: Path,
) -> None:
    """R11: an actor that has stopped is remembered, too, and takes nothing any more."""
    async with house(tmp_path, *cast()) as home:
        home.say(Do(n=1, acts=("stop",)))
        for n in (2, 3, 4):
            home.say(Do(n=n, acts=("ask", "say")))
        await home.clock.advance(3)
        await home.tell(Do(n=5))
        state = home.state("player")
        await home.rows()
        whole = replay("player", Player, DatabaseSource(tmp_path / DATABASE_NAME))

    assert bytes(whole.state) == state
    assert {(found, digest) for _, found, digest in from_each_snapshot(tmp_path)} == {((), whole.digest)}


async def test_what_waited_when_a_state_was_kept_stands_as_it_did_where_newer_ones_replaced_older(
    tmp_path: Path,
) -> None:
    """R09, R11."""
    async with house(tmp_path, *cast(coalesces=True)) as home:
        home.say(Do(n=1, acts=("stop",)))
        for n in (4, 8, 5, 12, 6, 9):  # the 6 stands where the 4 stood, the 9 where the 8 did
            home.say(Do(n=n, acts=("say",)))
        await home.clock.advance(3)
        rows = await home.rows()
    stopped = next(row.seq for row in rows if row.payload == '{"n":1,"acts":["stop"]}')

    later = replay("player", Player, altered(tmp_path / DATABASE_NAME, *without_beginning(stopped)))

    said = [row.payload for row in rows if row.name == "test.scripted.said" and '"n":-' not in row.payload]
    assert said == ['{"n":600,"total":6}', '{"n":900,"total":15}', '{"n":1200,"total":27}']
    assert (later.verdict, later.begins_at > stopped) == (Verdict.SAME, True)


async def test_a_question_that_nobody_waits_for_when_it_is_tried_again_was_handled_once(
    tmp_path: Path,
) -> None:
    """S65, R09: the letter tells of the second attempt, not of the first."""
    async with house(tmp_path, *cast(attempts=3)) as home:
        await home.tell(Do(n=1), Wondered(n=10), Do(n=2, acts=("say",)))
        await home.clock.advance(10)
        rows, state = await home.rows(), home.state("player")

    assert [row.name for row in rows if row.name in {"letter.died", "message.requeued"}] == [
        "message.requeued",
        "letter.died",
    ]
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)
    assert again(rows).handled == len(("start", "do", "do", "tell", "start"))


@pytest.mark.parametrize("is_back", [False, True])
async def test_what_is_replaced_after_it_has_failed_was_handled_once(
    tmp_path: Path, *, is_back: bool
) -> None:
    """S65, R09: when it waited for another attempt, or was not put back since a newer one had come."""
    async with house(tmp_path, *cast(attempts=3, coalesces=True)) as home:
        home.say(Do(n=5, acts=("ask long", "fail")))
        await home.clock.advance(1)
        if not is_back:
            home.say(Do(n=6, acts=("say",)))
        await home.clock.advance(2.5)
        if is_back:
            home.say(Do(n=7, acts=("say",)))
        await home.clock.advance(10)
        rows, state = await home.rows(), home.state("player")

    letter, requeued = (
        next(row.seq for row in rows if row.name == name) for name in ("letter.died", "message.requeued")
    )
    assert (letter > requeued) is is_back
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)
    assert again(rows).handled == len(("start", "do", "start", "do"))


async def test_a_timer_that_rang_before_it_was_set_anew_is_no_difference(tmp_path: Path) -> None:
    """R06: the actor was waiting for an answer when it rang."""
    async with house(tmp_path, *cast()) as home:
        await home.tell(Do(n=4, acts=("ring by key",)))
        await home.clock.advance(2)
        await home.tell(Do(n=10, acts=("ask long", "ring by key", "say")))
        await home.clock.advance(20)
        rows, state = await home.rows(), home.state("player")

    assert [row.name for row in rows].index("test.scripted.rang") < [row.kind for row in rows].index(
        "no_reply"
    )
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_to_it_an_actor_decides_the_same_again(tmp_path: Path, seed: int) -> None:
    """R01, R09, R10, R11: as a whole, from each state that was kept, and cut anywhere."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    actors = cast(attempts=1 + 2 * (seed % 2), capacity=chance.choice((6, 1000)), coalesces=seed > 1)
    for boot in ("first", "second"):
        async with house(tmp_path, *actors, boot=boot) as home:
            await live(home, chance, 40)
            rows, states = await home.rows(), {name: home.state(name) for name in CAST}
    source = DatabaseSource(tmp_path / DATABASE_NAME)

    for name, kind in CAST.items():
        cut = replay(name, kind, RowsSource(rows), collect=True)
        assert (cut.divergences, bytes(cut.state)) == ((), states[name])
        for end in range(0, len(rows), 7):
            assert replay(name, kind, RowsSource(rows[:end]), collect=True).divergences == (), rows[end]
        whole = replay(name, kind, source, collect=True)
        for one in source.snapshots(name):
            later = replay(name, kind, source, span=Span(first=one.seq + 1), collect=True)
            assert later.divergences == ()
            assert later.digest == whole.digest or one.boot == "first"


async def test_what_found_no_room_behind_what_waited_is_not_taken_for_what_waited(tmp_path: Path) -> None:
    """R09, R11: an actor that has more to do than one turn is remembered while some of it waits."""
    async with house(tmp_path, *cast(capacity=100)) as home:
        for n in range(150):
            home.say(Do(n=n))
        await home.clock.advance(1)
        rows, state = await home.rows(), home.state("player")

    told = [msgspec.json.decode(row.payload) for row in rows if row.name == "actor.remembered"]
    assert told[0]["unread"] > 0
    assert sum(row.name == "letter.died" for row in rows) == 50
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)


async def test_a_question_that_waited_for_the_next_run_and_was_not_handled_there_counts_as_waiting(
    tmp_path: Path,
) -> None:
    """R09: it came when the run before had stopped, and stands among what the next one left unread."""
    async with house(tmp_path, *cast()) as home:
        home.say(Do(n=1, acts=("stop",)))
        home.say(Do(n=2, acts=("stop",)))
        home.say(Do(n=3))
        home.say(Wondered(n=2))
        await home.clock.advance(5)
        rows, state = await home.rows(), home.state("player")

    stops = [row.payload for row in rows if row.name == "actor.stopping" and row.source == "player"]
    assert [msgspec.json.decode(one)["unread"] for one in stops] == [2, 2]
    assert [row.name for row in rows].count("letter.died") == 1
    assert (again(rows).divergences, bytes(again(rows).state)) == ((), state)


async def test_a_patch_of_which_only_what_was_kept_tells_is_taken_up(tmp_path: Path) -> None:
    """R11, R14: the entry that noted it has been purged."""
    async with house(tmp_path, *cast()) as home:
        await home.tell(*(Do(n=3 * n, acts=("patch",)) for n in range(REMEMBER_EVERY)))
        await home.tell(Do(n=30, acts=("patch", "say")))
        rows = await home.rows()
    kept = next(row.seq for row in rows if row.name == "actor.remembered")

    later = replay("player", Player, altered(tmp_path / DATABASE_NAME, *without_beginning(kept - 1)))

    assert [row.name for row in rows if row.seq > kept].count("actor.patched") == 0
    assert (later.verdict, later.begins_at) == (Verdict.SAME, kept)


class Reminding(Player):
    """Sets something for later that the other did not."""

    @handles
    async def do(self, wanted: Do, ctx: Context) -> None:
        await super().do(wanted, ctx)
        if wanted.n == 3:
            ctx.schedule(20, Belled(n=0))


@pytest.mark.parametrize("says", [(), ("say",)])
async def test_a_timer_that_was_not_set_then_is_an_output_too_many(
    tmp_path: Path, says: tuple[Act, ...]
) -> None:
    """R03, R06: told at the message that it is set on, when it ought to have rung long ago."""
    async with house(tmp_path, *cast()) as home:
        await home.tell(Do(n=3, acts=says))
        for n in range(4, 10):
            await home.clock.advance(1.2 * REMEMBER_AFTER)
            await home.tell(Do(n=n, acts=says))
    rows = tuple(tail(tmp_path / DATABASE_NAME, limit=1000))

    later = replay("player", Reminding, RowsSource(rows), collect=True)

    assert again(rows).divergences == ()
    told = [(one.kind, one.message, one.handler, one.actual) for one in later.divergences]
    assert told == [("extra output", "test.scripted.do", "do", 'test.scripted.belled {"n":0}')]
    assert later.divergences[0].seq == next(row.seq for row in rows if row.name == "test.scripted.do")


async def test_a_timer_that_rang_late_since_everything_stood_still_is_no_difference(tmp_path: Path) -> None:
    """R06: as if the process had been stopped for an hour: what comes first then may be another message."""
    async with house(tmp_path, *cast()) as home:
        await home.tell(Do(n=3, acts=("bell", "say")), Do(n=4, acts=("say",)))
        await home.clock.advance(10)
        await home.tell(*(Do(n=n, acts=("say",)) for n in range(5, 8)))
    rows = tuple(tail(tmp_path / DATABASE_NAME, limit=1000))
    rang = next(row for row in rows if row.name == "test.scripted.belled")
    after = [row for row in rows if row.name == "test.scripted.said" and row.seq > rang.seq][2]
    hour = 3600 * NANOSECONDS

    late = [
        msgspec.structs.replace(row, mono_ns=row.mono_ns + (hour if row.seq > rang.seq else 0))
        for row in rows
        if row is not rang
    ]
    late.insert(late.index(next(row for row in late if row.seq == after.seq)), rang)
    moved = tuple(msgspec.structs.replace(row, seq=seq) for seq, row in enumerate(late, 1))

    assert again(moved).divergences == ()


async def test_something_said_that_cannot_be_read_any_more_is_named_by_its_entry(tmp_path: Path) -> None:
    """R04: as what was told is."""
    async with house(tmp_path, *cast()) as home:
        await home.tell(Do(n=1, acts=("say",)))
        rows = await home.rows()
    said = next(row for row in rows if row.payload == '{"n":100,"total":1}')
    torn = msgspec.structs.replace(said, payload='{"n":100,')

    with pytest.raises(UnreadableMessageError) as caught:
        again(tuple(torn if row is said else row for row in rows))

    assert f"It is entry {said.seq} of the journal." in caught.value.__notes__


async def test_what_was_tried_first_in_a_run_whose_beginning_is_gone_is_tried_again_once(
    tmp_path: Path,
) -> None:
    """R09, R12: the run that follows is replayed, with all that waited for it."""
    async with house(tmp_path, *cast(attempts=2)) as home:
        await home.tell(Do(n=1, acts=("say",)))
        home.say(Do(n=2, acts=("fail once", "say")))
        home.say(Do(n=3, acts=("say",)))
        await home.clock.advance(5)
        rows, state = await home.rows(), home.state("player")
    first = next(place for place, row in enumerate(rows) if row.payload.startswith('{"n":2,"acts"'))

    source = RowsSource(rows[first:], gone=((1, rows[first - 1].seq),))
    later = replay("player", Player, source, collect=True)

    assert (later.verdict, bytes(later.state)) == (Verdict.SAME, state)
    assert later.handled == len(("start", "do", "do"))


async def test_what_went_to_quarantine_is_missing_so_a_replay_begins_at_what_was_kept_after_it(
    tmp_path: Path,
) -> None:
    """R12, J11: everybody was told of it, and it is in no row."""
    async with house(tmp_path, *cast()) as home:
        await home.tell(*(Do(n=n, acts=("say",)) for n in range(REMEMBER_EVERY)), Do(n=9, acts=("say",)))
        rows = await home.rows()
    lost = next(row.seq for row in rows if row.payload.startswith('{"n":2,"acts"'))
    source = altered(
        tmp_path / DATABASE_NAME,
        f"INSERT INTO quarantine SELECT seq, id, name, 'row', '', x'' FROM journal WHERE seq = {lost}",  # noqa: S608 - a number
        f"DELETE FROM journal WHERE seq = {lost}",  # noqa: S608 - a number
    )
    kept = next(row.seq for row in rows if row.name == "actor.remembered")

    later = replay("player", Player, source)
    nothing = replay("player", Player, altered(tmp_path / DATABASE_NAME, "DELETE FROM snapshots"))

    assert (later.verdict, later.begins_at) == (Verdict.SAME, kept)
    assert nothing.approximate == f"some entries up to {lost} are missing"
