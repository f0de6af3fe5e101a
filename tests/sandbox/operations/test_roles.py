"""The roles of a guild."""

import pytest

from acore.sandbox.permissions.rules import EVERYONE_MAY, Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import OverwriteType
from acore.sandbox.state.records import Emoji, Overwrite
from tests.sandbox.images import GIF, PNG, data_uri
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import EMPTY, NOBODY, is_refused, is_wrong_at

MANAGE = Permission.MANAGE_ROLES
NO_POSITIONS: list[object] = []


async def names(api: Api) -> list[str]:
    """Return the names of the roles, the lowest first."""
    roles = (await api("GET", f"{api.guild}/roles")).body
    return [one["name"] for one in sorted(roles, key=lambda one: one["position"])]


@pytest.mark.shows("GET /guilds/{guild_id}/roles")
@pytest.mark.shows("GET /guilds/{guild_id}/roles/{role_id}")
async def test_roles_are_found_with_all_they_have(api: Api) -> None:
    bot = api.sandbox.world.application.bot

    listed = (await api("GET", f"{api.guild}/roles")).body
    everyone, own = listed

    assert (everyone["name"], everyone["position"]) == ("@everyone", 0)
    assert everyone["permissions"] == str(int(EVERYONE_MAY))
    assert (own["managed"], own["tags"]) == (True, {"bot_id": bot.id})
    assert (await api("GET", f"{api.guild}/roles/{own['id']}")).body == own


@pytest.mark.shows("GET /guilds/{guild_id}/roles/member-counts")
async def test_the_members_of_each_role_are_counted_but_not_those_of_everyone(api: Api) -> None:
    world = api.sandbox.world
    role, empty = world.add_role("crew"), world.add_role("nobody's")
    world.give_role(world.member, role)
    world.give_role(world.owner, role)

    counts = (await api("GET", f"{api.guild}/roles/member-counts")).body

    assert (counts[role.id], counts[empty.id]) == (2, 0)
    assert api.sandbox.guild_id not in counts


@pytest.mark.shows("POST /guilds/{guild_id}/roles")
async def test_a_new_role_is_the_lowest_and_has_what_was_sent(api: Api) -> None:
    api.may(MANAGE, Permission.KICK_MEMBERS)
    body = {
        "name": "crew",
        "permissions": str(int(Permission.KICK_MEMBERS)),
        "color": 0x112233,
        "hoist": True,
        "mentionable": True,
    }

    made = (await api("POST", f"{api.guild}/roles", body, reason="a crew")).body

    assert {key: made[key] for key in body} == body
    assert made["colors"]["primary_color"] == 0x112233
    assert made["position"] == 1
    assert await names(api) == ["@everyone", "crew", "sandbox-bot", "powers"]
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (entry.target_id, entry.reason) == (made["id"], "a crew")
    assert {"key": "name", "new_value": "crew"} in entry.changes


async def test_a_role_of_which_nothing_is_said_may_what_everyone_may(api: Api) -> None:
    api.may(MANAGE)
    made = (await api("POST", f"{api.guild}/roles", EMPTY)).body
    assert (made["name"], made["permissions"]) == ("new role", str(int(EVERYONE_MAY)))
    assert (made["hoist"], made["mentionable"], made["color"]) == (False, False, 0)


@pytest.mark.shows("PATCH /guilds/{guild_id}/roles/{role_id}")
async def test_a_role_is_changed_where_something_was_sent_and_the_log_tells_what(api: Api) -> None:
    role = api.sandbox.world.add_role("crew", color=5)
    api.may(MANAGE)
    colors = {"primary_color": 7, "secondary_color": 8, "tertiary_color": None}

    edited = (await api("PATCH", f"{api.guild}/roles/{role.id}", {"name": "gang", "colors": colors})).body

    assert (edited["name"], edited["color"], edited["colors"]) == ("gang", 7, colors)
    changes = api.sandbox.world.guild.audit_log[-1].changes
    assert {"key": "name", "old_value": "crew", "new_value": "gang"} in changes
    assert {"key": "color", "old_value": 5, "new_value": 7} in changes


async def test_a_change_that_changes_nothing_is_not_written_down(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(MANAGE)
    assert (await api("PATCH", f"{api.guild}/roles/{role.id}", {"name": "crew"})).status == 200
    assert api.sandbox.world.guild.audit_log == []


async def test_a_role_has_an_icon_where_the_guild_may_have_one(api: Api) -> None:
    guild = api.sandbox.world.guild
    role = api.sandbox.world.add_role("crew")
    guild.settings["features"] = ["ROLE_ICONS"]
    api.may(MANAGE)

    edited = (await api("PATCH", f"{api.guild}/roles/{role.id}", {"icon": data_uri(PNG)})).body

    url = f"{api.sandbox.origin}/role-icons/{role.id}/{edited['icon']}.png?size=64"
    async with api.http.get(url) as picture:
        assert (picture.content_type, await picture.read()) == ("image/png", PNG)
    assert (await api("PATCH", f"{api.guild}/roles/{role.id}", {"icon": None})).body["icon"] is None


@pytest.mark.shows("PATCH /guilds/{guild_id}/roles")
async def test_roles_are_moved_and_all_are_returned(api: Api) -> None:
    world = api.sandbox.world
    one, two, three = (world.add_role(name) for name in ("one", "two", "three"))
    api.may(MANAGE)

    wanted = [{"id": three.id, "position": 2}, {"id": world.guild.id, "position": 0}]
    moved = (await api("PATCH", f"{api.guild}/roles", wanted)).body

    order = ["@everyone", "sandbox-bot", "three", "one", "two", "powers"]
    assert [one["name"] for one in sorted(moved, key=lambda one: one["position"])] == order
    assert [one.position, two.position, three.position] == [3, 4, 2]
    assert [one["position"] for one in sorted(moved, key=lambda one: one["position"])] == [0, 1, 2, 3, 4, 5]


@pytest.mark.shows("DELETE /guilds/{guild_id}/roles/{role_id}")
async def test_a_deleted_role_is_gone_from_wherever_it_was(api: Api) -> None:
    world = api.sandbox.world
    role = world.add_role("crew")
    world.give_role(world.member, role)
    emoji = Emoji(world.snowflakes.make(), "crab", world.owner, role_ids=[role.id])
    world.guild.emojis[emoji.id] = emoji
    world.channel.overwrites[role.id] = Overwrite(role.id, OverwriteType.ROLE)
    above = api.may(MANAGE)

    assert (await api("DELETE", f"{api.guild}/roles/{role.id}")).status == 204

    assert await names(api) == ["@everyone", "sandbox-bot", "powers"]
    assert world.guild.members[world.member.id].role_ids == []
    assert (emoji.role_ids, world.channel.overwrites) == ([], {})
    assert above.position == 2
    entry = world.guild.audit_log[-1]
    assert (int(entry.action), entry.target_id) == (32, role.id)
    assert {"key": "name", "old_value": "crew"} in entry.changes


@pytest.mark.shows("GET /guilds/{guild_id}/roles", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/roles/member-counts", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/roles/{role_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("POST /guilds/{guild_id}/roles", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles/{role_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("DELETE /guilds/{guild_id}/roles/{role_id}", Refusal.UNKNOWN_GUILD)
async def test_the_roles_of_a_guild_that_one_is_not_in_are_unknown(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_guild("elsewhere", users=[])
    roles = f"/guilds/{other.id}/roles"
    for method, path, body in (
        ("GET", roles, None),
        ("GET", f"{roles}/member-counts", None),
        ("GET", f"{roles}/{other.id}", None),
        ("POST", roles, {"name": "crew"}),
        ("PATCH", roles, NO_POSITIONS),
        ("PATCH", f"{roles}/{other.id}", EMPTY),
        ("DELETE", f"{roles}/{other.id}", None),
    ):
        assert is_refused(await api(method, path, body), Refusal.UNKNOWN_GUILD)


@pytest.mark.shows("GET /guilds/{guild_id}/roles/{role_id}", Refusal.UNKNOWN_ROLE)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles", Refusal.UNKNOWN_ROLE)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles/{role_id}", Refusal.UNKNOWN_ROLE)
@pytest.mark.shows("DELETE /guilds/{guild_id}/roles/{role_id}", Refusal.UNKNOWN_ROLE)
async def test_a_role_that_is_not_there_is_unknown(api: Api) -> None:
    path = f"{api.guild}/roles/{NOBODY}"
    for method, body in (("GET", None), ("PATCH", EMPTY), ("DELETE", None)):
        assert is_refused(await api(method, path, body), Refusal.UNKNOWN_ROLE)
    api.may(MANAGE)
    wanted = [{"id": NOBODY, "position": 1}]
    assert is_refused(await api("PATCH", f"{api.guild}/roles", wanted), Refusal.UNKNOWN_ROLE)


@pytest.mark.shows("POST /guilds/{guild_id}/roles", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles/{role_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /guilds/{guild_id}/roles/{role_id}", Refusal.MISSING_PERMISSIONS)
async def test_roles_are_changed_only_with_the_permission_for_it(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(Permission.MANAGE_GUILD)
    for method, path, body in (
        ("POST", "", EMPTY),
        ("PATCH", "", [{"id": role.id, "position": 1}]),
        ("PATCH", f"/{role.id}", EMPTY),
        ("DELETE", f"/{role.id}", None),
    ):
        reply = await api(method, f"{api.guild}/roles{path}", body)
        assert is_refused(reply, Refusal.MISSING_PERMISSIONS)


async def test_roles_at_or_above_ones_own_highest_are_not_touched(api: Api) -> None:
    world = api.sandbox.world
    lower, own = world.add_role("lower"), api.may(MANAGE)
    above = world.add_role("above")
    for role in (own, above):
        path = f"{api.guild}/roles/{role.id}"
        assert is_refused(await api("PATCH", path, {"name": "x"}), Refusal.MISSING_PERMISSIONS)
        assert is_refused(await api("DELETE", path), Refusal.MISSING_PERMISSIONS)
    wanted = [{"id": lower.id, "position": own.position}]
    assert is_refused(await api("PATCH", f"{api.guild}/roles", wanted), Refusal.MISSING_PERMISSIONS)
    wanted = [{"id": above.id, "position": 1}]
    assert is_refused(await api("PATCH", f"{api.guild}/roles", wanted), Refusal.MISSING_PERMISSIONS)
    owner = world.owner
    assert (await api("PATCH", f"{api.guild}/roles/{above.id}", {"name": "x"}, by=owner)).status == 200


async def test_nobody_gives_a_role_what_they_may_not_do_themselves(api: Api) -> None:
    role = api.sandbox.world.add_role("crew", permission_bits=int(Permission.BAN_MEMBERS))
    api.may(MANAGE)
    path = f"{api.guild}/roles"
    more = {"permissions": str(int(Permission.BAN_MEMBERS | Permission.KICK_MEMBERS))}
    assert is_refused(await api("POST", path, more), Refusal.MISSING_PERMISSIONS)
    assert is_refused(await api("PATCH", f"{path}/{role.id}", more), Refusal.MISSING_PERMISSIONS)
    same = {"permissions": str(role.permissions), "name": "gang"}
    assert (await api("PATCH", f"{path}/{role.id}", same)).status == 200
    administrator = api.may(Permission.ADMINISTRATOR)
    assert administrator.position > role.position
    assert (await api("PATCH", f"{path}/{role.id}", more)).status == 200


@pytest.mark.shows("DELETE /guilds/{guild_id}/roles/{role_id}", Refusal.INVALID_ROLE)
async def test_neither_everyone_nor_a_bots_own_role_is_deleted(api: Api) -> None:
    world = api.sandbox.world
    own = next(one for one in world.guild.roles.values() if one.bot_id is not None)
    api.may(MANAGE)
    for role_id in (world.guild.id, own.id):
        assert is_refused(await api("DELETE", f"{api.guild}/roles/{role_id}"), Refusal.INVALID_ROLE)


@pytest.mark.shows("POST /guilds/{guild_id}/roles", Refusal.TOO_MANY_ROLES)
async def test_a_guild_has_250_roles_at_most(api: Api) -> None:
    world = api.sandbox.world
    while len(world.guild.roles) < 248:
        world.add_role("one of many")
    api.may(MANAGE)
    assert (await api("POST", f"{api.guild}/roles", EMPTY)).status == 200
    assert is_refused(await api("POST", f"{api.guild}/roles", EMPTY), Refusal.TOO_MANY_ROLES)


@pytest.mark.shows("POST /guilds/{guild_id}/roles", Refusal.NEEDS_BOOSTS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles/{role_id}", Refusal.NEEDS_BOOSTS)
async def test_a_guild_without_boosts_has_no_icons_on_its_roles(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(MANAGE)
    for body in ({"icon": data_uri(PNG)}, {"unicode_emoji": "🦀"}):
        assert is_refused(await api("POST", f"{api.guild}/roles", body), Refusal.NEEDS_BOOSTS)
        path = f"{api.guild}/roles/{role.id}"
        assert is_refused(await api("PATCH", path, body), Refusal.NEEDS_BOOSTS)


@pytest.mark.shows("POST /guilds/{guild_id}/roles", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /guilds/{guild_id}/roles/{role_id}", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 101),
        ("name", 5),
        ("permissions", "all"),
        ("permissions", -1),
        ("permissions", "²"),
        ("color", 0x1000000),
        ("color", True),
        ("hoist", "yes"),
        ("mentionable", 1),
        ("icon", "data:image/png;base64,AAAA"),
        ("icon", data_uri(GIF + bytes(256 * 1024), "image/gif")),
    ],
)
async def test_what_is_wrong_with_a_role_is_named(wrong: Api, field: str, value: object) -> None:
    role = wrong.sandbox.world.add_role("crew")
    wrong.may(MANAGE)
    body = {field: value}
    assert is_wrong_at(await wrong("POST", f"{wrong.guild}/roles", body), field)
    assert is_wrong_at(await wrong("PATCH", f"{wrong.guild}/roles/{role.id}", body), field)
    assert role.name == "crew"


@pytest.mark.shows("PATCH /guilds/{guild_id}/roles", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_list_of_positions_is_named(wrong: Api) -> None:
    wrong.may(MANAGE)
    path = f"{wrong.guild}/roles"
    assert is_wrong_at(await wrong("PATCH", path, [{"position": 1}]), "0", "id")
    high = [{"id": wrong.sandbox.guild_id, "position": "high"}]
    assert is_wrong_at(await wrong("PATCH", path, high), "0", "position")
    assert is_wrong_at(await wrong("PATCH", path, {"id": wrong.sandbox.guild_id}))
