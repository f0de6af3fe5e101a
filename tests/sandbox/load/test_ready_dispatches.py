"""Dispatches that were encoded beforehand arrive like any others, each once and in order."""

import zlib
from functools import partial
from typing import Any

import aiohttp
import anyio
import msgspec
import nextcord  # noqa: TID251 - a real bot is what the sandbox is for
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.gateway import frames
from acore.sandbox.load import ready
from acore.sandbox.load.ready import Ready
from acore.sandbox.state.snowflakes import made_at
from tests.sandbox.conftest import Bot, NewBot, NewPerson, Running
from tests.sandbox.gateway.wire import LONG, wire

GUILD_MESSAGES, MESSAGE_CONTENT, TYPING = 1 << 9, 1 << 15, 1 << 11
GUILDS = 1
PAYLOAD = {"id": "1", "content": 'odd: % %d %s \\ " ✓ }', "guild_id": "5", "nested": {"id": "2", "s": 1}}


async def control(sandbox: Sandbox, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Ask the control API."""
    known = sandbox.state()["control"]
    headers = {"Authorization": f"Control {known['token']}"}
    url = f"{known['url']}/{path}"
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, json=body, headers=headers) as response,
    ):
        raw = await response.read()
        return response.status, msgspec.json.decode(raw) if raw else None


async def flood(sandbox: Sandbox, **plan: object) -> Any:  # noqa: ANN401 - JSON
    status, body = await control(sandbox, "POST", "load/dispatches", plan)
    assert status == 200, body
    return body


def read_messages(data: bytes, inflate: Any) -> list[Any]:  # noqa: ANN401 - zlib has no name for it
    """Return what websocket messages say."""
    found: list[Any] = []
    start = 0
    for end in frames.ends(data):
        payload = data[start:end]
        header = 2 if payload[1] <= frames.SHORT else 4 if payload[1] == frames.TWO_BYTES else 10
        payload = payload[header:]
        found.append(msgspec.json.decode(payload if inflate is None else inflate.decompress(payload)))
        start = end
    return found


# -- the bytes


@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("padding", [0, 10, 200, 70_000])
def test_what_was_encoded_says_what_was_meant_with_another_number_and_id(
    padding: int, *, is_compressed: bool
) -> None:
    payload = {**PAYLOAD, "padding": "ab%c" * padding}
    one = Ready("MESSAGE_CREATE", payload, is_compressed=is_compressed)
    ids = [1_500_000_000_000_000_000 + number for number in range(3)]
    data = ready.messages([one], 9, ids)

    assert len(data) == 3 * one.size
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS) if is_compressed else None
    assert read_messages(data, inflate) == [
        {"op": 0, "t": "MESSAGE_CREATE", "s": number, "d": {**payload, "id": str(snowflake)}}
        for number, snowflake in zip((9, 10, 11), ids, strict=True)
    ]


@pytest.mark.parametrize("seq", [1, 999_999, 9_999_999_999])
def test_a_number_may_have_as_many_digits_as_it_ever_gets(seq: int) -> None:
    one = Ready("TYPING_START", {"user_id": "1"}, is_compressed=False)

    assert read_messages(one.numbered(seq, 0), None) == [
        {"op": 0, "t": "TYPING_START", "s": seq, "d": {"user_id": "1"}}
    ]


def test_each_is_independent_of_what_was_compressed_before_and_after() -> None:
    stream, inflate = zlib.compressobj(), zlib.decompressobj()
    text = b'{"content":"the same words again and again","content":"the same words again and again"}'
    one = Ready("MESSAGE_CREATE", PAYLOAD, is_compressed=True)

    def ordinary(with_stream: Any) -> bytes:  # noqa: ANN401 - as above
        return with_stream.compress(text) + with_stream.flush(zlib.Z_SYNC_FLUSH)

    assert inflate.decompress(ordinary(stream)) == text
    for number in range(5):
        data = one.numbered(number, 1_500_000_000_000_000_000)
        (message,) = read_messages(data, inflate)
        assert message["s"] == number
        stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)  # as the socket begins anew behind them
        assert inflate.decompress(ordinary(stream)) == text
        assert inflate.decompress(ordinary(stream)) == text


# -- a real bot


class Listener:
    """Notes every message a bot hears of."""

    def __init__(self, bot: Bot) -> None:
        self.ids: list[int] = []
        self.contents: list[str] = []
        self._bot = bot
        self._news = anyio.Event()
        bot.add_listener(self._hear, "on_message")

    async def _hear(self, message: nextcord.Message) -> None:
        self.ids.append(message.id)
        self.contents.append(message.content)
        self._news.set()
        self._news = anyio.Event()

    async def until(self, count: int) -> None:
        with anyio.fail_after(LONG):  # noqa: TID251 - as everywhere in tests of the gateway
            while len(self.ids) < count:
                await self._news.wait()


async def test_all_arrive_exactly_once_and_in_order_and_then_life_goes_on(
    unrecorded: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(name="ping", description="Answers.")
    async def ping(interaction: nextcord.Interaction[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_message("pong")

    async with running(unrecorded, bot), person(unrecorded, "member") as member:
        listener = Listener(bot)
        before = bot.ws.sequence or 0
        await member.say("before")
        await listener.until(1)
        report = await flood(unrecorded, count=3000, seconds=60)
        await listener.until(3001)
        await member.say("after")
        await member.say("and after that")
        assert (await member.invoke("ping"))["content"] == "pong"
        await listener.until(3004)

        synthetic = listener.ids[1:3001]
        assert report["sent"] == 3000
        assert synthetic == sorted(set(synthetic))
        assert all(
            abs((made_at(str(one)) - made_at(str(listener.ids[0]))).total_seconds()) < 60 for one in synthetic
        )
        assert listener.contents[0] == "before"
        assert {one.partition(":")[0] for one in listener.contents[1:3001]} == {"Synthetic"}
        assert listener.contents[3001:3003] == ["after", "and after that"]
        # Every number was used, and no other: the commands' answers and their typing came in between.
        assert (bot.ws.sequence or 0) >= before + 3003


async def test_people_speak_in_between_and_nothing_is_lost(
    unrecorded: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    async with running(unrecorded, bot), person(unrecorded, "member") as member:
        listener = Listener(bot)

        async def talk() -> None:
            for number in range(30):
                await member.say(f"said {number}")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(talk)
            await flood(unrecorded, count=4000, seconds=60, rate=5000)
        await listener.until(4030)

        assert [one for one in listener.contents if one.startswith("said")] == [
            f"said {n}" for n in range(30)
        ]
        assert len(set(listener.ids)) == len(listener.ids) == 4030


async def test_a_bot_that_comes_back_is_sent_what_it_missed(
    unrecorded: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    async with running(unrecorded, bot):
        listener = Listener(bot)
        await flood(unrecorded, count=500, seconds=60)
        unrecorded.close_gateway(None)
        await bot.has_resumed.wait()
        await flood(unrecorded, count=500, seconds=60)
        await listener.until(1000)

        assert listener.ids == sorted(set(listener.ids))
        assert len(listener.ids) == 1000


# -- a bare client


@pytest.mark.parametrize("query", ["v=10&encoding=json", "v=10&encoding=json&compress=zlib-stream"])
async def test_numbers_follow_each_other_without_a_gap(unrecorded: Sandbox, query: str) -> None:
    async with wire(unrecorded, query=query) as client, anyio.create_task_group() as tasks:
        await client.identify(GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT)
        await client.until("GUILD_CREATE")
        last = client.frames[-1]["s"]
        tasks.start_soon(partial(flood, unrecorded, count=700, seconds=60))
        heard = [(await client.until("MESSAGE_CREATE"))["s"] for _ in range(700)]

        assert heard == list(range(last + 1, last + 701))


async def test_without_the_intent_for_it_content_is_not_told(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify(GUILDS | GUILD_MESSAGES)
        await client.until("GUILD_CREATE")
        await flood(unrecorded, count=10, seconds=60)
        frame = await client.until("MESSAGE_CREATE")

        assert frame["d"]["content"] == ""
        assert frame["d"]["author"]["username"] in {"owner", "member"}


async def test_other_events_can_be_sent_too(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify(GUILDS | TYPING)
        await client.until("GUILD_CREATE")
        await flood(unrecorded, event="TYPING_START", count=3, seconds=60)
        frame = await client.until("TYPING_START")

        assert frame["d"]["channel_id"] == unrecorded.channel_id


async def test_what_cannot_be_sent_is_refused_with_the_reason(unrecorded: Sandbox) -> None:
    status, body = await control(unrecorded, "POST", "load/dispatches", {"seconds": 1})
    assert (status, body["message"]) == (409, "no bot is connected; start it first")

    async with wire(unrecorded) as client:
        await client.identify(GUILDS)
        await client.until("GUILD_CREATE")
        for plan, reason in (
            ({"seconds": 1}, "the bot must ask for the intent of such events"),
            ({"event": "READY"}, "give one of MESSAGE_CREATE, TYPING_START"),
            ({"seconds": 0}, "seconds: 0 will not do"),
            ({"rate": 0}, "rate: 0 will not do"),
            ({"count": 0}, "count: 0 will not do"),
            ({"rat": 3}, "the fields are event, rate, seconds, count"),
        ):
            status, body = await control(unrecorded, "POST", "load/dispatches", plan)
            assert status == 400
            assert reason in body["message"]


async def test_a_recording_is_left_without_holes(sandbox: Sandbox) -> None:
    status, body = await control(sandbox, "POST", "load/dispatches", {"seconds": 1})

    assert status == 409
    assert "--record" in body["message"]


class Flooding:
    """A flood that goes on for an hour unless it is ended."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.ended = anyio.Event()
        self.report: Any = None

    async def run(self) -> None:
        self.report = await flood(self._sandbox, rate=1000, seconds=3600)
        self.ended.set()


async def test_one_that_is_stopped_tells_what_it_did_and_another_may_begin(unrecorded: Sandbox) -> None:
    flooding = Flooding(unrecorded)
    async with wire(unrecorded) as client, anyio.create_task_group() as tasks:
        await client.identify(GUILDS | GUILD_MESSAGES)
        tasks.start_soon(flooding.run)
        await client.until("MESSAGE_CREATE")
        status, body = await control(unrecorded, "POST", "load/dispatches", {"seconds": 1})
        assert (status, "already" in body["message"]) == (409, True)
        progress = (await control(unrecorded, "GET", "load/dispatches"))[1]
        assert progress["is_running"]
        assert progress["sent"] > 0

        async def read() -> None:
            while not flooding.ended.is_set():
                await client.read()

        tasks.start_soon(read)
        assert (await control(unrecorded, "DELETE", "load/dispatches"))[0] == 204
        await flooding.ended.wait()
        tasks.cancel_scope.cancel()

    assert flooding.report["was_interrupted"]
    assert flooding.report["drained_seconds"] is not None
    assert (await control(unrecorded, "GET", "load/dispatches"))[1] == {"is_running": False, "sent": 0}


async def test_a_bot_that_goes_away_ends_it(unrecorded: Sandbox) -> None:
    flooding = Flooding(unrecorded)
    async with anyio.create_task_group() as tasks, wire(unrecorded) as client:
        await client.identify(GUILDS | GUILD_MESSAGES)
        tasks.start_soon(flooding.run)
        await client.until("MESSAGE_CREATE")

    assert flooding.report["was_interrupted"]
