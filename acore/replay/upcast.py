"""Brings the rows of a journal up to today's versions before they are replayed."""

from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from acore.events.base import Kind
from acore.events.catalog import Catalog
from acore.events.upcast import UnknownMessageError, UnreadableMessageError
from acore.record import Record
from acore.storage.query import Row

type Unknown = Literal["stop", "skip"]
"""What becomes of a replay that meets a message whose name or version is not known."""


class Skipped(Record):
    """A row that nobody here can read, and that was left out."""

    seq: int
    name: str
    version: int


class Renewed(Record):
    """Rows as they would have been recorded today.

    `parts` has, by the id of the row that stands for them, what became of one that was split; `reshaped`
    the ids of what was handled with other outputs than one for one, so that ids no longer match.
    """

    rows: tuple[Row, ...]
    parts: dict[str, tuple[Row, ...]]
    reshaped: frozenset[str]
    skipped: tuple[Skipped, ...]


def renew(rows: Iterable[Row], actor: str, catalog: Catalog, *, unknown: Unknown) -> Renewed:
    """Return *rows* with all that may concern *actor* in today's versions.

    Args:
        rows: The journal.
        actor: Who is replayed.
        catalog: The messages of today.
        unknown: Whether an unknown message is an error, or left out and told of.

    Raises:
        UnknownMessageError: A message's name or version is not known.
        UnreadableMessageError: An old message does not fit, or an upcaster failed.
    """
    kept: list[Row] = []
    parts: dict[str, tuple[Row, ...]] = {}
    reshaped: set[str] = set()
    skipped: list[Skipped] = []
    for row in rows:
        try:
            made = _renewed(row, catalog) if _concerns(row, actor) else (row,)
        except UnreadableMessageError as error:
            if unknown == "stop" or not isinstance(error, UnknownMessageError):
                error.add_note(f"It is entry {row.seq} of the journal.")
                raise
            skipped.append(Skipped(seq=row.seq, name=row.name, version=row.version))
            made = ()
        kept += made[:1]
        if len(made) != 1:
            reshaped.add(row.cause)
        if len(made) > 1:
            parts[row.id] = made
            reshaped.add(row.id)
    return Renewed(rows=tuple(kept), parts=parts, reshaped=frozenset(reshaped - {""}), skipped=tuple(skipped))


def _concerns(row: Row, actor: str) -> bool:
    """Return whether *actor* said or may have been told *row*: of an unknown event nobody knows who was."""
    return row.kind == Kind.EVENT or actor in {row.source, row.target}


def _renewed(row: Row, catalog: Catalog) -> tuple[Row, ...]:
    wire = catalog.named(row.name)
    if wire is not None and (wire.name, wire.version) == (row.name, row.version):
        return (row,)
    if not catalog.knows(row.name, row.version):
        lineage = catalog.lineage(row.name)
        raise UnknownMessageError(row.name, row.version, lineage.version if lineage else None)
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
