"""`acore events`: what happened, told of a running bot and of a dead one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from acore.storage.database import connect
from acore.storage.store import DATABASE_NAME
from tests.cli.terminal import in_a_terminal
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
    assert "member used /botstatus; allowed: viewer by everybody." in by_number.out
    assert "came of it" in by_number.out
    assert "The person sees that the bot is thinking" in by_number.out
    assert f"`acore why {received['seq']}`" in by_number.out
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


async def test_piped_a_list_has_no_colours_and_in_a_terminal_it_fits(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    told = await outcome(home, "events", "tail")
    wide = await outcome(home, "events", "tail", "--wide")
    drawn = (await to_thread.run_sync(in_a_terminal, home, "events", "tail")).splitlines()

    assert "\x1b" not in told.output + bot.output
    header, *lines = told.out.splitlines()
    assert header.split("\t") == ["number", "time (UTC)", "from", "what"]
    assert all(line.count("\t") == 3 for line in lines)
    header, *lines = wide.out.splitlines()
    assert header.split("\t") == ["number", "time (UTC)", "id", "kind", "name", "from", "what"]
    assert all(line.count("\t") == 6 for line in lines)
    assert [line for line in drawn if len(line) > 80] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\d UTC", drawn[0])
    assert any(re.match(r" *#\d+ \d\d:\d\d:\d\d store +Record keeping stopped", line) for line in drawn), (
        drawn
    )


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


async def test_the_data_directory_is_named_before_or_after_the_subcommand(
    home: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox, ACORE_DATA_DIR="elsewhere") as bot:
        await bot.stop()
    for arguments in (
        ("--data", "elsewhere", "tail", "-n", "1"),
        ("tail", "-n", "1", "--data=elsewhere"),
        ("show", "1", "--data", "elsewhere"),
    ):
        told = await outcome(home, "events", *arguments)

        assert told.process.returncode == ExitCode.OK, told.output
        assert told.out


async def test_the_journal_is_counted_also_what_is_not_known(home: Path, sandbox: Sandbox) -> None:
    """E06: a kind that this acore does not know is counted like any other."""
    async with running(home, sandbox) as bot:
        await bot.stop()
    connection = connect(home / "data" / DATABASE_NAME)
    connection.execute("UPDATE journal SET name = 'moon.rose' WHERE name = 'run.ended'")
    connection.close()
    counted = json.loads((await outcome(home, "events", "stats", "--json")).out)
    told = await outcome(home, "events", "stats")
    entries = await listed(home, "-n", "1000")

    assert counted["entries"] == len(entries)
    assert counted["entries"] == sum(one["entries"] for one in counted["kinds"])
    assert counted["bytes"] == sum(one["bytes"] for one in counted["sources"].values())
    assert counted["bytes"] == sum(one["bytes"] for one in counted["days"].values())
    (moon,) = (one for one in counted["kinds"] if one["name"] == "moon.rose")
    assert (moon["entries"], moon["is_known"]) == (1, False)
    assert "moon.rose (not known here)" in told.out
    assert f"{len(entries)} entries" in told.out
