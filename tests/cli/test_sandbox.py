"""`acore sandbox`: the first minute, with nothing but acore itself."""

import json
import re
import signal
from pathlib import Path

import pytest

from acore.errors import ExitCode
from acore.sandbox import Person
from acore.sandbox.permissions import rules as permissions
from tests.e2e.answers import fields
from tests.e2e.bot import ACORE, left_in, outcome, started


async def test_the_first_minute(home: Path) -> None:
    shown = await outcome(home, "sandbox", typed="/botstatus\n!user member\n/botstatus\n")

    assert shown.process.returncode == ExitCode.OK, shown.output
    for line in (
        "gateway running",
        "/botstatus is now registered everywhere.",
        "Connected as sandbox-bot#0001",
        "Type /botstatus, or !help. Ctrl-D leaves.",
        "owner used /botstatus",
        "member used /botstatus",
        "Only you can see this",
    ):
        assert shown.output.count(line) == 1, shown.output
    assert "Traceback" not in shown.output
    assert left_in(home) == [], "what it kept is thrown away"


async def test_a_signal_ends_it_in_good_order(home: Path) -> None:
    async with started((*ACORE, "sandbox", "--data", "kept"), home, {}) as bot:
        await bot.said("Type /botstatus")
        bot.signal(signal.SIGINT)
        code = await bot.ended()

    assert code == ExitCode.OK, bot.output
    assert re.search(r"Stopped in good order after \d+ s: SIGINT\.", bot.output), bot.output
    assert "Traceback" not in bot.output


async def test_real_settings_of_the_person_are_not_used_in_it(home: Path) -> None:
    (home / ".env").write_text("DISCORD_TOKEN=a-real-token\nACORE_DATA_DIR=real-data\n")
    environ = {"DISCORD_TOKEN": "a-real-token", "DISCORD_API_BASE": "http://127.0.0.1:9/api/v10"}
    shown = await outcome(home, "sandbox", environ=environ, typed="/botstatus\n")

    assert shown.process.returncode == ExitCode.OK, shown.output
    assert "Bot status" in shown.out
    assert left_in(home) == [".env"]


async def test_a_bot_of_another_process_runs_in_a_sandbox_that_only_serves(home: Path) -> None:
    state = home / "state.json"
    async with started((*ACORE, "sandbox", "serve", "--state", str(state)), home, {}) as server:
        await server.said("An embedded Discord serves at")
        known = json.loads(state.read_text())
        environ = {"DISCORD_TOKEN": known["bot_token"], "DISCORD_API_BASE": known["api_v10"]}
        async with started((*ACORE, "run"), home, environ) as bot:
            await bot.said("Connected as")
            async with Person(known["api_v10"], known["user_token"]) as person:
                answer = await person.invoke("botstatus")
            assert await bot.stop() == ExitCode.OK
        server.signal(signal.SIGINT)
        code = await server.ended()

    assert fields(answer)["Servers"] == "1"
    assert code == ExitCode.OK, server.output
    assert "Traceback" not in server.output


@pytest.mark.parametrize(
    "wrong", [("--port", "99999"), ("--port", "-1"), ("--log-level", "LOUD"), ("serve", "--port", "99999")]
)
async def test_a_wrong_option_is_named_in_one_line(home: Path, wrong: tuple[str, ...]) -> None:
    bot = await outcome(home, "sandbox", *wrong)

    assert await bot.ended() == ExitCode.USAGE
    assert wrong[-1] in bot.err
    assert "Traceback" not in bot.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), permissions.ALL_BUT_ADMINISTRATOR),
        (("--bot-permissions", "ordinary"), permissions.EVERYONE_MAY),
        (("--bot-permissions", "administrator"), permissions.Permission.ADMINISTRATOR),
    ],
)
async def test_a_bot_may_do_everything_unless_it_is_invited_with_less(
    home: Path, arguments: tuple[str, ...], expected: int
) -> None:
    state = home / "state.json"
    async with started((*ACORE, "sandbox", "serve", "--state", str(state), *arguments), home, {}) as server:
        await server.said("An embedded Discord serves at")
        known = json.loads(state.read_text())
        async with Person(known["api"], known["user_token"]) as owner:
            listed = await owner.request("GET", f"/guilds/{known['guild_id']}/roles")

    assert [int(one["permissions"]) for one in listed["items"] if "tags" in one] == [int(expected)]
