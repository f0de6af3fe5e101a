"""A whole bot in a sandbox: how soon it acknowledges with everything against it, and what it writes."""

import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread

from acore.bench.runtime.shapes import Figures, Params
from acore.bench.sandbox import Heard, served, started
from acore.clock import Clock, RealClock
from acore.errors import AcoreError
from acore.host.reader import written_bytes
from acore.record import Record
from acore.sandbox.load.driver import Driver, LoadPlan
from acore.sandbox.load.report import LoadReport
from acore.sandbox.shapes import Json
from acore.storage.database import connect_reader
from acore.storage.store import DATABASE_NAME

COMMANDS = 5.0
"""Commands a second while it is seen how soon they are acknowledged."""
MESSAGES_OF_A_BUSY_BOT, COMMANDS_OF_A_BUSY_BOT = 50.0, 1.0
"""What a busy bot hears and is asked in a second."""
_DAY = 86_400
_SETTLE = 5.0


class NotAcknowledgedError(AcoreError):
    """The bot left commands without an acknowledgement, so that there is no figure."""

    def __init__(self, report: LoadReport) -> None:
        failures = {} if report.commands is None else report.commands.failures
        told = "; ".join(f"{number} times: {why}" for why, number in failures.items())
        super().__init__(f"commands were not acknowledged ({told or 'none was sent'}). {report.verdict}")


class _Held(Record):
    """What the journal holds at a moment."""

    rows: int
    pages_bytes: int
    free_bytes: int


async def acknowledged(params: Params) -> Figures:
    """Return milliseconds until a command is acknowledged, with a stalling disk and busy core actors."""
    clock = RealClock()
    with tempfile.TemporaryDirectory(prefix="acore-bench-") as folder:
        async with _running("acore.bench.journal.laden", (), Path(folder), clock) as (state, bot):
            plan = LoadPlan(commands=COMMANDS, seconds=params.seconds / 2, users=5, command="botstatus")
            report = await Driver(state, plan, lambda _passed: None).run()
            bot.kill()  # in good order it would write for a while what has gathered
    commands = report.commands
    if commands is None or commands.failed or commands.acknowledgement is None:
        raise NotAcknowledgedError(report)
    taken = commands.acknowledgement
    return {"p50_ms": taken.p50, "p99_ms": taken.p99, "max_ms": taken.max, "count": taken.count}


async def stored(params: Params) -> Figures:
    """Return what a busy bot writes in a day, seen from what it writes in `seconds`."""
    clock = RealClock()
    with tempfile.TemporaryDirectory(prefix="acore-bench-") as folder:
        data = Path(folder)
        async with _running("acore", ("run",), data, clock) as (state, bot):
            await clock.sleep(_SETTLE)
            path = data / "data" / DATABASE_NAME
            before, written = await to_thread.run_sync(_held, path), written_bytes(bot.pid)
            began = clock.monotonic()
            plan = LoadPlan(
                messages=MESSAGES_OF_A_BUSY_BOT,
                commands=COMMANDS_OF_A_BUSY_BOT,
                seconds=params.seconds,
                users=10,
            )
            await Driver(state, plan, lambda _passed: None).run()
            seconds = clock.monotonic() - began
            after = await to_thread.run_sync(_held, path)
            written = written_bytes(bot.pid) - written
    rows = after.rows - before.rows
    grown = after.pages_bytes - after.free_bytes - before.pages_bytes + before.free_bytes
    return {
        "rows": rows,
        "seconds": seconds,
        "bytes_per_row": grown / rows,
        "rows_per_day": rows / seconds * _DAY,
        "mib_per_day": grown / seconds * _DAY / 2**20,
        "written_mib_per_day": written / seconds * _DAY / 2**20,
    }


def _held(path: Path) -> _Held:
    connection = connect_reader(path)
    try:
        (rows,) = connection.execute("SELECT count(*) FROM journal").fetchone()
        size, pages, free = (
            connection.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_size", "page_count", "freelist_count")
        )
    finally:
        connection.close()
    return _Held(rows=rows, pages_bytes=pages * size, free_bytes=free * size)


@asynccontextmanager
async def _running(
    module: str, arguments: tuple[str, ...], folder: Path, clock: Clock
) -> AsyncGenerator[tuple[Json, Heard]]:
    """Yield the state of a sandbox and a bot in it that is ready."""
    async with served(folder, clock) as state:
        environ = {"DISCORD_TOKEN": str(state["bot_token"]), "DISCORD_API_BASE": str(state["api_v10"])}
        command = (sys.executable, "-m", module, *arguments)
        async with started("acore", command, folder, environ) as bot:
            await bot.until("Connected as", clock)
            yield state, bot
