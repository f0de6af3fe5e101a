"""It heals: each of the five actors fails in turn, and nobody who uses the bot notices."""

from pathlib import Path

import msgspec
import pytest

from acore.errors import ExitCode
from acore.events.discord import GatewayView, Link
from acore.events.health import CheckCompleted, Health, HealthView
from acore.events.lifecycle import ActorLine, LifecycleView
from acore.events.metrics import ActivityCounted, MetricsView
from acore.events.settings import SettingsRead, SettingsView
from acore.events.supervision import ActorStarted
from acore.runtime.administration import ChildState
from acore.sandbox import Person, Sandbox
from acore.storage.query import tail
from acore.storage.store import DATABASE_NAME
from tests.e2e.answers import fields
from tests.e2e.bot import PYTHON, settings_for, started
from tests.e2e.inside import FRAGILE, Inside, inside
from tests.failing import Struck

STORM = Path(__file__).with_name("storm.py")


CORE = [name for name in FRAGILE if name != "gateway"]


@pytest.mark.parametrize("actor", CORE)
async def test_an_actor_that_fails_is_restarted_while_the_status_is_answered(
    home: Path, sandbox: Sandbox, owner: Person, actor: str
) -> None:
    async with inside(sandbox, home / "data") as program:
        before = await owner.invoke("botstatus")
        program.say(Struck(actor=actor, why="the disk sang"))
        meanwhile = await owner.invoke("botstatus")
        await program.sees(LifecycleView, lambda view: _line(view, actor).restarts == 1)
        after = await owner.invoke("botstatus")
        await _assert_healed(program, actor)

    assert all(fields(answer)["Servers"] == "1" for answer in (before, meanwhile, after))
    assert f"({actor}), restarted once" in fields(after)["Parts"]


async def test_the_connection_that_fails_is_restarted_and_what_was_asked_is_answered(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    hold = sandbox.hold("PATCH", "*/messages/@original")
    async with inside(sandbox, home / "data") as program:
        asked = [await person.start_invoke("botstatus") for person in (owner, member)]
        await hold.reached()
        program.say(Struck(actor="gateway", why="the disk sang"))
        await program.sees(LifecycleView, lambda view: _line(view, "gateway").restarts == 1)
        hold.release()
        answers = [await one.answered() for one in asked]
        await program.sees(GatewayView, lambda view: view.link is Link.READY)
        after = await owner.invoke("botstatus")
        await _assert_healed(program, "gateway")

    assert all(fields(answer)["Connection"] for answer in answers)
    assert "(gateway), restarted once" in fields(after)["Parts"]


async def _assert_healed(program: Inside, actor: str) -> None:
    """Tree and journal tell that it failed once, why, and that it runs again."""
    in_tree = program.actor(actor)
    assert in_tree.state is ChildState.RUNNING
    assert (in_tree.incarnation, in_tree.restarts) == (2, 1)
    assert in_tree.last_exit is not None
    assert in_tree.last_exit.reason == "StruckError: the disk sang"
    await program.journaled()
    (exited,) = [one for one in program.told("actor.exited", actor) if one["exit"] == "crashed"]
    assert (exited["reason"], exited["handling"]) == ("StruckError: the disk sang", "test.struck")
    (restarting,) = program.told("actor.restarting", actor)
    assert restarting["within"] > 0
    assert [one["incarnation"] for one in program.told("actor.started", actor)] == [1, 2]


def _line(view: LifecycleView, actor: str) -> ActorLine:
    return next(line for line in view.actors if line.name == actor)


async def test_what_was_queued_for_the_counters_is_counted_after_their_crash(
    home: Path, sandbox: Sandbox
) -> None:
    async with inside(sandbox, home / "data") as program:
        program.say(Struck(actor="metrics"))
        for _ in range(100):
            program.say(ActivityCounted(messages=7))
        await program.sees(MetricsView, lambda view: view.counters.messages == 700)

        assert program.actor("metrics").incarnation == 2


async def test_what_was_queued_for_the_health_checks_is_noted_after_their_crash(
    home: Path, sandbox: Sandbox
) -> None:
    async with inside(sandbox, home / "data") as program:
        program.say(Struck(actor="health"))
        for check in ("discord_api", "database", "performance"):
            program.say(CheckCompleted(check=check, status=Health.HEALTHY, message="queued", seconds=0.1))
        await program.sees(HealthView, lambda view: [one.message for one in view.checks] == 3 * ["queued"])

        assert program.actor("health").incarnation == 2


async def test_what_was_queued_for_start_and_stop_is_noted_after_their_crash(
    home: Path, sandbox: Sandbox
) -> None:
    async with inside(sandbox, home / "data") as program:
        program.say(Struck(actor="lifecycle"))
        program.say(ActorStarted(actor="queued", incarnation=3))
        await program.sees(LifecycleView, lambda view: any(one.name == "queued" for one in view.actors))

        assert program.actor("lifecycle").incarnation == 2


async def test_what_was_queued_for_the_settings_is_in_force_after_their_crash(
    home: Path, sandbox: Sandbox
) -> None:
    async with inside(sandbox, home / "data") as program:
        facts = (await program.sees(SettingsView, lambda _view: True)).facts
        program.say(Struck(actor="config"))
        program.say(SettingsRead(facts=msgspec.structs.replace(facts, revision="queued")))
        await program.sees(SettingsView, lambda view: view.facts.revision == "queued")

        assert program.actor("config").incarnation == 2


async def test_a_storm_of_crashes_ends_the_process_with_the_first_cause_in_one_line(
    home: Path, sandbox: Sandbox
) -> None:
    """S30: the cause is on disk before the store stops, and the exit code says that it was no good end."""
    async with started((PYTHON, str(STORM)), home, settings_for(sandbox)) as bot:
        code = await bot.ended()

    assert code == ExitCode.SOFTWARE, bot.output
    (line,) = bot.complaints
    assert "metrics kept failing" in line, bot.output
    assert "RuntimeError: the disk sang 1 time(s)" in line, bot.output
    rows = tail(home / "data" / DATABASE_NAME, limit=1000)
    gave_up = [row.source for row in rows if row.name == "supervisor.gave_up"]
    assert gave_up[0] == "core"
    assert gave_up[-1] == "acore"
    after = rows[[row.name for row in rows].index("supervisor.gave_up") :]
    assert any(row.name == "actor.exited" and '"actor":"narrator"' in row.payload for row in after)
    assert "in good order" not in bot.output
    assert "Traceback" not in bot.output
