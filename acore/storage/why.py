"""Why something happened, as far as the journal knows: searches in its indexes, never a scan.

What can be asked for is listed in `WORDS`; what counts as trouble, in `TROUBLES`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec

from acore.errors import AcoreError, ExitCode
from acore.events.row import Row
from acore.events.why import Chain
from acore.record import Record
from acore.storage.query import SELECT, AmbiguousIdError, NoSuchRowError, find, has_table, reading, rows_of
from acore.storage.sqlite import Connection, field

MOST_CAUSES = 200
MOST_CONSEQUENCES = 400
"""So many rows are looked at in each direction: timers make stories that go on for weeks."""
_NEWEST = 2000
"""So many rows of one kind are looked through for the newest that fits."""
_MOST_OPEN = 50
"""So much of what a killed run had under way is told of each kind."""
_SNOWFLAKE_DIGITS = 15


class Trouble(Record):
    """A kind of entry that `last` looks for. `when` is a condition on it, in SQL; blank when all count."""

    name: str
    when: str = ""


TROUBLES: tuple[Trouble, ...] = (
    Trouble(name="actor.exited", when=f"{field('exit')} NOT IN ('normal', 'shutdown', 'ignored')"),
    Trouble(name="run.failed"),
    Trouble(name="run.interruption_found"),
    Trouble(name="interaction.denied"),
    Trouble(name="interaction.closed", when=f"{field('is_answered')} = 0"),
    Trouble(
        name="interaction.replied",
        # Who asks for something that is not known does not hide what went wrong by that.
        when=f"{field('reply.is_error')} = 1 AND NOT EXISTS ("  # noqa: S608 - ours
        "SELECT 1 FROM (SELECT id AS first, payload FROM journal) "
        f"WHERE first = correlation AND {field('command')} = 'ops why')",
    ),
    Trouble(name="part.not_restarted"),
    Trouble(name="effect.failed"),
    Trouble(name="effect.abandoned"),
    Trouble(name="effect.undecided"),
    Trouble(name="settings.refused"),
    Trouble(name="discord.commands_refused"),
    Trouble(name="store.degraded"),
    Trouble(name="journal.filled"),
    Trouble(name="journal.lost"),
    Trouble(name="loop.blocked"),
    Trouble(name="supervisor.silent"),
)
"""What went wrong, or was decided against somebody. Of all of these, `last` is the newest."""

_RESTARTS = (
    Trouble(name="actor.restarting"),
    Trouble(name="part.restarted"),
    Trouble(name="part.not_restarted"),
)
_DENIALS = (Trouble(name="interaction.denied"),)


class NothingFoundError(AcoreError):
    """What was asked for never happened, as far as the journal goes back."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}, as far as the journal goes back")


class NotUnderstoodError(AcoreError):
    """What was asked for is nothing that the journal knows."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, what: str) -> None:
        words = ", ".join(f"`{word}`" for word in WORDS)
        super().__init__(
            f"nothing called {what!r} is known: give an entry's number or id, the number of a command (an "
            f"incident), the name of a part or of a setting, or one of {words}"
        )


def explain(path: Path, what: str, *, is_running: bool) -> Chain:
    """Return why *what* happened, and what came of it.

    Args:
        path: The database.
        what: A number, an id or its first digits, the number of an interaction, a part, a setting, or one of
            `WORDS`.
        is_running: Whether the newest run of the program still goes on.

    Raises:
        NothingFoundError: It never happened.
        NotUnderstoodError: It is nothing that can be asked for.
        AcoreError: The database is not there or cannot be read, or *what* fits several entries.
    """
    with reading(path) as connection:
        return chain(connection, what, is_running=is_running)


def chain(connection: Connection, what: str, *, is_running: bool = True) -> Chain:
    """Return why *what* happened, as `explain` does."""
    meant = _asked(connection, what.strip() or "last", is_running=is_running)
    row = meant.row
    causes, between, is_cut = _causes(connection, row) if meant.has_causes else ([], 0, False)
    found = {one.seq: one for one in (*causes, *meant.beside, row)}
    has_more = _add_consequences(connection, (row,), found, MOST_CONSEQUENCES)
    # What else its causes led to is told if there is room; the nearest first.
    _add_consequences(connection, tuple(reversed(causes)), found, MOST_CONSEQUENCES // 2)
    return Chain(
        asked=row.seq,
        rows=tuple(found[seq] for seq in sorted(found)),
        path=(*(one.seq for one in causes), row.seq),
        between=between,
        is_cut=is_cut,
        has_more=has_more,
        remark=meant.remark,
        headline=meant.headline,
    )


# --- which entry is meant


class Meant(Record):
    """The entry that was asked for.

    Attributes:
        row: The entry.
        remark: What has to be said of the choice.
        headline: What is the answer by itself, before the entry.
        beside: What else belongs to the answer.
        has_causes: Whether what led to the entry belongs to it.
    """

    row: Row
    remark: str = ""
    headline: str = ""
    beside: tuple[Row, ...] = ()
    has_causes: bool = True


def _asked(connection: Connection, what: str, *, is_running: bool) -> Meant:
    """Return the entry that *what* means."""
    if word := WORDS.get(what.lower()):
        return word(connection, is_running)
    if what.isdecimal() and len(what) >= _SNOWFLAKE_DIGITS and (row := _interaction(connection, int(what))):
        return Meant(row=row)
    try:
        return Meant(row=find(connection, what))
    except AmbiguousIdError:
        raise
    except NoSuchRowError:
        if what.isdecimal():
            raise
    if meant := _setting(connection, what.upper()) or _part(connection, what):
        return meant
    raise NotUnderstoodError(what)


def _last(connection: Connection, _is_running: bool) -> Meant:  # noqa: FBT001 - as every word
    return Meant(row=_newest_of(connection, TROUBLES, "nothing went wrong, and nobody was refused anything"))


def _denial(connection: Connection, _is_running: bool) -> Meant:  # noqa: FBT001 - as every word
    return Meant(row=_newest_of(connection, _DENIALS, "nobody was refused anything"))


def _restart(connection: Connection, _is_running: bool) -> Meant:  # noqa: FBT001 - as every word
    return Meant(row=_newest_of(connection, _RESTARTS, "no part was restarted"))


def _stop(connection: Connection, is_running: bool) -> Meant:  # noqa: FBT001 - as every word
    """Return the end of the newest run that is over: in good order, by itself, or without a word."""
    last = f"{SELECT} WHERE seq = (SELECT max(seq) FROM journal)"  # noqa: S608 - ours
    written = rows_of(connection, last, ())
    if written and not is_running:
        newest = written[0]
        said = _newest(connection, Trouble(name="run.failed"), "boot = ?", newest.boot)
        said = said or _newest(connection, Trouble(name="run.ended"), "boot = ?", newest.boot)
        return Meant(row=said) if said is not None else _killed(connection, newest)
    ends = (Trouble(name="run.failed"), Trouble(name="run.ended"), Trouble(name="run.interruption_found"))
    row = _newest_of(connection, ends, "no run of the bot has ended")
    return Meant(
        row=row,
        remark="The bot runs now; this is about the run before.",
        # What led to it is how this run began, not how the other one ended.
        has_causes=row.name != "run.interruption_found",
    )


def _killed(connection: Connection, last: Row) -> Meant:
    """Return what is known of the end of a run that says nothing of it, and what was under way."""
    began = _newest(connection, Trouble(name="run.started"), "boot = ?", last.boot)
    begun = "" if began is None else f", begun at {began.at:%Y-%m-%d %H:%M:%S} UTC,"
    open_rows = tuple(_open(connection, last.boot))
    under_way = "what was under way, and what came last, is below" if open_rows else "what came last is below"
    return Meant(
        row=last,
        beside=open_rows,
        has_causes=False,  # what led to what came last is another question
        headline=(
            f"The last run{begun} left no word of its end: it was killed, or the machine went down, after "
            f"{last.at:%Y-%m-%d %H:%M:%S} UTC, its last sign of life. Nothing has run since that could have "
            f"recorded it; {under_way}."
        ),
    )


def _open(connection: Connection, boot: str) -> Iterator[Row]:
    """Yield what the run *boot* had begun to do outside, and which commands waited for their answer."""
    if not has_table(connection, "outbox"):  # an older acore's
        return
    yield from rows_of(
        connection,
        f"{SELECT} WHERE id IN (SELECT id FROM outbox WHERE boot = ? ORDER BY seq DESC LIMIT ?)",  # noqa: S608 - ours
        (boot, _MOST_OPEN),
    )
    waiting = "SELECT interaction FROM pending WHERE received IS NOT NULL ORDER BY interaction DESC LIMIT ?"
    for (number,) in connection.execute(waiting, (_MOST_OPEN,)).fetchall():
        if row := _interaction(connection, number):
            yield row


WORDS: Mapping[str, Callable[[Connection, bool], Meant]] = MappingProxyType(
    {"last": _last, "denial": _denial, "restart": _restart, "stop": _stop}
)
"""What can be asked for by a word. `last` is the newest that went wrong or was decided against somebody."""


def incidents(connection: Connection, most: int) -> tuple[Row, ...]:
    """Return the newest troubles, at most *most*, the newest first."""
    found = [row for trouble in TROUBLES for row in _newest_rows(connection, trouble, most)]
    return tuple(sorted(found, key=lambda row: -row.seq)[:most])


def _newest_of(connection: Connection, kinds: tuple[Trouble, ...], nothing: str) -> Row:
    found = [row for kind in kinds if (row := _newest(connection, kind)) is not None]
    if not found:
        raise NothingFoundError(nothing)
    return max(found, key=lambda row: row.seq)


def _newest(connection: Connection, kind: Trouble, where: str = "", *values: Any) -> Row | None:  # noqa: ANN401 - SQL's
    rows = _newest_rows(connection, kind, 1, where, *values)
    return rows[0] if rows else None


def _newest_rows(
    connection: Connection,
    kind: Trouble,
    most: int,
    where: str = "",
    *values: Any,  # noqa: ANN401 - SQL's
) -> list[Row]:
    """Return the newest rows of *kind*; when there are conditions, out of a limited number of them."""
    conditions = " AND ".join(one for one in (kind.when, where) if one) or "1"
    return rows_of(
        connection,
        f"SELECT * FROM ({SELECT} WHERE name = ? ORDER BY seq DESC LIMIT ?) WHERE {conditions} "  # noqa: S608 - ours
        "ORDER BY seq DESC LIMIT ?",
        (kind.name, _NEWEST, *values, most),
    )


def _interaction(connection: Connection, number: int) -> Row | None:
    """Return the entry of a command that was used: the audit log knows it by the interaction's number."""
    found = connection.execute("SELECT min(seq) FROM audit WHERE interaction = ?", (number,)).fetchone()
    rows = rows_of(connection, f"{SELECT} WHERE seq = ?", (found[0],))
    return rows[0] if rows else None


def _setting(connection: Connection, key: str) -> Meant | None:
    """Return the entry that last changed the setting *key*, or refused to; None when there is no such."""
    refused = _newest(
        connection,
        Trouble(name="settings.refused"),
        "instr(payload, ?) > 0",
        msgspec.json.encode(key).decode()[1:-1],
    )
    loaded = _newest_rows(connection, Trouble(name="settings.loaded"), _NEWEST)
    values = [(row, value) for row in loaded if (value := _value(row, key)) is not None]
    if not values:
        return None
    newest, (value, source) = values[0]
    if refused is not None and refused.seq > newest.seq:
        return Meant(row=refused, remark=f"{key} is {value} (from {source}) all the same: this was refused.")
    changed = newest
    for row, (before, _) in values[1:]:
        if before != value:
            remark = f"{key} was {before} before, and is {value} (from {source}) since."
            return Meant(row=changed, remark=remark)
        changed = row
    return Meant(
        row=changed,
        remark=f"{key} is {value} (from {source}), as it always was as far as the journal goes back.",
    )


def _value(row: Row, key: str) -> tuple[str, str] | None:
    """Return value and source of the setting *key* in a row of `settings.loaded`."""
    try:
        settings = msgspec.json.decode(row.payload, type=_Loaded).facts.settings
    except msgspec.DecodeError:  # another acore wrote it, or the disk has spoilt it
        return None
    return next(((str(one.value), str(one.source)) for one in settings if one.key == key), None)


class _Setting(msgspec.Struct):
    key: str
    value: Any = None
    source: Any = None


class _Facts(msgspec.Struct):
    settings: tuple[_Setting, ...] = ()


class _Loaded(msgspec.Struct):
    """What is taken from a fact of `settings.loaded`, of whatever version."""

    facts: _Facts = msgspec.field(default_factory=_Facts)


def _part(connection: Connection, name: str) -> Meant | None:
    """Return the last end of the part *name*, or else its last start; None when it is not known."""
    for kind in ("actor.exited", "actor.started"):
        row = _newest(connection, Trouble(name=kind), f"{field('actor')} = ?", name)
        if row is not None:
            is_end = kind == "actor.exited"
            return Meant(row=row, remark="" if is_end else "It has not ended since, so this is its start.")
    return None


# --- what led to it, and what came of it


def _causes(connection: Connection, row: Row) -> tuple[list[Row], int | None, bool]:
    """Return what led to *row*, the first cause first; how many between are left out; whether it is cut."""
    nearest_first: list[Row] = []
    seen = {row.id}
    at = row
    while at.cause and at.cause not in seen:
        if len(nearest_first) == MOST_CAUSES:
            first = _by_id(connection, row.correlation)
            return [*first, *reversed(nearest_first)], None, not first
        above = _by_id(connection, at.cause)
        if not above:
            return nearest_first[::-1], 0, True
        (at,) = above
        seen.add(at.id)
        nearest_first.append(at)
    return nearest_first[::-1], 0, False


def _by_id(connection: Connection, row_id: str) -> list[Row]:
    return rows_of(connection, f"{SELECT} WHERE id = ?", (row_id,))


def _add_consequences(connection: Connection, of: tuple[Row, ...], found: dict[int, Row], most: int) -> bool:
    """Add to *found* what came of each row of *of*, at most *most*; return whether there is more."""
    added = 0
    level: list[Row] = list(of)
    while level:
        following: list[Row] = []
        for row in level:
            for below in _came_of(connection, row, most - added + 1):
                if below.seq in found:
                    continue
                if added == most:
                    return True
                found[below.seq] = below
                following.append(below)
                added += 1
        level = following
    return False


def _came_of(connection: Connection, row: Row, most: int) -> Iterator[Row]:
    # The second condition is the index's own: without it SQLite would not use it.
    yield from rows_of(
        connection, f"{SELECT} WHERE cause = ? AND cause <> '' ORDER BY seq LIMIT ?", (row.id, most)
    )
