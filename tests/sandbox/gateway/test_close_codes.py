"""Every close code of the gateway, as a client without a library meets it."""

import pytest

from acore.sandbox import Limits, Sandbox
from acore.sandbox.state.kinds import ApplicationFlag
from tests.sandbox.gateway.wire import Wire, identity, wire

PRESENCE: dict[str, object] = {"status": "online", "activities": [], "since": None, "afk": False}


@pytest.mark.parametrize("op", [0, 5, 7, 9, 10, 11, 99, -1])
async def test_an_opcode_that_clients_do_not_send_closes_with_4001(unrecorded: Sandbox, op: int) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        await client.send(op, None)
        assert await client.end() == 4001


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        b"\xff\xfe\x00garbage",
        "[]",
        "7",
        '{"d": 1}',
        '{"op": "2", "d": {}}',
        '{"op": true, "d": null}',
        '{"op": 1.5, "d": null}',
        '{"op": 1, "d": "' + "x" * 4096 + '"}',
        '{"op": 1, "d": null, "more": ' + "[" * 2000 + "]" * 2000 + "}",
        '{"op": 1, "d": null, "more": ' + "[" * 100 + "]" * 100 + "}",
    ],
    ids=[
        "text",
        "bytes",
        "array",
        "number",
        "no op",
        "op is text",
        "op is true",
        "op is broken",
        "too long",
        "much too deep",
        "too deep",
    ],
)
async def test_what_is_no_frame_closes_with_4002(unrecorded: Sandbox, frame: str | bytes) -> None:
    async with wire(unrecorded) as client:
        await client.send_raw(frame)
        assert await client.end() == 4002


async def test_a_frame_of_a_hundred_levels_is_taken(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.send_raw('{"op": 1, "d": null, "more": ' + "[" * 99 + "]" * 99 + "}")
        assert (await client.read())["op"] == 11


async def test_a_frame_of_4096_bytes_is_taken(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        frame = '{"op": 1, "d": null}'
        await client.send_raw(frame + " " * (4096 - len(frame)))
        assert (await client.read())["op"] == 11
        await client.send_raw(frame + " " * (4097 - len(frame)))
        assert await client.end() == 4002


WRONG: list[dict[str, object]] = [
    {"token": 7},
    {"properties": []},
    {"intents": "0"},
    {"intents": True},
    {"large_threshold": "50"},
    {"presence": "online"},
    {"presence": {**PRESENCE, "status": "happy"}},
    {"presence": {**PRESENCE, "activities": {"name": "x"}}},
    {"presence": {**PRESENCE, "activities": ["x"]}},
    {"presence": {**PRESENCE, "activities": [{"type": 0}]}},
    {"presence": {**PRESENCE, "activities": [{"name": "x", "type": 9}]}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_an_identify_with_a_field_of_another_shape_closes_with_4002(
    unrecorded: Sandbox, wrong: dict[str, object]
) -> None:
    async with wire(unrecorded) as client:
        await client.send(2, identity(unrecorded) | wrong)
        assert await client.end() == 4002


@pytest.mark.parametrize("missing", ["token", "properties"])
async def test_an_identify_without_what_it_needs_closes_with_4002(unrecorded: Sandbox, missing: str) -> None:
    body = identity(unrecorded)
    del body[missing]
    async with wire(unrecorded) as client:
        await client.send(2, body)
        assert await client.end() == 4002


@pytest.mark.parametrize("op", [2, 6])
@pytest.mark.parametrize("body", [None, [], "x"])
async def test_an_identify_or_resume_that_is_no_object_closes_with_4002(
    unrecorded: Sandbox, op: int, body: object
) -> None:
    async with wire(unrecorded) as client:
        await client.send(op, body)
        assert await client.end() == 4002


DATA: list[tuple[int, object]] = [
    (1, "7"),
    (1, 1.5),
    (3, None),
    (3, {"status": 5}),
    (3, {"status": "online", "activities": "none"}),
    (4, None),
    (4, {"channel_id": None}),
    (4, {"guild_id": "1", "channel_id": "here"}),
    (8, []),
    (8, {"query": "", "limit": 0}),
    (8, {"guild_id": "1"}),
    (8, {"guild_id": "1", "query": 5, "limit": 1}),
    (8, {"guild_id": ["1", "2"], "query": "", "limit": 0}),
]


@pytest.mark.parametrize(("op", "data"), DATA, ids=str)
async def test_data_of_another_shape_closes_with_4002(unrecorded: Sandbox, op: int, data: object) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        await client.send(op, data)
        assert await client.end() == 4002


@pytest.mark.parametrize(("key", "value"), [("token", None), ("session_id", 5), ("seq", "1"), ("seq", True)])
async def test_a_resume_with_a_field_of_another_shape_closes_with_4002(
    unrecorded: Sandbox, key: str, value: object
) -> None:
    body: dict[str, object] = {"token": unrecorded.bot_token, "session_id": "x", "seq": 1, key: value}
    async with wire(unrecorded) as client:
        await client.send(6, body)
        assert await client.end() == 4002


@pytest.mark.parametrize("op", [3, 4, 8])
async def test_anything_before_identify_closes_with_4003(unrecorded: Sandbox, op: int) -> None:
    async with wire(unrecorded) as client:
        await client.send(op, {})
        assert await client.end() == 4003


async def test_a_wrong_token_closes_with_4004(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.send(2, identity(unrecorded, token="wrong"))
        assert await client.end() == 4004
    async with wire(unrecorded) as client:
        await client.resume("any", 1, token="wrong")
        assert await client.end() == 4004


@pytest.mark.parametrize("op", [2, 6])
async def test_identifying_twice_closes_with_4005(unrecorded: Sandbox, op: int) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        await client.send(op, identity(unrecorded))
        assert await client.end() == 4005


@pytest.mark.parametrize("seq", [2, -1])
async def test_a_heartbeat_with_a_number_that_was_never_sent_closes_with_4007(
    unrecorded: Sandbox, seq: int
) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        await client.beat(1)
        await client.send(1, seq)
        assert await client.end() == 4007


@pytest.mark.parametrize("seq", [2, -1])
async def test_a_resume_with_a_number_that_was_never_sent_closes_with_4007(
    unrecorded: Sandbox, seq: int
) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify()
        await client.ws.close(code=4000)
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], seq)
        assert await client.end() == 4007


async def test_the_121st_frame_in_a_minute_closes_with_4008(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        for _ in range(120):
            await client.send(1, None)
        for _ in range(120):
            await client.until(11)
        await client.send(1, None)
        assert await client.end() == 4008


async def test_how_many_frames_a_minute_are_taken_can_be_said() -> None:
    async with Sandbox(limits=Limits(frames_per_minute=3)) as sandbox, wire(sandbox) as client:
        await client.identify()
        await client.beat()
        await client.beat()
        await client.send(1, None)
        assert await client.end() == 4008


async def test_a_bot_without_heartbeats_is_closed_with_4009_whatever_else_it_sends() -> None:
    talkative = Limits(frames_per_minute=1_000_000)
    async with Sandbox(heartbeat_interval_ms=200, limits=talkative) as sandbox, wire(sandbox) as client:
        assert client.hello == {"t": None, "s": None, "op": 10, "d": {"heartbeat_interval": 200}}
        ready = await client.identify()
        code = await _talk_until_closed(client)
        assert code == 4009

        async with wire(sandbox) as again:
            await again.resume(ready["session_id"], 1)
            assert (await again.read())["d"] is False  # the documentation: start a new session


async def test_who_never_identifies_is_closed_with_4009() -> None:
    async with Sandbox(heartbeat_interval_ms=100) as sandbox, wire(sandbox) as client:
        assert await client.end() == 4009


async def test_a_bot_with_heartbeats_stays() -> None:
    async with Sandbox(heartbeat_interval_ms=200) as sandbox, wire(sandbox) as client:
        await client.identify()
        for _ in range(12):  # an acknowledgement takes 50 ms: that is three intervals
            await client.beat(1)


async def test_a_persons_client_may_leave_heartbeats_out() -> None:
    async with Sandbox(heartbeat_interval_ms=50) as sandbox, wire(sandbox) as client, wire(sandbox) as bot:
        await client.send(2, {"token": sandbox.world.member.token})
        await client.until("GUILD_CREATE")
        assert await bot.end() == 4009

        await client.beat()


@pytest.mark.parametrize("shard", [[1, 1], [-1, 2], [0, 0], [0], [0, 1, 2], ["0", "1"], [True, 2], "0", {}])
async def test_a_shard_that_does_not_exist_closes_with_4010(unrecorded: Sandbox, shard: object) -> None:
    async with wire(unrecorded) as client:
        await client.send(2, identity(unrecorded, shard=shard))
        assert await client.end() == 4010


async def test_too_many_guilds_for_one_shard_close_with_4011() -> None:
    async with Sandbox(limits=Limits(guilds_per_shard=1)) as sandbox:
        async with wire(sandbox) as client:
            await client.identify()
        sandbox.world.add_guild("Second", users=[sandbox.world.application.bot])
        async with wire(sandbox) as client:
            await client.send(2, identity(sandbox))
            assert await client.end() == 4011


async def test_a_bot_with_more_guilds_than_2500_must_use_shards() -> None:
    assert Limits().guilds_per_shard == 2500


@pytest.mark.parametrize("query", ["v=5&encoding=json", "v=x", "v="])
async def test_a_version_that_is_not_served_closes_with_4012(unrecorded: Sandbox, query: str) -> None:
    async with wire(unrecorded, query=query) as client:
        assert await client.end() == 4012


@pytest.mark.parametrize(("query", "version"), [("v=9", 9), ("v=10", 10), ("", 10)])
async def test_ready_says_the_version_that_was_asked_for(
    unrecorded: Sandbox, query: str, version: int
) -> None:
    async with wire(unrecorded, query=query) as client:
        assert (await client.identify())["v"] == version


@pytest.mark.parametrize("wanted", [1 << 40, 1 << 17, -1, None])
async def test_intents_that_do_not_exist_close_with_4013(unrecorded: Sandbox, wanted: int | None) -> None:
    body = identity(unrecorded, wanted or 0)
    if wanted is None:
        del body["intents"]
    async with wire(unrecorded) as client:
        await client.send(2, body)
        assert await client.end() == 4013


@pytest.mark.parametrize(
    ("intent", "flag"),
    [
        (1 << 1, ApplicationFlag.GATEWAY_GUILD_MEMBERS),
        (1 << 8, ApplicationFlag.GATEWAY_PRESENCE_LIMITED),
        (1 << 15, ApplicationFlag.GATEWAY_MESSAGE_CONTENT_LIMITED),
    ],
)
async def test_privileged_intents_close_with_4014_unless_the_application_has_them(
    unrecorded: Sandbox, intent: int, flag: ApplicationFlag
) -> None:
    application = unrecorded.world.application
    application.flags = 0
    async with wire(unrecorded) as client:
        await client.send(2, identity(unrecorded, intent))
        assert await client.end() == 4014
    application.flags = int(flag)
    async with wire(unrecorded) as client:
        await client.identify(intent)


async def _talk_until_closed(client: Wire) -> int | None:
    """Change the presence again and again, as a client does that has forgotten its heartbeats."""
    while True:
        await client.send(8, {"guild_id": client.sandbox.guild_id, "query": "own", "limit": 1})
        frame = await client.read_or_code()
        if not isinstance(frame, dict):
            return frame
