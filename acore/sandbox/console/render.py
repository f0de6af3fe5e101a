"""Messages as a person would see them, in a terminal."""

import re
import textwrap
import unicodedata
from datetime import datetime
from typing import cast

from acore.sandbox.shapes import Json, as_object, as_objects
from acore.sandbox.state.kinds import MessageFlag

BAR = "▌"
BLURPLE = 0x5865F2
GREY = 0x949BA4
NO_COLOUR = 0x4E5058
INLINE_IN_A_ROW = 3  # as many as Discord's own client sets side by side
GAP = 2
RESET = "\x1b[0m"
BOLD = "\x1b[1m"
TIME_MARK = re.compile(r"<t:(-?\d+)(?::([tTdDfFR]))?>")
# Discord draws these as bold, italics and underline; a terminal's line is read without.
STYLE_MARK = re.compile(r"(\*\*|__|(?<![\w*])[*_])(?=\S)(.+?)(?<=\S)\1(?!\w)")
UNITS = (
    (31_536_000, "year"),
    (2_592_000, "month"),
    (86_400, "day"),
    (3_600, "hour"),
    (60, "minute"),
    (1, "second"),
)
RAW = frozenset({"timestamp", "edited_timestamp", "custom_id", "username", "name", "filename"})
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
BUTTON_MARKS = {1: "●", 2: "○", 3: "✔", 4: "✖", 5: "↗"}


def render_message(message: Json, *, colour: bool, width: int) -> str:
    """Return a message as text.

    Args:
        message: as Discord sends it.
        colour: whether the terminal understands ANSI colours.
        width: how many columns there are.
    """
    ink = _Ink(is_on=colour)
    message = _spoken(message)
    flags = int(message.get("flags") or 0)
    lines = [*_used(message, ink), _author(message, ink)]
    if flags & MessageFlag.LOADING:
        lines.append(ink.paint("  ⋯ thinking…", GREY))
    lines += [f"  {line}" for line in _wrapped(str(message.get("content") or ""), width - 2)]
    for embed in as_objects(message.get("embeds")):
        lines += [f"  {line}" for line in _embed(embed, ink, width - 2)]
    lines += [
        f"  📎 {one['filename']} ({one['size']} bytes)" for one in as_objects(message.get("attachments"))
    ]
    lines += [f"  {line}" for line in _rows(as_objects(message.get("components")), ink)]
    if flags & MessageFlag.EPHEMERAL:
        lines.append(ink.paint("  👁 Only you can see this", GREY))
    return "\n".join(lines)


class _Ink:
    """Colours, or none."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on

    def paint(self, text: str, colour: int) -> str:
        if not self._is_on:
            return text
        red, green, blue = colour >> 16 & 0xFF, colour >> 8 & 0xFF, colour & 0xFF
        return f"\x1b[38;2;{red};{green};{blue}m{text}{RESET}"

    def bold(self, text: str) -> str:
        return f"{BOLD}{text}{RESET}" if self._is_on and text else text


def _used(message: Json, ink: _Ink) -> list[str]:
    """Return the line that tells who used which command."""
    interaction = as_object(message.get("interaction"))
    if not interaction:
        return []
    user = as_object(interaction.get("user")).get("username", "somebody")
    return [ink.paint(f"╭─ {_clean(str(user))} used /{_clean(str(interaction.get('name')))}", GREY)]


def _author(message: Json, ink: _Ink) -> str:
    author = as_object(message.get("author"))
    name = ink.bold(_clean(str(author.get("username", "?"))))
    tag = " " + ink.paint("[BOT]", BLURPLE) if author.get("bot") else ""
    edited = ink.paint(" (edited)", GREY) if message.get("edited_timestamp") else ""
    moment = ink.paint(_moment(message.get("timestamp"), "%H:%M"), GREY)
    return f"{name}{tag} {moment}{edited}"


def _embed(embed: Json, ink: _Ink, width: int) -> list[str]:
    inner = max(20, width - 2)
    lines: list[str] = []
    author = as_object(embed.get("author")).get("name")
    if author:
        lines += _wrapped(str(author), inner)
    lines += [ink.bold(line) for line in _wrapped(str(embed.get("title") or ""), inner)]
    lines += _wrapped(str(embed.get("description") or ""), inner)
    for row in _field_rows(as_objects(embed.get("fields"))):
        lines += _side_by_side(row, ink, inner)
    footer = [
        str(as_object(embed.get("footer")).get("text") or ""),
        _moment(embed.get("timestamp"), "%d %b %Y %H:%M"),
    ]
    if any(footer):
        lines.append(ink.paint(" • ".join(_clean(part) for part in footer if part), GREY))
    bar = ink.paint(BAR, int(embed.get("color") or NO_COLOUR))
    return [f"{bar} {line}".rstrip() for line in lines]


def _field_rows(fields: list[Json]) -> list[list[Json]]:
    """Return fields in rows: inline ones up to three in one, every other in its own."""
    rows: list[list[Json]] = []
    for field in fields:
        last = rows[-1] if rows else []
        is_joining = last and field.get("inline") and last[0].get("inline") and len(last) < INLINE_IN_A_ROW
        if is_joining:
            last.append(field)
        else:
            rows.append([field])
    return rows


def _side_by_side(row: list[Json], ink: _Ink, width: int) -> list[str]:
    column = (width - GAP * (len(row) - 1)) // len(row)
    cells = [(_wrapped(str(field["name"]), column), _wrapped(str(field["value"]), column)) for field in row]
    names = max(len(name) for name, _ in cells)
    values = max(len(value) for _, value in cells)
    lines = [
        (" " * GAP).join(ink.bold(_padded(name[at] if at < len(name) else "", column)) for name, _ in cells)
        for at in range(names)
    ]
    lines += [
        (" " * GAP).join(_padded(value[at] if at < len(value) else "", column) for _, value in cells)
        for at in range(values)
    ]
    return [line.rstrip() for line in lines]


def _rows(components: list[Json], ink: _Ink) -> list[str]:
    """Return buttons and selects, each with the custom id by which the console presses it."""
    lines: list[str] = []
    for row in components:
        parts: list[str] = []
        for one in as_objects(row.get("components")):
            label = _clean(str(one.get("label") or one.get("placeholder") or one.get("custom_id") or ""))
            mark = BUTTON_MARKS.get(int(one.get("style") or 0), "▾")
            known_as = ink.paint(f" <{_clean(str(one['custom_id']))}>", GREY) if one.get("custom_id") else ""
            parts.append(f"[{mark} {label}]{known_as}")
        if parts:
            lines.append("  ".join(parts))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    lines: list[str] = []
    for line in _clean(text).splitlines():
        lines += textwrap.wrap(line, max(8, width), drop_whitespace=False) or [""]
    return lines


def _clean(text: str) -> str:
    """Return text without control characters, which a terminal would obey."""
    return CONTROL.sub("", text.expandtabs(4))


def _spoken[T](value: T, now: datetime | None = None) -> T:
    """Return *value* with the marks in all its texts replaced by what a person reads.

    Times are counted from when the message was written or last edited: that is when it is seen first.
    """
    if isinstance(value, str):
        text = TIME_MARK.sub(lambda match: _time_mark(match, now), value)
        return cast("T", STYLE_MARK.sub(r"\2", text))
    if isinstance(value, dict):
        fields = cast("Json", value)
        at = fields.get("edited_timestamp") or fields.get("timestamp")
        now = now or (datetime.fromisoformat(at) if isinstance(at, str) else None)
        return cast("T", {key: one if key in RAW else _spoken(one, now) for key, one in fields.items()})
    if isinstance(value, list):
        return cast("T", [_spoken(one, now) for one in cast("list[object]", value)])
    return value


def _time_mark(match: re.Match[str], now: datetime | None) -> str:
    try:
        moment = datetime.fromtimestamp(int(match[1])).astimezone()
    except (ValueError, OverflowError, OSError):
        return match[0]
    if match[2] == "R" and now is not None:
        return _relative((moment - now).total_seconds())
    return moment.strftime("%d %b %Y %H:%M")


def _relative(seconds: float) -> str:
    size, unit = next((one for one in UNITS if abs(seconds) >= one[0]), UNITS[-1])
    count = round(abs(seconds) / size)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


def _moment(value: object, how: str) -> str:
    if not isinstance(value, str):
        return ""
    return datetime.fromisoformat(value).astimezone().strftime(how)


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - sum(_columns(one) for one in text))


def _columns(character: str) -> int:
    """Return how many columns a terminal gives a character."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
