"""The first start with a token: what the operator is told, and what is written where."""

import stat
from pathlib import Path

from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from tests.e2e.answers import requests
from tests.e2e.bot import ACORE, left_in, outcome, running, settings_for, started


async def test_the_first_start_tells_whose_bot_this_is_and_how_to_invite_it(
    home: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()

    said = bot.output
    application = sandbox.application_id
    assert f"This is sandbox-bot (application {application}), owned by owner." in said
    assert "Listens to dm_messages, guild_messages, guilds" in said
    assert "needs no privileged intent (member list, presence, message content: off)" in said
    link = "https://discord.com/oauth2/authorize?client_id={}&scope=bot+applications.commands&permissions=0"
    assert link.format(application) in said.split()
    assert "in 1 server: Sandbox." in said
    assert "/botstatus is now registered everywhere." in said


async def test_the_commands_are_registered_in_one_request_and_never_again_unchanged(
    home: Path, recording: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox) as bot:
        await bot.said("/ops is now registered in server")
        await bot.stop()
    async with running(home, sandbox) as again:
        await again.said("/ops was already registered in server")
        await again.stop()

    written = [
        one["method"]
        for method in ("POST", "PUT", "PATCH", "DELETE")
        for one in requests(recording, method, "/commands")
    ]
    assert written == ["PUT", "PUT"], "one for everybody's, one for those of the operators"
    assert "/botstatus was already registered everywhere." in again.output


async def test_without_a_command_acore_runs_the_bot(home: Path, sandbox: Sandbox) -> None:
    async with started(ACORE, home, settings_for(sandbox)) as bot:
        await bot.said("Connected as")
        assert await bot.stop() == ExitCode.OK


async def test_what_init_wrote_is_what_run_uses(home: Path, sandbox: Sandbox, member: Person) -> None:
    admin = member.user["id"]
    answers = f"{sandbox.bot_token}\n{sandbox.guild_id}\n{admin}\nkept-here\n"
    asked = await outcome(home, "init", typed=answers)
    assert asked.process.returncode == ExitCode.OK, asked.output
    assert sandbox.bot_token not in asked.output
    env_file = home / ".env"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert (home / "config" / "acore.toml").is_file()

    async with started((*ACORE, "run"), home, {"DISCORD_API_BASE": sandbox.api}) as bot:
        await bot.said("Connected as")
        answer = await member.invoke("botstatus")
        await bot.stop()

    assert answer["flags"] == 64, "an admin's answer is theirs alone"
    assert (home / "kept-here" / "acore.db").is_file()


async def test_init_replaces_nothing_unless_told_to(home: Path) -> None:
    (home / ".env").write_text("MINE=1\n")
    refused = await outcome(home, "init", typed="\n\n\n\n")

    assert refused.process.returncode == ExitCode.CANT_CREATE, refused.output
    assert ".env: already there; nothing was written" in refused.complaints[0]
    assert (home / ".env").read_text() == "MINE=1\n"
    assert not (home / "config").exists()

    forced = await outcome(home, "init", "--force", typed="\n\n\n\n")
    assert forced.process.returncode == ExitCode.OK, forced.output
    assert "MINE" not in (home / ".env").read_text()


async def test_init_asks_again_when_an_answer_cannot_be_taken(home: Path) -> None:
    asked = await outcome(home, "init", typed="\nmy server\n123456789012345678\n\n\n")

    assert asked.process.returncode == ExitCode.OK, asked.output
    assert "OPERATOR_GUILDS=123456789012345678" in (home / ".env").read_text()


async def test_init_that_is_left_half_way_writes_nothing(home: Path) -> None:
    left = await outcome(home, "init", typed="\n")

    assert left.process.returncode == 130, left.output
    assert "Traceback" not in left.output
    assert left_in(home) == []
