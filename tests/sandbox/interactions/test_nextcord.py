"""Everything nextcord can send and read of interactions, with the real library."""

from io import BytesIO
from typing import Any

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox, SentFile
from tests.sandbox.conftest import NewBot, NewPerson, Running

Interaction = nextcord.Interaction[Any]  # nextcord does not see through `type`


def _name(one: Any) -> str:  # noqa: ANN401 - nextcord does not say what a select's values are
    return one.name


async def test_selects_of_every_kind_give_their_callbacks_what_was_picked(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    class Picks(nextcord.ui.View):
        @nextcord.ui.string_select(custom_id="s", options=[nextcord.SelectOption(label="A", value="a")])
        async def text(self, pick: nextcord.ui.StringSelect[Any], interaction: Interaction) -> None:
            await interaction.send(f"text {pick.values[0]}")

        @nextcord.ui.user_select(custom_id="u")
        async def user(self, pick: nextcord.ui.UserSelect[Any], interaction: Interaction) -> None:
            await interaction.send(f"user {_name(pick.values[0])}")

        @nextcord.ui.role_select(custom_id="r")
        async def role(self, pick: nextcord.ui.RoleSelect[Any], interaction: Interaction) -> None:
            await interaction.send(f"role {_name(pick.values[0])}")

        @nextcord.ui.mentionable_select(custom_id="m", max_values=2)
        async def both(self, pick: nextcord.ui.MentionableSelect[Any], interaction: Interaction) -> None:
            await interaction.send(f"both {sorted(map(_name, pick.values))}")

        @nextcord.ui.channel_select(custom_id="c", channel_types=[nextcord.ChannelType.text])
        async def place(self, pick: nextcord.ui.ChannelSelect[Any], interaction: Interaction) -> None:
            await interaction.send(f"channel {_name(pick.values[0])}")

    @bot.slash_command(description="Show them all")
    async def picks(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("pick", view=Picks())

    world = sandbox.world
    role = world.add_role("helpers")
    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        shown = await owner.invoke("picks")
        for custom_id, values, expected in (
            ("s", ["a"], "text a"),
            ("u", [world.member.id], "user member"),
            ("r", [role.id], "role helpers"),
            ("m", [role.id, world.member.id], "both ['helpers', 'member']"),
            ("c", [world.channel.id], "channel general"),
        ):
            picked = await owner.press(shown, custom_id, values=values)
            assert (await picked.answered())["content"] == expected


async def test_a_view_with_buttons_of_every_style_survives_being_edited(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    class Buttons(nextcord.ui.View):
        def __init__(self) -> None:
            super().__init__()
            self.add_item(nextcord.ui.Button(label="Link", url="https://example.com/"))  # pyright: ignore[reportUnknownMemberType]

        @nextcord.ui.button(label="Off", custom_id="off", style=nextcord.ButtonStyle.red, emoji="🙂")
        async def off(self, button: nextcord.ui.Button[Any], interaction: Interaction) -> None:
            button.disabled = True
            await interaction.response.edit_message(view=self)

    @bot.slash_command(description="Show them all")
    async def buttons(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("press", view=Buttons())

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        shown = await owner.invoke("buttons")
        pressed = await owner.press(shown, "off")
        await pressed.settled()
        changed = pressed.source

    assert changed is not None
    (row,) = changed["components"]
    assert {one["label"]: bool(one.get("disabled")) for one in row["components"]} == {
        "Link": False,
        "Off": True,
    }


async def test_a_modal_with_several_inputs_comes_back_to_its_callback(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    class Form(nextcord.ui.Modal):
        def __init__(self) -> None:
            super().__init__("Form", custom_id="form")
            self.name: nextcord.ui.TextInput[Any] = nextcord.ui.TextInput(
                "Name", custom_id="name", min_length=2
            )
            self.text: nextcord.ui.TextInput[Any] = nextcord.ui.TextInput(
                "Text", custom_id="text", style=nextcord.TextInputStyle.paragraph, required=False
            )
            self.add_item(self.name)  # pyright: ignore[reportUnknownMemberType]
            self.add_item(self.text)  # pyright: ignore[reportUnknownMemberType]

        async def callback(self, interaction: Interaction) -> None:
            await interaction.response.defer(ephemeral=True, with_message=True)
            await interaction.followup.send(f"{self.name.value}: {self.text.value}", ephemeral=True)

    @bot.slash_command(description="Ask")
    async def form(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_modal(Form())

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        shown = await (await owner.start_invoke("form")).modal()
        answer = await (await owner.submit(shown, {"name": "me", "text": "hello"})).answered()

    assert (answer["content"], answer["flags"]) == ("me: hello", 64)


async def test_options_of_the_remaining_types_and_menus_reach_their_callbacks(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="The rest")
    async def rest(  # noqa: PLR0917  # pyright: ignore[reportUnusedFunction] - nextcord makes options of them
        interaction: Interaction,
        file: nextcord.Attachment,
        role: nextcord.Role,
        who: nextcord.Mentionable,
        share: float,
        yes: bool,  # noqa: FBT001 - as above
    ) -> None:
        data = (await file.read()).decode()
        await interaction.send(f"{file.filename} {data} {role.name} {who} {share} {yes}")

    @bot.user_command(name="Greet")
    async def greet(interaction: Interaction, member: nextcord.Member) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send(f"hello {member.name}")

    @bot.message_command(name="Quote")
    async def quote(interaction: Interaction, message: nextcord.Message) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send(f"> {message.content}")

    world = sandbox.world
    role = world.add_role("helpers")
    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        given = {
            "file": SentFile("a.txt", b"inside"),
            "role": role.id,
            "who": world.member.id,
            "share": 0.5,
            "yes": True,
        }
        answer = await owner.invoke("rest", given)
        greeted = await (await owner.invoke_on_user("Greet", world.member.id)).answered()
        said = await owner.say("words")
        quoted = await (await owner.invoke_on_message("Quote", said)).answered()

    assert answer["content"] == "a.txt inside helpers member 0.5 True"
    assert (greeted["content"], quoted["content"]) == ("hello member", "> words")


async def test_files_embeds_edits_and_deletes_of_an_answer(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    lines: list[str] = []

    @bot.slash_command(description="Everything")
    async def everything(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer(with_message=True)
        await interaction.edit_original_message(
            content="with a file", file=nextcord.File(BytesIO(b"data"), "a.txt")
        )
        original = await interaction.original_message()
        lines.append(original.attachments[0].filename)
        follow_up = await interaction.followup.send(embed=nextcord.Embed(title="Embed"), wait=True)
        await follow_up.edit(embed=None, content="plain")
        await follow_up.delete()
        await interaction.delete_original_message()
        await interaction.followup.send("the end")

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        invocation = await owner.start_invoke("everything")
        await owner.wait_for(lambda event: event.data.get("content") == "the end", within=5)
        left = [one["content"] for one in await owner.messages()]

    assert lines == ["a.txt"]
    assert left == ["the end"]
    assert [one["content"] for one in invocation.messages] == ["the end"]


async def test_nextcord_raises_what_discord_refuses(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    codes: list[int] = []

    @bot.slash_command(description="Wrong")
    async def wrong(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        with pytest.raises(nextcord.HTTPException) as empty:
            await interaction.response.send_message("")
        await interaction.send("right")
        with pytest.raises(nextcord.NotFound) as missing:
            await interaction.followup.fetch_message(1)
        codes.extend([empty.value.code, missing.value.code])
        await interaction.followup.send("done")

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        await owner.start_invoke("wrong")
        await owner.wait_for(lambda event: event.data.get("content") == "done", within=5)

    assert codes == [50006, 10008]
