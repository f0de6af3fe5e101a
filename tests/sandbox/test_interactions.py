"""Answering interactions: in time, late, twice, for one person alone, and after the bot died."""

from typing import Any

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import DidNotRespondError, Person, Sandbox
from tests.sandbox.conftest import Ask, NewBot, NewPerson, Running

Interaction = nextcord.Interaction[Any]  # nextcord does not see through `type`

PING: dict[str, Any] = {"name": "ping", "description": "Answer me"}


async def test_an_answer_reaches_the_person_and_everybody_else(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="Answer me")
    async def ping(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("pong", embed=nextcord.Embed(title="It works", colour=0x00FF00))

    async with (
        running(sandbox, bot),
        person(sandbox, "owner") as owner,
        person(sandbox, "member") as member,
    ):
        answer = await owner.invoke("ping")
        seen = await member.wait_for(lambda event: event.name == "MESSAGE_CREATE", within=5)

    assert answer["content"] == "pong"
    assert answer["embeds"][0]["title"] == "It works"
    assert answer["interaction_metadata"]["user"]["username"] == "owner"
    assert seen.data["id"] == answer["id"]


async def test_a_deferred_answer_is_first_thinking_and_then_replaced(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    may_answer = anyio.Event()

    @bot.slash_command(description="Take your time")
    async def slow(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer()
        await may_answer.wait()
        await interaction.edit_original_message(content="done")

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        invocation = await owner.start_invoke("slow")
        acknowledged = await invocation.acknowledged()
        thinking = await owner.wait_for(lambda event: event.name == "MESSAGE_CREATE", within=5)
        may_answer.set()
        answer = await invocation.answered()
        public = await owner.messages()

    assert thinking.data["flags"] == 128
    assert answer["id"] == thinking.data["id"]
    assert (answer["content"], answer["flags"], answer["edited_timestamp"]) == ("done", 0, None)
    assert acknowledged.at >= invocation.began_at
    assert [one["content"] for one in public] == ["done"]


async def test_an_ephemeral_answer_is_for_one_person_alone(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson, ask: Ask
) -> None:
    bot = new_bot()

    @bot.slash_command(description="Between us")
    async def whisper(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_message(content="secret")
        await interaction.followup.send("also secret", ephemeral=True)

    async with (
        running(sandbox, bot),
        person(sandbox, "owner") as owner,
        person(sandbox, "member") as member,
    ):
        invocation = await owner.start_invoke("whisper")
        answer = await invocation.answered()
        await owner.wait_for(lambda event: event.data.get("content") == "also secret", within=5)
        await owner.say("marker")
        await member.wait_for(lambda event: event.data.get("content") == "marker", within=5)
        listed = await owner.messages()
        alone = await ask(sandbox, "GET", f"/channels/{sandbox.channel_id}/messages/{answer['id']}")

        assert (answer["content"], answer["flags"]) == ("secret", 64)
        assert [one["content"] for one in invocation.messages] == ["secret", "also secret"]
        assert not [one for one in member.events if "secret" in str(one.data.get("content"))]
        assert [one["content"] for one in listed] == ["marker"]
        assert (alone.status, alone.body["code"]) == (404, 10008)


async def test_follow_ups_can_be_changed_and_deleted(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="More and more")
    async def more(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("first")
        second = await interaction.followup.send("second", wait=True)
        await second.edit(content="second, changed")
        third = await interaction.followup.send("third", wait=True)
        await third.delete()
        await interaction.delete_original_message()

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        invocation = await owner.start_invoke("more")
        first = await invocation.answered()
        await owner.wait_for(
            lambda event: event.name == "MESSAGE_DELETE" and event.data["id"] == first["id"], within=5
        )

    assert [one["content"] for one in invocation.messages] == ["second, changed"]


async def test_the_first_follow_up_after_a_deferral_takes_the_place_of_thinking(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="Defer, then send")
    async def late(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer()
        await interaction.followup.send("here it is")

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        answer = await owner.invoke("late")

        assert answer["content"] == "here it is"
        assert len(await owner.messages()) == 1


async def test_a_second_first_answer_is_refused_with_40060(
    sandbox: Sandbox, ask: Ask, person: NewPerson
) -> None:
    await _register(sandbox, ask)
    async with person(sandbox, "owner") as owner:
        path = await _callback(sandbox, owner)
        body = {"type": 4, "data": {"content": "pong"}}

        first = await ask(sandbox, "POST", path, body)
        second = await ask(sandbox, "POST", path, body)

    assert first.status == 204
    assert (second.status, second.body["code"]) == (400, 40060)


async def test_the_callback_can_be_asked_for_what_it_made(
    sandbox: Sandbox, ask: Ask, person: NewPerson
) -> None:
    await _register(sandbox, ask)
    async with person(sandbox, "owner") as owner:
        path = await _callback(sandbox, owner)

        answer = await ask(sandbox, "POST", f"{path}?with_response=true", {"type": 5, "data": {"flags": 64}})

    assert answer.status == 200
    assert answer.body["interaction"]["response_message_loading"] is True
    assert answer.body["resource"]["message"]["flags"] == 64 | 128


async def test_silence_fails_the_interaction_and_kills_its_token(ask: Ask, person: NewPerson) -> None:
    async with Sandbox(answer_within=0.05) as sandbox:
        await _register(sandbox, ask)
        async with person(sandbox, "owner") as owner:
            invocation = await owner.start_invoke("ping")
            with pytest.raises(DidNotRespondError):
                await invocation.answered()
            (interaction,) = sandbox.interactions.listed()

            late = await ask(sandbox, "POST", f"/interactions/{interaction.id}/{interaction.token}/callback",
                             {"type": 4, "data": {"content": "too late"}})  # fmt: skip
            edit = await ask(sandbox, "PATCH", _original(sandbox, interaction.token), {"content": "x"})

    assert (late.status, late.body["code"]) == (404, 10062)
    assert (edit.status, edit.body["code"]) == (404, 10015)


async def test_the_token_of_an_answered_interaction_expires(ask: Ask, person: NewPerson) -> None:
    async with Sandbox(token_lifetime=0.0) as sandbox:
        await _register(sandbox, ask)
        async with person(sandbox, "owner") as owner:
            path = await _callback(sandbox, owner)
            await ask(sandbox, "POST", path, {"type": 5})

            edit = await ask(sandbox, "PATCH", _original(sandbox, path.split("/")[3]), {"content": "x"})

    assert (edit.status, edit.body["code"]) == (401, 50027)


async def test_a_bot_that_died_finishes_its_answer_with_the_old_token(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()
    tokens: list[str] = []
    is_deferred = anyio.Event()

    @bot.slash_command(description="Die on me")
    async def dying(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer(ephemeral=True)
        tokens.append(interaction.token)
        is_deferred.set()

    async with person(sandbox, "owner") as owner:
        async with running(sandbox, bot):
            invocation = await owner.start_invoke("dying")
            await is_deferred.wait()
            sandbox.close_gateway(None)

        async with running(sandbox, new_bot()) as reborn:
            session: Any = getattr(reborn.http, "_HTTPClient__session")  # noqa: B009 - mangled
            hook = nextcord.Webhook.partial(int(sandbox.application_id), tokens[0], session=session)
            await hook.edit_message("@original", content="finished")  # pyright: ignore[reportArgumentType]

        answer = await invocation.answered()

    assert (answer["content"], answer["flags"]) == ("finished", 64)


async def test_a_button_changes_its_message(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    class Sure(nextcord.ui.View):
        @nextcord.ui.button(label="Yes", custom_id="yes")
        async def yes(self, _: nextcord.ui.Button[Any], interaction: Interaction) -> None:
            await interaction.response.edit_message(content="you are sure", view=None)

    @bot.slash_command(description="Ask back")
    async def sure(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("sure?", view=Sure(), ephemeral=True)

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        question = await owner.invoke("sure")
        pressed = await owner.press(question, "yes")
        await pressed.settled()
        changed = await owner.wait_for(lambda event: event.name == "MESSAGE_UPDATE", within=5)

    assert changed.data["id"] == question["id"]
    assert changed.data["content"] == "you are sure"
    assert changed.data["components"] == []


async def test_suggestions_are_offered_while_typing(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="Pick one")
    async def pick(interaction: Interaction, name: str) -> None:
        await interaction.send(name)

    @pick.on_autocomplete("name")
    async def suggest(interaction: Interaction, name: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_autocomplete(  # pyright: ignore[reportUnknownMemberType]
            [f"{name}1", f"{name}2"]
        )

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        choices = await owner.suggestions("pick", {"name": "a"}, "name")

    assert [one["value"] for one in choices] == ["a1", "a2"]


async def test_a_form_is_shown_and_what_was_entered_comes_back(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    class Form(nextcord.ui.Modal):
        def __init__(self) -> None:
            super().__init__("Why?", custom_id="why")
            self.reason: nextcord.ui.TextInput[Any] = nextcord.ui.TextInput("Reason", custom_id="reason")
            self.add_item(self.reason)  # pyright: ignore[reportUnknownMemberType]

        async def callback(self, interaction: Interaction) -> None:
            await interaction.send(f"because {self.reason.value}")

    @bot.slash_command(description="Ask for a reason")
    async def why(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_modal(Form())

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        form = await (await owner.start_invoke("why")).modal()
        submitted = await owner.submit(form, {"reason": "I can"})
        answer = await submitted.answered()

    assert (form["title"], answer["content"]) == ("Why?", "because I can")


async def test_a_command_works_in_a_direct_message(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = new_bot()

    @bot.slash_command(description="Where are we")
    async def where(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("in private" if interaction.guild is None else "in public")

    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        channel_id = await owner.direct_channel(sandbox.application_id)

        assert (await owner.invoke("where", channel_id=channel_id))["content"] == "in private"


async def _register(sandbox: Sandbox, ask: Ask) -> None:
    await ask(sandbox, "POST", f"/applications/{sandbox.application_id}/commands", PING)


async def _callback(sandbox: Sandbox, owner: Person) -> str:
    """Invoke /ping with no bot connected; return the path to answer at."""
    await owner.start_invoke("ping")
    interaction = sandbox.interactions.listed()[-1]
    return f"/interactions/{interaction.id}/{interaction.token}/callback"


def _original(sandbox: Sandbox, token: str) -> str:
    return f"/webhooks/{sandbox.application_id}/{token}/messages/@original"
