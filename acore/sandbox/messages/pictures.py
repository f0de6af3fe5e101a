"""The size in pixels of a picture, read from the first bytes of its file."""

import struct

PNG = b"\x89PNG\r\n\x1a\n"
GIFS = (b"GIF87a", b"GIF89a")
JPEG = b"\xff\xd8"
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The JPEG segments that begin a frame (ITU-T T.81, table B.1); the others in that range are tables."""
BARE_MARKERS = frozenset(range(0xD0, 0xDA)) | {0x01}
"""The JPEG markers that no length follows (ITU-T T.81, table B.1)."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP; None if it is none, or is cut off."""
    try:
        size = _size_of(data)
    except struct.error:
        return None
    return size if size is not None and all(size) else None


def _size_of(data: bytes) -> tuple[int, int] | None:
    if data.startswith(PNG):
        return _pair(">II", data, 16)
    if data.startswith(GIFS):
        return _pair("<HH", data, 6)
    if data.startswith(JPEG):
        return _of_jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _of_webp(data)
    return None


def _pair(layout: str, data: bytes, at: int) -> tuple[int, int]:
    one, other = struct.unpack_from(layout, data, at)
    return one, other


def _of_jpeg(data: bytes) -> tuple[int, int] | None:
    at = len(JPEG)
    while True:
        prefix, marker = _pair("BB", data, at)
        if prefix != 0xFF:  # noqa: PLR2004 - every marker begins with it
            return None
        if marker in FRAME_MARKERS:
            height, width = _pair(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
        elif marker in BARE_MARKERS:
            at += 2
        else:
            (length,) = struct.unpack_from(">H", data, at + 2)
            at += 2 + length


def _of_webp(data: bytes) -> tuple[int, int] | None:
    """Return the size from any of the three kinds of chunk (RFC 9649, sections 2.5 to 2.7)."""
    match data[12:16]:
        case b"VP8 ":
            width, height = _pair("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
            return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
        case _:
            return None
