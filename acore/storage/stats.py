"""What a journal holds, in figures: how many entries of which kind, from whom, of which day, how large."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from acore.clock import NANOSECONDS, instant
from acore.record import Record
from acore.storage.query import reading

_PAGE = 100_000
_DAY = 86_400 * NANOSECONDS


class Share(Record):
    """Some of the journal. `size` is in bytes of content; the file has the indexes besides."""

    entries: int
    size: int


class Wire(Record):
    """A kind of entry as it was recorded."""

    name: str
    version: int
    kind: str


class Figures(Record):
    """All of the journal, divided in three ways."""

    whole: Share
    kinds: dict[Wire, Share]
    sources: dict[str, Share]
    days: dict[str, Share]


def figures(path: Path, on_page: Callable[[int, int], None] = lambda _done, _total: None) -> Figures:
    """Return what the journal holds; read in pages, none of which holds up the bot.

    Args:
        path: The database.
        on_page: Told how many numbers of how many were looked at.

    Raises:
        AcoreError: The database is not there or cannot be read, and why.
    """
    entries: Counter[Wire | str | int | None] = Counter()
    sizes: Counter[Wire | str | int | None] = Counter()
    kinds: set[Wire] = set()
    sources: set[str] = set()
    days: set[int] = set()
    with reading(path) as connection:
        first, last = connection.execute("SELECT min(seq), max(seq) FROM journal").fetchone()
        after, total = (first or 1) - 1, (last or 0) - (first or 1) + 1
        while after < (last or 0):
            page = connection.execute(
                "SELECT CAST(name AS TEXT), CAST(version AS INTEGER), CAST(kind AS TEXT), "
                "CAST(source AS TEXT), CAST(wall_ns AS INTEGER) / ?, count(*), "
                "sum(length(CAST(payload AS BLOB))) FROM journal WHERE seq > ? AND seq <= ? "
                "GROUP BY 1, 2, 3, 4, 5",
                (_DAY, after, after + _PAGE),
            ).fetchall()
            for name, version, kind, source, day, count, size in page:
                wire = Wire(name=name, version=version, kind=kind)
                kinds.add(wire)
                sources.add(source)
                days.add(day)
                for one in (None, wire, source, day):
                    entries[one] += count
                    sizes[one] += size
            after += _PAGE
            on_page(min(after - first + 1, total), total)

    def share(one: Wire | str | int | None) -> Share:
        return Share(entries=entries[one], size=sizes[one])

    return Figures(
        whole=share(None),
        kinds={wire: share(wire) for wire in sorted(kinds, key=lambda wire: -sizes[wire])},
        sources={source: share(source) for source in sorted(sources, key=lambda source: -sizes[source])},
        days={f"{instant(day * _DAY):%Y-%m-%d}": share(day) for day in sorted(days)},
    )
