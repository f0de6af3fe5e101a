"""Much at once: thousands of guilds, clients that do not read, frames that were made elsewhere."""

import resource
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import msgspec
import pytest

from acore.sandbox import Sandbox, realtime
from acore.sandbox.gateway import frames, sockets
from acore.sandbox.gateway.codes import Op
from acore.sandbox.gateway.intents import ALL, Intent
from acore.sandbox.gateway.sessions import NotReservedError, Session
from tests.sandbox.gateway.wire import LONG, Wire, identity, true, wire

PLAIN = "v=10&encoding=json"
QUERIES = (PLAIN, PLAIN + "&compress=zlib-stream")
MANY = 2000


def own_session(sandbox: Sandbox) -> Session:
    (session,) = sandbox.sessions_of(sandbox.world.application.bot)
    return session


async def test_a_bot_in_2000_guilds_is_told_of_each_once_while_others_go_on(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    for number in range(MANY - 1):
        world.add_guild(f"guild{number}", users=[world.application.bot])
    left: list[int] = []

    async def watch() -> None:
        while not left or left[-1]:
            left.extend(len(one.pending) for one in unrecorded.sessions_of(world.application.bot))
            await realtime.sleep(0)

    async with wire(unrecorded, query=QUERIES[1]) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        await client.identify(int(ALL))
        while len(client.frames) < MANY + 2:
            await client.read()

    told = [one["d"]["id"] for one in client.frames if one["t"] == "GUILD_CREATE"]
    listed = [one["id"] for one in client.frames[1]["d"]["guilds"]]
    assert sorted(told) == sorted(listed) == sorted(world.guilds)
    assert [one["s"] for one in client.frames[1:]] == list(range(1, MANY + 2))
    steps = [before - after for before, after in pairwise([MANY, *left])]
    assert max(steps) < MANY / 2, "others have their turn"


async def test_what_happens_in_a_guild_that_is_not_told_yet_shows_in_its_guild_create(
    unrecorded: Sandbox,
) -> None:
    world = unrecorded.world
    for number in range(MANY):
        world.add_guild(f"guild{number}", users=[world.application.bot])
    quiet, loud, gone = list(world.guilds.values())[-3:]
    async with wire(unrecorded) as client:
        await client.identify(int(ALL))
        assert {quiet.id, loud.id, gone.id} <= own_session(unrecorded).pending.keys()
        world.add_channel("added", guild=quiet)
        world.add_channel("added", guild=loud)
        world.announce("TYPING_START", {"guild_id": loud.id}, loud.members)
        world.remove_member(gone, world.application.bot)
        while own_session(unrecorded).pending:
            await client.read()
        await client.beat()

    def told(guild_id: str) -> list[str]:
        about = [one for one in client.frames if one["op"] == 0 and one["t"] != "READY"]
        return [one["t"] for one in about if guild_id in (one["d"].get("guild_id"), one["d"].get("id"))]

    assert told(quiet.id) == ["GUILD_CREATE"]
    assert told(loud.id) == ["GUILD_CREATE", "TYPING_START"]
    assert told(gone.id) == ["GUILD_DELETE"]
    shown = [one["d"] for one in client.frames if one["t"] == "GUILD_CREATE"]
    for guild in (quiet, loud):
        (created,) = [one for one in shown if one["id"] == guild.id]
        assert [one["name"] for one in created["channels"]] == ["general", "added"]


async def test_an_announcement_asks_only_for_those_who_are_connected(unrecorded: Sandbox) -> None:
    asked: list[object] = []

    class Audience:
        def __contains__(self, user_id: object) -> bool:
            asked.append(user_id)
            return True

    for number in range(1000):
        unrecorded.world.add_user(f"extra{number}")
    async with wire(unrecorded) as first, wire(unrecorded) as second:
        await first.identify()
        await second.identify()
        asked.clear()
        unrecorded.world.announce("USER_UPDATE", {"id": "1"}, Audience())

        assert asked == [unrecorded.world.application.bot.id]
        assert (await first.until("USER_UPDATE"))["s"] == (await second.until("USER_UPDATE"))["s"] == 2


async def test_a_client_that_does_not_read_is_cut_off_before_it_fills_the_memory(
    unrecorded: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CLOSING_SECONDS", 0.1)
    world = unrecorded.world
    payload = {"guild_id": unrecorded.guild_id, "text": "x" * 100_000}
    async with stalled(unrecorded):
        session = own_session(unrecorded)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sent = 0
        with realtime.deadline(LONG):
            while session.socket is not None:
                world.announce("USER_UPDATE", payload, {world.application.bot.id})
                sent += 1
                await realtime.sleep(0)

    assert sent > 100, "some megabytes are taken by the queue"
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kb < 200 * 1024, "but not everything that was sent while it was being cut off"
    assert unrecorded.sessions_of(world.application.bot) == [session], "it may come back"


async def test_a_close_frame_that_nobody_takes_is_not_waited_for(
    unrecorded: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "CLOSING_SECONDS", 0.1)
    world = unrecorded.world
    async with stalled(unrecorded):
        for _ in range(100):  # more than sockets and transport take
            world.announce("USER_UPDATE", {"text": "x" * 100_000}, {world.application.bot.id})
        unrecorded.close_gateway(4000)

        await true(lambda: not unrecorded.is_connected(world.application.bot))


def made_elsewhere(first: int, count: int, *, is_compressed: bool) -> bytes:
    """Return ready messages as a driver makes them, each independent of all others."""
    out = bytearray()
    for number in range(first, first + count):
        frame = frames.encoded(Op.DISPATCH, {"id": number}, event="USER_UPDATE", seq=number)
        if is_compressed:
            deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            frame = deflate.compress(frame) + deflate.flush(zlib.Z_FULL_FLUSH)
        out += frames.wrapped(frame, is_binary=is_compressed)
    return bytes(out)


@pytest.mark.parametrize("query", QUERIES)
async def test_frames_made_elsewhere_go_out_in_order_with_those_of_the_sandbox(
    unrecorded: Sandbox, query: str
) -> None:
    async with wire(unrecorded, query=query) as client:
        await client.identify(Intent.GUILDS)
        await client.until("GUILD_CREATE")
        session = own_session(unrecorded)
        for name in ("a", "b", "c"):
            unrecorded.world.add_channel("before" + name)
            first = session.reserve(1000)
            unrecorded.world.add_channel("behind" + name)
            for at in (first, first + 500):
                await session.send_encoded(made_elsewhere(at, 500, is_compressed=query != PLAIN), 500)
        await client.beat(session.seq)

    numbers = [one["s"] for one in client.frames if one["op"] == 0]
    assert numbers == list(range(1, 2 + 3 * 1002 + 1))
    names = [one["d"]["name"] for one in client.frames if one["t"] == "CHANNEL_CREATE"]
    assert names == ["beforea", "behinda", "beforeb", "behindb", "beforec", "behindc"]
    assert all(one["d"]["id"] == one["s"] for one in client.frames if one["t"] == "USER_UPDATE")


@pytest.mark.parametrize("query", QUERIES)
async def test_frames_made_elsewhere_are_replayed_from_the_middle(unrecorded: Sandbox, query: str) -> None:
    async with wire(unrecorded, query=query) as client:
        ready = await client.identify(Intent.GUILDS)
        await client.until("GUILD_CREATE")
        session = own_session(unrecorded)
        messages = made_elsewhere(session.reserve(10), 10, is_compressed=query != PLAIN)
        await session.send_encoded(messages, 10)
        await client.ws.close(code=4000)
    await true(lambda: not unrecorded.is_connected(unrecorded.world.application.bot))
    async with wire(unrecorded, query=query) as client:
        await client.resume(ready["session_id"], 7)
        await client.until("RESUMED")
        assert [one["s"] for one in client.frames[1:]] == [8, 9, 10, 11, 12, 13]
        await client.ws.close(code=4000)
    await true(lambda: not unrecorded.is_connected(unrecorded.world.application.bot))
    other = next(one for one in QUERIES if one != query)
    async with wire(unrecorded, query=other) as client:
        await client.resume(ready["session_id"], 7)
        assert (await client.read())["d"] is False, "they are made for another kind of socket"


async def test_what_is_reserved_is_given_back_when_the_client_goes(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        ready = await client.identify(Intent.GUILDS)
        await client.until("GUILD_CREATE")
        session = own_session(unrecorded)
        session.reserve(5)
        with pytest.raises(NotReservedError):
            session.reserve(1)
        unrecorded.world.add_channel("waits")
        await client.ws.close(code=4000)
    await true(lambda: not unrecorded.is_connected(unrecorded.world.application.bot))
    with pytest.raises(NotReservedError):
        await session.send_encoded(made_elsewhere(3, 1, is_compressed=False), 1)
    async with wire(unrecorded) as client:
        await client.resume(ready["session_id"], 2)
        await client.until("RESUMED")
        assert [(one["s"], one["t"]) for one in client.frames[1:]] == [(3, "CHANNEL_CREATE"), (4, "RESUMED")]


async def test_who_sends_frames_made_elsewhere_waits_for_the_client(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        session = own_session(unrecorded)
        sent = 0

        async def send() -> None:
            nonlocal sent
            for _ in range(100):
                first = session.reserve(20_000)
                await session.send_encoded(made_elsewhere(first, 20_000, is_compressed=False), 20_000)
                sent += 1

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            await true(lambda: sent >= 1)
            await _settled(lambda: sent)
            assert sent < 100
            tasks.cancel_scope.cancel()
        await _read_all(client)


async def _settled(measure: Callable[[], int]) -> None:
    """Wait until a number has not changed for a while."""
    last, since = measure(), realtime.monotonic()
    while realtime.monotonic() - since < 0.3:
        await realtime.sleep(0)
        if measure() != last:
            last, since = measure(), realtime.monotonic()


async def _read_all(client: Wire) -> None:
    client.sandbox.close_gateway(None)
    await client.end()


@asynccontextmanager
async def stalled(sandbox: Sandbox) -> AsyncGenerator[None]:
    """Connect as the bot, and then read nothing."""
    lines = (
        "GET /gateway?v=10&encoding=json HTTP/1.1",
        f"Host: 127.0.0.1:{sandbox.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )
    async with await anyio.connect_tcp("127.0.0.1", sandbox.port) as stream:
        await stream.send("\r\n".join((*lines, "", "")).encode())
        assert b"101 Switching Protocols" in await stream.receive()
        await stream.send(_masked({"op": 2, "d": identity(sandbox)}))
        await true(lambda: sandbox.is_connected(sandbox.world.application.bot))
        yield


def _masked(frame: object) -> bytes:
    """Return a frame as a client sends it, with a mask that changes nothing."""
    data = msgspec.json.encode(frame)
    assert 125 < len(data) < 1 << 16
    return bytes((0x81, 0x80 | 126)) + len(data).to_bytes(2) + bytes(4) + data
