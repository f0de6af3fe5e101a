"""One setting's value: read from text or TOML, checked against the schema, written as text, and shown."""

import json
import re
from collections.abc import Iterable
from typing import ClassVar, cast
from urllib.parse import urlsplit

from acore.errors import AcoreError, ExitCode
from acore.log import masked
from acore.settings.schema import Declared, Kind
from acore.settings.secrets import Secret

_TRUTHS = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_NATIVE: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.URL: str,
    Kind.CHOICE: str,
    Kind.INTEGER: int,
    Kind.BOOLEAN: bool,
    Kind.IDS: list,
}
_NATIVE_EXAMPLES = {
    Kind.TEXT: 'write it in quotes, e.g. "data"',
    Kind.URL: 'write it in quotes, e.g. "https://discord.com/api/v10"',
    Kind.CHOICE: 'write it in quotes, e.g. "INFO"',
    Kind.INTEGER: "write it in digits without quotes, e.g. 60",
    Kind.BOOLEAN: "write true or false without quotes",
    Kind.IDS: "write the ids in brackets without quotes, e.g. [123456789012345678]",
}
_SHOWN_CHARACTERS = 80


class WrongValueError(AcoreError):
    """A value does not fit its setting.

    Args:
        reason: What is wrong, without the value.
        remedy: What to write instead; blank when the reason says it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.CONFIG

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason}; {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


def from_text(row: Declared, text: str) -> object:
    """Read a value as it is written in an env file, the environment, a command or an answer.

    Space around it is dropped. Lists are comma separated or a JSON array; the empty list is `[]`.

    Args:
        row: The setting.
        text: What was written.

    Returns:
        The value as `Settings` holds it.

    Raises:
        WrongValueError: It does not fit the setting.
    """
    text = text.strip()
    match row.kind:
        case Kind.TEXT | Kind.SECRET | Kind.URL | Kind.CHOICE:
            return _text(row, text)
        case Kind.INTEGER:
            return _limited(row, _whole_number(text))
        case Kind.BOOLEAN:
            return _truth(text)
        case Kind.IDS:
            return _items(row, [_id_from_text(item) for item in _split(text)])


def from_toml(row: Declared, value: object) -> object:
    """Read a value that TOML has already given a type.

    Args:
        row: The setting.
        value: What tomllib made of it.

    Returns:
        The value as `Settings` holds it.

    Raises:
        WrongValueError: It does not fit the setting, or is a secret.
    """
    if row.secret:
        raise WrongValueError(
            "a secret does not belong in this file",
            f"put {row.key} in the env file (.env) and remove it here",
        )
    expected = _NATIVE[row.kind]
    # Not isinstance: True is an int to Python, and "on" for an operator.
    if type(value) is not expected:
        raise WrongValueError(_mismatch(expected, value), _NATIVE_EXAMPLES[row.kind])
    match row.kind:
        case Kind.INTEGER:
            return _limited(row, cast("int", value))
        case Kind.IDS:
            return _items(row, cast("list[object]", value))
        case Kind.BOOLEAN:
            return value
        case _:
            return _text(row, cast("str", value).strip())


def as_text(value: object) -> str:
    """Return *value* as `from_text` reads it; a secret in clear, for the env file it belongs in."""
    match value:
        case Secret():
            return value.reveal()
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(map(str, cast("tuple[int, ...]", value))) or "[]"
        case _:
            return str(value)


def shown(row: Declared, value: object) -> str:
    """Return how a value may be repeated to a person: one line, shortened, nothing secret in it.

    Args:
        row: The setting.
        value: What was written.
    """
    if row.secret:
        return f"({Secret(str(value))})"
    text = f'"{value}"' if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    # A token pasted in the wrong place, and a password in a URL, are secrets too.
    return _one_line(re.sub(r"//[^/@]*@", "//***@", masked(text)))


def _one_line(text: str) -> str:
    visible = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return visible if len(visible) <= _SHOWN_CHARACTERS else visible[:_SHOWN_CHARACTERS] + "…"


def _mismatch(expected: type, value: object) -> str:
    return f"Expected {expected.__name__}, got {type(value).__name__}"


def _text(row: Declared, text: str) -> object:
    # Line ends would start another setting in an env file; invisible characters come along when copying.
    hidden = next((place for place, char in enumerate(text, 1) if not char.isprintable()), None)
    if hidden is not None:
        raise WrongValueError(
            f"character {hidden} is invisible (U+{ord(text[hidden - 1]):04X})", "type it anew on one line"
        )
    if len(text) < row.min_length:
        raise WrongValueError("must not be blank")
    match row.kind:
        case Kind.SECRET:
            return Secret(text)
        case Kind.URL:
            return _url(text)
        case Kind.CHOICE:
            return _choice(row, text)
        case _:
            return text


def _url(text: str) -> str:
    remedy = "write a URL such as https://discord.com/api/v10"
    try:
        parts = urlsplit(text)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    else:
        if parts.username is not None or parts.password is not None:
            raise WrongValueError("must not hold a user name or password", remedy)
        whole = whole and not (parts.query or parts.fragment)
    if not whole or " " in text:
        raise WrongValueError("expected an http or https URL", remedy)
    # Paths are appended to it.
    return text.rstrip("/")


def nearest(word: str, words: Iterable[str], *, alike: float = 0.6) -> str | None:
    """Return the one of *words* that was probably meant by *word*, if one is *alike* enough (0 to 1)."""
    # Only a slip needs it, and it is much to keep in the memory of a bot that was set up well.
    from difflib import get_close_matches  # noqa: PLC0415 - see above

    return next(iter(get_close_matches(word, list(words), n=1, cutoff=alike)), None)


def _choice(row: Declared, text: str) -> str:
    for choice in row.choices:
        if choice == text.upper():
            return choice
    near = nearest(text.upper(), row.choices)
    raise WrongValueError(
        "expected " + row.type_words, f"did you mean {near}?" if near else f"the default is {row.default}"
    )


def _whole_number(text: str) -> int:
    # int() also takes "1_000" and other scripts' digits; isdecimal() and isdigit() take the latter too.
    if re.fullmatch(r"[+-]?[0-9]+", text) is None:
        raise WrongValueError("Expected int, got str", "write it in digits, e.g. 60")
    # Python refuses to convert thousands of digits; any number that long is out of every range.
    sign, digits = text[:1] == "-", text.lstrip("+-0")[:30] or "0"
    return -int(digits) if sign else int(digits)


def _limited(row: Declared, number: int) -> int:
    remedy = f"write a {row.type_words}" + (f" ({row.unit})" if row.unit else "")
    if row.kind is Kind.IDS:
        remedy = "copy the id from Discord (Settings, Advanced, Developer Mode)"
    if row.minimum is not None and number < row.minimum:
        raise WrongValueError(f"below minimum {row.minimum}", remedy)
    if row.maximum is not None and number > row.maximum:
        raise WrongValueError(f"above maximum {row.maximum}", remedy)
    return number


def _truth(text: str) -> bool:
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise WrongValueError("Expected bool, got str", "write true or false") from None


def _split(text: str) -> list[object]:
    if not text.startswith("["):
        return [item.strip() for item in text.split(",")] if text else []
    try:
        # RecursionError: a thousand opening brackets.
        return cast("list[object]", json.loads(text))
    except (ValueError, RecursionError):
        raise WrongValueError("starts with [ but is no JSON array", "write 123, 456 or [123, 456]") from None


def _id_from_text(item: object) -> object:
    # JSON from a JavaScript tool has ids in quotes, as its numbers lose the last digits.
    if not isinstance(item, str):
        return item
    try:
        return _whole_number(item)
    except WrongValueError:
        return item


def _items(row: Declared, items: list[object]) -> tuple[int, ...]:
    numbers: list[int] = []
    for place, item in enumerate(items, 1):
        if type(item) is not int:
            raise WrongValueError(
                f"item {place}: {_mismatch(int, item)}", "write digits, e.g. 123456789012345678"
            )
        try:
            numbers.append(_limited(row, item))
        except WrongValueError as error:
            raise WrongValueError(f"item {place}: {error.reason}", error.remedy) from None
    return tuple(numbers)
