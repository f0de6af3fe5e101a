"""Something holds up the whole bot: it says so, and if that lasts, it ends, to be started anew."""

import inspect
import json
import signal
from pathlib import Path

from acore.clock import RealClock
from acore.errors import ExitCode
from acore.sandbox import Sandbox
from acore.storage.query import Filter, tail
from acore.storage.store import DATABASE_NAME
from tests.e2e.blocked import Clumsy
from tests.e2e.bot import LONG, PYTHON, running, settings_for, started

BLOCKED = Path(inspect.getfile(Clumsy))
PLACE = f"{BLOCKED}:"
CLOCK = RealClock()


def told(home: Path) -> list[dict[str, object]]:
    """Return what the journal tells of blocks."""
    rows = tail(home / "data" / DATABASE_NAME, Filter(name="loop.blocked"), limit=10)
    return [json.loads(row.payload) for row in rows]


async def test_what_holds_up_everything_too_long_ends_the_process_and_is_named(
    home: Path, sandbox: Sandbox
) -> None:
    """S61: from a thread, with a code of its own, and the next start knows that it was no good end."""
    environ = settings_for(sandbox, STANDSTILL_LIMIT="2")
    async with started((PYTHON, str(BLOCKED)), home, environ) as bot:
        code = await bot.ended()

    assert code == ExitCode.SOFTWARE, bot.output
    assert f"because of clumsy at discord.ready in {PLACE}" in bot.output
    assert "The process ends, so that it can be started anew" in bot.output
    assert "Thread MainThread:" in bot.output
    async with running(home, sandbox, ready="did not end in good order"):
        pass


async def test_what_held_up_everything_for_a_while_is_in_the_journal(home: Path, sandbox: Sandbox) -> None:
    """S61."""
    async with started((PYTHON, str(BLOCKED)), home, settings_for(sandbox)) as bot:
        await bot.said("Nothing has got on for")
        (home / "release").touch()
        await bot.said("The whole bot stood still for")
        assert await bot.stop() == ExitCode.OK, bot.output

    (block,) = told(home)
    assert (block["actor"], block["message"]) == ("clumsy", "discord.ready")
    assert str(block["place"]).startswith(PLACE)


async def test_a_process_that_is_stopped_and_goes_on_has_not_stood_still(
    home: Path, sandbox: Sandbox
) -> None:
    """S61: as after a laptop's sleep; here in the middle of a block that is short without the pause."""
    environ = settings_for(sandbox, STANDSTILL_LIMIT="2")
    async with started((PYTHON, str(BLOCKED)), home, environ) as bot:
        await bot.said("holding")
        bot.signal(signal.SIGSTOP)
        (home / "release").touch()
        await is_stopped(bot.pid)
        await CLOCK.sleep(3.0)  # more than the limit: that time passes is what is tried
        bot.signal(signal.SIGCONT)
        await bot.said("let go")
        assert await bot.stop() == ExitCode.OK, bot.output

    assert "Nothing has got on" not in bot.output
    assert told(home) == []


async def is_stopped(pid: int) -> None:
    """Return when the system says that the process stands still."""
    with CLOCK.deadline(LONG):
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":  # noqa: ASYNC240 - no disk
            await CLOCK.sleep(0.01)
        return
    raise AssertionError("it goes on")
