"""A list of entries of the journal: a line or a few for each in a terminal, tab-separated when piped."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator
from datetime import date

from acore.actors.phrases import sentence_of
from acore.cli.entries import time_of
from acore.cli.output import is_terminal, say, table, tinted
from acore.events.row import Row

COLUMNS = ("number", "time (UTC)", "from", "what")
WIDE_COLUMNS = ("number", "time (UTC)", "id", "kind", "name", "from", "what")
_NUMBER, _FROM, _LEAST = 6, 9, 20


class Listing:
    """Prints entries one below the other; in a terminal the date is a line of its own when it changes."""

    def __init__(self, *, is_wide: bool = False) -> None:
        """Print the ids and names too if *is_wide*."""
        self._is_wide = is_wide
        self._day: date | None = None

    def begin(self) -> None:
        """Print what stands above the columns, when piped."""
        if not is_terminal():
            say("\t".join(WIDE_COLUMNS if self._is_wide else COLUMNS))

    def show(self, rows: Iterable[Row]) -> None:
        """Print *rows*."""
        if is_terminal() and self._is_wide:
            table(WIDE_COLUMNS, [_wide(row) for row in rows])
            return
        for row in rows:
            if not is_terminal():
                cells = _wide(row) if self._is_wide else _narrow(row)
                say("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in cells))
                continue
            if row.at.date() != self._day:
                self._day = row.at.date()
                say(tinted(f"{self._day} UTC", "dim"))
            for line in drawn(row, shutil.get_terminal_size().columns):
                say(line)


def drawn(row: Row, width: int) -> Iterator[str]:
    """Yield the lines that show *row* in so many columns."""
    head = f"{f'#{row.seq}':>{_NUMBER}} {row.at:%H:%M:%S} {row.source:<{_FROM}} "
    first, *more = textwrap.wrap(sentence_of(row).text, max(_LEAST, width - len(head))) or [""]
    yield f"{tinted(head, 'dim')}{first}"
    for text in more:
        yield f"{' ' * len(head)}{text}"


def _narrow(row: Row) -> list[str]:
    return [str(row.seq), time_of(row), row.source, sentence_of(row).text]


def _wide(row: Row) -> list[str]:
    return [str(row.seq), time_of(row), row.id[:8], row.kind, row.name, row.source, sentence_of(row).text]
