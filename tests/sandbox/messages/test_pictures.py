"""The size of a picture is read from the first bytes of its file."""

import struct

import pytest

from acore.sandbox.messages.pictures import size_of

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480) + b"\x08\x06\x00\x00\x00"
GIF = b"GIF89a" + struct.pack("<HH", 320, 200) + b"\xf7\x00\x00"
APP0 = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
TABLES = b"\xff\xc4\x00\x04\x00\x00"
FRAME = b"\xff\xc2\x00\x11\x08" + struct.pack(">HH", 600, 800) + b"\x03"
JPEG = b"\xff\xd8" + APP0 + TABLES + b"\xff" + FRAME


def webp(chunk: bytes) -> bytes:
    return b"RIFF\x00\x00\x00\x00WEBP" + chunk


LOSSY = webp(b"VP8 \x00\x00\x00\x00\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 0x4000 | 100, 50))
LOSSLESS = webp(b"VP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", (300 - 1) | (200 - 1) << 14))
EXTENDED = webp(b"VP8X\x0a\x00\x00\x00\x10\x00\x00\x00" + b"\xff\x03\x00" + b"\x7f\x02\x00")


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (640, 480)),
        (GIF, (320, 200)),
        (GIF.replace(b"89a", b"87a"), (320, 200)),
        (JPEG, (800, 600)),
        (LOSSY, (100, 50)),
        (LOSSLESS, (300, 200)),
        (EXTENDED, (1024, 640)),
    ],
    ids=["png", "gif", "old gif", "jpeg", "webp", "lossless webp", "extended webp"],
)
def test_every_kind_of_picture_tells_its_size(data: bytes, size: tuple[int, int]) -> None:
    assert size_of(data) == size
    assert size_of(data + b"\x00" * 100) == size


@pytest.mark.parametrize("data", [PNG, GIF, JPEG, LOSSY, LOSSLESS, EXTENDED])
def test_a_picture_that_is_cut_off_anywhere_harms_nobody(data: bytes) -> None:
    whole = size_of(data)

    for length in range(len(data)):
        assert size_of(data[:length]) in (None, whole)
    assert size_of(data[:9]) is None


@pytest.mark.parametrize(
    "data", [b"", b"text", b"RIFF\x00\x00\x00\x00WAVE", webp(b"JUNK"), b"\xff\xd8\xff\xd9"]
)
def test_what_is_no_picture_has_no_size(data: bytes) -> None:
    assert size_of(data) is None
