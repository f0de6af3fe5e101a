"""Using the components of a message."""

from typing import Any

import pytest

from acore.sandbox import Person, RefusedError
from acore.sandbox.permissions.rules import Permission
from acore.sandbox.state.kinds import OverwriteType
from acore.sandbox.state.records import Overwrite
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage, wrong_fields
from tests.sandbox.rawbot import button, row

type Body = dict[str, Any]

LETTERS: list[Body] = [{"label": one.upper(), "value": one} for one in "abc"]


async def say(stage: Stage, *components: Body, flags: int = 0) -> Body:
    """Have the bot say something with components."""
    body: Body = {"components": list(components), "flags": flags}
    if not flags:
        body["content"] = "Use them"
    path = f"/channels/{stage.sandbox.channel_id}/messages"
    reply = await stage.bot.request("POST", path, body)
    assert reply.status == 200, reply.body
    return reply.body


async def use(person: Person, message: Body, custom_id: str, kind: int, *values: object) -> None:
    """Use a component as a client would that shows it, whether it is there or not."""
    data: Body = {"custom_id": custom_id, "component_type": kind}
    if values:
        data["values"] = list(values)
    await person.interact(
        3, message["author"]["id"], data, channel_id=message["channel_id"], message_id=message["id"]
    )


async def refused(person: Person, message: Body, custom_id: str, kind: int, *values: object) -> RefusedError:
    with pytest.raises(RefusedError) as refusal:
        await use(person, message, custom_id, kind, *values)
    return refusal.value


async def test_a_press_tells_the_bot_the_message_and_the_component(stage: Stage, person: NewPerson) -> None:
    message = await say(stage, row(button("a"), button("b", id=9)))
    async with person(stage.sandbox, "member") as member:
        await use(member, message, "b", 2)
        asked = await stage.bot.asked()

    assert (asked["type"], asked["message"]["id"]) == (3, message["id"])
    assert asked["data"] == {"id": 9, "custom_id": "b", "component_type": 2}
    assert asked["member"]["user"]["username"] == "member"


async def test_components_within_a_layout_are_used_too(stage: Stage, person: NewPerson) -> None:
    section: Body = {
        "type": 9,
        "components": [{"type": 10, "content": "Text"}],
        "accessory": button("beside"),
    }
    message = await say(stage, {"type": 17, "components": [section, row(button("below"))]}, flags=1 << 15)
    async with person(stage.sandbox, "owner") as owner:
        for custom_id in ("beside", "below"):
            await use(owner, message, custom_id, 2)
            assert (await stage.bot.asked())["data"]["custom_id"] == custom_id


async def test_what_cannot_be_pressed_is_refused(stage: Stage, person: NewPerson) -> None:
    link = {"type": 2, "style": 5, "label": "Go", "url": "https://example.com/"}
    message = await say(stage, row(button("off", disabled=True), link, button("on")))
    async with person(stage.sandbox, "owner") as owner:
        for custom_id, kind, field in (
            ("off", 2, "data.custom_id"),
            ("none", 2, "data.custom_id"),
            ("", 2, "data.custom_id"),
            ("on", 3, "data.component_type"),
        ):
            assert wrong_fields(await refused(owner, message, custom_id, kind)) == {field}


async def test_a_deleted_message_and_another_bots_message_are_unknown(
    stage: Stage, person: NewPerson
) -> None:
    message = await say(stage, row(button()))
    other = stage.sandbox.world.add_application("other")
    stage.sandbox.world.add_member(stage.sandbox.world.guild, other.bot)
    async with person(stage.sandbox, "owner") as owner:
        foreign = {**message, "author": {"id": other.id}}
        path = f"/channels/{message['channel_id']}/messages/{message['id']}"
        for gone in (foreign, message):
            if gone is message:
                await stage.bot.request("DELETE", path)
            refusal = await refused(owner, gone, "press", 2)
            assert (refusal.status, refusal.code) == (404, 10008)


async def test_who_does_not_see_the_channel_presses_nothing(stage: Stage, person: NewPerson) -> None:
    message = await say(stage, row(button()))
    world = stage.sandbox.world
    world.channel.overwrites[world.member.id] = Overwrite(
        world.member.id, OverwriteType.MEMBER, deny=int(Permission.VIEW_CHANNEL)
    )
    async with person(stage.sandbox, "member") as member:
        refusal = await refused(member, message, "press", 2)

    assert (refusal.status, refusal.code) == (403, 50001)


async def test_an_ephemeral_button_is_pressed_by_its_owner_alone(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        invocation = await stage.begin(owner, command)
        data = {"content": "Press", "flags": 64, "components": [row(button())]}
        await stage.bot.answer(await stage.bot.asked(), 4, data)
        message = await invocation.answered()
        refusal = await refused(member, message, "press", 2)
        await use(owner, message, "press", 2)

        assert (refusal.status, refusal.code) == (404, 10008)
        assert (await stage.bot.asked())["message"]["id"] == message["id"]


async def test_a_select_of_texts_takes_as_many_of_its_options_as_it_says(
    stage: Stage, person: NewPerson
) -> None:
    select: Body = {"type": 3, "custom_id": "pick", "options": LETTERS, "min_values": 0, "max_values": 2}
    one: Body = {"type": 3, "custom_id": "one", "options": LETTERS}
    message = await say(stage, row(select), row(one))
    async with person(stage.sandbox, "owner") as owner:
        for values, field in (
            (("a", "b", "c"), "data.values"),
            (("a", "a"), "data.values"),
            (("d",), "data.values.0"),
        ):
            assert field in wrong_fields(await refused(owner, message, "pick", 3, *values))
        assert wrong_fields(await refused(owner, message, "one", 3)) == {"data.values"}
        for chosen in ((), ("c", "a")):
            await use(owner, message, "pick", 3, *chosen)
            assert (await stage.bot.asked())["data"]["values"] == list(chosen)


async def test_selects_of_what_there_is_tell_what_was_picked(stage: Stage, person: NewPerson) -> None:
    world = stage.sandbox.world
    picked = {
        5: [world.member.id],
        6: [world.guild.id],
        7: [world.owner.id, world.guild.id],
        8: [world.channel.id],
    }
    pools = {5: {"users", "members"}, 6: {"roles"}, 7: {"users", "members", "roles"}, 8: {"channels"}}
    message = await say(
        stage, *(row({"type": kind, "custom_id": str(kind), "max_values": 2}) for kind in picked)
    )
    async with person(stage.sandbox, "owner") as owner:
        for kind, values in picked.items():
            await use(owner, message, str(kind), kind, *values)
            data = (await stage.bot.asked())["data"]
            assert data["values"] == values
            assert set(data["resolved"]) == pools[kind]
            wrong = await refused(owner, message, str(kind), kind, "123456789012345678")
            assert wrong_fields(wrong) == {"data.values.0"}


async def test_a_select_of_channels_takes_only_its_types(stage: Stage, person: NewPerson) -> None:
    message = await say(stage, row({"type": 8, "custom_id": "pick", "channel_types": [2]}))
    async with person(stage.sandbox, "owner") as owner:
        refusal = await refused(owner, message, "pick", 8, stage.sandbox.channel_id)

    assert wrong_fields(refusal) == {"data.values.0"}
