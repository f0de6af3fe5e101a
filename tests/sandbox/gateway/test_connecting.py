"""Logging in, staying connected and coming back."""

from typing import Any

import aiohttp
import anyio
import msgspec
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Limits, Refuse, Sandbox
from acore.sandbox.state.kinds import ApplicationFlag
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Running


async def test_a_bot_logs_in_and_knows_its_guild_with_every_member(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()) as bot:
        guild = bot.guilds[0]

        assert str(guild.id) == sandbox.guild_id
        assert {member.name for member in guild.members} == {"owner", "member", "sandbox-bot"}
        assert guild.owner is not None
        assert guild.owner.name == "owner"
        assert [channel.name for channel in guild.text_channels] == ["general"]
        assert [role.name for role in guild.me.roles] == ["@everyone", "sandbox-bot"]
        assert guild.chunked


async def test_application_info_names_the_owner(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    async with running(sandbox, new_bot()) as bot:
        info = await bot.application_info()

        assert str(info.id) == sandbox.application_id
        assert info.owner.name == "owner"
        assert info.team is None


@pytest.mark.usefixtures("sandbox")
async def test_a_wrong_token_is_refused_at_login(new_bot: NewBot) -> None:
    bot = new_bot()

    with pytest.raises(nextcord.LoginFailure):
        await bot.start("wrong")

    await bot.close()


async def test_privileged_intents_that_are_not_enabled_close_with_4014(
    sandbox: Sandbox, new_bot: NewBot
) -> None:
    sandbox.world.application.flags = ApplicationFlag.GATEWAY_PRESENCE_LIMITED
    bot = new_bot()

    with pytest.raises(nextcord.PrivilegedIntentsRequired):
        await bot.start(sandbox.bot_token)

    await bot.close()


@pytest.mark.parametrize(
    ("identity", "code"),
    [({"token": "wrong", "intents": 0}, 4004), ({"intents": 1 << 40}, 4013)],
    ids=["wrong token", "invalid intents"],
)
async def test_a_bad_identify_closes_the_socket(
    unrecorded: Sandbox, identity: dict[str, Any], code: int
) -> None:
    async with aiohttp.ClientSession() as http, await _connect(http, unrecorded) as socket:
        properties = {"os": "linux", "browser": "test", "device": "test"}
        body = {"token": unrecorded.bot_token, "properties": properties, **identity}
        await socket.send_json({"op": 2, "d": body})

        await socket.receive()

        assert socket.close_code == code


async def test_anything_before_identify_closes_the_socket(unrecorded: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, await _connect(http, unrecorded) as socket:
        await socket.send_json({"op": 8, "d": {"guild_id": "1", "query": "", "limit": 0}})

        await socket.receive()

        assert socket.close_code == 4003


async def test_what_is_no_json_closes_the_socket(unrecorded: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, await _connect(http, unrecorded) as socket:
        await socket.send_str("nonsense")

        await socket.receive()

        assert socket.close_code == 4002


async def test_a_cut_connection_is_resumed_and_nothing_is_missed(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    joined: list[str] = []

    @bot.listen()
    async def on_member_join(member: nextcord.Member) -> None:  # pyright: ignore[reportUnusedFunction]
        joined.append(member.name)

    async with running(sandbox, bot):
        sandbox.close_gateway(None)
        sandbox.world.add_user("missed")

        await bot.has_resumed.wait()

        assert joined == ["missed"]


async def test_close_code_4000_is_resumed_without_a_second_ready(
    sandbox: Sandbox, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    async with running(sandbox, new_bot()) as bot:
        sandbox.close_gateway(4000)

        await bot.has_resumed.wait()

        limits = await ask(sandbox, "GET", "/gateway/bot")
        assert limits.body["session_start_limit"]["remaining"] == 999


async def test_every_identify_is_counted(
    sandbox: Sandbox, new_bot: NewBot, running: Running, ask: Ask
) -> None:
    before = await ask(sandbox, "GET", "/gateway/bot")
    async with running(sandbox, new_bot()):
        pass
    async with running(sandbox, new_bot()):
        pass

    after = await ask(sandbox, "GET", "/gateway/bot")

    assert before.body["session_start_limit"]["remaining"] == 1000
    assert after.body["session_start_limit"]["remaining"] == 998
    assert after.body["session_start_limit"]["max_concurrency"] == 1


async def test_an_unknown_session_cannot_be_resumed(unrecorded: Sandbox) -> None:
    async with aiohttp.ClientSession() as http, await _connect(http, unrecorded) as socket:
        body = {"token": unrecorded.bot_token, "session_id": "gone", "seq": 3}
        await socket.send_json({"op": 6, "d": body})

        answer = await socket.receive_json()

        assert (answer["op"], answer["d"]) == (9, False)


async def test_a_second_identify_within_the_interval_is_refused() -> None:
    async with Sandbox(limits=Limits(identify_interval=60)) as sandbox, aiohttp.ClientSession() as http:
        first = await _identify(http, sandbox)
        second = await _identify(http, sandbox)

        assert (first["op"], first["t"]) == (0, "READY")
        assert (second["op"], second["d"]) == (9, False)


async def test_a_refusing_gateway_takes_no_socket_while_rest_works(unrecorded: Sandbox, ask: Ask) -> None:
    unrecorded.inject(Refuse())

    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await _connect(http, unrecorded)

    assert refused.value.status == 503
    assert (await ask(unrecorded, "GET", "/users/@me")).status == 200


async def test_content_is_hidden_without_the_intent_unless_the_bot_is_mentioned(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    intents = nextcord.Intents.all()
    intents.message_content = False
    bot = new_bot(intents)
    heard: list[str] = []
    has_heard_both = anyio.Event()

    @bot.listen()
    async def on_message(message: nextcord.Message) -> None:  # pyright: ignore[reportUnusedFunction]
        heard.append(message.content)
        if len(heard) == 2:
            has_heard_both.set()

    async with running(sandbox, bot), person(sandbox, "member") as member:
        await member.say("not for bots")
        await member.say(f"<@{sandbox.application_id}> listen")
        await has_heard_both.wait()

    assert heard == ["", f"<@{sandbox.application_id}> listen"]


async def test_who_joins_later_is_announced(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    bot = new_bot()
    async with running(sandbox, bot):
        role = sandbox.world.add_role("operator")
        sandbox.world.add_user("visitor", role_ids=[role.id])

        joined = await bot.wait_for("member_join", timeout=5)

        assert joined.name == "visitor"
        assert [one.name for one in joined.roles] == ["@everyone", "operator"]


async def test_a_bot_in_two_guilds_sees_both(sandbox: Sandbox, new_bot: NewBot, running: Running) -> None:
    sandbox.world.add_guild("Second", users=[sandbox.world.application.bot])

    async with running(sandbox, new_bot()) as bot:
        assert sorted(guild.name for guild in bot.guilds) == ["Sandbox", "Second"]


async def test_members_of_a_large_guild_are_asked_for_in_chunks(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    for number in range(300):
        sandbox.world.add_user(f"user{number}")

    async with running(sandbox, new_bot()) as bot:
        assert len(bot.guilds[0].members) == 303


async def test_the_sandbox_outlives_a_bot_that_hears_no_goodbye(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot()):
        sandbox.close_gateway(None)

    async with running(sandbox, new_bot()) as bot:
        assert bot.is_ready()


async def _connect(http: aiohttp.ClientSession, sandbox: Sandbox) -> aiohttp.ClientWebSocketResponse:
    url = sandbox.api.replace("http", "ws").replace("/api/v10", "/gateway")
    socket = await http.ws_connect(f"{url}?v=10&encoding=json")
    hello = await socket.receive_json()
    assert hello == {"t": None, "s": None, "op": 10, "d": {"heartbeat_interval": 41250}}
    return socket


async def _identify(http: aiohttp.ClientSession, sandbox: Sandbox) -> dict[str, Any]:
    async with await _connect(http, sandbox) as socket:
        properties = {"os": "linux", "browser": "test", "device": "test"}
        identity = {"token": sandbox.bot_token, "properties": properties, "intents": 0}
        await socket.send_bytes(msgspec.json.encode({"op": 2, "d": identity}))
        return await socket.receive_json()
