"""Dispatches that are encoded beforehand, all but their number and their id, and then cost almost nothing."""

import zlib
from collections.abc import Sequence

import msgspec

from acore.sandbox.gateway import frames
from acore.sandbox.gateway.codes import Op
from acore.sandbox.shapes import Json

SEQ_WIDTH, ID_WIDTH = 10, 19
"""Places kept for a sequence number, and for the digits that every id has from 2022 to 2089."""
STORED = b"\x00"  # the head of a block that is not compressed, and not the last (RFC 1951, section 3.2.4)


class Ready:
    """One dispatch, ready for the websocket.

    What changes from one to the next stands at the beginning, in a deflate block that is stored as it is; the
    rest is compressed once. Nothing in it refers to what the socket sent before, and the full flush at its
    end lets nothing after it refer to it.

    Args:
        event: its name.
        payload: its data; each dispatch gets another `id` if it has one.
        is_compressed: whether the socket is one of zlib-stream.
    """

    def __init__(self, event: str, payload: Json, *, is_compressed: bool) -> None:
        self._has_id = "id" in payload
        rest = {key: value for key, value in payload.items() if key != "id"}
        place = b'"id":"' + b"0" * ID_WIDTH + b'",' if self._has_id else b""
        head = b'{"op":%d,"t":"%s","s":%s,"d":{%s' % (Op.DISPATCH, event.encode(), b"0" * SEQ_WIDTH, place)
        body = msgspec.json.encode(rest)[1:] + b"}"
        if is_compressed:
            size = len(head)
            head = STORED + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + head
            deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
            body = deflate.compress(body) + deflate.flush(zlib.Z_FULL_FLUSH)
        whole = frames.wrapped(head + body, is_binary=is_compressed)
        self.size = len(whole)
        self._form = _form(whole, event)

    def numbered(self, seq: int, snowflake: int) -> bytes:
        """Return the websocket message with this number, and this id if it has one."""
        return self._form % ((seq, snowflake) if self._has_id else (seq,))


def messages(ready: Sequence[Ready], first: int, snowflakes: Sequence[int]) -> bytes:
    """Return as many messages as there are ids, numbered from *first*, taking each of *ready* in turn."""
    kinds = len(ready)
    return b"".join(ready[seq % kinds].numbered(seq, one) for seq, one in enumerate(snowflakes, first))


def _form(whole: bytes, event: str) -> bytes:
    """Return the message with its places marked for the % operator."""
    start = whole.index(b'"t":"%s","s":' % event.encode()) + len(event) + 11
    form = _escaped(whole[:start]) + b"%%%dd" % SEQ_WIDTH
    rest = whole[start + SEQ_WIDTH :]
    mark = b',"d":{"id":"'
    if rest.startswith(mark):
        form += mark + b"%d"
        rest = rest[len(mark) + ID_WIDTH :]
    return form + _escaped(rest)


def _escaped(data: bytes) -> bytes:
    return data.replace(b"%", b"%%")
