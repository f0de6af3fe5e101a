"""Registering commands, and what is refused when one is invoked."""

from collections.abc import Callable
from typing import Any

import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import RefusedError, Sandbox
from tests.sandbox.conftest import Ask, Bot, NewBot, NewPerson, Running

OPTIONS: list[dict[str, Any]] = [
    {"type": 3, "name": "text", "description": "Some text", "required": True, "max_length": 5},
    {"type": 4, "name": "times", "description": "How often", "min_value": 1, "max_value": 3},
    {"type": 3, "name": "tone", "description": "How", "choices": [{"name": "Loud", "value": "loud"}]},
    {"type": 6, "name": "who", "description": "To whom"},
    {"type": 5, "name": "twice", "description": "Again"},
]
SAY: dict[str, Any] = {"name": "say", "description": "Say it", "options": OPTIONS}


def with_commands(bot: Bot, sandbox: Sandbox) -> Bot:
    @bot.slash_command(description="Everything an option can be")
    async def every(  # noqa: PLR0917  # pyright: ignore[reportUnusedFunction] - nextcord makes options of them
        interaction: nextcord.Interaction[Any],
        text: str,
        number: int = nextcord.SlashOption(min_value=1, max_value=9, default=1),
        tone: str = nextcord.SlashOption(choices={"Loud": "loud", "Soft": "soft"}, default="soft"),
        member: nextcord.Member | None = None,
        place: nextcord.TextChannel | None = None,
    ) -> None:
        who = "nobody" if member is None else member.name
        where = "nowhere" if place is None else place.name
        await interaction.send(f"{text} {number} {tone} {who} {where}")

    @bot.slash_command(
        description="A group", default_member_permissions=nextcord.Permissions(manage_guild=True)
    )
    async def ops(interaction: nextcord.Interaction[Any]) -> None:
        pass

    @ops.subcommand(description="How it is")  # pyright: ignore[reportUnknownMemberType]
    async def health(  # pyright: ignore[reportUnusedFunction]
        interaction: nextcord.Interaction[Any], part: str = "all"
    ) -> None:
        await interaction.send(f"{part} is well")

    @bot.slash_command(name="here", description="In one guild", guild_ids=[int(sandbox.guild_id)])
    async def in_guild(interaction: nextcord.Interaction[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("here")

    return bot


async def test_nothing_is_registered_again_at_the_second_start(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_commands(new_bot(), sandbox)):
        pass
    again = sandbox.hold("POST", "/applications/*")

    async with running(sandbox, with_commands(new_bot(), sandbox)):
        pass

    assert again.count == 0
    assert len(sandbox.commands.listed(sandbox.application_id, None)) == 2
    assert len(sandbox.commands.listed(sandbox.application_id, sandbox.guild_id)) == 1


async def test_options_arrive_as_they_were_given(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = with_commands(new_bot(), sandbox)
    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        options = {
            "text": "hi",
            "number": 3,
            "tone": "loud",
            "member": sandbox.users[1].id,
            "place": sandbox.channel_id,
        }
        answer = await owner.invoke("every", options)
        plain = await owner.invoke("every", {"text": "hi"})

    assert answer["content"] == "hi 3 loud member general"
    assert plain["content"] == "hi 1 soft nobody nowhere"


async def test_sub_commands_and_guild_commands_are_found_by_name(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = with_commands(new_bot(), sandbox)
    async with running(sandbox, bot), person(sandbox, "owner") as owner:
        assert (await owner.invoke("ops health", {"part": "disk"}))["content"] == "disk is well"
        assert (await owner.invoke("here"))["content"] == "here"


async def test_a_member_without_the_permission_neither_sees_nor_uses_a_command(
    sandbox: Sandbox, new_bot: NewBot, running: Running, person: NewPerson
) -> None:
    bot = with_commands(new_bot(), sandbox)
    async with running(sandbox, bot), person(sandbox, "member") as member:
        command = next(
            one for one in sandbox.commands.listed(sandbox.application_id, None) if one.name == "ops"
        )
        data = {"id": command.id, "name": "ops", "type": 1, "options": [{"type": 1, "name": "health"}]}

        with pytest.raises(RefusedError) as refused:
            await member.interact(2, sandbox.application_id, data)

        assert refused.value.status == 403
        assert "ops" not in [one["name"] for one in await member.commands()]


async def test_a_command_is_echoed_with_exactly_its_options(sandbox: Sandbox, ask: Ask) -> None:
    path = f"/applications/{sandbox.application_id}/commands"

    created = await ask(sandbox, "POST", path, SAY)
    again = await ask(sandbox, "POST", path, SAY)
    listed = await ask(sandbox, "GET", f"{path}?with_localizations=true")

    assert (created.status, again.status) == (201, 200)
    assert created.body == again.body == listed.body[0]
    assert created.body["options"] == OPTIONS
    assert created.body["integration_types"] == [0]
    assert created.body["contexts"] is None


async def test_bulk_put_keeps_ids_and_removes_what_is_not_named(sandbox: Sandbox, ask: Ask) -> None:
    path = f"/applications/{sandbox.application_id}/guilds/{sandbox.guild_id}/commands"
    first = await ask(sandbox, "PUT", path, [SAY, {"name": "other", "description": "Other"}])

    second = await ask(sandbox, "PUT", path, [SAY])

    assert [one["name"] for one in first.body] == ["say", "other"]
    assert second.body == first.body[:1]
    assert (await ask(sandbox, "GET", path)).body[0]["guild_id"] == sandbox.guild_id


async def test_a_command_can_be_changed_and_deleted(sandbox: Sandbox, ask: Ask) -> None:
    path = f"/applications/{sandbox.application_id}/commands"
    command = (await ask(sandbox, "POST", path, SAY)).body

    changed = await ask(sandbox, "PATCH", f"{path}/{command['id']}", {"description": "Say it louder"})
    deleted = await ask(sandbox, "DELETE", f"{path}/{command['id']}")
    missing = await ask(sandbox, "GET", f"{path}/{command['id']}")

    assert changed.body["description"] == "Say it louder"
    assert changed.body["version"] != command["version"]
    assert deleted.status == 204
    assert (missing.status, missing.body["code"]) == (404, 10063)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": "Say It"}, ["name"]),
        ({"name": None}, ["name"]),
        ({"description": "x" * 101}, ["description"]),
        ({"options": [*OPTIONS[1:], OPTIONS[0]]}, ["options", "4"]),
        ({"options": [OPTIONS[0], OPTIONS[0]]}, ["options", "1", "name"]),
    ],
    ids=["name", "no name", "description", "required option last", "option twice"],
)
async def test_a_command_against_the_rules_is_refused_by_field(
    unrecorded: Sandbox, ask: Ask, change: dict[str, Any], path: list[str]
) -> None:
    refused = await ask(
        unrecorded, "POST", f"/applications/{unrecorded.application_id}/commands", {**SAY, **change}
    )

    assert (refused.status, refused.body["code"]) == (400, 50035)
    node = refused.body["errors"]
    for key in path:
        node = node[key]
    assert node["_errors"]


type Option = dict[str, Any]


def _wrong(options: list[Option], **changed: str) -> Callable[[Option], Option]:
    return lambda command: {"id": command["id"], "name": "say", "type": 1, "options": options, **changed}


TEXT = {"type": 3, "name": "text", "value": "hi"}


@pytest.mark.parametrize(
    "data",
    [
        _wrong([]),
        _wrong([{"type": 3, "name": "text", "value": 5}]),
        _wrong([{"type": 3, "name": "text", "value": "far too long"}]),
        _wrong([TEXT, {"type": 4, "name": "times", "value": 4}]),
        _wrong([TEXT, {"type": 4, "name": "times", "value": 0}]),
        _wrong([TEXT, {"type": 3, "name": "tone", "value": "shrill"}]),
        _wrong([TEXT, {"type": 6, "name": "who", "value": "1"}]),
        _wrong([TEXT, {"type": 3, "name": "unheard", "value": "of"}]),
        _wrong([TEXT], id="1"),
        _wrong([TEXT], version="1"),
    ],
    ids=[
        "required missing",
        "wrong type",
        "too long",
        "too large",
        "too small",
        "no choice",
        "no such user",
        "no such option",
        "no such command",
        "outdated",
    ],
)
async def test_an_invocation_that_does_not_suit_the_command_is_refused(
    sandbox: Sandbox, ask: Ask, person: NewPerson, data: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    path = f"/applications/{sandbox.application_id}/commands"
    command = (await ask(sandbox, "POST", path, SAY)).body

    async with person(sandbox, "owner") as owner:
        with pytest.raises(RefusedError) as refused:
            await owner.interact(2, sandbox.application_id, data(command))

    assert (refused.value.status, refused.value.code) == (400, 50035)
    assert refused.value.body["errors"]
