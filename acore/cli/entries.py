"""Entries of the journal in words."""

from acore.actors.narrator import line_of
from acore.cli.output import is_json, raw
from acore.events.base import Event, Kind
from acore.events.catalog import CATALOG
from acore.events.upcast import UnreadableMessageError
from acore.storage.query import Row


def time_of(row: Row) -> str:
    """Return when *row* was sent, UTC, to the millisecond."""
    return f"{row.at:%Y-%m-%d %H:%M:%S}.{row.at.microsecond // 1000:03}"


def why_unknown(row: Row) -> str:
    """Return why what *row* says is not understood here; blank when it is."""
    if not is_json(row.payload):
        return "what it says is no JSON any more, so it is shown as it is; `acore journal verify` tells more"
    if CATALOG.knows(row.name, row.version):
        return ""
    lineage = CATALOG.lineage(row.name)
    known = "nothing of that name" if lineage is None else f"version {lineage.version} of it"
    return f"another acore wrote it; this one knows {known}, so it is shown as it was recorded"


def sentence_of(row: Row) -> str:
    """Return the sentence that the log has for *row*; blank when it has none."""
    if row.kind != Kind.EVENT:
        return ""
    try:
        messages = CATALOG.read(row.name, row.version, row.payload.encode())
    except UnreadableMessageError:
        return ""  # another acore wrote it: its content is shown as it is
    lines = (line_of(message) for message in messages if isinstance(message, Event))
    return " ".join(line.text for line in lines if line is not None)


def public(row: Row) -> dict[str, object]:
    """Return *row* with its payload as JSON, not as text that holds JSON, and whether it is understood."""
    fields: dict[str, object] = {name: getattr(row, name) for name in row.__struct_fields__}
    return {
        **fields,
        "at": row.at,
        "payload": raw(row.payload),
        "is_known": CATALOG.knows(row.name, row.version),
    }
