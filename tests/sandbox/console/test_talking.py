"""What a person types at the console, and what is shown."""

import os
from pathlib import Path

import pytest

from acore.sandbox import Sandbox
from acore.sandbox.console.console import Console
from acore.sandbox.console.lines import of_files, piped
from acore.sandbox.person.places import NowhereToTalkError
from tests.sandbox.conftest import NewBot, NewPerson, Pretend, Running
from tests.sandbox.console.bots import PIXEL, tokens, typed, with_everything

WORLD = """\
[[users]]
name = "owner"
[[users]]
name = "al ice"
[[users]]
name = "stray"
[[guilds]]
name = "One"
members = ["al ice"]
[[guilds.channels]]
name = "staff"
overwrites = [{ role = "@everyone", deny = ["view_channel"] }]
[[guilds.channels]]
name = "general"
[[guilds]]
name = "The cellar"
members = ["al ice"]
[[guilds.channels]]
name = "dark"
overwrites = [{ role = "@everyone", deny = ["view_channel"] }]
"""


def firsts(shown: list[str]) -> list[str]:
    return [line.splitlines()[0].split()[0] for line in shown]


async def test_a_command_is_answered_as_a_person_would_see_it(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        (shown,) = await typed(sandbox, '/botstatus part:"the disk" times:1')

    lines = shown.splitlines()
    assert lines[0] == "╭─ owner used /botstatus"
    assert lines[1].startswith("sandbox-bot [BOT] ")
    assert lines[2] == "  ▌ the disk is well"
    assert lines[3] == "  👁 Only you can see this · owner"


async def test_text_is_said_by_whoever_is_chosen(sandbox: Sandbox) -> None:
    shown = await typed(sandbox, "hello", "!user member", "hi owner", "!messages", "!quit", "never said")

    assert firsts(shown) == ["owner", "member", "owner", "member"]
    assert "hi owner" in shown[-1]


async def test_names_in_what_is_said_become_mentions(sandbox: Sandbox, person: NewPerson) -> None:
    (shown,) = await typed(sandbox, "@member see #general, not @nobody or me@member.org")
    async with person(sandbox, "owner") as owner:
        (said,) = await owner.messages()

    member = sandbox.users[1].id
    assert said["content"] == f"<@{member}> see <#{sandbox.channel_id}>, not @nobody or me@member.org"
    assert shown.endswith("@member see #general, not @nobody or me@member.org")


async def test_options_take_names_choices_and_words_with_spaces(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(
            sandbox,
            "/fruit name:dragon fruit who:member where:general ripe:no state:Dried",
            "/fruit name:'x: y' who:@member",
        )

    assert shown[0].endswith("  dragon fruit member general False d")
    assert shown[1].endswith("  x: y member True f")


async def test_mistakes_are_told_and_the_console_goes_on(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(
            sandbox,
            "/bostatus",
            "/bot",
            "/botstatus times:many",
            '/botstatus part:"',
            "/botstatus port:x",
            "/fruit ripe:maybe",
            "/fruit name:x who:nobody",
            "/fruit",
            "/ops",
            "!user nobody",
            "!press x",
            "!frobnicate",
            "ok",
        )

    assert shown[:-1] == [
        "✗ there is no command /bostatus here; did you mean /botstatus?",
        "✗ there is no command /bot here; did you mean /botstatus?",
        "✗ times: 'many' is not a whole number",
        "✗ No closing quotation",
        "✗ there is no option 'port'; there are: part, times",
        "✗ ripe: 'maybe' is not true or false",
        "✗ there is no user 'nobody' here; there are: owner, member, sandbox-bot",
        '✗ 400: Invalid Form Body (code 50035): data.options.0: Required option "name" is missing',
        "✗ there is no command /ops here; did you mean /ops health?",
        "✗ there is no user 'nobody' here; there are: owner, member",
        "✗ there is no message with a component 'x' here",
        "✗ there is no !frobnicate; !help lists what there is",
    ]
    assert shown[-1].endswith("ok")


async def test_a_bot_that_stays_silent_did_not_respond(
    new_bot: NewBot, running: Running, pretend: Pretend
) -> None:
    async with Sandbox(answer_within=0.05) as sandbox:
        pretend(sandbox)
        async with running(sandbox, with_everything(new_bot())):
            shown = await typed(sandbox, "/silent")

    assert shown == ["✗ The application did not respond"]


async def test_buttons_are_pressed_by_number_label_or_id_and_selects_picked_by_label(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        menu, picked, changed, confirmed, gone = await typed(
            sandbox, "/menu", "!select colour Red Blue", '!press "Yes"', "!press 1"
        )

    assert menu.splitlines()[2:] == [
        "  Sure?",
        "  [1 ○ Yes] <yes>  [2 ○ Form] <form>",
        "  [3 ▾ pick] 1 to 2 <colour>",
        "      · Red",
        "      · Blue",
    ]
    assert "picked r b" in picked
    assert changed == "✎ changed"
    assert confirmed.splitlines()[-1] == "  confirmed"
    assert gone == "✗ there is no message with a component '1' here"


async def test_a_form_is_shown_and_filled_in_by_label_or_id(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(
            sandbox, "/feedback", "!modal Topic=x", '!modal Subject="All of it" words=Good', "!modal"
        )

    assert shown[:3] == ["▢ Feedback", "    Subject <subject>", "    Text (optional) <words>"]
    assert shown[3].startswith("✗ 'Topic=x' names no field of the form")
    assert shown[4].endswith("  All of it: Good")
    assert shown[5] == "✗ no form is open"


async def test_what_a_form_refuses_can_be_filled_in_again(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(sandbox, "/feedback", "!modal subject=ab", "!modal subject=abc")

    assert "code 50035" in shown[3]
    assert shown[4].endswith("  abc: nothing")


async def test_commands_of_users_and_messages_are_used_from_their_menus(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(sandbox, "remember this", "!on ^ Keep", "!on member Greet")

    assert "kept remember this" in shown[1]
    assert shown[2].splitlines()[0] == "╭─ owner used Greet"
    assert shown[2].endswith("hello member")


async def test_what_only_one_person_sees_is_passed_over_where_it_cannot_be_meant(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(
            sandbox,
            "hello",
            "/botstatus",
            "!on ^ Keep",
            "!react ^ 👍",
            "!reply ^ yes",
            "!user member",
            "!delete ^",
        )

    assert any("kept hello" in one for one in shown)
    assert any("👍" in one for one in shown)
    assert any("yes" in one for one in shown)
    assert any("(code 50013)" in one for one in shown), shown


async def test_a_message_is_replied_to_changed_and_deleted(sandbox: Sandbox) -> None:
    shown = await typed(
        sandbox,
        "one",
        "!user member",
        "!reply two",
        "!edit ^ three",
        "!edit ^2 four",
        "!delete",
        "!delete ^2",
    )

    assert shown[1].splitlines()[0] == "╭─ owner: one"
    assert shown[2] == "✎ changed"
    assert shown[3].splitlines()[1].endswith("(edited)")
    assert shown[3].endswith("three")
    assert shown[4].startswith("✗ there is no message of yours ^2")
    assert shown[5] == "✗ deleted: member: three"
    assert shown[6].startswith("✗ there is no message of yours ^2")


async def test_what_another_user_got_meanwhile_is_shown_when_they_are_back(
    sandbox: Sandbox, person: NewPerson
) -> None:
    sandbox.world.add_channel("other")
    shown: list[str] = []
    console = Console(sandbox.api, tokens(sandbox), shown.append, width=80)
    async with console.opened(), person(sandbox, "member") as member:
        await console.obey("!user member")
        await member.say("psst", channel_id=await member.direct_channel(sandbox.users[0].id))
        await member.say("hey", channel_id=member.channel_named("other"))
        said = await member.say("hello")
        await member.edit(said, "twice")
        await member.edit(await member.edit(said, "thrice"), "hello again")
        await member.delete(await member.say("nothing"))
        await member.catch_up()
        for line in ("!user owner", "!channels", "!channel other"):
            await console.obey(line)

    *before, note, channels, other = shown
    assert sum("hello again" in one for one in before) == 1, "said where both look, it is shown once"
    assert sum("thrice" in one for one in before) == 1
    assert note == "· member in @member: psst"
    assert channels.splitlines() == ["→ #general", "  #other  1 new", "  @member  1 new"]
    assert other.endswith("hey")


async def test_only_what_the_user_may_see_is_shown(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(sandbox, "/botstatus", "!user member", "!messages", "!user owner", "!messages")

    assert sum("all is well" in one for one in shown) == 2, "when it came, and when its owner looked back"
    assert "all is well" in shown[0]
    assert "all is well" in shown[-1]


async def test_channels_that_a_user_may_not_view_are_not_there_for_them(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(WORLD)
    async with Sandbox(world_file=tmp_path / "world.toml") as sandbox:
        shown = await typed(
            sandbox, "hello", "!channels", "!channel staff", '!server "The cellar"', user="al ice"
        )
        owners = await typed(sandbox, '!user "al ice"', "!users", user="owner")

    assert shown[0].splitlines()[1] == "  hello"
    assert shown[1] == "→ #general"
    assert shown[2] == "✗ there is no channel 'staff' here; there are: #general"
    assert shown[3] == "✗ there is no channel to talk in that you see in The cellar"
    assert "→ al ice" in owners[-1]


async def test_who_is_in_no_server_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text(WORLD)
    async with Sandbox(world_file=tmp_path / "world.toml") as sandbox:
        with pytest.raises(NowhereToTalkError, match="no channel to talk in that you see in any server"):
            await typed(sandbox, "hello", user="stray")
        shown = await typed(sandbox, "!user stray", "hello", user="owner")

    assert shown[0] == "✗ there is no channel to talk in that you see in any server"
    assert "hello" in shown[1]


async def test_direct_messages_are_a_place_of_their_own(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(
            sandbox, "!dm sandbox-bot", "/botstatus part:it", "psst", "!channel general", "!messages"
        )

    assert "it is well" in shown[0]
    assert shown[1].endswith("psst")
    assert len(shown) == 2, "nothing of it is in #general"


async def test_files_are_sent_and_saved_and_nothing_is_overwritten(
    sandbox: Sandbox, new_bot: NewBot, running: Running, tmp_path: Path
) -> None:
    note = tmp_path / "a note.txt"
    note.write_text("read me")
    folder = tmp_path / "kept"
    async with running(sandbox, with_everything(new_bot())):
        shown = await typed(
            sandbox,
            f'!file "{note}" here',
            f"!save {folder}",
            f"!save ^ {folder}",
            "/ops health",
            f"!save {folder}",
            "!file /nowhere/at/all",
        )

    assert "📎 a_note.txt (7 bytes)" in shown[0]
    assert shown[1] == f"saved {folder}/a_note.txt"
    assert shown[2] == f"saved {folder}/a_note-1.txt"
    assert shown[4] == f"saved {folder}/pixel.png"
    assert shown[5] == "✗ /nowhere/at/all: No such file or directory"
    assert (folder / "a_note.txt").read_text() == (folder / "a_note-1.txt").read_text() == "read me"
    assert (folder / "pixel.png").read_bytes() == PIXEL


async def test_piped_lines_end_with_their_input() -> None:
    read, write = os.pipe()
    os.write(write, "first\nzwölf\nlast".encode())
    os.close(write)

    lines = [line async for line in piped(read)]

    os.close(read)
    assert lines == ["first", "zwölf", "last"]


async def test_lines_of_files_come_one_file_after_the_other(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("#!/usr/bin/env acore-script\none\n#! two\n")
    second.write_text("three")

    assert [line async for line in of_files([first, second])] == ["one", "#! two", "three"]
