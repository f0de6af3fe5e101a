"""`acore status`: how a real bot is, running or dead, in one look; what to do; and what it ends with."""

import json
import re
import signal
import sqlite3  # noqa: TID251 - damage is done to the file here
from pathlib import Path
from typing import Any

import pytest

from acore.control.address import SOCKET_NAME
from acore.errors import ExitCode
from acore.sandbox import Person, Refuse, Sandbox
from acore.storage.lock import LOCK_NAME
from acore.storage.store import DATABASE_NAME
from tests.e2e.bot import ACORE, AT_ANY_LOAD, PYTHON, Bot, left_in, outcome, running, settings_for, started
from tests.e2e.test_healing import STORM
from tests.e2e.test_troubles import ordered_to_end


async def told(home: Path, *arguments: str, **environ: str) -> Bot:
    """Run `acore status`; whatever it finds, it says in plain words."""
    bot = await outcome(home, "status", *arguments, environ=environ)
    assert "Traceback" not in bot.output
    assert "\x1b" not in bot.out
    return bot


async def fields(home: Path, *arguments: str) -> dict[str, Any]:
    bot = await told(home, "--json", *arguments)
    answer = json.loads(bot.out)
    assert answer["exit_code"] == bot.process.returncode, bot.output
    return answer


async def test_of_a_bot_that_runs_it_tells_since_when_and_that_nothing_is_wrong(
    home: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox, **AT_ANY_LOAD) as bot:
        looked = await told(home)
        known = await fields(home)
        await bot.stop()

    assert looked.process.returncode == ExitCode.OK, looked.output
    assert "sandbox-bot runs and is connected to Discord.\n" in looked.out
    assert re.search(rf"^process +{bot.pid}$", looked.out, re.MULTILINE)
    assert re.search(r"^connected +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, \d+ s ago$", looked.out, re.MULTILINE)
    assert "Nothing is wrong.\n" in looked.out
    assert (known["condition"], known["pid"], known["restarts"], known["wrong"]) == (
        "connected",
        bot.pid,
        0,
        [],
    )


async def test_of_a_bot_that_is_not_connected_it_tells_why(home: Path, sandbox: Sandbox) -> None:
    sandbox.inject(Refuse())
    async with running(home, sandbox, ready="trying again in") as bot:
        looked = await told(home)
        await bot.stop()

    assert looked.process.returncode == ExitCode.NOT_CONNECTED, looked.output
    assert "sandbox-bot runs and is not connected to Discord: waiting to try again: " in looked.out
    assert "What to do:    It tries again by itself." in looked.out


async def test_of_a_bot_that_hangs_it_tells_so_from_the_files(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        bot.signal(signal.SIGSTOP)
        looked = await told(home)
        bot.signal(signal.SIGCONT)
        await bot.stop()

    assert looked.process.returncode == ExitCode.NOT_CONNECTED, looked.output
    assert f"Process {bot.pid} runs the bot, and does not answer; this is from its files." in looked.out
    assert "has not answered for 5 s" in looked.out
    assert re.search(r"^last sign of life +\d{4}-", looked.out, re.MULTILINE)
    assert f"`kill -9 {bot.pid}`" in looked.out


async def test_of_a_bot_without_its_socket_it_tells_from_the_files(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        (home / "data" / SOCKET_NAME).unlink()
        known = await fields(home)
        await bot.stop()

    assert (known["condition"], known["pid"]) == ("not_answering", bot.pid)
    assert known["began"]


async def test_after_a_stop_in_good_order_it_tells_by_whom(home: Path, sandbox: Sandbox) -> None:
    """J16: a clean stop is told apart."""
    async with running(home, sandbox) as bot:
        await bot.stop()
    looked, known = await told(home), await fields(home)

    assert looked.process.returncode == ExitCode.STOPPED, looked.output
    assert re.search(
        r"^It does not run: it was stopped in good order \d+ s ago \(SIGTERM\)\.$", looked.out, re.MULTILINE
    )
    assert "What to do:    Start it again: `acore run`" in looked.out
    assert "wrong" not in looked.out
    assert (known["condition"], known["ended"] is not None) == ("stopped", True)


async def test_after_a_kill_it_tells_where_to_look(home: Path, sandbox: Sandbox) -> None:
    """J16: a run without an end is recognised, with its last sign of life."""
    async with running(home, sandbox) as bot:
        await bot.kill()
    looked, known = await told(home), await fields(home)

    assert looked.process.returncode == ExitCode.DEAD, looked.output
    assert "It does not run, and left no word of its end; its last sign of life is " in looked.out
    assert "What is wrong: It was killed: by somebody, or by the system for want of memory." in looked.out
    assert "`journalctl -k --since '" in looked.out
    assert (known["condition"], known["ended"]) == ("killed", None)
    assert known["last_sign_of_life"] >= known["began"]


async def test_after_a_stop_that_was_cut_short_it_tells_that_it_was(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    hold = sandbox.hold("PATCH", "*/messages/@original")
    async with running(home, sandbox) as bot:
        await member.start_invoke("botstatus")
        await hold.reached()  # the ordered stop waits for the answer
        bot.signal(signal.SIGTERM)
        await ordered_to_end(home)
        bot.signal(signal.SIGINT)
        await bot.ended()
    looked = await told(home)

    assert looked.process.returncode == ExitCode.DEAD, looked.output
    assert "It was told to stop (SIGTERM) and did not come to the end of it." in looked.out
    assert "a second signal ends it at once" in looked.out


async def test_after_a_storm_of_failures_it_tells_of_the_last_and_where_to_read_on(home: Path) -> None:
    """S30: why the whole gave up is recorded before the records close."""
    async with Sandbox(answer_within=30.0) as sandbox:
        async with started((PYTHON, str(STORM)), home, settings_for(sandbox)) as bot:
            assert await bot.ended() == ExitCode.SOFTWARE, bot.output
        looked, known = await told(home), await fields(home)
        number = str(known["last_error_number"])
        shown = await outcome(home, "events", "show", number)
        async with running(home, sandbox) as again:
            await again.stop()

    assert looked.process.returncode == ExitCode.DEAD, looked.output
    assert "It does not run: it ended by itself " in looked.out
    assert re.search(r"^What is wrong: .*metrics kept failing \(5 restarts", looked.out, re.MULTILINE)
    assert "The counters failed while handling test.storm: RuntimeError: the disk sang" in looked.out
    assert f"`acore why {number}`" in looked.out
    assert known["condition"] == "failed"
    assert "actor.exited (event, version 1)" in shown.out
    assert "because of" in shown.out
    assert re.search(r"did not end in good order: .*metrics kept failing", again.output)


async def test_after_a_token_that_was_refused_it_tells_where_to_get_one(home: Path, sandbox: Sandbox) -> None:
    environ = settings_for(sandbox, DISCORD_TOKEN="refused")
    async with started((*ACORE, "run"), home, environ) as bot:
        assert await bot.ended() == ExitCode.NO_PERMISSION, bot.output
    looked, known = await told(home), await fields(home)

    assert looked.process.returncode == ExitCode.DEAD, looked.output
    assert "What is wrong: DISCORD_TOKEN: Discord refused it" in looked.out
    assert "What to do:    Copy the token anew from the Bot page of the developer portal" in looked.out
    assert "`acore init --force`" in looked.out
    assert known["condition"] == "failed"
    assert known["began"] is not None


async def test_after_intents_that_were_refused_it_tells_where_to_allow_them(
    home: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox) as bot:
        sandbox.close_gateway(4014)
        assert await bot.ended() == ExitCode.CONFIG, bot.output
    looked = await told(home)

    assert looked.process.returncode == ExitCode.DEAD, looked.output
    assert "Discord refused them (4014)" in looked.out
    assert "What to do:    Allow what it names on the Bot page of the developer portal" in looked.out


@pytest.mark.parametrize("token", ["", "some-token"])
async def test_of_a_bot_that_never_ran_it_tells_how_to_begin(home: Path, token: str) -> None:
    looked = await told(home, **({"DISCORD_TOKEN": token} if token else {}))

    assert looked.process.returncode == ExitCode.STOPPED, looked.output
    assert "It does not run, and has never run with these data." in looked.out
    assert ("`acore init`" in looked.out) is (not token)
    assert "`acore run`" in looked.out
    assert left_in(home) == [], "looking leaves nothing behind"


async def test_a_directory_in_which_nothing_was_written_yet_is_one_that_never_ran(home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / LOCK_NAME).touch()
    (home / "data" / DATABASE_NAME).touch()

    assert (await fields(home))["condition"] == "never_started"


async def test_a_damaged_database_is_named_in_one_line(home: Path) -> None:
    """J20."""
    (home / "data").mkdir()
    (home / "data" / DATABASE_NAME).write_bytes(b"SQLite format 3\x00" + b"nonsense" * 1000)
    looked = await told(home)

    assert looked.process.returncode == ExitCode.DATA, looked.output
    assert looked.complaints == [looked.err.strip()]
    assert "acore.db is damaged" in looked.err
    assert "put a backup in its place, or start acore, which moves it aside" in looked.err


async def test_a_database_in_a_newer_shape_is_named_in_one_line(home: Path, sandbox: Sandbox) -> None:
    """J20, E10: what cannot be read because it is newer is said to be newer."""
    async with running(home, sandbox) as bot:
        await bot.stop()
    with sqlite3.connect(home / "data" / DATABASE_NAME) as database:
        database.execute("ALTER TABLE runs RENAME COLUMN reason TO why")
        database.execute("PRAGMA user_version = 99")
    database.close()
    looked = await told(home)

    assert looked.process.returncode == ExitCode.DATA, looked.output
    assert looked.complaints == [looked.err.strip()]
    assert "has schema 99" in looked.err
    assert "install the newer acore again" in looked.err


async def test_what_another_acore_wrote_in_a_shape_unknown_here_is_left_out(
    home: Path, sandbox: Sandbox
) -> None:
    """E06, E10: a row that cannot be read costs its own sentence only."""
    environ = settings_for(sandbox, DISCORD_TOKEN="refused")
    async with started((*ACORE, "run"), home, environ) as bot:
        await bot.ended()
    with sqlite3.connect(home / "data" / DATABASE_NAME) as database:
        database.execute("UPDATE journal SET version = 99 WHERE name IN ('run.failed', 'actor.exited')")
    database.close()
    known = await fields(home)

    assert known["condition"] == "killed"
    assert known["last_error"] == ""


async def test_a_lock_that_is_held_by_nobody_is_free_after_the_look(home: Path, sandbox: Sandbox) -> None:
    """J09: looking whether somebody holds the lock leaves it to whoever comes next."""
    async with running(home, sandbox) as bot:
        await bot.kill()
    await told(home)

    async with running(home, sandbox) as again:
        assert await again.stop() == ExitCode.OK
