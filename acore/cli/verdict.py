"""How the bot is, in words, and what to do: from what it says itself, or from what it left behind."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from acore.actors.narrator import capital, part_name, span
from acore.control.client import LineMissingError, RefusedError
from acore.control.protocol import BotStatus
from acore.errors import AcoreError, ExitCode
from acore.events.health import Health
from acore.events.lifecycle import ActorLine, RunFailed
from acore.events.status import StatusReport
from acore.record import Record
from acore.status.report import ALL_WRITTEN

_START = "Start it again: `acore run`, or your service manager's own command."
_WHILE_AWAY = (
    "It tries again by itself. If it stays so: does this machine reach the internet, and is Discord up "
    "(https://discordstatus.com)?"
)


class Condition(StrEnum):
    """How the bot is, in one word."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not_connected"
    NOT_ANSWERING = "not_answering"
    STOPPED = "stopped"
    FAILED = "failed"
    KILLED = "killed"
    NEVER_STARTED = "never_started"

    @property
    def exit_code(self) -> ExitCode:
        """What `acore status` ends with."""
        match self:
            case Condition.CONNECTED:
                return ExitCode.OK
            case Condition.NOT_CONNECTED | Condition.NOT_ANSWERING:
                return ExitCode.NOT_CONNECTED
            case Condition.STOPPED | Condition.NEVER_STARTED:
                return ExitCode.STOPPED
            case Condition.FAILED | Condition.KILLED:
                return ExitCode.DEAD
            case _:
                assert_never(self)


class Verdict(Record):
    """How the bot is, what is wrong, and what to do. None and blank stand for what is not known.

    `undecided` counts what has no known outcome and a person has to decide; `unfinished`
    what a bot that does not run has left, and the next start deals with.
    """

    condition: Condition
    headline: str
    wrong: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()
    name: str = ""
    pid: int | None = None
    version: str = ""
    began: datetime | None = None
    connected_since: datetime | None = None
    restarts: int | None = None
    ended: datetime | None = None
    last_sign_of_life: datetime | None = None
    last_error: str = ""
    last_error_number: int | None = None
    undecided: int = 0
    unfinished: int = 0


class Past(Record):
    """What the files tell of the newest run.

    Attributes:
        last_sign: When the last thing was written.
        began: When it began, as far as it could say so.
        version: Which acore it was.
        ended: When it ended in good order, if it did.
        reason: Why it ended in good order.
        failure: Why it ended by itself, if it did.
        stop_by: Who wanted it to stop, if anybody did.
        error: The last failure of a part in a sentence.
        error_number: The journal's number of that.
        unfinished: How much was asked for and has no outcome.
    """

    last_sign: datetime
    began: datetime | None = None
    version: str = ""
    ended: datetime | None = None
    reason: str = ""
    failure: RunFailed | None = None
    stop_by: str = ""
    error: str = ""
    error_number: int | None = None
    unfinished: int = 0


def of_running(status: BotStatus) -> Verdict:
    """Return how a bot is that answers."""
    report = status.report
    lines = report.operator.actors if report.operator is not None else ()
    name = status.name or "The bot"
    headline = f"{name} runs and is connected to Discord."
    to_do: tuple[str, ...] = ()
    if status.is_stopping:
        headline = f"{name} is stopping."
    elif not status.is_connected:
        headline = f"{name} runs and is not connected to Discord: {report.connection}."
        to_do = (_WHILE_AWAY,)
    if status.undecided:
        to_do = (*to_do, "`acore outbox` lists what waits for your decision, and tells how to decide.")
    return Verdict(
        condition=Condition.CONNECTED if status.is_connected else Condition.NOT_CONNECTED,
        headline=headline,
        wrong=(*_troubles(report, lines), *_undecided(status.undecided)),
        to_do=to_do,
        name=status.name,
        pid=status.pid,
        version=status.version,
        began=report.began,
        connected_since=report.connected_since if status.is_connected else None,
        restarts=sum(line.restarts for line in lines),
        undecided=status.undecided,
    )


def of_silent(why: AcoreError, pid: int, past: Past | None) -> Verdict:
    """Return how a bot is that holds its data directory and does not answer.

    Args:
        why: What became of asking it.
        pid: The process that holds the directory; 0 when it has not said yet.
        past: What its files tell of it.
    """
    who = f"Process {pid}" if pid else "A process"
    kill = f"`kill {pid or 'PID'}`, then `kill -9 {pid or 'PID'}`"
    match why:
        case LineMissingError():
            to_do = (
                "If it has only just started, ask again. If not, look in Discord whether it answers: "
                "`/botstatus`. `/ops restart part:control` there makes the line anew, unless something else "
                "is in its place."
            )
        case RefusedError():
            to_do = "Ask again in a moment; if too many are connected, close one, such as an `acore top`."
        case _:
            to_do = (
                "If it has only just started, ask again. If not, it hangs: its log tells what it did last; "
                f"stop it ({kill}) and start it again."
            )
    return _with_past(
        Verdict(
            condition=Condition.NOT_ANSWERING,
            headline=f"{who} runs the bot, and does not answer; this is from its files.",
            wrong=(f"{capital(str(why))}.",),
            to_do=(to_do,),
            pid=pid or None,
        ),
        past,
    )


def of_dead(
    past: Past | None, now: datetime, *, machine_started: datetime | None, has_token: bool
) -> Verdict:
    """Return how a bot is that does not run, from what it left behind.

    Args:
        past: What its files tell; None when there are none.
        now: The present instant.
        machine_started: When the machine was started, if that is known.
        has_token: Whether there is a token to start it with.
    """
    if past is None:
        return Verdict(
            condition=Condition.NEVER_STARTED,
            headline="It does not run, and has never run with these data.",
            to_do=(
                "Start it: `acore run`." if has_token else "Run `acore init`, then start it: `acore run`.",
            ),
        )
    if past.ended is not None:
        ago = _ago(past.ended, now)
        return _with_past(
            Verdict(
                condition=Condition.STOPPED,
                headline=f"It does not run: it was stopped in good order {ago} ({past.reason}).",
                to_do=(_START,),
            ),
            past,
        )
    if past.failure is not None:
        return _with_past(
            Verdict(
                condition=Condition.FAILED,
                headline=f"It does not run: it ended by itself {_ago(past.last_sign, now)}.",
                wrong=(past.failure.reason,),
                to_do=tuple(_after_failure(past.failure, past.error_number)),
            ),
            past,
        )
    return _with_past(_killed(past, now, machine_started), past)


def _killed(past: Past, now: datetime, machine_started: datetime | None) -> Verdict:
    ago = _ago(past.last_sign, now)
    what = f"It does not run, and left no word of its end; its last sign of life is {ago}."
    if machine_started is not None and machine_started > past.last_sign:
        at = f"{machine_started:%Y-%m-%d %H:%M:%S} UTC"
        wrong = f"The machine went down with it, or after it: it was started at {at}."
        to_do: tuple[str, ...] = (_START,)
    elif past.stop_by:
        wrong = f"It was told to stop ({past.stop_by}) and did not come to the end of it."
        to_do = ("Give it the 30 s that it may need to stop; a second signal ends it at once.", _START)
    else:
        wrong = "It was killed: by somebody, or by the system for want of memory."
        since = f"{past.last_sign:%Y-%m-%d %H:%M:%S} UTC"
        look = f"journalctl -k --since '{since}' | grep -i 'killed process'"
        to_do = (f"Look whether the machine ran out of memory: `{look}`.", _START)
    return Verdict(condition=Condition.KILLED, headline=what, wrong=(wrong,), to_do=to_do)


def _after_failure(failure: RunFailed, error_number: int | None) -> Iterator[str]:
    """Yield what to do about a run that ended by itself."""
    match _exit_code(failure.exit_code):
        case ExitCode.NO_PERMISSION:
            yield (
                "Copy the token anew from the Bot page of the developer portal and put it into .env, or give "
                "it to `acore init --force`."
            )
        case ExitCode.CONFIG:
            yield "Allow what it names on the Bot page of the developer portal, or mend the setting it names."
        case ExitCode.PROTOCOL:
            yield "Update acore; if it is the newest, report this."
        case ExitCode.IO | ExitCode.CANT_CREATE:
            yield "Make room on the disk, or give the bot's user the right to write there."
        case ExitCode.DATA:
            yield (
                "If it is damaged, put a backup in its place, or just start: it is moved aside and a new one "
                "begun."
            )
        case ExitCode.TEMPORARY:
            yield "Another acore has taken the data over: see which one is to run."
        case _:
            if error_number is not None:
                yield f"See what led to it: `acore why {error_number}`."
    yield _START


def _exit_code(code: int) -> ExitCode:
    try:
        return ExitCode(code)
    except ValueError:  # a newer acore's
        return ExitCode.SOFTWARE


def _with_past(verdict: Verdict, past: Past | None) -> Verdict:
    if past is None:
        return verdict
    return Verdict(
        condition=verdict.condition,
        headline=verdict.headline,
        wrong=verdict.wrong,
        to_do=verdict.to_do,
        pid=verdict.pid,
        version=past.version,
        began=past.began or (past.failure.began if past.failure else None),
        ended=past.ended,
        last_sign_of_life=past.last_sign,
        last_error=past.error,
        last_error_number=past.error_number,
        unfinished=past.unfinished,
    )


def _undecided(count: int) -> Iterator[str]:
    if count:
        what, wait = ("thing", "waits") if count == 1 else ("things", "wait")
        yield f"{count} {what} whose outcome is not known {wait} for your decision."


def _troubles(report: StatusReport, lines: tuple[ActorLine, ...]) -> Iterator[str]:
    for check in report.checks:
        if check.status in {Health.UNHEALTHY, Health.DEGRADED}:
            yield f"The check {check.check.replace('_', ' ')} is {check.status.value}: {check.message}."
    if report.operator is not None and report.operator.store != ALL_WRITTEN:
        yield f"Record keeping: {report.operator.store}."
    for line in lines:
        if not line.is_up:
            why = f": {line.last_failure}" if line.last_failure else ""
            down = span((report.at - line.since).total_seconds())
            yield f"{capital(part_name(line.name))}: down for {down}{why}."


def _ago(at: datetime, now: datetime) -> str:
    return f"{span(max(0.0, (now - at).total_seconds()))} ago"
