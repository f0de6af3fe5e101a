"""Fields of a kind that has rules of its own: several ids, a moment, permissions, a picture."""

from datetime import UTC, datetime

from acore.sandbox.forms.fields import Fields
from acore.sandbox.permissions import rules as permissions
from acore.sandbox.shapes import as_snowflake
from acore.sandbox.state import pictures
from acore.sandbox.state.records import Picture

MAX_PICTURE = 10 * 1024 * 1024
"""Bytes of an avatar, an icon or a banner (Discord's own clients refuse more)."""


def snowflakes(fields: Fields, key: str, most: int, *, least: int = 0) -> list[str] | None:
    """Return a list of ids, each once; None where there is none."""
    items = fields.items(key, least, most)
    if items is None:
        return None
    found = [as_snowflake(one) for one in items]
    for index, one in enumerate(found):
        if one is None:
            fields.errors.add((*fields.path, key, index), f'Value "{items[index]}" is not snowflake.')
    return list(dict.fromkeys(one for one in found if one is not None))


def moment(fields: Fields, key: str) -> datetime | None:
    """Return a moment written as ISO 8601; without a zone it is UTC, as Discord reads it."""
    value = fields.given(key)
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
        if read is not None:
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):  # it is no moment, or none of the years that there are
        pass
    fields.wrong(key, "Could not parse. Should be ISO8601.")
    return None


def bits(fields: Fields, key: str) -> int | None:
    """Return permissions, a number or a number as text; bits that are no permission are dropped."""
    value = fields.given(key)
    if value is None:
        return None
    read = as_snowflake(value)
    if read is None:
        fields.wrong(key, f'Value "{value}" is not a valid permission bitfield.')
        return None
    return int(read) & permissions.EVERYTHING


def picture(fields: Fields, key: str, *, most: int = MAX_PICTURE) -> Picture | None:
    """Return a picture of at most *most* bytes, sent as a data URI."""
    value = fields.given(key)
    if value is None:
        return None
    read = pictures.read(value) if isinstance(value, str) else None
    if read is None:
        fields.wrong(key, "Invalid image data")
    elif len(read.data) > most:
        fields.wrong(key, f"File cannot be larger than {most / 1024} kb.")
    return read
