"""`acore soak rows`, small: ten million rows are made by hand."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from acore.cli.soak.rows import rows
from acore.events.catalog import CATALOG
from acore.soak import rows as soaking
from acore.soak.rows import RowsReport, build
from acore.storage.database import connect
from acore.storage.query import show, tail
from acore.storage.store import DATABASE_NAME
from acore.storage.verify import verify


def test_a_journal_that_was_made_at_once_is_like_any_other(tmp_path: Path) -> None:
    """J05, J17: its chain is whole, its indexes are there, and what it tells of has causes."""
    path, other = tmp_path / DATABASE_NAME, tmp_path / "other.db"
    counts: list[int] = []
    build(path, 1001, counts.append)
    connect(other).close()

    assert counts == [1001]
    verified = verify(path)
    assert (verified.findings, verified.rows, verified.last_seq) == ((), 1001, 1001)
    assert _shape(path) == _shape(other)
    story = show(path, 1000)
    assert [row.seq for row in story.causes] == [997, 998, 999]
    assert {row.name for row in tail(path, limit=8)} <= {wire.name for wire in CATALOG}


def test_the_command_shows_a_journal_that_is_read_in_constant_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J17: pages, in a process of its own, beside a writer."""
    # How long things take is the full run's matter: here others are at work.
    monkeypatch.setattr(soaking, "AT_ONCE_MS", 60_000.0)
    monkeypatch.setattr(soaking, "LATER", 60.0)
    monkeypatch.chdir(tmp_path)

    ran = CliRunner().invoke(
        rows, ["--rows", "20000", "--data", "big", "--json"], standalone_mode=False, catch_exceptions=False
    )

    report = msgspec.json.decode(ran.stdout, type=RowsReport)
    assert report.problems == ()
    assert ran.return_value == 0
    assert report.paged.rows >= 20_000
    assert 0 < report.log_bytes <= soaking.LOG_BYTES
    assert Path("big", DATABASE_NAME).stat().st_size >= report.file_bytes


def test_what_takes_too_long_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("AT_ONCE_MS", "STEADY", "LOG_BYTES"):
        monkeypatch.setattr(soaking, limit, 0)
    monkeypatch.setattr(soaking, "LATER", -60.0)
    monkeypatch.chdir(tmp_path)

    ran = CliRunner().invoke(rows, ["--rows", "1000"], standalone_mode=False, catch_exceptions=False)

    assert ran.return_value == 1
    for found in ("opening the file", "the last number", "the walk took", "the log became", "events tail"):
        assert found in ran.stderr


def _shape(path: Path) -> list[tuple[str, str]]:
    connection = connect(path)
    try:
        return connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'journal' ORDER BY name"
        ).fetchall()
    finally:
        connection.close()
