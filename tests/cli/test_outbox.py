"""`acore outbox`: what has no outcome, of a dead bot and of one that runs, and a person's decisions."""

import json
import re
from pathlib import Path
from typing import Any

from acore.errors import ExitCode
from acore.sandbox import Sandbox
from acore.storage.store import DATABASE_NAME
from tests.e2e.bot import Bot, outcome, running
from tests.storage.world import rows


def owe(data: Path, own: str, name: str, policy: str, payload: str = "{}", *, resumed: int = 0) -> None:
    """Leave an effect without an outcome, as a run does that is killed."""
    rows(
        data / DATABASE_NAME,
        "INSERT INTO outbox "
        "(id, seq, name, version, policy, boot, wall_ns, source, cause, correlation, resumed, payload) "
        "VALUES (?, 1, ?, 1, ?, 'a run of long ago', 1767225600000000000, 'health', '', ?, ?, ?)",
        own,
        name,
        policy,
        own,
        resumed,
        payload,
    )


async def told(home: Path, *arguments: str) -> Bot:
    bot = await outcome(home, "outbox", *arguments)
    assert "Traceback" not in bot.output
    return bot


async def listed(home: Path) -> dict[str, str]:
    """Return what becomes of each effect, by its id."""
    found: dict[str, Any] = json.loads((await told(home, "--json")).out)
    assert found["count"] == len(found["effects"])
    return {one["id"]: one["prospect"] for one in found["effects"]}


async def test_what_has_no_outcome_is_listed_told_and_decided(home: Path, sandbox: Sandbox) -> None:
    """J02: of a dead bot what its next start will do; of one that runs what waits for a person."""
    data = home / "data"
    async with running(home, sandbox) as bot:
        await bot.stop()
    assert "Everything that was asked for has its outcome." in (await told(home)).out

    check = '{"check":"discord"}'
    owe(data, "aa11", "check.run", "ask_operator", check)
    owe(data, "aa22", "some.old_thing", "ask_operator")
    owe(data, "bb33", "check.run", "idempotent", check)
    owe(data, "cc44", "check.run", "at_most_once", check)
    owe(data, "dd55", "check.run", "idempotent", check, resumed=3)
    assert await listed(home) == {
        "aa11": "undecided",
        "aa22": "undecided",
        "bb33": "done_again",
        "cc44": "given_up",
        "dd55": "undecided",
    }
    table = (await told(home)).out
    assert 'aa11\tcheck.run\t2026-01-01 00:00:00\t0\twaits for your decision\t{"check":"discord"}\n' in table
    status = await outcome(home, "status")
    assert re.search(r"^unfinished +5 \(`acore outbox` lists them\)$", status.out, re.MULTILINE)
    refused = await told(home, "drop", "aa11")
    assert refused.process.returncode == ExitCode.UNAVAILABLE
    nobody = "the bot carries out what you decide, and none runs on data: start it (`acore run`), then decide"
    assert refused.complaints == [f"acore: {nobody}"]

    async with running(home, sandbox) as bot:
        await bot.said("An earlier run was asked for check.run, which has no outcome: it is done again.")
        await bot.said(
            "An earlier run was asked for check.run; whether it happened is not known, "
            "so it was not tried again."
        )
        await bot.said("3 things whose outcome is not known wait for your decision (")
        status = await outcome(home, "status")
        assert "3 things whose outcome is not known wait for your decision" in status.out
        assert "`acore outbox` lists what waits for your decision" in status.out
        left = await listed(home)
        assert {own: becomes for own, becomes in left.items() if becomes == "undecided"} == {
            "aa11": "undecided",
            "aa22": "undecided",
            "dd55": "undecided",
        }

        ambiguous = await told(home, "retry", "aa")
        assert ambiguous.complaints == ["acore: aa fits 2 of them: give more digits of the id"]
        unknown = await told(home, "retry", "aa22")
        assert unknown.complaints == [
            "acore: cannot read a recorded some.old_thing of version 1: no such message is known"
        ]
        assert unknown.process.returncode == ExitCode.FAILURE
        assert "some.old_thing (aa22) is left as it is.\n" in (await told(home, "drop", "aa22")).out
        assert "check.run (aa11) is done once more.\n" in (await told(home, "retry", "aa1")).out
        again = await told(home, "retry", "aa1")
        assert again.complaints == [
            "acore: nothing waits for a decision under 'aa1': `acore outbox` lists what does"
        ]
        await bot.stop()

    found = rows(
        data / DATABASE_NAME, "SELECT id, name FROM journal WHERE length(id) = 8 AND id GLOB '*.end'"
    )
    outcomes = dict(found)
    assert outcomes == {
        "aa11.end": "check.completed",
        "aa22.end": "effect.abandoned",
        "bb33.end": "check.completed",
        "cc44.end": "effect.abandoned",
    }
    assert await listed(home) == {"dd55": "undecided"}
