from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acore.clock import HeldClock
from acore.events.base import Entry, Event, Trace
from acore.events.bus import Bus
from acore.events.catalog import CATALOG, Catalog
from acore.events.discord import (
    INTERACTION_LIFE,
    Argument,
    BudgetRead,
    IdentifyBudget,
    InteractionAcknowledged,
    InteractionClosed,
    InteractionReceived,
    InteractionReplied,
    Invoker,
    Pending,
    Place,
    SessionBegun,
    TokenSealed,
)
from acore.events.lifecycle import RunEnded, RunFailed, RunStarted
from acore.events.metrics import ActivityCounted, Counters
from acore.events.recorder import MemoryRecorder
from acore.events.status import Notice
from acore.sandbox.state.snowflakes import DISCORD_EPOCH_MS
from acore.storage.database import connect
from acore.storage.pending import pending, unanswerable
from acore.storage.reader import budget, counters
from acore.storage.rows import take_over, write
from acore.storage.runs import newest_run
from acore.storage.schema import migrations
from acore.storage.sqlite import Connection, attach, statements, transact
from tests.storage.world import dump

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = ("runs", "pending", "counters", "identify_budget", "audit", "progress")


def received(interaction: int, command: str = "botstatus") -> InteractionReceived:
    return InteractionReceived(
        interaction=interaction,
        application=1,
        command=command,
        arguments=(Argument(name="part", value="all"),),
        invoker=Invoker(id=7, name="ada", roles=(1, 2)),
        place=Place(guild=3, channel=4),
        is_ephemeral=True,
        role="user",
        rule="everyone",
        received=NOW,
    )


def entries(events: Sequence[Event]) -> list[Entry]:
    recorder = MemoryRecorder()
    bus = Bus(HeldClock(), recorder, boot="boot-1")
    for event in events:
        bus.publish(event, Trace(source="test"))
    return recorder.entries


def opened(directory: Path, name: str = "acore.db") -> Connection:
    connection = connect(directory / name)
    transact(connection, lambda c: take_over(c, "boot-1"))
    return connection


def told(directory: Path, *events: Event) -> Connection:
    connection = opened(directory)
    assert write(connection, entries(events), "boot-1") == ()
    return connection


def test_a_pending_interaction_is_remembered_until_it_is_closed(tmp_path: Path) -> None:
    reply = Notice(text="done")
    connection = told(
        tmp_path,
        received(1),
        TokenSealed(interaction=1, sealed="one"),
        TokenSealed(interaction=2, sealed="two"),
        received(2),
        InteractionAcknowledged(interaction=2, seconds=0.1),
        InteractionReplied(interaction=2, reply=reply),
        received(3),
        TokenSealed(interaction=3, sealed="three"),
        InteractionClosed(interaction=3, is_answered=True),
    )

    assert pending(connection) == (
        Pending(received=received(1), sealed="one", is_acknowledged=False, reply=None),
        Pending(received=received(2), sealed="two", is_acknowledged=True, reply=reply),
    )
    connection.close()


def test_a_pending_interaction_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    connection = told(tmp_path, received(1), received(2))
    connection.execute('UPDATE pending SET received = \'{"type":"poem"}\' WHERE interaction = 1')

    assert [one.received.interaction for one in pending(connection)] == [2]
    connection.close()


def test_a_reply_that_cannot_be_read_leaves_the_interaction_to_be_answered_otherwise(tmp_path: Path) -> None:
    """Asked again, or told that it was interrupted; never silent."""
    connection = told(tmp_path, received(1), InteractionReplied(interaction=1, reply=Notice(text="done")))
    connection.execute("UPDATE pending SET replied_version = 99")

    assert pending(connection) == (
        Pending(received=received(1), sealed="", is_acknowledged=False, reply=None),
    )
    connection.close()


@pytest.mark.parametrize("spoiled", [b'{"type":"poem"}', b"half a sen", b'{"type":"\xe9"}'])
def test_what_cannot_be_read_is_closed_at_a_start_when_it_is_too_old_to_be_answered(
    tmp_path: Path, spoiled: bytes
) -> None:
    readable, unreadable = number(NOW), number(NOW) + 1
    connection = told(tmp_path, received(readable), received(unreadable))
    spoil = "UPDATE pending SET received = CAST(? AS TEXT) WHERE interaction = ?"
    connection.execute(spoil, (spoiled, unreadable))

    in_time = NOW + timedelta(seconds=INTERACTION_LIFE)
    assert unanswerable(connection, in_time) == ()
    too_late = in_time + timedelta(milliseconds=1)
    (closed,) = unanswerable(connection, too_late)
    assert (closed.interaction, closed.is_answered) == (unreadable, False), "the gateway closes the other one"
    assert closed.seconds == pytest.approx(INTERACTION_LIFE, abs=1)
    connection.close()


def number(made: datetime) -> int:
    """Return an id that Discord could give to something made then."""
    return (int(made.timestamp() * 1000) - DISCORD_EPOCH_MS) << 22


def test_the_budget_counts_down_until_discord_says_again(tmp_path: Path) -> None:
    told_us = IdentifyBudget(total=1000, remaining=1, resets_at=NOW + timedelta(hours=3))
    connection = told(tmp_path, SessionBegun(), BudgetRead(budget=told_us), SessionBegun(), SessionBegun())

    assert budget(connection) == IdentifyBudget(total=1000, remaining=0, resets_at=told_us.resets_at)
    connection.close()


def test_a_new_database_remembers_nothing(tmp_path: Path) -> None:
    connection = opened(tmp_path)

    assert (newest_run(connection), budget(connection), pending(connection)) == (None, None, ())
    assert counters(connection) == Counters()
    connection.close()


interactions = st.integers(1, 4)
events = st.one_of(
    st.builds(received, interactions),
    st.builds(TokenSealed, interaction=interactions, sealed=st.sampled_from("ab")),
    st.builds(InteractionAcknowledged, interaction=interactions, seconds=st.just(0.5)),
    st.builds(
        InteractionReplied,
        interaction=interactions,
        reply=st.builds(Notice, text=st.text(st.characters(codec="utf-8"), max_size=5)),
    ),
    st.builds(InteractionClosed, interaction=interactions, is_answered=st.booleans()),
    st.builds(
        ActivityCounted, messages=st.integers(0, 2**40), commands=st.integers(0, 9), errors=st.integers(0, 9)
    ),
    st.just(SessionBegun()),
    st.builds(
        BudgetRead,
        budget=st.builds(
            IdentifyBudget, total=st.just(1000), remaining=st.integers(0, 3), resets_at=st.just(NOW)
        ),
    ),
    st.just(
        RunStarted(version="1", commit="c", python="3", host="h", pid=1, settings_revision="r"),
    ),
    st.just(RunEnded(reason="asked to", uptime=1.0)),
    st.just(RunFailed(error="E", reason="the disk sang", exit_code=70, began=NOW)),
)


def counted(said: Sequence[Event]) -> Counters:
    """Fold the counters by hand."""
    sums = [event for event in said if isinstance(event, ActivityCounted)]
    return Counters(
        messages=sum(event.messages for event in sums),
        commands=sum(event.commands for event in sums),
        errors=sum(event.errors for event in sums),
        upto=len(said),
    )


def open_interactions(said: Sequence[Event]) -> set[int]:
    """Fold what is pending by hand."""
    found: set[int] = set()
    for event in said:
        if isinstance(event, InteractionReceived):
            found.add(event.interaction)
        elif isinstance(event, InteractionClosed):
            found.discard(event.interaction)
    return found


def test_a_run_that_failed_has_a_reason_and_no_end(tmp_path: Path) -> None:
    """J16, S30."""
    connection = opened(tmp_path, "failed.db")
    started = RunStarted(version="1", commit="c", python="3", host="h", pid=1, settings_revision="r")
    failed = RunFailed(error="E", reason="the disk sang", exit_code=70, began=NOW)
    write(connection, entries([started, failed]), "boot-1")
    run = newest_run(connection)
    connection.close()

    assert run is not None
    assert (run.ended, run.reason) == (None, "the disk sang")


@settings(max_examples=40, deadline=None)
@given(st.lists(events, max_size=40), st.lists(st.integers(1, 7), max_size=60))
def test_tables_are_a_fold_of_the_events_however_they_were_batched_and_repeated(
    said: list[Event], sizes: list[int]
) -> None:
    """J12, J15: a batch whose outcome was not seen is written again, together with what followed."""
    with TemporaryDirectory() as place:
        once, often = opened(Path(place), "once.db"), opened(Path(place), "often.db")
        whole = entries(said)
        assert write(once, whole, "boot-1") == ()

        start = 0
        for index, size in enumerate(sizes):
            assert write(often, whole[start : start + size], "boot-1") == ()
            start += size if index % 3 else 0
        assert write(often, whole[start:], "boot-1") == ()

        assert dump(once, TABLES) == dump(often, TABLES)
        assert dump(once, ("journal",)) == dump(often, ("journal",))
        assert counters(once) == counted(said)
        assert {one.received.interaction for one in pending(once)} == open_interactions(said)
        once.close()
        often.close()


def test_what_another_version_left_pending_is_read_through_its_upcasters(tmp_path: Path) -> None:
    """E07: an update of acore within the 15 minutes loses no answer."""
    catalog = Catalog()
    catalog.register(
        InteractionReceived,
        "interaction.received",
        version=2,
        formerly=("interaction.heard",),
        upcasters={1: lambda old: {**old, "command": old["full_name"]}},
    )
    catalog.register(
        InteractionReplied,
        "interaction.replied",
        version=2,
        upcasters={1: lambda old: {**old, "reply": {"type": "notice", "text": old["text"]}}},
    )
    connection = told(tmp_path, received(1), InteractionReplied(interaction=1, reply=Notice(text="done")))
    connection.execute(
        "UPDATE pending SET received_name = 'interaction.heard', "
        "received = json_set(json_remove(received, '$.command'), '$.full_name', 'ops actors'), "
        "replied = json_object('interaction', 1, 'text', 'all well')"
    )

    (one,) = pending(connection, catalog)
    assert one.received == received(1, command="ops actors")
    assert one.reply == Notice(text="all well")
    connection.close()


def test_a_pending_reply_of_the_first_schema_is_taken_over(tmp_path: Path) -> None:
    """J20, in part: what was owed before the database was brought up to date is owed after it."""
    path = tmp_path / "acore.db"
    old = attach(path, "rwc")
    for statement in statements(migrations()[0].sql):
        old.execute(statement)
    old.execute("PRAGMA user_version = 1")
    reply = Notice(text="done")
    old.execute(
        "INSERT INTO pending VALUES (1, ?, 'sealed', 1, ?)",
        (CATALOG.encode(received(1)).decode(), msgspec.json.encode(reply).decode()),
    )
    old.close()

    connection = connect(path)
    expected = Pending(received=received(1), sealed="sealed", is_acknowledged=True, reply=reply)
    assert pending(connection) == (expected,)
    connection.close()
