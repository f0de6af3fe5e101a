"""Guilds: what is known of them, and changing it."""

from datetime import timedelta

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ChannelType
from acore.sandbox.state.records import Channel, User
from tests.sandbox.images import PNG, data_uri
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import EMPTY, NOBODY, is_refused, is_wrong_at


def absent(api: Api, name: str, days: int) -> User:
    """Return a member who joined so many days ago and was not seen since."""
    world = api.sandbox.world
    user = world.add_user(name)
    world.guild.members[user.id].joined_at -= timedelta(days=days)
    return user


def add_channel(api: Api, kind: ChannelType) -> Channel:
    """Return a new channel of this kind."""
    channel = api.sandbox.world.add_channel("place")
    channel.type = kind
    return channel


@pytest.mark.shows("GET /guilds/{guild_id}")
async def test_a_guild_is_found_with_counts_if_asked_for(api: Api) -> None:
    guild = (await api("GET", api.guild)).body
    assert (guild["name"], guild["owner_id"]) == ("Sandbox", api.sandbox.world.owner.id)
    assert "approximate_member_count" not in guild
    counted = (await api("GET", api.guild, query={"with_counts": "true"})).body
    assert (counted["approximate_member_count"], counted["approximate_presence_count"]) == (3, 0)


@pytest.mark.shows("PATCH /guilds/{guild_id}")
async def test_a_guilds_name_and_settings_are_changed_and_the_log_tells_what(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    voice = add_channel(api, ChannelType.GUILD_VOICE)
    body = {
        "name": "Beach",
        "description": "with sand",
        "verification_level": 2,
        "default_message_notifications": 1,
        "explicit_content_filter": 2,
        "preferred_locale": "de",
        "afk_timeout": 900,
        "afk_channel_id": voice.id,
        "system_channel_id": api.sandbox.channel_id,
        "system_channel_flags": 3,
        "rules_channel_id": api.sandbox.channel_id,
        "public_updates_channel_id": api.sandbox.channel_id,
        "safety_alerts_channel_id": api.sandbox.channel_id,
        "premium_progress_bar_enabled": True,
    }

    edited = (await api("PATCH", api.guild, {**body, "icon": data_uri(PNG)}, reason="a new sign")).body

    assert {key: edited[key] for key in body} == body
    async with api.http.get(f"{api.sandbox.origin}/icons/{edited['id']}/{edited['icon']}.png") as picture:
        assert await picture.read() == PNG
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (int(entry.action), entry.target_id, entry.reason) == (1, edited["id"], "a new sign")
    assert {"key": "name", "old_value": "Sandbox", "new_value": "Beach"} in entry.changes
    assert {"key": "icon_hash", "new_value": edited["icon"]} in entry.changes
    again = (await api("PATCH", api.guild, {"icon": None, "preferred_locale": None})).body
    assert (again["icon"], again["preferred_locale"], again["afk_timeout"]) == (None, "en-US", 900)


async def test_a_change_that_changes_nothing_is_not_written_down(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    assert (await api("PATCH", api.guild, {"name": "Sandbox", "afk_timeout": 300})).status == 200
    assert api.sandbox.world.guild.audit_log == []


async def test_a_guild_is_given_away_by_its_owner_alone(wrong: Api) -> None:
    world = wrong.sandbox.world
    wrong.may(Permission.ADMINISTRATOR)
    given = {"owner_id": world.member.id}
    assert is_refused(await wrong("PATCH", wrong.guild, given), Refusal.MISSING_PERMISSIONS)
    for nobody in (NOBODY, "x"):
        reply = await wrong("PATCH", wrong.guild, {"owner_id": nobody}, by=world.owner)
        assert is_wrong_at(reply, "owner_id")
    edited = (await wrong("PATCH", wrong.guild, given, by=world.owner)).body
    assert (edited["owner_id"], world.guild.owner_id) == (world.member.id, world.member.id)
    change = {"key": "owner_id", "old_value": world.owner.id, "new_value": world.member.id}
    assert world.guild.audit_log[-1].changes == [change]


async def test_a_guild_becomes_a_community_by_an_administrator(api: Api) -> None:
    role = api.may(Permission.MANAGE_GUILD)
    api.sandbox.world.guild.settings["features"] = ["VERIFIED"]
    channels = dict.fromkeys(("rules_channel_id", "public_updates_channel_id"), api.sandbox.channel_id)
    community = {"features": ["COMMUNITY", "PARTNERED"]}

    reply = await api("PATCH", api.guild, {**community, **channels})
    assert is_refused(reply, Refusal.MISSING_PERMISSIONS)
    role.permissions = int(Permission.ADMINISTRATOR)
    assert is_wrong_at(await api("PATCH", api.guild, community), "rules_channel_id")
    edited = (await api("PATCH", api.guild, {**community, **channels})).body

    assert edited["features"] == ["VERIFIED", "COMMUNITY"]


async def test_invites_are_paused_by_a_feature(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    edited = (await api("PATCH", api.guild, {"features": ["INVITES_DISABLED"]})).body
    assert edited["features"] == ["INVITES_DISABLED"]
    assert (await api("PATCH", api.guild, {"features": []})).body["features"] == []


@pytest.mark.shows("PATCH /guilds/{guild_id}", Refusal.NEEDS_BOOSTS)
@pytest.mark.parametrize("field", ["splash", "banner", "discovery_splash", "home_header"])
async def test_a_guild_without_boosts_has_no_big_pictures(api: Api, field: str) -> None:
    api.may(Permission.MANAGE_GUILD)
    body = {field: data_uri(PNG)}
    assert is_refused(await api("PATCH", api.guild, body), Refusal.NEEDS_BOOSTS)
    features = ["INVITE_SPLASH", "BANNER", "DISCOVERABLE"]
    api.sandbox.world.guild.settings["features"] = features
    assert (await api("PATCH", api.guild, body)).body[field] is not None


@pytest.mark.shows("PATCH /guilds/{guild_id}", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x"),
        ("name", "x" * 101),
        ("description", "x" * 301),
        ("icon", "x"),
        ("verification_level", 5),
        ("default_message_notifications", 2),
        ("explicit_content_filter", 3),
        ("explicit_content_filter", True),
        ("preferred_locale", "xx"),
        ("afk_timeout", 61),
        ("afk_channel_id", NOBODY),
        ("afk_channel_id", "x"),
        ("system_channel_id", NOBODY),
        ("system_channel_flags", "all"),
        ("premium_progress_bar_enabled", "yes"),
        ("features", "COMMUNITY"),
    ],
)
async def test_what_is_wrong_with_a_guild_is_named(wrong: Api, field: str, value: object) -> None:
    wrong.may(Permission.MANAGE_GUILD)
    assert is_wrong_at(await wrong("PATCH", wrong.guild, {"name": "ok", field: value}), field)
    assert wrong.sandbox.world.guild.name == "Sandbox"


async def test_a_text_channel_is_no_place_to_be_away_in(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_GUILD)
    body = {"afk_channel_id": wrong.sandbox.channel_id}
    assert is_wrong_at(await wrong("PATCH", wrong.guild, body), "afk_channel_id")


@pytest.mark.shows("GET /guilds/{guild_id}/preview")
async def test_a_guild_is_previewed_from_outside_only_if_anybody_may_find_it(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_guild("elsewhere", users=[])
    assert (await api("GET", f"{api.guild}/preview")).body["approximate_member_count"] == 3
    assert is_refused(await api("GET", f"/guilds/{other.id}/preview"), Refusal.UNKNOWN_GUILD)
    other.settings["features"] = ["DISCOVERABLE"]
    assert (await api("GET", f"/guilds/{other.id}/preview")).body["name"] == "elsewhere"


@pytest.mark.shows("GET /guilds/{guild_id}/vanity-url")
async def test_a_guild_has_no_invite_code_of_its_choice(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    assert (await api("GET", f"{api.guild}/vanity-url")).body == {"code": None, "uses": 0}


@pytest.mark.shows("GET /guilds/{guild_id}/widget")
@pytest.mark.shows("PATCH /guilds/{guild_id}/widget")
async def test_the_widget_is_switched_on(api: Api) -> None:
    api.may(Permission.MANAGE_GUILD)
    wanted = {"enabled": True, "channel_id": api.sandbox.channel_id}
    assert (await api("GET", f"{api.guild}/widget")).body == {"enabled": False, "channel_id": None}
    assert (await api("PATCH", f"{api.guild}/widget", wanted)).body == wanted
    assert (await api("GET", f"{api.guild}/widget")).body == wanted
    assert (await api("GET", api.guild)).body["widget_enabled"] is True
    off = (await api("PATCH", f"{api.guild}/widget", {"enabled": False})).body
    assert off == {**wanted, "enabled": False}


@pytest.mark.shows("PATCH /guilds/{guild_id}/widget", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_the_widget_is_named(wrong: Api) -> None:
    wrong.may(Permission.MANAGE_GUILD)
    for field, value in (("enabled", 1), ("channel_id", "x"), ("channel_id", NOBODY)):
        assert is_wrong_at(await wrong("PATCH", f"{wrong.guild}/widget", {field: value}), field)


@pytest.mark.shows("GET /guilds/{guild_id}/integrations")
async def test_the_bots_of_a_guild_are_its_integrations(api: Api) -> None:
    api.sandbox.world.add_application("elsewhere")
    api.may(Permission.MANAGE_GUILD)
    listed = (await api("GET", f"{api.guild}/integrations")).body
    assert [one["application"]["name"] for one in listed] == ["sandbox-bot"]


@pytest.mark.shows("GET /guilds/{guild_id}/prune")
@pytest.mark.shows("POST /guilds/{guild_id}/prune")
async def test_who_was_not_there_for_days_is_pruned(api: Api) -> None:
    world = api.sandbox.world
    gone, lately = absent(api, "gone", 8), absent(api, "lately", 6)
    chatty, crew, other = absent(api, "chatty", 8), absent(api, "crew", 8), absent(api, "other", 8)
    harmless, role = world.add_role("harmless"), world.add_role("role")
    world.give_role(crew, harmless)
    world.give_role(other, role)
    await api.say(by=chatty)
    online, bot = absent(api, "online", 8), absent(api, "bot", 8)
    online.presence = {"status": "idle", "activities": []}
    bot.bot = True
    api.may(Permission.KICK_MEMBERS, Permission.MANAGE_GUILD)
    prune = f"{api.guild}/prune"

    assert (await api("GET", prune)).body == {"pruned": 1}
    assert (await api("GET", prune, query={"days": "5"})).body == {"pruned": 2}
    assert (await api("GET", prune, query={"include_roles": harmless.id})).body == {"pruned": 2}
    body = {"days": 7, "include_roles": [harmless.id]}
    assert (await api("POST", prune, body, reason="too quiet")).body == {"pruned": 2}

    assert {gone.id, crew.id}.isdisjoint(world.guild.members)
    assert {lately.id, chatty.id, other.id, world.owner.id, online.id, bot.id} <= world.guild.members.keys()
    entry = world.guild.audit_log[-1]
    assert (int(entry.action), entry.target_id, entry.reason) == (21, None, "too quiet")
    assert entry.options == {"delete_member_days": "7", "members_removed": "2"}


async def test_a_prune_is_not_counted_if_that_is_not_wanted_as_nextcord_says_it(wrong: Api) -> None:
    gone = absent(wrong, "gone", 8)
    wrong.may(Permission.KICK_MEMBERS, Permission.MANAGE_GUILD)
    body = {"days": 7, "compute_prune_count": "false"}
    assert (await wrong("POST", f"{wrong.guild}/prune", body)).body == {"pruned": None}
    assert gone.id not in wrong.sandbox.world.guild.members


@pytest.mark.shows("GET /guilds/{guild_id}/prune", Refusal.INVALID_FORM)
@pytest.mark.shows("POST /guilds/{guild_id}/prune", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_prune_is_named(wrong: Api) -> None:
    wrong.may(Permission.KICK_MEMBERS, Permission.MANAGE_GUILD)
    for days in (0, 31, "x"):
        prune = f"{wrong.guild}/prune"
        assert is_wrong_at(await wrong("GET", prune, query={"days": str(days)}), "days")
        assert is_wrong_at(await wrong("POST", prune, {"days": days}), "days")
        roles = f"{wrong.sandbox.guild_id},nonsense"
        assert is_wrong_at(await wrong("GET", prune, query={"include_roles": roles}), "include_roles", "1")
        assert is_wrong_at(await wrong("POST", prune, {"include_roles": ["nonsense"]}), "include_roles", "0")
    reply = await wrong("POST", f"{wrong.guild}/prune", {"compute_prune_count": "maybe"})
    assert is_wrong_at(reply, "compute_prune_count")


@pytest.mark.shows("GET /guilds/{guild_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/preview", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/vanity-url", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/vanity-url", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/widget", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/widget", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/widget", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/widget", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/integrations", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/integrations", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("GET /guilds/{guild_id}/prune", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/prune", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /guilds/{guild_id}/prune", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("POST /guilds/{guild_id}/prune", Refusal.MISSING_PERMISSIONS)
async def test_a_guild_is_for_its_members_and_changed_by_those_who_may(api: Api) -> None:
    other = api.sandbox.world.add_guild("elsewhere", users=[])
    api.may(Permission.KICK_MEMBERS)
    for guild_id in (other.id, NOBODY):
        for suffix in ("", "/preview"):
            assert is_refused(await api("GET", f"/guilds/{guild_id}{suffix}"), Refusal.UNKNOWN_GUILD)
    for method, suffix, body in (
        ("PATCH", "", {"name": "Beach"}),
        ("GET", "/vanity-url", None),
        ("GET", "/widget", None),
        ("PATCH", "/widget", {"enabled": True}),
        ("GET", "/integrations", None),
        ("GET", "/prune", None),
        ("POST", "/prune", EMPTY),
    ):
        assert is_refused(await api(method, f"/guilds/{other.id}{suffix}", body), Refusal.UNKNOWN_GUILD)
        reply = await api(method, f"{api.guild}{suffix}", body)
        assert is_refused(reply, Refusal.MISSING_PERMISSIONS)
