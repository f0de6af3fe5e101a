"""`acore events stats`: what the journal holds, in figures."""

from pathlib import Path

import click

from acore.cli.output import as_json, progress_bar, say, table, tinted
from acore.events.catalog import CATALOG
from acore.storage.query import last_seq
from acore.storage.stats import Figures, Share, Wire, figures


@click.command()
@click.option("--json", "is_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def stats(path: Path, *, is_json: bool) -> None:
    """Count the journal's entries and bytes: by kind, by who said them, and by day.

    Kinds that this acore does not know are counted too. Bytes are those of the content; the file has its
    indexes and tables besides.
    """
    with progress_bar("counting", last_seq(path)) as tell:
        found = figures(path, lambda done, _total: tell(done))
    if is_json:
        as_json(_for_machines(found))
        return
    say(f"{found.whole.entries} entries, {found.whole.size} bytes of content")
    kinds = [[*_cells(share, found), _name(wire), wire.kind] for wire, share in found.kinds.items()]
    for title, columns, rows in (
        ("by kind", ("name", "kind"), kinds),
        ("by source", ("from",), [[*_cells(share, found), one] for one, share in found.sources.items()]),
        ("by day (UTC)", ("day",), [[*_cells(share, found), day] for day, share in found.days.items()]),
    ):
        say(tinted(f"\n{title}", "dim"))
        table(("entries", "bytes", "share", *columns), rows)


def _cells(share: Share, found: Figures) -> list[str]:
    part = 100 * share.size / found.whole.size if found.whole.size else 0.0
    return [str(share.entries), str(share.size), f"{part:.1f} %"]


def _name(wire: Wire) -> str:
    return wire.name if CATALOG.knows(wire.name, wire.version) else f"{wire.name} (not known here)"


def _for_machines(found: Figures) -> dict[str, object]:
    def of(share: Share) -> dict[str, int]:
        return {"entries": share.entries, "bytes": share.size}

    return {
        **of(found.whole),
        "kinds": [
            {
                "name": wire.name,
                "version": wire.version,
                "kind": wire.kind,
                "is_known": CATALOG.knows(wire.name, wire.version),
                **of(share),
            }
            for wire, share in found.kinds.items()
        ],
        "sources": {source: of(share) for source, share in found.sources.items()},
        "days": {day: of(share) for day, share in found.days.items()},
    }
