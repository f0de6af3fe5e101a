"""Interactions that still want an answer, and those that can have none any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from loguru import logger

from acore.events.base import Message
from acore.events.catalog import CATALOG, Catalog
from acore.events.discord import (
    INTERACTION_LIFE,
    InteractionClosed,
    InteractionReceived,
    InteractionReplied,
    Pending,
)
from acore.events.upcast import UnreadableMessageError
from acore.storage.sqlite import Connection

# Discord counts from here, in milliseconds above the lowest 22 bits (Discord, Reference, Snowflakes).
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


def pending(connection: Connection, catalog: Catalog = CATALOG) -> tuple[Pending, ...]:
    """Return the open interactions, oldest first (their numbers begin with the time)."""
    return tuple(one for row in _rows(connection) if (one := _decoded(catalog, *row)) is not None)


def forget_orphans(connection: Connection) -> None:
    """Delete seals of interactions that were never received: their run was killed in that moment."""
    connection.execute("DELETE FROM pending WHERE received IS NULL")


def unanswerable(connection: Connection, now: datetime) -> tuple[InteractionClosed, ...]:
    """Return the ends of what is too old at *now* to be answered, and cannot be read.

    What can be read the gateway ends, also when it is too old. Either way the journal tells of it.
    """
    # The version that can read the others may come back while there is time for an answer.
    too_old = _first_number(now - timedelta(seconds=INTERACTION_LIFE))
    return tuple(
        InteractionClosed(
            interaction=row[0],
            is_answered=False,
            reason="it was left by another version of acore, which this one cannot read, "
            "and is too old to be answered",
            seconds=(now - _made(row[0])).total_seconds(),
        )
        for row in _rows(connection)
        if row[0] < too_old and _decoded(CATALOG, *row) is None
    )


def _rows(connection: Connection) -> list[Any]:
    return connection.execute(
        "SELECT interaction, received_name, received_version, received, sealed, acknowledged, "
        "replied_name, replied_version, replied FROM pending "
        "WHERE received IS NOT NULL ORDER BY interaction"
    ).fetchall()


def _decoded(  # noqa: PLR0917 - a row's columns have places
    catalog: Catalog,
    interaction: int,
    received_name: str,
    received_version: int,
    received: str,
    sealed: str,
    acknowledged: int,
    replied_name: str,
    replied_version: int,
    replied: str | None,
) -> Pending | None:
    try:
        asked = _read(catalog, InteractionReceived, received_name, received_version, received)
    except UnreadableMessageError as error:
        # Left by another version of acore; it must not keep the others from their answer.
        logger.warning("pending interaction {} cannot be read and is left out: {}", interaction, error)
        return None
    answer = None
    try:
        if replied is not None:
            answer = _read(catalog, InteractionReplied, replied_name, replied_version, replied).reply
    except UnreadableMessageError as error:
        # Asked again, or told that it was interrupted: both are better than silence.
        logger.warning("the reply to pending interaction {} cannot be read: {}", interaction, error)
    return Pending(received=asked, sealed=sealed, is_acknowledged=bool(acknowledged), reply=answer)


def _read[M: Message](catalog: Catalog, kind: type[M], name: str, version: int, payload: str) -> M:
    """Return what was recorded, as it reads today.

    Raises:
        UnreadableMessageError: It cannot be read here, or is something else by now.
    """
    message = catalog.decode(name, version, payload.encode())
    if not isinstance(message, kind):
        raise UnreadableMessageError(name, version, f"it has become {type(message).__name__}")
    return message


def _first_number(at: datetime) -> int:
    """Return the lowest number that Discord gives to something made at *at*."""
    return (at - _DISCORD_EPOCH) // timedelta(milliseconds=1) << 22


def _made(number: int) -> datetime:
    """Return when Discord gave *number* to something."""
    return _DISCORD_EPOCH + timedelta(milliseconds=number >> 22)
