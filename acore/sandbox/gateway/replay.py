"""What a session was sent lately, so that a client may come back and miss nothing."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from acore.sandbox.gateway import frames

MAX_FRAMES = 10_000
MAX_BYTES = 8 * 1024 * 1024
"""Discord says nothing about how much it keeps; this is more than a client misses in a few minutes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Dispatches that were sent together.

    Either one frame's JSON, or ready websocket messages, which only sockets of one kind can be sent.
    """

    first: int
    last: int
    data: bytes
    is_ready: bool = False
    is_compressed: bool = False

    def after(self, seq: int) -> bytes:
        """Return the ready messages of those numbered above *seq*."""
        if seq < self.first:
            return self.data
        ends = list(frames.ends(self.data))
        return self.data[ends[seq - self.first] :]


class Replay:
    """The newest dispatches of one session, bounded in number and in bytes."""

    def __init__(self) -> None:
        self._kept: deque[Kept] = deque()
        self._frames = 0
        self._bytes = 0

    def keep(self, kept: Kept) -> None:
        """Keep what was just sent, and forget the oldest if it becomes too much."""
        self._kept.append(kept)
        self._count(kept, 1)
        while self._kept and (self._frames > MAX_FRAMES or self._bytes > MAX_BYTES):
            self._count(self._kept.popleft(), -1)

    def reaches(self, seq: int, newest: int, *, is_compressed: bool) -> bool:
        """Return whether everything after *seq* is kept, and can be sent to a socket of this kind.

        Args:
            seq: the number of the last dispatch the client has.
            newest: the number of the last dispatch there was.
            is_compressed: whether the client asked for zlib-stream.
        """
        if seq >= newest:
            return True
        if not self._kept or self._kept[0].first > seq + 1:
            return False
        return all(not one.is_ready or one.is_compressed is is_compressed for one in self.after(seq))

    def after(self, seq: int) -> Iterator[Kept]:
        """Tell what has dispatches above *seq*."""
        return (one for one in self._kept if one.last > seq)

    def _count(self, kept: Kept, sign: int) -> None:
        self._frames += sign * (kept.last - kept.first + 1)
        self._bytes += sign * len(kept.data)
