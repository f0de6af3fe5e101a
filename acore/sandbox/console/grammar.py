"""What a person types: words, quotes, options, and names that stand for somebody or something."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from acore.sandbox.person import forms
from acore.sandbox.person.feed import PersonError
from acore.sandbox.person.surroundings import Surroundings
from acore.sandbox.shapes import Json

OPTION = re.compile(r"([-\w']{1,32}):(?!//)(.*)", re.DOTALL)
REFERENCE = re.compile(r"\^(\d*)|\d{15,20}")
"""A message: ^ is the newest, ^2 the one before it; or its id."""
QUOTES = "\"'"


class NotUnderstoodError(PersonError):
    """A line that does not say what is to be done."""


class UnfinishedQuoteError(NotUnderstoodError):
    """A quote was opened and not closed."""

    def __init__(self) -> None:
        super().__init__("No closing quotation")


@dataclass(frozen=True, slots=True)
class Word:
    """One word as typed: what it says, where it begins, and whether it is whole."""

    text: str
    start: int
    is_open: bool = False
    """Whether a quote in it is still open."""


@dataclass(slots=True)
class CommandLine:
    """A slash command as typed."""

    names: list[str] = field(default_factory=list[str])
    options: dict[str, str] = field(default_factory=dict[str, str])


def words(text: str) -> list[Word]:
    """Return the words of a line; quotes keep spaces together, and a backslash keeps a quote as it is."""
    found: list[Word] = []
    current, start, quote, at = "", -1, "", 0
    while at < len(text):
        character = text[at]
        if character == "\\" and text[at + 1 : at + 2] in {'"', "'", "\\"}:
            at += 1
            current, start = current + text[at], at - 1 if start < 0 else start
        elif quote:
            if character == quote:
                quote = ""
            else:
                current += character
        elif character in QUOTES and (start < 0 or current.endswith(("=", ":"))):
            quote, start = character, at if start < 0 else start
        elif character.isspace():
            if start >= 0:
                found.append(Word(current, start))
            current, start = "", -1
        else:
            current, start = current + character, at if start < 0 else start
        at += 1
    if start >= 0:
        found.append(Word(current, start, is_open=bool(quote)))
    return found


def split(text: str) -> list[str]:
    """Return the words of a whole line.

    Raises:
        UnfinishedQuoteError: a quote was opened and not closed.
    """
    found = words(text)
    if found and found[-1].is_open:
        raise UnfinishedQuoteError
    return [one.text for one in found]


def command_line(typed: Sequence[str]) -> CommandLine:
    """Return the names and options among words.

    Words after an option's belong to its value, as in Discord: `/say text:how are you times:2`.
    """
    read = CommandLine()
    last = ""
    for word in typed:
        match = OPTION.fullmatch(word)
        if match is not None:
            last = match[1]
            if last in read.options:
                raise NotUnderstoodError(f"the option {last} is given twice")
            read.options[last] = match[2]
        elif last:
            read.options[last] = f"{read.options[last]} {word}".strip()
        else:
            read.names.append(word)
    return read


async def option_values(
    declared: Json, names: Sequence[str], typed: dict[str, str], around: Surroundings
) -> dict[str, object]:
    """Return the values of options that were typed, of the types the command declares.

    Raises:
        UnknownCommandError: the command has no such sub-command.
        UnknownOptionError: or no such option.
        NotUnderstoodError: a value is of another type.
        UnknownPlaceError: nobody and nothing here has that name.
    """
    specs = {one["name"]: one for one in forms.level(declared, names)}
    if any(one["type"] in forms.SUBCOMMANDS for one in specs.values()):
        raise forms.UnknownCommandError(
            " ".join([declared["name"], *names]), [path for path, _ in forms.paths(declared)]
        )
    values: dict[str, object] = {}
    for name, text in typed.items():
        if name not in specs:
            raise forms.UnknownOptionError(name, list(specs))
        values[name] = await around.value(specs[name], text)
    return values


def quoted(text: str) -> str:
    """Return a value as it can be typed again."""
    if text and not re.search(r"[\s\"'\\]", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
