"""The chain over the journal: each row's hash covers the row and the hash of the row before it.

A row's hash is BLAKE2b (RFC 7693), 16 bytes long, without a key, of one MessagePack array
(https://github.com/msgpack/msgpack/blob/master/spec.md, every value in its shortest form): the hash of the
row before it (binary; empty at the beginning), and then the row's columns in the order of `COLUMNS`, numbers
as integers and text as strings. Lengths are part of the format, so no two rows look alike in it. It is fixed
for ever: a test holds known hashes against it.

It shows what was changed, removed, or put in between afterwards. It is no seal: whoever can write the file
can compute it too, and only the mark outside the file stands against that.
"""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

DIGEST_BYTES = 16
BEGINNING = b""
"""What stands for the hash before the first row; also in the rows that schema 1 wrote."""
LOST = "lost"
"""Why a range is gone, in the table of what is: the others were removed on purpose."""
COLUMNS = (
    "seq",
    "id",
    "kind",
    "name",
    "version",
    "node",
    "boot",
    "wall_ns",
    "mono_ns",
    "source",
    "target",
    "cause",
    "correlation",
    "attempt",
    "payload",
)
"""The columns that a hash covers: all of the table but the hash itself."""

type Cells = tuple[int | str, ...]
type Link = tuple[bytes | int | str, ...]

_encode = msgspec.msgpack.Encoder().encode


def hash_after(previous: bytes, cells: Cells) -> bytes:
    """Return the hash of the row that has *cells*, behind the row whose hash is *previous*.

    Raises:
        UnicodeEncodeError: A text that cannot be stored either: it has a lone surrogate.
        OverflowError: A number that cannot be stored either: it has more than 64 bits.
    """
    return hash_of((previous, *cells))


def hash_of(link: Link) -> bytes:
    """Return the hash of the row whose cells stand in *link*, behind the hash of the row before it.

    Raises:
        UnicodeEncodeError: A text that cannot be stored either: it has a lone surrogate.
        OverflowError: A number that cannot be stored either: it has more than 64 bits.
    """
    return blake2b(_encode(link), digest_size=DIGEST_BYTES).digest()


def linked(previous: bytes, rows: Sequence[Cells]) -> tuple[list[tuple[int | str | bytes, ...]], bytes]:
    """Return *rows* with the hash of each behind its cells, and the last of these hashes."""
    found: list[tuple[int | str | bytes, ...]] = []
    for cells in rows:
        previous = hash_after(previous, cells)
        found.append((*cells, previous))
    return found, previous
