"""Why something happened, in sentences: the same for the command line and for Discord."""

from collections.abc import Iterator

from acore.actors.narrator import GROUPS, PARTS
from acore.actors.phrases import Sentence, Weight, answer_text, duration, sentence_of
from acore.clock import NANOSECONDS
from acore.events.base import Kind, outcome_id
from acore.events.row import Row
from acore.events.why import Account, Chain, Line

MOST_LINES = 15
_DONE = "effect.done"


def part_meant(what: str) -> str:
    """Return the name of the part that operators call *what*; *what* itself when it is none."""
    wanted = what.strip().lower()
    names = {called.lower(): name for name, called in (*PARTS.items(), *GROUPS.items())}
    names |= {called.removeprefix("the "): name for called, name in names.items()}
    return names.get(wanted, what)


def tell(what: str, chain: Chain, *, most: int | None = MOST_LINES) -> Account:
    """Return *chain* in sentences.

    What led to the entry is told in any case; of the rest, outcomes and failures come before effects, those
    before decisions, and facts last. Details are told when there is room for all.

    Args:
        what: What was asked.
        chain: What was found.
        most: How many lines at most; None for all.
    """
    return _Telling(chain).account(what, most)


class _Telling:
    """One chain while it is told."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._by_id = {row.id: row for row in chain.rows}
        self._below: dict[str, list[Row]] = {}
        for row in chain.rows:
            self._below.setdefault(row.cause, []).append(row)
        self._path = frozenset(chain.path)
        self._sentences: dict[int, Sentence] = {}

    def account(self, what: str, most: int | None) -> Account:
        rows = [row for row in self._chain.rows if not self._is_folded(row)]
        shown, skipped = self._chosen(rows, len(rows) if most is None else most)
        lines = tuple(self._lines(shown))
        return Account(
            what=what,
            lines=lines,
            left_out=len(rows) - len(lines) - skipped,
            is_more=self._chain.has_more,
            notes=tuple(self._notes(skipped)),
        )

    def _notes(self, skipped: int) -> Iterator[str]:
        chain = self._chain
        if chain.remark:
            yield chain.remark
        if chain.is_cut:
            yield "Earlier causes are no longer kept."
        if chain.between is None:
            yield "Between the first line and the second lie causes that are not shown."
        elif skipped:
            yield f"Between the first line and the second lie {skipped} causes that are not shown."

    # --- what is told

    def _chosen(self, rows: list[Row], most: int) -> tuple[set[int], int]:
        """Return the rows that are told, by number, and how many of the causes are not."""
        path = list(self._chain.path)
        if (skipped := max(0, len(path) - most)) > 0:
            path = [path[0], *path[skipped + 1 :]]
        shown = set(path)
        own = self._below_asked()
        if len(rows) - skipped > most:
            rows = [row for row in rows if self._sentence(row).weight < Weight.DETAIL]
        for row in sorted(rows, key=lambda row: (self._sentence(row).weight + (row.seq not in own), row.seq)):
            missing = [one for one in self._up(row) if one.seq not in shown]
            if row.seq not in self._path and len(shown) + len(missing) <= most:
                shown.update(one.seq for one in missing)
        return shown, skipped

    def _below_asked(self) -> set[int]:
        found: set[int] = set()
        level = [row for row in self._chain.rows if row.seq == self._chain.asked]
        while level:
            found.update(row.seq for row in level)
            level = [
                below for row in level for below in self._below.get(row.id, ()) if below.seq not in found
            ]
        return found

    def _up(self, row: Row) -> Iterator[Row]:
        """Yield *row* and what led to it, up to the causes of what was asked; the nearest first."""
        at: Row | None = row
        seen: set[int] = set()
        while at is not None and at.seq not in self._path and at.seq not in seen:
            seen.add(at.seq)
            if not self._is_folded(at):
                yield at
            at = self._by_id.get(at.cause)

    def _is_folded(self, row: Row) -> bool:
        """Return whether *row* is told in the line of its cause."""
        if row.seq == self._chain.asked or row.cause not in self._by_id:
            return False
        return row.kind in {Kind.REPLY, Kind.NO_REPLY} or row.name == _DONE

    # --- how it is told

    def _lines(self, shown: set[int]) -> Iterator[Line]:
        first = next((row for row in self._chain.rows if row.seq in shown), None)
        roots = [row for row in self._chain.rows if row.seq in shown and self._above(row, shown) is None]
        waiting = [(row, 0) for row in reversed(roots)]
        under: dict[int, list[Row]] = {}
        for row in self._chain.rows:
            if row.seq in shown and (above := self._above(row, shown)) is not None:
                under.setdefault(above, []).append(row)
        while waiting and first is not None:
            row, depth = waiting.pop()
            yield Line(
                seq=row.seq,
                at=row.at,
                after=seconds_between(first, row),
                depth=depth,
                text=self._text(row),
                is_asked=row.seq == self._chain.asked,
            )
            waiting += [(below, depth + 1) for below in reversed(under.get(row.seq, ()))]

    def _above(self, row: Row, shown: set[int]) -> int | None:
        """Return the nearest cause of *row* that is told; across causes that are not, the one before them."""
        at = self._by_id.get(row.cause)
        seen = {row.seq}
        while at is not None and at.seq not in seen:
            if at.seq in shown:
                return at.seq
            seen.add(at.seq)
            at = self._by_id.get(at.cause)
        first = self._chain.path[0]
        return first if row.seq in self._path and row.seq != first and first in shown else None

    def _text(self, row: Row) -> str:
        text = self._sentence(row).text
        match row.kind:
            case Kind.COMMAND:
                return f"{text.removesuffix('.')}{reply}" if (reply := self._reply(row)) else text
            case Kind.EFFECT:
                return f"{text.removesuffix('.')}{self._outcome(row)}"
            case _:
                return text

    def _reply(self, command: Row) -> str:
        replies = [row for row in self._below.get(command.id, ()) if row.kind in {Kind.REPLY, Kind.NO_REPLY}]
        if not replies:
            return ""
        return f" → {answer_text(replies[-1])}, after {duration(seconds_between(command, replies[-1]))}."

    def _outcome(self, effect: Row) -> str:
        outcome = self._by_id.get(outcome_id(effect.id))
        if outcome is None:
            # What was not looked at may have one.
            return "." if self._chain.has_more else " → no outcome yet."
        took = duration(seconds_between(effect, outcome))
        return f" → done, after {took}." if outcome.name == _DONE else f" → it took {took}."

    def _sentence(self, row: Row) -> Sentence:
        if row.seq not in self._sentences:
            self._sentences[row.seq] = sentence_of(row)
        return self._sentences[row.seq]


def seconds_between(first: Row, second: Row) -> float:
    """Return the seconds from *first* to *second*: within one run by the clock that is never set."""
    if first.boot == second.boot:
        return (second.mono_ns - first.mono_ns) / NANOSECONDS
    return (second.wall_ns - first.wall_ns) / NANOSECONDS


def left_out(account: Account) -> str:
    """Return how much is not told, in words; blank when nothing is."""
    if not account.left_out and not account.is_more:
        return ""
    if not account.left_out:
        return "… and more"
    return f"… and {'more than ' if account.is_more else ''}{account.left_out} more"
