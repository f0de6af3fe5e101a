"""`acore journal`: how the file is in which everything is kept, and whether it is whole."""

import json
from pathlib import Path

import pytest

from acore.cli import invoke
from acore.clock import HeldClock
from acore.errors import ExitCode
from acore.sandbox import Person, Sandbox
from acore.storage.sqlite import attach
from tests.e2e.bot import outcome, running
from tests.storage.world import rows
from tests.storage.world import running as writing


@pytest.fixture
async def data(home: Path) -> Path:
    """The data directory of a bot that has counted to five."""
    directory = home / "kept"
    async with writing(directory, HeldClock()) as world:
        for number in range(5):
            world.count(number)
        await world.durable()
    return directory


def spoil(data: Path, statement: str) -> None:
    connection = attach(data / "acore.db", "rw")
    connection.execute(statement)
    connection.close()


async def test_a_running_bots_journal_is_whole_and_so_is_a_dead_ones(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    """J05: verified beside the bot, and after it was killed."""
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        beside = await outcome(home, "journal", "verify")
        seen = await outcome(home, "journal", "status", "--json")
        await bot.kill()
    after = await outcome(home, "journal", "verify", "--json")

    assert beside.process.returncode == ExitCode.OK, beside.output
    assert beside.out.startswith("The journal is whole.\nentries")
    assert after.process.returncode == ExitCode.OK, after.output
    found = json.loads(after.out)
    assert (found["is_right"], found["findings"], found["is_whole"]) == (True, [], True)
    shown = json.loads(seen.out)
    assert shown["rows"] > 20
    assert (shown["epoch"], shown["schema"], shown["removed"]) == (1, 2, [])
    assert shown["last_seq"] <= found["last_seq"]


async def test_what_is_wrong_is_said_with_what_to_do(home: Path, data: Path) -> None:
    """J05: `--data` is understood before the subcommand too."""
    spoil(data, "UPDATE journal SET payload = '{}' WHERE name = 'activity.counted'")
    seq = rows(data / "acore.db", "SELECT min(seq) FROM journal WHERE name = 'activity.counted'")[0][0]

    told = await outcome(home, "journal", "--data", str(data), "verify")

    assert told.process.returncode == ExitCode.DATA, told.output
    assert told.out.startswith(f"The journal is not as acore wrote it, from entry {seq} on.\n")
    assert f"What is wrong: Entry {seq} was changed" in told.out
    assert told.out.count("What to do:") == 1
    assert "acore.mark" in told.out
    assert told.err == ""


async def test_the_journal_is_told_in_figures(home: Path, data: Path) -> None:
    spoil(data, "INSERT INTO gone VALUES (1, 7, 6, x'', 0, 'lost')")

    told = await outcome(home, "journal", "status", "--data", str(data))

    assert told.process.returncode == ExitCode.OK, told.output
    lines = dict(line.split("  ", 1) for line in told.out.splitlines())
    facts = {name: text.strip() for name, text in lines.items()}
    assert facts["database"] == str(data / "acore.db")
    assert "bytes each" in facts["entries"]
    assert facts["removed"] == "up to 6 were LOST (numbers 1 to 7, 1970-01-01 00:00:00 UTC)"
    assert facts["owed"] == "0 effects without an outcome"
    assert facts["runs"] == "1 so far; boot-1 may write"


async def test_a_bot_whose_log_was_lost_raises_the_alarm_everywhere(home: Path, sandbox: Sandbox) -> None:
    """J05, J16: the log of the program, `acore status`, `acore journal` and the journal itself tell."""
    async with running(home, sandbox) as bot:
        await bot.kill()
    lost = json.loads((await outcome(home, "journal", "status", "--json")).out)["mark"]["seq"]
    (home / "data" / "acore.db-wal").unlink()
    before = await outcome(home, "journal", "verify")

    async with running(home, sandbox) as bot:
        looked = json.loads((await outcome(home, "status", "--json")).out)
        listed = await outcome(home, "events", "tail", "--name", "journal.lost")
        seen = json.loads((await outcome(home, "journal", "status", "--json")).out)
        after = await outcome(home, "journal", "verify")
        await bot.stop()

    assert before.process.returncode == ExitCode.DATA, before.output
    assert f"the mark tells of {lost}" in before.out
    (wrong,) = (one for one in looked["wrong"] if one.startswith("Record keeping"))
    assert wrong.startswith(
        f"Record keeping: up to {lost} entries of the journal are missing: it ended at 0,"
    )
    assert bot.output.count("CRITICAL") == 1
    assert f"Up to {lost} entries of the journal are missing" in bot.output
    assert f"Up to {lost} entries of the journal are missing" in listed.out
    assert [(one["reason"], one["rows"], one["last_seq"]) for one in seen["removed"]] == [
        ("lost", lost, lost)
    ]
    assert seen["epoch"] == 2
    assert after.process.returncode == ExitCode.OK, after.output
    assert after.out.startswith("What is there is as acore wrote it; but entries were lost"), after.output
    assert f"removed  up to {lost} were LOST (numbers 1 to {lost}, " in after.out


@pytest.mark.parametrize("command", ["verify", "status"])
async def test_where_there_is_no_journal_that_is_said(home: Path, command: str) -> None:
    told = await outcome(home, "journal", command, "--data", str(home / "nowhere"))

    assert told.process.returncode == ExitCode.UNAVAILABLE, told.output
    assert "there is no database at" in told.err
    assert not (home / "nowhere").exists()


async def test_what_is_too_much_is_removed_beside_a_running_bot_and_what_is_pinned_stays(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    """J18: over the control socket, so that one process alone writes to the file."""
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        pinned = await outcome(home, "journal", "pin", "night", "3")
        assert pinned.out == "Entries from 3 on are kept until `acore journal unpin 'night'`.\n", (
            pinned.output
        )
        refused = await outcome(home, "journal", "pin", "night", "999999")
        assert refused.process.returncode == ExitCode.FAILURE, refused.output
        assert "acore: entry 999999 is not in the journal (it reaches from 1 to" in refused.err
        purged = await outcome(home, "journal", "purge")
        assert purged.out.startswith("Nothing was removed; "), purged.output
        assert await bot.stop() == ExitCode.OK, bot.output
    noted = rows(home / "data" / "acore.db", "SELECT who, action, target FROM audit WHERE action <> 'start'")
    assert ("the command line", "pin", "night at 3") in noted
    assert ("the command line", "purge", "journal") in noted


async def test_a_dead_bots_journal_is_tidied_up_in_the_file_itself(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """J18."""
    count, last = rows(data / "acore.db", "SELECT count(*), max(seq) FROM journal")[0]
    for command, code, words in (
        (("pin", "here", "2"), ExitCode.OK, "Entries from 2 on are kept"),
        (("purge", "--dry-run"), ExitCode.OK, "1 entry would be removed, up to number 1 (age); "),
        (("purge",), ExitCode.OK, "1 entry removed, up to number 1 (age); "),
        (("pins",), ExitCode.OK, "name\tfrom entry\tsince\nhere\t2\t"),
        (("unpin", "here"), ExitCode.OK, "The pin 'here' is gone"),
        (("unpin", "here"), ExitCode.FAILURE, "acore: there is no pin 'here': there are none"),
        (("pins",), ExitCode.OK, "Nothing is pinned."),
        (("purge", "--json"), ExitCode.OK, f'{{"rows":{count - 2},"last_seq":{last - 1},"reason":"age",'),
        (("purge",), ExitCode.OK, "Nothing was removed; "),
        (("verify",), ExitCode.OK, f"The journal is whole.\nentries  1, up to number {last}\n"),
    ):
        assert invoke(["journal", "--data", str(data), *command]) == code
        said = capsys.readouterr()
        assert (said.out + said.err).startswith(words)
