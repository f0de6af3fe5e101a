"""`acore events`: what happened, told of a running bot and of a dead one."""

import json
from pathlib import Path
from typing import Any

import pytest

from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from tests.e2e.bot import ACORE, outcome, running, started


async def listed(home: Path, *arguments: str) -> list[dict[str, Any]]:
    """Return what `acore events tail --json` lists."""
    told = await outcome(home, "events", "tail", "--json", *arguments)
    assert told.process.returncode == ExitCode.OK, told.output
    assert told.err == ""
    return [json.loads(line) for line in told.out.splitlines()]


async def test_the_same_is_told_of_the_running_bot_and_of_the_dead_one(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        alive = await listed(home, "-n", "1000", "--name", "interaction.*")
        await bot.kill()
    dead = await listed(home, "-n", "1000")

    names = [entry["name"] for entry in alive]
    assert names[:3] == ["interaction.received", "interaction.acknowledged", "interaction.replied"]
    assert [entry for entry in dead if entry["name"].startswith("interaction.")][: len(alive)] == alive
    assert [entry["seq"] for entry in dead] == sorted(entry["seq"] for entry in dead)
    assert dead[0]["payload"].keys() >= {"actor", "incarnation"}
    assert {"discord.ready", "run.started"} <= {entry["name"] for entry in dead}


async def test_filters_tell_less(home: Path, sandbox: Sandbox, member: Person) -> None:
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        await bot.stop()

    async def names(*arguments: str) -> set[str]:
        return {entry["name"] for entry in await listed(home, "-n", "1000", *arguments)}

    assert await names("--name", "run.*") == {"run.started", "run.ended", "run.load_last"}
    assert await names("--source", "gateway", "--name", "discord.r*") == {"discord.ready"}
    assert await names("--actor", "metrics", "--name", "actor.*") >= {"actor.started", "actor.exited"}
    assert {entry["kind"] for entry in await listed(home, "--kind", "effect")} == {"effect"}
    assert len(await listed(home, "-n", "3")) == 3
    assert await listed(home, "--until", "2020-01-01") == []
    assert await listed(home, "--since", "1d", "-n", "1") != []
    (received,) = await listed(home, "--name", "interaction.received")
    story = await listed(home, "--correlation", received["correlation"])
    assert {"interaction.received", "interaction.closed"} <= {entry["name"] for entry in story}


async def test_one_entry_is_shown_with_what_led_to_it_and_what_came_of_it(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        await bot.kill()
    (received,) = await listed(home, "--name", "interaction.received")
    by_number = await outcome(home, "events", "show", str(received["seq"]))
    by_id = await outcome(home, "events", "show", received["id"][:10], "--json")

    assert by_number.process.returncode == ExitCode.OK, by_number.output
    assert "interaction.received (event, version 1)" in by_number.out
    assert "came of it" in by_number.out
    assert "interaction.acknowledged" in by_number.out
    shown = json.loads(by_id.out)
    assert shown["entry"][0]["seq"] == received["seq"]
    assert "interaction.replied" in {entry["name"] for entry in shown["consequences"]}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "999999"], ExitCode.FAILURE, "the journal has no entry 999999"),
        (["show", "nothing"], ExitCode.FAILURE, "the journal has no entry nothing"),
        (["--data", "elsewhere", "tail"], ExitCode.UNAVAILABLE, "there is no database at elsewhere/acore.db"),
        (["tail", "--since", "yesterday"], ExitCode.USAGE, "'yesterday' is no time: give 10m"),
        (["tail", "-n", "0"], ExitCode.USAGE, "0 is not in the range x>=1"),
        (["tail", "--nmae", "run.*"], ExitCode.USAGE, "--name"),
    ],
)
async def test_what_cannot_be_shown_is_said_in_one_line(
    home: Path, sandbox: Sandbox, arguments: list[str], code: ExitCode, words: str
) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    told = await outcome(home, "events", *arguments)

    assert told.process.returncode == code, told.output
    assert words in told.err
    assert "Traceback" not in told.output
    assert told.out == ""


@pytest.mark.parametrize(("reader", "lines"), [("head -1", 1), ("true", 0)])
async def test_a_pipe_that_is_closed_early_is_no_error(
    home: Path, sandbox: Sandbox, reader: str, lines: int
) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    script = f"set -o pipefail; {' '.join(ACORE)} events tail -n 1000 --json | {reader}"
    async with started(("bash", "-c", script), home, {}) as piped:
        code = await piped.ended()

    assert len(piped.out.splitlines()) == lines, piped.output
    assert piped.err == ""
    assert code == ExitCode.OK


async def test_following_goes_on_with_what_comes(home: Path, sandbox: Sandbox, member: Person) -> None:
    async with running(home, sandbox) as bot:
        tail = (*ACORE, "events", "tail", "--follow", "--json", "--name", "interaction.*")
        async with started(tail, home, {}) as following:
            await member.invoke("botstatus")
            await following.said('"interaction.closed"')
            following.process.terminate()
            await following.ended()
        await bot.stop()

    told = [json.loads(line)["name"] for line in following.out.splitlines()]
    assert told[0] == "interaction.received"
    assert told[-1] == "interaction.closed"


async def test_a_journal_that_is_piped_has_no_colour_codes(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    told = await outcome(home, "events", "tail")

    assert "\x1b" not in told.output + bot.output
    header, *lines = told.out.splitlines()
    assert header.split("\t") == ["number", "time (UTC)", "id", "kind", "what", "from", "details"]
    assert all(line.count("\t") == 6 for line in lines)


async def test_the_list_is_told_in_sentences_and_says_when_nothing_matches(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        await bot.stop()
    told = await outcome(home, "events", "tail", "-n", "1000")
    nothing = await outcome(home, "events", "tail", "--name", "no.such")
    unknown = await outcome(home, "events", "tail", "--kind", "rumour")

    assert "Connected as sandbox-bot" in told.out
    assert "no entry of the journal matches" in nothing.err
    assert "rumour" in unknown.err
