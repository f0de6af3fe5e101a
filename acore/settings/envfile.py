"""The env file's own form: `KEY=value` lines, read as python-dotenv reads them."""

import io
import re

from acore.record import Record

# What shells, systemd's EnvironmentFile and `docker run --env-file` all read alike without quotes; docker
# keeps quotes as part of the value, so they are used only where python-dotenv needs them.
_PLAIN = re.compile(r"[A-Za-z0-9._,:/@%+=\[\]-]*")


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
    # A bot that is set up by its environment alone needs none of it.
    from dotenv.parser import parse_stream  # noqa: PLC0415 - see above

    # dotenv_values() only logs what it cannot read, and does not say where a key stood.
    return tuple(
        Entry(
            # A statement's text begins with the blank lines before it.
            line=found.original.line + _leading_lines(found.original.string),
            key=found.key,
            value=found.value,
        )
        for found in parse_stream(io.StringIO(text))
        if found.error or found.key is not None
    )


def statement(key: str, text: str) -> str:
    """Return the line that sets *key* to *text*, which must have no line end in it."""
    if _PLAIN.fullmatch(text):
        return f"{key}={text}"
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"{key}='{escaped}'"


def _leading_lines(text: str) -> int:
    blank = text[: len(text) - len(text.lstrip())]
    return len(re.findall(r"\r\n|\n|\r", blank))
