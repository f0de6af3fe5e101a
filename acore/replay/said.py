"""The rows of what one actor said and asked, taken one after the other as its handlers come to them."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from acore.events.base import Message
from acore.events.catalog import Catalog
from acore.replay.life import SAID_OF_ONESELF
from acore.replay.upcast import renewed
from acore.runtime.actor import Output
from acore.runtime.driver import loop_in_place, put_in_place
from acore.storage.query import Row

_END = 1 << 62


class Sayings:
    """What an actor said, in order and in today's versions: the next thing can be looked at, and more.

    `seq` and `cause` are those of the next one, beyond all numbers at the end. Of what was said about one
    message and changed its number of parts since, the ids are not those of today: `reshaped` has its id.
    """

    def __init__(
        self, pages: Iterator[Sequence[Row]], catalog: Catalog, unknown: Iterable[tuple[str, int]]
    ) -> None:
        """Read *pages* as they are needed; *unknown* names and versions are left out."""
        self._pages = pages
        self._catalog = catalog
        self._plain: dict[tuple[str, int], bool] = dict.fromkeys(unknown, False)
        self._unknown = frozenset(self._plain)
        self._rows: deque[Row] = deque()
        self._names: dict[type[Message], str] = {}
        self.reshaped: set[str] = set()
        self.seq = _END
        self.cause = ""
        self._show()

    def take(self) -> Row | None:
        """Return the next one and go on; None at the end."""
        if not self._fill(1):
            return None
        row = self._rows.popleft()
        self._show()
        return row

    def peek(self) -> Row | None:
        """Return the next one; None at the end."""
        return self._rows[0] if self._fill(1) else None

    def agrees(self, cause: str, outputs: Sequence[Output]) -> bool:
        """Return whether all that was said of *cause* is *outputs*, to the letter; if so, go on behind it."""
        rows, count = self._rows, len(outputs)
        if len(rows) <= count and not self._fill(count + 1) and len(rows) < count:
            return False
        names = self._names
        for row, output in zip(rows, outputs, strict=False):
            if (
                row.id != output.id
                or row.payload != output.payload.decode()
                or row.name != (names.get(type(output.message)) or self._name(type(output.message)))
                or row.kind != output.kind
                or output.delay is not None
                or row.cause != cause
            ):
                return False
        if len(rows) == count:
            rows.clear()
            self._show()
            return True
        following = rows[count]
        if following.cause == cause:
            return False
        for _ in outputs:
            rows.popleft()
        self.seq, self.cause = following.seq, following.cause
        return True

    def _name(self, cls: type[Message]) -> str:
        name = self._names[cls] = self._catalog.of(cls).name
        return name

    def ahead(self) -> Iterator[tuple[int, Row]]:
        """Yield all that comes, each with its place in the line, for as long as it is asked for."""
        index = 0
        while self._fill(index + 1):
            yield index, self._rows[index]
            index += 1

    def pull(self, index: int) -> Row:
        """Take out the one at this place in the line, before its turn."""
        row = self._rows[index]
        del self._rows[index]
        self._show()
        return row

    def drop(self, count: int) -> Sequence[Row]:
        """Take out the next *count* and return them."""
        gone = tuple(islice(self._rows, count))
        for _ in gone:
            self._rows.popleft()
        self._show()
        return gone

    def _show(self) -> None:
        if self._rows or self._fill(1):
            self.seq, self.cause = self._rows[0].seq, self._rows[0].cause
        else:
            self.seq, self.cause = _END, ""

    def _fill(self, count: int) -> bool:
        while len(self._rows) < count:
            loop = loop_in_place()
            put_in_place(None)  # it is not the handlers that read
            try:
                page = next(self._pages, None)
            finally:
                put_in_place(loop)
            if page is None:
                return False
            self._rows.extend(row for one in page for row in self._today(one))
        return True

    def _today(self, row: Row) -> Sequence[Row]:
        own = row.name, row.version
        plain = self._plain.get(own)
        if plain is None:
            wire = self._catalog.named(row.name)
            plain = self._plain[own] = wire is not None and (wire.name, wire.version) == own
        if plain:
            return () if row.name in SAID_OF_ONESELF else (row,)
        if own in self._unknown:
            made: Sequence[Row] = ()
        else:
            made = renewed(row, self._catalog)
        if len(made) != 1:
            self.reshaped.add(row.cause)
        return made
