"""`acore sandbox chat` and `invoke`: a person in a sandbox that runs elsewhere, for scripts."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from acore.errors import ExitCode
from acore.sandbox import Sandbox
from tests.e2e.bot import ACORE, left_in, outcome, started
from tests.sandbox.conftest import NewBot, Pretend, Running, new_bot, pretend, running
from tests.sandbox.console.bots import with_everything

__all__ = ["new_bot", "pretend", "running"]


@pytest.fixture
async def state(tmp_path: Path, pretend: Pretend, new_bot: NewBot, running: Running) -> AsyncIterator[str]:
    """The state file of a sandbox with a bot that has a bit of everything."""
    path = tmp_path / "state.json"
    async with Sandbox(state_file=path, answer_within=0.5) as sandbox:
        pretend(sandbox)
        async with running(sandbox, with_everything(new_bot())):
            yield str(path)


async def test_an_answer_is_printed_as_the_person_sees_it(home: Path, state: str) -> None:
    shown = await outcome(
        home, "sandbox", "invoke", "botstatus", "part:the", "disk", "--user", "member", "--state", state
    )

    assert shown.process.returncode == ExitCode.OK, shown.output
    lines = shown.out.splitlines()
    assert lines[0] == "╭─ member used /botstatus"
    assert lines[2:] == ["  ▌ the disk is well", "  👁 Only you can see this · member"]
    assert shown.err == ""
    assert "\x1b" not in shown.out
    assert left_in(home) == []


async def test_json_tells_everything_and_steps_are_taken(home: Path, state: str) -> None:
    words = ("menu", "--press", "colour=Red", "--press", "form", "--fill", "subject=All", "--json")
    shown = await outcome(home, "sandbox", "invoke", *words, "--state", state)

    assert shown.process.returncode == ExitCode.OK, shown.output
    told = json.loads(shown.out)
    assert (told["command"], told["outcome"], told["ephemeral"]) == ("menu", "answered", False)
    assert told["messages"][0]["content"] == "All: nothing"
    assert [one["outcome"] for one in told["steps"]] == ["answered", "answered", "modal", "answered"]


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("silent",), ExitCode.NO_ANSWER, "The application did not respond"),
        (("botstats",), ExitCode.USAGE, "did you mean /botstatus?"),
        (("botstatus", "prt:x"), ExitCode.USAGE, "there is no option 'prt'; there are: part, times"),
        (("botstatus", "--user", "nobody"), ExitCode.USAGE, "there is no user 'nobody' here"),
        (("botstatus", "--channel", "nowhere"), ExitCode.USAGE, "there is no channel 'nowhere' here"),
        (("fruit",), ExitCode.REFUSED, 'Required option "name" is missing'),
    ],
)
async def test_what_went_wrong_is_told_by_the_exit_code(
    home: Path, state: str, words: tuple[str, ...], code: ExitCode, complaint: str
) -> None:
    shown = await outcome(home, "sandbox", "invoke", *words, "--state", state)

    assert shown.process.returncode == code, shown.output
    assert len(shown.complaints) == 1
    assert complaint in shown.complaints[0]


@pytest.mark.parametrize("where", [("--user", "nobody"), ("--channel", "nowhere")])
async def test_json_tells_also_that_there_is_no_such_user_or_channel(
    home: Path, state: str, where: tuple[str, str]
) -> None:
    shown = await outcome(home, "sandbox", "invoke", "botstatus", *where, "--state", state, "--json")

    assert shown.process.returncode == ExitCode.USAGE, shown.output
    told = json.loads(shown.out)
    assert (told["outcome"], told["messages"]) == ("unknown", [])
    assert f"'{where[1]}' here" in told["error"]


async def test_without_a_sandbox_one_line_says_so(home: Path, tmp_path: Path) -> None:
    missing = await outcome(home, "sandbox", "chat", "--state", str(tmp_path / "none"))
    (tmp_path / "old").write_text(
        '{"api_v10": "http://127.0.0.1:9/api/v10", "users": [{"username": "owner", "token": "t"}]}'
    )
    gone = await outcome(home, "sandbox", "invoke", "x", "--state", str(tmp_path / "old"))
    before = await outcome(home, "sandbox", "--state", str(tmp_path / "old"), "chat", typed="hello\n")
    (tmp_path / "other").write_text("{}")
    other = await outcome(home, "sandbox", "invoke", "x", "--state", str(tmp_path / "other"))

    for shown, complaint in (
        (missing, "no sandbox runs"),
        (gone, "no sandbox answers at http://127.0.0.1:9/api/v10"),
        (before, "no sandbox answers at http://127.0.0.1:9/api/v10"),
        (other, "is not the state file of a sandbox"),
    ):
        assert shown.process.returncode == ExitCode.UNAVAILABLE, shown.output
        assert len(shown.complaints) == 1
        assert complaint in shown.complaints[0]
        assert "Traceback" not in shown.output


async def test_lines_of_a_file_and_of_a_pipe_are_done_in_turn(home: Path, state: str, tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("hello\n/botstatus\n/nothing\n!user member\nhi\n")

    plain = await outcome(home, "sandbox", "chat", str(script), "--state", state)
    strict = await outcome(
        home, "sandbox", "chat", "--strict", "--json", "--state", state, typed=script.read_text()
    )

    assert plain.process.returncode == ExitCode.OK, plain.output
    assert [line.split()[0] for line in plain.out.splitlines() if not line.startswith(" ")] == [
        "owner",
        "╭─",
        "sandbox-bot",
        "✗",
        "member",
    ]
    assert strict.process.returncode == ExitCode.FAILURE
    told = [json.loads(line) for line in strict.out.splitlines()]
    assert [one["outcome"] for one in told] == ["done", "answered", "unknown", "done", "done"]


async def test_a_reader_that_has_seen_enough_is_no_error(home: Path, state: str) -> None:
    much = "x" * 1900
    command = f"yes {much} | head -60 | {' '.join(ACORE)} sandbox chat --state {state} | head -1"
    async with started(("sh", "-c", command), home, {}) as shell:
        await shell.ended()

    assert shell.out.startswith("owner ")
    assert shell.err == ""


async def test_a_script_that_is_not_there_is_told_in_one_line(home: Path, state: str) -> None:
    shown = await outcome(home, "sandbox", "chat", "nothing.txt", "--state", state)

    assert shown.process.returncode == ExitCode.IO
    assert shown.complaints == ["acore: nothing.txt: No such file or directory"]


@pytest.mark.parametrize("command", ["chat", "invoke"])
async def test_help_fits_a_terminal(home: Path, command: str) -> None:
    shown = await outcome(home, "sandbox", command, "--help")

    assert "Examples:" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


async def test_what_is_printed_leads_bots_and_people_into_the_sandbox(home: Path) -> None:
    async with started((*ACORE, "sandbox", "serve"), home, {"TMPDIR": str(home)}) as server:
        await server.said("Ctrl-C ends it.")
        lines = [line.strip() for line in server.out.splitlines()]
        base = next(line for line in lines if line.startswith("nextcord.http.Route.BASE")).split('"')[1]
        gateway = next(line for line in lines if "DEFAULT_GATEWAY" in line).split('"')[1]
        token = next(line for line in lines if line.startswith("bot.run")).split('"')[1]
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{base}/users/@me", headers={"Authorization": f"Bot {token}"}) as response:
                bot = await response.json()
            async with http.ws_connect(f"{gateway}?v=10&encoding=json") as socket:
                hello = await socket.receive_json()
        chat = next(line for line in lines if line.startswith("acore sandbox chat")).split()
        async with started((*ACORE, *chat[1:]), home, {"TMPDIR": str(home)}) as person:
            await person.type("hello\n")
            code = await person.ended()

    assert bot["username"] == "sandbox-bot"
    assert hello["op"] == 10
    assert code == ExitCode.OK
    assert person.out.splitlines()[1] == "  hello"
