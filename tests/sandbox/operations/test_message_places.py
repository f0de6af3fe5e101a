"""What every operation on messages has in common: where it is not done at all."""

import pytest

from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import NOBODY
from tests.sandbox.operations.scenes import deny, direct_channel, new_thread, operations

SEEN = operations("messages", "pins", "typing")
NO_CHANGE = frozenset(
    {
        "/channels/{channel_id}/messages",
        "/channels/{channel_id}/messages/{message_id}/crosspost",
        "/channels/{channel_id}/typing",
    }
)
MODERATING = frozenset(
    {
        "DELETE /channels/{channel_id}/messages/{message_id}",
        "POST /channels/{channel_id}/messages/bulk-delete",
        "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
        "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
        "DELETE /channels/{channel_id}/messages/{message_id}/reactions",
    }
)


@pytest.mark.shows("POST /channels/{channel_id}/typing", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/messages", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/messages/{message_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows(
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.UNKNOWN_CHANNEL,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.UNKNOWN_CHANNEL
)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/messages/pins", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("GET /channels/{channel_id}/pins", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.UNKNOWN_CHANNEL)
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}", Refusal.UNKNOWN_CHANNEL)
async def test_nothing_is_done_in_a_channel_that_is_gone(api: Api) -> None:
    for one in SEEN:
        reply = await one.ask(api, channel_id=NOBODY, message_id=NOBODY)
        assert (reply.status, reply.body["code"]) == (404, 10003), one


@pytest.mark.shows("POST /channels/{channel_id}/typing", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/messages", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/messages", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/messages/{message_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.MISSING_ACCESS)
@pytest.mark.shows(
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.MISSING_ACCESS
)
@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.MISSING_ACCESS
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.MISSING_ACCESS
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.MISSING_ACCESS,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.MISSING_ACCESS
)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/messages/pins", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("GET /channels/{channel_id}/pins", Refusal.MISSING_ACCESS)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.MISSING_ACCESS)
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}", Refusal.MISSING_ACCESS)
async def test_nothing_is_done_in_a_channel_that_one_does_not_see(api: Api) -> None:
    message_id = await api.say(by=api.sandbox.world.owner)
    deny(api.sandbox.world.channel, Permission.VIEW_CHANNEL)

    for one in SEEN:
        reply = await one.ask(api, channel_id=api.sandbox.channel_id, message_id=message_id)
        assert (reply.status, reply.body["code"]) == (403, 50001), one


@pytest.mark.shows("GET /channels/{channel_id}/messages/{message_id}", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows(
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.UNKNOWN_MESSAGE,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.UNKNOWN_MESSAGE
)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.UNKNOWN_MESSAGE)
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}", Refusal.UNKNOWN_MESSAGE)
async def test_a_message_that_is_gone_is_unknown(api: Api) -> None:
    api.may(Permission.MANAGE_MESSAGES)

    for one in SEEN:
        if "{message_id}" in one.template:
            reply = await one.ask(api, channel_id=api.sandbox.channel_id, message_id=NOBODY)
            assert (reply.status, reply.body["code"]) == (404, 10008), one


@pytest.mark.shows("GET /channels/{channel_id}/messages/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("POST /channels/{channel_id}/messages/{message_id}/crosspost", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows(
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.MISSING_PERMISSIONS
)
@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.MISSING_PERMISSIONS
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
    Refusal.MISSING_PERMISSIONS,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.MISSING_PERMISSIONS,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.MISSING_PERMISSIONS
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.MISSING_PERMISSIONS
)
@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
async def test_who_may_not_read_what_was_said_finds_no_single_message(api: Api) -> None:
    message_id = await api.say()
    deny(api.sandbox.world.channel, Permission.READ_MESSAGE_HISTORY)

    for one in SEEN:
        is_found_without = one.template.endswith("/messages/{message_id}") and one.method != "GET"
        if "{message_id}" in one.template and not is_found_without:
            reply = await one.ask(api, channel_id=api.sandbox.channel_id, message_id=message_id)
            assert (reply.status, reply.body["code"]) == (403, 50013), one


@pytest.mark.shows("PATCH /channels/{channel_id}/messages/{message_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.THREAD_IS_ARCHIVED
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
    Refusal.THREAD_IS_ARCHIVED,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.THREAD_IS_ARCHIVED,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.THREAD_IS_ARCHIVED
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.THREAD_IS_ARCHIVED
)
@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}", Refusal.THREAD_IS_ARCHIVED)
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.THREAD_IS_ARCHIVED)
async def test_an_archived_thread_is_left_as_it_is(api: Api) -> None:
    api.may(Permission.MANAGE_MESSAGES)
    thread = new_thread(api.sandbox)
    message_id = await api.say(channel=thread)
    assert thread.thread is not None
    thread.thread.is_archived = True

    for one in SEEN:
        is_change = one.method != "GET" and one.template not in NO_CHANGE
        if is_change:
            reply = await one.ask(api, channel_id=thread.id, message_id=message_id)
            assert (reply.status, reply.body["code"]) == (400, 50083), one


@pytest.mark.shows("DELETE /channels/{channel_id}/messages/{message_id}", Refusal.NOT_IN_DIRECT_MESSAGES)
@pytest.mark.shows("POST /channels/{channel_id}/messages/bulk-delete", Refusal.NOT_IN_DIRECT_MESSAGES)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.NOT_IN_DIRECT_MESSAGES,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
    Refusal.NOT_IN_DIRECT_MESSAGES,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions", Refusal.NOT_IN_DIRECT_MESSAGES
)
async def test_nobody_moderates_direct_messages(api: Api) -> None:
    member = api.sandbox.world.member
    channel = direct_channel(api.sandbox, member)
    message_id = await api.say(by=member, channel=channel)

    for one in SEEN:
        if one.name in MODERATING:
            reply = await one.ask(api, channel_id=channel.id, message_id=message_id, user_id=member.id)
            assert (reply.status, reply.body["code"]) == (403, 50003), one


@pytest.mark.shows(
    "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.UNKNOWN_EMOJI
)
@pytest.mark.shows(
    "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_EMOJI
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", Refusal.UNKNOWN_EMOJI
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
    Refusal.UNKNOWN_EMOJI,
)
@pytest.mark.shows(
    "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}", Refusal.UNKNOWN_EMOJI
)
async def test_what_is_no_emoji_is_unknown(api: Api) -> None:
    message_id = await api.say()

    for one in SEEN:
        if "{emoji_name}" in one.template:
            for name in ("abc", "nobody:123456789012345678", "👍👍"):
                reply = await one.ask(
                    api, channel_id=api.sandbox.channel_id, message_id=message_id, emoji_name=name
                )
                assert (reply.status, reply.body["code"]) == (404, 10014), one
