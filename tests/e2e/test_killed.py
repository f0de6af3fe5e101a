"""The bot killed at each step of a command: the person is answered all the same, or told why not."""

from pathlib import Path
from typing import Any

from acore.sandbox import Cut, Person, Sandbox
from acore.storage.store import DATABASE_NAME
from tests.e2e.answers import fields, requests
from tests.e2e.bot import PYTHON, running, settings_for, started
from tests.e2e.test_ops import offered
from tests.storage.world import rows

CALLBACK, ANSWER = "/callback", "/messages/@original"
UNFINISHED = (PYTHON, "-m", "tests.e2e.unfinished")


def journaled(home: Path, name: str) -> list[Any]:
    """Return the payloads that the journal has under *name*."""
    found = rows(home / "data" / DATABASE_NAME, "SELECT payload FROM journal WHERE name = ?", name)
    return [payload for (payload,) in found]


async def test_killed_between_acknowledgement_and_reply_it_asks_again_what_only_reads_and_owns_up_to_the_rest(
    home: Path, recording: Path, sandbox: Sandbox, owner: Person
) -> None:
    """J02, J16: asked again, or "interrupted"; each acknowledged once and answered once."""
    async with running(home, sandbox) as bot:
        await offered(owner)
        await bot.stop()
    environ = settings_for(sandbox, PYTHONPATH=str(Path(__file__).parents[2]))
    async with started(UNFINISHED, home, environ) as bot:
        await bot.said("Connected as")
        reading = await owner.start_invoke("botstatus")
        changing = await owner.start_invoke("ops restart", {"part": "health"})
        await bot.said("working on /botstatus")
        await bot.said("working on /ops restart")
        await bot.kill()
    assert journaled(home, "interaction.replied") == []

    async with running(home, sandbox) as bot:
        read = await reading.answered()
        interrupted = await changing.answered()
        await bot.stop()

    assert "Servers" in fields(read)
    assert "The bot was interrupted while it worked on this." in str(interrupted)
    assert [one["status"] for one in requests(recording, "POST", CALLBACK)] == [204, 204]
    assert [one["status"] for one in requests(recording, "PATCH", ANSWER)] == [200, 200]
    assert journaled(home, "part.restart_now") == []
    assert rows(home / "data" / DATABASE_NAME, "SELECT * FROM pending") == []


async def test_killed_between_the_answer_and_its_record_it_gives_the_same_answer_in_the_same_place(
    home: Path, recording: Path, sandbox: Sandbox, member: Person
) -> None:
    """J02: the person sees one answer; that it was given is recorded by the next run."""
    before = [one["id"] for one in await member.messages()]
    lost = sandbox.inject(Cut(method="PATCH", path=f"*{ANSWER}", when="after"))
    async with running(home, sandbox) as bot:
        invocation = await member.start_invoke("botstatus")
        first = await invocation.answered()
        await bot.kill()
    assert journaled(home, "interaction.closed") == []
    lost.end()

    async with running(home, sandbox) as bot:
        await bot.stop()
    closed = journaled(home, "interaction.closed")
    assert len(closed) == 1
    assert '"is_answered":true' in closed[0]
    (answer,) = [one for one in await member.messages() if one["id"] not in before]
    assert answer["id"] == first["id"]
    assert len([one for one in requests(recording, "POST", CALLBACK) if one["status"] == 204]) == 1


async def test_back_after_more_than_fifteen_minutes_it_closes_what_nobody_can_be_answered_any_more(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    """J02, J16: with the reason, in the journal and in the log."""
    hold = sandbox.hold("PATCH", f"*{ANSWER}")
    async with running(home, sandbox) as bot:
        await member.start_invoke("botstatus")
        await hold.reached()
        await bot.kill()
    hold.release()
    database = home / "data" / DATABASE_NAME
    rows(database, "UPDATE pending SET received = json_set(received, '$.received', '2026-01-01T00:00:00Z')")
    ((interaction,),) = rows(database, "SELECT interaction FROM pending")

    async with running(home, sandbox) as bot:
        await bot.said(f"Command {interaction} got no answer: interrupted, and too old to be answered.")
        await bot.stop()
    assert len(journaled(home, "interaction.closed")) == 1
    assert rows(database, "SELECT * FROM pending") == []
