"""How states of actors are laid out: a line a field, and of two states what differs."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from acore.cli.output import is_terminal, say, tinted
from acore.replay.report import FieldDifference

_INDENT = "  "
_WIDEST_NAME = 34
_NONE = "(none)"


def plain(value: str) -> str:
    """Return a JSON value as people read it: text without quotes, `(none)` for nothing."""
    if not value:
        return _NONE
    decoded = msgspec.json.decode(value)
    if decoded is None:
        return _NONE
    return decoded if isinstance(decoded, str) and decoded else value


def paragraph(text: str, indent: str = _INDENT, tone: str = "") -> None:
    """Print a sentence, in a terminal broken between words at its width."""
    lines = textwrap.wrap(text, columns() - len(indent) - 1) if is_terminal() else [text]
    for line in lines:
        say(f"{indent}{tinted(line, tone) if tone else line}")


def lay_out(fields: Sequence[tuple[str, str]], indent: str = _INDENT) -> None:
    """Print names and values, one a line, aligned; in a terminal, long values are cut to its width."""
    if not fields:
        say(f"{indent}{tinted('nothing', 'dim')}")
    width = _width(name for name, _ in fields)
    for name, value in fields:
        say(f"{indent}{name:<{width}}  {fitting(plain(value), len(indent) + max(width, len(name)) + 2)}")


def lay_out_changes(
    changes: Sequence[FieldDifference], indent: str = _INDENT, *, limit: int | None = None
) -> None:
    """Print what differs, one a line: red what is gone, green what came, both for what is another now.

    Args:
        changes: What differs.
        indent: What each line begins with.
        limit: How many are printed; of more, only how many they are.
    """
    every = [part for change in changes for part in _spread(change)]
    changes = every[:limit]
    width = _width(change.path for change in changes)
    for change in changes:
        before, after = plain(change.expected), plain(change.actual)
        taken = len(indent) + max(width, len(change.path)) + 2
        name = f"{indent}{change.path:<{width}}  "
        if not change.expected:
            say(f"{name}{tinted(f'+ {fitting(after, taken + 2)}', 'good')}")
        elif not change.actual:
            say(f"{name}{tinted(f'- {fitting(before, taken + 2)}', 'bad')}")
        elif _fits(f"{before} → {after}", taken):
            say(f"{name}{tinted(before, 'bad')} → {tinted(after, 'good')}")
        else:
            say(f"{name}{tinted(f'- {fitting(before, taken + 2)}', 'bad')}")
            say(f"{' ' * taken}{tinted(f'+ {fitting(after, taken + 2)}', 'good')}")
    if len(every) > len(changes):
        say(tinted(f"{indent}and {len(every) - len(changes)} more", "dim"))


def _spread(change: FieldDifference) -> Iterator[FieldDifference]:
    """Yield what came or went as a whole field by field."""
    before, after = (_of_object(value) for value in (change.expected, change.actual))
    if after and change.expected in {"", "null"}:
        for name, value in after:
            yield FieldDifference(path=f"{change.path}.{name}", expected="", actual=value)
    elif before and change.actual in {"", "null"}:
        for name, value in before:
            yield FieldDifference(path=f"{change.path}.{name}", expected=value, actual="")
    else:
        yield change


def _of_object(value: str) -> tuple[tuple[str, str], ...]:
    return leaves(value) if value.startswith("{") and value != "{}" else ()


def _width(names: Iterable[str]) -> int:
    return min(_WIDEST_NAME, max((len(name) for name in names), default=0))


def _fits(text: str, taken: int) -> bool:
    return not is_terminal() or len(text) + taken <= columns()


def fitting(text: str, taken: int = 0) -> str:
    """Return *text*, in a terminal cut to the line of which *taken* characters are used."""
    room = max(16, columns() - taken)
    return text if not is_terminal() or len(text) <= room else f"{text[: room - 1]}…"


def columns() -> int:
    """Return the width of the terminal."""
    return shutil.get_terminal_size().columns


def leaves(state: str) -> tuple[tuple[str, str], ...]:
    """Return every field of a state with its value, both as in a `FieldDifference`."""
    return tuple(_leaves("", msgspec.json.decode(state)))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    match value:
        case dict() if value:
            for name, held in cast("Mapping[str, Any]", value).items():
                yield from _leaves(f"{path}.{name}" if path else name, held)
        case _:
            yield path, msgspec.json.encode(value, order="deterministic").decode()
