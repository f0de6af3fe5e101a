"""Text for a terminal: styled, measured in columns, wrapped, and without anything a terminal would obey."""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

BLURPLE = 0x5865F2
GREEN = 0x57F287
YELLOW = 0xFEE75C
RED = 0xED4245
GREY = 0x949BA4
RESET = "\x1b[0m"
NARROWEST = 8
TAB = 4
# C0 and C1 controls but for tab and newline, and what changes the direction of the text around it.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Style:
    """How a character looks; a colour is 0xRRGGBB."""

    colour: int | None = None
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False

    def escape(self) -> str:
        """Return the sequence that begins it (ECMA-48, "Select Graphic Rendition")."""
        flags = ((self.bold, "1"), (self.italic, "3"), (self.underline, "4"), (self.strike, "9"))
        codes = [code for is_on, code in flags if is_on]
        if self.colour is not None:
            red, green, blue = self.colour >> 16 & 0xFF, self.colour >> 8 & 0xFF, self.colour & 0xFF
            codes.append(f"38;2;{red};{green};{blue}")
        return f"\x1b[{';'.join(codes)}m" if codes else ""

    def also(self, **more: bool) -> "Style":
        """Return it with more attributes."""
        return replace(self, **more)


PLAIN = Style()
BOLD = Style(bold=True)
DIM = Style(colour=GREY)

type Line = list[tuple[str, Style]]
"""Characters with their styles, without a newline."""


def clean(text: str) -> str:
    """Return text without control characters, which a terminal would obey."""
    return OBEYED.sub("", text.replace("\r\n", "\n").expandtabs(TAB))


def line(text: object, style: Style = PLAIN) -> Line:
    """Return *text* as one line; line breaks in it become spaces."""
    return [(one, style) for one in clean(str(text)).replace("\n", " ")]


def columns(of: Iterable[tuple[str, Style]]) -> int:
    """Return how many columns a terminal gives a line."""
    return sum(_columns(character) for character, _ in of)


def text_columns(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(of: Line, width: int) -> Line:
    """Return a line with spaces up to *width* columns."""
    return of + line(" " * max(0, width - columns(of)))


def shortened(text: object, width: int) -> str:
    """Return *text* on one line of at most *width* columns, its end cut off if need be."""
    whole = " ".join(clean(str(text)).split())
    if text_columns(whole) <= width:
        return whole
    kept = ""
    for character in whole:
        if text_columns(kept + character) > width - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def wrapped(
    of: Line, width: int, first: Sequence[tuple[str, Style]] = (), rest: Line | None = None
) -> list[Line]:
    """Return a line in as many as it takes.

    Args:
        of: what is wrapped, between words where it can be.
        width: in columns, those of what stands before included.
        first: what stands before the first of the lines.
        rest: what stands before the others; the same by default.
    """
    before = [list(first), list(first) if rest is None else rest]
    lines: list[Line] = []
    left = of
    while True:
        start = before[min(len(lines), 1)]
        room = max(NARROWEST, width - columns(start))
        at = _break(left, room)
        lines.append(start + left[:at])
        left = left[at:]
        if not left:
            return lines
        while left and left[0][0] == " ":
            left = left[1:]
        if not left:
            return lines


def _break(of: Line, room: int) -> int:
    """Return where a line that has *room* columns ends: after a word, or wherever it must."""
    used, last_space = 0, 0
    for at, (character, _) in enumerate(of):
        used += _columns(character)
        if used > room:
            if character == " ":
                return at
            return last_space or max(at, 1)
        if character == " ":
            last_space = at
    return len(of)


class Ink:
    """Colours, or none.

    Args:
        is_on: whether the terminal understands them, and nobody asked for none.
    """

    def __init__(self, *, is_on: bool) -> None:
        self.is_on = is_on

    def paint(self, of: Line) -> str:
        """Return a line as it is written, without spaces at its end."""
        while of and of[-1][0] == " ":
            of = of[:-1]
        if not self.is_on:
            return "".join(character for character, _ in of)
        written, current = "", PLAIN
        for character, style in of:
            if style != current:
                written += (RESET if current != PLAIN else "") + style.escape()
                current = style
            written += character
        return written + (RESET if current != PLAIN else "")

    def say(self, text: str, style: Style = PLAIN) -> str:
        """Return a text of the console's own."""
        return "\n".join(self.paint(line(one, style)) for one in text.split("\n"))


def is_wanted(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows colours, and nobody asked for none (no-color.org)."""
    told = os.environ  # noqa: TID251 - what the terminal and its owner say
    return stream.isatty() and not told.get("NO_COLOR") and told.get("TERM") != "dumb"
