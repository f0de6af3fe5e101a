"""The disk is full for so long that memory is full too: what is refused, what is not, and how it ends."""

from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.errors import ExitCode
from acore.events.base import Effect, Policy, Trace
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.discord import AnswerAtOnce, TokenSealed
from acore.events.lifecycle import StopRequested
from acore.events.metrics import ActivityCounted
from acore.events.status import Notice
from acore.events.store import JournalRelieved, PurgeJournal, StoreState
from acore.events.supervision import Burial, LetterDied
from acore.storage.journal import Journal, JournalOverflowError
from acore.storage.limits import MEGABYTE, Limits
from acore.storage.writer import LAST_RETRY
from tests.events.test_bus import Box
from tests.storage.test_writer import Disk
from tests.storage.world import World, running

ROOM = 200_000
SMALL = Limits(memory_bytes=ROOM, is_alone=False)
SAID = "SELECT name FROM journal WHERE name LIKE 'journal.%' OR name LIKE 'store.%' ORDER BY seq"


def fill(world: World) -> int:
    """Count until a count is refused, and return how many were not."""
    taken = 0
    while not world.count(taken).was_refused:
        taken += 1
    return taken


async def test_what_is_new_is_refused_while_memory_is_full_and_all_that_was_taken_in_is_written(
    tmp_path: Path,
) -> None:
    """J07: refused before it has a number, told once, counted; then everything in order and nothing twice."""
    disk, clock = Disk(), HeldClock()
    disk.is_full = True
    async with running(tmp_path, clock, limits=SMALL, prepare=disk.prepare) as world:
        with world.bus.listen(ActivityCounted, capacity=10_000) as listener:
            taken = fill(world)
            last = world.bus.seq
            assert taken > 100
            assert [world.count(-1).was_refused for _ in range(50)] == [True] * 50
            assert world.bus.seq == last, "what is refused has no number"
            assert listener.describe() == f"listening, {taken} queued", "nobody acts on what was refused"
        await clock.advance(60)

        assert world.bus.buried[Burial.FULL] == 51
        assert {(one.actor, one.message) for one in world.bus.letters} == {
            ("the journal", "activity.counted")
        }
        assert world.view.is_full
        assert world.view.free_bytes is not None
        assert world.counted() == []

        disk.is_full = False
        await clock.advance(LAST_RETRY)
        assert not world.count(taken).was_refused
        await world.durable()

        assert world.counted() == list(range(taken + 1))
        assert world.rows("SELECT count(*) - count(DISTINCT id) FROM journal") == [(0,)]
        assert [name for (name,) in world.rows(SAID)] == [
            "journal.filled",
            "store.degraded",
            "journal.relieved",
            "store.recovered",
        ]
        assert world.rows("SELECT payload ->> '$.facts' FROM journal WHERE name = 'journal.relieved'") == [
            (51,)
        ]
        assert world.rows("SELECT count(*) FROM journal WHERE name = 'letter.died'") == [(0,)]
        assert not world.view.is_full


async def test_what_ends_something_begun_is_taken_in_while_memory_is_full(tmp_path: Path) -> None:
    """J07: the right to answer comes after what it belongs to; an answer that decided nothing is given."""
    disk, clock = Disk(), HeldClock()
    disk.is_full = True
    async with running(tmp_path, clock, limits=SMALL, prepare=disk.prepare) as world:
        fill(world)
        sealed = world.say(TokenSealed(interaction=1, sealed="sealed"))
        answer = AnswerAtOnce(interaction=1, reply=Notice(text="well"))
        assert not sealed.was_refused
        assert not world.bus.perform(answer, Trace("gateway")).was_refused
        disk.is_full = False
        await clock.advance(LAST_RETRY)


async def test_what_cannot_be_tidied_up_on_a_full_disk_is_told_and_costs_the_writer_nothing(
    tmp_path: Path,
) -> None:
    """J07, J18: whoever asks for it is told why not; that is no reason to begin record keeping anew."""
    disk, clock = Disk(), HeldClock()
    disk.is_full = True
    async with running(tmp_path, clock, limits=SMALL, prepare=disk.prepare) as world:
        fill(world)
        await clock.advance(1)
        assert world.view.state is StoreState.RETRYING
        purged = await world.ask(PurgeJournal(by="ann"))
        assert purged.problem.startswith("the journal cannot be written now, so nothing can be removed")
        assert (await world.ask(PurgeJournal(by="ann", is_trial=True))).problem == ""
        assert world.system.cells["writer"].runs == 1
        disk.is_full = False
        await clock.advance(LAST_RETRY)
        await world.durable()
        assert (await world.ask(PurgeJournal(by="ann"))).problem == ""


async def test_a_program_that_has_only_acore_in_it_stops_when_twice_the_memory_is_used_up(
    tmp_path: Path,
) -> None:
    """J07: what is vital is never refused, so there is an end: a stop in order, with an exit code."""
    disk, clock = Disk(), HeldClock()
    disk.is_full = True

    async def go_on_for_too_long() -> None:
        limits = Limits(memory_bytes=MEGABYTE)
        async with running(tmp_path, clock, limits=limits, prepare=disk.prepare) as world:
            fill(world)
            while world.store.journal.bytes <= 2 * MEGABYTE:
                assert not world.say(StopRequested(by="somebody")).was_refused
            await clock.advance(60)

    with pytest.raises(ExceptionGroup) as caught:
        await go_on_for_too_long()
    assert caught.group_contains(JournalOverflowError, match=r"JOURNAL_MEMORY_MB=1: make room on the disk")
    assert JournalOverflowError.exit_code is ExitCode.IO


async def test_a_guest_in_another_program_never_stops_for_it(tmp_path: Path) -> None:
    """J07."""
    disk, clock = Disk(), HeldClock()
    disk.is_full = True
    async with running(tmp_path, clock, limits=SMALL, prepare=disk.prepare) as world:
        while world.store.journal.bytes <= 3 * ROOM:
            world.say(StopRequested(by="somebody"))
        await clock.advance(60)
        assert world.view.state is StoreState.RETRYING
        disk.is_full = False
        await clock.advance(LAST_RETRY)
        await world.durable()


@wire("test.ring", policy=Policy.AT_MOST_ONCE)
class Ring(Effect):
    """Ring."""


@wire("test.ring_now", policy=Policy.AT_MOST_ONCE, urgent=True)
class RingNow(Effect):
    """Ring at once."""


def test_new_effects_are_refused_while_memory_is_full_and_urgent_ones_go() -> None:
    """J07: of an effect that something taken in has led to, the journal tells that it was not done."""
    clock, journal = HeldClock(), Journal(room=ROOM)
    bus = Bus(clock, journal, boot="test")
    bell = Box("bell", bus)
    bus.join(bell, effects=(Ring, RingNow))
    cause = bus.publish(ActivityCounted(messages=1), Trace("test"))
    while not bus.publish(ActivityCounted(messages=1), Trace("test")).was_refused:
        pass
    caused = Trace("test", cause.id, cause.id)

    assert bus.perform(Ring(), Trace("test")).was_refused
    assert not bus.perform(Ring(), caused, event_id="owed").was_refused
    bus.perform(RingNow(), caused, event_id="urgent")
    assert [one.id for one in bell.got] == ["urgent"]
    assert [one.message_id for one in bus.letters if one.message == "test.ring"] == ["", "owed"]

    journal.committed(bus.seq)
    letter = LetterDied(
        reason=Burial.FULL,
        actor="bell",
        message="test.ring",
        message_id="owed",
        detail="too much waits to be written already",
    )
    assert [entry.message for entry in journal.batch(100)] == [
        letter,
        JournalRelieved(facts=1, effects=2, seconds=0.0),
    ]
    assert len(bell.got) == 1, "what was refused is not done later"
    bus.perform(Ring(), Trace("test"))
    assert len(bell.got) == 2
