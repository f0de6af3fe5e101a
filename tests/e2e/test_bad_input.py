"""What is wrong is said in one line that names the thing, its value and the remedy; the exit code fits it."""

import resource
import sqlite3  # noqa: TID251 - databases are damaged on purpose
from pathlib import Path

import pytest
from anyio import create_task_group

from acore.errors import ExitCode
from acore.sandbox import Person, RefuseIdentify, Sandbox
from acore.sandbox.gateway.codes import Op
from tests.e2e.answers import fields, frames, requests
from tests.e2e.bot import ACORE, Bot, outcome, running, settings_for, started


def assert_refused(bot: Bot, code: ExitCode, *words: str) -> None:
    """It ended with *code* after one line that holds all of *words*, and showed nothing of its inside."""
    assert bot.process.returncode == code, bot.output
    assert len(bot.complaints) == 1, bot.output
    for word in words:
        assert word in bot.complaints[0], bot.output
    assert_no_traceback(bot)


def assert_no_traceback(bot: Bot) -> None:
    assert "Traceback" not in bot.output, bot.output
    assert 'File "' not in bot.output, bot.output


async def test_without_a_token_it_says_where_to_put_one_and_names_the_sandbox(home: Path) -> None:
    bot = await outcome(home, "run")

    assert_refused(bot, ExitCode.CONFIG, "DISCORD_TOKEN is not set", "acore init", "acore sandbox")
    assert not (home / "data").exists()


async def test_a_wrong_token_is_not_tried_again(home: Path, recording: Path, sandbox: Sandbox) -> None:
    environ = settings_for(sandbox, DISCORD_TOKEN="not-the-token-of-this-bot")
    bot = await outcome(home, "run", environ=environ)

    assert_refused(bot, ExitCode.NO_PERMISSION, "DISCORD_TOKEN", "refused", "copy the token anew")
    assert [one["status"] for one in requests(recording, "GET", "/users/@me")] == [401]
    assert not frames(recording, Op.IDENTIFY)


async def test_a_token_that_the_gateway_refuses_is_not_tried_again(
    home: Path, recording: Path, sandbox: Sandbox
) -> None:
    sandbox.inject(RefuseIdentify(code=4004))
    bot = await outcome(home, "run", environ=settings_for(sandbox))

    assert_refused(bot, ExitCode.NO_PERMISSION, "DISCORD_TOKEN", "refused", "copy the token anew")
    assert len(frames(recording, Op.IDENTIFY)) == 1


async def test_intents_that_are_not_allowed_are_not_asked_for_again(
    home: Path, recording: Path, sandbox: Sandbox
) -> None:
    sandbox.inject(RefuseIdentify(code=4014))
    bot = await outcome(home, "run", environ=settings_for(sandbox))

    assert_refused(bot, ExitCode.CONFIG, "intents", "guild_messages", "4014", "developer portal")
    assert len(frames(recording, Op.IDENTIFY)) == 1


async def test_an_api_that_cannot_be_reached_is_tried_again_until_it_can(home: Path) -> None:
    async with Sandbox() as gone:
        environ = settings_for(gone)
    async with started((*ACORE, "run"), home, environ) as bot:
        await bot.said("cannot be reached", times=2)
        await bot.said("trying again in 2 s")
        async with Sandbox(port=gone.port) as sandbox:
            sandbox.world.issue_token(sandbox.world.application.bot, environ["DISCORD_TOKEN"])
            await bot.said("Connected as")
            code = await bot.stop()

    assert code == ExitCode.OK, bot.output
    assert_no_traceback(bot)


async def test_while_the_api_cannot_be_reached_it_still_stops_in_good_order(home: Path) -> None:
    async with Sandbox() as gone:
        environ = settings_for(gone)
    async with started((*ACORE, "run"), home, environ) as bot:
        await bot.said("trying again in")
        code = await bot.stop()

    assert code == ExitCode.OK, bot.output
    assert "Stopped in good order" in bot.output
    assert_no_traceback(bot)


async def test_every_wrong_setting_is_named_with_its_value_and_what_to_write(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "acore.toml").write_text('log_backup_count = 1000\nlog_levle = "INFO"\n')
    (home / ".env").write_text("ADMIN_USERS=somebody\n")
    environ = {"LOG_LEVEL": "LOUD", "HEALTH_CHECK_INTERVAL": "soon", "DISCORD_TOKEN": "x" * 20}
    bot = await outcome(home, "run", environ=environ)

    assert bot.process.returncode == ExitCode.CONFIG, bot.output
    assert_no_traceback(bot)
    said = bot.complaints
    assert len(said) == len(bot.err.splitlines()) == 5, bot.output
    for words in (
        ('LOG_LEVEL="LOUD" in environment', "WARNING"),
        ('HEALTH_CHECK_INTERVAL="soon" in environment', "digits, e.g. 60"),
        ('ADMIN_USERS="somebody" in .env', "write digits"),
        ("LOG_BACKUP_COUNT=1000 in config/acore.toml", "0 to 100"),
        ("log_levle", "did you mean log_level?"),
    ):
        assert any(all(word in line for word in words) for line in said), f"{words}{bot.output}"


async def test_a_file_in_place_of_the_data_directory(home: Path, sandbox: Sandbox) -> None:
    (home / "data").write_text("")
    bot = await outcome(home, "run", environ=settings_for(sandbox))

    assert_refused(bot, ExitCode.CANT_CREATE, "data", "a file is in its place", "choose another directory")


async def test_a_data_directory_that_cannot_be_written(home: Path, sandbox: Sandbox) -> None:
    data = Path("/proc/acore")  # nobody makes a directory here, not even root
    bot = await outcome(home, "run", environ=settings_for(sandbox, ACORE_DATA_DIR=str(data)))

    assert_refused(bot, ExitCode.CANT_CREATE, str(data), "choose another")


def with_small_disk(kilobytes: int) -> tuple[str, ...]:
    """Return a command whose files cannot grow beyond this: as on a full disk, writes are refused.

    The limit is a soft one, so that a test can make room.
    """
    # Without the other variable Python would leave cut off caches of its modules behind.
    script = f'trap "" XFSZ; export PYTHONDONTWRITEBYTECODE=1; ulimit -S -f {kilobytes}; exec "$@"'
    return ("bash", "-c", script, "acore", *ACORE, "run")


@pytest.mark.parametrize(
    ("kilobytes", "code"), [(0, ExitCode.CANT_CREATE), (4, ExitCode.IO), (32, ExitCode.IO)]
)
async def test_a_full_disk_at_the_start(home: Path, sandbox: Sandbox, kilobytes: int, code: ExitCode) -> None:
    async with started(with_small_disk(kilobytes), home, settings_for(sandbox)) as bot:
        await bot.ended()

    assert_refused(bot, code, "data", "check its permissions, the space" if kilobytes else "choose another")


async def test_a_disk_that_fills_up_later_is_said_and_the_status_is_still_answered(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    async with started(with_small_disk(400), home, settings_for(sandbox)) as bot:
        await bot.said("Connected as")
        while "Nothing can be written" not in bot.output:
            answer = await owner.invoke("botstatus")
        answer = await owner.invoke("botstatus")

    assert "wait to be written" in fields(answer)["Record keeping"]
    assert_no_traceback(bot)


async def test_a_disk_that_stays_full_until_memory_is_full_too_and_then_has_room_again(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    """J07: the status goes on, a change is refused honestly, all that was taken in is written in the end."""
    environ = settings_for(sandbox, JOURNAL_MEMORY_MB="1")
    async with started(with_small_disk(600), home, environ) as bot:
        await bot.said("Connected as")
        while "no memory is left for more" not in bot.output:
            async with create_task_group() as group:
                for _ in range(20):
                    group.start_soon(owner.invoke, "botstatus")
        status = fields(await owner.invoke("botstatus"))
        assert "nothing new is taken in until there is room" in status["Record keeping"]
        answer = await owner.invoke("ops restart", {"part": "metrics"})
        assert "Nothing can be recorded right now, so this was not done" in str(answer)

        no_limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, no_limit)
        await bot.said("There is room for records again")
        await bot.said("all that was taken in is written")
        answer = await owner.invoke("ops restart", {"part": "metrics"})
        assert "Restarting the counters" in str(answer)
        assert await bot.stop() == ExitCode.OK, bot.output

    assert "are lost" not in bot.output
    connection = sqlite3.connect(home / "data" / "acore.db")
    restarts = "SELECT count(*) FROM journal WHERE name = 'part.restart_now'"
    assert connection.execute(restarts).fetchone() == (1,)
    received = "SELECT count(*) FROM journal WHERE name = 'interaction.received'"
    closed = (
        "SELECT count(DISTINCT payload ->> '$.interaction') FROM journal WHERE name = 'interaction.closed'"
    )
    assert connection.execute(received).fetchone() == connection.execute(closed).fetchone()
    assert connection.execute("SELECT count(*) FROM pending").fetchone() == (0,)
    connection.close()
    assert_no_traceback(bot)


async def test_a_second_acore_on_the_same_data(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as first:
        second = await outcome(home, "run", environ=settings_for(sandbox))

        assert_refused(second, ExitCode.TEMPORARY, f"pid {first.pid}", "data", "stop it first")
        assert await first.stop() == ExitCode.OK


async def test_a_database_of_a_newer_acore(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    with sqlite3.connect(home / "data" / "acore.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    refused = await outcome(home, "run", environ=settings_for(sandbox))

    assert_refused(refused, ExitCode.DATA, "acore.db", "newer", "999")


async def test_a_damaged_database(home: Path, sandbox: Sandbox) -> None:
    """J20."""
    (home / "data").mkdir()
    (home / "data" / "acore.db").write_bytes(b"this is no database, and never was one" * 100)
    looked = await outcome(home, "events", "tail")
    async with running(home, sandbox) as bot:
        assert await bot.stop() == ExitCode.OK

    # Who only reads is refused; the bot itself moves the file aside and says so.
    assert_refused(looked, ExitCode.DATA, "acore.db", "damaged", "backup")
    assert (
        "CRITICAL The database was damaged (file is not a database). It is kept as acore.db.damaged-"
        in bot.out
    )


async def test_the_sandbox_on_a_port_that_is_taken(home: Path, sandbox: Sandbox) -> None:
    for command in (("sandbox",), ("sandbox", "serve")):
        name, *rest = command
        refused = await outcome(home, name, "--port", str(sandbox.port), *rest)

        assert_refused(refused, ExitCode.UNAVAILABLE, str(sandbox.port), "taken", "give another")


async def test_a_key_file_that_holds_no_key(home: Path, sandbox: Sandbox) -> None:
    (home / "data").mkdir()
    (home / "data" / "vault.key").write_bytes(b"short")
    refused = await outcome(home, "run", environ=settings_for(sandbox))

    assert_refused(refused, ExitCode.CANT_CREATE, "vault.key", "5 bytes, not 32", "remove the file")


async def test_a_token_that_is_reset_while_the_bot_runs_ends_it(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        sandbox.close_gateway(4004)
        await bot.ended()

    assert_refused(bot, ExitCode.NO_PERMISSION, "DISCORD_TOKEN", "refused")
