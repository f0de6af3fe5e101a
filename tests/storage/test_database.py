import asyncio
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from anyio import create_task_group

from acore.errors import ExitCode
from acore.storage.database import connect, connect_reader, open_database
from acore.storage.schema import ForeignDatabaseError, Migration, NewerDatabaseError, migrate, migrations
from acore.storage.sqlite import (
    Connection,
    DamagedDatabaseError,
    Error,
    UnreadableDatabaseError,
    attach,
    is_passing,
    statements,
    transact,
)
from tests.storage.world import database, rows

KEYS = "SELECT name FROM counters ORDER BY name"


def insert(connection: Connection, *names: str) -> None:
    for name in names:
        connection.execute("INSERT INTO counters VALUES (?, 1)", (name,))


def test_a_commit_that_returned_survives_the_machine_losing_power(tmp_path: Path) -> None:
    """J01: write-ahead log, and synchronous FULL (2)."""
    connection = connect(tmp_path / "a.db")

    found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    connection.close()

    assert found == ["wal", 2]


async def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    path = database(tmp_path)

    async with await open_database(path) as db:
        await db.transaction(partial(insert_all, names=("a", "b")))
        with pytest.raises(Error, match="UNIQUE"):
            await db.transaction(partial(insert_all, names=("c", "a")))
        await db.transaction(partial(insert_all, names=("d",)))

    assert rows(path, KEYS) == [("a",), ("b",), ("d",)]


def insert_all(connection: Connection, names: tuple[str, ...]) -> None:
    insert(connection, *names)


def test_a_full_disk_shows_its_own_error_though_sqlite_rolled_back_already(tmp_path: Path) -> None:
    """J07."""
    connection = connect(database(tmp_path), prepare=full)
    with pytest.raises(Error, match="full") as caught:
        transact(connection, lambda c: insert(c, *(f"{n:0500}" for n in range(1000))))

    assert is_passing(caught.value)
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM counters").fetchone() == (0,)
    connection.close()


def full(connection: Connection) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")


def cancel_natively(task: asyncio.Task[None], _: Callable[[], None]) -> None:
    task.cancel()


def cancel_by_scope(_: asyncio.Task[None], scope: Callable[[], None]) -> None:
    scope()


@pytest.mark.parametrize("cancel", [cancel_natively, cancel_by_scope])
async def test_a_job_handed_over_is_finished_though_its_awaiter_is_cancelled(
    tmp_path: Path, cancel: Callable[[asyncio.Task[None], Callable[[], None]], None]
) -> None:
    """J10: inside the transaction when the cancellation comes; the connection is usable afterwards."""
    path = database(tmp_path)
    inside, go_on = threading.Event(), threading.Event()

    def job(connection: Connection) -> None:
        insert(connection, "first")
        inside.set()
        assert go_on.wait(30)
        insert(connection, "second")

    async with await open_database(path) as db:
        tasks: list[asyncio.Task[None]] = []

        async def write() -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.append(task)
            await db.transaction(job)

        async with create_task_group() as group:
            group.start_soon(write)
            await asyncio.to_thread(inside.wait, 30)
            cancel(tasks[0], group.cancel_scope.cancel)
        assert tasks[0].cancelled() or tasks[0].done()
        go_on.set()
        await db.transaction(partial(insert_all, names=("third",)))

    assert rows(path, KEYS) == [("first",), ("second",), ("third",)]


def test_the_scripts_are_found_and_numbered() -> None:
    assert [one.number for one in migrations()] == [1, 2]


def test_statements_end_where_sqlite_says() -> None:
    sql = "-- a; b\nCREATE TABLE a (b TEXT DEFAULT ';'); -- c\n\nSELECT 1;\n"

    assert len(statements(sql)) == 2


NEXT = len(migrations()) + 1


def script(number: int, sql: str) -> Migration:
    return Migration(number=number, name=f"{number:04}.sql", sql=sql)


def test_a_script_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """J20."""
    path = database(tmp_path)
    connection = connect(path)
    bad = script(NEXT, "CREATE TABLE extra (a TEXT);\nCREATE TABLE journal (a TEXT);\n")

    with pytest.raises(Error, match="already exists"):
        migrate(connection, path, (*migrations(), bad))

    assert connection.execute("PRAGMA user_version").fetchone() == (NEXT - 1,)
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'extra'").fetchall()
    connection.close()


def test_what_a_file_holds_is_copied_before_its_shape_changes(tmp_path: Path) -> None:
    """J20."""
    path = database(tmp_path)
    connection = connect(path)
    insert(connection, "kept")

    migrate(connection, path, (*migrations(), script(NEXT, "DROP TABLE counters;\n")))
    connection.close()

    copy = tmp_path / f"acore.db.before-{NEXT:04}"
    assert copy.stat().st_mode & 0o777 == 0o600
    old = connect_reader(copy)
    assert old.execute(KEYS).fetchall() == [("kept",)]
    old.close()


async def test_a_newer_database_is_refused_for_writing_and_can_be_read(tmp_path: Path) -> None:
    """J20."""
    path = database(tmp_path)
    rows(path, "PRAGMA user_version = 7")

    with pytest.raises(NewerDatabaseError, match=f"has schema 7 and this acore knows {NEXT - 1}:") as caught:
        await open_database(path)

    assert caught.value.exit_code is ExitCode.DATA
    async with await open_database(path, read_only=True) as db:
        assert await db.run(lambda c: c.execute("SELECT seq FROM progress").fetchone()) == (0,)


async def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "acore.db"
    path.write_bytes(b"this is a letter to my aunt\n" * 200)
    before = path.read_bytes()

    for read_only in (False, True):
        with pytest.raises(DamagedDatabaseError, match="moves it aside") as caught:
            await open_database(path, read_only=read_only)
        assert caught.value.exit_code is ExitCode.DATA

    assert path.read_bytes() == before


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = database(tmp_path)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)

    with pytest.raises(DamagedDatabaseError, match=r"acore\.db is damaged"):
        connect(path)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    theirs = attach(path, "rwc")
    theirs.execute("CREATE TABLE cookies (a TEXT)")
    theirs.close()

    for opening in (connect, connect_reader):
        with pytest.raises(ForeignDatabaseError, match="is not an acore database"):
            opening(path)


def test_a_copy_of_the_file_without_its_log_is_still_a_database(tmp_path: Path) -> None:
    """J06: made so by a checkpoint right after the tables are."""
    path = database(tmp_path)
    connection = connect(path)
    insert(connection, "only in the log")
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    connection.close()

    assert rows(copy, "SELECT name FROM counters") == []
    assert rows(path, KEYS) == [("only in the log",)]


def test_a_directory_that_cannot_be_written_is_read_when_nothing_is_left_in_the_log(
    open_directory: Path, request: pytest.FixtureRequest
) -> None:
    path = database(open_directory)
    path.chmod(0o644)
    request.getfixturevalue("as_nobody")

    connection = connect_reader(path)
    assert connection.execute("SELECT seq FROM progress").fetchone() == (0,)
    connection.close()


def test_a_dead_bots_log_in_a_directory_that_cannot_be_written_is_not_passed_over(
    open_directory: Path, request: pytest.FixtureRequest
) -> None:
    path = database(open_directory)
    connection = connect(path)
    insert(connection, "in the log")
    log = (open_directory / "acore.db-wal").read_bytes()
    connection.close()
    (open_directory / "acore.db-wal").write_bytes(log)
    for file in open_directory.iterdir():
        file.chmod(0o644)
    request.getfixturevalue("as_nobody")

    with pytest.raises(UnreadableDatabaseError, match="copy it together with its -wal file"):
        connect_reader(path)
