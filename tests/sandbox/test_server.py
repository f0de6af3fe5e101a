"""The sandbox as a whole: port, state, trouble on purpose, rate limits and the recording."""

import stat
from pathlib import Path

import anyio
import msgspec
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import GatewayLostError, Limits, PortInUseError, Sandbox
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Pretend, Running


async def test_a_taken_port_is_named_with_the_remedy(sandbox: Sandbox) -> None:
    second = Sandbox(port=sandbox.port)

    with pytest.raises(PortInUseError) as taken:
        await second.start()

    assert str(taken.value) == f"port {sandbox.port} is taken; give another, or 0 for any that is free"


async def test_a_bot_comes_back_when_the_sandbox_does(
    new_bot: NewBot, running: Running, pretend: Pretend
) -> None:
    sandbox = Sandbox()
    for _ in range(2):
        await sandbox.start()
        pretend(sandbox)
        async with running(sandbox, new_bot()) as bot:
            assert str(bot.guilds[0].id) == sandbox.guild_id
        await sandbox.stop()


async def test_the_state_tells_a_driver_all_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "state.json"

    async with Sandbox(state_file=path) as sandbox:
        state = msgspec.json.decode(await anyio.Path(path).read_bytes())

        assert state["api"] == f"http://127.0.0.1:{sandbox.port}/api/v9"
        assert state["api_v10"] == sandbox.api
        assert [one["username"] for one in state["users"]] == ["owner", "member"]
        assert state["user_token"] == state["users"][0]["token"]
        assert {"guild_id", "channel_id", "application_id", "bot_token"} <= state.keys()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_stopping_ends_people_bots_and_held_requests(ask: Ask, person: NewPerson) -> None:
    sandbox = Sandbox()
    await sandbox.start()
    hold = sandbox.hold("GET", "/users/@me")
    async with person(sandbox, "owner") as owner, anyio.create_task_group() as tasks:

        async def is_refused() -> None:
            assert (await ask(sandbox, "GET", "/users/@me")).status == 503

        tasks.start_soon(is_refused)
        await hold.reached()
        await sandbox.stop()
        with pytest.raises(GatewayLostError):
            await owner.wait_for(lambda event: event.name == "NEVER", within=5)


async def test_a_held_request_is_carried_out_when_released(sandbox: Sandbox, ask: Ask) -> None:
    hold = sandbox.hold("POST", "/channels/*/messages")
    path = f"/channels/{sandbox.channel_id}/messages"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, sandbox, "POST", path, {"content": "at last"})
        await hold.reached()
        assert (await ask(sandbox, "GET", path)).body == []
        hold.release()

    assert [one["content"] for one in (await ask(sandbox, "GET", path)).body] == ["at last"]


async def test_a_held_request_whose_client_left_is_not_carried_out(sandbox: Sandbox, ask: Ask) -> None:
    hold = sandbox.hold("POST", "/channels/*/messages")
    path = f"/channels/{sandbox.channel_id}/messages"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, sandbox, "POST", path, {"content": "never mind"})
        await hold.reached()
        tasks.cancel_scope.cancel()
    await hold.left()
    hold.release()

    assert (await ask(sandbox, "GET", path)).body == []


async def test_a_request_fails_as_often_as_asked(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.fail("GET", "/users/*", status=502, times=2)

    statuses = [(await ask(sandbox, "GET", "/users/@me")).status for _ in range(3)]

    assert statuses == [502, 502, 200]


async def test_a_bot_waits_out_a_429_and_succeeds(
    new_bot: NewBot, running: Running, recording: Path, pretend: Pretend
) -> None:
    async with Sandbox(limits=Limits(requests_per_second=3), record=recording) as sandbox:
        pretend(sandbox)
        async with running(sandbox, new_bot()) as bot:
            channel = bot.get_channel(int(sandbox.channel_id))
            assert isinstance(channel, nextcord.TextChannel)
            async with anyio.create_task_group() as tasks:
                for number in range(5):
                    tasks.start_soon(channel.send, str(number))

        assert len(sandbox.world.channel.messages) == 5


async def test_beyond_the_limit_is_429_with_all_nextcord_needs(ask: Ask) -> None:
    async with Sandbox(limits=Limits(requests_per_second=1)) as sandbox:
        within = await ask(sandbox, "GET", "/users/@me")
        beyond = await ask(sandbox, "GET", "/users/@me")

    names = {f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset", "Reset-After", "Bucket")}
    assert within.status == 200
    assert names <= within.headers.keys()
    assert beyond.status == 429
    assert names | {"Via", "Retry-After"} <= beyond.headers.keys()
    assert 0 < beyond.body["retry_after"] <= 1


async def test_the_recording_has_what_bots_said_and_nothing_of_people_or_tokens(
    new_bot: NewBot, running: Running, person: NewPerson, recording: Path, pretend: Pretend
) -> None:
    async with Sandbox(record=recording) as sandbox:
        pretend(sandbox)
        async with running(sandbox, new_bot()), person(sandbox, "owner") as owner:
            await owner.say("not a bot's")

    exchanges = [msgspec.json.decode(line) for line in (recording / "rest.jsonl").read_bytes().splitlines()]
    frames = [msgspec.json.decode(line) for line in (recording / "gateway.jsonl").read_bytes().splitlines()]
    assert [one["path"] for one in exchanges][:2] == ["/api/v10/users/@me", "/api/v10/gateway"]
    assert {"method", "path", "query", "request_json", "status", "response_json"} <= exchanges[0].keys()
    assert {one["conn"] for one in frames} == {1}
    assert [(one["dir"], one.get("op")) for one in frames[:2]] == [("open", None), ("recv", 10)]
    assert frames[-1]["dir"] == "close-bot"
    written = (recording / "gateway.jsonl").read_text() + (recording / "rest.jsonl").read_text()
    assert sandbox.bot_token not in written
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (recording, recording / "rest.jsonl")]
    assert modes == [0o700, 0o600]
