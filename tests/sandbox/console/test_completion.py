"""What can be typed next is offered as Discord offers it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from acore.sandbox import Sandbox
from acore.sandbox.console.completion import AskBot, Suggestion, suggestions
from acore.sandbox.console.console import Console
from acore.sandbox.console.grammar import UnfinishedQuoteError, command_line, quoted, split
from tests.sandbox.conftest import NewBot, Running
from tests.sandbox.console.bots import tokens, with_everything


async def at_once(ask: Callable[[], Awaitable[list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    return await ask()


async def never(_ask: object) -> list[dict[str, Any]]:
    return []


async def offered(
    sandbox: Sandbox,
    text: str,
    ask: AskBot = at_once,
    before: tuple[str, ...] = (),
) -> list[Suggestion]:
    console = Console(sandbox.api, tokens(sandbox), lambda _text: None)
    async with console.opened():
        for line in before:
            await console.obey(line)
        return [one async for one in suggestions(console, text, ask)]


def applied(text: str, found: list[Suggestion]) -> list[str]:
    """Return the lines that the suggestions make."""
    return [text[: one.start] + one.text for one in found]


async def test_a_slash_lists_the_commands_with_what_they_do(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        everything = await offered(sandbox, "/")
        some = await offered(sandbox, "/f")

    assert [(one.display, one.meta) for one in everything] == [
        ("botstatus", "How it is"),
        ("feedback", "Say what you think"),
        ("fruit", "Eat"),
        ("menu", "Choose"),
        ("ops", "Run it"),
        ("silent", "Stay silent"),
    ]
    assert applied("/f", some) == ["/feedback ", "/fruit "]


async def test_after_a_command_come_sub_commands_then_options_with_the_required_first(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        sub = await offered(sandbox, "/ops ")
        options = await offered(sandbox, "/fruit ")
        fewer = await offered(sandbox, "/fruit name:apple wh")

    assert applied("/ops ", sub) == ["/ops health "]
    assert [one.display for one in options] == ["name:", "who:", "where:", "ripe:", "state:"]
    assert options[0].meta == "required · text · Which one"
    assert options[1].meta.startswith("user · ")
    assert applied("/fruit name:apple wh", fewer) == ["/fruit name:apple who:", "/fruit name:apple where:"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/fruit state:", ["/fruit state:Fresh ", "/fruit state:Dried "]),
        ("/fruit state:d", ["/fruit state:Dried "]),
        ("/fruit ripe:", ["/fruit ripe:true ", "/fruit ripe:false "]),
        ("/fruit who:@mem", ["/fruit who:member "]),
        ("/fruit where:", ["/fruit where:general "]),
        ("/fruit name:x state:Fresh ripe:f", ["/fruit name:x state:Fresh ripe:false "]),
        ("/fruit name:d", ['/fruit name:"dragon fruit" ']),
        ('/fruit name:"dragon', ['/fruit name:"dragon fruit" ']),
        ("/nothing ", []),
        ("/ops nothing ", []),
        ("/botstatus part:", []),
        ("hello @mem", ["hello @member "]),
        ("see #gen", ["see #general "]),
        ("me@mem", []),
        ("!us", ["!user ", "!users "]),
        ("!user m", ["!user member"]),
        ("!channel g", ["!channel general"]),
        ("!dm sand", ["!dm sandbox-bot"]),
    ],
)
async def test_values_and_names_are_completed(
    sandbox: Sandbox, new_bot: NewBot, running: Running, text: str, lines: list[str]
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        found = await offered(sandbox, text)

    assert applied(text, found) == lines


async def test_suggestions_of_the_bot_take_the_values_they_stand_for(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        found = await offered(sandbox, "/fruit who:member name:ap")
        nothing = await offered(sandbox, "/fruit name:ap", never)

    assert [one.display for one in found] == ["apple", "apricot"]
    assert applied("/fruit who:member name:ap", found)[0] == "/fruit who:member name:apple "
    assert nothing == []


async def test_what_can_be_pressed_is_offered_by_number(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())):
        found = await offered(sandbox, "!press ", before=("/menu",))

    assert [(one.text, one.meta) for one in found] == [("1", "Yes"), ("2", "Form"), ("3", "colour")]


async def test_paths_are_completed_for_files(
    sandbox: Sandbox, tmp_path: Path, new_bot: NewBot, running: Running
) -> None:
    import nextcord  # noqa: PLC0415, TID251 - one more command for this test

    (tmp_path / "pictures").mkdir()
    (tmp_path / "pi ct.png").write_text("")
    bot = new_bot()

    @bot.slash_command(description="Send")
    async def upload(  # pyright: ignore[reportUnusedFunction]
        interaction: nextcord.Interaction[Any], file: nextcord.Attachment
    ) -> None:
        pass

    text = f"/upload file:{tmp_path}/pi"
    async with running(sandbox, bot):
        found = await offered(sandbox, text)

    assert applied(text, found) == [
        f'/upload file:"{tmp_path}/pi ct.png" ',
        f"/upload file:{tmp_path}/pictures/",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('say text:"good morning" times:2', ["say", "text:good morning", "times:2"]),
        ("say text:it's fine", ["say", "text:it's", "fine"]),
        (r"say text:\"quoted\"", ["say", 'text:"quoted"']),
        ("  a   b ", ["a", "b"]),
        ('fill "Your text=all of it"', ["fill", "Your text=all of it"]),
        ('fill text="all of it"', ["fill", "text=all of it"]),
        ('a ""', ["a", ""]),
    ],
)
def test_quotes_keep_words_together(text: str, words: list[str]) -> None:
    assert split(text) == words


def test_a_quote_that_is_not_closed_is_told() -> None:
    with pytest.raises(UnfinishedQuoteError):
        split('say text:"good')


def test_words_after_an_option_belong_to_its_value() -> None:
    read = command_line(["say", "text:see", "https://example.org", "you", "times:2"])

    assert read.names == ["say"]
    assert read.options == {"text": "see https://example.org you", "times": "2"}


@pytest.mark.parametrize("text", ["plain", "two words", 'say "it"', "it's", "back\\slash", ""])
def test_a_quoted_value_is_read_as_it_was(text: str) -> None:
    assert split(f"x:{quoted(text)}") == [f"x:{text}"]
