from pathlib import Path

from acore.clock import HeldClock
from acore.storage.sqlite import Connection
from acore.storage.store import DATABASE_NAME
from tests.storage.world import rows, running


async def test_a_log_cut_in_its_last_transaction_loses_that_one_only(tmp_path: Path) -> None:
    """J04: as after a power cut in the middle of a write."""
    copy = tmp_path / "copy.db"
    async with running(tmp_path, HeldClock()) as world:
        for number in range(5):
            world.count(number)
            await world.durable()
        copy.write_bytes(world.store.path.read_bytes())
        log = world.store.path.with_name("acore.db-wal").read_bytes()
        copy.with_name("copy.db-wal").write_bytes(log[:-10])

    found = rows(copy, "SELECT payload ->> '$.messages' FROM journal WHERE name = 'activity.counted'")
    assert found == [(0,), (1,), (2,), (3,)]
    assert rows(copy, "PRAGMA integrity_check") == [("ok",)]


async def test_after_a_lost_log_the_journal_goes_on_from_what_is_there(tmp_path: Path) -> None:
    """J05, J06: what a checkpoint had taken over is whole."""

    def never_checkpoint(connection: Connection) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    lost = tmp_path / "lost"
    lost.mkdir()
    async with running(tmp_path, HeldClock(), prepare=never_checkpoint) as world:
        world.count(1)
        await world.durable()
        (lost / DATABASE_NAME).write_bytes(world.store.path.read_bytes())

    async with running(lost, HeldClock(), boot="boot-2") as world:
        world.count(2)
        await world.durable()
        assert world.counted() == [2]
