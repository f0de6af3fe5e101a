"""`acore journal purge`: remove now what is old or too much."""

from pathlib import Path

import click

from acore.cli.journal.hands import limits_of
from acore.cli.journal.hands import purge as remove
from acore.cli.journal.place import Place
from acore.cli.output import as_json, progress_bar, say
from acore.cli.run import data_option
from acore.events.store import PurgeOutcome
from acore.storage.query import last_seq


@click.command()
@data_option
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def purge(place: Place, data: Path | None, *, dry_run: bool, is_json: bool) -> None:
    """Remove entries that are older than JOURNAL_RETENTION_DAYS, or more than JOURNAL_MAX_MB allows.

    The bot does so by itself every ten minutes; it may be running or not. What an action without an outcome,
    a pin, or a replay of what runs now needs stays.
    """
    limits = limits_of(place.config, place.env_file)
    with progress_bar("removing", last_seq(place.database(data))) as tell:
        outcome = remove(place.directory(data), limits, tell, is_trial=dry_run)
    if is_json:
        fields = {name: getattr(outcome, name) for name in outcome.__struct_fields__ if name != "problem"}
        as_json({**fields, "is_trial": dry_run})
    else:
        say(words(outcome, is_trial=dry_run))


def words(outcome: PurgeOutcome, *, is_trial: bool) -> str:
    """Return what was, or would be, removed in a sentence or two."""
    done = "would be removed" if is_trial else "removed"
    used = f"{outcome.used_bytes / 2**20:.1f} MB are in use."
    held = f" More cannot go: {outcome.held_by} needs the rest." if outcome.held_by else ""
    if not outcome.rows:
        return f"Nothing {'would be' if is_trial else 'was'} removed; {used}{held}"
    about = "About " if is_trial and "size" in outcome.reason else ""
    which = f"up to number {outcome.last_seq} ({outcome.reason})"
    entries = "entry" if outcome.rows == 1 else "entries"
    return f"{about}{outcome.rows} {entries} {done}, {which}; {used}{held}"
