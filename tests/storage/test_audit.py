from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.events.audit import AuditNoted
from acore.events.base import Event, Trace
from acore.events.bus import Bus
from acore.events.discord import (
    Argument,
    InteractionDenied,
    InteractionReceived,
    Invoker,
    Place,
)
from acore.events.metrics import ActivityCounted
from acore.events.recorder import MemoryRecorder
from acore.storage.audit import verify
from acore.storage.database import connect
from acore.storage.rows import take_over, write
from acore.storage.sqlite import Connection, transact

ADA = Invoker(id=7, name="ada")
FORGE = """
    INSERT INTO audit SELECT 9, wall_ns, boot, 'eve', action, target, outcome, rule, interaction, place,
        reason, hash, hash FROM audit WHERE seq = 8
"""


@pytest.fixture
def log(tmp_path: Path) -> Generator[Connection]:
    """A database whose audit log has rows 2, 4, 6 and 8 of the journal."""
    connection = connect(tmp_path / "acore.db")
    transact(connection, lambda c: take_over(c, "boot-1"))
    recorder = MemoryRecorder()
    bus = Bus(HeldClock(), recorder, boot="boot-1")
    for event in (
        InteractionReceived(
            interaction=1,
            application=1,
            command="botstatus",
            arguments=(Argument(name="part", value="all"), Argument(name="loud", value="no")),
            invoker=ADA,
            place=Place(guild=3, channel=4),
            is_ephemeral=True,
            role="user",
            rule="everyone",
            received=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        InteractionDenied(
            interaction=2, command="config", invoker=ADA, place=Place(guild=None, channel=9), rule="owners"
        ),
        noted("ada"),
        noted("bob"),
    ):
        bus.publish(ActivityCounted(), Trace(source="test"))
        bus.publish(event, Trace(source="test"))
    assert write(connection, recorder.entries, "boot-1") == ()
    yield connection
    connection.close()


def noted(who: str) -> Event:
    return AuditNoted(who=who, action="restart", target="gateway", outcome="done", reason="slow")


def test_every_attempt_is_audited_whether_it_was_allowed_or_not(log: Connection) -> None:
    found = log.execute(
        "SELECT seq, who, action, target, outcome, rule, interaction, place FROM audit ORDER BY seq"
    ).fetchall()

    assert found[:2] == [
        (2, "ada (7)", "/botstatus", "part=all loud=no", "allowed", "everyone", 1, "guild 3, channel 4"),
        (4, "ada (7)", "/config", "", "denied", "owners", 2, "direct message"),
    ]
    assert found[2] == (6, "ada", "restart", "gateway", "done", "", 0, "")


def test_an_untouched_log_is_whole(log: Connection) -> None:
    assert verify(log) is None


@pytest.mark.parametrize(
    ("touch", "bad"),
    [
        ("UPDATE audit SET who = 'adb (7)' WHERE seq = 4", 4),
        ("UPDATE audit SET wall_ns = wall_ns + 1 WHERE seq = 2", 2),
        ("UPDATE audit SET outcome = 'allowed' WHERE seq = 4", 4),
        ("UPDATE audit SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE seq = 6", 6),
        ("UPDATE audit SET previous = '' WHERE seq = 6", 6),
        ("DELETE FROM audit WHERE seq = 2", 4),
        ("DELETE FROM audit WHERE seq = 8", 8),
        ("DELETE FROM audit", 8),
        ("UPDATE audit SET seq = 5 WHERE seq = 4", 5),
        (FORGE, 9),
    ],
)
def test_a_changed_added_or_missing_row_is_found(log: Connection, touch: str, bad: int) -> None:
    """J19."""
    log.execute(touch)

    assert verify(log) == bad


def test_a_flipped_byte_in_the_file_is_found(log: Connection, tmp_path: Path) -> None:
    """J19: SQLite itself sees nothing wrong with it."""
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path = tmp_path / "acore.db"
    content = path.read_bytes()
    at = content.rindex(b"bob")
    copy = tmp_path / "copy.db"
    # The name stands in the journal too; the audit log is what is looked at.
    copy.write_bytes(content[:at].replace(b"bob", b"bub") + b"bub" + content[at + 3 :])

    touched = connect(copy)
    assert touched.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert verify(touched) == 8
    touched.close()


def test_a_log_of_many_pages_is_read_through(tmp_path: Path) -> None:
    connection = connect(tmp_path / "long.db")
    transact(connection, lambda c: take_over(c, "boot-1"))
    recorder = MemoryRecorder()
    bus = Bus(HeldClock(), recorder, boot="boot-1")
    for number in range(2500):
        bus.publish(noted(f"{number}"), Trace(source="test"))
    write(connection, recorder.entries, "boot-1")

    assert verify(connection) is None
    connection.execute("UPDATE audit SET who = 'x' WHERE seq = 2300")
    assert verify(connection) == 2300
    connection.close()
