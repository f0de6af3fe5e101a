"""acore under every fault of the sandbox: who asks is answered, or told by Discord that nobody did."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from acore.clock import RealClock
from acore.errors import ExitCode
from acore.sandbox import (
    Close,
    Cloudflare,
    Cut,
    DidNotRespondError,
    Drop,
    Fault,
    Invalidate,
    Invocation,
    Lag,
    Latency,
    Limits,
    Mangle,
    MangleEvent,
    Outage,
    Person,
    RateLimit,
    Reconnect,
    Refuse,
    Revoke,
    Sandbox,
    Stall,
    Status,
)
from tests.e2e.answers import fields
from tests.e2e.bot import LONG, Bot, outcome, running, settings_for

ACKNOWLEDGEMENT: dict[str, Any] = {"method": "POST", "path": "/interactions/*"}
ANSWER: dict[str, Any] = {"method": "PATCH", "path": "*/messages/@original"}
UNHURRIED = Limits()
RETRIABLE = (4000, 4001, 4002, 4003, 4005, 4008)
"""Close codes after which a session goes on (Discord's documentation, "Gateway Close Event Codes")."""


@asynccontextmanager
async def in_trouble(
    home: Path, *, ready: str = "Connected as", faults: Sequence[Fault] = (), limits: Limits = UNHURRIED
) -> AsyncGenerator[tuple[Bot, Sandbox, Person]]:
    """Run acore in a sandbox that is as impatient as Discord, with somebody who uses it.

    Afterwards it must still stop in good order, and must never have shown a traceback.
    """
    async with Sandbox(limits=limits) as sandbox, Person(sandbox.api, sandbox.world.member.token) as person:
        for fault in faults:
            sandbox.inject(fault)
        async with running(home, sandbox, ready=ready) as bot:
            yield bot, sandbox, person
            sandbox.clear_faults()
            assert await bot.stop() == ExitCode.OK, bot.output
    assert "Traceback" not in bot.output, bot.output
    assert not bot.complaints, bot.output


async def disconnected(sandbox: Sandbox) -> None:
    with RealClock().deadline(LONG):
        while sandbox.is_connected(sandbox.world.application.bot):
            await checkpoint()


async def answered(person: Person) -> None:
    assert fields(await person.invoke("botstatus", within=10))["Servers"] == "1"


async def answered_in_the_end(invocation: Invocation) -> None:
    assert fields(await invocation.answered(within=30))["Servers"] == "1"


async def not_answered(invocation: Invocation) -> None:
    with pytest.raises(DidNotRespondError):
        await invocation.answered(within=10)


# -- the gateway


async def test_what_was_asked_while_the_gateway_was_lost_is_answered_when_it_is_back(home: Path) -> None:
    """Whichever way it was lost, and however often: RESUME repeats it, and its three seconds are not over."""
    ways = [Drop(), Reconnect(), Invalidate(resumable=True), *(Close(code=code) for code in RETRIABLE)]
    async with in_trouble(home) as (bot, sandbox, person):
        await answered(person)
        for number, fault in enumerate(ways, start=1):
            refusal = sandbox.inject(Refuse())
            sandbox.inject(fault)
            await disconnected(sandbox)
            meanwhile = await person.start_invoke("botstatus")
            refusal.end()
            await answered_in_the_end(meanwhile)
            await bot.said("nothing was missed", times=number)
        await answered(person)


@pytest.mark.parametrize(
    "fault", [Invalidate(), Close(code=4007), Close(code=4009)], ids=["op 9", "4007", "4009"]
)
async def test_a_session_that_is_over_is_begun_anew(home: Path, fault: Fault) -> None:
    """Discord repeats nothing to a new session, so what is asked meanwhile fails; nextcord waits 5 s."""
    async with in_trouble(home) as (bot, sandbox, person):
        await answered(person)
        sandbox.inject(fault)
        await disconnected(sandbox)
        meanwhile = await person.start_invoke("botstatus")
        await not_answered(meanwhile)
        await bot.said("Connected as", times=2)
        await answered(person)


async def test_what_is_held_up_by_a_silent_gateway_is_answered_if_the_silence_is_short(home: Path) -> None:
    async with in_trouble(home) as (bot, sandbox, person):
        sandbox.inject(Stall(seconds=1.0))
        await answered_in_the_end(await person.start_invoke("botstatus"))

        stall = sandbox.inject(Stall())
        await not_answered(await person.start_invoke("botstatus"))
        stall.end()
        await answered(person)
        await bot.said("Unknown interaction")


async def test_frames_and_requests_that_are_late_by_chance_only_make_it_slower(home: Path) -> None:
    async with in_trouble(home) as (_, sandbox, person):
        sandbox.inject(Latency(ms=250, jitter=200, seed=7))
        sandbox.inject(Lag(ms=150, jitter=150, seed=7))
        invocations = [await person.start_invoke("botstatus") for _ in range(3)]
        for one in invocations:
            await answered_in_the_end(one)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (Close(code=4004), ExitCode.NO_PERMISSION, "DISCORD_TOKEN"),
        (Revoke(), ExitCode.NO_PERMISSION, "DISCORD_TOKEN"),
        (Close(code=4010), ExitCode.PROTOCOL, "4010"),
        (Close(code=4011), ExitCode.PROTOCOL, "4011"),
        (Close(code=4012), ExitCode.PROTOCOL, "4012"),
        (Close(code=4013), ExitCode.PROTOCOL, "4013"),
        (Close(code=4014), ExitCode.CONFIG, "intents"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else None,
)
async def test_what_only_a_person_can_mend_ends_it_with_one_line(
    home: Path, fault: Fault, code: ExitCode, words: str
) -> None:
    async with Sandbox() as sandbox, running(home, sandbox) as bot:
        sandbox.inject(fault)
        assert await bot.ended() == code, bot.output

    (line,) = bot.complaints
    assert words in line
    assert "Traceback" not in bot.output


# -- everything


async def test_after_a_short_outage_what_was_asked_in_it_is_answered_and_after_a_long_one_it_goes_on(
    home: Path,
) -> None:
    async with in_trouble(home) as (bot, sandbox, person):
        sandbox.inject(Outage(seconds=1.0))
        await answered_in_the_end(await person.start_invoke("botstatus"))

        outage = sandbox.inject(Outage())
        await not_answered(await person.start_invoke("botstatus"))
        outage.end()
        await bot.said("nothing was missed", times=2)
        await answered(person)


async def test_an_outage_at_the_start_is_waited_out(home: Path) -> None:
    async with in_trouble(home, ready="trying again in", faults=[Outage()]) as (bot, sandbox, person):
        sandbox.clear_faults()
        await bot.said("Connected as")
        await answered(person)


# -- REST


async def test_a_storm_of_server_errors_on_every_route_delays_the_answer_or_loses_only_what_is_too_late(
    home: Path,
) -> None:
    async with in_trouble(home) as (_, sandbox, person):
        for status, seconds in ((500, 0.5), (502, 0.5), (503, 0.5), (504, 1.7)):
            storm = sandbox.inject(Status(status=status, seconds=seconds))
            await answered_in_the_end(await person.start_invoke("botstatus"))
            assert storm.struck > 1

        storm = sandbox.inject(Status(status=503))
        await not_answered(await person.start_invoke("botstatus"))
        storm.end()
        await answered(person)


async def test_a_storm_of_server_errors_at_the_start_is_waited_out(home: Path) -> None:
    storm = Status(status=503)
    async with in_trouble(home, ready="trying again in", faults=[storm]) as (bot, sandbox, person):
        sandbox.clear_faults()
        await bot.said("Connected as")
        await answered(person)


async def test_an_answer_that_discord_wants_later_is_given_later(home: Path) -> None:
    """429 on an interaction's token, with and without Via; and what was carried out is not done twice."""
    troubles: list[Fault] = [
        RateLimit(**ACKNOWLEDGEMENT, retry_after=0.7, times=1),
        RateLimit(**ACKNOWLEDGEMENT, retry_after=0.3, times=3),
        RateLimit(**ACKNOWLEDGEMENT, retry_after=1.0, scope="global", times=1),
        RateLimit(**ANSWER, retry_after=0.7, times=1),
        RateLimit(**ANSWER, retry_after=1.0, scope="shared", times=1),
        Cloudflare(**ACKNOWLEDGEMENT, retry_after=1, times=1),
        Cloudflare(**ANSWER, retry_after=1, times=1),
        Cut(**ACKNOWLEDGEMENT, times=1),
        Cut(**ACKNOWLEDGEMENT, when="after", times=1),
        Cut(**ANSWER, times=1),
        Cut(**ANSWER, when="after", times=1),
        Mangle(**ANSWER, pointer="/id", times=1),
        Mangle(**ANSWER, pointer="", value="what?", times=1),
    ]
    async with in_trouble(home) as (_, sandbox, person):
        for trouble in troubles:
            active = sandbox.inject(trouble)
            await answered_in_the_end(await person.start_invoke("botstatus"))
            assert active.times_left == 0, trouble
        assert len(sandbox.world.channel.messages) == len(troubles)


async def test_a_ban_that_outlasts_the_three_seconds_loses_one_answer_and_no_more(home: Path) -> None:
    async with in_trouble(home) as (_, sandbox, person):
        sandbox.inject(Cloudflare(**ACKNOWLEDGEMENT, retry_after=60, times=1))
        await not_answered(await person.start_invoke("botstatus"))
        await answered(person)


async def test_limits_of_the_bots_own_routes_are_waited_out_at_the_start(home: Path) -> None:
    faults: list[Fault] = [
        RateLimit(path="/users/@me", retry_after=0.5, times=1),
        RateLimit(path="/gateway/bot", retry_after=0.5, scope="global", times=1),
        RateLimit(path="/applications/*", retry_after=0.5, times=2),
    ]
    async with in_trouble(home, faults=faults) as (bot, sandbox, person):
        await bot.said("is now registered everywhere")
        await answered(person)
        assert len(sandbox.commands.listed(sandbox.application_id, None)) == 1


async def test_with_discords_own_limits_it_comes_up_and_answers(home: Path) -> None:
    limits = Limits(routes="discord", identify_interval=5.0)
    async with in_trouble(home, limits=limits) as (bot, _, person):
        await bot.said("is now registered everywhere")
        for _ in range(6):
            await answered(person)


# -- fields that are wrong or missing


async def test_a_session_begins_without_what_ready_may_lack(home: Path) -> None:
    missing = ("/private_channels", "/presences", "/shard", "/user/flags", "/v")
    faults = [MangleEvent(event="READY", pointer=pointer) for pointer in missing]
    async with in_trouble(home, faults=faults) as (_, _, person):
        await answered(person)


async def test_a_session_that_begins_with_nonsense_is_begun_again_more_slowly(home: Path) -> None:
    faults = [MangleEvent(event="READY", pointer="/application/flags", times=1)]
    async with in_trouble(home, ready="trying again in 1 s", faults=faults) as (bot, _, person):
        assert "the gateway said what makes no sense (KeyError: 'flags')" in bot.output
        await bot.said("Connected as")
        await answered(person)


async def test_an_event_that_makes_no_sense_is_left_out_and_nothing_else_is_missed(home: Path) -> None:
    async with in_trouble(home) as (bot, sandbox, person):
        sandbox.inject(MangleEvent(event="MESSAGE_CREATE", pointer="/author", times=1))
        await person.say("whose is this?")
        await answered(person)
        await bot.said("An event is left out: the gateway said what makes no sense")
        assert "Lost the connection" not in bot.output


async def test_registered_commands_that_are_told_strangely_are_registered_again_or_later(home: Path) -> None:
    strange: list[dict[str, Any]] = [
        {"pointer": "/0/options", "value": None},
        {"pointer": "/0/name"},
        {"pointer": "", "value": {"items": []}},
    ]
    async with Sandbox() as sandbox, Person(sandbox.api, sandbox.world.member.token) as person:
        async with running(home, sandbox) as bot:
            await bot.said("is now registered everywhere")
            assert await bot.stop() == ExitCode.OK
        for one in strange:
            sandbox.inject(Mangle(method="GET", path="/applications/*/commands", times=1, **one))
            async with running(home, sandbox) as bot:
                await bot.said("registered everywhere")
                await answered(person)
                assert await bot.stop() == ExitCode.OK, bot.output
            assert "Traceback" not in bot.output
            sandbox.clear_faults()


async def test_an_interaction_that_makes_no_sense_costs_no_other(home: Path) -> None:
    async with in_trouble(home) as (bot, sandbox, person):
        asked: list[Invocation] = []
        for number, pointer in enumerate(("/data/name", "/data", "/member"), start=1):
            sandbox.inject(MangleEvent(event="INTERACTION_CREATE", pointer=pointer, times=1))
            asked.append(await person.start_invoke("botstatus"))
            await bot.said("names no command or nobody who uses it", times=number)
        await answered(person)
        for one in asked:
            await not_answered(one)


async def test_a_revoked_token_is_refused_at_the_next_start_too(home: Path) -> None:
    async with Sandbox() as sandbox:
        environ = settings_for(sandbox)
        sandbox.inject(Revoke())
        bot = await outcome(home, "run", environ=environ)

    assert bot.process.returncode == ExitCode.NO_PERMISSION, bot.output
    (line,) = bot.complaints
    assert "copy the token anew" in line
