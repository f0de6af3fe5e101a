"""What a test or an operator does to the connections of bots."""

import pytest

from acore.sandbox import RefuseIdentify, Sandbox
from tests.sandbox.conftest import Ask, NewBot, Running
from tests.sandbox.gateway.wire import identity, wire


async def test_a_revoked_token_closes_the_socket_and_is_nobodys_any_more(
    unrecorded: Sandbox, ask: Ask
) -> None:
    old = unrecorded.bot_token
    async with wire(unrecorded) as client:
        ready = await client.identify()
        new = unrecorded.revoke_token()

        assert await client.end() == 4004
    assert new == unrecorded.bot_token != old
    assert (await ask(unrecorded, "GET", "/users/@me", token=f"Bot {old}")).status == 401
    assert (await ask(unrecorded, "GET", "/users/@me")).status == 200
    async with wire(unrecorded) as client:
        await client.send(2, identity(unrecorded, token=old))
        assert await client.end() == 4004
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 1)
        assert (await client.read())["d"] is False


@pytest.mark.parametrize("code", [4004, 4010, 4013, 4014])
async def test_an_identify_is_refused_with_any_code(unrecorded: Sandbox, code: int) -> None:
    refusal = unrecorded.inject(RefuseIdentify(code=code))
    async with wire(unrecorded) as client:
        await client.send(2, identity(unrecorded))
        assert await client.end() == code

    refusal.end()
    async with wire(unrecorded) as client:
        assert (await client.identify())["session_id"]


async def test_a_bot_that_is_asked_to_reconnect_resumes(
    sandbox: Sandbox, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    async with running(sandbox, new_bot()) as bot:
        sandbox.reconnect()

        await bot.has_resumed.wait()

        limits = await ask(sandbox, "GET", "/gateway/bot")
        assert limits.body["session_start_limit"]["remaining"] == 999


async def test_a_session_that_is_invalid_but_resumable_is_resumed(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        sandbox.invalidate_sessions(resumable=True)

        await bot.has_resumed.wait()


async def test_a_session_that_is_invalid_for_good_makes_the_bot_identify_again(
    sandbox: Sandbox, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    async with running(sandbox, new_bot()) as bot:
        sandbox.invalidate_sessions(resumable=False)

        await bot.wait_for("ready", timeout=10)

        limits = await ask(sandbox, "GET", "/gateway/bot")
        assert limits.body["session_start_limit"]["remaining"] == 998
        assert not bot.has_resumed.is_set()


async def test_after_op_9_the_same_socket_may_identify_again_but_do_nothing_else(
    unrecorded: Sandbox,
) -> None:
    async with wire(unrecorded) as client:
        first = await client.identify()
        unrecorded.invalidate_sessions(resumable=False)
        assert (await client.until(9))["d"] is False

        second = await client.identify()
        assert second["session_id"] != first["session_id"]

        unrecorded.invalidate_sessions(resumable=False)
        await client.send(3, {"status": "idle", "activities": [], "since": None, "afk": False})
        assert await client.end() == 4003
