"""What is measured beside what, and how it should come out: rows C1 to C5 and those of the disk."""

from collections.abc import Iterable, Sequence

from acore.bench.runtime.rows import Figure, Goal, Job, Line, Pair, Unit, at_least, at_most
from acore.bench.runtime.shapes import Params

_OURS, _RAW = "acore.bench.journal.ours", "acore.bench.journal.raw"
_SECONDS = 0.5
SLOW = ("C7", "C8")
"""Rows that run a whole bot for a while: measured once, however many rounds there are."""


def lines() -> Sequence[Line]:
    """Return every line of the table, in its order."""
    return (
        *_appended("C1", "NORMAL", {100: at_least(0.35, 0.5), 1000: at_least(0.6, 0.8)}),
        *_appended("C2", "FULL", {100: at_least(0.5, 0.65), 1000: at_least(0.6, 0.8)}),
        _line(
            "C3",
            "one fact until it is durable, p50, beside a commit",
            (_figure("one", _OURS, "p50"), _figure("one", _RAW, "p50")),
            Unit.NANOSECONDS,
            at_most(2, 1.5),
        ),
        _line(
            "C3",
            "the same, beside a commit in a thread, by hand",
            (_figure("one", _OURS, "p50"), _figure("hop", _RAW, "p50")),
            Unit.NANOSECONDS,
        ),
        _line(
            "C4",
            "100 at a time, each until its own is durable, beside single commits",
            (_figure("many", _OURS, "per_second"), _figure("one", _RAW, "per_second")),
            Unit.PER_SECOND,
            at_least(15, 24),
        ),
        _line(
            "C4",
            "the same, beside one commit for all who wait, by hand",
            (_figure("many", _OURS, "per_second"), _figure("grouped", _RAW, "per_second")),
            Unit.PER_SECOND,
        ),
        _line(
            "C5",
            "longest turn of the loop while 100 000 facts are said and written",
            (_figure("stall", _OURS, "stalled"), None),
            Unit.MILLISECONDS,
            at_most(5, 2),
        ),
        _line(
            "C5",
            "the same, beside nothing written",
            (_figure("stall", _OURS, "stalled"), _figure("quiet", _OURS, "stalled")),
            Unit.MILLISECONDS,
        ),
        _line(
            "C7",
            "a command acknowledged, p99, every core actor busy, 500 ms for each sync",
            (_bot("acknowledged", "p99_ms"), None),
            Unit.MILLISECONDS,
            at_most(1000),
        ),
        *_stored(),
    )


def _appended(row: str, level: str, goals: dict[int, Goal]) -> Iterable[Line]:
    what = f"append_{level.lower()}"
    # A commit that does not wait for the disk takes processor time and nothing else.
    key = "busy_per_second" if level == "NORMAL" else "per_second"
    for size, goal in goals.items():
        ours = _figure(what, _OURS, key, size)
        raw = _figure(what, _RAW, key, size)
        bare = _figure(f"bare_{level.lower()}", _RAW, key, size)
        said = f"rows in batches of {size}, {level}"
        yield _line(row, f"{said}, beside SQLite with the same table", (ours, raw), Unit.PER_SECOND, goal)
        yield _line(row, f"{said}, beside a bare table of five columns", (ours, bare), Unit.PER_SECOND)
        said = f"the same, said on the bus, which checks each, {level}"
        spoken = _figure(f"say_{level.lower()}", _OURS, key, size)
        yield _line(row, f"{said}, in batches of {size}", (spoken, raw), Unit.PER_SECOND)


def _stored() -> Iterable[Line]:
    for what, key, unit in (
        ("an entry on the disk, with its indexes", "bytes_per_row", Unit.BYTES),
        ("entries in a day: 50 messages and 1 command a second", "rows_per_day", Unit.TIMES),
        ("the journal's growth in that day", "mib_per_day", Unit.MIB),
        ("written to the disk in that day, the log and the rest included", "written_mib_per_day", Unit.MIB),
    ):
        yield _line("C8", what, (_bot("stored", key), None), unit)


def _line(
    row: str, what: str, pair: tuple[Figure, Figure | None], unit: Unit, goal: Goal | None = None
) -> Line:
    return Line(row=row, what=what, pairs=(Pair(ours=pair[0], reference=pair[1]),), unit=unit, goal=goal)


def _figure(what: str, who: str, key: str, size: int | None = None) -> Figure:
    return Figure(job=Job(what=what, who=who, params=Params(seconds=_SECONDS, messages=size)), key=key)


def _bot(what: str, key: str) -> Figure:
    return Figure(
        job=Job(what=what, who="acore.bench.journal.bot", params=Params(seconds=_BOT_SECONDS)), key=key
    )


_BOT_SECONDS = 40.0
