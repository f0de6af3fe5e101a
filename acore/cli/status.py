"""`acore status`: how the bot is, running or dead, and what to do."""

from datetime import datetime
from pathlib import Path

import click

from acore.actors.narrator import line_of, span
from acore.cli.output import as_json, pairs, say, tinted
from acore.cli.run import data_option, read_settings, settings_options
from acore.cli.verdict import Past, Verdict, of_dead, of_running, of_silent
from acore.clock import RealClock
from acore.control.client import LineMissingError, NotOurBotError, NotRunningError, ask
from acore.control.protocol import BotStatus, GetStatus
from acore.errors import AcoreError, ExitCode
from acore.events.base import Event
from acore.events.catalog import CATALOG
from acore.events.lifecycle import RunFailed, StopRequested
from acore.events.upcast import UnreadableMessageError
from acore.host.boot import machine_started
from acore.storage.leftovers import leftovers
from acore.storage.lock import holder_of
from acore.storage.query import LastLife, Row, last_life
from acore.storage.store import DATABASE_NAME

_TONES = {ExitCode.OK: "good", ExitCode.STOPPED: "dim", ExitCode.DEAD: "bad", ExitCode.NOT_CONNECTED: "warn"}


@click.command()
@settings_options
@data_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
def status(config: Path | None, env_file: Path | None, data: Path | None, *, is_json: bool) -> ExitCode:
    """Tell how the bot is: connected or not, what is wrong; of a dead one how it ended, and what to do.

    Ends with 0 when it runs and is connected, 150 when it runs and is not, 3 when it was stopped in good
    order or never started, 2 when it was killed or failed.
    """
    settings = read_settings(config, env_file).settings
    directory = data or Path(settings.acore_data_dir)
    verdict = _verdict(directory, has_token=bool(settings.discord_token))
    code = verdict.condition.exit_code
    if is_json:
        fields = {name: getattr(verdict, name) for name in verdict.__struct_fields__}
        as_json({**fields, "exit_code": int(code), "data": str(directory.absolute())})
    else:
        _show(verdict, RealClock().now())
    return code


def _verdict(directory: Path, *, has_token: bool) -> Verdict:
    try:
        return of_running(ask(directory, GetStatus(), BotStatus))
    except NotOurBotError:
        raise
    except AcoreError as error:
        silence = error
    holder = holder_of(directory)
    past = _past(directory)
    if holder is not None:
        if isinstance(silence, NotRunningError):
            silence = LineMissingError(directory, holder.pid)
        return of_silent(silence, holder.pid, past)
    return of_dead(past, RealClock().now(), machine_started=machine_started(), has_token=has_token)


def _past(directory: Path) -> Past | None:
    """Return what the files in *directory* tell of the newest run; None when there was none."""
    path = directory / DATABASE_NAME
    # A start that was killed in its first moment leaves an empty file.
    if not path.is_file() or not path.stat().st_size:
        return None
    life = last_life(path)
    if life is None:
        return None
    failure, stop = _event(life.failure), _event(life.stop)
    error, number = _error(life)
    return Past(
        last_sign=life.last.at,
        began=life.run.began if life.run else None,
        version=life.run.version if life.run else "",
        ended=life.run.ended if life.run else None,
        reason=life.run.reason if life.run else "",
        failure=failure if isinstance(failure, RunFailed) else None,
        stop_by=stop.by if isinstance(stop, StopRequested) else "",
        error=error,
        error_number=number,
        unfinished=leftovers(path, limit=1).count,
    )


def _error(life: LastLife) -> tuple[str, int | None]:
    """Return the last failure of a part in a sentence, with its number; a group's is that of a part of it."""
    for row in life.errors:
        event = _event(row)
        if event is not None and (line := line_of(event)) is not None:
            return f"{row.at:%Y-%m-%d %H:%M:%S} UTC: {line.text}", row.seq
    return "", None


def _event(row: Row | None) -> Event | None:
    """Return what *row* holds; None when another acore wrote it, or the disk has spoilt it."""
    if row is None:
        return None
    try:
        message = CATALOG.decode(row.name, row.version, row.payload.encode())
    except UnreadableMessageError:
        return None
    return message if isinstance(message, Event) else None


def _show(verdict: Verdict, now: datetime) -> None:
    say(tinted(verdict.headline, _TONES[verdict.condition.exit_code]))
    facts = {
        "connected": _since(verdict.connected_since, now),
        "began": _since(verdict.began, now),
        "ended": _since(verdict.ended, now),
        "last sign of life": _since(verdict.last_sign_of_life, now) if verdict.ended is None else "",
        "process": str(verdict.pid or ""),
        "acore": verdict.version,
        "restarts": "" if verdict.restarts is None else str(verdict.restarts),
        "last error": verdict.last_error,
        "unfinished": f"{verdict.unfinished} (`acore outbox` lists them)" if verdict.unfinished else "",
    }
    pairs({name: text for name, text in facts.items() if text})
    for number, trouble in enumerate(verdict.wrong):
        say(f"{'What is wrong: ' if not number else '               '}{trouble}")
    if not verdict.wrong and verdict.restarts is not None:
        say("Nothing is wrong.")
    for number, step in enumerate(verdict.to_do):
        say(f"{'What to do:    ' if not number else '               '}{step}")


def _since(at: datetime | None, now: datetime) -> str:
    if at is None:
        return ""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC, {span(max(0.0, (now - at).total_seconds()))} ago"
