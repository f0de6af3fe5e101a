"""What an actor believed at a moment of the past: its state then, folded from the newest snapshot before."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from acore.errors import AcoreError, ExitCode
from acore.record import Record
from acore.replay.engine import Span, Step, replay
from acore.replay.life import EXITED, STARTED, field
from acore.replay.source import Boot, Facts, Part, Source, Wanted
from acore.runtime.actor import Actor
from acore.storage.query import Row


class Entry(Record):
    """An entry of the journal, and when it was written."""

    seq: int
    at: datetime


class Belief(Record):
    """What one actor believed at a moment.

    Attributes:
        actor: Who.
        seq: The last entry up to that moment.
        state: What it knew, as JSON; blank when it did not run or that is not known.
        missing: Why there is no state, in a sentence; blank when there is one.
        incarnation: In which run it was, from 1; 0 when it did not run.
        since: When that run began; None when that is before the journal.
        read: The last message that it had handled; None when there was none since the newest snapshot.
        changed: The one that made the state what it was; None when that was before the newest snapshot.
        note: What else is to be known of it, e.g. that something is missing in the journal; may be blank.
    """

    actor: str
    seq: int
    state: str = ""
    missing: str = ""
    incarnation: int = 0
    since: Entry | None = None
    read: Entry | None = None
    changed: Entry | None = None
    note: str = ""


class BeforeTheJournalError(AcoreError):
    """A moment is older than all that is kept."""

    exit_code = ExitCode.FAILURE

    def __init__(self, facts: Facts) -> None:
        begins = f"begins with entry {facts.first_seq}" if facts.first_seq else "is empty"
        gone = "; what came before has been removed" if facts.first_seq > 1 else ""
        super().__init__(f"the journal {begins}, later than the moment that was asked for{gone}")


def believe(
    actor: str,
    build: Callable[[], Actor[Any]],
    source: Source,
    moment: int | datetime,
    *,
    on_progress: Callable[[int], None] | None = None,
) -> Belief:
    """Return what *actor* believed at *moment*.

    Args:
        actor: Its name in the journal.
        build: Makes it anew.
        source: The journal.
        moment: The number of an entry, which is included, or an instant.
        on_progress: Told from time to time up to which number the source has been read.

    Raises:
        BeforeTheJournalError: The moment is older than all that is kept.
        AcoreError: The journal cannot be read, or holds what is not known here.
    """
    facts = source.facts()
    seq = source.seq_at(moment) if isinstance(moment, datetime) else min(moment, facts.last_seq)
    if not facts.first_seq or seq < facts.first_seq:
        raise BeforeTheJournalError(facts)
    boot = next(one for one in reversed(facts.boots) if one.first_seq <= seq)
    between = seq >= boot.last_seq and boot != facts.boots[-1] and isinstance(moment, datetime)
    life = [
        row
        for page in source.rows(Wanted(actor=actor, part=Part.LIFE), after=boot.first_seq - 1, upto=seq)
        for row in page
        if row.name in {STARTED, EXITED} and field(row, "actor") == actor
    ]
    is_cut = boot == facts.boots[0] and facts.first_seq > 1
    if missing := _why_not(life, boot, is_between=between, is_cut=is_cut):
        return Belief(actor=actor, seq=seq, missing=missing)
    kept = next(source.snapshots(actor, upto=seq), None)
    begin = kept.seq + 1 if kept is not None and kept.boot == boot.boot else boot.first_seq
    return _folded(actor, build, source, Span(first=begin, last=seq), life, on_progress)


def _folded(  # noqa: PLR0917 - as `believe` has them
    actor: str,
    build: Callable[[], Actor[Any]],
    source: Source,
    span: Span,
    life: list[Row],
    on_progress: Callable[[int], None] | None,
) -> Belief:
    seq = span.last or 0
    read = changed = None

    def note(step: Step) -> None:
        nonlocal read, changed
        read = step
        if step.before != step.after or step.row.name == STARTED:
            changed = step

    replayed = replay(
        actor,
        build,
        source,
        span=span,
        collect=True,
        unknown="skip",
        on_step=note,
        want_states=True,
        on_progress=on_progress,
    )
    if not life and read is None and not replayed.begins_at:
        text = "the journal does not reach back to where its run began, and nothing is kept of what it knew"
        return Belief(actor=actor, seq=seq, missing=text)
    notes = [replayed.approximate, *replayed.warnings]
    if replayed.divergences:
        first = replayed.divergences[0]
        notes.append(
            f"today's code decides otherwise from entry {first.seq} on, so it may have believed something "
            f"else (`acore replay --actor {actor}`)"
        )
    if replayed.skipped:
        notes.append(f"{len(replayed.skipped)} entries are not known to this acore and were left out")
    started = life[-1] if life else None
    return Belief(
        actor=actor,
        seq=seq,
        state=read.after if read is not None else bytes(replayed.state).decode(),
        incarnation=field(started, "incarnation") if started else getattr(read, "incarnation", 0),
        since=_entry(started),
        read=_entry(read.row if read else None),
        changed=_entry(changed.row if changed else None),
        note="; ".join(filter(None, notes)),
    )


def _why_not(life: list[Row], boot: Boot, *, is_between: bool, is_cut: bool) -> str:
    """Return why the actor did not run; blank when it did, or its run began before the journal."""
    last = life[-1] if life else None
    if last is not None and last.name == EXITED:
        why = field(last, "reason") or "it was stopped"
        return f"it did not run: it had ended at entry {last.seq}, {_time(last)} ({why})"
    if is_between:
        return (
            f"it did not run, because acore did not: the run before had come to its end with entry "
            f"{boot.last_seq}, and the next one had not begun. `acore at {boot.last_seq}` tells of its end"
        )
    if last is None and not is_cut:
        return f"it did not run yet: the run of acore had begun with entry {boot.first_seq}"
    return ""


def _entry(row: Row | None) -> Entry | None:
    return None if row is None else Entry(seq=row.seq, at=row.at)


def _time(row: Row) -> str:
    return f"{row.at:%Y-%m-%d %H:%M:%S} UTC"
