"""The emojis of a guild and of an application."""

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.records import Emoji
from tests.sandbox.images import GIF, JPEG, PNG, WEBP, data_uri
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import EMPTY, NOBODY, is_refused, is_wrong_at

CREATE, MANAGE = Permission.CREATE_GUILD_EXPRESSIONS, Permission.MANAGE_GUILD_EXPRESSIONS
NEW = {"name": "crab", "image": data_uri(PNG)}
TOO_BIG = {"name": "whale", "image": data_uri(PNG + bytes(256 * 1024))}


def own(api: Api) -> str:
    """Return the path of the emojis of the bot's application."""
    return f"/applications/{api.sandbox.application_id}/emojis"


def crowded(api: Api, count: int, *, animated: bool = False) -> dict[str, Emoji]:
    """Return so many emojis."""
    make = api.sandbox.world.snowflakes.make
    emojis = [Emoji(make(), "one_of_many", api.sandbox.world.owner, animated) for _ in range(count)]
    return {one.id: one for one in emojis}


@pytest.mark.shows("POST /guilds/{guild_id}/emojis")
@pytest.mark.shows("GET /guilds/{guild_id}/emojis")
@pytest.mark.shows("GET /guilds/{guild_id}/emojis/{emoji_id}")
async def test_an_emoji_is_made_found_and_its_picture_read(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(CREATE)
    body = {**NEW, "roles": [role.id, api.sandbox.guild_id]}

    reply = await api("POST", f"{api.guild}/emojis", body, reason="a crab")

    made = reply.body
    assert reply.status == 201
    assert (made["name"], made["animated"], made["roles"]) == ("crab", False, [role.id])
    assert made["user"]["id"] == api.sandbox.application_id
    assert (await api("GET", f"{api.guild}/emojis")).body == [made]
    assert (await api("GET", f"{api.guild}/emojis/{made['id']}")).body == made
    async with api.http.get(f"{api.sandbox.origin}/emojis/{made['id']}.png") as picture:
        assert (picture.content_type, await picture.read()) == ("image/png", PNG)
    entry = api.sandbox.world.guild.audit_log[-1]
    assert (int(entry.action), entry.target_id, entry.reason) == (60, made["id"], "a crab")
    assert entry.changes == [{"key": "name", "new_value": "crab"}]


@pytest.mark.parametrize(
    ("data", "kind", "is_animated"),
    [
        (GIF, "image/gif", True),
        (JPEG, "image/jpeg", False),
        (WEBP, "image/webp", False),
        (WEBP + b"ANIM", "image/webp", True),
        (GIF, "image/png", True),  # what it is counts, not what it is called
    ],
)
async def test_an_emoji_may_be_any_kind_of_picture(
    api: Api, data: bytes, kind: str, *, is_animated: bool
) -> None:
    api.may(CREATE)
    body = {"name": "crab", "image": data_uri(data, kind)}
    assert (await api("POST", f"{api.guild}/emojis", body)).body["animated"] is is_animated


async def test_who_may_not_manage_emojis_does_not_see_who_made_them(api: Api) -> None:
    world = api.sandbox.world
    api.may(CREATE)
    made = (await api("POST", f"{api.guild}/emojis", NEW)).body
    listed = (await api("GET", f"{api.guild}/emojis", by=world.member)).body
    assert [one["id"] for one in listed] == [made["id"]]
    assert "user" not in listed[0]
    assert (await api("GET", api.guild)).body["emojis"] == listed


@pytest.mark.shows("PATCH /guilds/{guild_id}/emojis/{emoji_id}")
async def test_an_emoji_gets_another_name_and_other_users(api: Api) -> None:
    role = api.sandbox.world.add_role("crew")
    api.may(CREATE)
    made = (await api("POST", f"{api.guild}/emojis", NEW)).body
    path = f"{api.guild}/emojis/{made['id']}"

    edited = (await api("PATCH", path, {"name": "lobster"})).body
    assert edited == {**made, "name": "lobster"}
    edited = (await api("PATCH", path, {"roles": [role.id]})).body
    assert (edited["name"], edited["roles"]) == ("lobster", [role.id])
    assert (await api("PATCH", path, {"roles": None})).body["roles"] == []
    assert (await api("PATCH", path, {"name": "lobster"})).status == 200  # as it was, so not written down

    actions = [int(one.action) for one in api.sandbox.world.guild.audit_log]
    assert actions == [60, 61, 61, 61]
    change = {"key": "name", "old_value": "crab", "new_value": "lobster"}
    assert api.sandbox.world.guild.audit_log[1].changes == [change]


@pytest.mark.shows("DELETE /guilds/{guild_id}/emojis/{emoji_id}")
async def test_a_deleted_emoji_is_gone_with_its_picture(api: Api) -> None:
    api.may(CREATE)
    made = (await api("POST", f"{api.guild}/emojis", NEW)).body
    assert (await api("DELETE", f"{api.guild}/emojis/{made['id']}")).status == 204
    assert (await api("GET", f"{api.guild}/emojis")).body == []
    async with api.http.get(f"{api.sandbox.origin}/emojis/{made['id']}.png") as picture:
        assert picture.status == 404
    assert int(api.sandbox.world.guild.audit_log[-1].action) == 62


async def test_emojis_of_others_take_more_permission_than_ones_own(api: Api) -> None:
    made = (await api("POST", f"{api.guild}/emojis", NEW, by=api.sandbox.world.owner)).body
    path = f"{api.guild}/emojis/{made['id']}"
    role = api.may(CREATE)
    assert is_refused(await api("PATCH", path, {"name": "ab"}), Refusal.MISSING_PERMISSIONS)
    role.permissions = int(MANAGE)
    assert (await api("PATCH", path, {"name": "ab"})).status == 200


@pytest.mark.shows("GET /guilds/{guild_id}/emojis", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/emojis/{emoji_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("POST /guilds/{guild_id}/emojis", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("PATCH /guilds/{guild_id}/emojis/{emoji_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("DELETE /guilds/{guild_id}/emojis/{emoji_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /guilds/{guild_id}/emojis/{emoji_id}", Refusal.UNKNOWN_EMOJI)
@pytest.mark.shows("PATCH /guilds/{guild_id}/emojis/{emoji_id}", Refusal.UNKNOWN_EMOJI)
@pytest.mark.shows("DELETE /guilds/{guild_id}/emojis/{emoji_id}", Refusal.UNKNOWN_EMOJI)
async def test_emojis_that_are_not_there_are_unknown(api: Api) -> None:
    other = api.sandbox.world.add_guild("elsewhere", users=[])
    for method, path, body in (
        ("GET", "emojis", None),
        ("POST", "emojis", NEW),
        ("GET", f"emojis/{NOBODY}", None),
        ("PATCH", f"emojis/{NOBODY}", EMPTY),
        ("DELETE", f"emojis/{NOBODY}", None),
    ):
        assert is_refused(await api(method, f"/guilds/{other.id}/{path}", body), Refusal.UNKNOWN_GUILD)
        if NOBODY in path:
            assert is_refused(await api(method, f"{api.guild}/{path}", body), Refusal.UNKNOWN_EMOJI)


@pytest.mark.shows("POST /guilds/{guild_id}/emojis", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PATCH /guilds/{guild_id}/emojis/{emoji_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /guilds/{guild_id}/emojis/{emoji_id}", Refusal.MISSING_PERMISSIONS)
async def test_emojis_are_changed_only_with_permission(api: Api) -> None:
    made = (await api("POST", f"{api.guild}/emojis", NEW, by=api.sandbox.world.owner)).body
    path = f"{api.guild}/emojis/{made['id']}"
    for method, where, body in (
        ("POST", f"{api.guild}/emojis", NEW),
        ("PATCH", path, EMPTY),
        ("DELETE", path, None),
    ):
        assert is_refused(await api(method, where, body), Refusal.MISSING_PERMISSIONS)


@pytest.mark.shows("POST /guilds/{guild_id}/emojis", Refusal.TOO_MANY_EMOJIS)
@pytest.mark.shows("POST /guilds/{guild_id}/emojis", Refusal.TOO_MANY_ANIMATED_EMOJIS)
async def test_a_guild_has_fifty_emojis_that_stand_still_and_fifty_that_move(api: Api) -> None:
    moving = {"name": "crab", "image": data_uri(GIF, "image/gif")}
    api.may(CREATE)
    api.sandbox.world.guild.emojis |= crowded(api, 49)
    assert (await api("POST", f"{api.guild}/emojis", NEW)).status == 201
    assert is_refused(await api("POST", f"{api.guild}/emojis", NEW), Refusal.TOO_MANY_EMOJIS)
    api.sandbox.world.guild.emojis |= crowded(api, 49, animated=True)
    assert (await api("POST", f"{api.guild}/emojis", moving)).status == 201
    reply = await api("POST", f"{api.guild}/emojis", moving)
    assert is_refused(reply, Refusal.TOO_MANY_ANIMATED_EMOJIS)


@pytest.mark.shows("POST /guilds/{guild_id}/emojis", Refusal.TOO_BIG_A_PICTURE)
@pytest.mark.shows("POST /applications/{application_id}/emojis", Refusal.TOO_BIG_A_PICTURE)
async def test_an_emoji_has_at_most_256_kibibytes(api: Api) -> None:
    api.may(CREATE)
    for path in (f"{api.guild}/emojis", own(api)):
        assert is_refused(await api("POST", path, TOO_BIG), Refusal.TOO_BIG_A_PICTURE)


@pytest.mark.shows("POST /guilds/{guild_id}/emojis", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /guilds/{guild_id}/emojis/{emoji_id}", Refusal.INVALID_FORM)
@pytest.mark.shows("POST /applications/{application_id}/emojis", Refusal.INVALID_FORM)
@pytest.mark.shows("PATCH /applications/{application_id}/emojis/{emoji_id}", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_an_emoji_is_named(wrong: Api) -> None:
    wrong.may(CREATE)
    for path in (f"{wrong.guild}/emojis", own(wrong)):
        made = (await wrong("POST", path, NEW)).body
        for name in ("a", "a" * 33, "a-b", "a b", 5):
            assert is_wrong_at(await wrong("POST", path, {**NEW, "name": name}), "name")
            assert is_wrong_at(await wrong("PATCH", f"{path}/{made['id']}", {"name": name}), "name")
        for image in ("", "crab", data_uri(b"BM"), "data:image/png;base64,%%%", 5):
            assert is_wrong_at(await wrong("POST", path, {**NEW, "image": image}), "image")
        assert is_wrong_at(await wrong("POST", path, EMPTY), "name")
        assert is_wrong_at(await wrong("POST", path, EMPTY), "image")
    path = f"{wrong.guild}/emojis"
    assert is_wrong_at(await wrong("POST", path, {**NEW, "roles": [NOBODY]}), "roles", "0")


@pytest.mark.shows("POST /applications/{application_id}/emojis")
@pytest.mark.shows("GET /applications/{application_id}/emojis")
@pytest.mark.shows("GET /applications/{application_id}/emojis/{emoji_id}")
@pytest.mark.shows("PATCH /applications/{application_id}/emojis/{emoji_id}")
@pytest.mark.shows("DELETE /applications/{application_id}/emojis/{emoji_id}")
async def test_an_application_has_emojis_of_its_own(api: Api) -> None:
    reply = await api("POST", own(api), NEW)
    one = f"{own(api)}/{reply.body['id']}"

    assert (reply.status, reply.body["user"]["id"]) == (201, api.sandbox.application_id)
    assert (await api("GET", own(api))).body == {"items": [reply.body]}
    assert (await api("PATCH", one, {"name": "lobster"})).body["name"] == "lobster"
    assert (await api("GET", one)).body == {**reply.body, "name": "lobster"}
    assert (await api("DELETE", one)).status == 204
    assert (await api("GET", own(api))).body == {"items": []}
    assert api.sandbox.world.guild.emojis == {}


@pytest.mark.shows("GET /applications/{application_id}/emojis", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}/emojis", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("POST /applications/{application_id}/emojis", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("POST /applications/{application_id}/emojis", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}/emojis/{emoji_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}/emojis/{emoji_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("GET /applications/{application_id}/emojis/{emoji_id}", Refusal.UNKNOWN_EMOJI)
@pytest.mark.shows("PATCH /applications/{application_id}/emojis/{emoji_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("PATCH /applications/{application_id}/emojis/{emoji_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("PATCH /applications/{application_id}/emojis/{emoji_id}", Refusal.UNKNOWN_EMOJI)
@pytest.mark.shows("DELETE /applications/{application_id}/emojis/{emoji_id}", Refusal.UNKNOWN_APPLICATION)
@pytest.mark.shows("DELETE /applications/{application_id}/emojis/{emoji_id}", Refusal.NOT_YOUR_APPLICATION)
@pytest.mark.shows("DELETE /applications/{application_id}/emojis/{emoji_id}", Refusal.UNKNOWN_EMOJI)
async def test_the_emojis_of_another_application_are_no_business_of_ones_own(api: Api) -> None:
    other = api.sandbox.world.add_application("other")
    one = f"/emojis/{NOBODY}"
    for method, suffix, body in (
        ("GET", "/emojis", None),
        ("POST", "/emojis", NEW),
        ("GET", one, None),
        ("PATCH", one, EMPTY),
        ("DELETE", one, None),
    ):
        reply = await api(method, f"/applications/{NOBODY}{suffix}", body)
        assert is_refused(reply, Refusal.UNKNOWN_APPLICATION)
        reply = await api(method, f"/applications/{other.id}{suffix}", body)
        assert is_refused(reply, Refusal.NOT_YOUR_APPLICATION)
        if suffix == one:
            assert is_refused(await api(method, f"{own(api)}/{NOBODY}", body), Refusal.UNKNOWN_EMOJI)


@pytest.mark.shows("POST /applications/{application_id}/emojis", Refusal.TOO_MANY_EMOJIS)
async def test_an_application_has_two_thousand_emojis_at_most(api: Api) -> None:
    api.sandbox.world.application.emojis |= crowded(api, 1999)
    assert (await api("POST", own(api), NEW)).status == 201
    assert is_refused(await api("POST", own(api), NEW), Refusal.TOO_MANY_EMOJIS)
