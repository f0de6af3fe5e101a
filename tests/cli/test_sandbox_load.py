"""`acore sandbox load` as its users run it: real processes, what they print, and how they end."""

import json
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from acore.errors import ExitCode
from tests.e2e.bot import ACORE, Bot, outcome, started


@asynccontextmanager
async def served(home: Path, *, with_bot: bool = False) -> AsyncGenerator[str]:
    """Serve a sandbox, with acore in it if asked for; give its state file."""
    state = home / "state.json"
    async with started((*ACORE, "sandbox", "serve", "--state", str(state)), home, {}) as server:
        await server.said("An embedded Discord serves at")
        if not with_bot:
            yield str(state)
            return
        known = json.loads(state.read_text())
        environ = {"DISCORD_TOKEN": known["bot_token"], "DISCORD_API_BASE": known["api_v10"]}
        async with started((*ACORE, "run"), home, environ) as bot:
            await bot.said("is now registered everywhere")
            await bot.said("Connected as")
            yield str(state)


async def reported(home: Path, *arguments: str) -> Any:  # noqa: ANN401 - JSON
    shown = await outcome(home, "sandbox", "load", *arguments, "--json")
    assert shown.process.returncode == ExitCode.OK, shown.output
    assert shown.err == ""
    return json.loads(shown.out)


async def test_messages_and_commands_are_sent_and_what_became_of_them_is_told(home: Path) -> None:
    async with served(home, with_bot=True) as state:
        options = ("--state", state, "--messages", "20", "--commands", "10", "--for", "1", "--users", "3")
        report = await reported(home, *options, "--arrivals", "uniform", "--command", "botstatus")

    assert (report["messages"]["sent"], report["messages"]["acknowledged"]) == (20, 20)
    assert report["messages"]["failures"] == {}
    assert (report["commands"]["sent"], report["commands"]["answered"]) == (10, 10)
    assert 0 < report["commands"]["answer"]["p50"] <= report["commands"]["answer"]["max"]
    assert (report["users"], report["guilds"], report["was_interrupted"]) == (3, 1, False)
    assert report["sandbox"]["rest"]["count"] >= 30
    assert report["verdict"]


async def test_dispatches_are_sent_to_a_bot(home: Path) -> None:
    async with served(home, with_bot=True) as state:
        options = ("--dispatch", "MESSAGE_CREATE", "--rate", "500", "--for", "1", "--state", state)
        report = await reported(home, *options)

    assert report["event"] == "MESSAGE_CREATE"
    assert 0 < report["sent"] <= 500
    assert report["drained_seconds"] is not None


async def test_a_person_reads_a_table_rates_failures_and_a_verdict(home: Path) -> None:
    async with served(home) as state:
        options = ("--messages", "20", "--for", "0.5", "--state", state, "--users", "2")
        shown = await outcome(home, "sandbox", "load", *options)

    assert shown.process.returncode == ExitCode.OK, shown.output
    lines = shown.out.splitlines()
    assert lines[0].split("\t") == ["what", "count", "p50 ms", "p90", "p99", "p99.9", "max"]
    assert [line.split("\t")[0] for line in lines[1:3]] == [
        "messages, sent late by",
        "messages, taken after",
    ]
    assert "20/s wanted" in shown.out
    assert "2 users (2 connected), 1 guild\n" in shown.out
    assert "event loop late by" in shown.out
    assert lines[-1].endswith(".")


async def test_ctrl_c_ends_it_and_what_there_is_is_told(home: Path) -> None:
    async with served(home, with_bot=True) as state:
        for what in (("--messages", "50"), ("--dispatch", "MESSAGE_CREATE", "--rate", "100")):
            command = (*ACORE, "sandbox", "load", *what, "--for", "600", "--state", state, "--json")
            async with started(command, home, {}) as load:
                await _has_begun(home, state, what[0])
                load.signal(signal.SIGINT)
                code = await load.ended()
            assert code == ExitCode.OK, load.output
            assert json.loads(load.out)["was_interrupted"] is True
            assert "Traceback" not in load.output


async def _has_begun(home: Path, state: str, what: str) -> None:
    """Return when something was sent."""
    script = f"""
import json, sys, time, urllib.request
known = json.load(open({state!r}))
def ask(url, token):
    request = urllib.request.Request(url, headers={{"Authorization": token}})
    return json.load(urllib.request.urlopen(request))
while True:
    if {what!r} == "--messages":
        url = f"{{known['api_v10']}}/channels/{{known['channel_id']}}/messages"
        if ask(url, known["user_token"]):
            break
    elif ask(known["control"]["url"] + "/load/dispatches", "Control " + known["control"]["token"])["sent"]:
        break
    time.sleep(0.05)
"""
    async with started((ACORE[0], "-c", script), home, {}) as looking:
        assert await looking.ended() == 0, looking.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "say what to send: --messages N, --commands N or --dispatch EVENT"),
        (("--messages", "1", "--dispatch", "MESSAGE_CREATE"), "--dispatch stands alone"),
        (("--messages", "many"), "'many' is not a valid float"),
        (("--messages", "-1"), "-1.0 is not in the range"),
        (("--messages", "1e9"), "1000000000.0 is not in the range"),
        (("--messages", "nan"), "'--messages': nan will not do; give a number from 0 to 100000"),
        (("--dispatch", "READY"), "'READY' is not one of"),
        (("--dispatch", "MESSAGE_CREATE", "--rate", "fast"), "'fast' is neither a positive number nor max"),
        (("--dispatch", "MESSAGE_CREATE", "--rate", "0"), "'0' is neither a positive number nor max"),
        (("--dispatch", "MESSAGE_CREATE", "--rate", "nan"), "'nan' is neither a positive number nor max"),
        (("--messages", "1", "--for", "0"), "is not in the range"),
        (("--messages", "inf"), "inf is not in the range 0<=x<=100000"),
        (("--messages", "1", "--for", "nan"), "nan will not do; give a number from 0.1 to 86400"),
    ],
)
async def test_what_cannot_be_meant_is_said_in_one_line(
    home: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    shown = await outcome(home, "sandbox", "load", *arguments)

    assert shown.process.returncode == ExitCode.USAGE
    assert complaint in shown.err
    assert "Traceback" not in shown.output


async def test_without_a_sandbox_or_a_bot_it_says_what_is_missing(home: Path) -> None:
    nothing = await outcome(home, "sandbox", "load", "--messages", "1", "--state", "none.json")
    _refused(nothing, "no sandbox runs: none.json is missing; start one with `acore sandbox serve`")
    (home / "other.json").write_text("{}")
    other = await outcome(home, "sandbox", "load", "--messages", "1", "--state", "other.json")
    _refused(other, "other.json is not the state file of a sandbox")
    async with served(home) as state:
        for arguments, why in (
            (
                ("--commands", "1"),
                "no command can be used without options; there are: none; does the bot run?",
            ),
            (("--dispatch", "MESSAGE_CREATE"), "no bot is connected; start it first"),
        ):
            _refused(await outcome(home, "sandbox", "load", *arguments, "--state", state), why)
    gone = await outcome(home, "sandbox", "load", "--messages", "1", "--state", state)
    _refused(gone, "no sandbox answers at http://127.0.0.1:")


def _refused(shown: Bot, why: str) -> None:
    assert shown.process.returncode == ExitCode.UNAVAILABLE, shown.output
    (line,) = shown.complaints
    assert line.startswith(f"acore: {why}")
