"""Frames as bytes: the JSON of one event, and the websocket's wrapping around it."""

from collections.abc import Iterator

import msgspec

from acore.sandbox.gateway.codes import Op
from acore.sandbox.shapes import Json

SHORT, TWO_BYTES, EIGHT_BYTES = 125, 126, 127  # how a length is written (RFC 6455, section 5.2)
TEXT, BINARY = 0x81, 0x82  # a whole message in one frame


def encoded(op: Op, d: object, *, event: str | None = None, seq: int | None = None) -> bytes:
    """Return a frame's JSON; nextcord reads `s` and `d` of each, hence none is ever left out.

    Args:
        op: what it is.
        d: its data; a `msgspec.Raw` is data that is JSON already.
        event: the name of a dispatch.
        seq: the number of a dispatch.
    """
    return msgspec.json.encode({"t": event, "s": seq, "op": int(op), "d": d})


def decoded(frame: bytes) -> Json:
    """Return the object that a frame's JSON says."""
    return msgspec.json.decode(frame, type=dict[str, object])


def wrapped(payload: bytes, *, is_binary: bool) -> bytes:
    """Return a payload as one websocket message of the server, which masks nothing."""
    size, kind = len(payload), BINARY if is_binary else TEXT
    if size <= SHORT:
        return bytes((kind, size)) + payload
    if size < 1 << 16:
        return bytes((kind, TWO_BYTES)) + size.to_bytes(2) + payload
    return bytes((kind, EIGHT_BYTES)) + size.to_bytes(8) + payload


def ends(messages: bytes) -> Iterator[int]:
    """Tell where each of several websocket messages of the server ends."""
    at = 0
    while at < len(messages):
        size, at = messages[at + 1], at + 2
        if size > SHORT:
            width = 2 if size == TWO_BYTES else 8
            size, at = int.from_bytes(messages[at : at + width]), at + width
        at += size
        yield at
