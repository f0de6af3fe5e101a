"""Pictures that are uploaded as avatars, icons, emojis and the like."""

import base64
import binascii
import re

from acore.sandbox.state.records import Picture

DATA_URI = re.compile(r"data:(image/[a-z+.-]+);base64,(.*)", re.DOTALL)
"""How a picture stands in JSON (Discord's documentation, "Image Data")."""


def read(text: str) -> Picture | None:
    """Return the picture of a data URI; None if it is none, or not of a kind Discord takes.

    The kind is told from the bytes, as some libraries name it wrongly.
    """
    match = DATA_URI.fullmatch(text)
    if match is None:
        return None
    try:
        data = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return None
    kind = _kind(data)
    return None if kind is None else Picture(kind, data)


def _kind(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None
