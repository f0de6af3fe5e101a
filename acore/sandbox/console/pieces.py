"""Buttons, selects and the components of layouts as a person would see them, in a terminal."""

import re

from acore.sandbox.console.embeds import Setter, framed, picture, rule
from acore.sandbox.console.ink import BLURPLE, DIM, GREEN, PLAIN, RED, Line, Style, columns, line, wrapped
from acore.sandbox.shapes import Json, as_object, as_objects

# Discord's documentation, "Component Types" and "Button Styles".
BUTTON = 2
LINK_STYLE = 5
BUTTON_MARKS = {1: "●", 2: "○", 3: "✔", 4: "✖", 5: "↗"}
BUTTON_COLOURS = {1: BLURPLE, 3: GREEN, 4: RED}
SELECT_KINDS = {5: "a user", 6: "a role", 7: "a user or role", 8: "a channel"}
LISTED_OPTIONS = 10
MADE_UP = re.compile(r"[0-9a-f]{32}")
"""Custom ids that libraries make up say nothing to a person."""


class Pieces:
    """Sets the components of one message; what can be pressed is numbered from 1.

    Args:
        setter: sets texts.
    """

    def __init__(self, setter: Setter) -> None:
        self._setter = setter
        self._count = 0

    def all(self, components: list[Json], width: int) -> list[Line]:
        """Return every component, one below the other."""
        return [line for one in components for line in self._one(one, width)]

    def _one(self, component: Json, width: int) -> list[Line]:
        inner = as_objects(component.get("components"))
        match component.get("type"):
            case 1:
                return self._row(inner, width)
            case 9:
                return self.all(inner, width) + self._one(as_object(component.get("accessory")), width)
            case 10:
                return self._setter.text(component.get("content"), width)
            case 14:
                return [rule(width) if component.get("divider", True) else []]
            case 17:
                return framed(self.all(inner, width - 2), component.get("accent_color"))
            case _:
                return self._seen(component) or self._row([component], width)

    def _seen(self, component: Json) -> list[Line]:
        """Return what is only looked at: pictures and files."""
        match component.get("type"):
            case 11:
                return [_picture(component)]
            case 12:
                return [_picture(one) for one in as_objects(component.get("items"))]
            case 13:
                address = str(as_object(component.get("file")).get("url") or "")
                return [
                    line(f"📎 {component.get('name') or address.rsplit('/', 1)[-1]} ") + line(address, DIM)
                ]
            case _:
                return []

    def _row(self, components: list[Json], width: int) -> list[Line]:
        """Return buttons side by side as far as there is room, and selects with their options below them."""
        lines: list[Line] = []
        row: Line = []
        for one in components:
            if not one.get("type"):
                continue
            if one["type"] != BUTTON:
                lines += self._select(one, width)
                continue
            button = self._button(one)
            if row and columns(row) + columns(button) + 2 > width:
                lines, row = [*lines, row], []
            row = row + line("  ") + button if row else button
        return [*lines, *wrapped(row, width)] if row else lines

    def _number(self, component: Json) -> str:
        if not component.get("custom_id"):
            return ""
        self._count += 1
        return f"{self._count} "

    def _button(self, button: Json) -> Line:
        style = int(button.get("style") or 0)
        label = str(button.get("label") or "")
        emoji = str(as_object(button.get("emoji")).get("name") or "")
        shown = " ".join(one for one in (BUTTON_MARKS.get(style, "○"), emoji, label) if one)
        looks = DIM if button.get("disabled") else Style(colour=BUTTON_COLOURS.get(style))
        name = button.get("url") if style == LINK_STYLE else known_as(button)
        return (
            line(f"[{self._number(button)}{shown}]", looks)
            + line(" disabled" if button.get("disabled") else "", DIM)
            + line(f" <{name}>" if name else "", DIM)
        )

    def _select(self, select: Json, width: int) -> list[Line]:
        kind = SELECT_KINDS.get(int(select.get("type") or 0))
        label = select.get("placeholder") or (f"pick {kind}" if kind else "pick")
        name = known_as(select)
        head = line(f"[{self._number(select)}▾ {label}]", DIM if select.get("disabled") else PLAIN)
        head += line(_how_many(select), DIM) + line(f" <{name}>" if name else "", DIM)
        lines = wrapped(head, width)
        options = as_objects(select.get("options"))
        for one in options[:LISTED_OPTIONS]:
            mark = "◉" if one.get("default") else "·"
            body = line(one.get("label")) + line(
                f" — {one['description']}" if one.get("description") else "", DIM
            )
            lines += wrapped(body, width, line(f"    {mark} ", DIM), line("      "))
        if len(options) > LISTED_OPTIONS:
            lines.append(line(f"    … and {len(options) - LISTED_OPTIONS} more", DIM))
        return lines


def _picture(item: Json) -> Line:
    return picture(as_object(item.get("media")).get("url"), item)


def _how_many(select: Json) -> str:
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if (low, high) == (1, 1):
        return ""
    return f" {low}" if low == high else f" {low} to {high}"


def known_as(component: Json) -> str:
    """Return the custom id a person may call a component by; nothing if it was made up."""
    custom_id = str(component.get("custom_id") or "")
    return "" if MADE_UP.fullmatch(custom_id) else custom_id
