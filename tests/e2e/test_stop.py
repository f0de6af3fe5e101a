"""How it ends: in good order, at once, or killed; and what the next start knows of it."""

import re
import signal
import sqlite3  # noqa: TID251 - somebody else's process holds the database here
from pathlib import Path

import pytest
from anyio import to_thread

from acore.errors import ExitCode
from acore.sandbox import Limits, Person, Sandbox
from acore.sandbox.gateway.codes import Op
from acore.storage.query import Filter, last_run, tail
from acore.storage.store import DATABASE_NAME
from tests.e2e.answers import fields, frames
from tests.e2e.bot import PYTHON, running, settings_for, started

STUBBORN = Path(__file__).with_name("stubborn.py")


def ends(home: Path) -> list[str]:
    """Return what the journal tells of ended runs."""
    rows = tail(home / "data" / DATABASE_NAME, Filter(name="run.ended"), limit=10)
    return [row.payload for row in rows]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_one_signal_ends_it_in_good_order_and_the_next_start_knows(
    home: Path, sandbox: Sandbox, owner: Person, number: signal.Signals
) -> None:
    """S47: the first signal."""
    async with running(home, sandbox) as bot:
        bot.signal(number)
        assert await bot.ended() == ExitCode.OK, bot.output
    (end,) = ends(home)
    run = last_run(home / "data" / DATABASE_NAME)
    assert not sandbox.is_connected(sandbox.world.application.bot)

    async with running(home, sandbox):
        answer = await owner.invoke("botstatus")

    assert f'"reason":"{number.name}"' in end
    assert re.search(rf"Stopped in good order after \d+ s: {number.name}\.", bot.output), bot.output
    assert run is not None
    assert (run.ended is not None, run.reason) == (True, number.name)
    assert fields(answer)["Last run"].startswith("ended <t:")
    assert fields(answer)["Last run"].endswith(number.name)


async def test_after_a_kill_the_next_start_knows_that_it_was_none(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    async with running(home, sandbox) as bot:
        await bot.kill()
    async with running(home, sandbox) as next_bot:
        answer = await owner.invoke("botstatus")

    assert ends(home) == []
    assert "did not end in good order: it was killed" in next_bot.output
    assert "did not end in good order" in fields(answer)["Last run"]


async def test_a_second_signal_ends_it_at_once(home: Path, sandbox: Sandbox, member: Person) -> None:
    """S47: the second one, while the first is obeyed."""
    hold = sandbox.hold("PATCH", "*/messages/@original")
    async with running(home, sandbox) as bot:
        await member.start_invoke("botstatus")
        await hold.reached()  # the ordered stop waits for the answer
        bot.signal(signal.SIGTERM)
        await bot.said("SIGTERM: stopping. Once more stops at once.")
        bot.signal(signal.SIGINT)
        code = await bot.ended()

    assert code == 130, bot.output
    assert "Traceback" not in bot.output
    assert ends(home) == []


async def test_an_answer_that_is_under_way_is_given_before_the_end(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    hold = sandbox.hold("PATCH", "*/messages/@original")
    async with running(home, sandbox) as bot:
        invocation = await member.start_invoke("botstatus")
        await hold.reached()
        bot.signal(signal.SIGTERM)
        await bot.said("stopping")
        hold.release()
        answer = await invocation.answered()
        code = await bot.ended()

    assert code == ExitCode.OK, bot.output
    assert fields(answer)["Servers"] == "1"


async def test_a_stop_that_hangs_ends_anyway_and_says_what_was_still_up(home: Path, sandbox: Sandbox) -> None:
    """S47: the hard deadline."""
    async with started((PYTHON, str(STUBBORN)), home, settings_for(sandbox)) as bot:
        await bot.said("Connected as")
        bot.signal(signal.SIGTERM)
        code = await bot.ended()

    assert code == ExitCode.SOFTWARE, bot.output
    assert "ending anyway. Still up: " in bot.output
    assert "stubborn" in bot.output.split("Still up: ")[1]


async def test_a_hanging_stop_tells_how_much_could_not_be_written(home: Path, sandbox: Sandbox) -> None:
    """S51: on standard error, whatever becomes of the log."""
    async with started((PYTHON, str(STUBBORN)), home, settings_for(sandbox)) as bot:
        await bot.said("Connected as")
        other = sqlite3.connect(home / "data" / DATABASE_NAME, isolation_level=None, check_same_thread=False)
        await to_thread.run_sync(other.execute, "BEGIN IMMEDIATE")
        bot.signal(signal.SIGTERM)
        code = await bot.ended()
        other.close()

    assert code == ExitCode.SOFTWARE, bot.output
    (line,) = bot.complaints
    assert re.fullmatch(r"acore: the last \d+ entries could not be written and are lost; .*", line), (
        bot.output
    )


async def test_a_hanging_stop_ends_with_the_code_of_what_began_it(home: Path, sandbox: Sandbox) -> None:
    """S30, S41: the limit holds also when nobody asked for the stop, here after a token that is refused."""
    environ = settings_for(sandbox, DISCORD_TOKEN="refused")
    async with started((PYTHON, str(STUBBORN)), home, environ) as bot:
        code = await bot.ended()

    assert code == ExitCode.NO_PERMISSION, bot.output
    assert "ending anyway. Still up: " in bot.output
    assert "It stopped because of this: TokenRefusedError" in bot.output


async def test_the_last_sessions_of_the_day_are_left_to_people_also_after_a_restart(
    home: Path, recording: Path
) -> None:
    async with Sandbox(record=recording, limits=Limits(identify_limit=6)) as sandbox:
        async with running(home, sandbox) as bot:
            await bot.stop()
        async with running(home, sandbox, ready="new sessions are left") as bot:
            assert await bot.stop() == ExitCode.OK
        async with running(home, sandbox, ready="new sessions are left") as again:
            await again.stop()

        assert len(frames(recording, Op.IDENTIFY)) == 1
        assert "5 of 6 new sessions are left; the count starts anew at 20" in bot.output
        assert "5 of 6 new sessions are left; the count starts anew at 20" in again.output
        assert again.output.count("This is sandbox-bot") == 0, "it knew before it asked"


async def test_a_new_bot_with_no_session_to_spare_asks_for_none(home: Path, recording: Path) -> None:
    async with Sandbox(record=recording, limits=Limits(identify_limit=5)) as sandbox:
        async with running(home, sandbox, ready="5 of 5 new sessions are left") as bot:
            assert await bot.stop() == ExitCode.OK, bot.output

        assert not frames(recording, Op.IDENTIFY)
