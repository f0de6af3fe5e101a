"""Sessions: their numbers, coming back, and what is over."""

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Limits, Sandbox, realtime
from acore.sandbox.gateway.register import MOST_WAITING
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Pretend, Running
from tests.sandbox.gateway.wire import LONG, identity, true, wire

GUILDS, GUILD_MESSAGES = 1 << 0, 1 << 9


async def test_hello_comes_first_and_every_frame_has_all_four_keys(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify(GUILDS)
        await client.until("GUILD_CREATE")
        await client.beat(2)

        assert [one["op"] for one in client.frames] == [10, 0, 0, 11]
        assert all(sorted(one) == ["d", "op", "s", "t"] for one in client.frames)


async def test_dispatches_are_numbered_from_1_without_gaps_and_nothing_else_is(unrecorded: Sandbox) -> None:
    async with wire(unrecorded, query="v=10&encoding=json&compress=zlib-stream") as client:
        await client.identify(GUILDS)
        await client.until("GUILD_CREATE")
        for name in ("one", "two", "three"):
            unrecorded.world.add_channel(name)
            await client.beat()

        numbers = [one["s"] for one in client.frames if one["op"] == 0]
        assert numbers == [1, 2, 3, 4, 5]
        assert {one["s"] for one in client.frames if one["op"] != 0} == {None}


async def test_a_heartbeat_is_acknowledged_after_a_moment_also_before_identify(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        for _ in range(3):
            sent_at = realtime.monotonic()
            await client.beat()
            assert 0.04 < realtime.monotonic() - sent_at < 1


async def test_nextcord_measures_the_latency_of_each_heartbeat_rightly(
    pretend: Pretend, new_bot: NewBot, running: Running
) -> None:
    async with Sandbox(heartbeat_interval_ms=400) as sandbox:
        pretend(sandbox)
        bot = new_bot()
        bot._enable_debug_events = True
        measured: list[float] = []
        enough = anyio.Event()

        @bot.listen()
        async def on_socket_raw_receive(text: str) -> None:  # pyright: ignore[reportUnusedFunction]
            if '"op":11' in text:
                measured.append(bot.latency)
                if len(measured) == 6:
                    enough.set()

        async with running(sandbox, bot):
            with realtime.deadline(LONG):
                await enough.wait()

    assert all(0.03 < one < 0.2 for one in measured), measured


async def test_a_bot_that_is_asked_for_a_heartbeat_sends_one(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    bot._enable_debug_events = True
    asked, sent = anyio.Event(), anyio.Event()

    @bot.listen()
    async def on_socket_raw_receive(text: str) -> None:  # pyright: ignore[reportUnusedFunction]
        if '"op":1,' in text:
            asked.set()

    @bot.listen()
    async def on_socket_raw_send(text: str) -> None:  # pyright: ignore[reportUnusedFunction]
        if asked.is_set() and '"op":1,' in text:
            sent.set()

    async with running(sandbox, bot):
        sandbox.ask_for_heartbeats()
        with realtime.deadline(LONG):
            await sent.wait()


async def test_what_was_missed_is_replayed_with_its_old_numbers_and_then_comes_resumed(
    unrecorded: Sandbox,
) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify(GUILDS)
        await client.until("GUILD_CREATE")
        unrecorded.world.add_channel("seen")
        await client.until("CHANNEL_CREATE")
        await client.ws.close(code=4000)
    await _gone(unrecorded)
    unrecorded.world.add_channel("missed")
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 2)
        replayed = [await client.read() for _ in range(3)]
        unrecorded.world.add_channel("new")
        fresh = await client.until("CHANNEL_CREATE")

        shown = [(one["s"], one["t"], one["d"].get("name")) for one in [*replayed, fresh]]
        assert shown == [
            (3, "CHANNEL_CREATE", "seen"),
            (4, "CHANNEL_CREATE", "missed"),
            (5, "RESUMED", None),
            (6, "CHANNEL_CREATE", "new"),
        ]


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_session_is_over_when_its_client_closes_in_good_order(unrecorded: Sandbox, code: int) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify()
        await client.ws.close(code=code)
    await _gone(unrecorded)
    assert unrecorded.sessions_of(unrecorded.world.application.bot) == []
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 1)
        assert (await client.read())["d"] is False


@pytest.mark.parametrize("code", [4000, 3000, None])
async def test_any_other_end_leaves_a_session_to_be_resumed(unrecorded: Sandbox, code: int | None) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify()
        if code is not None:
            await client.ws.close(code=code)
        else:
            unrecorded.close_gateway(None)
            await client.end()
    await _gone(unrecorded)
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 1)
        assert (await client.read())["t"] == "RESUMED"


async def test_of_the_sessions_that_a_crashing_bot_leaves_only_the_newest_wait(unrecorded: Sandbox) -> None:
    left: list[str] = []
    for _ in range(MOST_WAITING + 2):
        async with wire(unrecorded) as client:
            left.append((await client.identify())["session_id"])
            unrecorded.close_gateway(None)
            await client.end()
        await _gone(unrecorded)

    taken: list[str] = []
    for session_id in left:
        async with wire(unrecorded) as client:
            await client.resume(session_id, 1)
            if (await client.read())["t"] == "RESUMED":
                taken.append(session_id)
    assert taken == left[2:]


async def test_a_resume_with_nothing_to_go_by_or_of_somebody_else_is_refused_with_op_9(
    unrecorded: Sandbox,
) -> None:
    other = unrecorded.world.add_application("other")
    async with wire(unrecorded) as first, wire(unrecorded) as client:
        ready = await first.identify()
        for body in (
            {"session_id": "unknown", "seq": 1, "token": unrecorded.bot_token},
            {"session_id": None, "seq": None, "token": unrecorded.bot_token},
            {"session_id": ready["session_id"], "seq": None, "token": unrecorded.bot_token},
            {"session_id": ready["session_id"], "seq": 1, "token": other.bot.token},
        ):
            await client.send(6, body)
            frame = await client.read()
            assert (frame["op"], frame["d"]) == (9, False)
        await first.beat(1)  # whose session it is goes on


async def test_a_session_nobody_comes_back_to_is_over_after_a_while() -> None:
    async with Sandbox(resumable_seconds=0.05) as sandbox:
        async with wire(sandbox) as client:
            ready = await client.identify()
            await client.ws.close(code=4000)
        await true(lambda: not sandbox.sessions_of(sandbox.world.application.bot))
        async with wire(sandbox) as client:
            await client.resume(ready["session_id"], 1)
            assert (await client.read())["d"] is False


async def test_what_is_missed_beyond_what_is_kept_cannot_be_replayed(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify(GUILDS)
        await client.until("GUILD_CREATE")
        await client.ws.close(code=4000)
    await _gone(unrecorded)
    for _ in range(10_001):
        unrecorded.world.announce("GUILD_ROLE_DELETE", {"guild_id": unrecorded.guild_id}, _Everybody())
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 3)
        assert (await client.read())["t"] == "GUILD_ROLE_DELETE"
        assert [one["s"] for one in [*client.frames[1:], await client.read()]] == [4, 5]
        await client.ws.close(code=4000)
    await _gone(unrecorded)
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 2)
        assert (await client.read())["d"] is False


async def test_a_resume_takes_the_session_from_a_socket_that_is_still_open(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as first, wire(unrecorded) as second:
        ready = await first.identify(GUILDS)
        await first.until("GUILD_CREATE")
        await second.resume(ready["session_id"], 2)
        assert (await second.read())["t"] == "RESUMED"
        await first.end()
        unrecorded.world.add_channel("later")
        assert (await second.until("CHANNEL_CREATE"))["s"] == 4


async def test_two_identifies_make_two_sessions_which_both_hear_everything(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as first, wire(unrecorded) as second:
        one, other = await first.identify(GUILDS), await second.identify(GUILDS)
        unrecorded.world.add_channel("news")

        assert one["session_id"] != other["session_id"]
        assert (await first.until("CHANNEL_CREATE"))["d"]["name"] == "news"
        assert (await second.until("CHANNEL_CREATE"))["d"]["name"] == "news"


async def test_when_the_days_budget_is_used_up_identify_stays_refused(ask: Ask) -> None:
    async with Sandbox(limits=Limits(identify_limit=2)) as sandbox:
        for _ in range(2):
            async with wire(sandbox) as client:
                await client.identify()
        async with wire(sandbox) as client:
            for _ in range(3):
                await client.send(2, identity(sandbox))
                frame = await client.read()
                assert (frame["op"], frame["d"]) == (9, False)

        limit = (await ask(sandbox, "GET", "/gateway/bot")).body["session_start_limit"]
        assert (limit["total"], limit["remaining"]) == (2, 0)
        assert 0 < limit["reset_after"] <= 24 * 3600 * 1000


async def test_a_message_while_the_bot_is_away_is_heard_once_by_nextcord(
    unrecorded: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    heard: list[str] = []
    last = anyio.Event()

    @bot.listen()
    async def on_message(message: nextcord.Message) -> None:  # pyright: ignore[reportUnusedFunction]
        heard.append(message.content)
        if message.content == "last":
            last.set()

    async with running(unrecorded, bot), person(unrecorded, "member") as member:
        await member.say("before")
        unrecorded.close_gateway(4000)
        await member.say("while away")
        await bot.has_resumed.wait()
        await member.say("last")
        with realtime.deadline(LONG):
            await last.wait()

    assert heard == ["before", "while away", "last"]


class _Everybody:
    def __contains__(self, user_id: object) -> bool:
        return True


async def _gone(sandbox: Sandbox) -> None:
    """Wait until the server has noticed that the bot's socket is closed."""
    await true(lambda: not sandbox.is_connected(sandbox.world.application.bot))
