"""A real bot with a bit of everything a person may meet, and a person at the console in front of it."""

from collections.abc import AsyncIterator, Callable
from io import BytesIO
from typing import Any

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library

from acore.clock import RealClock
from acore.sandbox import Sandbox
from acore.sandbox.console.console import Console
from acore.sandbox.console.sitting import obey_all
from tests.sandbox.conftest import Bot

Interaction = nextcord.Interaction[Any]  # nextcord does not see through `type`
Input = nextcord.ui.TextInput[Any]

FRUITS = ("apple", "apricot", "dragon fruit")
PIXEL = b"\x89PNG\r\n\x1a\n" + b"no more than its beginning"
LONG = 10.0
_CLOCK = RealClock()


class Feedback(nextcord.ui.Modal):
    """A form with a required and an optional field."""

    def __init__(self) -> None:
        super().__init__("Feedback", custom_id="feedback")
        self.subject: Input = Input("Subject", custom_id="subject", min_length=3, max_length=20)
        self.words: Input = Input("Text", custom_id="words", required=False, default_value="nothing")
        for one in (self.subject, self.words):
            self.add_item(one)  # pyright: ignore[reportUnknownMemberType] - nextcord's

    async def callback(self, interaction: Interaction) -> None:
        await interaction.send(f"{self.subject.value}: {self.words.value}")


class Menu(nextcord.ui.View):
    """Buttons and a select."""

    @nextcord.ui.button(label="Yes", custom_id="yes")
    async def yes(self, _button: nextcord.ui.Button[Any], interaction: Interaction) -> None:
        await interaction.response.edit_message(content="confirmed", view=None)

    @nextcord.ui.button(label="Form", custom_id="form")
    async def form(self, _button: nextcord.ui.Button[Any], interaction: Interaction) -> None:
        await interaction.response.send_modal(Feedback())

    @nextcord.ui.string_select(
        custom_id="colour",
        max_values=2,
        options=[
            nextcord.SelectOption(label="Red", value="r"),
            nextcord.SelectOption(label="Blue", value="b"),
        ],
    )
    async def colour(self, select: nextcord.ui.StringSelect[Any], interaction: Interaction) -> None:
        await interaction.send(f"picked {' '.join(select.values)}", ephemeral=True)


async def suggested(interaction: Interaction, choices: list[str]) -> None:
    """Offer *choices* for what is being typed."""
    await interaction.response.send_autocomplete(choices)  # pyright: ignore[reportUnknownMemberType] - nextcord's


def with_everything(bot: Bot) -> Bot:
    """Give *bot* commands of every kind."""
    _with_answers(bot)
    _with_options(bot)
    _with_menus(bot)
    return bot


def _with_answers(bot: Bot) -> None:
    @bot.slash_command(description="How it is")
    async def botstatus(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, part: str = "all", times: int = 1
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_message(embed=nextcord.Embed(title=f"{part} is well" * times))

    @bot.slash_command(description="Stay silent")
    async def silent(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    @bot.slash_command(description="Choose")
    async def menu(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("Sure?", view=Menu())

    @bot.slash_command(description="Say what you think")
    async def feedback(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.response.send_modal(Feedback())


def _with_options(bot: Bot) -> None:
    which = nextcord.SlashOption(description="Which one", autocomplete=True)
    optional = nextcord.SlashOption(required=False)
    states = nextcord.SlashOption(choices={"Fresh": "f", "Dried": "d"}, required=False, default="f")

    @bot.slash_command(description="Eat")
    async def fruit(  # noqa: PLR0917 # pyright: ignore[reportUnusedFunction] - nextcord reads options from arguments
        interaction: Interaction,
        name: str = which,
        who: nextcord.Member | None = None,
        where: nextcord.TextChannel | None = optional,
        ripe: bool = True,  # noqa: FBT001, FBT002 - as above
        state: str = states,
    ) -> None:
        told = [name, "" if who is None else who.name, "" if where is None else where.name, str(ripe), state]
        await interaction.send(" ".join(one for one in told if one))

    @fruit.on_autocomplete("name")
    async def suggest(interaction: Interaction, name: str) -> None:  # pyright: ignore[reportUnusedFunction]
        await suggested(interaction, [one for one in FRUITS if one.startswith(name)])


def _with_menus(bot: Bot) -> None:
    @bot.slash_command(description="Run it")
    async def ops(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        pass

    @ops.subcommand(description="Is it well?")  # pyright: ignore[reportUnknownMemberType] - nextcord's
    async def health(interaction: Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
        await interaction.send("healthy", file=nextcord.File(BytesIO(PIXEL), "pixel.png"))

    @bot.user_command(name="Greet")
    async def greet(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, member: nextcord.Member
    ) -> None:
        await interaction.send(f"hello {member.name}")

    @bot.message_command(name="Keep")
    async def keep(  # pyright: ignore[reportUnusedFunction]
        interaction: Interaction, message: nextcord.Message
    ) -> None:
        await interaction.send(f"kept {message.content}", ephemeral=True)


def tokens(sandbox: Sandbox) -> Callable[[], dict[str, str]]:
    """Tells the users' tokens as they are now."""
    return lambda: {user.username: user.token for user in sandbox.users}


async def typed(sandbox: Sandbox, *lines: str, user: str | None = None) -> list[str]:
    """Return what the console shows for these lines."""
    shown: list[str] = []
    console = Console(sandbox.api, tokens(sandbox), shown.append, width=80)
    async with console.opened(user):
        await obey_all(console, _each(lines))
    return shown


async def _each(lines: tuple[str, ...]) -> AsyncIterator[str]:
    for line in lines:
        yield line


class Eyes:
    """Sees what is shown, and waits for it."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._news = anyio.Event()

    def __call__(self, text: str) -> None:
        self.shown.append(text)
        self.look()

    def look(self) -> None:
        """Look again at whatever is waited for."""
        news, self._news = self._news, anyio.Event()
        news.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Return when *is_so* holds; it is asked whenever something is shown."""
        with _CLOCK.deadline(LONG):
            while not is_so():
                await self._news.wait()
            return
        raise AssertionError(f"it was never so; shown was: {self.shown}")

    async def see(self, text: str) -> str:
        """Return what was shown with *text* in it."""
        await self.until(lambda: any(text in one for one in self.shown))
        return next(one for one in self.shown if text in one)
