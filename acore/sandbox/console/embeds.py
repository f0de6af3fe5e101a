"""Embeds as a person would see them, in a terminal."""

from acore.sandbox.console.ink import BOLD, DIM, PLAIN, Ink, Line, Style, columns, line, padded
from acore.sandbox.console.markdown import set_text
from acore.sandbox.console.names import Names, written
from acore.sandbox.shapes import Json, as_object, as_objects

BAR = "▌"
NO_COLOUR = 0x4E5058
WIDEST = 100
"""Discord's own embeds do not grow with the window either."""
INLINE_IN_A_ROW = 3  # as many as Discord's own client sets side by side
NARROWEST_FIELD = 14
GAP = 2


class Setter:
    """Sets what is part of a message.

    Args:
        ink: colours, or none.
        names: what mentions and times read as.
    """

    def __init__(self, ink: Ink, names: Names) -> None:
        self.ink = ink
        self.names = names

    def text(self, text: object, width: int, style: Style = PLAIN) -> list[Line]:
        """Return a text with markdown."""
        return set_text(text, self.names, width, style, with_ticks=not self.ink.is_on)

    def embed(self, embed: Json, width: int) -> list[Line]:
        """Return an embed: a bar in its colour, and what it holds beside it."""
        inner = min(width, WIDEST) - 2
        lines: list[Line] = []
        lines += self.text(as_object(embed.get("provider")).get("name"), inner, DIM)
        lines += self.text(as_object(embed.get("author")).get("name"), inner)
        lines += self.text(embed.get("title"), inner, BOLD)
        lines += [line(embed["url"], DIM)] if embed.get("url") and embed.get("title") else []
        lines += self.text(embed.get("description"), inner)
        for row in _rows(as_objects(embed.get("fields")), inner):
            lines += self._side_by_side(row, inner)
        for kind in ("image", "thumbnail", "video"):
            shown = as_object(embed.get(kind))
            lines += [picture(shown.get("url"), shown)] if shown.get("url") else []
        footer = str(as_object(embed.get("footer")).get("text") or "")
        at = written(embed.get("timestamp"), "%d %b %Y %H:%M")
        lines += self.text(" • ".join(one for one in (footer, at) if one), inner, DIM)
        return [bar(embed.get("color")) + one for one in lines]

    def _side_by_side(self, row: list[Json], width: int) -> list[Line]:
        column = (width - GAP * (len(row) - 1)) // len(row)
        names = [self.text(one.get("name"), column, BOLD) for one in row]
        values = [self.text(one.get("value"), column) for one in row]
        return _beside(names, column) + _beside(values, column)


def bar(colour: object) -> Line:
    """Return what stands at the left of an embed or a container."""
    return line(BAR, Style(colour=int(str(colour)) if colour else NO_COLOUR)) + line(" ")


def picture(url: object, about: Json) -> Line:
    """Return the line that stands for a picture."""
    width, height = about.get("width"), about.get("height")
    size = f" {width}×{height}" if width and height else ""  # noqa: RUF001 - the sign between two lengths
    told = f" “{about['description']}”" if about.get("description") else ""
    return line(f"🖼{size}{told} ") + line(url, DIM)


def _rows(fields: list[Json], width: int) -> list[list[Json]]:
    """Return fields in rows: inline ones side by side as far as there is room, every other in its own."""
    in_a_row = max(1, min(INLINE_IN_A_ROW, (width + GAP) // (NARROWEST_FIELD + GAP)))
    rows: list[list[Json]] = []
    for field in fields:
        last = rows[-1] if rows else []
        is_joining = last and field.get("inline") and last[0].get("inline") and len(last) < in_a_row
        if is_joining:
            last.append(field)
        else:
            rows.append([field])
    return rows


def _beside(cells: list[list[Line]], column: int) -> list[Line]:
    lines: list[Line] = []
    for at in range(max(len(one) for one in cells)):
        whole: Line = []
        for number, one in enumerate(cells):
            whole = padded(whole, number * (column + GAP)) + (one[at] if at < len(one) else [])
        lines.append(whole)
    return lines


def rule(width: int) -> Line:
    """Return a line across."""
    return line("─" * min(width, WIDEST), DIM)


def framed(lines: list[Line], colour: object) -> list[Line]:
    """Return lines beside a bar."""
    return [bar(colour) + one for one in lines] if any(columns(one) for one in lines) else []
