"""`acore why`: the chain of causes, of a running bot and of a dead one."""

import json
import re
from pathlib import Path

from anyio import to_thread

from acore.cli import invoke
from acore.cli.why import branches
from acore.errors import ExitCode
from acore.events.why import Line
from acore.sandbox import Person, Sandbox
from tests.actors.house import BEGAN
from tests.cli.terminal import in_a_terminal
from tests.e2e.bot import outcome, running


async def test_a_restart_is_told_from_the_command_to_its_outcome(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    """The same of a running bot and of a killed one; whole, in halves, for machines, and in a terminal."""
    async with running(home, sandbox) as bot:
        await bot.said("/ops is now registered in server")
        await owner.invoke("ops restart", {"part": "metrics"})
        await bot.said("owner restarted the counters; that took")
        alive = await outcome(home, "why", "restart")
        await bot.kill()
    dead = await outcome(home, "why", "restart")
    whole = await outcome(home, "why", "restart", "--all")
    back = await outcome(home, "why", "restart", "--back")
    forward = await outcome(home, "why", "restart", "--forward")
    machines = json.loads((await outcome(home, "why", "restart", "--json")).out)
    drawn = (await to_thread.run_sync(in_a_terminal, home, "why", "restart")).splitlines()

    assert alive.process.returncode == dead.process.returncode == ExitCode.OK, alive.output + dead.output
    rows = [line.split("\t") for line in dead.out.splitlines() if "\t" in line]
    texts = [text.strip() for _, _, text in rows]
    assert texts[0].startswith("owner used /ops restart part=metrics; allowed: owner by")
    assert any(text.startswith("To do: stop and start the counters → it took") for text in texts)
    assert any(text.startswith("owner restarted the counters; that took") for text in texts)
    assert max(len(dead.out.splitlines()), len(drawn)) <= 15
    assert all(time.startswith("+") for _, time, _ in rows[1:])
    assert texts[:2] == [line.split("\t")[2].strip() for line in alive.out.splitlines()[:2]]
    assert "more: `acore why" in dead.out
    assert "more" not in whole.out
    assert len(whole.out.splitlines()) > len(rows)
    assert len(back.out.splitlines()) == 4
    assert "owner restarted the counters" in back.out.splitlines()[-1]
    assert "owner restarted the counters" in forward.out.splitlines()[0]
    entries = {entry["seq"]: entry for entry in machines["entries"]}
    assert (machines["what"], machines["is_cut"], machines["has_more"]) == ("restart", False, False)
    assert [entries[seq]["name"] for seq in machines["path"]] == [
        "interaction.received",
        "part.restart",
        "part.restart_now",
        "part.restarted",
    ]
    assert entries[machines["asked"]]["payload"]["actor"] == "metrics"
    assert drawn[0].endswith(" UTC")
    assert [mark for mark in ("├ ", "└ ", "│ ") if not any(mark in line for line in drawn)] == []
    assert [line for line in drawn if len(line) > 80] == []


async def test_why_the_bot_stopped_is_told_after_a_stop_and_after_a_kill(
    home: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    stopped = await outcome(home, "why", "stop")
    async with running(home, sandbox) as bot:
        before = await outcome(home, "why", "stop")
        await bot.kill()
    killed = await outcome(home, "why", "stop")

    assert stopped.out.splitlines()[0].endswith("SIGTERM wants the bot to stop.")
    assert "Stopped in good order" in stopped.out
    assert "The bot runs now; this is about the run before." in before.out
    said, *shown = killed.out.splitlines()
    assert re.match(
        r"The last run, begun at [\d: -]+ UTC, left no word of its end: it was killed, or the", said
    )
    assert re.search(r"after [\d: -]+ UTC, its last sign of life\. Nothing has run since", said)
    assert shown, "what came last"


async def test_what_cannot_be_told_is_said_in_one_line(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        await bot.stop()
    for arguments, code, words in (
        (["last"], ExitCode.FAILURE, "nothing went wrong, and nobody was refused anything, as far as"),
        (["the", "weather"], ExitCode.FAILURE, "nothing called 'the weather' is known"),
        (["999999"], ExitCode.FAILURE, "the journal has no entry 999999"),
        (["--back", "--forward"], ExitCode.USAGE, "exclude each other"),
        (["--data", "elsewhere"], ExitCode.UNAVAILABLE, "there is no database at elsewhere/acore.db"),
        (
            ["--data", "data/acore.db"],
            ExitCode.USAGE,
            "--data data/acore.db is a file, the database: give the directory",
        ),
    ):
        told = await outcome(home, "why", *arguments)

        assert told.process.returncode == code, told.output
        assert words in told.err
        assert told.out == ""


def test_a_look_leaves_nothing_beside_the_journal_of_a_dead_bot(data: Path) -> None:
    before = sorted(data.iterdir())
    for command in (["why", "last"], ["events", "tail"]):
        assert invoke([*command, "--data", str(data)]) == ExitCode.OK
        assert sorted(data.iterdir()) == before


def test_a_tree_is_drawn_with_lines_from_each_cause_to_what_came_of_it() -> None:
    depths = (0, 1, 2, 2, 1, 2)
    lines = tuple(Line(seq=at, at=BEGAN, after=0.0, depth=depth, text="") for at, depth in enumerate(depths))

    assert branches(lines) == [
        ("", "│ "),
        ("├ ", "│ │ "),
        ("│ ├ ", "│ │   "),
        ("│ └ ", "│     "),
        ("└ ", "  │ "),
        ("  └ ", "      "),
    ]
