"""The env file's own form: `KEY=value` lines, read as python-dotenv reads them."""

import io
import re
from typing import TYPE_CHECKING

from acore.errors import AcoreError
from acore.record import Record

if TYPE_CHECKING:
    from dotenv.parser import Binding

# What shells, systemd's EnvironmentFile and `docker run --env-file` all read alike without quotes; docker
# keeps quotes as part of the value, so they are used only where python-dotenv needs them.
_PLAIN = re.compile(r"[A-Za-z0-9._,:/@%+=\[\]-]*")
# A statement as python-dotenv reads it: what stands before the equals sign, the sign, and all behind it.
_STATEMENT = re.compile(
    r"(\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*)(=[^\S\r\n]*)?(.*)", re.DOTALL
)
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""", re.DOTALL)
_REMARK = re.compile(r"\s+#.*")
_LINE_END = re.compile(r"\r\n|\n|\r")


class UnwritableError(AcoreError):
    """An env file cannot say this."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"{key}: an env file has no way to say this; write it into the file by hand, or choose another"
        )


class Entry(Record):
    """One statement of an env file.

    Args:
        line: Where it begins, from 1.
        key: What it sets; None when the statement cannot be read.
        value: The text after the equals sign; None without an equals sign.
    """

    line: int
    key: str | None
    value: str | None


def parse(text: str) -> tuple[Entry, ...]:
    """Return the statements of an env file in order; a key may come twice, and then the last one counts.

    Variables such as `${HOME}` stay as they are written.
    """
    # dotenv_values() only logs what it cannot read, and does not say where a key stood.
    return tuple(
        Entry(
            # A statement's text begins with the blank lines before it.
            line=found.original.line + _leading_lines(found.original.string),
            key=found.key,
            value=found.value,
        )
        for found in _pieces(text)
        if found.error or found.key is not None
    )


def with_value(text: str, key: str, value: str) -> str:
    """Return the env file *text* in which *key* is *value*; all else is as it was, to the last character.

    The last statement of *key* is changed, which is the one that counts: its quotes, what stands before it
    and the comment behind it stay. Without one, a line is added at the end.

    Args:
        text: The file, without a byte order mark.
        key: What to set.
        value: What it is to be; blank for a blank value.

    Raises:
        UnwritableError: What python-dotenv would read then is not just this.
    """
    pieces = _pieces(text)
    at = max((place for place, found in enumerate(pieces) if found.key == key), default=None)
    strings = [found.original.string for found in pieces]
    before = parse(text)
    if at is None:
        end = next(iter(_LINE_END.findall(text)), "\n")
        gap = "" if not text or text[-1] in "\r\n" else end
        changed = f"{text}{gap}{statement(key, value)}{end}"
        wanted = [*_said(before), (key, value)]
    else:
        strings[at] = _changed(strings[at], value)
        changed = "".join(strings)
        last = max(place for place, entry in enumerate(before) if entry.key == key)
        wanted = [(key, value) if place == last else said for place, said in enumerate(_said(before))]
    # What is written is read again: a file whose quotes do not close swallows what comes behind them.
    if _said(parse(changed)) != wanted:
        raise UnwritableError(key)
    return changed


def without(text: str, key: str) -> str:
    """Return the env file *text* without any statement of *key*; all else is as it was."""
    # A statement begins with the blank lines before it; they are not its own.
    return "".join(
        found.original.string[: _blank(found.original.string)] if found.key == key else found.original.string
        for found in _pieces(text)
    )


def statement(key: str, text: str) -> str:
    """Return the line that sets *key* to *text*, which must have no line end in it."""
    return f"{key}={_quoted(text, '')}"


def _pieces(text: str) -> list["Binding"]:
    # A bot that is set up by its environment alone needs none of it.
    from dotenv.parser import parse_stream  # noqa: PLC0415 - see above

    return list(parse_stream(io.StringIO(text, newline="")))


def _said(entries: tuple[Entry, ...]) -> list[tuple[str | None, str | None]]:
    return [(entry.key, entry.value) for entry in entries]


def _changed(old: str, value: str) -> str:
    """Return the statement *old* with another value."""
    match = _STATEMENT.fullmatch(old)
    assert match is not None  # noqa: S101 - it has a key, so python-dotenv has read it in this way
    before, equals, rest = match.groups()
    if equals is None:
        return f"{before.rstrip()}={_quoted(value, '')}{before[len(before.rstrip()) :]}{rest}"
    old_value = _value(equals, rest)
    behind = rest[len(old_value) :]
    new = _quoted(value, old_value[:1])
    # `A= # nothing yet`: the space between belongs to the equals sign.
    gap = " " if new and not old_value and behind.startswith("#") else ""
    return f"{before}{equals}{new}{gap}{behind}"


def _value(equals: str, rest: str) -> str:
    """Return the part of *rest* that is the value as it is written, its quotes included."""
    if rest[:1] in {"'", '"'} and (quoted := _QUOTED.match(rest)):
        return quoted[0]
    if len(equals) > 1 and rest.startswith("#"):
        return ""
    line = _LINE_END.split(rest, maxsplit=1)[0]
    return _REMARK.sub("", line).rstrip()


def _quoted(value: str, quote: str) -> str:
    if quote == '"':
        escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n").replace("\r", r"\r")
        return f'"{escaped}"'
    if quote != "'" and _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _blank(text: str) -> int:
    """Return how many characters of blank lines *text* begins with, the first indentation left out."""
    return max((end.end() for end in _LINE_END.finditer(text[: len(text) - len(text.lstrip())])), default=0)


def _leading_lines(text: str) -> int:
    return len(_LINE_END.findall(text[: _blank(text)]))
