"""What can be typed next, as Discord offers it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread

from acore.sandbox.console import grammar, orders
from acore.sandbox.console.console import Console
from acore.sandbox.console.grammar import OPTION, Word, quoted
from acore.sandbox.console.names import called, of_places
from acore.sandbox.console.render import summary
from acore.sandbox.person import forms
from acore.sandbox.shapes import Json, as_object, as_objects

LISTED_FILES = 50
# Discord's documentation, "Application Command Option Type".
TYPES = {
    3: "text",
    4: "whole number",
    5: "true or false",
    6: "user",
    7: "channel",
    8: "role",
    9: "user or role",
    10: "number",
    11: "file",
}
BOOLEAN, ATTACHMENT = 5, 11

type AskBot = Callable[[Callable[[], Awaitable[list[Json]]]], Awaitable[list[Json]]]
"""Asks a bot for suggestions when the typing rests; gives none if it goes on meanwhile."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to be put in the place of what is typed from *start* on."""

    text: str
    start: int
    display: str
    meta: str = ""


async def suggestions(console: Console, text: str, ask: AskBot) -> AsyncIterator[Suggestion]:
    """Yield what can be typed at the end of *text*.

    Args:
        console: where it is typed.
        text: what stands before the cursor.
        ask: asks a bot for suggestions.

    Raises:
        GatewayLostError: the sandbox is gone.
    """
    if text.startswith("/"):
        async for one in _CommandTyped(console, text, ask).suggestions():
            yield one
    elif text.startswith("!"):
        for one in _order(console, text):
            yield one
    else:
        for one in _mention(console, text):
            yield one


class _CommandTyped:
    """A slash command that is being typed."""

    def __init__(self, console: Console, text: str, ask: AskBot) -> None:
        self._console = console
        self._text = text
        self._ask = ask
        typed = [Word(one.text, one.start + 1, one.is_open) for one in grammar.words(text[1:])]
        is_between = not typed or (text[-1:].isspace() and not typed[-1].is_open)
        self._word = Word("", len(text)) if is_between else typed.pop()
        self._names = [one.text for one in typed if not OPTION.fullmatch(one.text)]
        pairs = [match for one in typed if (match := OPTION.fullmatch(one.text)) is not None]
        self._given = {match[1]: match[2] for match in pairs}

    async def suggestions(self) -> AsyncIterator[Suggestion]:
        channel_id = self._console.seat.channel_id
        commands = [
            one for one in await self._console.person.commands(channel_id=channel_id) if one["type"] == 1
        ]
        if not self._names:
            for one in self._commands(commands):
                yield one
            return
        async for one in self._below(commands):
            yield one

    def _commands(self, commands: list[Json]) -> Iterator[Suggestion]:
        for one in sorted(commands, key=lambda command: str(command["name"])):
            if self._begins(one["name"]):
                yield self._named(str(one["name"]), _command_meta(self._console, one, commands))

    async def _below(self, commands: list[Json]) -> AsyncIterator[Suggestion]:
        """Yield what follows the command's name."""
        declared = next((one for one in commands if one["name"] == self._names[0].partition("@")[0]), None)
        if declared is None:
            return
        try:
            offered = forms.level(declared, self._names[1:])
        except forms.UnknownCommandError:
            return
        match = OPTION.fullmatch(self._word.text)
        spec = None if match is None else next((one for one in offered if one["name"] == match[1]), None)
        if match is not None and spec is not None:
            async for one in self._values(spec, match[2]):
                yield one
            return
        for one in sorted(offered, key=lambda option: not option.get("required")):
            if not self._begins(one["name"]) or one["name"] in self._given:
                continue
            name = str(one["name"])
            if one["type"] in forms.SUBCOMMANDS:
                yield self._named(name, str(one.get("description") or ""))
            else:
                yield Suggestion(f"{name}:", self._word.start, f"{name}:", _option_meta(one))

    def _begins(self, name: str) -> bool:
        return name.startswith(self._word.text.lower())

    def _named(self, name: str, meta: str) -> Suggestion:
        return Suggestion(f"{name} ", self._word.start, name, meta)

    async def _values(self, spec: Json, typed: str) -> AsyncIterator[Suggestion]:
        if spec.get("autocomplete"):
            choices = await self._ask(lambda: self._from_bot(spec, typed))
            for one in choices:
                yield self._value(spec, str(one.get("value")), str(one.get("name")))
            return
        if spec["type"] == ATTACHMENT:
            for path in await anyio.to_thread.run_sync(_files, typed):
                yield self._value(spec, path, path, is_whole=not path.endswith("/"))
            return
        for text, meta in self._known_values(spec):
            if typed.lower().removeprefix("@").removeprefix("#") in text.lower():
                yield self._value(spec, text, text, meta)

    async def _from_bot(self, spec: Json, typed: str) -> list[Json]:
        console = self._console
        given: dict[str, object] = {}
        around = console.person.around(console.seat.channel_id)
        declared = await console.person.command(self._names[0], channel_id=console.seat.channel_id)
        specs = {one["name"]: one for one in forms.level(declared, self._names[1:])}
        for name, text in self._given.items():
            if name in specs and specs[name]["type"] != ATTACHMENT:
                given[name] = await around.value(specs[name], text)
        return await console.person.suggestions(
            " ".join(self._names),
            {**given, str(spec["name"]): typed},
            str(spec["name"]),
            channel_id=console.seat.channel_id,
        )

    def _known_values(self, spec: Json) -> Iterator[tuple[str, str]]:
        choices = as_objects(spec.get("choices"))
        if choices:
            yield from ((str(one["name"]), "") for one in choices)
        elif spec["type"] == BOOLEAN:
            yield from (("true", ""), ("false", ""))
        else:
            yield from _entities(self._console, int(spec["type"]))

    def _value(
        self, spec: Json, value: str, shown: str, meta: str = "", *, is_whole: bool = True
    ) -> Suggestion:
        end = " " if is_whole else ""
        return Suggestion(f"{spec['name']}:{quoted(value)}{end}", self._word.start, shown, meta)


def _command_meta(console: Console, command: Json, commands: Iterable[Json]) -> str:
    owner = console.person.places.users.get(str(command.get("application_id")), {})
    has_others = len({one.get("application_id") for one in commands}) > 1
    description = str(command.get("description") or "")
    return f"{description} · {called(owner)}" if has_others else description


def _option_meta(option: Json) -> str:
    kind = TYPES.get(int(option["type"]), "")
    must = "required" if option.get("required") else ""
    return " · ".join(one for one in (must, kind, str(option.get("description") or "")) if one)


def _entities(console: Console, kind: int) -> Iterator[tuple[str, str]]:
    """Yield the names of what an option of this type may be."""
    seat, places = console.seat, console.person.places
    guild_id = seat.guild_id or ""
    if kind in {6, 9}:
        for user in places.users.values():
            yield str(user.get("username")), "bot" if user.get("bot") else "user"
    if kind == 7:  # noqa: PLR2004 - a channel, as above
        yield from ((str(one.get("name")), "channel") for one in places.channels(guild_id))
    if kind in {8, 9}:
        yield from ((str(one.get("name")).removeprefix("@"), "role") for one in places.roles(guild_id))


def _files(typed: str) -> list[str]:
    """Return paths that begin as typed, folders with a slash at their end."""
    folder, _, name = typed.rpartition("/")
    base = f"{folder}/" if folder or typed.startswith("/") else ""
    try:
        found = sorted(Path(base or ".").expanduser().iterdir())
    except (OSError, RuntimeError):
        return []
    shown = [one for one in found if one.name.startswith(name) and (name or not one.name.startswith("."))]
    return [f"{base}{one.name}{'/' if one.is_dir() else ''}" for one in shown[:LISTED_FILES]]


# -- after `!`


def _order(console: Console, text: str) -> Iterator[Suggestion]:
    word, separator, rest = text[1:].partition(" ")
    if not separator:
        for name, one in orders.ORDERS.items():
            if name.startswith(word):
                yield Suggestion(f"{name} ", 1, f"!{one.usage}", one.help)
        return
    found = orders.find(word)
    if found is None:
        return
    if found.takes in {"components", "messages"} and " " in rest:
        return
    for name, meta in _targets(console, found.takes):
        if rest.lower().lstrip("@#") in name.lower():
            yield Suggestion(name, len(text) - len(rest), name, meta)


def _targets(console: Console, takes: str) -> Iterator[tuple[str, str]]:
    seat, places = console.seat, console.person.places
    match takes:
        case "users":
            yield from ((one, "") for one in console.users())
        case "members":
            yield from ((str(one.get("username")), "") for one in places.users.values())
        case "channels":
            guild_id = seat.guild_id or console.person.guild_id
            for one in places.talkable(guild_id):
                unread = seat.unread.get(str(one["id"]))
                yield str(one.get("name")), f"{unread} new" if unread else str(one.get("topic") or "")
        case "servers":
            yield from ((str(one.get("name")), "") for one in places.guilds.values())
        case "components":
            with_some = [one for one in reversed(seat.here) if forms.pressable(one)]
            for number, one in enumerate(forms.pressable(with_some[0]) if with_some else [], 1):
                yield str(number), str(one.get("label") or one.get("placeholder") or one["custom_id"])
        case "messages":
            names = of_places(places)
            for number, one in enumerate(reversed(seat.here[-9:]), 1):
                author = called(as_object(one.get("author")))
                yield f"^{number if number > 1 else ''}", f"{author}: {summary(one, names, 40)}"
        case _:
            pass


# -- in what is said


def _mention(console: Console, text: str) -> Iterator[Suggestion]:
    word = text.rsplit(maxsplit=1)[-1] if text and not text[-1].isspace() else ""
    start = len(text) - len(word)
    if word.startswith("@"):
        for name, meta in _entities(console, 9):
            if name.lower().startswith(word[1:].lower()):
                yield Suggestion(f"@{name} ", start, f"@{name}", meta)
    elif word.startswith("#"):
        for name, meta in _entities(console, 7):
            if name.lower().startswith(word[1:].lower()):
                yield Suggestion(f"#{name} ", start, f"#{name}", meta)
