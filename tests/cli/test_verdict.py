"""How the bot is, in words, and what to do: one case for each way to be, and to have ended."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from acore.cli.verdict import Condition, Past, Verdict, of_dead, of_running, of_silent
from acore.control.client import LineMissingError, RefusedError, SilentError
from acore.control.protocol import BotStatus, Refusal
from acore.errors import ExitCode
from acore.events.health import CheckState, Health
from acore.events.lifecycle import ActorLine, RunFailed
from acore.events.status import OperatorPart, StatusReport
from acore.status.report import ALL_WRITTEN

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=1)
LAST = NOW - timedelta(minutes=5)
PAST = Past(last_sign=LAST, began=BEGAN, version="1.2", error="the counters failed", error_number=47)
UP = ActorLine(name="metrics", is_up=True, incarnation=3, since=BEGAN, restarts=2)
DOWN = ActorLine(
    name="gateway", is_up=False, incarnation=2, since=LAST, restarts=1, last_failure="KeyError: 'x'"
)
BAD = CheckState(check="discord_api", status=Health.UNHEALTHY, message="no answer", at=NOW, since=NOW)
JARGON = re.compile(r"incarnation|mailbox|supervisor|envelope|replay|projection|\bcell\b", re.IGNORECASE)


def running(
    *lines: ActorLine,
    checks: tuple[CheckState, ...] = (),
    store: str = ALL_WRITTEN,
    is_connected: bool = True,
    is_stopping: bool = False,
    connection: str = "connected",
    name: str = "Robin",
) -> BotStatus:
    operator = OperatorPart(
        version="1.2",
        commit="",
        messages=None,
        cpu_percent=None,
        loop_lag=None,
        previous=None,
        actors=lines,
        store=store,
    )
    report = StatusReport(
        status=Health.HEALTHY,
        at=NOW,
        connection=connection,
        connected_since=LAST,
        began=BEGAN,
        latency_ms=None,
        guilds=None,
        users=None,
        checks=checks,
        checks_at=None,
        messages_last_minute=None,
        commands=None,
        errors=None,
        memory_bytes=None,
        operator=operator,
    )
    return BotStatus(
        pid=7,
        boot="b",
        version="1.2",
        name=name,
        is_connected=is_connected,
        is_stopping=is_stopping,
        report=report,
    )


def dead(past: Past | None, *, machine_started: datetime | None = None, has_token: bool = True) -> Verdict:
    return of_dead(past, NOW, machine_started=machine_started, has_token=has_token)


def failed(code: int) -> Past:
    failure = RunFailed(error="E", reason="the disk sang", exit_code=code, began=BEGAN)
    return msgspec.structs.replace(PAST, failure=failure, began=None)


def test_nothing_is_wrong_with_a_bot_that_is_connected_and_well() -> None:
    verdict = of_running(running(UP))

    assert (verdict.condition, verdict.wrong, verdict.to_do) == (Condition.CONNECTED, (), ())
    assert verdict.headline == "Robin runs and is connected to Discord."
    assert (verdict.restarts, verdict.connected_since, verdict.pid) == (2, LAST, 7)


def test_what_is_wrong_with_a_bot_is_told_part_by_part() -> None:
    verdict = of_running(running(UP, DOWN, checks=(BAD,), store="3 entries wait to be written: disk full"))

    assert verdict.wrong == (
        "The check discord api is unhealthy: no answer.",
        "Record keeping: 3 entries wait to be written: disk full.",
        "The Discord connection: down for 5 min 0 s: KeyError: 'x'.",
    )


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (
            running(is_connected=False, connection="connection lost: code 1006"),
            "Robin runs and is not connected to Discord: connection lost: code 1006.",
        ),
        (
            running(is_connected=False, name="", connection="connecting"),
            "The bot runs and is not connected to Discord: connecting.",
        ),
        (running(is_connected=False, is_stopping=True), "Robin is stopping."),
    ],
)
def test_a_bot_that_is_not_connected_is_told_apart(status: BotStatus, headline: str) -> None:
    verdict = of_running(status)

    assert (verdict.headline, verdict.condition) == (headline, Condition.NOT_CONNECTED)
    assert verdict.connected_since is None


@pytest.mark.parametrize(
    ("pid", "who", "kill"), [(7, "Process 7", "kill -9 7"), (0, "A process", "kill -9 PID")]
)
def test_of_a_bot_that_is_silent_what_its_files_tell_is_told(pid: int, who: str, kill: str) -> None:
    verdict = of_silent(SilentError(Path("data"), 5.0), pid, PAST)

    assert verdict.headline == f"{who} runs the bot, and does not answer; this is from its files."
    assert verdict.wrong == (
        "The bot on data has not answered for 5 s: it is stopped or overloaded; its log tells more.",
    )
    assert kill in verdict.to_do[0]
    assert (verdict.last_error, verdict.began, verdict.last_sign_of_life) == (
        "the counters failed",
        BEGAN,
        LAST,
    )


def test_a_bot_that_was_stopped_is_not_one_that_failed() -> None:
    verdict = dead(msgspec.structs.replace(PAST, ended=LAST, reason="SIGTERM"))

    assert verdict.condition is Condition.STOPPED
    assert verdict.headline == "It does not run: it was stopped in good order 5 min 0 s ago (SIGTERM)."
    assert verdict.wrong == ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (ExitCode.NO_PERMISSION, "`acore init --force`"),
        (ExitCode.CONFIG, "developer portal"),
        (ExitCode.PROTOCOL, "Update acore"),
        (ExitCode.IO, "Make room on the disk"),
        (ExitCode.CANT_CREATE, "the right to write there"),
        (ExitCode.DATA, "a backup in its place"),
        (ExitCode.TEMPORARY, "Another acore has taken the data over"),
        (ExitCode.SOFTWARE, "`acore why 47`"),
        (199, "`acore why 47`"),
    ],
)
def test_what_to_do_about_a_failure_depends_on_which_it_was(code: int, words: str) -> None:
    verdict = dead(failed(code))

    assert verdict.condition is Condition.FAILED
    assert verdict.wrong == ("the disk sang",)
    assert words in verdict.to_do[0]
    assert "`acore run`" in verdict.to_do[-1]
    assert verdict.began == BEGAN, "also of one that failed before it could say that it began"


def test_without_a_part_that_failed_no_entry_is_pointed_at() -> None:
    verdict = dead(msgspec.structs.replace(failed(ExitCode.SOFTWARE), error="", error_number=None))

    assert len(verdict.to_do) == 1


@pytest.mark.parametrize(
    ("past", "machine_started", "wrong", "to_do"),
    [
        (PAST, BEGAN, "It was killed", "journalctl -k --since '2026-01-02 11:55:00 UTC'"),
        (PAST, None, "It was killed", "ran out of memory"),
        (PAST, NOW, "The machine went down with it, or after it", "`acore run`"),
        (msgspec.structs.replace(PAST, stop_by="SIGTERM"), BEGAN, "told to stop (SIGTERM)", "30 s"),
        (msgspec.structs.replace(PAST, stop_by="SIGTERM"), NOW, "The machine went down", "`acore run`"),
    ],
)
def test_a_bot_that_left_no_word_is_judged_by_the_circumstances(
    past: Past, machine_started: datetime | None, wrong: str, to_do: str
) -> None:
    """J16: with its last sign of life."""
    verdict = dead(past, machine_started=machine_started)

    assert verdict.condition is Condition.KILLED
    assert "its last sign of life is 5 min 0 s ago" in verdict.headline
    assert wrong in verdict.wrong[0]
    assert to_do in verdict.to_do[0]
    assert "`acore run`" in verdict.to_do[-1]


def test_a_bot_that_never_ran_is_told_how_to_begin() -> None:
    assert dead(None, has_token=False).to_do == ("Run `acore init`, then start it: `acore run`.",)
    assert dead(None, has_token=True).to_do == ("Start it: `acore run`.",)


def test_each_condition_ends_with_a_code_by_which_it_is_told_apart() -> None:
    codes = {condition: condition.exit_code for condition in Condition}

    assert codes[Condition.CONNECTED] is ExitCode.OK
    assert codes[Condition.NOT_CONNECTED] is codes[Condition.NOT_ANSWERING] is ExitCode.NOT_CONNECTED
    assert codes[Condition.STOPPED] is codes[Condition.NEVER_STARTED] is ExitCode.STOPPED
    assert codes[Condition.FAILED] is codes[Condition.KILLED] is ExitCode.DEAD
    assert ExitCode.STOPPED == 3, "as systemctl's and the Linux Standard Base's"
    assert len(set(codes.values())) == 4


@pytest.mark.parametrize(
    "verdict",
    [
        of_running(running(UP, DOWN, checks=(BAD,), is_connected=False)),
        of_silent(SilentError(Path("data"), 5.0), 7, PAST),
        *(dead(failed(code)) for code in ExitCode),
        dead(PAST),
        dead(None),
        dead(PAST, machine_started=NOW),
    ],
)
def test_operators_read_plain_sentences(verdict: Verdict) -> None:
    for sentence in (verdict.headline, *verdict.wrong, *verdict.to_do):
        assert not JARGON.search(sentence)
        assert "\n" not in sentence
        assert sentence[0].isupper() or sentence in verdict.wrong


def test_a_bot_whose_line_is_gone_is_not_to_be_killed() -> None:
    """Only the line is known to be gone: nothing says that the bot is not well."""
    verdict = of_silent(LineMissingError(Path("data"), 7), 7, PAST)

    assert "kill" not in " ".join(verdict.to_do)
    assert "/botstatus" in verdict.to_do[0]
    assert "its line to the command line is gone" in verdict.wrong[0]


def test_a_bot_that_refuses_to_answer_is_not_to_be_killed_either() -> None:
    verdict = of_silent(RefusedError(Refusal(text="16 callers are connected already")), 7, PAST)

    assert "kill" not in " ".join(verdict.to_do)
    assert "16 callers" in verdict.wrong[0]
