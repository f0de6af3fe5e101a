"""A person at a terminal: keys go in, what appears is seen, over real sockets."""

import io
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import fragment_list_to_text
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from acore.sandbox import GatewayLostError, Sandbox
from acore.sandbox.console.console import Console
from acore.sandbox.console.prompt import Prompt
from tests.sandbox.conftest import Bot, NewBot, NewPerson, Pretend, Running
from tests.sandbox.console.bots import Eyes, Interaction, suggested, tokens, with_everything

ENTER, CTRL_C, CTRL_D, TAB, ALT_ENTER = "\r", "\x03", "\x04", "\t", "\x1b\r"


class Paper(io.StringIO):
    """What prompt_toolkit writes on; everything written is seen."""

    def __init__(self, eyes: Eyes) -> None:
        super().__init__()
        self._eyes = eyes

    def flush(self) -> None:
        self._eyes.look()


@dataclass
class Terminal:
    """A terminal with somebody in front of it."""

    console: Console
    prompt: Prompt
    eyes: Eyes
    paper: Paper
    keys: PipeInput

    def type(self, *keys: str) -> None:
        self.keys.send_text("".join(keys))

    @property
    def line(self) -> str:
        """What stands at the prompt."""
        return self.prompt._session.default_buffer.text

    async def reads(self, text: str) -> None:
        """Return when *text* was written anywhere, also in the bar below."""
        await self.eyes.until(lambda: text in self.paper.getvalue())

    async def tells(self, text: str) -> None:
        """Return when the bar below, drawn anew, has *text*."""
        await self.eyes.until(lambda: text in fragment_list_to_text(self.prompt._toolbar()))

    async def offers(self, text: str) -> None:
        """Return when *text* is among the completions."""

        def is_offered() -> bool:
            state = self.prompt._session.default_buffer.complete_state
            return state is not None and any(text == one.text for one in state.completions)

        await self.eyes.until(is_offered)


@asynccontextmanager
async def sitting(sandbox: Sandbox, history: Path | None = None) -> AsyncGenerator[Terminal]:
    """Sit down at the prompt; the person leaves when the block ends."""
    eyes = Eyes()
    paper = Paper(eyes)
    console = Console(sandbox.api, tokens(sandbox), eyes, width=80, is_live=True)
    output = Vt100_Output(paper, lambda: Size(rows=24, columns=80), term="xterm", enable_cpr=False)
    with create_pipe_input() as keys:
        async with console.opened(), anyio.create_task_group() as tasks:
            prompt = Prompt(console, history=history, input=keys, output=output)
            at = Terminal(console, prompt, eyes, paper, keys)
            tasks.start_soon(prompt.converse)
            await at.reads("owner")
            yield at
            tasks.cancel_scope.cancel()


async def test_a_command_is_completed_and_its_answer_appears_above_the_prompt(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())), sitting(sandbox) as at:
        at.type("/bot")
        await at.offers("botstatus ")
        at.type(TAB)
        await at.eyes.until(lambda: at.line == "/botstatus ")
        at.type("part:it", ENTER)
        answer = await at.eyes.see("it is well")

    assert answer.startswith("╭─ owner used /botstatus")
    assert "#general> " in at.paper.getvalue().replace("\x1b[0m", "").replace("\x1b[0;34m", "")


async def test_tab_pressed_before_anything_is_offered_completes_before_enter_is_obeyed(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())), sitting(sandbox) as at:
        at.type("/bot", TAB, "part:it", ENTER)
        answer = await at.eyes.see("it is well")

    assert answer.startswith("╭─ owner used /botstatus")


async def test_tab_takes_what_a_bot_suggests_though_it_was_not_offered_yet(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    asked: list[str] = []

    @bot.slash_command(description="Look")
    async def look(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, word: str = nextcord.SlashOption(autocomplete=True)
    ) -> None:
        await interaction.send(f"found {word}")

    @look.on_autocomplete("word")
    async def suggest(interaction: Interaction, word: str) -> None:  # pyright: ignore[reportUnusedFunction]
        asked.append(word)
        await suggested(interaction, [f"{word}ow", f"{word}ug"])

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/look word:sl", TAB, TAB, ENTER)
        await at.eyes.see("found slug")

    assert asked == ["sl"]


async def test_keys_after_tab_do_not_wait_for_a_bot_that_does_not_answer(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    was_asked = anyio.Event()

    @bot.slash_command(description="Look")
    async def look(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, word: str = nextcord.SlashOption(autocomplete=True)
    ) -> None:
        await interaction.send(f"found {word}")

    @look.on_autocomplete("word")
    async def suggest(_interaction: Interaction, _word: str) -> None:  # pyright: ignore[reportUnusedFunction]
        was_asked.set()

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/look word:s", TAB)
        await was_asked.wait()
        at.type("low", ENTER)
        await at.eyes.see("found slow")
        at.type("/look word:s", TAB, CTRL_C)
        at.type("still here")
        await at.eyes.until(lambda: at.line == "still here")


async def test_thinking_is_told_below_and_then_replaced_by_the_answer(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    may_answer = anyio.Event()

    @bot.slash_command(description="Take your time")
    async def slow(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.defer()
        await may_answer.wait()
        await interaction.edit_original_message(content="here it is")

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/slow", ENTER)
        await at.tells("sandbox-bot is thinking…")
        at.type("still typing")
        await at.eyes.until(lambda: at.line == "still typing")
        assert at.eyes.shown == []
        may_answer.set()
        await at.eyes.see("here it is")
        assert at.line == "still typing"

    assert len(at.eyes.shown) == 1


async def test_what_others_say_change_and_delete_appears_as_it_happens(
    sandbox: Sandbox, person: NewPerson
) -> None:
    async with sitting(sandbox) as at, person(sandbox, "member") as member:
        said = await member.say("hello")
        await at.eyes.see("hello")
        await member.edit(said, "hello again")
        await at.eyes.see("hello again")
        await member.type()
        await at.tells("member is typing…")
        await member.delete(said)
        gone = await at.eyes.see("✗ deleted")

    assert gone == "✗ deleted: member: hello again"


async def test_a_form_is_filled_in_field_by_field(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with running(sandbox, with_everything(new_bot())), sitting(sandbox) as at:
        at.type("/feedback", ENTER)
        await at.reads("(required; 3–20 characters)")  # noqa: RUF001 - a range
        at.type("ab", ENTER)
        await at.reads("3 to 20 characters are wanted, these are 2")
        at.type("c", ENTER)
        await at.reads("(optional)")
        at.type("\x15", "fine", ENTER)
        answer = await at.eyes.see("abc: ")

    assert answer.endswith("abc: fine"), "the default stood there and was replaced"


async def test_a_form_that_comes_while_a_line_is_typed_keeps_the_line(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = with_everything(new_bot())
    may_answer = anyio.Event()

    @bot.slash_command(description="Ask later")
    async def later(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await may_answer.wait()
        await interaction.response.send_modal(nextcord.ui.Modal("Late", custom_id="late"))

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/menu", ENTER)
        await at.eyes.see("Sure?")
        at.type("!press Form", ENTER)
        await at.tells("Ctrl-C leaves the form")
        at.type(CTRL_C)
        await at.eyes.see("The form is left; !modal opens it again.")
        at.type("!modal", ENTER)
        await at.eyes.until(lambda: at.prompt._form is not None)
        at.type(CTRL_C)
        await at.eyes.until(lambda: sum("The form is left" in one for one in at.eyes.shown) == 2)
        at.type("/feedback", ENTER, "half a line")
        await at.eyes.until(lambda: at.prompt._form is not None)
        at.type(CTRL_C)
        await at.eyes.until(lambda: at.prompt._form is None and at.line == "half a line")


async def test_suggestions_of_a_bot_that_does_not_answer_never_hold_up_the_prompt(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    asked: list[str] = []
    was_asked = anyio.Event()

    @bot.slash_command(description="Look")
    async def look(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, word: str = nextcord.SlashOption(autocomplete=True)
    ) -> None:
        await interaction.send(f"found {word}")

    @look.on_autocomplete("word")
    async def suggest(interaction: Interaction, word: str) -> None:  # pyright: ignore[reportUnusedFunction]
        asked.append(word)
        was_asked.set()
        if word != "s":
            await suggested(interaction, [f"{word}ow"])

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/look word:s")
        await was_asked.wait()  # and is not answered
        at.type("l")
        await at.offers("word:slow ")
        at.type(ENTER)
        await at.eyes.see("found sl")

    assert asked == ["s", "sl"]


async def test_keys_typed_in_haste_ask_the_bot_once(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot = new_bot()
    asked: list[str] = []

    @bot.slash_command(description="Look")
    async def look(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, word: str = nextcord.SlashOption(autocomplete=True)
    ) -> None:
        pass

    @look.on_autocomplete("word")
    async def suggest(interaction: Interaction, word: str) -> None:  # pyright: ignore[reportUnusedFunction]
        asked.append(word)
        await suggested(interaction, [f"{word}!"])

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/look word:")
        for key in "haste":
            at.type(key)
        await at.offers("word:haste! ")

    assert asked[-1] == "haste"
    assert len(asked) <= 2


async def test_ctrl_c_empties_the_line_and_leaves_when_there_is_none(sandbox: Sandbox) -> None:
    async with sitting(sandbox) as at:
        at.type("never said", CTRL_C)
        await at.eyes.until(lambda: at.line == "")
        at.type("said", ENTER)
        await at.eyes.see("said")
        at.type(CTRL_C)
        await at.eyes.until(lambda: not at.prompt._session.app.is_running)

    assert [one.split("\n")[1] for one in at.eyes.shown] == ["  said"]


async def test_several_lines_are_said_as_one_and_commands_done_one_by_one(sandbox: Sandbox) -> None:
    async with sitting(sandbox) as at:
        at.type("one", ALT_ENTER, "two", ENTER)
        said = await at.eyes.see("one")
        at.type("\x1b[200~!user member\n!users\x1b[201~", ENTER)
        users = await at.eyes.see("→ member")

    assert said.splitlines()[1:] == ["  one", "  two"]
    assert users.splitlines() == ["  owner", "→ member"]


async def test_what_was_typed_is_there_in_the_next_run_for_its_owner_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    history = tmp_path / "state" / "history"
    async with sitting(sandbox, history) as at:
        at.type("remember", ENTER)
        await at.eyes.see("remember")
    async with sitting(sandbox, history) as again:
        again.type("\x1b[A")
        await again.eyes.until(lambda: again.line == "remember")

    assert stat.S_IMODE(history.stat().st_mode) == 0o600


async def test_the_bar_tells_which_bots_are_there(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    async with sitting(sandbox) as at:
        await at.tells("○ sandbox-bot offline")
        async with running(sandbox, new_bot()):
            await at.tells("● sandbox-bot online")


async def test_the_prompt_ends_when_the_sandbox_does(pretend: Pretend) -> None:
    async def stop_while_somebody_sits_there() -> None:
        async with Sandbox() as sandbox:
            pretend(sandbox)
            async with sitting(sandbox) as at:
                at.type("hello", ENTER)
                await at.eyes.see("hello")
                await sandbox.stop()
                await anyio.sleep_forever()

    with pytest.raises(GatewayLostError):
        await stop_while_somebody_sits_there()


async def test_a_bot_of_someone_elses_cannot_write_into_the_terminal(
    sandbox: Sandbox, new_bot: NewBot, running: Running
) -> None:
    bot: Bot = new_bot()

    @bot.slash_command(description="Evil \x1b[31mred")
    async def evil(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("\x1b]0;pwned\x07 \x1b[2J\u202egnp.exe")

    async with running(sandbox, bot), sitting(sandbox) as at:
        at.type("/evil")
        await at.offers("evil ")
        at.type(ENTER)
        shown = await at.eyes.see("pwned")

    assert not set(shown) & set("\x1b\x07\u202e")
    assert "\x1b[31mred" not in at.paper.getvalue()
    assert "]0;pwned" not in at.paper.getvalue()
