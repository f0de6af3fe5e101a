"""`/ops`: operators see the tree in Discord, and have one part started again."""

import sqlite3  # noqa: TID251 - the audit log is read as an auditor would
from pathlib import Path
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from acore.actors import answers
from acore.app import App
from acore.clock import RealClock
from acore.events.discord import GatewayView, Link
from acore.events.lifecycle import LifecycleView
from acore.events.parts import PartRestarted, RestartActor
from acore.runtime.actor import Context
from acore.runtime.administration import ChildState
from acore.runtime.cause import Cause
from acore.runtime.edge import EdgeContext
from acore.runtime.restart import Backoff
from acore.sandbox import Person, Sandbox, UnknownCommandError
from acore.storage.reader import StoreReader
from acore.storage.store import DATABASE_NAME
from tests.e2e.answers import fields, is_ephemeral, requests
from tests.e2e.bot import LONG, running
from tests.e2e.inside import Inside, fragile, inside
from tests.failing import FragileHealth, Struck

PARTS = [
    "writer",
    "reader",
    "samples",
    "narrator",
    "files",
    "process",
    "host",
    "prober",
    "config",
    "lifecycle",
    "health",
    "metrics",
    "control",
    "gateway",
    "outbox",
]


async def offered(person: Person) -> None:
    """Return when the operators' commands are registered where *person* is."""
    with RealClock().deadline(LONG):
        while not any(one["name"] == "ops" for one in await person.commands()):
            pass
        return
    raise AssertionError("/ops was not registered")


async def restarted(program: Inside, actor: str, times: int = 1) -> list[dict[str, Any]]:
    """Return what the journal tells of restarts of *actor* that somebody wanted, once there are so many."""
    with RealClock().deadline(LONG):
        while len(found := program.told("part.restarted", actor)) < times:
            await checkpoint()
            await program.journaled()
        return found
    raise AssertionError(f"{actor} was not restarted")


async def test_the_owner_sees_every_part_and_nobody_else_sees_the_answer(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    """S70: state, restarts and the last failure of each part."""
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        program.say(Struck(actor="metrics", why="the disk sang"))
        await program.sees(
            LifecycleView, lambda view: any(one.restarts == 1 and one.failed for one in view.actors)
        )
        answer = await owner.invoke("ops actors")
        said = await owner.say("that was for me")
        await member.wait_for(lambda event: event.data.get("id") == said["id"], within=5)

    assert is_ephemeral(answer)
    assert answer["id"] not in {event.data.get("id") for event in member.events}
    shown = "\n".join(fields(answer).values())
    for part in PARTS:
        assert shown.count(f"({part})** ") == 1, shown
    metrics = next(line for line in shown.splitlines() if "(metrics)" in line)
    assert "restarted once" in metrics
    assert "StruckError: the disk sang" in metrics


async def test_while_a_part_waits_to_be_restarted_the_tree_says_so(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    """S33: asked while a part waits, the tree answers at once, with when it is due."""
    long = Backoff(first=60.0, cap=60.0, jitter=0)
    async with inside(sandbox, home / "data", amend=lambda tree: fragile(tree, long)) as program:
        await offered(owner)
        program.say(Struck(actor="health", why="the disk sang"))
        with RealClock().deadline(LONG):
            while program.actor("health").state is not ChildState.BACKOFF:
                await checkpoint()
        answer = await owner.invoke("ops actors")

    assert answer["embeds"][0]["title"].endswith("1 of 16 parts is not running")
    shown = fields(answer)["What the bot decides (core)"]
    line = next(line for line in shown.splitlines() if "(health)" in line)
    assert line.startswith("🟡 **the health checks (health)** waits to restart since <t:")
    assert "due <t:" in line
    assert "StruckError: the disk sang" in line


async def test_who_is_no_operator_is_refused_and_that_is_recorded(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        looked = await member.invoke("ops actors")
        tried = await member.invoke("ops restart", {"part": "gateway"})
        await program.journaled()
        denied = [one["command"] for one in program.told("interaction.denied")]

        assert program.actor("gateway").incarnation == 1
    assert [one["embeds"][0]["description"] for one in (looked, tried)] == [
        "You may not use /ops actors here.",
        "You may not use /ops restart here.",
    ]
    assert is_ephemeral(looked)
    assert denied == ["ops actors", "ops restart"]


@pytest.mark.parametrize("part", PARTS)
async def test_each_part_can_be_restarted_from_discord_and_the_bot_goes_on(
    home: Path, sandbox: Sandbox, owner: Person, part: str
) -> None:
    """S68, S69: also the part through which it is done, and the one that is asked: none waits for itself."""
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        before = program.actor(part).incarnation
        answer = await owner.invoke("ops restart", {"part": part})
        (told,) = await restarted(program, part)
        await program.sees(GatewayView, lambda view: view.link is Link.READY)
        after = await owner.invoke("botstatus")

        assert program.actor(part).incarnation == before + 1
        assert program.actor(part).state is ChildState.RUNNING
    assert answer["embeds"][0]["description"].startswith("Restarting ")
    assert (told["actor"], told["by"]) == (part, "owner")
    assert fields(after)["Servers"] == "1"


async def test_a_part_that_waits_to_be_started_again_is_started_at_once(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    """S34: who does not want to wait need not."""
    long = Backoff(first=60.0, cap=60.0, jitter=0)
    async with inside(sandbox, home / "data", amend=lambda tree: fragile(tree, long)) as program:
        await offered(owner)
        program.say(Struck(actor="health"))
        with RealClock().deadline(LONG):
            while program.actor("health").state is not ChildState.BACKOFF:
                await checkpoint()
        await owner.invoke("ops restart", {"part": "health"})
        (told,) = await restarted(program, "health")

        assert program.actor("health").state is ChildState.RUNNING
    assert told["seconds"] < 30


async def test_a_part_that_did_not_start_again_can_be_asked_for_once_more(
    home: Path, sandbox: Sandbox, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S68: one that did not start stays stopped, until somebody starts it."""

    async def fail(_health: FragileHealth, _ctx: Context) -> None:
        raise RuntimeError("the disk sang")

    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        with monkeypatch.context() as broken:
            broken.setattr(FragileHealth, "on_start", fail)
            await owner.invoke("ops restart", {"part": "health"})
            with RealClock().deadline(LONG):
                while not (told := program.told("part.not_restarted", "health")):
                    await checkpoint()
                    await program.journaled()
            shown = fields(await owner.invoke("ops actors"))["What the bot decides (core)"]
        await owner.invoke("ops restart", {"part": "health"})
        await restarted(program, "health")

        assert program.actor("health").state is ChildState.RUNNING
    assert "the disk sang" in told[0]["reason"]
    assert "⚪ **the health checks (health)** stopped since" in shown


async def test_a_restart_of_the_connection_is_answered_when_discord_is_slow(
    home: Path, recording: Path, sandbox: Sandbox, owner: Person
) -> None:
    """S52: the answer that is owed outlives the connection it was asked through."""
    hold = sandbox.hold("PATCH", "*/messages/@original")
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        invocation = await owner.start_invoke("ops restart", {"part": "gateway"})
        await restarted(program, "gateway")  # without having been answered
        hold.release()
        answer = await invocation.answered()

    assert answer["embeds"][0]["description"].startswith("Restarting the Discord connection.")
    assert [one["status"] for one in requests(recording, "PATCH", "/messages/@original")].count(200) == 1


async def test_who_had_what_restarted_is_in_the_log_and_in_the_audit_log(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    async with running(home, sandbox) as bot:
        await bot.said("/ops is now registered in server")
        await owner.invoke("ops restart", {"part": "metrics"})
        await bot.said("owner restarted the counters; that took")
        await owner.invoke("ops restart", {"part": "nonsense"})
        await bot.stop()
    with sqlite3.connect(home / "data" / DATABASE_NAME) as database:
        rows = database.execute(
            "SELECT who, target, outcome FROM audit WHERE action LIKE '%restart' ORDER BY seq"
        ).fetchall()
    database.close()

    who = f"owner ({sandbox.world.owner.id})"
    assert rows == [
        (who, "part=metrics", "allowed"),
        (who, "metrics", "asked"),
        (who, "metrics", "done"),
        (who, "part=nonsense", "allowed"),
        (who, "nonsense", "refused"),
    ]


async def test_a_part_that_does_not_exist_is_named_in_the_answer(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    async with running(home, sandbox) as bot:
        await bot.said("/ops is now registered in server")
        answer = await owner.invoke("ops restart", {"part": "nonsense"})

    assert answer["embeds"][0]["description"] == (
        "There is no part called nonsense that can be restarted. `/ops actors` shows what there is; "
        "of a group, restart the parts."
    )


async def test_a_restart_that_fails_is_told_and_the_bot_goes_on(
    home: Path, sandbox: Sandbox, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_app: App, _name: str, _cause: Cause) -> None:
        raise RuntimeError("the disk sang")

    monkeypatch.setattr(App, "restart_actor", fail)
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        await owner.invoke("ops restart", {"part": "metrics"})
        with RealClock().deadline(LONG):
            while not (told := program.told("part.not_restarted", "metrics")):
                await checkpoint()
                await program.journaled()
        again = await owner.invoke("ops restart", {"part": "metrics"})

    assert [one["reason"] for one in told] == ["RuntimeError: the disk sang"]
    assert again["embeds"][0]["description"].startswith("Restarting the counters.")


async def test_the_outcome_of_a_restart_belongs_to_the_wish(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    """B22, B23: the outcome has the correlation of the command it came from, and an id of its own."""
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        await owner.invoke("ops restart", {"part": "metrics"})
        await restarted(program, "metrics")
        names = (program.bus.catalog.of(kind).name for kind in (PartRestarted, RestartActor))
        restarted_name, asked_name = names
        with sqlite3.connect(home / "data" / DATABASE_NAME) as database:
            found = dict(
                database.execute(
                    "SELECT name, correlation FROM journal WHERE name IN (?, ?, 'interaction.received') "
                    "AND kind <> 'reply'",
                    (restarted_name, asked_name),
                ).fetchall()
            )
        database.close()

    assert len(found) == 3
    assert len(set(found.values())) == 1


async def test_parts_are_suggested_to_who_may_restart_them_also_in_the_first_moment_of_a_new_process(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with inside(sandbox, home / "data"):
        await offered(owner)
    async with inside(sandbox, home / "data"):
        every = await owner.suggestions("ops restart", {"part": ""}, "part")
        some = await owner.suggestions("ops restart", {"part": "disc"}, "part")
        none = await member.suggestions("ops restart", {"part": ""}, "part")

    assert {one["value"] for one in every} >= set(PARTS)
    assert some == [{"name": "the Discord connection (gateway)", "value": "gateway"}]
    assert none == []


async def test_operators_commands_are_registered_in_operators_servers_and_nowhere_else(
    home: Path, recording: Path, sandbox: Sandbox, owner: Person
) -> None:
    elsewhere = sandbox.world.add_guild("Elsewhere", users=[sandbox.world.member, sandbox.world.owner])
    channel = await owner.direct_channel(sandbox.world.application.bot.id)
    async with running(home, sandbox) as bot:
        await bot.said(f"/ops is now registered in server {sandbox.guild_id}")
        answer = await owner.invoke("botstatus", channel_id=channel)
        await bot.stop()

    written = {
        one["path"].split("/applications/")[1].split("/", 1)[1]: one
        for one in requests(recording, "PUT", "/commands")
    }
    assert set(written) == {"commands", f"guilds/{sandbox.guild_id}/commands"}
    names = {path: [one["name"] for one in found["request_json"]] for path, found in written.items()}
    assert names == {"commands": ["botstatus"], f"guilds/{sandbox.guild_id}/commands": ["ops"]}
    assert answer["embeds"]
    assert elsewhere.id not in bot.output.split("registered in server")[1]


async def test_a_server_that_is_added_later_gets_the_operators_commands_then(
    home: Path, sandbox: Sandbox
) -> None:
    world = sandbox.world
    async with running(home, sandbox) as bot:
        await bot.said("/ops is now registered in server", times=1)
        added = world.add_guild("Later", users=[world.owner, world.application.bot])
        await bot.said(f"/ops is now registered in server {added.id}")


async def test_servers_that_the_settings_name_get_them_instead(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    world = sandbox.world
    other = world.add_guild("Other", users=[world.member, world.application.bot])
    async with running(home, sandbox, OPERATOR_GUILDS=other.id) as bot:
        await bot.said(f"/ops is now registered in server {other.id}")
        await bot.stop()
        with pytest.raises(UnknownCommandError):
            await owner.invoke("ops actors")


async def test_the_owner_sees_why_somebody_was_refused(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        await member.invoke("ops restart", {"part": "gateway"})
        last = await owner.invoke("ops why")
        suggested = await owner.suggestions("ops why", {"what": "refused /ops"}, "what")
        by_number = await owner.invoke("ops why", {"what": suggested[0]["value"]})
        await program.journaled()

    assert is_ephemeral(last)
    assert last["embeds"][0]["title"] == "Why: last"
    told = last["embeds"][0]["description"]
    assert "**member used /ops restart and was refused: /ops restart needs admin; viewer by" in told
    assert suggested[0]["name"].endswith("UTC: member was refused /ops restart")
    assert by_number["embeds"][0]["description"] == told


async def test_the_owner_sees_what_came_of_a_restart(home: Path, sandbox: Sandbox, owner: Person) -> None:
    """From the person's command over the order to the part that is up again, and to the answer."""
    async with inside(sandbox, home / "data") as program:
        await offered(owner)
        await owner.invoke("ops restart", {"part": "metrics"})
        await restarted(program, "metrics")
        answer = await owner.invoke("ops why", {"what": "the counters"})
        await program.journaled()

    lines = answer["embeds"][0]["description"].splitlines()
    found = [line.strip("\u2003└ *").partition(" · ")[0].rstrip("*") for line in lines]
    assert found[0].startswith("owner used /ops restart part=metrics; allowed: owner by")
    order = [
        "The Discord connection asks start and stop: have the counters restarted, for owner",
        "Stopping the counters, as ordered.",
        "The counters stopped in good order.",
        "Starting the counters again, as ordered.",
        "The counters started again (run 2).",
        "The person has the answer,",
    ]
    places = [next(at for at, line in enumerate(found) if line.startswith(words)) for words in order]
    assert places == sorted(places)
    assert [line for line in lines if "**The counters stopped in good order.**" in line]


async def test_why_is_for_operators_and_what_is_unknown_is_said(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with inside(sandbox, home / "data"):
        await offered(owner)
        nothing = await owner.invoke("ops why", {"what": "restart"})
        unknown = await owner.invoke("ops why", {"what": "the weather"})
        refused = await member.invoke("ops why")
        none = await member.suggestions("ops why", {"what": ""}, "what")
        words = await owner.suggestions("ops why", {"what": ""}, "what")

    said = [one["embeds"][0]["description"] for one in (nothing, unknown, refused)]
    assert said[0] == "No part was restarted, as far as the journal goes back"
    assert said[1].startswith("Nothing called 'the weather' is known: give an entry's number or id")
    assert said[2] == "You may not use /ops why here."
    assert none == []
    assert [one["value"] for one in words][:4] == ["last", "denial", "restart", "stop"]
    assert {one["value"] for one in words} >= set(PARTS)


async def test_when_the_records_do_not_answer_that_is_said(
    home: Path, sandbox: Sandbox, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_reader: StoreReader, io: EdgeContext, _job: object) -> None:
        await io.stopping.wait()

    async with inside(sandbox, home / "data"):
        await offered(owner)
        monkeypatch.setattr(StoreReader, "_read", hang)
        monkeypatch.setattr(answers, "_WITHIN", 0.1)
        answer = await owner.invoke("ops why")

    assert answer["embeds"][0]["description"] == (
        "The records do not answer now. On the bot's machine `acore why` reads them all the same."
    )
