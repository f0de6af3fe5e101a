"""Discord's markdown as lines for a terminal."""

import re
from dataclasses import dataclass, field

from acore.sandbox.console.ink import BLURPLE, DIM, GREY, PLAIN, YELLOW, Line, Style, clean, line, wrapped
from acore.sandbox.console.names import Names

FENCE = re.compile(r"```(?:[\w+#.-]*\n)?(.*?)```", re.DOTALL)
HEADING = re.compile(r"(#{1,3}) +(?=\S)")
BULLET = re.compile(r"( *)([-*]|\d+\.) +(?=\S)")
INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s])"
    r"|(?P<ticks>`+)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|\[(?P<label>[^\[\]]+)\]\(<?(?P<url>[a-z]+://[^\s<>)]+)>?\)"
    r"|<(?P<bare>https?://[^\s>]+)>"
    r"|(?P<plain>https?://[^\s<>*|)]+)"
    r"|<t:(?P<time>-?\d+)(?::(?P<how>[tTdDfFR]))?>"
    r"|<(?P<kind>@[!&]?|#)(?P<id>\d+)>"
    r"|<a?:(?P<emoji>\w+):\d+>"
    r"|</(?P<command>[^:>]+):\d+>"
    r"|(?P<mark>\*{1,3}|~~|\|\|)(?=\S)(?P<marked>.+?)(?<=\S)(?P=mark)(?!\*)"
    r"|(?<!\w)(?P<score>_{1,3})(?=\S)(?P<scored>.+?)(?<=\S)(?P=score)(?!\w)"
)
MENTION = Style(colour=BLURPLE, bold=True)
CODE = Style(colour=YELLOW)
LINK = Style(colour=0x00A8FC, underline=True)
SPOILER = "‖"
MARKS = {
    "***": {"bold": True, "italic": True},
    "**": {"bold": True},
    "*": {"italic": True},
    "~~": {"strike": True},
    "___": {"underline": True, "italic": True},
    "__": {"underline": True},
    "_": {"italic": True},
}


@dataclass(slots=True)
class _Paragraph:
    """One line as it was written, and what stands before it."""

    body: Line
    first: Line = field(default_factory=list[tuple[str, Style]])
    rest: Line = field(default_factory=list[tuple[str, Style]])


def set_text(text: object, names: Names, width: int, style: Style = PLAIN, *, with_ticks: bool) -> list[Line]:
    """Return a text that may use Discord's markdown, as lines of at most *width* columns.

    Args:
        text: what was written.
        names: what mentions and times read as.
        width: in columns.
        style: what it looks like where it says nothing itself.
        with_ticks: whether code keeps its ticks, as there is no colour to tell it.
    """
    typesetter = _Typesetter(names, with_ticks=with_ticks)
    lines: list[Line] = []
    for paragraph in typesetter.paragraphs(clean(str(text or "")), style):
        lines += wrapped(paragraph.body, width, paragraph.first, paragraph.rest)
    return lines


def plain(text: object, names: Names) -> str:
    """Return a text without its marks, mentions and times as they read."""
    lines = set_text(text, names, 1 << 20, with_ticks=True)
    return "\n".join("".join(character for character, _ in one) for one in lines)


class _Typesetter:
    def __init__(self, names: Names, *, with_ticks: bool) -> None:
        self._names = names
        self._with_ticks = with_ticks

    def paragraphs(self, text: str, style: Style) -> list[_Paragraph]:
        """Return the paragraphs of a text, code blocks among them."""
        if not text:
            return []
        found: list[_Paragraph] = []
        at = 0
        for fence in FENCE.finditer(text):
            found += self._prose(text[at : fence.start()].removesuffix("\n"), style)
            bar = line("│ ", DIM)
            found += [
                _Paragraph(line(one, CODE), bar, bar) for one in fence[1].removesuffix("\n").split("\n")
            ]
            at = fence.end()
        return found + self._prose(text[at:].removeprefix("\n") if at else text, style)

    def _prose(self, text: str, style: Style) -> list[_Paragraph]:
        if not text:
            return []
        found: list[_Paragraph] = []
        is_quoting = False
        for one in text.split("\n"):
            is_quoting = is_quoting or one.startswith(">>> ")
            written = one.removeprefix(">>> ")
            if is_quoting or written.startswith("> "):
                bar = line("▎ ", DIM)
                found.append(_Paragraph(self.inline(written.removeprefix("> "), style), bar, bar))
            else:
                found.append(self._line(written, style))
        return found

    def _line(self, text: str, style: Style) -> _Paragraph:
        heading = HEADING.match(text)
        if heading is not None:
            is_first = len(heading[1]) == 1
            return _Paragraph(self.inline(text[heading.end() :], style.also(bold=True, underline=is_first)))
        if text.startswith("-# "):
            return _Paragraph(self.inline(text[3:], Style(colour=GREY)))
        bullet = BULLET.match(text)
        if bullet is not None:
            mark = "•" if bullet[2] in "-*" else bullet[2]
            before = f"{bullet[1]}{mark} "
            body = self.inline(text[bullet.end() :], style)
            return _Paragraph(body, line(before, style), line(" " * len(before), style))
        return _Paragraph(self.inline(text, style))

    def inline(self, text: str, style: Style) -> Line:
        """Return one line with what is marked in it."""
        done: Line = []
        at = 0
        for match in INLINE.finditer(text):
            done += line(text[at : match.start()], style) + self._marked(match, style)
            at = match.end()
        return done + line(text[at:], style)

    def _marked(self, match: re.Match[str], style: Style) -> Line:
        found = {key: one for key, one in match.groupdict().items() if one is not None}
        match found:
            case {"escaped": one}:
                return line(one, style)
            case {"code": one, "ticks": ticks}:
                return line(f"{ticks}{one}{ticks}" if self._with_ticks else one, CODE)
            case {"time": seconds}:
                return line(self._names.moment(int(seconds), found.get("how")) or match[0], style)
            case {"mark": "||", "marked": inner}:
                return line(SPOILER, DIM) + self.inline(inner, style) + line(SPOILER, DIM)
            case {"mark": mark, "marked": inner} | {"score": mark, "scored": inner}:
                return self.inline(inner, style.also(**MARKS[mark]))
            case _:
                return self._link(found)

    def _link(self, found: dict[str, str]) -> Line:
        match found:
            case {"label": label, "url": url}:
                return self.inline(label, LINK) + (line(f" ({url})", DIM) if label != url else [])
            case {"bare": url} | {"plain": url}:
                return line(url, LINK)
            case _:
                return line(self._named(found), MENTION)

    def _named(self, found: dict[str, str]) -> str:
        match found:
            case {"kind": "#", "id": one}:
                return self._names.channel(one)
            case {"kind": "@&", "id": one}:
                return self._names.role(one)
            case {"id": one}:
                return self._names.user(one)
            case {"command": one}:
                return f"/{one}"
            case _:
                return f":{found['emoji']}:"
