"""The size in pixels of a picture, read from the first bytes of its file."""

PNG = b"\x89PNG\r\n\x1a\n"
GIFS = (b"GIF87a", b"GIF89a")
JPEG = b"\xff\xd8"
FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The JPEG segments that begin a frame (ITU-T T.81, table B.1); the others in that range are tables."""
BARE_MARKERS = frozenset(range(0xD0, 0xDA)) | {0x01}
"""The JPEG markers that no length follows (ITU-T T.81, table B.1)."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG, GIF, JPEG or WebP; None if it is none, or is cut off."""
    if data.startswith(PNG):
        size = _big(data, 16, 4), _big(data, 20, 4)
    elif data.startswith(GIFS):
        size = _little(data, 6, 2), _little(data, 8, 2)
    elif data.startswith(JPEG):
        size = _of_jpeg(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        size = _of_webp(data)
    else:
        return None
    return size if all(size) else None


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "little")


def _of_jpeg(data: bytes) -> tuple[int, int]:
    at = len(JPEG)
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every marker begins with it
        marker = data[at + 1]
        if marker in FRAME_MARKERS:
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
        elif marker in BARE_MARKERS:
            at += 2
        else:
            at += 2 + _big(data, at + 2, 2)
    return 0, 0


def _of_webp(data: bytes) -> tuple[int, int]:
    """Return the size from any of the three kinds of chunk (RFC 9649, sections 2.5 to 2.7)."""
    match data[12:16]:
        case b"VP8 ":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
        case b"VP8L":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
        case _:
            return 0, 0
