"""A sandbox is driven as by many people, and what became of everything they sent is told."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import nextcord  # noqa: TID251 - a real bot is what the sandbox is for
import pytest

from acore.sandbox import Person, Sandbox
from acore.sandbox.load.driver import UNANSWERED, Driver, LoadPlan, NobodyThereError, NoCommandError
from acore.sandbox.load.report import Limit, LoadReport
from tests.e2e.bot import ACORE, started
from tests.sandbox.conftest import Bot, NewBot, Pretend, Running
from tests.sandbox.load.test_ready_dispatches import control

QUICK: dict[str, Any] = {"seconds": 0.5, "seed": 1, "arrivals": "uniform"}


@pytest.fixture
async def quick(pretend: Pretend) -> AsyncIterator[Sandbox]:
    """A sandbox that gives bots a fifth of a second to answer."""
    async with Sandbox(answer_within=0.2) as sandbox:
        pretend(sandbox)
        yield sandbox


def answering(bot: Bot) -> Bot:
    """Give a bot commands: one answers, one thinks first, one is silent, one needs an option."""

    @bot.slash_command(name="needs", description="Needs something.")
    async def needs(interaction: nextcord.Interaction[Any], what: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message(what)

    @bot.slash_command(name="ping", description="Answers.")
    async def ping(interaction: nextcord.Interaction[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message("pong")

    @bot.slash_command(name="think", description="Thinks first.")
    async def think(interaction: nextcord.Interaction[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("thought")

    @bot.slash_command(name="silent", description="Says nothing.")
    async def silent(_interaction: nextcord.Interaction[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    return bot


async def driven(sandbox: Sandbox, **plan: Any) -> LoadReport:  # noqa: ANN401 - any field of a plan
    return await Driver(sandbox.state(), LoadPlan(**QUICK | plan), lambda _passed: None).run()


async def test_messages_are_said_by_everybody_in_turn_at_the_rate_that_was_asked_for(
    unrecorded: Sandbox,
) -> None:
    report = await driven(unrecorded, messages=100, users=6)

    said = [one for one in unrecorded.world.channel.messages.values() if one.content.startswith("load ")]
    assert report.messages is not None
    assert report.messages.sent == len(said) == 50
    assert report.messages.acknowledged == 50
    assert report.messages.sent_rate == report.messages.done_rate == report.messages.wanted_rate == 100
    assert report.messages.failures == {}
    assert {one.author.username for one in said} == {"owner", "member", "load1", "load2", "load3", "load4"}
    assert len({one.nonce for one in said}) == 50
    assert (report.users, report.connected, report.guilds, report.commands) == (6, 6, 1, None)


async def test_commands_are_answered_and_their_latencies_told(
    unrecorded: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(unrecorded, answering(new_bot())):
        report = await driven(unrecorded, commands=40, users=3, command="ping")

    assert report.commands is not None
    assert (report.commands.sent, report.commands.acknowledged, report.commands.answered) == (20, 20, 20)
    assert report.commands.answer is not None
    assert report.commands.acknowledgement is not None
    assert report.commands.answer.count == 20
    assert report.commands.acknowledgement.p50 <= report.commands.answer.p50 <= report.commands.answer.max


async def test_a_bot_that_thinks_first_has_acknowledged_before_it_answers(
    unrecorded: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(unrecorded, answering(new_bot())):
        report = await driven(unrecorded, commands=20, users=2, command="think")

    assert report.commands is not None
    assert (report.commands.acknowledged, report.commands.answered, report.commands.failed) == (10, 10, 0)
    assert report.commands.answer is not None
    assert report.commands.acknowledgement is not None
    assert report.commands.acknowledgement.p50 < report.commands.answer.p50


async def test_a_bot_that_does_not_answer_is_the_limit_and_each_failure_is_counted(
    quick: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(quick, answering(new_bot())):
        report = await driven(quick, commands=20, users=2, command="silent")

    assert report.commands is not None
    assert (report.commands.sent, report.commands.answered) == (10, 0)
    assert report.commands.failures == {UNANSWERED: 10}
    assert report.commands.answer is None


async def test_replies_of_a_bot_are_answers_to_messages(
    unrecorded: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()

    async def reply(message: nextcord.Message) -> None:
        if not message.author.bot:
            await message.channel.send("indeed", reference=message)

    bot.add_listener(reply, "on_message")
    async with running(unrecorded, bot):
        # Replies are not waited for; the last message is due half a second before the end.
        report = await driven(unrecorded, messages=4, seconds=1.3, users=2)

    assert report.messages is not None
    assert report.messages.sent == 5
    assert 1 <= report.messages.answered <= 5
    assert report.messages.answer is not None


async def test_what_is_refused_is_counted_by_its_reason(unrecorded: Sandbox) -> None:
    everyone = unrecorded.world.guild.roles[unrecorded.guild_id]
    report = await driven(unrecorded, messages=20, users=2)
    everyone.permissions &= ~(1 << 11)  # SEND_MESSAGES
    refused = await driven(unrecorded, messages=200, users=2)

    assert report.messages is not None
    assert refused.messages is not None
    assert report.messages.failures == {}
    assert refused.messages.sent == 100
    (reason,) = refused.messages.failures
    assert reason == "403 You lack permissions to perform that action"
    assert refused.messages.acknowledged + refused.messages.failed == 100
    assert refused.messages.acknowledged > 0, "the owner may"


async def test_people_who_are_there_already_are_not_made_again(unrecorded: Sandbox) -> None:
    for _ in range(2):
        await driven(unrecorded, messages=10, users=5)

    assert [one.username for one in unrecorded.users] == ["owner", "member", "load1", "load2", "load3"]


async def test_so_many_guilds_are_used_as_was_asked_for(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    for number in range(4):
        world.add_guild(f"Guild {number}", users=[world.member])
    report = await driven(unrecorded, messages=400, guilds=3, users=2)

    used = [one for one in world.guilds.values() if next(iter(one.channels.values())).messages]
    assert [one.name for one in used] == ["Sandbox", "Guild 0", "Guild 1"]
    assert report.guilds == 3


async def test_one_that_is_stopped_tells_what_there_is(unrecorded: Sandbox) -> None:
    driver = Driver(unrecorded.state(), LoadPlan(messages=50, seconds=3600, users=2), lambda _passed: None)
    reports: list[LoadReport] = []

    async def run() -> None:
        reports.append(await driver.run())

    async with (
        Person(unrecorded.api, unrecorded.world.owner.token) as owner,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(run)
        await owner.wait_for(lambda event: event.name == "MESSAGE_CREATE", within=10)
        driver.stop()
    (report,) = reports
    assert report.was_interrupted
    assert report.messages is not None
    assert report.messages.sent >= 1
    assert report.seconds < 3600


async def test_the_sandbox_tells_how_it_fared(unrecorded: Sandbox) -> None:
    report = await driven(unrecorded, messages=100, users=2)

    assert report.sandbox is not None
    assert report.sandbox.rest is not None
    assert report.sandbox.rest.count == 50, "requests while it was driven, and none before"
    assert report.sandbox.loop_lag is not None
    assert 0 < report.sandbox.loop_lag.count <= 60, "every hundredth of a second"
    assert report.sandbox.processor_share > 0
    assert report.sandbox.seconds >= 0.5
    assert report.verdict == report.limit.sentence


async def test_a_sandbox_that_goes_away_is_told_and_what_was_counted_is_kept(tmp_path: Path) -> None:
    state, reports = tmp_path / "state.json", list[LoadReport]()
    async with started((*ACORE, "sandbox", "serve", "--state", str(state)), tmp_path, {}) as server:
        await server.said("An embedded Discord serves at")
        known = json.loads(state.read_text())
        driver = Driver(
            known, LoadPlan(messages=50, seconds=1, users=2, arrivals="uniform"), lambda _passed: None
        )
        async with anyio.create_task_group() as tasks:
            reports: list[LoadReport] = []

            async def run() -> None:
                reports.append(await driver.run())

            async with Person(known["api_v10"], known["user_token"]) as owner:
                tasks.start_soon(run)
                await owner.wait_for(lambda event: event.name == "MESSAGE_CREATE", within=10)
                await server.kill()
    (report,) = reports
    assert report.limit is Limit.GONE
    assert report.messages is not None
    assert report.messages.acknowledged > 0
    assert report.messages.failed > 0


async def test_a_meter_ends_by_itself(unrecorded: Sandbox) -> None:
    assert (await control(unrecorded, "POST", "load/meter", {"seconds": 0.001}))[0] == 204
    with anyio.fail_after(10):  # noqa: TID251 - it waits for what is to happen
        while unrecorded.meter.is_measuring:
            await control(unrecorded, "GET", "load/meter")


async def test_without_a_command_that_fits_what_there_is_is_named(
    unrecorded: Sandbox, new_bot: NewBot, running: Running
) -> None:
    with pytest.raises(NoCommandError, match=r"there are: none; does the bot run\?"):
        await driven(unrecorded, commands=1)
    async with running(unrecorded, answering(new_bot())):
        with pytest.raises(NoCommandError, match="/needs cannot be used without options or does not exist"):
            await driven(unrecorded, commands=1, command="needs")


async def test_where_nobody_can_speak_nothing_is_driven() -> None:
    async with Sandbox() as sandbox:
        sandbox.world.guild.channels.clear()
        with pytest.raises(NobodyThereError):
            await driven(sandbox, messages=1, users=1)
