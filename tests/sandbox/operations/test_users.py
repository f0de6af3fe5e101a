"""Users: oneself and others, the guilds one is in, and direct messages."""

import pytest

from acore.sandbox.refusals import Refusal
from tests.sandbox.images import GIF, PNG, data_uri
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY, is_refused, is_wrong_at


@pytest.mark.shows("GET /users/@me")
async def test_one_sees_oneself(api: Api) -> None:
    own = (await api("GET", "/users/@me")).body
    assert (own["id"], own["bot"], own["locale"]) == (api.sandbox.application_id, True, "en-US")
    person = (await api("GET", "/users/@me", by=api.sandbox.world.member)).body
    assert (person["username"], person["bot"], person["discriminator"]) == ("member", False, "0")


@pytest.mark.shows("PATCH /users/@me")
async def test_one_takes_another_name_and_picture(api: Api) -> None:
    bot = api.sandbox.world.application.bot
    body = {"username": "renamed", "avatar": data_uri(PNG), "banner": data_uri(GIF, "image/gif")}

    own = (await api("PATCH", "/users/@me", body)).body

    assert own["username"] == "renamed"
    assert own["banner"].startswith("a_")
    for kind, data, ending in (("avatar", PNG, "png"), ("banner", GIF, "gif")):
        url = f"{api.sandbox.origin}/{kind}s/{bot.id}/{own[kind]}.{ending}?size=1024"
        async with api.http.get(url) as picture:
            assert await picture.read() == data
    seen = (await api("GET", f"/users/{bot.id}", by=api.sandbox.world.member)).body
    assert (seen["username"], seen["avatar"]) == ("renamed", own["avatar"])
    body = {"username": "renamed", "avatar": None}
    assert (await api("PATCH", "/users/@me", body)).body["avatar"] is None


@pytest.mark.shows("PATCH /users/@me", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("field", "value"),
    [("username", "x"), ("username", "x" * 33), ("username", 5), ("avatar", "x"), ("banner", True)],
)
async def test_what_is_wrong_with_oneself_is_named(wrong: Api, field: str, value: object) -> None:
    assert is_wrong_at(await wrong("PATCH", "/users/@me", {field: value}), field)


@pytest.mark.shows("GET /users/{user_id}")
async def test_anybody_is_found(api: Api) -> None:
    found = (await api("GET", f"/users/{api.sandbox.world.member.id}")).body
    assert (found["username"], found["bot"]) == ("member", False)
    assert "email" not in found


@pytest.mark.shows("GET /users/{user_id}", Refusal.UNKNOWN_USER)
async def test_somebody_who_does_not_exist_is_unknown(api: Api) -> None:
    assert is_refused(await api("GET", f"/users/{NOBODY}"), Refusal.UNKNOWN_USER)


@pytest.mark.shows("GET /users/@me/guilds")
async def test_the_guilds_one_is_in_are_listed_page_by_page(api: Api) -> None:
    world = api.sandbox.world
    bot = world.application.bot
    first = world.guild
    second, third = (world.add_guild(name, users=[bot]) for name in ("second", "third"))
    world.add_guild("without", users=[])

    async def listed(**query: str) -> list[str]:
        found = (await api("GET", "/users/@me/guilds", query=query)).body
        return [one["id"] for one in found]

    assert await listed() == [first.id, second.id, third.id]
    assert await listed(limit="2") == [first.id, second.id]
    assert await listed(after=first.id, limit="1") == [second.id]
    assert await listed(before=third.id, limit="1") == [second.id]
    counted = (await api("GET", "/users/@me/guilds", query={"with_counts": "true"})).body
    assert counted[0]["approximate_member_count"] == 3
    owned = (await api("GET", "/users/@me/guilds", by=world.owner)).body
    assert [one["owner"] for one in owned] == [True, True, True, True]


@pytest.mark.shows("GET /users/@me/guilds", Refusal.INVALID_FORM)
async def test_what_is_wrong_with_a_page_of_guilds_is_named(wrong: Api) -> None:
    for name, value in (("limit", "201"), ("limit", "0"), ("before", "x"), ("after", "x")):
        assert is_wrong_at(await wrong("GET", "/users/@me/guilds", query={name: value}), name)


@pytest.mark.shows("DELETE /users/@me/guilds/{guild_id}")
async def test_one_leaves_a_guild(api: Api) -> None:
    assert (await api("DELETE", f"/users/@me/guilds/{api.sandbox.guild_id}")).status == 204
    assert (await api("GET", "/users/@me/guilds")).body == []
    assert len(api.sandbox.world.guild.roles) == 1
    assert api.sandbox.world.guild.audit_log == []


@pytest.mark.shows("DELETE /users/@me/guilds/{guild_id}", Refusal.INVALID_GUILD)
async def test_the_owner_does_not_leave(api: Api) -> None:
    reply = await api("DELETE", f"/users/@me/guilds/{api.sandbox.guild_id}", by=api.sandbox.world.owner)
    assert is_refused(reply, Refusal.INVALID_GUILD)


@pytest.mark.shows("GET /users/@me/guilds/{guild_id}/member")
@pytest.mark.shows("GET /users/@me/guilds/{guild_id}/member", Refusal.BOTS_MAY_NOT)
async def test_a_person_sees_their_place_in_a_guild(api: Api) -> None:
    path = f"/users/@me/guilds/{api.sandbox.guild_id}/member"
    found = (await api("GET", path, by=api.sandbox.world.member)).body
    assert found["user"]["username"] == "member"
    assert is_refused(await api("GET", path), Refusal.BOTS_MAY_NOT)


@pytest.mark.shows("DELETE /users/@me/guilds/{guild_id}", Refusal.UNKNOWN_GUILD)
@pytest.mark.shows("GET /users/@me/guilds/{guild_id}/member", Refusal.UNKNOWN_GUILD)
async def test_a_guild_that_one_is_not_in_is_neither_left_nor_seen(api: Api) -> None:
    world = api.sandbox.world
    other = world.add_guild("elsewhere", users=[])
    path = f"/users/@me/guilds/{other.id}"
    assert is_refused(await api("DELETE", path), Refusal.UNKNOWN_GUILD)
    assert is_refused(await api("GET", f"{path}/member", by=world.member), Refusal.UNKNOWN_GUILD)


@pytest.mark.shows("POST /users/@me/channels")
async def test_a_direct_message_channel_is_opened_once(api: Api) -> None:
    body = {"recipient_id": api.sandbox.world.member.id}
    first = (await api("POST", "/users/@me/channels", body)).body
    again = (await api("POST", "/users/@me/channels", body)).body
    assert first["id"] == again["id"]
    assert [one["username"] for one in first["recipients"]] == ["member"]


@pytest.mark.shows("POST /users/@me/channels", Refusal.CANNOT_MESSAGE_USER)
async def test_a_bot_writes_neither_to_itself_nor_to_bots(api: Api) -> None:
    world = api.sandbox.world
    for bot in (world.application.bot, world.add_application("other").bot):
        reply = await api("POST", "/users/@me/channels", {"recipient_id": bot.id})
        assert is_refused(reply, Refusal.CANNOT_MESSAGE_USER)
    bot = world.application.bot
    reply = await api("POST", "/users/@me/channels", {"recipient_id": bot.id}, by=world.member)
    assert reply.status == 200


@pytest.mark.shows("POST /users/@me/channels", Refusal.INVALID_RECIPIENTS)
async def test_nobody_writes_to_somebody_who_does_not_exist(api: Api) -> None:
    reply = await api("POST", "/users/@me/channels", {"recipient_id": NOBODY})
    assert is_refused(reply, Refusal.INVALID_RECIPIENTS)


@pytest.mark.shows("POST /users/@me/channels", Refusal.INVALID_FORM)
async def test_to_whom_one_writes_must_be_said(wrong: Api) -> None:
    assert is_wrong_at(await wrong("POST", "/users/@me/channels", {}), "recipient_id")
