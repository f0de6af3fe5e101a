"""A line at which a person speaks and invokes commands, and sees what Discord would show.

`/name option:value` invokes a command, plain text is said, and a word after `!` is for the console itself.
"""

import asyncio
import os
import re
import shlex
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, suppress

from acore.sandbox.console.render import render_message
from acore.sandbox.person.feed import GatewayLostError, PersonError
from acore.sandbox.person.invocation import Invocation
from acore.sandbox.person.person import Person
from acore.sandbox.shapes import Json, as_objects

HELP = """\
/name option:value …   invoke a command; sub-commands follow the name: /ops health
any other text         say it in the channel
!user NAME             go on as another user
!press CUSTOM_ID       press a button of the newest message that has it
!commands              list the commands you may use
!messages              show the channel as everybody sees it
!help                  show this
!quit                  leave (so does the end of input)"""
OPTION = re.compile(r"([\w-]+):(.*)", re.DOTALL)
ID = re.compile(r"<(?:@[!&]?|#)?(\d+)>|(\d+)")
ANSWER_SECONDS = 60.0
BY_TYPE: dict[int, Callable[[str], object]] = {
    3: str,
    4: int,
    5: lambda text: text.lower() in {"true", "yes", "1"},
    10: float,
}

type Lines = AsyncIterator[str]
"""What a person types, line by line."""
type Show = Callable[[str], None]
"""Puts text before the person."""


class Console:
    """One person at a time in front of a sandbox.

    Args:
        api: the base of the sandbox's REST API.
        tokens: the users' tokens by name; the first is who begins.
        show: puts text before the person.
        colour: whether it may be coloured.
        width: how many columns it may have; the terminal's by default.
    """

    def __init__(
        self,
        api: str,
        tokens: Mapping[str, str],
        show: Show,
        *,
        colour: bool = False,
        width: int | None = None,
    ) -> None:
        self._api = api
        self._tokens = tokens
        self._show = show
        self._colour = colour
        self._width = width
        self._people: dict[str, Person] = {}
        self._stack = AsyncExitStack()
        self._seen: list[Json] = []
        self.username = next(iter(tokens))
        self.completions: list[str] = []

    @property
    def person(self) -> Person:
        """Who is speaking."""
        return self._people[self.username]

    async def run(self, lines: Lines) -> None:
        """Do what each line says, until there are no more.

        Raises:
            GatewayLostError: the sandbox is gone.
        """
        async with self._stack:
            await self._become(self.username)
            async for line in lines:
                if line.strip() in {"!quit", "!exit"}:
                    return
                await self._obey(line.strip())

    async def _obey(self, line: str) -> None:
        try:
            if line.startswith("/"):
                await self._invoke(line[1:])
            elif line.startswith("!"):
                await self._command(*(line[1:].split(maxsplit=1) or ["help"]))
            elif line:
                self._display(await self.person.say(line))
        except GatewayLostError:
            raise
        except (PersonError, ValueError, TimeoutError) as error:
            self._show(f"✗ {error or 'no answer came in time'}")
        await self._learn_commands()

    async def _command(self, word: str, rest: str = "") -> None:
        match word:
            case "user":
                await self._become(rest)
            case "press":
                await self._press(rest)
            case "commands":
                for one in await self.person.commands():
                    self._show(f"/{one['name']}  {one['description']}")
            case "messages":
                for message in reversed(await self.person.messages()):
                    self._display(message)
            case _:
                self._show(HELP)

    async def _become(self, username: str) -> None:
        if username not in self._tokens:
            known = ", ".join(self._tokens)
            self._show(f"✗ there is no user {username!r}; there are {known}")
            return
        if username not in self._people:
            person = Person(self._api, self._tokens[username])
            self._people[username] = await self._stack.enter_async_context(person)
        self.username = username
        await self._learn_commands()

    async def _learn_commands(self) -> None:
        self.completions = [
            f"/{name}" for one in await self.person.commands() for name in _paths(one["name"], one)
        ] + ["!user", "!press", "!commands", "!messages", "!help", "!quit"]

    async def _invoke(self, typed: str) -> None:
        words = shlex.split(typed)
        if not words:
            self._show(HELP)
            return
        declared = next((one for one in await self.person.commands() if one["name"] == words[0]), None)
        names, options = _parsed(words, declared)
        await self._await_answer(await self.person.start_invoke(" ".join(names), options))

    async def _press(self, custom_id: str) -> None:
        for message in reversed(self._seen):
            if custom_id in _custom_ids(message):
                await self._await_answer(await self.person.press(message, custom_id))
                return
        self._show(f"✗ no message here has a button {custom_id!r}")

    async def _await_answer(self, invocation: Invocation) -> None:
        event = await invocation.settled(ANSWER_SECONDS)
        if event.name == "INTERACTION_MODAL_CREATE":
            self._show(f"▢ {event.data['title']} (a form, which the console cannot fill in)")
        for message in invocation.messages:
            self._display(message)

    def _display(self, message: Json) -> None:
        self._seen.append(message)
        width = self._width or shutil.get_terminal_size().columns
        self._show(render_message(message, colour=self._colour, width=width))


async def console(
    api: str, tokens: Mapping[str, str], *, lines: Lines | None = None, show: Show = print
) -> None:
    """Let a person type at a sandbox until the input ends or `!quit`.

    Args:
        api: the base of the sandbox's REST API.
        tokens: the users' tokens by name; the first is who begins.
        lines: what is typed; by default the standard input, with completion if it is a terminal.
        show: puts text before the person.

    Raises:
        GatewayLostError: the sandbox is gone.
    """
    at = Console(api, tokens, show, colour=sys.stdout.isatty())
    if lines is None:
        lines = typed_lines(at) if sys.stdin.isatty() else piped_lines()
    await at.run(lines)


async def typed_lines(at: Console) -> Lines:
    """Yield what is typed at a terminal, completing the commands of whoever is speaking."""
    # Loading prompt_toolkit takes longer than starting the sandbox; only who sits at a terminal pays for it.
    from prompt_toolkit import PromptSession  # noqa: PLC0415 - see above
    from prompt_toolkit.completion import WordCompleter  # noqa: PLC0415 - see above
    from prompt_toolkit.patch_stdout import patch_stdout  # noqa: PLC0415 - see above

    completer = WordCompleter(lambda: at.completions, sentence=True)
    session: PromptSession[str] = PromptSession(completer=completer, complete_while_typing=True)
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async(f"{at.username}> ")
            except (EOFError, KeyboardInterrupt):
                return


async def piped_lines(descriptor: int = 0) -> Lines:
    """Yield the lines of an input that is no terminal, until it ends.

    A daemon thread reads them, so that waiting for a line that never comes does not keep the process alive.
    It reads the descriptor itself: a thread holding the lock of `sys.stdin` would make the interpreter abort
    at its end.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def put(line: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended; nobody wants the line any more
            loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        rest = b""
        while data := os.read(descriptor, 4096):
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                put(line.decode("utf-8", "replace"))
        if rest:
            put(rest.decode("utf-8", "replace"))
        put(None)

    threading.Thread(target=read, name="sandbox-console", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line


def _parsed(words: list[str], declared: Json | None) -> tuple[list[str], dict[str, object]]:
    """Return the names of command and sub-commands, and the options with values of their types.

    Raises:
        ValueError: an option has the form of none, or its value of another type.
    """
    names = [word for word in words if not OPTION.fullmatch(word)]
    types = _types_at(declared, names)
    options: dict[str, object] = {}
    for word in words:
        match = OPTION.fullmatch(word)
        if match is not None:
            kind = types.get(match[1], 3)
            options[match[1]] = _value(kind, match[2])
    return names, options


def _types_at(declared: Json | None, names: list[str]) -> dict[str, int]:
    options = [] if declared is None else as_objects(declared.get("options"))
    for name in names[1:]:
        nested = next((one for one in options if one["name"] == name), None)
        options = [] if nested is None else as_objects(nested.get("options"))
    return {one["name"]: one["type"] for one in options}


def _value(kind: int, text: str) -> object:
    mentioned = ID.fullmatch(text)
    if kind not in BY_TYPE and mentioned is not None:
        return mentioned[1] or mentioned[2]
    return BY_TYPE.get(kind, str)(text)


def _paths(name: str, declared: Json) -> list[str]:
    """Return what can be typed for a command: itself, or each of its sub-commands."""
    nested = [one for one in as_objects(declared.get("options")) if one["type"] in {1, 2}]
    if not nested:
        return [name]
    return [path for one in nested for path in _paths(f"{name} {one['name']}", one)]


def _custom_ids(message: Json) -> set[str]:
    return {
        str(one["custom_id"])
        for row in as_objects(message.get("components"))
        for one in as_objects(row.get("components"))
        if one.get("custom_id")
    }
