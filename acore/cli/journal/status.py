"""`acore journal status`: the journal in figures."""

from collections.abc import Sequence
from pathlib import Path

import click

from acore.actors.narrator import span
from acore.cli.journal.place import Place
from acore.cli.output import as_json, pairs
from acore.cli.run import data_option
from acore.clock import RealClock, instant
from acore.storage.overview import Overview, Removed, overview

_REASONS = {"age": "were old", "size": "were too much", "lost": "were LOST"}


@click.command()
@data_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(place: Place, data: Path | None, *, is_json: bool) -> None:
    """Tell how big the journal is, how far it reaches, and what is missing of it."""
    path = place.database(data)
    seen = overview(path)
    if is_json:
        fields = {name: getattr(seen, name) for name in seen.__struct_fields__}
        as_json({"database": str(path.absolute()), **fields})
        return
    facts = {
        "database": str(path.absolute()),
        "size": _size(seen),
        "entries": f"{seen.rows}" + (f", {seen.bytes_per_row} bytes each" if seen.bytes_per_row else ""),
        "oldest": _entry(seen.first_seq, seen.first_ns),
        "newest": _entry(None if seen.last_ns is None else seen.last_seq, seen.last_ns),
        "mark": _mark(seen),
        "removed": removals(seen.removed) or "nothing",
        "owed": f"{seen.pending_effects} effects without an outcome",
        "not written": f"{seen.quarantined} entries in quarantine" if seen.quarantined else "",
        "runs": f"{seen.epoch} so far; {seen.writer} may write" if seen.writer else "none so far",
        "schema": f"{seen.schema}",
        "moved aside": ", ".join(seen.set_aside),
    }
    pairs({name: text for name, text in facts.items() if text})


def _size(seen: Overview) -> str:
    free = f" ({_megabytes(seen.free_bytes)} of it free to be used again)" if seen.free_bytes else ""
    log = f", and {_megabytes(seen.log_bytes)} in its log" if seen.log_bytes else ""
    return f"{_megabytes(seen.file_bytes)}{free}{log}"


def _entry(seq: int | None, wall_ns: int | None) -> str:
    if seq is None or wall_ns is None:
        return "none"
    at = instant(wall_ns)
    ago = span(max(0.0, (RealClock().now() - at).total_seconds()))
    return f"number {seq}, {at:%Y-%m-%d %H:%M:%S} UTC, {ago} ago"


def _mark(seen: Overview) -> str:
    if seen.mark is None:
        return seen.mark_problem
    if seen.mark.seq > seen.last_seq:
        return f"number {seen.mark.seq}, which is MISSING: `acore journal verify` tells more"
    at = instant(seen.mark.wall_ns)
    return f"number {seen.mark.seq}, written down {at:%Y-%m-%d %H:%M:%S} UTC"


def removals(removed: Sequence[Removed]) -> str:
    """Return in words what is not in the journal any more; blank when that is nothing."""
    return "; ".join(map(_removed, removed))


def _removed(one: Removed) -> str:
    why = _REASONS.get(one.reason, one.reason)
    most = "up to " if one.reason == "lost" else ""
    at = instant(one.wall_ns)
    return f"{most}{one.rows} {why} (numbers {one.first_seq} to {one.last_seq}, {at:%Y-%m-%d %H:%M:%S} UTC)"


def _megabytes(size: int) -> str:
    return f"{size / 2**20:.1f} MB"
