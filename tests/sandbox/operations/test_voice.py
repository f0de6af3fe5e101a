"""Voice regions and voice states over REST."""

from datetime import UTC, datetime

import pytest

from acore.sandbox import Sandbox
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state import voice
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel, User
from tests.sandbox.gateway.places import deny, voice_channel
from tests.sandbox.operations.conftest import Api

OWN = "/voice-states/@me"


def seat(sandbox: Sandbox, user: User, channel: Channel) -> None:
    """Put somebody into a voice channel, as if their client had asked for it."""
    guild = sandbox.world.guild
    voice.join(sandbox.world, guild, guild.members[user.id], channel, session_id="a-session")


def on_stage(api: Api, user: User) -> Channel:
    """Return a stage on which somebody is."""
    stage = voice_channel(api.sandbox, "Stage", ChannelType.GUILD_STAGE_VOICE)
    seat(api.sandbox, user, stage)
    return stage


@pytest.mark.shows("GET /voice/regions")
@pytest.mark.shows("GET /guilds/{guild_id}/regions")
async def test_regions_are_told_in_general_and_of_a_guild(api: Api) -> None:
    everywhere, here = await api("GET", "/voice/regions"), await api("GET", f"{api.guild}/regions")

    assert everywhere.body == here.body
    assert [one["id"] for one in here.body if one["optimal"]] == ["rotterdam"]


@pytest.mark.shows("GET /guilds/{guild_id}/regions", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/voice-states/@me", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/@me", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/voice-states/{user_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/{user_id}", Refusal.UNKNOWN_GUILD)
async def test_a_guild_the_bot_is_not_in_has_no_voice(api: Api) -> None:
    guild = api.sandbox.world.add_guild("Elsewhere", users=[])
    member = api.sandbox.world.owner.id

    for method, path in (
        ("GET", "/regions"),
        ("GET", OWN),
        ("PATCH", OWN),
        ("GET", f"/voice-states/{member}"),
        ("PATCH", f"/voice-states/{member}"),
    ):
        body = {"suppress": True} if method == "PATCH" else None
        assert (await api(method, f"/guilds/{guild.id}{path}", body)).body["code"] == 10004


@pytest.mark.shows("GET /guilds/{guild_id}/voice-states/@me")
@pytest.mark.shows("GET /guilds/{guild_id}/voice-states/{user_id}")
async def test_voice_states_are_told_of_oneself_and_of_others(api: Api) -> None:
    world = api.sandbox.world
    channel = voice_channel(api.sandbox)
    for user in (world.application.bot, world.member):
        seat(api.sandbox, user, channel)

    own = (await api("GET", f"{api.guild}{OWN}")).body
    others = (await api("GET", f"{api.guild}/voice-states/{world.member.id}")).body

    assert own["user_id"] == world.application.bot.id
    assert (others["user_id"], others["channel_id"], others["suppress"]) == (
        world.member.id,
        channel.id,
        False,
    )
    assert others["member"]["user"]["id"] == world.member.id


@pytest.mark.shows("GET /guilds/{guild_id}/voice-states/@me", Refusal.UNKNOWN_VOICE_STATE)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/@me", Refusal.UNKNOWN_VOICE_STATE)
@pytest.mark.shows("GET /guilds/{guild_id}/voice-states/{user_id}", Refusal.UNKNOWN_VOICE_STATE)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/{user_id}", Refusal.UNKNOWN_VOICE_STATE)
async def test_who_is_in_no_voice_channel_has_no_voice_state(api: Api) -> None:
    for user in ("@me", api.sandbox.world.member.id):
        for method, body in (("GET", None), ("PATCH", {"suppress": True})):
            reply = await api(method, f"{api.guild}/voice-states/{user}", body)
            assert (reply.status, reply.body["code"]) == (404, 10065)


async def test_who_is_in_a_channel_that_the_bot_cannot_see_is_not_told(api: Api) -> None:
    world = api.sandbox.world
    channel = voice_channel(api.sandbox)
    seat(api.sandbox, world.member, channel)
    deny(channel, world.application.bot, Permission.VIEW_CHANNEL)

    assert (await api("GET", f"{api.guild}/voice-states/{world.member.id}")).body["code"] == 10065


@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/@me")
async def test_a_bot_on_a_stage_asks_to_speak_and_speaks(api: Api) -> None:
    stage = on_stage(api, api.sandbox.world.application.bot)
    assert (await api("GET", f"{api.guild}{OWN}")).body["suppress"] is True
    moment = datetime(2030, 1, 1, tzinfo=UTC).isoformat()

    asked = await api("PATCH", f"{api.guild}{OWN}", {"request_to_speak_timestamp": moment})
    assert asked.status == 204
    shown = (await api("GET", f"{api.guild}{OWN}")).body
    assert shown["request_to_speak_timestamp"].startswith("2030-01-01T00:00:00")

    api.may(Permission.MUTE_MEMBERS)
    body = {"channel_id": stage.id, "suppress": False, "request_to_speak_timestamp": None}
    assert (await api("PATCH", f"{api.guild}{OWN}", body)).status == 204
    shown = (await api("GET", f"{api.guild}{OWN}")).body
    assert (shown["suppress"], shown["request_to_speak_timestamp"]) == (False, None)


@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/@me", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/{user_id}", Refusal.MISSING_PERMISSIONS)
async def test_speaking_and_asking_to_take_permissions(api: Api) -> None:
    bot = api.sandbox.world.application.bot
    stage = on_stage(api, bot)
    deny(stage, bot, Permission.REQUEST_TO_SPEAK)
    moment = datetime(2030, 1, 1, tzinfo=UTC).isoformat()

    for who, body in (
        ("@me", {"suppress": False}),
        ("@me", {"request_to_speak_timestamp": moment}),
        (bot.id, {"suppress": True}),
    ):
        reply = await api("PATCH", f"{api.guild}/voice-states/{who}", body)
        assert (reply.status, reply.body["code"]) == (403, 50013)
    assert (await api("PATCH", f"{api.guild}{OWN}", {"suppress": True})).status == 204


@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/{user_id}")
async def test_a_person_who_may_speak_is_invited_and_no_longer_when_silenced(api: Api) -> None:
    member = api.sandbox.world.member
    on_stage(api, member)
    api.may(Permission.MUTE_MEMBERS)
    path = f"{api.guild}/voice-states/{member.id}"

    await api("PATCH", path, {"suppress": False})
    invited = (await api("GET", path)).body
    await api("PATCH", path, {"suppress": True})
    silenced = (await api("GET", path)).body

    assert invited["suppress"] is False
    assert invited["request_to_speak_timestamp"] is not None
    assert (silenced["suppress"], silenced["request_to_speak_timestamp"]) == (True, None)


@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/@me", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/{user_id}", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
async def test_only_on_a_stage_somebody_is_let_speak(api: Api) -> None:
    bot = api.sandbox.world.application.bot
    seat(api.sandbox, bot, voice_channel(api.sandbox))

    for who in ("@me", bot.id):
        reply = await api("PATCH", f"{api.guild}/voice-states/{who}", {"suppress": True})
        assert (reply.status, reply.body["code"]) == (400, 50024)


@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/@me", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /guilds/{guild_id}/voice-states/{user_id}", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_change_is_named(wrong: Api) -> None:
    bot = wrong.sandbox.world.application.bot
    on_stage(wrong, bot)

    for who, body, field in (
        ("@me", {"channel_id": wrong.sandbox.channel_id}, "channel_id"),
        ("@me", {"suppress": "yes"}, "suppress"),
        ("@me", {"request_to_speak_timestamp": 5}, "request_to_speak_timestamp"),
        (bot.id, {"channel_id": "here"}, "channel_id"),
        (bot.id, {"suppress": 1}, "suppress"),
    ):
        reply = await wrong("PATCH", f"{wrong.guild}/voice-states/{who}", body)
        assert (reply.status, list(reply.body["errors"])) == (400, [field])


async def test_a_member_is_moved_and_disconnected_over_rest_and_that_is_written_down(api: Api) -> None:
    world = api.sandbox.world
    first, second = voice_channel(api.sandbox), voice_channel(api.sandbox, "Other")
    seat(api.sandbox, world.member, first)
    api.may(Permission.MOVE_MEMBERS, Permission.MUTE_MEMBERS)
    path = f"{api.guild}/members/{world.member.id}"

    assert (await api("PATCH", path, {"channel_id": second.id, "mute": True})).status == 200
    state = (await api("GET", f"{api.guild}/voice-states/{world.member.id}")).body
    assert (state["channel_id"], state["mute"]) == (second.id, True)
    assert (await api("PATCH", path, {"channel_id": None})).status == 200

    assert world.guild.voice_states == {}
    assert [int(one.action) for one in world.guild.audit_log] == [24, 26, 27]
    assert world.guild.audit_log[1].options == {"count": "1", "channel_id": second.id}


async def test_a_member_is_not_moved_to_where_no_voice_is(wrong: Api) -> None:
    seat(wrong.sandbox, wrong.sandbox.world.member, voice_channel(wrong.sandbox))
    wrong.may(Permission.MOVE_MEMBERS)

    for channel_id in (wrong.sandbox.channel_id, "1"):
        path = f"{wrong.guild}/members/{wrong.sandbox.world.member.id}"
        reply = await wrong("PATCH", path, {"channel_id": channel_id})
        assert (reply.status, list(reply.body["errors"])) == (400, ["channel_id"])
