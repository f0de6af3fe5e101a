"""Faults of the gateway: what becomes of a bot's socket, and that nothing is lost with it."""

import aiohttp
import anyio
import pytest

from acore.sandbox import (
    Close,
    Drop,
    Invalidate,
    Lag,
    MangleEvent,
    Outage,
    Reconnect,
    Refuse,
    Revoke,
    Sandbox,
    Stall,
    realtime,
)
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Running
from tests.sandbox.gateway.wire import Closed, Wire, wire

MESSAGES = 1 << 9 | 1 << 15


async def said(ask: Ask, sandbox: Sandbox, text: str) -> None:
    answer = await ask(sandbox, "POST", f"/channels/{sandbox.channel_id}/messages", {"content": text})
    assert answer.status == 200


async def heard(client: Wire) -> str:
    return (await client.until("MESSAGE_CREATE"))["d"]["content"]


async def test_a_dropped_socket_has_no_close_code_and_a_resume_misses_nothing(
    unrecorded: Sandbox, ask: Ask
) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify(MESSAGES)
        fault = unrecorded.inject(Drop())
        assert await client.end() == 1006
    assert fault.ended.is_set()

    await said(ask, unrecorded, "meanwhile")
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 1)
        assert await heard(client) == "meanwhile"


async def test_a_code_closes_the_socket(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        unrecorded.inject(Close(code=4008))
        assert await client.end() == 4008


@pytest.mark.parametrize("resumable", [True, False])
async def test_op_9_says_whether_the_session_may_be_resumed(unrecorded: Sandbox, *, resumable: bool) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        unrecorded.inject(Invalidate(resumable=resumable))
        assert (await client.until(9))["d"] is resumable


async def test_op_7_asks_to_reconnect(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        unrecorded.inject(Reconnect())
        assert (await client.until(7))["d"] is None


async def test_a_revoked_token_is_nobodys(unrecorded: Sandbox, ask: Ask) -> None:
    old = unrecorded.bot_token
    async with wire(unrecorded) as client:
        await client.identify()
        unrecorded.inject(Revoke())
        assert await client.end() == 4004

    assert (await ask(unrecorded, "GET", "/users/@me", token=f"Bot {old}")).status == 401


async def test_a_stalled_socket_says_nothing_and_then_everything_in_order(
    unrecorded: Sandbox, ask: Ask, person: NewPerson
) -> None:
    async with wire(unrecorded) as client, person(unrecorded, "owner") as owner:
        await client.identify(MESSAGES)
        await client.beat()
        stall = unrecorded.inject(Stall())
        await client.send(1, None)
        for number in range(3):
            await said(ask, unrecorded, str(number))
        await owner.wait_for(lambda event: event.data.get("content") == "2", within=10)
        with anyio.move_on_after(0.1):  # noqa: TID251 - a silence can only be waited for
            frame = await client.read()
            raise AssertionError(frame)
        assert stall.struck == 1
        stall.end()

        # What was queued first comes first; the heartbeat arrived at about the same time.
        frames = [await client.read() for _ in range(4)]
        assert [one["d"]["content"] for one in frames if one["op"] == 0] == ["0", "1", "2"]
        assert [one["op"] for one in frames if one["op"] != 0] == [11]


async def test_a_stall_is_over_after_its_seconds(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        began = realtime.monotonic()
        unrecorded.inject(Stall(seconds=0.2))
        await client.beat()

    assert realtime.monotonic() - began >= 0.2


async def test_a_stalled_socket_can_be_dropped(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        unrecorded.inject(Stall())
        unrecorded.inject(Drop())
        assert await client.end() == 1006


async def test_frames_that_lag_come_late_and_in_order(unrecorded: Sandbox, ask: Ask) -> None:
    async with wire(unrecorded) as client:
        await client.identify(MESSAGES)
        await client.beat()
        unrecorded.inject(Lag(ms=50, jitter=50, seed=3))
        began = realtime.monotonic()
        for number in range(4):
            await said(ask, unrecorded, str(number))
        assert [await heard(client) for _ in range(4)] == ["0", "1", "2", "3"]

    assert realtime.monotonic() - began >= 0.05


async def test_a_refused_socket_gets_503_so_many_times(unrecorded: Sandbox) -> None:
    unrecorded.inject(Refuse(times=1))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with wire(unrecorded):
            pass

    assert refused.value.status == 503
    async with wire(unrecorded) as client:
        assert await client.identify()


async def test_an_outage_cuts_every_socket_of_a_bot_and_lets_no_new_one_in(
    unrecorded: Sandbox, person: NewPerson
) -> None:
    async with person(unrecorded, "owner") as owner, wire(unrecorded) as client:
        await client.identify()
        outage = unrecorded.inject(Outage())
        assert await client.end() == 1006
        with pytest.raises(aiohttp.ServerDisconnectedError):
            async with wire(unrecorded):
                pass
        assert (await owner.request("GET", "/users/@me"))["username"] == "owner"
        assert outage.struck >= 1  # aiohttp asks again on a connection it had
        outage.end()
        async with wire(unrecorded) as again:
            assert await again.identify()


async def test_fields_of_an_event_are_changed_for_bots_alone(
    unrecorded: Sandbox, ask: Ask, person: NewPerson
) -> None:
    unrecorded.inject(MangleEvent(event="READY", pointer="/user/id", value=None, times=1))
    unrecorded.inject(MangleEvent(event="MESSAGE_CREATE", pointer="/author"))
    async with wire(unrecorded) as client, person(unrecorded, "owner") as owner:
        ready = await client.identify(MESSAGES)
        await said(ask, unrecorded, "whose?")
        mangled = (await client.until("MESSAGE_CREATE"))["d"]
        event = await owner.wait_for(lambda one: one.name == "MESSAGE_CREATE", within=10)

    assert ready["user"]["id"] is None
    assert "author" not in mangled
    assert mangled["content"] == "whose?"
    assert event.data["author"]["id"] == unrecorded.world.application.bot.id
    async with wire(unrecorded) as client:
        assert (await client.identify())["user"]["id"] is not None


async def test_a_bot_comes_back_after_each_fault_that_is_no_end(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        for fault in (Drop(), Close(code=4000), Close(code=4008), Reconnect(), Invalidate(resumable=True)):
            bot.has_resumed = anyio.Event()
            sandbox.inject(fault)
            with realtime.deadline(15):
                await bot.has_resumed.wait()


async def test_sockets_that_are_closed_while_nothing_is_sent_end_with_the_sandbox() -> None:
    sandbox = Sandbox()
    await sandbox.start()
    async with wire(sandbox) as client:
        await client.identify()
        sandbox.inject(Stall())
        await sandbox.stop()
        with pytest.raises(Closed):
            await client.read()
