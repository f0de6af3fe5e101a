"""Status and activities: what is said of oneself, and who is told."""

import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from acore.sandbox import Sandbox
from acore.sandbox.gateway.intents import Intent
from acore.sandbox.shapes import Json
from tests.sandbox.conftest import NewBot, NewPerson, Running
from tests.sandbox.gateway.wire import Wire, true, wire

BOTH = Intent.GUILDS | Intent.GUILD_PRESENCES


def presence(status: str = "online", *activities: Json) -> Json:
    return {"since": None, "activities": list(activities), "status": status, "afk": False}


async def seen(watcher: Wire) -> Json:
    """Return the next presence that a client is told of."""
    return (await watcher.until("PRESENCE_UPDATE"))["d"]


async def as_person(client: Wire, **more: object) -> None:
    """Identify as the member."""
    await client.send(2, {"token": client.sandbox.world.member.token, **more})
    await client.until("GUILD_CREATE")


async def test_coming_going_and_changing_is_told_to_those_who_share_a_guild(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as watcher:
        await watcher.identify(BOTH)
        await watcher.until("GUILD_CREATE")
        async with wire(unrecorded) as person:
            await as_person(person)
            came = await seen(watcher)
            await person.send(3, presence("dnd", {"name": "chess", "type": 0}))
            played = await seen(watcher)
            await person.send(3, presence("invisible", {"name": "chess", "type": 0}))
            hid = await seen(watcher)
            await person.send(3, presence("idle"))
            idled = await seen(watcher)
        left = await seen(watcher)

        assert [one["status"] for one in (came, played, hid, idled, left)] == [
            "online",
            "dnd",
            "offline",
            "idle",
            "offline",
        ]
        assert {one["user"]["id"] for one in (came, left)} == {unrecorded.world.member.id}
        assert {one["guild_id"] for one in (came, left)} == {unrecorded.guild_id}
        assert played["client_status"] == {"desktop": "dnd"}
        (activity,) = played["activities"]
        assert (activity["name"], activity["type"]) == ("chess", 0)
        assert isinstance(activity["created_at"], int)
        assert (hid["activities"], hid["client_status"]) == ([], {})


async def test_what_is_of_another_kind_in_an_activity_is_not_shown_to_others(unrecorded: Sandbox) -> None:
    right: dict[str, object] = {
        "name": "chess",
        "type": 0,
        "state": "thinking",
        "party": {"id": "p"},
        "flags": 1,
    }
    wrong: dict[str, object] = {
        "name": "chess",
        "type": 0,
        "state": 5,
        "emoji": "x",
        "timestamps": [],
        "assets": 1,
        "flags": "f",
    }
    async with wire(unrecorded) as watcher, wire(unrecorded) as person:
        await watcher.identify(BOTH)
        await watcher.until("GUILD_CREATE")
        await as_person(person)
        await seen(watcher)
        for activity, shown in ((right, right), (wrong, {"name": "chess", "type": 0})):
            await person.send(3, presence("online", activity))
            (played,) = (await seen(watcher))["activities"]
            del played["created_at"]
            assert played == shown


async def test_without_the_intent_or_a_guild_in_common_nobody_is_told(unrecorded: Sandbox) -> None:
    world = unrecorded.world
    stranger = world.add_application("stranger").bot
    world.add_guild("Elsewhere", users=[stranger], owner=stranger)
    async with wire(unrecorded) as blind, wire(unrecorded) as afar, wire(unrecorded) as person:
        await blind.identify(Intent.GUILDS)
        await blind.until("GUILD_CREATE")
        await afar.identify(BOTH, token=stranger.token)
        await afar.until("GUILD_CREATE")
        await as_person(person)
        for watcher in (blind, afar):
            assert [one["t"] for one in await watcher.beat()] == []


async def test_what_stays_the_same_is_not_told_again(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as watcher, wire(unrecorded) as person:
        await watcher.identify(BOTH)
        await watcher.until("GUILD_CREATE")
        await as_person(person, presence=presence("idle"))
        assert (await seen(watcher))["status"] == "idle"
        await person.send(3, presence("idle"))
        await person.beat()
        assert await watcher.beat() == []


async def test_the_presence_of_the_identify_shows_in_guild_create(unrecorded: Sandbox) -> None:
    game = {"name": "with fire", "type": 0}
    for said in ({**presence("dnd"), "game": game, "activities": None}, presence("dnd", game)):
        async with wire(unrecorded) as client:
            await client.identify(BOTH, presence=said)
            guild = (await client.until("GUILD_CREATE"))["d"]
            (own,) = guild["presences"]
            assert (own["status"], own["activities"][0]["name"]) == ("dnd", "with fire")


async def test_a_user_is_online_until_the_last_socket_goes(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as watcher:
        await watcher.identify(BOTH)
        await watcher.until("GUILD_CREATE")
        async with wire(unrecorded) as second:
            async with wire(unrecorded) as first:
                await as_person(first, presence=presence("idle"))
                await as_person(second, presence=presence("dnd"))
                assert [(await seen(watcher))["status"] for _ in range(2)] == ["idle", "dnd"]
            await second.ws.close(code=1000)
            # What the first said counts for nothing any more: it went before.
            assert (await seen(watcher))["status"] == "offline"


async def test_who_is_left_shows_what_it_said_when_the_other_goes(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as watcher, wire(unrecorded) as stays:
        await watcher.identify(BOTH)
        await watcher.until("GUILD_CREATE")
        await as_person(stays, presence=presence("idle"))
        async with wire(unrecorded) as goes:
            await as_person(goes, presence=presence("dnd"))
        assert [(await seen(watcher))["status"] for _ in range(3)] == ["idle", "dnd", "idle"]


async def test_a_resumed_session_is_as_it_was_before(unrecorded: Sandbox) -> None:
    async with wire(unrecorded) as watcher, wire(unrecorded) as other:
        await as_person(watcher)
        ready = await other.identify(Intent.GUILDS, presence=presence("idle"))
        await other.until("GUILD_CREATE")
        assert (await seen(watcher))["status"] == "idle"
        await other.ws.close(code=4000)
        assert (await seen(watcher))["status"] == "offline"
        async with wire(unrecorded) as again:
            await again.resume(ready["session_id"], 2)
            await again.until("RESUMED")
            assert (await seen(watcher))["status"] == "idle"


async def test_nextcords_changes_of_presence_are_seen_by_people(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    def shown() -> list[tuple[str, list[str]]]:
        told = [one.data for one in member.events if one.name == "PRESENCE_UPDATE"]
        own = [one for one in told if one["user"]["id"] == sandbox.application_id]
        return [(one["status"], [each["name"] for each in one["activities"]]) for one in own]

    async with person(sandbox, "member") as member, running(sandbox, new_bot()) as bot:
        for status in (nextcord.Status.idle, nextcord.Status.dnd, nextcord.Status.invisible):
            await bot.change_presence(status=status, activity=nextcord.Game("chess"))
        await bot.change_presence(activity=nextcord.Streaming(name="live", url="https://twitch.tv/x"))
        await true(lambda: len(shown()) == 5)

        assert shown() == [
            ("online", []),
            ("idle", ["chess"]),
            ("dnd", ["chess"]),
            ("offline", []),
            ("online", ["live"]),
        ]


async def test_nextcord_sees_people_come_and_go(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot, seen = new_bot(), list[tuple[str, nextcord.Status | str]]()

    @bot.listen()
    async def on_presence_update(_: nextcord.Member, after: nextcord.Member) -> None:  # pyright: ignore[reportUnusedFunction]
        seen.append((after.name, after.status))

    async with running(sandbox, bot):
        async with person(sandbox, "member"):
            await true(lambda: ("member", nextcord.Status.online) in seen)
        await true(lambda: ("member", nextcord.Status.offline) in seen)
