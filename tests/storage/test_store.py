from datetime import timedelta
from pathlib import Path

import pytest
from loguru import logger

from acore.clock import HeldClock, RealClock
from acore.errors import ExitCode
from acore.events.discord import LoadPending, TokenSealed
from acore.events.lifecycle import LoadLastRun, RunEnded, RunStarted
from acore.storage.journal import Journal
from acore.storage.lock import AlreadyRunningError
from acore.storage.opening import Opening
from acore.storage.schema import NewerDatabaseError
from acore.storage.sqlite import UnwritableDatabaseError
from acore.storage.store import Store, open_store
from tests.storage.world import database, rows, running


def began(pid: int = 1) -> RunStarted:
    return RunStarted(version="0.1.0", commit="c", python="3.12", host="h", pid=pid, settings_revision="r")


async def test_numbers_go_on_over_every_start_also_after_the_newest_rows_are_gone(tmp_path: Path) -> None:
    """J13."""
    highest = 0
    for boot in ("boot-1", "boot-2", "boot-3"):
        async with running(tmp_path, HeldClock(), boot=boot) as world:
            assert world.store.last_seq == highest
            # Not a row, but it has a number.
            world.say(TokenSealed(interaction=1, sealed="s"))
        highest = world.bus.seq
        rows(world.store.path, "DELETE FROM journal WHERE seq > 3")

    assert highest > 6


async def test_time_set_back_changes_no_order(tmp_path: Path) -> None:
    """J14."""
    clock = HeldClock()
    async with running(tmp_path, clock) as world:
        world.count(1)
        clock.step_wall(timedelta(days=-1))
        world.count(2)
        await world.durable()

        assert world.counted() == [1, 2]
        ((first, second),) = world.rows(
            "SELECT min(wall_ns) FILTER (WHERE payload ->> '$.messages' = 2), "
            "max(wall_ns) FILTER (WHERE payload ->> '$.messages' = 1) FROM journal"
        )
        assert first < second


async def test_a_run_that_did_not_end_in_order_is_recognised(tmp_path: Path) -> None:
    """J16."""
    async with running(tmp_path, HeldClock(), boot="boot-1") as world:
        assert await world.ask(LoadLastRun()) is None
        world.say(began())
        assert await world.ask(LoadLastRun()) is None
    async with running(tmp_path, HeldClock(), boot="boot-2") as world:
        world.say(began())
        last = await world.ask(LoadLastRun())
        assert last is not None
        assert (last.boot, last.version, last.ended) == ("boot-1", "0.1.0", None)
        world.say(RunEnded(reason="asked to", uptime=1.0))
    async with running(tmp_path, HeldClock(), boot="boot-3") as world:
        last = await world.ask(LoadLastRun())
        assert last is not None
        assert (last.boot, last.reason) == ("boot-2", "asked to")
        assert last.ended == world.bus.clock.now()


async def test_a_second_store_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    """J09."""
    async with running(tmp_path, HeldClock()):
        with pytest.raises(AlreadyRunningError, match="boot boot-1"):
            async with open_store(tmp_path, boot="boot-2", clock=HeldClock()):
                pytest.fail("two stores")


async def test_a_newer_database_ends_the_start_and_frees_the_directory(tmp_path: Path) -> None:
    """J20."""
    path = database(tmp_path)
    rows(path, "PRAGMA user_version = 99")

    for _ in range(2):
        with pytest.raises(NewerDatabaseError):
            async with open_store(tmp_path, boot="b", clock=HeldClock()):
                pytest.fail("written to")


async def test_a_file_that_cannot_be_opened_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "acore.db").mkdir()

    with pytest.raises(UnwritableDatabaseError, match=r"acore\.db cannot be written") as caught:
        async with open_store(tmp_path, boot="b", clock=HeldClock()):
            pytest.fail("opened")

    assert caught.value.exit_code is ExitCode.IO


async def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    async with running(tmp_path / "data", RealClock()) as world:
        await world.durable()
        modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "data").iterdir()}

    assert modes == dict.fromkeys(
        ("acore.db", "acore.db-wal", "acore.db-shm", "acore.lock", "acore.mark"), 0o600
    )


async def test_a_sealed_token_without_its_interaction_is_forgotten_at_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path, HeldClock()) as world:
        world.say(TokenSealed(interaction=1, sealed="orphan"))
        assert await world.ask(LoadPending()) == ()
        assert world.rows("SELECT sealed FROM pending") == [("orphan",)]
    async with running(tmp_path, HeldClock(), boot="boot-2") as world:
        assert world.rows("SELECT sealed FROM pending") == []


async def test_an_interaction_that_nobody_can_read_or_answer_any_more_is_closed_in_the_journal(
    tmp_path: Path,
) -> None:
    """J02: never silent, also where another version of acore left it; once."""
    closed = (
        "SELECT payload ->> '$.interaction', payload ->> '$.is_answered', payload ->> '$.reason' "
        "FROM journal WHERE name = 'interaction.closed'"
    )
    async with running(tmp_path, HeldClock()) as world:
        await world.durable()
        world.rows("INSERT INTO pending (interaction, received, received_version) VALUES (1, '{}', 99)")
    for run in (2, 3):
        async with running(tmp_path, HeldClock(), boot=f"boot-{run}") as world:
            await world.durable()
            ((interaction, is_answered, reason),) = world.rows(closed)
            assert (interaction, is_answered) == (1, 0)
            assert "cannot read" in reason
            assert world.rows("SELECT * FROM pending") == []


async def test_what_cannot_be_written_at_the_very_end_is_counted(tmp_path: Path) -> None:
    said: list[str] = []
    sink = logger.add(lambda line: said.append(line.record["message"]), level="CRITICAL")
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        await be_fenced_out(tmp_path)
    logger.remove(sink)

    assert len(said) == 1
    assert "entries of the journal are lost: run boot-9 has taken the database over" in said[0]


async def be_fenced_out(directory: Path) -> None:
    async with running(directory, HeldClock()) as world:
        await world.durable()
        world.rows("UPDATE progress SET writer = 'boot-9'")
        world.count(1)
        await world.durable()


def test_children_are_made_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "acore.db"
    writer, reader, samples = Store(path, Journal(), Opening(path, 0, None)).children()

    assert [writer.id, reader.id, samples.id] == ["writer", "reader", "samples"]
    assert writer.build() is not writer.build()
