"""`acore sandbox fault` and `acore sandbox limits`: one terminal makes trouble in another one's sandbox."""

import ast
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from acore.errors import ExitCode
from acore.sandbox import Limits, Sandbox, whereabouts
from acore.sandbox.faults.kinds import KINDS
from acore.sandbox.parameters import parameters_of
from tests.e2e.bot import ACORE, Bot, outcome, started


def usual(home: Path) -> list[Path]:
    """Return where the sandboxes that were served in this home say where they are, the oldest first."""
    folder = home / f"acore-sandbox-{os.getuid()}"
    return sorted(folder.glob("*"), key=lambda one: one.stat().st_mtime_ns)


async def run(home: Path, *arguments: str, **environ: str) -> Bot:
    return await outcome(home, "sandbox", *arguments, environ={"TMPDIR": str(home), **environ})


async def told(home: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    """Run a command that succeeds, and return the JSON it prints."""
    bot = await run(home, *arguments, "--json")
    assert bot.process.returncode == ExitCode.OK, bot.output
    return json.loads(bot.out)


@asynccontextmanager
async def served(home: Path, *arguments: str) -> AsyncGenerator[dict[str, Any]]:
    """Serve a sandbox in another process, and return what its state file says."""
    environ = {"TMPDIR": str(home)}
    async with started((*ACORE, "sandbox", "serve", *arguments), home, environ) as server:
        await server.said("Ctrl-C ends it.")
        yield json.loads(usual(home)[-1].read_text())


async def status_of_me(known: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bot {known['bot_token']}"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{known['api_v10']}/users/@me", headers=headers) as response,
    ):
        return response.status


async def test_a_fault_is_begun_listed_and_ended(home: Path) -> None:
    async with served(home) as known:
        begun = await run(home, "fault", "status", "--path", "/users/*", "--status", "502", "--times", "2")
        assert await status_of_me(known) == 502
        listed = await run(home, "fault", "list")
        as_json = await told(home, "fault", "list")
        ended = await run(home, "fault", "clear", as_json[0]["id"])
        assert await status_of_me(known) == 200
        nothing = await run(home, "fault", "list")
        none_left = await run(home, "fault", "clear")

    assert begun.out.splitlines() == [
        "status is in force as number 1; it ends after 2 more.",
        "To end it: acore sandbox fault clear 1",
    ]
    assert listed.out.splitlines()[1] == "1\tstatus\tpath=/users/* status=502 code=0\t1\tafter 1 more"
    assert (as_json[0]["struck"], as_json[0]["times_left"]) == (1, 1)
    assert ended.out == "1 fault ended.\n"
    assert nothing.out == "No fault is in force.\n"
    assert none_left.out == "No fault was in force.\n"


async def test_json_values_and_nulls_reach_the_sandbox(home: Path) -> None:
    async with served(home):
        mangled = await told(home, "fault", "mangle", "--pointer", "/id", "--value", "null")
        removed = await told(home, "fault", "mangle-event", "--event", "READY", "--pointer", "/user")
        wrong = await run(home, "fault", "mangle", "--pointer", "/id", "--value", "{")

    assert mangled["value"] is None
    assert "value" not in removed
    assert wrong.process.returncode == ExitCode.USAGE
    assert "'{' is no JSON" in wrong.err


async def test_a_revoked_token_is_replaced_by_the_one_that_is_shown(home: Path) -> None:
    async with served(home) as known:
        shown = await run(home, "fault", "revoke")
        assert await status_of_me(known) == 401
        token = shown.out.splitlines()[-1].removeprefix("The bot's token is now ")
        assert await status_of_me(known | {"bot_token": token}) == 200

    assert shown.out.splitlines()[0] == "revoke: done."


async def test_what_the_sandbox_refuses_is_said_in_one_line(home: Path) -> None:
    async with served(home):
        bot = await run(home, "fault", "mangle", "--pointer", "id")

        unknown = await run(home, "fault", "clear", "a b")

    assert bot.process.returncode == unknown.process.returncode == ExitCode.USAGE
    assert bot.complaints == [
        "acore: pointer: 'id' will not do; give a JSON pointer such as /components/0/id"
    ]
    assert unknown.complaints == ["acore: no fault with the number 'a b' is in force"]


@pytest.mark.parametrize("seconds", ["nan", "inf"])
async def test_a_fault_does_not_last_forever_because_its_end_is_no_number(home: Path, seconds: str) -> None:
    async with served(home) as known:
        bot = await run(home, "fault", "status", "--seconds", seconds)
        assert await status_of_me(known) == 200

    assert bot.process.returncode == ExitCode.USAGE
    assert f"{seconds} will not do; give a number, 0.001 or more" in bot.err


async def test_limits_are_given_at_the_start_and_changed_later(home: Path) -> None:
    async with served(home, "--requests-per-second", "1", "--limits", "discord") as known:
        before = await told(home, "limits")
        assert [await status_of_me(known), await status_of_me(known)] == [200, 429]
        after = await told(home, "limits", "--requests-per-second", "9")
        shown = await run(home, "limits")

    assert (before["routes"], before["requests_per_second"]) == ("discord", 1)
    assert after == before | {"requests_per_second": 9}
    assert "requests per second  9" in shown.out


@pytest.mark.parametrize(("options", "seconds"), [((), 5.0), (("--identify-interval", "0"), 0.0)])
async def test_served_bots_identify_as_seldom_as_on_discord_unless_told_otherwise(
    home: Path, options: tuple[str, ...], seconds: float
) -> None:
    async with served(home, *options):
        assert (await told(home, "limits"))["identify_interval"] == seconds


async def test_a_limit_that_cannot_be_is_named(home: Path) -> None:
    bot = await run(home, "serve", "--identify-interval", "nan")

    assert bot.process.returncode == ExitCode.USAGE
    assert "'--identify-interval': nan will not do; give a number, 0 or more" in bot.err


@pytest.mark.parametrize("command", [("fault", "list"), ("fault", "drop"), ("limits",)])
async def test_without_a_sandbox_one_line_says_how_to_have_one(home: Path, command: tuple[str, ...]) -> None:
    bot = await run(home, *command)

    assert bot.process.returncode == ExitCode.UNAVAILABLE
    (line,) = bot.complaints
    assert line == "acore: no sandbox runs; start one with `acore sandbox serve`"
    assert "Traceback" not in bot.err


async def test_a_sandbox_that_was_killed_is_not_taken_for_one_that_runs(home: Path) -> None:
    async with Sandbox() as gone:
        whereabouts.write(home / "old.json", gone.state())
    bot = await run(home, "fault", "list", "--state", "old.json")

    assert bot.process.returncode == ExitCode.UNAVAILABLE
    (line,) = bot.complaints
    assert "no sandbox answers at 127.0.0.1" in line
    assert "old.json names; start one with `acore sandbox serve`" in line


async def test_a_file_that_is_no_state_is_named(home: Path) -> None:
    for text in (
        "{}",
        "[",
        "[]",
        '{"control": {"url": "http://127.0.0.1:1"}}',
        '{"control": {"url": "http://127.0.0.1:port/", "token": "x"}}',
        '{"control": 1}',
    ):
        (home / "other.json").write_text(text)
        bot = await run(home, "fault", "list", "--state", "other.json")

        assert bot.process.returncode == ExitCode.UNAVAILABLE
        assert bot.complaints == ["acore: other.json is not the state file of a sandbox"]


@pytest.mark.parametrize("command", ["serve", "limits"])
async def test_a_usual_place_where_others_may_write_is_not_trusted(home: Path, command: str) -> None:
    folder = home / f"acore-sandbox-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    bot = await run(home, command)

    assert bot.process.returncode != ExitCode.OK
    (line,) = bot.complaints
    assert line.endswith("is not yours alone; remove it or give --state")
    assert "Traceback" not in bot.err


async def test_a_served_sandbox_takes_its_state_file_along(home: Path) -> None:
    async with started((*ACORE, "sandbox", "serve"), home, {"TMPDIR": str(home)}) as server:
        await server.said("Ctrl-C ends it.")
        (file,) = usual(home)
        assert file.stat().st_mode & 0o077 == 0
        assert file.parent.stat().st_mode & 0o077 == 0
        assert await ended_by(server, signal.SIGINT) == ExitCode.OK

    assert usual(home) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
async def test_commands_find_the_sandbox_that_was_served_last_and_still_runs(
    home: Path, ending: signal.Signals
) -> None:
    environ = {"TMPDIR": str(home)}
    async with (
        started((*ACORE, "sandbox", "serve"), home, environ) as first,
        started((*ACORE, "sandbox", "serve"), home, environ) as second,
    ):
        await first.said("Ctrl-C ends it.")
        await second.said("Ctrl-C ends it.")
        newest = await found(home)
        assert newest == json.loads(usual(home)[-1].read_text())["control"]
        last = second if f"{second.process.pid}.json" == usual(home)[-1].name else first
        await ended_by(last, ending)

        assert await found(home) == json.loads(usual(home)[0].read_text())["control"] != newest
        assert await ended_by(first if last is second else second, signal.SIGINT) == ExitCode.OK

    assert usual(home) == [], "that of a killed one is gone too"


async def ended_by(server: Bot, ending: signal.Signals) -> int:
    server.signal(ending)
    return await server.ended()


async def found(home: Path) -> object:
    """Return which sandbox a command finds that is not told of any."""
    script = "from acore.sandbox import whereabouts as w; print(w.read(w.latest_path())['control'])"
    command = (sys.executable, "-c", script)
    async with started(command, home, {"TMPDIR": str(home)}) as bot:
        assert await bot.ended() == 0, bot.output
    return ast.literal_eval(bot.out)


async def test_a_state_file_that_was_asked_for_is_the_only_one_and_is_found_through_the_group(
    home: Path,
) -> None:
    environ = {"TMPDIR": str(home)}
    async with started((*ACORE, "sandbox", "serve", "--state", "mine.json"), home, environ) as server:
        await server.said("Ctrl-C ends it.")
        assert usual(home) == []
        bot = await run(home, "--state", "mine.json", "fault", "list")

    assert bot.out == "No fault is in force.\n"


async def completions(home: Path, *words: str) -> set[str]:
    environ = {
        "_ACORE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("acore", *words)),
        "COMP_CWORD": str(len(words)),
    }
    bot = await outcome(home, environ=environ)
    return {line.partition(",")[2] for line in bot.out.splitlines()}


async def test_the_shell_completes_faults_their_options_and_values(home: Path) -> None:
    assert await completions(home, "sandbox", "fault", "") == {*KINDS, "list", "clear"}
    options = await completions(home, "sandbox", "fault", "rate-limit", "--")
    assert options >= {f"--{one.name.replace('_', '-')}" for one in parameters_of(KINDS["rate-limit"])}
    assert await completions(home, "sandbox", "fault", "cut", "--when", "") == {"before", "after"}


async def test_every_fault_and_every_limit_has_its_help(home: Path) -> None:
    faults = " ".join((await run(home, "fault", "--help")).out.split())
    limits = " ".join((await run(home, "serve", "--help")).out.split())

    assert all(str(kind.__doc__) in faults for kind in KINDS.values())
    assert all(one.help in limits for one in parameters_of(Limits))
