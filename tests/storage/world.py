"""A store in a running system, for the tests beside it."""

import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import create_task_group

from acore.clock import Clock, HeldClock
from acore.events.base import Command, Envelope, Event, Trace
from acore.events.bus import Bus
from acore.events.metrics import ActivityCounted
from acore.events.store import StoreView
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.storage.database import Prepare, connect
from acore.storage.limits import Limits
from acore.storage.sqlite import Connection
from acore.storage.store import DATABASE_NAME, Store, open_store
from acore.storage.writer import StoreWriter

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable


class World:
    """A system whose only actors are the store's."""

    def __init__(self, store: Store, bus: Bus, system: System) -> None:
        self.store = store
        self.bus = bus
        self.system = system

    def say(self, event: Event) -> Envelope:
        return self.bus.publish(event, Trace(source="test"))

    def count(self, messages: int) -> Envelope:
        return self.say(ActivityCounted(messages=messages))

    async def ask[R](self, command: Command[R]) -> R:
        return await self.bus.ask(command, Trace(source="test"))

    async def durable(self) -> None:
        await self.store.journal.wait_durable(self.bus.seq)

    @property
    def view(self) -> StoreView:
        view = self.bus.views.get(StoreView)
        assert view is not None
        return view

    def rows(self, sql: str, *values: object) -> list[Any]:
        return rows(self.store.path, sql, *values)

    def counted(self) -> list[int]:
        return [n for (n,) in self.rows(COUNTED)]


COUNTED = "SELECT payload ->> '$.messages' FROM journal WHERE name = 'activity.counted' ORDER BY seq"


@asynccontextmanager
async def running(
    directory: Path,
    clock: Clock,
    *,
    boot: str = "boot-1",
    limits: Limits | None = None,
    prepare: Prepare | None = None,
    writer: Callable[[Store], StoreWriter] | None = None,
) -> AsyncGenerator[World]:
    """Run a system of writer and reader; stop it in order after the block."""
    async with open_store(directory, boot=boot, clock=clock, limits=limits, prepare=prepare) as store:
        bus = Bus(clock, store.journal, boot=boot, last_seq=store.last_seq)
        system = System(SupervisorSpec(id="store", children=_children(store, writer)), bus)
        if isinstance(clock, HeldClock):
            clock.watch(bus.under_way)
            clock.watch(store.under_way)
        async with create_task_group() as group:
            group.start_soon(system.run)
            await system.wait_ready()
            yield World(store, bus, system)
            system.stop()


def _children(store: Store, writer: Callable[[Store], StoreWriter] | None) -> tuple[ChildSpec, ...]:
    if writer is None:
        return store.children()
    made = writer
    return (ChildSpec(id="writer", actor=StoreWriter, start=lambda: made(store)), *store.children()[1:])


def rows(path: Path, sql: str, *values: object) -> list[Any]:
    """Return what *sql* finds in the database at *path*."""
    connection = connect(path)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def database(directory: Path) -> Path:
    """Return the path of a new database in *directory*."""
    path = directory / DATABASE_NAME
    connect(path).close()
    return path


def dump(connection: Connection, tables: Sequence[str]) -> dict[str, list[Any]]:
    """Return the whole content of *tables*."""
    return {
        table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608 - the tests' own names
        for table in tables
    }
