"""Op 8: asking for members, and the chunks that answer."""

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from acore.sandbox.gateway.intents import ALL, Intent
from acore.sandbox.shapes import Json
from tests.sandbox.conftest import NewBot, Running
from tests.sandbox.gateway.wire import Wire, wire

EVERY = int(ALL)


async def ask_for(client: Wire, **what: object) -> list[Json]:
    """Ask for members of the first guild, and return the chunks."""
    await client.send(8, {"guild_id": client.sandbox.guild_id, **what})
    chunks = [(await client.until("GUILD_MEMBERS_CHUNK"))["d"]]
    while len(chunks) < chunks[0]["chunk_count"]:
        chunks.append((await client.until("GUILD_MEMBERS_CHUNK"))["d"])
    return chunks


async def unanswered(client: Wire, **what: object) -> bool:
    """Ask for members of the first guild, and return whether nothing came until the next heartbeat."""
    await client.send(8, {"guild_id": client.sandbox.guild_id, **what})
    return "GUILD_MEMBERS_CHUNK" not in {one["t"] for one in await client.beat()}


def names(chunks: list[Json]) -> list[str]:
    return [one["user"]["username"] for chunk in chunks for one in chunk["members"]]


async def test_all_members_come_a_thousand_a_chunk(unrecorded: Sandbox) -> None:
    for number in range(2000):
        unrecorded.world.add_user(f"extra{number}")
    async with wire(unrecorded) as client:
        await client.identify(EVERY)
        chunks = await ask_for(client, query="", limit=0, nonce="mine")

    assert [len(one["members"]) for one in chunks] == [1000, 1000, 3]
    assert [(one["chunk_index"], one["chunk_count"]) for one in chunks] == [(0, 3), (1, 3), (2, 3)]
    assert {one["nonce"] for one in chunks} == {"mine"}
    assert len(set(names(chunks))) == 2003
    assert all("not_found" not in one and "presences" not in one for one in chunks)


@pytest.mark.parametrize("limit", [0, 5])
async def test_the_whole_list_takes_the_intent_for_members(unrecorded: Sandbox, limit: int) -> None:
    async with wire(unrecorded) as client:
        await client.identify(EVERY & ~Intent.GUILD_MEMBERS)
        assert await unanswered(client, query="", limit=limit)
        assert names(await ask_for(client, query="own", limit=1)) == ["owner"]


async def test_names_are_looked_for_by_their_beginning_up_to_a_hundred(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    for number in range(150):
        world.add_user(f"Extra{number}")
    world.guild.members[world.owner.id].nick = "Boss"
    world.member.global_name = "Somebody Else"
    async with wire(unrecorded) as client:
        await client.identify()
        assert len(names(await ask_for(client, query="extra", limit=1000))) == 100
        assert len(names(await ask_for(client, query="EXTRA", limit=7))) == 7
        assert names(await ask_for(client, query="bos", limit=1)) == ["owner"]
        assert names(await ask_for(client, query="some", limit=1)) == ["member"]
        assert names(await ask_for(client, query="xtra", limit=1)) == []


async def test_ids_are_looked_up_as_text_numbers_or_one_alone(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    async with wire(unrecorded) as client:
        await client.identify()
        (chunk,) = await ask_for(client, user_ids=[world.owner.id, int(world.member.id), "5"], limit=0)
        assert names([chunk]) == ["owner", "member"]
        assert chunk["not_found"] == ["5"]
        assert names(await ask_for(client, user_ids=world.owner.id)) == ["owner"]
        (nobody,) = await ask_for(client, user_ids=[])
        assert nobody["members"] == []
        assert "not_found" not in nobody


async def test_a_hundred_ids_are_looked_up_at_most(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        (chunk,) = await ask_for(client, user_ids=[str(number) for number in range(101)])
        assert len(chunk["not_found"]) == 100


@pytest.mark.parametrize(
    ("nonce", "comes_back"), [("x" * 32, True), ("x" * 33, False), ("ä" * 17, False), (7, False)]
)
async def test_a_nonce_of_32_bytes_comes_back_and_any_other_is_ignored(
    unrecorded: Sandbox, nonce: object, *, comes_back: bool
) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        (chunk,) = await ask_for(client, query="own", limit=1, nonce=nonce)
        assert chunk.get("nonce") == (nonce if comes_back else None)


async def test_presences_of_who_is_online_come_if_asked_for_with_the_intent(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    world.owner.presence = {"status": "dnd", "activities": []}
    async with wire(unrecorded) as client:
        await client.identify(Intent.GUILD_PRESENCES)
        (chunk,) = await ask_for(client, user_ids=[world.owner.id, world.member.id], presences=True)
        assert [(one["user"]["id"], one["status"]) for one in chunk["presences"]] == [(world.owner.id, "dnd")]
        assert "presences" not in (await ask_for(client, query="own", limit=1, presences=False))[0]
    async with wire(unrecorded) as client:
        await client.identify(EVERY & ~Intent.GUILD_PRESENCES)
        assert "presences" not in (await ask_for(client, query="own", limit=1, presences=True))[0]


async def test_the_guild_may_be_a_number_or_stand_in_a_list(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as client:
        await client.identify()
        for guild_id in (int(unrecorded.guild_id), [unrecorded.guild_id], [int(unrecorded.guild_id)]):
            assert names(await ask_for(client, guild_id=guild_id, query="own", limit=1)) == ["owner"]


async def test_of_a_guild_where_the_bot_is_not_nothing_is_told(unrecorded: Sandbox) -> None:
    elsewhere = unrecorded.world.add_guild("Elsewhere", users=[])
    async with wire(unrecorded) as client:
        await client.identify(EVERY)
        assert await unanswered(client, guild_id=elsewhere.id, query="", limit=0)
        assert await unanswered(client, guild_id="1", query="", limit=0)


async def test_a_guild_is_told_before_its_members_are(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    for number in range(300):
        world.add_guild(f"guild{number}", users=[world.application.bot])
    last = list(world.guilds)[-1]
    async with wire(unrecorded) as client:
        await client.identify(Intent.GUILDS)
        await client.send(8, {"guild_id": last, "query": "own", "limit": 1})
        await client.until("GUILD_MEMBERS_CHUNK")

        told = [one["d"]["id"] for one in client.frames if one["t"] == "GUILD_CREATE"]
        assert last in told


async def test_nextcord_chunks_a_large_guild_and_finds_members(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    for number in range(1500):
        sandbox.world.add_user(f"extra{number}")
    async with running(sandbox, new_bot(nextcord.Intents(guilds=True, members=True))) as bot:
        guild = bot.guilds[0]
        assert guild.chunked
        assert len(guild.members) == 1503

        found = await guild.query_members("extra12", limit=100)
        by_id = await guild.query_members(user_ids=[int(sandbox.world.owner.id)])

        assert len(found) == 100
        assert all(one.name.startswith("extra12") for one in found)
        assert [one.name for one in by_id] == ["owner"]


async def test_without_the_intent_for_members_nextcord_still_finds_some_by_name(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, new_bot(nextcord.Intents(guilds=True))) as bot:
        guild = bot.guilds[0]
        assert [one.name for one in guild.members] == ["sandbox-bot"]
        assert [one.name for one in await guild.query_members("mem", limit=5)] == ["member"]
