"""What a run leaves without an outcome, and what the next one makes of it."""

import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from anyio import Event as Flag
from anyio import create_task_group

from acore.actors.outbox import MOST_RUNS, OutboxActor
from acore.cli.outbox import Prospect, prospect
from acore.clock import RealClock
from acore.events.audit import AuditNoted
from acore.events.base import Effect, Event, Policy, Trace, outcome_id
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.outbox import (
    Decided,
    DecideEffect,
    Decision,
    EffectAbandoned,
    EffectDone,
    EffectResumed,
    EffectsUndecided,
    OutboxView,
    WentAhead,
)
from acore.events.supervision import LetterDied
from acore.runtime.edge import EdgeActor, EdgeContext, Outcome
from acore.runtime.edgecell import URGENT_WAIT
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.storage.leftovers import leftovers
from acore.storage.sqlite import Connection
from acore.storage.store import DATABASE_NAME, open_store
from tests.actors.house import House, house
from tests.storage.world import rows


@wire("test.left.again", policy=Policy.IDEMPOTENT)
class Again(Effect):
    """It does no harm twice."""

    n: int


@wire("test.left.once", policy=Policy.AT_MOST_ONCE)
class Once(Effect):
    """It must not happen twice."""

    n: int


@wire("test.left.asked", policy=Policy.ASK_OPERATOR)
class Asked(Effect):
    """Whether it may happen twice, only a person can tell."""

    n: int


@wire("test.left.urgent", policy=Policy.IDEMPOTENT, urgent=True)
class Urgent(Effect):
    """It cannot wait for long."""

    n: int


class Outside:
    """What was done outside, over all runs, and whether it comes to its end."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.is_cut_off = True
        self.holds: Flag | None = None


class Hand(EdgeActor):
    """Performs; cut off, it never learns what came of it."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    @handles
    async def again(self, wanted: Again, io: EdgeContext) -> Outcome | None:
        if self._outside.holds is not None:
            await self._outside.holds.wait()
        return self._do(wanted.n, io)

    @handles
    async def once(self, wanted: Once, io: EdgeContext) -> Outcome | None:
        return self._do(wanted.n, io)

    @handles
    async def asked(self, wanted: Asked, io: EdgeContext) -> Outcome | None:
        if self._outside.holds is not None:
            await self._outside.holds.wait()
        return self._do(wanted.n, io)

    @handles
    async def urgent(self, wanted: Urgent, io: EdgeContext) -> Outcome | None:
        return self._do(wanted.n, io)

    def _do(self, n: int, io: EdgeContext) -> Outcome | None:
        assert io.handling is not None
        self._outside.done.append((io.handling.id, n))
        return Outcome.LATER if self._outside.is_cut_off else None


@asynccontextmanager
async def living(
    directory: Path, outside: Outside, boot: str, *, has_hand: bool = True
) -> AsyncGenerator[House]:
    """Run somebody who performs, and the outbox."""
    hand = (ChildSpec(id="hand", actor=Hand, start=lambda: Hand(outside)),) if has_hand else ()
    async with house(directory, *hand, ChildSpec(id="outbox", actor=OutboxActor), boot=boot) as home:
        yield home


async def leave(directory: Path, outside: Outside, *effects: Effect) -> None:
    """Have a first run ask for *effects*, under the ids e0, e1, …, and hear of none."""
    async with living(directory, outside, "boot-1") as home:
        for number, effect in enumerate(effects):
            home.bus.perform(effect, Trace("asker", "", "the first cause"), event_id=f"e{number}")
        await home.clock.advance(1)


async def told_of(home: House, effect_id: str) -> list[Event]:
    """Return the outcomes of an effect, of which there is at most one, as they are in the journal."""
    found = [row for row in await home.rows() if row.id == outcome_id(effect_id)]
    return [home.bus.catalog.decode(row.name, row.version, row.payload.encode()) for row in found]  # type: ignore[misc]


async def test_each_policy_is_kept_at_the_next_start(tmp_path: Path) -> None:
    """J02: done again under the same id, given up, or left to a person; the fourth had its outcome."""
    outside = Outside()
    async with living(tmp_path, outside, "boot-0") as home:
        outside.is_cut_off = False
        home.bus.perform(Again(n=3), Trace("asker"), event_id="e3")
        await home.clock.advance(1)
        assert await told_of(home, "e3") == [EffectDone(effect="test.left.again")]
    outside.is_cut_off = True
    await leave(tmp_path, outside, Again(n=0), Once(n=1), Asked(n=2))
    outside.is_cut_off = False
    before = list(outside.done)

    async with living(tmp_path, outside, "boot-2") as home:
        assert outside.done == [*before, ("e0", 0)]
        assert await told_of(home, "e0") == [EffectDone(effect="test.left.again")]
        (resumed,) = await home.told(EffectResumed)
        assert (resumed.effect_id, resumed.run, resumed.by) == ("e0", 1, "")
        (abandoned,) = await told_of(home, "e1")
        assert isinstance(abandoned, EffectAbandoned)
        assert abandoned.effect == "test.left.once"
        assert await told_of(home, "e2") == []
        (undecided,) = await home.told(EffectsUndecided)
        assert (undecided.count, undecided.effects) == (1, ("test.left.asked",))
        assert home.view(OutboxView) == OutboxView(undecided=1, is_through=True)
        correlations = {row.correlation for row in await home.rows("boot-2") if row.source == "hand"}
        assert "the first cause" in correlations

    async with living(tmp_path, outside, "boot-3") as home:
        assert outside.done == [*before, ("e0", 0)], "what has its outcome is not performed again"
        assert len(await home.told(EffectAbandoned)) == 1


@pytest.mark.parametrize("decision", list(Decision))
async def test_a_person_decides_once(tmp_path: Path, decision: Decision) -> None:
    """J02: by the first digits of the id; a second decision finds nothing to decide, also after a restart."""
    outside = Outside()
    await leave(tmp_path, outside, Asked(n=7), Asked(n=8))
    outside.is_cut_off = False

    async with living(tmp_path, outside, "boot-2") as home:
        refused = [
            await home.ask(DecideEffect(key=key, decision=decision, by="ann")) for key in ("", "zz", "e")
        ]
        assert [bool(one.problem) for one in refused] == [True, True, True]
        decided = await home.ask(DecideEffect(key="e1", decision=decision, by="ann"))
        assert decided == Decided(effect="test.left.asked", effect_id="e1")
        again = await home.ask(DecideEffect(key="e1", decision=Decision.DROP, by="ann"))
        assert again.problem.startswith("nothing waits for a decision under 'e1'")
        await home.clock.advance(1)

        assert outside.done[2:] == ([("e1", 8)] if decision is Decision.RETRY else [])
        (outcome,) = await told_of(home, "e1")
        if decision is Decision.DROP:
            assert isinstance(outcome, EffectAbandoned)
            assert outcome.by == "ann"
        (noted,) = [one for one in await home.told(AuditNoted) if one.who == "ann"]
        assert (noted.action, noted.target) == (f"{decision} effect", "test.left.asked e1")

    async with living(tmp_path, outside, "boot-3") as home:
        assert home.view(OutboxView) == OutboxView(undecided=1, is_through=True)
        assert len(outside.done) == (3 if decision is Decision.RETRY else 2)


@pytest.mark.parametrize("decision", list(Decision))
async def test_what_is_broken_off_waits_for_a_person_in_the_same_run(
    tmp_path: Path, decision: Decision
) -> None:
    """J02: whoever performed it was ended in the middle; also when the outbox is restarted after that."""
    outside = Outside()
    outside.is_cut_off = False
    async with living(tmp_path, outside, "boot-1") as home:
        outside.holds = Flag()
        home.bus.perform(Asked(n=7), Trace("asker"), event_id="e7")
        home.bus.perform(Again(n=8), Trace("asker"), event_id="e8")
        await home.clock.advance(1)
        assert foreseen(tmp_path) == {"e7": Prospect.UNDER_WAY, "e8": Prospect.UNDER_WAY}
        async with create_task_group() as group:
            group.start_soon(home.system.stop_child, "hand")
            await home.clock.advance(6)  # it does not stop by itself
        await home.system.restart_child("hand")
        await home.clock.advance(1)

        assert foreseen(tmp_path)["e7"] is Prospect.UNDECIDED
        (undecided,) = await home.told(EffectsUndecided)
        assert (undecided.count, undecided.effects) == (1, ("test.left.asked",))
        assert home.view(OutboxView) == OutboxView(undecided=1, is_through=True)
        await home.system.stop_child("outbox")
        await home.system.restart_child("outbox")
        await home.clock.advance(1)
        assert home.view(OutboxView) == OutboxView(undecided=1, is_through=True)

        outside.holds.set()
        assert not (await home.ask(DecideEffect(key="e7", decision=decision, by="ann"))).problem
        await home.clock.advance(1)
        assert outside.done.count(("e7", 7)) == (1 if decision is Decision.RETRY else 0)
        (outcome,) = await told_of(home, "e7")
        assert isinstance(outcome, EffectDone if decision is Decision.RETRY else EffectAbandoned)
        assert "e7" not in foreseen(tmp_path)


async def test_a_person_is_asked_about_what_was_broken_off_once_the_store_can_write_again(
    tmp_path: Path,
) -> None:
    """J02: the store can say nothing of it until then, however long that takes."""
    outside = Outside()
    async with living(tmp_path, outside, "boot-1") as home:
        outside.holds = Flag()
        home.bus.perform(Asked(n=7), Trace("asker"), event_id="e7")
        await home.clock.advance(1)
        await home.system.stop_child("writer")
        async with create_task_group() as group:
            group.start_soon(home.system.stop_child, "hand")
            await home.clock.advance(60)
        assert home.view(OutboxView) == OutboxView(undecided=0, is_through=True)

        await home.system.restart_child("writer")
        await home.clock.advance(1)
        assert home.view(OutboxView) == OutboxView(undecided=1, is_through=True)


def foreseen(directory: Path) -> dict[str, Prospect]:
    """Return what `acore outbox` says becomes of each effect, by its id, beside a bot that runs."""
    found = leftovers(directory / DATABASE_NAME)
    return {one.id: prospect(one, found.writer, is_running=True, is_through=True) for one in found.effects}


async def test_an_effect_that_no_run_finishes_is_left_to_a_person(tmp_path: Path) -> None:
    """J02: what brings the process down does not do so for ever."""
    outside = Outside()
    await leave(tmp_path, outside, Again(n=0))
    for run in range(1, MOST_RUNS + 3):
        async with living(tmp_path, outside, f"boot-{run + 1}") as home:
            assert len(outside.done) == 1 + min(run, MOST_RUNS)
            resumed = [one.run for one in await home.told(EffectResumed)]
            assert resumed == list(range(1, min(run, MOST_RUNS) + 1))
            assert home.view(OutboxView) == OutboxView(undecided=int(run > MOST_RUNS), is_through=True)


async def test_what_a_restarted_outbox_has_in_hand_it_does_not_take_up_twice(tmp_path: Path) -> None:
    """J02."""
    outside = Outside()
    await leave(tmp_path, outside, Again(n=0))
    async with living(tmp_path, outside, "boot-2") as home:
        await home.system.stop_child("outbox")
        await home.system.restart_child("outbox")
        await home.clock.advance(1)

        assert home.system.cells["outbox"].runs == 2
        assert outside.done == [("e0", 0), ("e0", 0)]
        assert len(await home.told(EffectResumed)) == 1


@pytest.mark.parametrize(
    ("column", "value"), [("name", "test.left.of_another_age"), ("version", 9), ("payload", '{"n":"no"}')]
)
async def test_what_is_not_understood_waits_and_keeps_nobody_from_starting(
    tmp_path: Path, column: str, value: object
) -> None:
    """J02, E06: and what must not happen twice is given up, understood or not."""
    outside = Outside()
    await leave(tmp_path, outside, Again(n=0), Once(n=1), Again(n=2))
    rows(tmp_path / "acore.db", f"UPDATE outbox SET {column} = ? WHERE id IN ('e0', 'e1')", value)  # noqa: S608 - our own

    async with living(tmp_path, outside, "boot-2") as home:
        assert outside.done[3:] == [("e2", 2)]
        assert len(await told_of(home, "e1")) == 1
        (undecided,) = await home.told(EffectsUndecided)
        assert undecided.count == 1
        refused = await home.ask(DecideEffect(key="e0", decision=Decision.RETRY, by="ann"))
        assert refused.problem == undecided.reasons[0]
        dropped = await home.ask(DecideEffect(key="e0", decision=Decision.DROP, by="ann"))
        assert dropped.problem == ""


async def test_more_than_fits_into_a_mailbox_is_taken_up_little_by_little(tmp_path: Path) -> None:
    """J02: none is lost to a full mailbox."""
    outside, count = Outside(), 30
    await leave(tmp_path, outside, *(Again(n=number) for number in range(count)))
    outside.is_cut_off = False
    del outside.done[:]
    spec = ChildSpec(id="hand", actor=Hand, start=lambda: Hand(outside), capacity=8)
    async with house(tmp_path, spec, ChildSpec(id="outbox", actor=OutboxActor), boot="boot-2") as home:
        await home.clock.advance(1)
        assert sorted(n for _, n in outside.done) == list(range(count))
        assert await home.told(LetterDied) == []
        assert home.view(OutboxView) == OutboxView(undecided=0, is_through=True)

    assert rows(tmp_path / "acore.db", "SELECT count(*) FROM outbox") == [(0,)]


async def test_a_stop_does_not_wait_for_what_finds_no_room(tmp_path: Path) -> None:
    """J02: it stays owed; who decides meanwhile is told to try again."""
    outside = Outside()
    await leave(tmp_path, outside, *(Again(n=number) for number in range(20)))
    outside.holds = Flag()
    spec = ChildSpec(id="hand", actor=Hand, start=lambda: Hand(outside), capacity=4)
    async with house(tmp_path, spec, ChildSpec(id="outbox", actor=OutboxActor), boot="boot-2") as home:
        assert home.view(OutboxView) == OutboxView(undecided=0, is_through=False)
        decided = await home.ask(DecideEffect(key="e19", decision=Decision.DROP, by="ann"))
        assert decided.problem == "what earlier runs left is still being taken up: try again in a moment"
        began = home.clock.monotonic()
        await home.system.stop_child("outbox")
        assert home.clock.monotonic() == began
    assert rows(tmp_path / "acore.db", "SELECT count(*) FROM outbox") == [(20,)]


async def test_what_nobody_performs_any_more_waits(tmp_path: Path) -> None:
    """J02."""
    outside = Outside()
    await leave(tmp_path, outside, Again(n=0))

    async with living(tmp_path, outside, "boot-2", has_hand=False) as home:
        (undecided,) = await home.told(EffectsUndecided)
        assert undecided.reasons == ("no part of this acore performs Again",)
        assert home.view(OutboxView) == OutboxView(undecided=1, is_through=True)

    async with living(tmp_path, outside, "boot-3") as home:
        assert outside.done[1:] == [("e0", 0)], "it is back"


class StallingDisk:
    """Lets every commit wait until it is released."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()

    def prepare(self, connection: Connection) -> None:
        def wait(statement: str) -> None:
            if statement.startswith("COMMIT"):
                self.free.wait()

        connection.set_trace_callback(wait)


async def test_an_effect_waits_for_a_stalled_disk_and_an_urgent_one_goes_ahead_and_is_marked(
    tmp_path: Path,
) -> None:
    """J02: while the disk is quick, nothing is marked. On the real clock: a held one waits for threads."""
    outside, disk, clock = Outside(), StallingDisk(), RealClock()
    outside.is_cut_off = False
    hand = ChildSpec(id="hand", actor=Hand, start=lambda: Hand(outside))
    async with open_store(tmp_path, boot="boot-1", clock=clock, prepare=disk.prepare) as store:
        bus = Bus(clock, store.journal, boot="boot-1")
        system = System(SupervisorSpec(id="root", children=(*store.children(), hand)), bus)
        async with create_task_group() as group:
            group.start_soon(system.run)
            await system.wait_ready()
            with bus.listen(EffectDone, WentAhead) as news:
                bus.perform(Urgent(n=0), Trace("asker"), event_id="quick")
                await anext(news)
                await store.journal.wait_durable(bus.seq)

                disk.free.clear()
                bus.perform(Again(n=1), Trace("asker"), event_id="patient")
                began = clock.monotonic()
                bus.perform(Urgent(n=2), Trace("asker"), event_id="urgent")
                ahead = await anext(news)
                assert clock.monotonic() - began >= URGENT_WAIT
                await anext(news)
                assert [one for one, _ in outside.done] == ["quick", "urgent"]
                assert ahead.message == WentAhead(what="test.left.urgent", waited=URGENT_WAIT)
                assert ahead.cause == "urgent"

                disk.free.set()
                last = await anext(news)
                assert last.id == outcome_id("patient")
            system.stop()
    assert [one for one, _ in outside.done] == ["quick", "urgent", "patient"]
    (marks,) = rows(tmp_path / "acore.db", "SELECT count(*) FROM journal WHERE name = 'effect.went_ahead'")
    assert marks == (1,)
