"""The prompt: lines are typed below what happens, with completion, history and a bar that tells what goes on.

prompt_toolkit takes longer to load than the sandbox takes to start, so this file is imported only where a
person sits at a terminal.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import override

import anyio
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output

from acore.sandbox import realtime
from acore.sandbox.console.completion import suggestions
from acore.sandbox.console.console import Console
from acore.sandbox.console.form import Cancelled, Form, Question
from acore.sandbox.console.ink import clean
from acore.sandbox.console.names import called
from acore.sandbox.console.tab import Tab
from acore.sandbox.person.feed import PersonError
from acore.sandbox.shapes import Json

REST = 0.15
"""Seconds without a key after which a bot is asked for suggestions; each would be an interaction."""
AT_ONCE = ("/", "!")


class Prompt:
    """Where a person types, at a terminal.

    Args:
        console: what obeys.
        history: where earlier lines are kept; None keeps them for this run only.
        input: what is typed on; the terminal by default.
        output: what is written to; the terminal by default.
    """

    def __init__(
        self,
        console: Console,
        *,
        history: Path | None = None,
        input: Input | None = None,  # noqa: A002 - as prompt_toolkit calls it
        output: Output | None = None,
    ) -> None:
        self._console = console
        self._changed = anyio.Event()
        self._unfinished = ""
        self._form: Form | None = None
        self._is_form_due = False
        self._session: PromptSession[str] = PromptSession(
            completer=_Completer(console, self._ask_when_at_rest),
            complete_while_typing=True,
            history=InMemoryHistory() if history is None else _kept_at(history),
            bottom_toolbar=self._toolbar,
            key_bindings=self._keys(),
            refresh_interval=1.0,
            reserve_space_for_menu=6,
            input=input,
            output=output,
        )
        self._session.default_buffer.on_text_changed += self._notice
        self._fields: PromptSession[str] = PromptSession(
            bottom_toolbar=self._toolbar, key_bindings=self._keys(), input=input, output=output
        )
        console.on_form = self._open_form
        console.on_news = self._redraw

    async def converse(self) -> None:
        """Obey what is typed, until the person leaves.

        Raises:
            GatewayLostError: the sandbox is gone.
        """
        while not self._console.has_left:
            if self._is_form_due:
                await self._fill_in()
                continue
            try:
                text = await self._session.prompt_async(self._before, default=self._unfinished)
            except EOFError:
                return
            except KeyboardInterrupt:
                self._unfinished = ""
                if not self._session.default_buffer.text:
                    return
                continue
            if self._is_form_due and not text:
                continue
            self._unfinished = ""
            for line in _lines(text):
                await self._console.obey(line)

    # -- the prompt

    def _before(self) -> FormattedText:
        seat = self._console.seat
        place = seat.place
        if len(seat.person.places.guilds) > 1 and seat.guild_id is not None:
            place = f"{seat.person.guilds[seat.guild_id].get('name')} {place}"
        who = ("bold", clean(seat.username))
        return FormattedText([who, ("", " "), ("ansiblue", clean(place)), ("", "> ")])

    def _toolbar(self) -> FormattedText:
        seat = self._console.seat
        places = seat.person.places
        parts: list[tuple[str, str]] = []
        for bot in places.bots():
            status = places.statuses.get(str(bot["id"]), "offline")
            parts.append(("", f" {'○' if status == 'offline' else '●'} {clean(called(bot))} {status} "))
        unread = sum(seat.unread.values())
        if unread:
            parts.append(("bold", f" {unread} unread: !channels "))
        parts += [("italic", f" {clean(one)} ") for one in seat.busy()]
        if self._form is not None:
            parts.append(("", " Ctrl-C leaves the form "))
        return FormattedText(parts or [("", " !help ")])

    def _redraw(self) -> None:
        for session in (self._session, self._fields):
            if session.app.is_running:
                session.app.invalidate()

    # -- keys

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        Tab(keys, self._notice)

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        return keys

    # -- suggestions of bots

    def _notice(self, _buffer: object = None) -> None:
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    async def _ask_when_at_rest(self, ask: Callable[[], Awaitable[list[Json]]]) -> list[Json]:
        """Return what a bot suggests, asked when the typing rests; nothing if it goes on."""
        changed = self._changed
        try:
            with realtime.deadline(REST):
                await changed.wait()
        except TimeoutError:
            pass
        else:
            return []
        answers: list[Json] = []
        async with anyio.create_task_group() as tasks:

            async def give_up() -> None:
                await changed.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(give_up)
            try:
                answers = await ask()
            except (PersonError, TimeoutError):
                answers = []  # the bot does not answer, or what is typed makes no sense yet
            tasks.cancel_scope.cancel()
        return answers

    # -- forms

    def _open_form(self) -> None:
        """Have the form that came filled in instead of the line, which is kept for afterwards."""
        self._is_form_due = True
        app = self._session.app
        # A line that was just ended is done first; the form comes after it.
        if app.is_running and app.future is not None and not app.future.done():
            self._unfinished = self._session.default_buffer.text
            app.exit(result="")

    async def _fill_in(self) -> None:
        self._is_form_due = False
        seat = self._console.seat
        if seat.form is None:
            return
        self._form = Form(seat.form, self._console.person.around(seat.channel_id))
        try:
            await self._form.fill(self._ask)
            await self._console.perform(self._form.submit(self._console))
        except Cancelled:
            self._console.screen.note("The form is left; !modal opens it again.")
        finally:
            self._form = None

    async def _ask(self, question: Question, text: str) -> str:
        label, hint = clean(question.label), clean(question.hint)
        try:
            return await self._fields.prompt_async(
                FormattedText([("bold", f"  {label}"), ("ansibrightblack", hint), ("", ": ")]),
                default=text,
                completer=_Choices(question),
                complete_while_typing=True,
            )
        except (EOFError, KeyboardInterrupt):
            raise Cancelled from None


class _Completer(Completer):
    """What can be typed next, for prompt_toolkit."""

    def __init__(
        self, console: Console, ask: Callable[[Callable[[], Awaitable[list[Json]]]], Awaitable[list[Json]]]
    ) -> None:
        self._console = console
        self._ask = ask

    @override
    def get_completions(self, document: Document, complete_event: CompleteEvent) -> list[Completion]:
        return []

    @override
    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion]:
        text = document.text_before_cursor
        try:
            async for one in suggestions(self._console, text, self._ask):
                yield Completion(
                    one.text,
                    start_position=one.start - len(text),
                    display=clean(one.display),
                    display_meta=clean(one.meta),
                )
        except PersonError:
            return  # what is gone is told where it matters


class _Choices(Completer):
    """The options of a form's select."""

    def __init__(self, question: Question) -> None:
        self._question = question

    @override
    def get_completions(self, document: Document, complete_event: CompleteEvent) -> list[Completion]:
        begun = document.text_before_cursor.rpartition(",")[2].lstrip()
        return [
            Completion(one, start_position=-len(begun), display=clean(one))
            for one in self._question.choices
            if one.lower().startswith(begun.lower())
        ]


def _lines(text: str) -> list[str]:
    """Return what was typed as what is done one after the other: commands each, text as a whole."""
    if text.startswith(AT_ONCE):
        return text.splitlines()
    return [text]


def _kept_at(path: Path) -> History:
    """Return the lines of earlier runs; the file is for its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError:
        return InMemoryHistory()  # a home that cannot be written is no reason not to talk
    return FileHistory(path)
