"""What a person's client can do, for tests and scripts."""

from typing import Any

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Person, RefusedError, Sandbox, SentFile, UnknownCommandError
from acore.sandbox.person import forms
from acore.sandbox.person.forms import UnknownComponentError
from acore.sandbox.person.places import UnknownPlaceError
from tests.sandbox.conftest import NewBot, NewPerson, Running

Interaction = nextcord.Interaction[Any]  # nextcord does not see through `type`


async def test_places_are_known_by_name_and_kept_up_to_date(sandbox: Sandbox, person: NewPerson) -> None:
    async with person(sandbox, "member") as member:
        before = len(member.events)
        channel = sandbox.world.add_channel("later")
        stranger = sandbox.world.add_user("stranger")
        role = sandbox.world.add_role("wise")
        second = sandbox.world.add_guild("Second", users=[sandbox.users[1]])
        await member.wait_for(
            lambda event: event.name == "GUILD_CREATE" and event.data["id"] == second.id,
            within=5,
            after=before,
        )

        assert member.channel_named("#later") == channel.id
        assert member.channel_named("general") == sandbox.channel_id
        assert member.channel_named("general", second.id) == next(iter(second.channels))
        assert member.user_named("@stranger") == stranger.id
        assert member.around(sandbox.channel_id).role("wise") == role.id
        assert member.places.guild_named("Second") == second.id
        with pytest.raises(
            UnknownPlaceError, match="there is no channel 'nowhere' here; there are: #general"
        ):
            member.channel_named("nowhere")


async def test_files_go_along_and_are_read_again(sandbox: Sandbox, person: NewPerson) -> None:
    async with person(sandbox, "owner") as owner:
        said = await owner.say(
            "see", files=[SentFile("a b.txt", b"one"), SentFile("c.png", b"two", "image/png")]
        )

        assert [(one["filename"], one["size"]) for one in said["attachments"]] == [
            ("a_b.txt", 3),
            ("c.png", 3),
        ]
        assert await owner.download(said["attachments"][0]["url"]) == b"one"
        with pytest.raises(RefusedError):
            await owner.download(said["attachments"][0]["url"].replace("a_b", "x") + "/no")


async def test_messages_are_replied_to_changed_and_deleted(sandbox: Sandbox, person: NewPerson) -> None:
    async with person(sandbox, "owner") as owner, person(sandbox, "member") as member:
        said = await owner.say("one")
        reply = await member.say("two", reply_to=said["id"])
        await owner.edit(said, "three")
        await member.delete(reply)
        left = await owner.messages()
        with pytest.raises(RefusedError):
            await member.edit(said, "mine")

    assert reply["referenced_message"]["content"] == "one"
    assert [one["content"] for one in left] == ["three"]


async def test_what_was_sent_before_is_heard_after_catching_up(sandbox: Sandbox, person: NewPerson) -> None:
    async with person(sandbox, "owner") as owner, person(sandbox, "member") as member:
        for at in range(20):
            await owner.say(str(at))
        await member.catch_up()

        heard = [event.data["content"] for event in member.events if event.name == "MESSAGE_CREATE"]
    assert heard == [str(at) for at in range(20)]


async def test_a_client_may_ask_as_often_as_it_likes_whether_it_has_heard_everything(
    sandbox: Sandbox, person: NewPerson
) -> None:
    async with person(sandbox, "member") as member:
        for _ in range(sandbox.limits.frames_per_minute + 1):
            await member.catch_up()

        assert not member.is_lost


async def test_commands_in_direct_messages_are_the_ones_meant_for_them(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="Anywhere")
    async def anywhere(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("here too")

    @bot.slash_command(description="Not here", contexts=[nextcord.InteractionContextType.guild])
    async def guilds_only(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    async with running(sandbox, bot), person(sandbox, "member") as member:
        channel = await member.direct_channel(member.user_named("sandbox-bot"))
        listed = await member.commands(channel_id=channel)
        answer = await member.invoke("anywhere", channel_id=channel)
        with pytest.raises(UnknownCommandError):
            await member.invoke("guilds_only", channel_id=channel)

    assert [one["name"] for one in listed] == ["anywhere"]
    assert (answer["content"], answer["channel_id"]) == ("here too", channel)


async def test_commands_of_menus_are_invoked(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.user_command(name="Greet")
    async def greet(interaction: Interaction, member: nextcord.Member) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send(f"hello {member.name}")

    @bot.message_command(name="Keep")
    async def keep(interaction: Interaction, message: nextcord.Message) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send(f"kept {message.content}")

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        greeted = await (await owner.invoke_on_user("Greet", owner.user_named("member"))).answered()
        kept = await (await owner.invoke_on_message("Keep", greeted)).answered()
        with pytest.raises(UnknownCommandError, match=r"no command Gret here; did you mean Greet\?"):
            await owner.invoke_on_user("Gret", owner.user_named("member"))

    assert greeted["content"] == "hello member"
    assert kept["content"] == "kept hello member"


async def test_selects_of_every_kind_are_picked_by_name(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    sandbox.world.add_role("wise")
    bot = new_bot()
    picked: list[str] = []

    class View(nextcord.ui.View):
        @nextcord.ui.string_select(
            custom_id="word", options=[nextcord.SelectOption(label="A word", value="w")], row=0
        )
        async def word(self, select: Any, interaction: Interaction) -> None:  # noqa: ANN401 - nextcord's is generic
            await interaction.send(f"word {select.values[0]}")

        @nextcord.ui.user_select(custom_id="user", row=1)
        async def user(self, select: Any, interaction: Interaction) -> None:  # noqa: ANN401 - as above
            await interaction.send(f"user {select.values.members[0].name}")

        @nextcord.ui.role_select(custom_id="role", row=2)
        async def role(self, select: Any, interaction: Interaction) -> None:  # noqa: ANN401 - as above
            await interaction.send(f"role {select.values.roles[0].name}")

        @nextcord.ui.channel_select(custom_id="channel", row=3)
        async def channel(self, select: Any, interaction: Interaction) -> None:  # noqa: ANN401 - as above
            await interaction.send(f"channel {select.values.channels[0].name}")

        @nextcord.ui.mentionable_select(custom_id="either", placeholder="Whoever", row=4)
        async def either(self, select: Any, interaction: Interaction) -> None:  # noqa: ANN401 - as above
            await interaction.send(f"either {select.values.roles[0].name}")

    @bot.slash_command(description="Pick")
    async def pick(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("Pick", view=View())

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        message = await owner.invoke("pick")
        for custom_id, value in (
            ("word", "A word"),
            ("user", "member"),
            ("role", "@wise"),
            ("4", "#general"),
            ("Whoever", "wise"),
        ):
            invocation = await owner.press(message, custom_id, values=[value])
            picked.append((await invocation.answered())["content"])
        with pytest.raises(UnknownComponentError, match="there are: word, user, role, channel, either"):
            await owner.press(message, "nothing")

    assert picked == ["word w", "user member", "role wise", "channel general", "either wise"]


def test_a_form_is_filled_in_in_its_own_layout() -> None:
    modal: dict[str, Any] = {
        "id": "1",
        "custom_id": "f",
        "components": [
            {"type": 1, "id": 1, "components": [{"type": 4, "id": 2, "custom_id": "text", "value": "kept"}]},
            {
                "type": 18,
                "id": 3,
                "label": "Colour",
                "component": {
                    "type": 3,
                    "id": 4,
                    "custom_id": "colour",
                    "options": [
                        {"label": "Red", "value": "r", "default": True},
                        {"label": "Blue", "value": "b"},
                    ],
                },
            },
            {"type": 18, "id": 5, "label": "File", "component": {"type": 19, "id": 6, "custom_id": "file"}},
            {"type": 18, "id": 7, "label": "Sure", "component": {"type": 23, "id": 8, "custom_id": "sure"}},
            {
                "type": 18,
                "id": 9,
                "label": "One",
                "component": {
                    "type": 21,
                    "id": 10,
                    "custom_id": "one",
                    "options": [{"label": "I", "value": "1"}],
                },
            },
        ],
    }
    file = SentFile("a.txt", b"a")

    data, files = forms.modal_data(modal, {"file": [file], "sure": True, "one": "1", "more": "x"})

    sent = data["components"]
    assert sent[0] == {
        "type": 1,
        "id": 1,
        "components": [{"type": 4, "id": 2, "custom_id": "text", "value": "kept"}],
    }
    assert sent[1]["component"] == {"type": 3, "id": 4, "custom_id": "colour", "values": ["r"]}
    assert sent[2]["component"]["values"] == ["0"]
    assert sent[3]["component"]["value"] is True
    assert sent[4]["component"]["value"] == "1"
    assert sent[5]["components"][0] == {"type": 4, "custom_id": "more", "value": "x"}
    assert (files, data["attachments"]) == ([file], [{"id": "0", "filename": "a.txt"}])
    assert [one["label"] for one in forms.fields(modal) if "label" in one] == [
        "Colour",
        "File",
        "Sure",
        "One",
    ]


async def test_a_client_that_leaves_takes_its_connection_along(sandbox: Sandbox) -> None:
    async with Person(sandbox.api, sandbox.users[0].token):
        assert sandbox.is_connected(sandbox.users[0])
    async with Person(sandbox.api, sandbox.users[1].token) as other:
        await other.catch_up()
        assert not sandbox.is_connected(sandbox.users[0])
