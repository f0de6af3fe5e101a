"""Why something happened, as the journal has it: which entry is meant, its causes, what came of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from acore.storage.query import AmbiguousIdError, NoDatabaseError, NoSuchRowError
from acore.storage.why import (
    MOST_CAUSES,
    MOST_CONSEQUENCES,
    NothingFoundError,
    NotUnderstoodError,
    chain,
    explain,
    incidents,
)
from tests.storage.book import Book

NUMBER = 1575848974777057294


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    book = Book(tmp_path / "acore.db")
    yield book
    book.close()


def asked(book: Book, what: str, *, is_running: bool = True) -> int:
    return chain(book.connection, what, is_running=is_running).asked


def exited(book: Book, actor: str = "metrics", how: str = "crashed", **fields: Any) -> int:  # noqa: ANN401 - JSON takes any
    return book.write("actor.exited", actor=actor, exit=how, **fields)


def loaded(book: Book, **values: str) -> int:
    settings = [{"key": key, "value": value, "source": "acore.toml"} for key, value in values.items()]
    return book.write("settings.loaded", facts={"settings": settings})


# --- which entry is meant


def test_an_entry_is_named_by_its_number_its_id_or_the_first_digits_of_that(book: Book) -> None:
    first = book.write("run.started", row_id="abc111")
    book.write("run.started", row_id="abc222")

    assert [asked(book, key) for key in ("1", "abc111", "abc1", " abc1 ")] == [first] * 4
    with pytest.raises(AmbiguousIdError):
        asked(book, "abc")
    with pytest.raises(NoSuchRowError):
        asked(book, "4711")


def test_a_command_is_named_by_the_number_that_the_person_was_told(book: Book) -> None:
    book.write("run.started")
    denied = book.write("interaction.denied", interaction=NUMBER)
    book.audit(denied, NUMBER)

    assert asked(book, str(NUMBER)) == denied
    with pytest.raises(NoSuchRowError):
        asked(book, str(NUMBER + 1))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("actor.exited", {"actor": "gateway", "exit": "crashed"}),
        ("actor.exited", {"actor": "gateway", "exit": "abandoned"}),
        ("run.failed", {}),
        ("run.interruption_found", {}),
        ("interaction.denied", {}),
        ("interaction.closed", {"is_answered": False}),
        ("interaction.replied", {"reply": {"type": "notice", "is_error": True}}),
        ("part.not_restarted", {}),
        ("settings.refused", {}),
    ],
)
def test_the_last_is_the_newest_that_went_wrong_whatever_it_was(
    book: Book, name: str, fields: dict[str, Any]
) -> None:
    book.write("interaction.denied")
    wrong = book.write(name, **fields)
    exited(book, how="shutdown")
    exited(book, how="normal")
    book.write("interaction.closed", is_answered=True)
    book.write("interaction.replied", reply={"type": "notice", "is_error": False})
    book.write("interaction.replied", reply={"type": "status"})
    book.write("part.restarted", actor="metrics")

    assert asked(book, "last") == asked(book, "") == asked(book, "LAST") == wrong


def test_an_answer_of_ops_why_does_not_hide_what_went_wrong(book: Book) -> None:
    refused: list[int] = []
    for command in ("ops why", "ops restart", "ops why"):
        received = book.write("interaction.received", command=command)
        reply = {"type": "notice", "is_error": True}
        refused.append(book.write("interaction.replied", correlation=f"{received:024x}", reply=reply))

    assert asked(book, "last") == refused[1]


def test_the_last_denial_and_the_last_restart_have_words_of_their_own(book: Book) -> None:
    denied = book.write("interaction.denied")
    restarting = book.write("actor.restarting", actor="metrics")
    exited(book)

    assert (asked(book, "denial"), asked(book, "restart")) == (denied, restarting)


@pytest.mark.parametrize("word", ["last", "denial", "restart", "stop"])
def test_what_never_happened_is_said_so(book: Book, word: str) -> None:
    book.write("run.started")

    with pytest.raises(NothingFoundError, match="as far as the journal goes back"):
        asked(book, word)


def test_why_the_bot_stopped_is_told_of_the_run_that_is_over(book: Book) -> None:
    ended = book.write("run.ended", boot="b1")
    exited(book, "writer", "shutdown", boot="b1")
    stopped = chain(book.connection, "stop", is_running=False)
    began = book.write("run.started", boot="b2")
    running = chain(book.connection, "stop", is_running=True)
    killed = chain(book.connection, "stop", is_running=False)

    assert (stopped.asked, stopped.remark) == (ended, "")
    assert (running.asked, running.remark) == (ended, "The bot runs now; this is about the run before.")
    assert killed.asked == began
    assert killed.headline.startswith(
        "The last run, begun at 2027-01-15 08:00:00 UTC, left no word of its end:"
    )


def test_a_run_that_this_one_found_to_be_killed_is_told_of_without_how_this_one_began(book: Book) -> None:
    """J16."""
    book.write("run.ended", boot="b0")
    started = book.write("actor.started", actor="lifecycle", boot="b2")
    found = book.write("run.interruption_found", cause=started, boot="b2")

    assert [row.seq for row in chain(book.connection, "stop").rows] == [found]
    assert chain(book.connection, str(found)).path == (started, found)


def test_of_a_run_that_was_killed_is_told_what_was_under_way_not_why_a_check_was_due(book: Book) -> None:
    """J16, J17."""
    book.write("run.started", boot="b1")
    received = book.write("interaction.received", interaction=77, boot="b1")
    book.audit(received, 77)
    book.connection.execute("INSERT INTO pending (interaction, received) VALUES (77, '{}')")
    due = book.write("check.due", boot="b1")
    asked_for = book.write("check.run", kind="effect", cause=due, boot="b1")
    book.owe(asked_for, "b1")
    for _ in range(30):
        due = book.write("check.due", cause=due, boot="b1")

    killed = chain(book.connection, "stop", is_running=False)

    assert [row.seq for row in killed.rows] == [received, asked_for, due]
    assert killed.path == (due,)
    assert "what was under way, and what came last, is below" in killed.headline


def test_a_part_is_named_and_its_last_end_is_meant(book: Book) -> None:
    book.write("actor.started", actor="gateway", incarnation=1)
    start = book.write("actor.started", actor="reader", incarnation=1)
    exited(book, "gateway")
    end = exited(book, "gateway", "shutdown")
    exited(book, "metrics")

    assert asked(book, "gateway") == end
    never = chain(book.connection, "reader")
    assert (never.asked, never.remark) == (start, "It has not ended since, so this is its start.")


def test_of_a_setting_the_load_is_meant_that_changed_it_last(book: Book) -> None:
    loaded(book, LOG_LEVEL="INFO", LANGUAGE="en")
    changed = loaded(book, LOG_LEVEL="DEBUG", LANGUAGE="en")
    loaded(book, LOG_LEVEL="DEBUG", LANGUAGE="de")
    found = chain(book.connection, "log_level")
    always = chain(book.connection, "LANGUAGE")

    assert found.asked == changed
    assert found.remark == "LOG_LEVEL was INFO before, and is DEBUG (from acore.toml) since."
    assert always.asked == changed + 1


def test_of_a_setting_that_was_refused_since_the_refusal_is_meant(book: Book) -> None:
    loaded(book, LOG_LEVEL="INFO")
    refused = book.write("settings.refused", problems=["LOG_LEVEL: 'LOUD' is no level"])
    found = chain(book.connection, "LOG_LEVEL")

    assert (found.asked, found.remark) == (
        refused,
        "LOG_LEVEL is INFO (from acore.toml) all the same: this was refused.",
    )


def test_what_is_none_of_these_is_answered_by_what_can_be_asked(book: Book) -> None:
    book.write("run.started")

    with pytest.raises(
        NotUnderstoodError, match="nothing called 'the weather' is known: give an entry's number"
    ):
        asked(book, "the weather")


def test_without_a_database_it_is_said_that_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoDatabaseError):
        explain(tmp_path / "acore.db", "last", is_running=False)


# --- the chain


def test_the_chain_goes_from_the_first_cause_to_all_that_came_of_it(book: Book) -> None:
    command = book.write("interaction.received")
    other = book.write("interaction.received")
    shown = book.write("interaction.answer", cause=command, kind="effect")
    closed = book.write("interaction.closed", cause=shown)
    noted = book.write("audit.noted", cause=closed)
    beside = book.write("interaction.acknowledged", cause=command)
    found = chain(book.connection, str(shown))

    assert found.path == (command, shown)
    assert [row.seq for row in found.rows] == [command, shown, closed, noted, beside]
    assert other not in found.path
    assert (found.is_cut, found.has_more, found.between) == (False, False, 0)


def test_a_cause_that_is_not_kept_any_more_cuts_the_chain(book: Book) -> None:
    effect = book.write("interaction.answer", kind="effect", cause_id="purged")
    closed = book.write("interaction.closed", cause=effect)
    found = chain(book.connection, str(closed))

    assert (found.path, found.is_cut) == ((effect, closed), True)


def test_causes_that_go_round_in_a_circle_come_to_an_end(book: Book) -> None:
    book.write("check.due", cause=2)
    book.write("check.due", cause=1)

    assert chain(book.connection, "1").path == (2, 1)


def test_a_timer_that_has_gone_on_for_weeks_costs_no_more_and_its_beginning_is_known(book: Book) -> None:
    root = book.write("actor.started", actor="health")
    at = root
    for _ in range(2 * MOST_CONSEQUENCES):
        at = book.write("check.due", cause=at, correlation=f"{root:024x}")
    back, forward = chain(book.connection, str(at)), chain(book.connection, str(root))

    assert back.path[0] == root
    assert len(back.path) == MOST_CAUSES + 2
    assert back.between is None
    assert len(forward.rows) == MOST_CONSEQUENCES + 1
    assert forward.has_more


def test_the_incidents_are_the_newest_troubles(book: Book) -> None:
    first = exited(book)
    book.write("run.started")
    denied = book.write("interaction.denied")
    third = exited(book)

    assert [row.seq for row in incidents(book.connection, 10)] == [third, denied, first]
    assert [row.seq for row in incidents(book.connection, 2)] == [third, denied]


# --- how fast


def test_no_question_reads_the_whole_journal(book: Book) -> None:
    """In a journal of any size every step is a search in an index: SQLite itself says how it looks."""
    book.fill(2000)
    exited(book, "gateway")
    loaded(book, LOG_LEVEL="INFO")
    book.audit(11, NUMBER)
    said: list[str] = []
    book.connection.set_trace_callback(said.append)
    for what in (
        "last",
        "denial",
        "restart",
        "stop",
        "gateway",
        "LOG_LEVEL",
        str(NUMBER),
        "11",
        f"{11:024x}",
    ):
        with suppress(NothingFoundError):
            chain(book.connection, what)
    book.connection.set_trace_callback(None)

    plans = {
        (sql, step[3])
        for sql in set(said)
        if sql.startswith("SELECT")
        for step in book.connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    }
    assert len(plans) > 10
    assert [one for one in plans if one[1].startswith("SCAN") and "subquery" not in one[1]] == []
    assert any("journal_by_cause" in step for _, step in plans)
