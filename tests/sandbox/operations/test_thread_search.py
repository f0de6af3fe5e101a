"""Searching the posts of a forum."""

from typing import Any

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import ChannelType, OverwriteType
from acore.sandbox.state.records import Overwrite
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY


async def posts(api: Api) -> list[str]:
    """Make #general a forum with three posts; return their ids, the oldest first."""
    api.may(Permission.MANAGE_THREADS)
    forum = api.sandbox.world.channel
    forum.type = ChannelType.GUILD_FORUM
    forum.extra["available_tags"] = [
        {"id": one, "name": one, "moderated": False, "emoji_id": None, "emoji_name": None}
        for one in ("11", "12")
    ]
    made: list[str] = []
    for name, tags in (("Bug here", ["11"]), ("bug there", ["11", "12"]), ("Idea", ["12"])):
        sent = {"name": name, "applied_tags": tags, "message": {"content": name}}
        made.append((await api("POST", f"{api.channel}/threads", sent)).body["id"])
    await api("PATCH", f"/channels/{made[2]}", {"archived": True})
    return made


async def found(api: Api, **query: str) -> dict[str, Any]:
    reply = await api("GET", f"{api.channel}/threads/search", query=query)
    assert reply.status == 200, reply.body
    return reply.body


@pytest.mark.shows("GET /channels/{channel_id}/threads/search")
async def test_posts_are_found_by_name_tags_age_and_whether_they_are_archived(api: Api) -> None:
    one, two, three = await posts(api)
    for query, expected in (
        ({}, [three, two, one]),
        ({"sort_order": "asc"}, [one, two, three]),
        ({"name": "BUG"}, [two, one]),
        ({"tag": "11,12"}, [two]),
        ({"tag": "11,12", "tag_setting": "match_some"}, [three, two, one]),
        ({"archived": "true"}, [three]),
        ({"archived": "false", "sort_by": "creation_time"}, [two, one]),
        ({"min_id": two}, [three, two]),
        ({"max_id": two}, [two, one]),
    ):
        body = await found(api, **query)
        assert [each["id"] for each in body["threads"]] == expected, query
        assert (body["total_results"], body["has_more"]) == (len(expected), False)


@pytest.mark.shows("GET /channels/{channel_id}/threads/search")
async def test_posts_are_found_page_by_page_with_their_first_messages(api: Api) -> None:
    one, two, three = await posts(api)
    body = await found(api, limit="2")
    assert ([each["id"] for each in body["threads"]], body["has_more"]) == ([three, two], True)
    assert [each["content"] for each in body["first_messages"]] == ["Idea", "bug there"]
    assert [each["id"] for each in body["members"]] == [three, two]
    body = await found(api, limit="2", offset="2")
    assert ([each["id"] for each in body["threads"]], body["has_more"]) == ([one], False)


@pytest.mark.shows("GET /channels/{channel_id}/threads/search")
async def test_what_was_said_last_is_found_first(api: Api) -> None:
    one, two, three = await posts(api)
    await api("POST", f"/channels/{one}/messages", {"content": "news"})
    assert [each["id"] for each in (await found(api))["threads"]] == [one, three, two]
    body = await found(api, sort_by="archive_time")
    assert body["threads"][0]["id"] == three


@pytest.mark.shows("GET /channels/{channel_id}/threads/search", Refusal.INVALID_FORM)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("limit", "26"),
        ("offset", "9976"),
        ("name", "x" * 101),
        ("sort_by", "size"),
        ("sort_order", "up"),
        ("tag_setting", "none"),
        ("min_id", "x"),
    ],
)
async def test_a_search_outside_discords_limits_is_refused(wrong: Api, key: str, value: str) -> None:
    await posts(wrong)
    reply = await wrong("GET", f"{wrong.channel}/threads/search", query={key: value})
    assert (reply.status, list(reply.body["errors"])) == (400, [key])


@pytest.mark.shows("GET /channels/{channel_id}/threads/search", Refusal.CANNOT_ACT_ON_CHANNEL_TYPE)
async def test_only_forums_are_searched(api: Api) -> None:
    reply = await api("GET", f"{api.channel}/threads/search")
    assert (reply.status, reply.body["code"]) == (400, 50024)


@pytest.mark.shows("GET /channels/{channel_id}/threads/search", Refusal.UNKNOWN_CHANNEL)
async def test_nothing_is_found_where_there_is_nothing(api: Api) -> None:
    reply = await api("GET", f"/channels/{NOBODY}/threads/search")
    assert (reply.status, reply.body["code"]) == (404, 10003)


@pytest.mark.shows("GET /channels/{channel_id}/threads/search", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/threads/search", Refusal.MISSING_PERMISSIONS)
async def test_who_may_not_read_a_forum_finds_nothing(api: Api) -> None:
    await posts(api)
    everyone = api.sandbox.guild_id
    for denied, code in ((Permission.READ_MESSAGE_HISTORY, 50013), (Permission.VIEW_CHANNEL, 50001)):
        overwrite = Overwrite(everyone, OverwriteType.ROLE, deny=denied)
        api.sandbox.world.channel.overwrites[everyone] = overwrite
        reply = await api("GET", f"{api.channel}/threads/search")
        assert (reply.status, reply.body["code"]) == (403, code)
