"""Measured values have a file of their own; whatever becomes of it, the journal goes on."""

import sqlite3  # noqa: TID251 - another process's hold on the file, and a file of another program
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event as ThreadFlag

import msgspec
import pytest
from anyio import create_task_group

from acore.checks.builtin import database
from acore.clock import HeldClock
from acore.events.base import Trace
from acore.events.bus import Bus
from acore.events.health import Health
from acore.events.store import SamplesView, StoreProbe
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.storage import samples as module
from acore.storage.database import Prepare
from acore.storage.samples import GATHER, KEPT, RETRY, SAMPLES_NAME, SamplesActor
from acore.storage.sqlite import Connection
from acore.storage.store import open_store
from tests.actors.house import SAMPLE
from tests.checks.test_builtin import Around
from tests.storage.world import World


@asynccontextmanager
async def measuring(
    directory: Path, clock: HeldClock, *, prepare: Prepare | None = None
) -> AsyncGenerator[World]:
    """Run the store's actors, with *prepare* for the file of measured values alone."""
    async with open_store(directory, boot="boot-1", clock=clock) as store:
        bus = Bus(clock, store.journal, boot="boot-1", last_seq=store.last_seq)
        path = directory / SAMPLES_NAME
        samples = ChildSpec(
            id="samples",
            actor=SamplesActor,
            start=lambda: SamplesActor(path, store.journal.doing, prepare=prepare),
        )
        system = System(SupervisorSpec(id="store", children=(*store.children()[:2], samples)), bus)
        clock.watch(bus.under_way)
        clock.watch(store.under_way)
        async with create_task_group() as group:
            group.start_soon(system.run)
            await system.wait_ready()
            yield World(store, bus, system)
            system.stop()


def values(directory: Path) -> list[tuple[str, float]]:
    connection = sqlite3.connect(directory / SAMPLES_NAME)
    try:
        return connection.execute(
            "SELECT name, value FROM samples JOIN series ON series.id = samples.series ORDER BY name, wall_ns"
        ).fetchall()
    finally:
        connection.close()


def found_in(directory: Path, pattern: str) -> list[Path]:
    return list(directory.glob(pattern))


def trouble(world: World) -> str:
    view = world.bus.views.get(SamplesView)
    assert view is not None
    return view.trouble


async def count_on(world: World) -> None:
    """Show that the journal is written as ever: at once, without time passing."""
    before = len(world.counted())
    world.count(7)
    await world.durable()
    assert len(world.counted()) == before + 1


async def test_each_number_that_is_measured_becomes_a_series(tmp_path: Path) -> None:
    """J19."""
    clock = HeldClock()
    async with measuring(tmp_path, clock) as world:
        for _ in range(3):
            world.bus.publish(SAMPLE, Trace("host"))
            world.count(5)
            await clock.advance(GATHER + 1)
        found = values(tmp_path)
        assert [value for name, value in found if name == "host.disk_percent"] == [SAMPLE.disk_percent] * 3
        assert [value for name, value in found if name == "activity.messages"] == [5.0] * 3
        series = {name for name, _ in found}
        assert series == {f"host.{name}" for name in msgspec.structs.asdict(SAMPLE)} | {"activity.messages"}
        assert trouble(world) == ""


async def test_what_is_measured_last_is_written_at_an_ordered_stop(tmp_path: Path) -> None:
    """J19."""
    async with measuring(tmp_path, HeldClock()) as world:
        world.count(5)
        await world.durable()
    assert ("activity.messages", 5.0) in values(tmp_path)


async def test_a_file_that_somebody_locks_holds_nothing_up_and_is_written_later(tmp_path: Path) -> None:
    """J19."""
    clock = HeldClock()

    def impatient(connection: Connection) -> None:
        connection.execute("PRAGMA busy_timeout = 10")

    async with measuring(tmp_path, clock, prepare=impatient) as world:
        await count_on(world)
        await clock.advance(GATHER + 1)
        other = sqlite3.connect(tmp_path / SAMPLES_NAME, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        world.bus.publish(SAMPLE, Trace("host"))
        await clock.advance(GATHER + 1)
        assert trouble(world) == "database is locked"
        await count_on(world)
        other.execute("ROLLBACK")
        other.close()
        await clock.advance(RETRY + GATHER + 1)
        assert trouble(world) == ""
        assert ("host.cpu_percent", SAMPLE.cpu_percent) in values(tmp_path)


async def test_a_file_on_a_disk_that_hangs_holds_nothing_up(tmp_path: Path) -> None:
    """J19: it has a thread of its own."""
    clock, hangs = HeldClock(), ThreadFlag()

    def hang(_connection: Connection) -> None:
        hangs.wait(20)

    async with measuring(tmp_path, clock, prepare=hang) as world:
        world.bus.publish(SAMPLE, Trace("host"))
        async with create_task_group() as group:
            group.start_soon(clock.advance, GATHER + 1)
            for _ in range(5):
                await count_on(world)
            hangs.set()


@pytest.mark.parametrize("content", [b"this is no database at all " * 200, b""])
async def test_a_file_that_is_damaged_is_moved_aside_and_a_new_one_begun(
    tmp_path: Path, content: bytes
) -> None:
    """J19."""
    clock = HeldClock()
    (tmp_path / SAMPLES_NAME).write_bytes(content)
    async with measuring(tmp_path, clock) as world:
        await count_on(world)
        await clock.advance(GATHER + 1)
        assert bool(content) == ("is damaged" in trouble(world))
        await count_on(world)
        await clock.advance(RETRY + GATHER + 1)
        assert trouble(world) == ""
    assert ("activity.messages", 7.0) in values(tmp_path)
    kept = [path.read_bytes() for path in found_in(tmp_path, f"{SAMPLES_NAME}.damaged-*")]
    assert kept == ([content] if content else [])


async def test_a_file_of_another_program_is_left_alone_and_said(tmp_path: Path) -> None:
    """J19."""
    other = sqlite3.connect(tmp_path / SAMPLES_NAME)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    clock = HeldClock()
    async with measuring(tmp_path, clock) as world:
        await count_on(world)
        await clock.advance(GATHER + 1)
        assert "is not an acore database" in trouble(world)
        await count_on(world)


async def test_a_file_that_has_all_that_it_may_have_lets_its_oldest_values_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J19."""
    monkeypatch.setattr(module, "MOST_BYTES", 64 * 1024)
    clock = HeldClock()
    async with measuring(tmp_path, clock) as world:
        for _ in range(5):
            for number in range(800):
                clock.step_wall(timedelta(seconds=1))
                world.count(1 + number)
            await clock.advance(GATHER + 1)
        assert trouble(world) == ""
        world.count(12345)
        await clock.advance(GATHER + 1)
    found = [value for _, value in values(tmp_path)]
    assert found[-1] == 12345.0
    assert 500 < len(found) < 4000
    assert (tmp_path / SAMPLES_NAME).stat().st_size <= 64 * 1024


async def test_a_disk_without_room_for_it_costs_values_and_no_memory(tmp_path: Path) -> None:
    """J19: what waits is bounded, and what is lost is counted."""
    clock = HeldClock()

    def no_room(connection: Connection) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    async with measuring(tmp_path, clock, prepare=no_room) as world:
        for _ in range(KEPT // 6 + 100):
            clock.step_wall(timedelta(seconds=1))
            world.bus.publish(SAMPLE, Trace("host"))
        await clock.advance(GATHER + 1)
        assert trouble(world) == "database or disk is full"
        view = world.bus.views.get(SamplesView)
        assert view is not None
        assert view.lost == (KEPT // 6 + 100) * 6 - KEPT
        await count_on(world)


async def test_health_says_that_measured_values_are_not_kept() -> None:
    """J19: degraded, for the records themselves are."""
    around = Around(SamplesView(trouble="database is locked", lost=3))
    around.reply = StoreProbe(seconds=0.002, file_bytes=1_000_000, wal_bytes=0, integrity="ok")
    found = await database.run(around)
    assert found.status is Health.DEGRADED
    assert found.message.endswith("; measured values are not kept: database is locked")
