"""Changing the journal: through the bot while it runs, and in the file itself while it does not."""

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

from acore.actors.core import core_specs
from acore.cli.run import read_settings
from acore.clock import RealClock
from acore.control.client import NotRunningError, NotUnderstoodError, call
from acore.control.protocol import PinSet, Purge, Purged, Reply, Request, SetPin
from acore.errors import AcoreError, ExitCode
from acore.events.store import PurgeOutcome
from acore.storage.database import connect
from acore.storage.limits import MEGABYTE, Limits
from acore.storage.lock import DataDirectory
from acore.storage.pins import PinError, pin, unpin
from acore.storage.query import NoDatabaseError, reading, shape_named
from acore.storage.retention import LARGE_BATCH, LOW, Moment, Present, forecast, sweep, used_bytes
from acore.storage.sqlite import Connection, Error, damage_named, is_about_a_row, transact
from acore.storage.store import DATABASE_NAME

_WITHIN = 3600.0
_COMMAND_LINE = "the command line"


class NotPurgedError(AcoreError):
    """The running bot can remove nothing now, and why."""

    exit_code: ClassVar[ExitCode] = ExitCode.IO


class UnfitGoneError(AcoreError):
    """What is noted of removed entries does not fit the entries that are there."""

    exit_code: ClassVar[ExitCode] = ExitCode.DATA

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: what it notes of entries that are gone does not fit those that are there ({reason}): "
            "no more are removed; put a backup in its place"
        )


def limits_of(config: Path | None, env_file: Path | None) -> Limits:
    """Return how much the journal may take and for how long it is kept, as the settings say."""
    settings = read_settings(config, env_file).settings
    return Limits(
        days=settings.journal_retention_days,
        max_bytes=settings.journal_max_mb * MEGABYTE,
        replayed=tuple(spec.id for spec in core_specs({})),
    )


def purge(directory: Path, limits: Limits, tell: Callable[[int], None], *, is_trial: bool) -> PurgeOutcome:
    """Remove what is old or too much, or say what that would be.

    Args:
        directory: The data directory.
        limits: What a bot that does not run is held to; one that runs has its own.
        tell: Called with the number of entries removed so far.
        is_trial: Whether nothing is to be removed.

    Raises:
        AcoreError: It cannot be done, and why.
    """
    try:
        outcome = _ask(directory, Purge(is_trial=is_trial), Purged).outcome
    except NotRunningError:
        pass
    else:
        if outcome.problem:
            raise NotPurgedError(outcome.problem)
        return outcome
    if is_trial:
        with reading(directory / DATABASE_NAME) as connection:
            return forecast(connection, limits, _present())
    with _own(directory) as connection:
        try:
            return _sweep(connection, limits, tell)
        except Error as error:
            if not is_about_a_row(error):
                raise
            raise UnfitGoneError(directory / DATABASE_NAME, str(error)) from error


def set_pin(directory: Path, name: str, seq: int | None) -> None:
    """Keep the entries from *seq* on under *name*; without a number, no longer.

    Raises:
        AcoreError: It cannot be done, and why.
    """
    try:
        if problem := _ask(directory, SetPin(name=name, seq=seq), PinSet).problem:
            raise PinError(problem)
    except NotRunningError:
        job = (
            partial(unpin, name=name)
            if seq is None
            else partial(pin, name=name, seq=seq, now=RealClock().now(), by=_COMMAND_LINE)
        )
        with _own(directory) as connection:
            transact(connection, job)


def _ask[R: Reply](directory: Path, request: Request, reply: type[R]) -> R:
    with call(directory, request) as line:
        answer = line.wait(_WITHIN)
    if not isinstance(answer, reply):
        raise NotUnderstoodError(f"the bot answered {type(answer).__name__}, which is no {reply.__name__}")
    return answer


@contextmanager
def _own(directory: Path) -> Generator[Connection]:
    """Have the database to oneself: no bot can start meanwhile."""
    path = directory / DATABASE_NAME
    if not path.is_file():
        raise NoDatabaseError(path)
    with (
        DataDirectory(directory, boot="journal-housekeeping", clock=RealClock()),
        closing(connect(path)) as connection,
        shape_named(connection, path),
        damage_named(path),
    ):
        yield connection


def _sweep(connection: Connection, limits: Limits, tell: Callable[[int], None]) -> PurgeOutcome:
    rows, last, reason = 0, 0, ""
    down_to = limits.max_bytes
    while True:
        if used_bytes(connection) > limits.max_bytes:
            down_to = int(LOW * limits.max_bytes)
        swept = sweep(connection, limits, _present(), down_to=down_to, batch=LARGE_BATCH)
        rows, last, reason = rows + swept.rows, swept.last_seq or last, swept.reason or reason
        tell(rows)
        if swept.is_done:
            used = used_bytes(connection)
            return PurgeOutcome(
                rows=rows, last_seq=last, reason=reason, used_bytes=used, held_by=swept.held_by
            )


def _present() -> Present:
    """Return the present instant; no run goes on whose own time would count."""
    clock = RealClock()
    now = Moment(wall_ns=clock.wall_ns(), mono_ns=clock.monotonic_ns())
    return Present(boot="", began=now, now=now)
