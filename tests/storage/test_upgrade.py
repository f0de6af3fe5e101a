"""A database of before: brought up to date at the first start, and nothing of it is lost."""

from pathlib import Path

import pytest

from acore.cli import invoke
from acore.clock import HeldClock
from acore.errors import ExitCode
from acore.storage.mark import MARK_NAME
from acore.storage.query import tail
from acore.storage.schema import migrate, migrations
from acore.storage.sqlite import attach
from acore.storage.store import DATABASE_NAME
from acore.storage.verify import NotChainedError, verify
from tests.storage.world import running

OLD = 500


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of schema 1, as its acore left it when it was killed: the rows are in its log."""
    path = tmp_path / DATABASE_NAME
    path.touch(mode=0o600)
    connection = attach(path, "rwc")
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, path, migrations()[:1])
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO journal "
        "SELECT i, 'old ' || i, 'event', 'activity.counted', 1, 'h', 'before', i, i, 's', '', '', '', 1, "
        """'{"messages":' || i || '}' FROM n""",
        (OLD,),
    )
    connection.execute("UPDATE progress SET seq = ?, writer = 'before'", (OLD,))
    log = path.with_name(f"{path.name}-wal").read_bytes()
    content = path.read_bytes()
    connection.close()
    path.write_bytes(content)
    path.with_name(f"{path.name}-wal").write_bytes(log)
    return path


async def test_a_database_of_the_first_schema_is_copied_brought_up_to_date_and_chained_from_then_on(
    old: Path,
) -> None:
    """J05, J06, J13, J20: the copy is made by SQLite itself, and holds what is in the log too."""
    with pytest.raises(NotChainedError):
        verify(old)
    async with running(old.parent, HeldClock()) as world:
        assert world.store.last_seq == OLD
        world.count(7)
        await world.durable()
        assert len(world.counted()) == OLD + 1
        first = world.rows("SELECT min(seq) FROM journal WHERE hash <> x''")[0][0]

    verified = verify(old)
    assert verified.findings == ()
    assert (verified.first_seq, verified.chained_from) == (1, first)
    assert first > OLD
    assert [row.payload for row in tail(old, limit=3, after=9)] == [
        f'{{"messages":{number}}}' for number in (10, 11, 12)
    ]
    before = old.with_name(f"{DATABASE_NAME}.before-0002")
    assert [row.seq for row in tail(before, limit=2 * OLD)] == list(range(1, OLD + 1))


async def test_the_copy_that_was_made_before_can_be_put_back(old: Path) -> None:
    """J06, J20: to go back to the acore of before, or to try the upgrade again."""
    async with running(old.parent, HeldClock()) as world:
        await world.durable()
    for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm", MARK_NAME):
        old.with_name(name).unlink(missing_ok=True)
    old.with_name(f"{DATABASE_NAME}.before-0002").rename(old)

    async with running(old.parent, HeldClock(), boot="boot-2") as world:
        await world.durable()
        assert len(world.counted()) == OLD
        assert world.view.lost is None
    assert verify(old).findings == ()


@pytest.mark.parametrize("command", [("pins",), ("purge", "--dry-run")])
def test_who_only_asks_of_an_old_database_what_it_has_not_is_told_so_and_changes_nothing(
    old: Path, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """J20: bringing it up to date is a start's business."""
    before = old.read_bytes()
    assert invoke(["journal", "--data", str(old.parent), *command]) == ExitCode.DATA
    assert "has schema 1" in capsys.readouterr().err
    assert old.read_bytes() == before
