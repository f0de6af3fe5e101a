"""What a person types at the console, and what is shown."""

import os
from collections.abc import AsyncIterator
from typing import Any

import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from acore.sandbox import Sandbox
from acore.sandbox.console.console import console, piped_lines
from acore.sandbox.console.render import render_message
from tests.sandbox.conftest import Bot, NewBot, Pretend, Running

MESSAGE: dict[str, Any] = {
    "author": {"username": "acore", "bot": True},
    "timestamp": "2026-01-02T03:04:05+00:00",
    "content": "Here you are",
    "flags": 64,
    "embeds": [
        {
            "title": "Health",
            "description": "All is well",
            "color": 0x57F287,
            "fields": [
                {"name": "CPU", "value": "12 %", "inline": True},
                {"name": "Disk", "value": "97 %", "inline": True},
                {"name": "Since", "value": "yesterday", "inline": False},
            ],
            "footer": {"text": "v1"},
        }
    ],
}


def with_commands(bot: Bot) -> Bot:
    @bot.slash_command(description="How it is")
    async def botstatus(  # pyright: ignore[reportUnusedFunction]
        interaction: nextcord.Interaction[Any], part: str = "all", times: int = 1
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_message(embed=nextcord.Embed(title=f"{part} is well" * times))

    @bot.slash_command(description="Stay silent")
    async def silent(interaction: nextcord.Interaction[Any]) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    return bot


async def typed(sandbox: Sandbox, *lines: str) -> list[str]:
    """Return what the console shows for these lines."""
    shown: list[str] = []

    async def type_them() -> AsyncIterator[str]:
        for line in lines:
            yield line

    tokens = {user.username: user.token for user in sandbox.users}
    await console(sandbox.api, tokens, lines=type_them(), show=shown.append)
    return shown


async def test_a_command_is_answered_as_a_person_would_see_it(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_commands(new_bot())):
        (shown,) = await typed(sandbox, '/botstatus part:"the disk" times:1')

    lines = shown.splitlines()
    assert lines[0] == "╭─ owner used /botstatus"
    assert lines[1].startswith("sandbox-bot [BOT] ")
    assert lines[2] == "  ▌ the disk is well"
    assert lines[3].endswith("Only you can see this")


async def test_text_is_said_by_whoever_is_chosen(sandbox: Sandbox) -> None:
    shown = await typed(sandbox, "hello", "!user member", "hi owner", "!messages", "!quit", "never said")

    assert [line.splitlines()[0].split()[0] for line in shown] == ["owner", "member", "owner", "member"]
    assert "hi owner" in shown[-1]


async def test_mistakes_are_told_and_the_console_goes_on(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_commands(new_bot())):
        shown = await typed(
            sandbox,
            "/unheard",
            "/botstatus times:many",
            '/botstatus part:"',
            "!user nobody",
            "!press x",
            "ok",
        )

    assert shown[0] == "✗ there is no command /unheard here"
    assert shown[1].startswith("✗ invalid literal for int()")
    assert shown[2] == "✗ No closing quotation"
    assert shown[3] == "✗ there is no user 'nobody'; there are owner, member"
    assert shown[4] == "✗ no message here has a button 'x'"
    assert shown[5].endswith("ok")


async def test_a_bot_that_stays_silent_did_not_respond(
    new_bot: NewBot, running: Running, pretend: Pretend
) -> None:
    async with Sandbox(answer_within=0.05) as sandbox:
        pretend(sandbox)
        async with running(sandbox, with_commands(new_bot())):
            shown = await typed(sandbox, "/silent")

    assert shown == ["✗ The application did not respond"]


async def test_piped_lines_end_with_their_input() -> None:
    read, write = os.pipe()
    os.write(write, "first\nzwölf\nlast".encode())
    os.close(write)

    lines = [line async for line in piped_lines(read)]

    os.close(read)
    assert lines == ["first", "zwölf", "last"]


def test_a_message_without_colour_is_plain_text() -> None:
    lines = render_message(MESSAGE, colour=False, width=60).splitlines()

    assert lines[0].startswith("acore [BOT] ")
    assert lines[1:5] == [
        "  Here you are",
        "  ▌ Health",
        "  ▌ All is well",
        "  ▌ CPU                          Disk",
    ]
    assert lines[5] == "  ▌ 12 %                         97 %"
    assert lines[6:9] == ["  ▌ Since", "  ▌ yesterday", "  ▌ v1"]
    assert lines[9] == "  👁 Only you can see this"


def test_the_bar_of_an_embed_has_its_colour() -> None:
    assert "\x1b[38;2;87;242;135m▌\x1b[0m" in render_message(MESSAGE, colour=True, width=60)


def test_thinking_is_shown_while_the_bot_thinks() -> None:
    thinking: dict[str, Any] = {**MESSAGE, "flags": 128, "content": "", "embeds": []}

    assert render_message(thinking, colour=False, width=60).splitlines()[1] == "  ⋯ thinking…"


def test_control_characters_never_reach_the_terminal() -> None:
    nasty: dict[str, Any] = {**MESSAGE, "content": "a\x1b[2Jb\x07", "embeds": []}

    shown = render_message(nasty, colour=False, width=60)

    assert "\x1b" not in shown
    assert "a[2Jb" in shown


def test_long_lines_are_wrapped_to_the_width() -> None:
    long = {**MESSAGE, "content": "word " * 50}

    assert max(len(line) for line in render_message(long, colour=False, width=60).splitlines()) <= 60
