"""Brings rows of a journal up to today's versions, and finds what nobody here can read."""

from collections.abc import Iterator
from typing import Literal

from msgspec.structs import replace

from acore.events.base import Kind
from acore.events.catalog import Catalog
from acore.events.upcast import UnknownMessageError, UnreadableMessageError
from acore.replay.report import Skipped
from acore.replay.source import Named, Source
from acore.storage.query import Row

type Unknown = Literal["stop", "skip"]
"""What becomes of a replay that meets a message whose name or version is not known."""


def strangers(source: Source, actor: str, catalog: Catalog, *, unknown: Unknown) -> tuple[Skipped, ...]:
    """Return the rows that may concern *actor* and are of a name or version that is not known.

    Args:
        source: The journal.
        actor: Who is replayed.
        catalog: The messages of today.
        unknown: Whether there may be any.

    Raises:
        UnknownMessageError: There is one, and there may not be.
    """
    found: list[Skipped] = []
    for named in source.names():
        if catalog.knows(named.name, named.version):
            continue
        for row in _concerning(source, named, actor):
            if unknown == "stop":
                raise noted(_unknown(row, catalog), row)
            found.append(Skipped(seq=row.seq, name=row.name, version=row.version))
    return tuple(sorted(found, key=lambda one: one.seq))


def renewed(row: Row, catalog: Catalog) -> tuple[Row, ...]:
    """Return *row* as it would have been recorded today: usually one; several if it was split, or none.

    Raises:
        UnknownMessageError: Its name or version is not known.
        UnreadableMessageError: It does not fit, or an upcaster failed.
    """
    try:
        return _renewed(row, catalog)
    except UnreadableMessageError as error:
        raise noted(error, row) from error.__cause__


def noted[E: Exception](error: E, row: Row) -> E:
    """Return *error* with a note of which row it is about."""
    error.add_note(f"It is entry {row.seq} of the journal.")
    return error


def _concerning(source: Source, named: Named, actor: str) -> Iterator[Row]:
    """Yield the rows of one kind that *actor* said or may have been told; an event may be anybody's."""
    for page in source.of_name(named):
        yield from (row for row in page if row.kind == Kind.EVENT or actor in {row.source, row.target})


def _unknown(row: Row, catalog: Catalog) -> UnknownMessageError:
    lineage = catalog.lineage(row.name)
    return UnknownMessageError(row.name, row.version, lineage.version if lineage else None)


def _renewed(row: Row, catalog: Catalog) -> tuple[Row, ...]:
    wire = catalog.named(row.name)
    if wire is not None and (wire.name, wire.version) == (row.name, row.version):
        return (row,)
    if not catalog.knows(row.name, row.version):
        raise _unknown(row, catalog)
    if row.kind in {Kind.REPLY, Kind.NO_REPLY}:
        if wire is None:  # the command is retired, and with it its replies
            return ()
        payload = row.payload
        if row.kind == Kind.REPLY:
            reply = catalog.decode_reply(row.name, payload.encode(), version=row.version)
            payload = catalog.encode_reply(wire.cls, reply).decode()
        return (replace(row, name=wire.name, version=wire.version, payload=payload),)
    made: list[Row] = []
    for message in catalog.read(row.name, row.version, row.payload.encode()):
        today = catalog.of(type(message))
        own = f"{row.id}+{len(made)}" if made else row.id
        payload = catalog.encode(message).decode()
        made.append(replace(row, id=own, name=today.name, version=today.version, payload=payload))
    return tuple(made)
