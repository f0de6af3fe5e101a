"""Logs, and the secrets that must never be in them, nor anywhere else that is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from tests.e2e.bot import PYTHON, Bot, outcome, settings_for, started

OUTSIDE, LEAKY = (str(Path(__file__).with_name(name)) for name in ("outside.py", "leaky.py"))


def kept(home: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below *home* with what is in it."""
    for path in home.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(home)), path.read_bytes()


def assert_nowhere(secrets: set[str], home: Path, *bots: Bot) -> None:
    places = [*kept(home), *((f"output {n}", bot.output.encode()) for n, bot in enumerate(bots))]
    assert len(places) > len(bots)
    for name, content in places:
        for secret in secrets:
            assert secret.encode() not in content, f"{name} holds a secret"


@pytest.mark.parametrize("level", ["DEBUG", "TRACE"])
async def test_no_token_is_kept_or_logged_whatever_happens(
    home: Path, sandbox: Sandbox, owner: Person, member: Person, level: str
) -> None:
    """A session with a crash that says its tokens, a death by SIGKILL, and a start with the wrong token."""
    hold = sandbox.hold("PATCH", "*/messages/@original")
    environ = settings_for(sandbox, LOG_LEVEL=level)
    async with started((PYTHON, LEAKY), home, environ) as first:
        await first.said("Connected as")
        leaked = await member.start_invoke("botstatus")
        await first.said("cannot go on with")
        await first.said("Connected as", times=2)
        hold.release()
        await leaked.answered()
        hold = sandbox.hold("PATCH", "*/messages/@original")
        left = await owner.start_invoke("botstatus")
        await hold.reached()
        await first.kill()
    issued = {one.token for one in sandbox.interactions.listed()}
    assert len(issued) == 2
    secrets = issued | {sandbox.bot_token}
    assert_nowhere(secrets, home, first)  # the database with its log as the kill left them

    hold.release()
    async with started((PYTHON, OUTSIDE, "run"), home, environ) as second:
        await left.answered()
        await second.stop()
    wrong = settings_for(sandbox, DISCORD_TOKEN=f"wrong-{sandbox.bot_token}", LOG_LEVEL=level)
    refused = await outcome(home, "run", environ=wrong)

    assert refused.process.returncode == ExitCode.NO_PERMISSION
    assert_nowhere(secrets, home, first, second, refused)
    log = (home / "data" / "acore.log").read_text()
    assert "cannot go on with *** and ***" in log
    assert "nextcord." in log


async def test_the_key_to_the_seals_is_for_its_owner_alone(home: Path, sandbox: Sandbox) -> None:
    async with started((PYTHON, OUTSIDE, "run"), home, settings_for(sandbox)) as bot:
        await bot.said("Connected as")
        await bot.stop()

    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (home / "data").iterdir()}
    assert {name: mode for name, mode in modes.items() if name != "acore.log"} == {
        "acore.db": "0o600",
        "acore.lock": "0o600",
        "acore.mark": "0o600",
        "metrics.db": "0o600",
        "vault.key": "0o600",
    }
    assert modes["acore.log"] == "0o640"


async def test_without_the_key_what_is_pending_is_closed_and_the_bot_runs(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    hold = sandbox.hold("PATCH", "*/messages/@original")
    environ = settings_for(sandbox)
    async with started((PYTHON, OUTSIDE, "run"), home, environ) as first:
        await first.said("Connected as")
        await member.start_invoke("botstatus")
        await hold.reached()
        await first.kill()
    (home / "data" / "vault.key").unlink()
    hold.release()
    async with started((PYTHON, OUTSIDE, "run"), home, environ) as second:
        await second.said("Connected as")
        await second.said("the key to its seal is lost")
        await member.invoke("botstatus")
        assert await second.stop() == ExitCode.OK, second.output


async def test_the_log_goes_to_a_file_and_to_standard_error(home: Path, sandbox: Sandbox) -> None:
    async with started((PYTHON, OUTSIDE, "run"), home, settings_for(sandbox)) as bot:
        await bot.said("Connected as")
        await bot.stop()

    lines = bot.err.splitlines()
    assert bot.out == ""
    assert (home / "data" / "acore.log").read_text().splitlines() == lines
    assert any("Connected as" in line for line in lines)


async def test_no_file_is_written_when_the_settings_say_so(home: Path, sandbox: Sandbox) -> None:
    environ = settings_for(sandbox, LOG_TO_FILE="false")
    async with started((PYTHON, OUTSIDE, "run"), home, environ) as bot:
        await bot.said("Connected as")
        await bot.stop()

    assert not list((home / "data").glob("*.log*"))
    assert bot.err


@pytest.mark.parametrize("variable", ["INVOCATION_ID", "JOURNAL_STREAM"])
async def test_a_service_manager_gets_the_log_on_standard_output_alone(
    home: Path, sandbox: Sandbox, variable: str
) -> None:
    environ = settings_for(sandbox, **{variable: "8:1234"})
    async with started((PYTHON, OUTSIDE, "run"), home, environ) as bot:
        await bot.said("Connected as")
        await bot.stop()

    assert "Connected as" in bot.out
    assert bot.err == ""
    assert not list((home / "data").glob("*.log*"))


async def test_what_the_discord_library_logs_is_taken_in_where_one_asks_for_detail(
    home: Path, sandbox: Sandbox
) -> None:
    async with started((PYTHON, OUTSIDE, "run"), home, settings_for(sandbox, LOG_LEVEL="DEBUG")) as bot:
        await bot.said("Connected as")
        await bot.stop()

    mine = [line for line in bot.err.splitlines() if " nextcord." in line]
    assert mine, bot.output
    assert all(line[10] == " " and "Z " in line for line in mine), "in the log's own form"
