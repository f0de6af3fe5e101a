"""`/botstatus`: who sees what of it, and that it is answered in every condition of the bot."""

from datetime import timedelta
from pathlib import Path

import pytest

from acore.discord import client
from acore.events.discord import GatewayView, Link
from acore.events.health import CheckCompleted, Health, HealthView
from acore.events.lifecycle import LifecycleView
from acore.runtime.administration import ChildState
from acore.runtime.restart import Backoff
from acore.sandbox import Person, Refuse, Sandbox
from tests.e2e.answers import fields, is_ephemeral, requests
from tests.e2e.bot import running
from tests.e2e.inside import Asked, Hang, ShiftedClock, fragile, inside
from tests.failing import Struck

CALLBACK, ANSWER = "/callback", "/messages/@original"


async def test_the_owner_alone_sees_an_answer_with_the_operators_part(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with running(home, sandbox):
        answer = await owner.invoke("botstatus")
        said = await owner.say("that was for me")
        await member.wait_for(lambda event: event.data.get("id") == said["id"], within=5)

    assert is_ephemeral(answer)
    assert {"Version", "Processor", "Record keeping", "Last run", "Parts"} <= fields(answer).keys()
    assert answer["id"] not in {event.data.get("id") for event in member.events}
    assert answer["id"] not in {one["id"] for one in await member.messages()}


async def test_everybody_sees_a_members_answer_and_it_has_no_operators_part(
    home: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with running(home, sandbox):
        answer = await member.invoke("botstatus")
        seen = await owner.wait_for(
            lambda event: event.name == "MESSAGE_UPDATE" and event.data["id"] == answer["id"], within=5
        )

    assert not is_ephemeral(answer)
    assert fields(seen.data) == fields(answer)
    assert fields(answer)["Servers"] == "1"
    assert fields(answer)["People"] == "3"
    assert not {"Version", "Record keeping", "Last run", "Parts"} & fields(answer).keys()


async def test_every_request_names_the_library_as_discord_wants(
    home: Path, recording: Path, sandbox: Sandbox, member: Person
) -> None:
    async with running(home, sandbox) as bot:
        await member.invoke("botstatus")
        await bot.stop()

    asked = [one for method in ("GET", "POST", "PATCH") for one in requests(recording, method, "")]
    assert len(asked) >= 5
    assert all(one["request_headers"]["User-Agent"].startswith("DiscordBot (") for one in asked)


async def test_the_acknowledgement_takes_less_than_a_second(
    home: Path, recording: Path, sandbox: Sandbox, member: Person
) -> None:
    async with running(home, sandbox):
        invocation = await member.start_invoke("botstatus")
        acknowledged = await invocation.acknowledged()
        await invocation.answered()

    assert acknowledged.at - invocation.began_at < 1.0
    assert [one["request_json"]["type"] for one in requests(recording, "POST", CALLBACK)] == [5]


async def test_an_answer_comes_before_the_bot_is_ready(
    home: Path, sandbox: Sandbox, member: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inside(sandbox, home / "data"):
        pass  # the command is registered now
    monkeypatch.setattr(client, "_GUILD_PAUSE", 60.0)
    hold = sandbox.hold("GET", "/applications/*/commands")
    async with inside(sandbox, home / "data", is_ready=False):
        await hold.reached()  # Discord's READY is here, the bot's own news of it is held up
        answer = await member.invoke("botstatus")

    assert fields(answer)["Connection"].startswith("connecting")
    assert fields(answer)["Servers"] == "not known yet"


async def test_an_answer_comes_while_the_gateway_is_down_and_again_when_it_is_back(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    hold = sandbox.hold("POST", "/interactions/*/callback")
    async with inside(sandbox, home / "data") as program:
        invocation = await owner.start_invoke("botstatus")
        await hold.reached()
        refusal = sandbox.inject(Refuse())
        sandbox.close_gateway(None)
        await program.sees(GatewayView, lambda view: view.link is not Link.READY)
        hold.release()
        cut_off = await invocation.answered()

        refusal.end()
        await program.sees(GatewayView, lambda view: view.link is Link.READY)
        back = await owner.invoke("botstatus")

    assert fields(cut_off)["Connection"].startswith("connection lost")
    assert fields(cut_off)["Latency"] == "not known yet"
    assert fields(cut_off)["Servers"] == "not known yet"
    assert fields(back)["Connection"].startswith("connected")


@pytest.mark.parametrize("latency", [float("inf"), float("nan"), None])
async def test_a_latency_that_is_no_number_is_not_known_yet(
    home: Path, sandbox: Sandbox, member: Person, monkeypatch: pytest.MonkeyPatch, latency: float | None
) -> None:
    def measured(_door: client.OwnedDoor) -> float | None:
        return latency

    monkeypatch.setattr(client.OwnedDoor, "latency", measured)
    async with inside(sandbox, home / "data"):
        answer = await member.invoke("botstatus")

    assert fields(answer)["Latency"] == "not known yet"


async def test_while_an_actor_waits_to_be_restarted_the_answer_says_why(
    home: Path, sandbox: Sandbox, owner: Person
) -> None:
    long = Backoff(first=60.0, cap=60.0, jitter=0)
    async with inside(sandbox, home / "data", amend=lambda tree: fragile(tree, long)) as program:
        program.say(Struck(actor="health", why="the disk sang"))
        await program.sees(LifecycleView, lambda view: any("sang" in one.last_failure for one in view.actors))
        answer = await owner.invoke("botstatus")

        assert program.actor("health").state is ChildState.BACKOFF
    health = next(line for line in fields(answer)["Parts"].splitlines() if " health" in line)
    assert health.startswith("🟡")
    assert "StruckError: the disk sang" in health


async def test_what_a_hung_actor_knew_is_shown_with_its_age(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    clock = ShiftedClock()
    async with inside(sandbox, home / "data", clock=clock) as program:
        program.say(CheckCompleted(check="database", status=Health.HEALTHY, message="so far", seconds=0.1))
        seen = await program.sees(
            HealthView, lambda view: any(one.message == "so far" for one in view.checks)
        )
        program.say(Hang())
        await program.sees(Asked, lambda _view: True)
        clock.ahead += timedelta(minutes=5)
        answer = await member.invoke("botstatus")

    at = next(one.at for one in seen.checks if one.message == "so far")
    assert f"**Database** so far · <t:{int(at.timestamp())}:R>" in fields(answer)["Checks"]
    assert "_last news <t:" in fields(answer)["Checks"]


async def test_an_answer_survives_a_crash_of_the_connection_after_the_acknowledgement(
    home: Path, recording: Path, sandbox: Sandbox, member: Person
) -> None:
    hold = sandbox.hold("PATCH", f"*{ANSWER}")
    async with inside(sandbox, home / "data") as program:
        invocation = await member.start_invoke("botstatus")
        await hold.reached()
        program.say(Struck(actor="gateway"))
        await program.sees(GatewayView, lambda view: view.link is not Link.READY)
        hold.release()
        answer = await invocation.answered()
        await program.journaled()
        restarted = program.told("actor.restarting", "gateway")

    assert fields(answer)["Connection"]
    assert len(requests(recording, "POST", CALLBACK)) == 1
    assert [one["status"] for one in requests(recording, "PATCH", ANSWER)].count(200) == 1
    assert len(restarted) == 1


@pytest.mark.parametrize("held", [("PATCH", f"*{ANSWER}"), ("POST", f"*{CALLBACK}")])
async def test_an_answer_survives_the_death_of_the_process(
    home: Path, recording: Path, sandbox: Sandbox, member: Person, held: tuple[str, str]
) -> None:
    """Killed before the answer, and killed before the acknowledgement but after the record."""
    hold = sandbox.hold(*held)
    async with running(home, sandbox) as bot:
        invocation = await member.start_invoke("botstatus")
        await hold.reached()
        await bot.kill()
    hold.release()
    async with running(home, sandbox):
        answer = await invocation.answered()

    assert fields(answer)["Servers"]
    callbacks = [one["status"] for one in requests(recording, "POST", CALLBACK)]
    assert [status for status in callbacks if status != 503] == [204]


async def test_everybody_who_asks_at_once_gets_one_answer(
    home: Path, recording: Path, sandbox: Sandbox, owner: Person, member: Person
) -> None:
    async with running(home, sandbox):
        asked = [await person.start_invoke("botstatus") for _ in range(10) for person in (owner, member)]
        answers = [await one.answered() for one in asked]

    assert len({answer["id"] for answer in answers}) == 20
    assert [is_ephemeral(answer) for answer in answers] == 10 * [True, False]
    assert [one["status"] for one in requests(recording, "POST", CALLBACK)] == 20 * [204]
    assert [one["status"] for one in requests(recording, "PATCH", ANSWER)] == 20 * [200]


async def test_it_is_answered_in_direct_messages_too(home: Path, sandbox: Sandbox, member: Person) -> None:
    channel = await member.direct_channel(sandbox.world.application.bot.id)
    async with running(home, sandbox):
        answer = await member.invoke("botstatus", channel_id=channel)

    assert answer["channel_id"] == channel
    assert fields(answer)["Servers"] == "1"


async def test_a_role_named_in_the_settings_makes_an_admin_of_its_members(
    home: Path, sandbox: Sandbox, member: Person
) -> None:
    role = sandbox.world.add_role("Crew")
    async with running(home, sandbox, ADMIN_ROLES=role.id):
        before = await member.invoke("botstatus")
        sandbox.world.give_role(sandbox.world.member, role)
        after = await member.invoke("botstatus")

    assert not is_ephemeral(before)
    assert is_ephemeral(after)
    assert "Parts" in fields(after)
