"""Reactions over REST."""

from urllib.parse import quote

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import refused
from tests.sandbox.operations.scenes import deny, new_emoji

HEART = "\u2764\ufe0f"


async def react(api: Api, message_id: str, emoji: str, *, by: str = "bot") -> tuple[int, object]:
    """React as the bot, the owner or the member; return the status and what was said."""
    world = api.sandbox.world
    who = {"bot": world.application.bot, "owner": world.owner, "member": world.member}[by]
    reply = await api("PUT", path(api, message_id, emoji, "@me"), by=who)
    return reply.status, reply.body


def path(api: Api, message_id: str, emoji: str, user: str | None = None) -> str:
    below = f"{api.channel}/messages/{message_id}/reactions/{quote(emoji)}"
    return below if user is None else f"{below}/{user}"


async def shown(api: Api, message_id: str) -> list[dict[str, object]]:
    reply = await api("GET", f"{api.channel}/messages/{message_id}")
    return reply.body.get("reactions", [])


@pytest.mark.shows("PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me")
async def test_a_reaction_is_counted_and_told_apart_by_who_looks(api: Api) -> None:
    message_id = await api.say()
    assert await react(api, message_id, "👍") == (204, None)
    await react(api, message_id, "👍")
    await react(api, message_id, "👍", by="owner")
    await react(api, message_id, "🎉", by="owner")

    thumb, party = await shown(api, message_id)

    assert thumb == {
        "emoji": {"id": None, "name": "👍"},
        "count": 2,
        "count_details": {"burst": 0, "normal": 2},
        "burst_colors": [],
        "me_burst": False,
        "me": True,
    }
    assert (party["count"], party["me"]) == (1, False)


@pytest.mark.parametrize(
    "emoji",
    ["👍🏽", "1\ufe0f\u20e3", "🇩🇪", "🇦", "👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "©", HEART, "⏸️", "🫠", "🟥", "👨🏿‍🦰"],
)
async def test_every_kind_of_emoji_is_one(api: Api, emoji: str) -> None:
    message_id = await api.say()

    assert await react(api, message_id, emoji) == (204, None)
    assert [one["emoji"] for one in await shown(api, message_id)] == [{"id": None, "name": emoji}]


async def test_an_emoji_is_the_same_with_and_without_its_variation(api: Api) -> None:
    message_id = await api.say()
    await react(api, message_id, HEART)
    await react(api, message_id, HEART[0], by="owner")

    assert [(one["emoji"], one["count"]) for one in await shown(api, message_id)] == [
        ({"id": None, "name": HEART}, 2)
    ]
    assert (await api("DELETE", path(api, message_id, HEART[0], "@me"))).status == 204
    assert [one["count"] for one in await shown(api, message_id)] == [1]


@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_EMOJI
)
async def test_guilds_emojis_are_used_by_who_is_in_them(api: Api) -> None:
    world = api.sandbox.world
    shared = world.add_guild("shared", users=[world.application.bot])
    closed = world.add_guild("closed", users=[world.member])
    near, own = new_emoji(api.sandbox, shared, "near"), new_emoji(api.sandbox, world.guild, "own")
    far = new_emoji(api.sandbox, closed, "far")
    near.animated = True
    message_id = await api.say()

    assert await react(api, message_id, f"own:{own.id}") == (204, None)
    assert await react(api, message_id, f"other_name:{near.id}") == (204, None)
    status, body = await react(api, message_id, f"far:{far.id}")

    assert (status, body) == (404, {"message": "Unknown Emoji", "code": 10014})
    assert [one["emoji"] for one in await shown(api, message_id)] == [
        {"id": own.id, "name": "own"},
        {"id": near.id, "name": "near", "animated": True},
    ]
    await react(api, message_id, f"far:{far.id}", by="member")
    assert await react(api, message_id, f"far:{far.id}") == (204, None)


@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.MISSING_PERMISSIONS
)
async def test_who_may_not_begin_a_reaction_may_join_one(api: Api) -> None:
    world = api.sandbox.world
    shared = world.add_guild("shared", users=[world.application.bot])
    far = new_emoji(api.sandbox, shared, "far")
    message_id = await api.say()
    await react(api, message_id, "👍", by="owner")

    deny(world.channel, Permission.USE_EXTERNAL_EMOJIS)
    assert (await react(api, message_id, f"far:{far.id}"))[0] == 403
    deny(world.channel, Permission.ADD_REACTIONS)
    assert (await react(api, message_id, "🎉"))[0] == 403
    assert await react(api, message_id, "👍") == (204, None)


@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.TOO_MANY_REACTIONS
)
async def test_a_message_has_twenty_different_reactions_at_most(api: Api) -> None:
    message_id = await api.say()
    for number in range(20):
        assert await react(api, message_id, chr(ord("😀") + number)) == (204, None)

    status, body = await react(api, message_id, "👍")

    assert (status, body) == (400, {"message": "Maximum number of reactions reached (20)", "code": 30010})
    assert await react(api, message_id, "😀", by="owner") == (204, None)


@pytest.mark.shows("GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}")
async def test_who_reacted_is_listed_page_by_page(api: Api) -> None:
    world = api.sandbox.world
    message_id = await api.say()
    for who in ("bot", "member", "owner"):
        await react(api, message_id, "👍", by=who)
    everybody = sorted([world.owner.id, world.member.id, world.application.bot.id], key=int)

    async def listed(**query: str) -> list[str]:
        reply = await api("GET", path(api, message_id, "👍"), query=query)
        return [one["id"] for one in reply.body]

    assert await listed() == everybody
    assert await listed(limit="2") == everybody[:2]
    assert await listed(limit="2", after=everybody[1]) == everybody[2:]
    assert await listed(type="1") == []


@pytest.mark.shows(
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.INVALID_FORM
)
async def test_a_page_of_reactions_that_does_not_exist_is_refused(wrong: Api) -> None:
    message_id = await wrong.say()

    for query in ({"limit": "101"}, {"limit": "0"}, {"type": "2"}, {"after": "me"}):
        reply = await wrong("GET", path(wrong, message_id, "👍"), query=query)
        assert refused(reply) == (400, 50035)


@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me")
async def test_ones_own_reaction_is_taken_back(api: Api) -> None:
    message_id = await api.say()
    await react(api, message_id, "👍")

    assert (await api("DELETE", path(api, message_id, "👍", "@me"))).status == 204
    assert await shown(api, message_id) == []
    assert (await api("DELETE", path(api, message_id, "👍", "@me"))).status == 204


@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}")
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.MISSING_PERMISSIONS,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.UNKNOWN_USER,
)
async def test_others_reactions_are_taken_back_by_moderators(api: Api) -> None:
    world = api.sandbox.world
    message_id = await api.say()
    await react(api, message_id, "👍", by="owner")
    await react(api, message_id, "👍")
    others = path(api, message_id, "👍", world.owner.id)

    assert refused(await api("DELETE", others)) == (403, 50013)
    assert (await api("DELETE", path(api, message_id, "👍", world.application.bot.id))).status == 204
    api.may(Permission.MANAGE_MESSAGES)
    assert refused(await api("DELETE", path(api, message_id, "👍", "123456789012345678"))) == (404, 10013)
    assert [one["count"] for one in await shown(api, message_id)] == [1]
    assert (await api("DELETE", others)).status == 204
    assert await shown(api, message_id) == []


@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}")
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.MISSING_PERMISSIONS
)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions")
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.MISSING_PERMISSIONS
)
async def test_moderators_clear_one_emoji_or_all(api: Api) -> None:
    message_id = await api.say()
    for emoji in ("👍", "🎉", HEART):
        await react(api, message_id, emoji, by="owner")
    everything = f"{api.channel}/messages/{message_id}/reactions"

    assert refused(await api("DELETE", path(api, message_id, "👍"))) == (403, 50013)
    assert refused(await api("DELETE", everything)) == (403, 50013)
    api.may(Permission.MANAGE_MESSAGES)
    assert (await api("DELETE", path(api, message_id, "🎉"))).status == 204
    assert [one["emoji"] for one in await shown(api, message_id)] == [
        {"id": None, "name": "👍"},
        {"id": None, "name": HEART},
    ]
    assert (await api("DELETE", everything)).status == 204
    assert await shown(api, message_id) == []
