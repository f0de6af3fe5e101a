"""What a person may send when invoking a command, and what the bot is told of it."""

from typing import Any

import pytest

from acore.sandbox import Person, RefusedError
from acore.sandbox.permissions.rules import EVERYTHING, Permission
from acore.sandbox.state.kinds import ChannelType, OverwriteType
from acore.sandbox.state.records import Overwrite
from tests.sandbox.conftest import NewPerson
from tests.sandbox.interactions.conftest import Stage, add_thread, wrong_fields

type Body = dict[str, Any]


def option(kind: int, name: str = "one", **more: object) -> Body:
    return {"type": kind, "name": name, "description": "An option", **more}


def given(kind: int, value: object, name: str = "one") -> Body:
    return {"type": kind, "name": name, "value": value}


async def refused(stage: Stage, person: Person, command: Body, options: list[Body]) -> set[str]:
    """Invoke what is refused; return the fields that are named."""
    with pytest.raises(RefusedError) as refusal:
        await stage.begin(person, command, options)
    return wrong_fields(refusal.value)


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (option(3), "text"),
        (option(3), " kept as it is "),
        (option(3, max_length=3), "abc"),
        (option(3, choices=[{"name": "A", "value": "a"}]), "a"),
        (option(4), 2**53 - 1),
        (option(4), -(2**53) + 1),
        (option(4, min_value=-1, max_value=1), 1),
        (option(5), False),
        (option(10), 0.5),
        (option(10), 3),
    ],
)
async def test_values_reach_the_bot_as_they_were_given(
    stage: Stage, person: NewPerson, declared: Body, value: object
) -> None:
    command = await stage.register(options=[declared])
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command, [given(declared["type"], value)])

    assert asked["data"]["options"] == [given(declared["type"], value)]


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        (option(3), 5),
        (option(3), None),
        (option(3), "x" * 6001),
        (option(3, min_length=2), "a"),
        (option(3, max_length=2), "abc"),
        (option(3, choices=[{"name": "A", "value": "a"}]), "b"),
        (option(4), "5"),
        (option(4), 5.5),
        (option(4), True),
        (option(4), 2**53),
        (option(4), -(2**53)),
        (option(4, min_value=1), 0),
        (option(4, max_value=1), 2),
        (option(4, choices=[{"name": "One", "value": 1}]), 2),
        (option(5), "true"),
        (option(5), 1),
        (option(10), "0.5"),
        (option(10, min_value=0.5), 0.4),
        (option(10, max_value=0.5), 0.6),
        (option(6), "123456789012345678"),
        (option(6), "owner"),
        (option(7), "123456789012345678"),
        (option(8), "123456789012345678"),
        (option(9), "123456789012345678"),
        (option(11), "0"),
    ],
)
async def test_a_value_that_does_not_suit_its_option_is_refused(
    rough: Stage, person: NewPerson, declared: Body, value: object
) -> None:
    command = await rough.register(options=[declared])
    async with person(rough.sandbox, "owner") as owner:
        fields = await refused(rough, owner, command, [given(declared["type"], value)])

    assert fields == {"data.options.0.value"}


async def test_options_that_are_missing_unknown_doubled_or_of_another_type_are_refused(
    rough: Stage, person: NewPerson
) -> None:
    nested = option(1, "sub", options=[option(3, required=True)])
    command = await rough.register(options=[nested])
    plain = await rough.register(name="plain", options=[option(3)])

    async with person(rough.sandbox, "owner") as owner:

        async def within_sub(*options: Body) -> set[str]:
            sent: Body = {"type": 1, "name": "sub", "options": list(options)}
            return await refused(rough, owner, command, [sent])

        assert await within_sub() == {"data.options.0.options.0"}
        assert await within_sub(given(3, "a"), given(3, "b", "two")) == {"data.options.0.options.1.name"}
        assert await within_sub(given(3, "a"), given(3, "b")) == {"data.options.0.options.1.name"}
        assert await within_sub(given(4, "a")) == {"data.options.0.options.0.type"}
        assert await refused(rough, owner, command, []) == {"data.options"}
        assert await refused(rough, owner, plain, [{"type": 3, "name": ["one"]}]) == {"data.options.0.name"}


async def test_users_roles_and_channels_are_told_with_their_names(stage: Stage, person: NewPerson) -> None:
    world = stage.sandbox.world
    role, thread = world.add_role("helpers"), add_thread(stage)
    kinds = {"user": 6, "place": 7, "thread": 7, "role": 8, "any": 9, "other": 9}
    command = await stage.register(options=[option(kind, name) for name, kind in kinds.items()])
    values = {
        "user": world.member.id,
        "place": world.channel.id,
        "thread": thread.id,
        "role": role.id,
        "any": world.owner.id,
        "other": world.guild.id,
    }
    async with person(stage.sandbox, "owner") as owner:
        sent = [given(kinds[name], value, name) for name, value in values.items()]
        resolved = (await stage.invoke(owner, command, sent))["data"]["resolved"]

    assert {one: body["username"] for one, body in resolved["users"].items()} == {
        world.member.id: "member",
        world.owner.id: "owner",
    }
    assert set(resolved["members"]) == set(resolved["users"])
    assert not {"user", "deaf", "mute"} & set(resolved["members"][world.member.id])
    assert resolved["members"][world.owner.id]["permissions"] == str(EVERYTHING)
    assert {one["name"] for one in resolved["roles"].values()} == {"helpers", "@everyone"}
    assert {one["name"] for one in resolved["channels"].values()} == {"general", "thread"}
    assert resolved["channels"][thread.id]["parent_id"] == world.channel.id
    assert resolved["channels"][thread.id]["thread_metadata"]["archived"] is False
    assert resolved["channels"][world.channel.id]["permissions"] == str(EVERYTHING)


async def test_a_channel_must_be_of_the_wanted_type_and_in_sight(stage: Stage, person: NewPerson) -> None:
    world = stage.sandbox.world
    hidden, thread = world.add_channel("hidden"), add_thread(stage)
    hidden.overwrites[world.guild.id] = Overwrite(
        world.guild.id, OverwriteType.ROLE, deny=int(Permission.VIEW_CHANNEL)
    )
    command = await stage.register(options=[option(7, channel_types=[0])])

    async with person(stage.sandbox, "member") as member:
        for channel in (hidden, thread):
            fields = await refused(stage, member, command, [given(7, channel.id)])
            assert fields == {"data.options.0.value"}, channel.name
        await stage.invoke(member, command, [given(7, world.channel.id)])


async def test_a_command_on_a_user_and_on_a_message_tells_what_it_is_about(
    stage: Stage, person: NewPerson
) -> None:
    on_user = await stage.register(name="Greet", type=2)
    on_message = await stage.register(name="Quote", type=3)
    world = stage.sandbox.world

    async with person(stage.sandbox, "owner") as owner:
        said = await owner.say("quote me")
        await owner.invoke_on_user("Greet", world.member.id)
        of_user = await stage.bot.asked()
        await owner.invoke_on_message("Quote", said)
        of_message = await stage.bot.asked()
        for interaction in (of_user, of_message):
            await stage.bot.answer(interaction, 4, {"content": "done"})
        answers = [
            (await owner.wait_for(lambda event, one=one: _answers(event.data, one), within=5)).data
            for one in (of_user, of_message)
        ]
        with pytest.raises(RefusedError) as gone:
            await stage.begin(owner, on_message, data={"target_id": "123456789012345678"})
        with pytest.raises(RefusedError) as nobody:
            await stage.begin(owner, on_user, data={"target_id": said["id"]})

    assert of_user["data"]["resolved"]["users"][of_user["data"]["target_id"]]["username"] == "member"
    assert world.member.id in of_user["data"]["resolved"]["members"]
    assert of_message["data"]["resolved"]["messages"][said["id"]]["content"] == "quote me"
    assert [one["type"] for one in answers] == [23, 23]
    assert answers[0]["interaction_metadata"]["target_user"]["id"] == world.member.id
    assert answers[1]["interaction_metadata"]["target_message_id"] == said["id"]
    assert wrong_fields(gone.value) == wrong_fields(nobody.value) == {"data.target_id"}


def _answers(message: Body, interaction: Body) -> bool:
    metadata: Body = message.get("interaction_metadata", {})
    return metadata.get("id") == interaction["id"]


async def test_an_answer_has_the_whole_name_of_what_was_invoked(stage: Stage, person: NewPerson) -> None:
    nested = option(2, "group", options=[option(1, "sub")])
    command = await stage.register(options=[nested])
    async with person(stage.sandbox, "owner") as owner:
        invocation = await owner.start_invoke("cmd group sub")
        await stage.bot.answer(await stage.bot.asked(), 4, {"content": "done"})
        answer = await invocation.answered()

    assert answer["interaction"]["name"] == f"{command['name']} group sub"


async def test_permissions_are_those_in_the_channel(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    world = stage.sandbox.world
    world.channel.overwrites[world.guild.id] = Overwrite(
        world.guild.id, OverwriteType.ROLE, allow=int(Permission.MANAGE_THREADS), deny=int(Permission.CONNECT)
    )
    thread = add_thread(stage)

    async with person(stage.sandbox, "member") as member:
        for channel in (world.channel, thread):
            asked = await stage.invoke(member, command, channel_id=channel.id)
            for bits in (
                asked["member"]["permissions"],
                asked["app_permissions"],
                asked["channel"]["permissions"],
            ):
                assert int(bits) & Permission.MANAGE_THREADS
                assert not int(bits) & Permission.CONNECT
            assert asked["channel"]["id"] == asked["channel_id"] == channel.id


async def test_a_command_works_in_voice_channels_and_without_a_guild_id(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    voice = stage.sandbox.world.add_channel("voice")
    voice.type = ChannelType.GUILD_VOICE

    async with person(stage.sandbox, "owner") as owner:
        data = {key: command[key] for key in ("id", "name", "type", "version")}
        body = {"type": 2, "application_id": command["application_id"], "channel_id": voice.id, "data": data}
        await owner.request("POST", "/interactions", body)
        asked = await stage.bot.asked()

    assert (asked["guild_id"], asked["channel_id"]) == (stage.sandbox.guild_id, voice.id)


async def test_a_command_works_where_the_bot_does_not_see_the_channel(
    stage: Stage, person: NewPerson
) -> None:
    command = await stage.register()
    world = stage.sandbox.world
    bot_id = world.application.bot.id
    world.channel.overwrites[bot_id] = Overwrite(
        bot_id, OverwriteType.MEMBER, deny=int(Permission.VIEW_CHANNEL)
    )

    async with person(stage.sandbox, "owner") as owner:
        invocation = await stage.begin(owner, command)
        asked = await stage.bot.asked()
        await stage.bot.answer(asked, 4, {"content": "unseen"})

        assert (await invocation.answered())["content"] == "unseen"
        assert asked["app_permissions"] == "0"


# -- where


async def test_each_context_is_told_and_enforced(stage: Stage, person: NewPerson) -> None:
    world = stage.sandbox.world
    in_guilds = await stage.register(name="guilds", contexts=[0])
    in_direct = await stage.register(name="direct", contexts=[1])
    private = await stage.register(name="private", contexts=[2], integration_types=[1])
    not_installed = await stage.register(name="unable", contexts=[2])
    only_here = await stage.register(world.guild.id, name="here")

    async with person(stage.sandbox, "owner") as owner:
        with_bot = await owner.direct_channel(stage.sandbox.application_id)
        with_member = await owner.direct_channel(world.member.id)
        places = {0: world.channel.id, 1: with_bot, 2: with_member}
        works = {
            (command["name"], context)
            for command in (in_guilds, in_direct, private, not_installed, only_here)
            for context, channel_id in places.items()
            if await _works(stage, owner, command, channel_id, context)
        }

    assert works == {("guilds", 0), ("here", 0), ("direct", 1), ("private", 2)}


async def _works(stage: Stage, owner: Person, command: Body, channel_id: str, context: int) -> bool:
    index = await owner.request("GET", f"/channels/{channel_id}/application-command-index")
    if command["id"] not in [one["id"] for one in index["application_commands"]]:
        with pytest.raises(RefusedError) as refusal:
            await stage.begin(owner, command, channel_id=channel_id)
        assert wrong_fields(refusal.value) == {"data.id"}
        return False
    asked = await stage.invoke(owner, command, channel_id=channel_id)
    owners = {
        0: {"0": stage.sandbox.guild_id},
        1: {"0": "0"},
        2: {"1": stage.sandbox.world.owner.id},
    }
    assert (asked["context"], asked["authorizing_integration_owners"]) == (context, owners[context])
    assert ("member" in asked) is (context == 0)
    assert ("user" in asked) is (context != 0)
    return True


async def test_answers_in_a_private_channel_are_seen_by_both(stage: Stage, person: NewPerson) -> None:
    command = await stage.register(contexts=[2], integration_types=[1])
    async with person(stage.sandbox, "owner") as owner, person(stage.sandbox, "member") as member:
        channel_id = await owner.direct_channel(stage.sandbox.world.member.id)
        asked = await stage.invoke(owner, command, channel_id=channel_id)
        await stage.bot.answer(asked, 4, {"content": "hello both"})

        seen = await member.wait_for(lambda event: event.data.get("content") == "hello both", within=5)
        assert seen.data["channel_id"] == channel_id


async def test_a_command_of_an_older_version_is_outdated(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    await stage.register(description="Changed")
    async with person(stage.sandbox, "owner") as owner:
        with pytest.raises(RefusedError) as refusal:
            await stage.begin(owner, command)

    assert wrong_fields(refusal.value) == {"data.version"}


async def test_an_interaction_outlives_a_persons_connection(stage: Stage, person: NewPerson) -> None:
    command = await stage.register()
    async with person(stage.sandbox, "owner") as owner:
        asked = await stage.invoke(owner, command)

    async with person(stage.sandbox, "owner") as owner:
        await stage.bot.answer(asked, 4, {"content": "only you", "flags": 64})
        answer = await owner.wait_for(lambda event: event.name == "MESSAGE_CREATE", within=5)
        done = await owner.wait_for(lambda event: event.name == "INTERACTION_SUCCESS", within=5)

    assert answer.data["interaction_metadata"]["id"] == done.data["id"] == asked["id"]
