"""Pins over REST, at the addresses of today and at those of before."""

import pytest

from acore.sandbox import realtime
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.refusals import Refusal
from acore.sandbox.state.kinds import AuditAction, MessageType
from tests.sandbox.operations.conftest import Api
from tests.sandbox.operations.refused import refused
from tests.sandbox.operations.scenes import deny, direct_channel, system_message

NOW, BEFORE = "messages/pins", "pins"


async def pinned(api: Api, place: str = NOW, **query: str) -> list[str]:
    """Return the contents of what is pinned."""
    reply = await api("GET", f"{api.channel}/{place}", query=query)
    messages = [one["message"] for one in reply.body["items"]] if place == NOW else reply.body
    assert all(one["pinned"] for one in messages)
    return [one["content"] for one in messages]


async def pin(api: Api, place: str, message_id: str) -> int:
    return (await api("PUT", f"{api.channel}/{place}/{message_id}", reason="good")).status


@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}")
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}")
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}")
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}")
@pytest.mark.shows("GET /channels/{channel_id}/messages/pins")
@pytest.mark.shows("GET /channels/{channel_id}/pins")
async def test_messages_are_pinned_listed_and_unpinned(api: Api) -> None:
    api.may(Permission.PIN_MESSAGES)
    first, second = await api.say("first"), await api.say("second")

    for place in (NOW, BEFORE):
        assert [await pin(api, place, second), await pin(api, place, first)] == [204, 204]
        assert await pinned(api, NOW) == await pinned(api, BEFORE) == ["first", "second"]
        assert api.sandbox.world.channel.last_pin_at is not None
        assert (await api("DELETE", f"{api.channel}/{place}/{first}")).status == 204
        assert await pinned(api, NOW) == await pinned(api, BEFORE) == ["second"]
        assert (await api("DELETE", f"{api.channel}/{place}/{second}")).status == 204
        assert (await api("DELETE", f"{api.channel}/{place}/{second}")).status == 204
        assert await pinned(api, NOW) == []
        assert api.sandbox.world.channel.last_pin_at is None


async def test_pinning_is_told_by_the_system_and_by_the_audit_log(api: Api) -> None:
    world = api.sandbox.world
    api.may(Permission.MANAGE_MESSAGES)
    message_id = await api.say(by=world.owner)
    await pin(api, NOW, message_id)
    await pin(api, NOW, message_id)
    await api("DELETE", f"{api.channel}/{NOW}/{message_id}", reason="bad")

    said = (await api("GET", f"{api.channel}/messages")).body
    pins = [one for one in said if one["type"] == MessageType.CHANNEL_PINNED_MESSAGE]
    entries = [one for one in world.guild.audit_log if one.action in {74, 75}]

    assert [one["message_reference"] for one in pins] == [
        {
            "type": 0,
            "channel_id": api.sandbox.channel_id,
            "guild_id": api.sandbox.guild_id,
            "message_id": message_id,
        }
    ]
    assert pins[0]["author"]["id"] == world.application.bot.id
    assert [(one.action, one.reason, one.target_id) for one in entries] == [
        (AuditAction.MESSAGE_PIN, "good", world.owner.id),
        (AuditAction.MESSAGE_UNPIN, "bad", world.owner.id),
    ]
    assert entries[0].options == {"channel_id": api.sandbox.channel_id, "message_id": message_id}


async def test_pins_are_listed_page_by_page(api: Api) -> None:
    api.may(Permission.PIN_MESSAGES)
    for number in range(5):
        await pin(api, NOW, await api.say(str(number)))

    first = (await api("GET", f"{api.channel}/{NOW}", query={"limit": "2"})).body
    before = first["items"][-1]["pinned_at"]
    second = (await api("GET", f"{api.channel}/{NOW}", query={"limit": "3", "before": before})).body

    assert [one["message"]["content"] for one in first["items"]] == ["4", "3"]
    assert [one["message"]["content"] for one in second["items"]] == ["2", "1", "0"]
    assert (first["has_more"], second["has_more"]) == (True, False)


@pytest.mark.shows("GET /channels/{channel_id}/messages/pins", Refusal.INVALID_FORM)
async def test_a_page_of_pins_that_does_not_exist_is_refused(wrong: Api) -> None:
    for query in ({"limit": "51"}, {"limit": "0"}, {"before": "yesterday"}):
        reply = await wrong("GET", f"{wrong.channel}/{NOW}", query=query)
        assert refused(reply) == (400, 50035)


async def test_who_may_not_read_what_was_said_sees_no_pins(api: Api) -> None:
    api.may(Permission.PIN_MESSAGES)
    await pin(api, NOW, await api.say())
    deny(api.sandbox.world.channel, Permission.READ_MESSAGE_HISTORY)

    assert await pinned(api, NOW) == await pinned(api, BEFORE) == []


@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}/messages/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
@pytest.mark.shows("DELETE /channels/{channel_id}/pins/{message_id}", Refusal.MISSING_PERMISSIONS)
async def test_pinning_needs_a_permission_except_between_two(api: Api) -> None:
    message_id = await api.say()
    for place in (NOW, BEFORE):
        for method in ("PUT", "DELETE"):
            reply = await api(method, f"{api.channel}/{place}/{message_id}")
            assert refused(reply) == (403, 50013)

    channel = direct_channel(api.sandbox, api.sandbox.world.member)
    in_private = await api.say(channel=channel)
    assert (await api("PUT", f"/channels/{channel.id}/{NOW}/{in_private}")).status == 204
    listed = await api("GET", f"/channels/{channel.id}/{NOW}")
    assert [one["message"]["id"] for one in listed.body["items"]] == [in_private]


@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.TOO_MANY_PINS)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.TOO_MANY_PINS)
async def test_a_channel_has_250_pins_at_most(api: Api) -> None:
    api.may(Permission.PIN_MESSAGES)
    world, messages = api.sandbox.world, api.sandbox.messages
    for _ in range(250):
        message = messages.new(world.channel, world.owner)
        message.pinned_at = realtime.now()
        world.channel.messages[message.id] = message
    message_id = await api.say()

    for place in (NOW, BEFORE):
        assert refused(await api("PUT", f"{api.channel}/{place}/{message_id}")) == (400, 30003)
    world.channel.messages[next(iter(world.channel.messages))].pinned_at = None
    assert await pin(api, NOW, message_id) == 204


@pytest.mark.shows("PUT /channels/{channel_id}/messages/pins/{message_id}", Refusal.SYSTEM_MESSAGE)
@pytest.mark.shows("PUT /channels/{channel_id}/pins/{message_id}", Refusal.SYSTEM_MESSAGE)
async def test_what_the_system_tells_is_not_pinned(api: Api) -> None:
    api.may(Permission.PIN_MESSAGES)
    message_id = system_message(api)

    for place in (NOW, BEFORE):
        assert refused(await api("PUT", f"{api.channel}/{place}/{message_id}")) == (403, 50021)
