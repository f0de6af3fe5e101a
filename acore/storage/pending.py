"""Interactions that still want an answer, and those that can have none any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from loguru import logger

from acore.events.discord import INTERACTION_LIFE, InteractionReceived, Pending
from acore.events.status import Reply
from acore.storage.sqlite import Connection

_RECEIVED = msgspec.json.Decoder(InteractionReceived)
_REPLY: msgspec.json.Decoder[Reply] = msgspec.json.Decoder(Reply)
# Discord counts from here, in milliseconds above the lowest 22 bits (Discord, Reference, Snowflakes).
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


def pending(connection: Connection) -> tuple[Pending, ...]:
    """Return the open interactions, oldest first (their numbers begin with the time)."""
    return tuple(one for row in _rows(connection) if (one := _decoded(*row)) is not None)


def forget_lost(connection: Connection, now: datetime) -> None:
    """Delete what nobody can answer any more, and nobody else would ever delete.

    What can be read is closed by the gateway, also when it is too old, so that the journal tells of it.
    """
    # Of an interaction that was never received, because its run was killed in that moment.
    connection.execute("DELETE FROM pending WHERE received IS NULL")
    # The version that can read the others may come back while there is time for an answer.
    too_old = _first_number(now - timedelta(seconds=INTERACTION_LIFE))
    lost = [row[:1] for row in _rows(connection) if row[0] < too_old and _decoded(*row) is None]
    connection.executemany("DELETE FROM pending WHERE interaction = ?", lost)


def _rows(connection: Connection) -> list[Any]:
    return connection.execute(
        "SELECT interaction, received, sealed, acknowledged, reply FROM pending "
        "WHERE received IS NOT NULL ORDER BY interaction"
    ).fetchall()


def _decoded(
    interaction: int, received: str, sealed: str, acknowledged: int, reply: str | None
) -> Pending | None:
    try:
        return Pending(
            received=_RECEIVED.decode(received),
            sealed=sealed,
            is_acknowledged=bool(acknowledged),
            reply=None if reply is None else _REPLY.decode(reply),
        )
    except msgspec.DecodeError as error:
        # Left by another version of acore; it must not keep the others from their answer.
        logger.warning("pending interaction {} cannot be read and is left out: {}", interaction, error)
        return None


def _first_number(at: datetime) -> int:
    """Return the lowest number that Discord gives to something made at *at*."""
    return (at - _DISCORD_EPOCH) // timedelta(milliseconds=1) << 22
