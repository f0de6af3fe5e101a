"""`acore sandbox serve` with a world of one's own, and one that outlives it."""

import json
import signal
from pathlib import Path

import pytest

from acore.clock import RealClock
from acore.errors import ExitCode
from acore.sandbox import Person
from tests.e2e.bot import ACORE, LONG, outcome, started

CLOCK = RealClock()
SERVES = "An embedded Discord serves at"


async def test_a_world_file_says_what_there_is(home: Path) -> None:
    (home / "world.toml").write_text(
        '[[users]]\nname = "ann"\n[[guilds]]\nname = "Here"\n[[guilds.channels]]\nname = "hall"\n'
    )
    state = home / "state.json"
    command = (*ACORE, "sandbox", "serve", "--world", "world.toml", "--state", str(state))
    async with started(command, home, {}) as server:
        await server.said(SERVES)
        known = json.loads(state.read_text())
        async with Person(known["api_v10"], known["user_token"]) as person:
            (guild,) = person.guilds.values()

    assert [one["username"] for one in known["users"]] == ["ann"]
    assert (guild["name"], [one["name"] for one in guild["channels"]]) == ("Here", ["hall"])


async def test_every_mistake_in_a_world_file_is_a_line(home: Path) -> None:
    (home / "world.toml").write_text('[[guild]]\n[[users]]\nname = "a"\nlocal = "de"\n')

    shown = await outcome(home, "sandbox", "--world", "world.toml", "serve")

    assert shown.process.returncode == ExitCode.CONFIG
    assert shown.complaints == [
        "acore: world.toml: [users[1]]: there is no key local; did you mean locale?",
        "acore: world.toml: there is no key guild; did you mean guilds?",
    ]


@pytest.mark.parametrize("option", ["--world", "--keep"])
async def test_a_file_that_cannot_be_read_is_named(home: Path, option: str) -> None:
    shown = await outcome(home, "sandbox", "serve", option, "/")

    assert shown.process.returncode == ExitCode.IO
    assert shown.complaints == ["acore: /: Is a directory"]


async def test_a_kept_file_that_is_none_is_refused_and_left_alone(home: Path) -> None:
    (home / "kept").write_text("my diary\n")

    shown = await outcome(home, "sandbox", "serve", "--keep", "kept")

    assert shown.process.returncode == ExitCode.DATA
    assert "acore: kept: this is no kept state of a sandbox" in shown.err
    assert "Traceback" not in shown.err
    assert (home / "kept").read_text() == "my diary\n"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_what_was_said_outlives_every_end(home: Path, ending: signal.Signals) -> None:
    state, kept = home / "state.json", home / "kept"
    command = (*ACORE, "sandbox", "serve", "--keep", str(kept), "--state", str(state))
    async with started(command, home, {}) as server:
        await server.said(SERVES)
        known = json.loads(state.read_text())
        async with Person(known["api_v10"], known["user_token"]) as person:
            await person.say("remember this")
        if ending is signal.SIGKILL:
            with CLOCK.deadline(LONG):
                while "remember this" not in kept.read_text():
                    await CLOCK.sleep(0.05)
        server.signal(ending)
        await server.ended()
        assert "Traceback" not in server.output

    state.unlink()
    async with started(command, home, {}) as server:
        await server.said(SERVES)
        again = json.loads(state.read_text())
        async with Person(again["api_v10"], known["user_token"]) as person:
            said = [one["content"] for one in await person.messages()]

    assert said == ["remember this"]
    anew: dict[str, object] = {"api": "", "api_v10": "", "control": {}}  # made anew
    assert {**again, **anew} == {**known, **anew}
