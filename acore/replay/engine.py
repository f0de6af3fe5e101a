"""Feeds a core actor what a journal says it was told, and compares what it says with what it said then.

Nothing outside is touched and no event loop is needed: acore steps the handlers itself, and the answers
to what they ask come from the journal.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import msgspec

from acore import __version__
from acore.clock import nanoseconds
from acore.errors import AcoreError, ExitCode
from acore.events.catalog import CATALOG, Catalog
from acore.record import Record
from acore.replay.again import Again
from acore.replay.ledger import Judges, Ledger
from acore.replay.life import STARTED, Life, field
from acore.replay.report import Replayed, Said, Skipped, Step
from acore.replay.said import Sayings
from acore.replay.source import Boot, Facts, Part, Snapshot, Source, Wanted
from acore.replay.trial import Trial, plans
from acore.replay.upcast import Unknown, strangers
from acore.runtime.actor import Actor
from acore.runtime.memory import canonical, digest_of, shape_of
from acore.storage.query import Row

__all__ = ["EVERYTHING", "Said", "SnapshotsUnreadableError", "Span", "Step", "replay", "steps"]

_NEVER = 1 << 62


class SnapshotsUnreadableError(AcoreError):
    """What an actor knew is kept and cannot be read, and what came before it is gone."""

    exit_code = ExitCode.DATA

    def __init__(self, actor: str, where: str, why: str) -> None:
        super().__init__(
            f"{actor} cannot be replayed from {where}: the beginning of the journal is gone, and what the "
            f"actor knew later cannot be read by this acore ({why}); replay it with the version that wrote it"
        )


class Span(Record):
    """What of a replay is judged; what is needed before it is fed all the same.

    Attributes:
        first: From this number on.
        last: Up to this number.
        since: From this instant on.
        until: Before this instant.
        correlation: Only what this began, the id of the first of all causes.
    """

    first: int | None = None
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    correlation: str | None = None

    def judges(self) -> Judges | None:
        """Return what tells whether a row is judged; None when every one is."""
        if self == EVERYTHING:
            return None
        first, last, whole = self.first or 0, _NEVER if self.last is None else self.last, self.correlation
        since = 0 if self.since is None else nanoseconds(self.since)
        until = _NEVER if self.until is None else nanoseconds(self.until)

        def judges(seq: int, wall_ns: int, correlation: str) -> bool:
            return first <= seq <= last and since <= wall_ns < until and whole in {None, correlation}

        return judges


EVERYTHING = Span()


def replay(
    actor: str,
    build: Callable[[], Actor[Any]],
    source: Source,
    *,
    span: Span = EVERYTHING,
    collect: bool = False,
    unknown: Unknown = "stop",
    on_step: Callable[[Step], None] | None = None,
    want_states: bool = False,
    on_progress: Callable[[int], None] | None = None,
    catalog: Catalog = CATALOG,
) -> Replayed:
    """Replay one actor.

    Args:
        actor: The actor's name in the journal.
        build: Makes it anew for each of its runs.
        source: Where the rows come from.
        span: What is judged.
        collect: Go on after the first difference.
        unknown: What to do when a message is not known: stop before anything is handled, or skip it.
        on_step: Told of each message that was handled; it costs time.
        want_states: Whether steps have the states before and after.
        on_progress: Told from time to time up to which number the source has been read.
        catalog: The message types.

    Raises:
        UnknownMessageError: The journal holds a message that is not known here and may be the actor's.
        UnreadableMessageError: An old message does not fit, or an upcaster failed.
        SnapshotsUnreadableError: Only a snapshot could be begun at, and none can be read.
        AcoreError: The source cannot be read, and why.
    """
    engine = _Engine(
        actor,
        build,
        source,
        span=span,
        ledger=Ledger(span.judges(), goes_on=collect, tells=on_step is not None),
        unknown=unknown,
        want_states=want_states,
        catalog=catalog,
    )
    for step in engine.go(on_progress):
        if on_step is not None:
            on_step(step)
    return engine.outcome()


def steps(
    actor: str,
    build: Callable[[], Actor[Any]],
    source: Source,
    *,
    span: Span = EVERYTHING,
    unknown: Unknown = "stop",
    want_states: bool = True,
    catalog: Catalog = CATALOG,
) -> Iterator[Step]:
    """Yield one actor's messages as they are handled again, one by one; see `replay` for the arguments."""
    engine = _Engine(
        actor,
        build,
        source,
        span=span,
        ledger=Ledger(span.judges(), goes_on=True, tells=True),
        unknown=unknown,
        want_states=want_states,
        catalog=catalog,
    )
    yield from engine.go(None)


class _Beginning(msgspec.Struct):
    """Where to begin: a run of the process, or what an actor knew in it."""

    boot: int
    snapshot: Snapshot | None = None
    state: Any = None


class _Engine:
    """One actor over all runs of the process."""

    def __init__(
        self,
        actor: str,
        build: Callable[[], Actor[Any]],
        source: Source,
        *,
        span: Span,
        ledger: Ledger,
        unknown: Unknown,
        want_states: bool,
        catalog: Catalog,
    ) -> None:
        self._actor = actor
        self._source = source
        self._span = span
        self._ledger = ledger
        self._facts: Facts = source.facts()
        self._skipped: tuple[Skipped, ...] = strangers(source, actor, catalog, unknown=unknown)
        self._unknown = frozenset((one.name, one.version) for one in self._skipped)
        self._last = build()
        self._plans, names = plans(source.names(), type(self._last), catalog)
        self._wanted = Wanted(actor=actor, part=Part.INPUTS, names=names)
        self._approximate = ""
        self._begins_at = 0
        self._is_cut = False
        self._trial = Trial(
            name=actor,
            build=build,
            catalog=catalog,
            plans=self._plans,
            find=source.find,
            kept=self._kept,
            replayed_by=__version__,
            is_strict=self._facts.is_whole,
            want_states=want_states,
        )

    def go(self, on_progress: Callable[[int], None] | None) -> Iterator[Step]:
        """Live through what is wanted; yield the steps."""
        ledger = self._ledger
        if not self._facts.is_whole:
            self._approximate = "not all that the actor was told is there"
            ledger.judges = _never
        boots = self._facts.boots
        beginning = self._beginning() if boots else _Beginning(0)
        self._is_cut = bool(boots and not self._is_complete(beginning.boot))
        upto = min(self._facts.last_seq, _NEVER if self._span.last is None else self._span.last)
        for index, boot in enumerate(boots[beginning.boot :], beginning.boot):
            if boot.first_seq > upto or ledger.is_over:
                break
            snapshot = beginning.snapshot if index == beginning.boot else None
            if (snapshot.seq if snapshot else boot.first_seq) < self._lost_until(boot):
                self._approximate = f"some entries up to {self._lost_until(boot)} are missing"
                ledger.judges = _never
            yield from self._live(boot, snapshot, beginning.state, min(upto, boot.last_seq), on_progress)

    def outcome(self) -> Replayed:
        """Return what came of it."""
        ledger = self._ledger
        state = canonical(self._last.state)
        approximate = self._approximate
        first = self._span.first
        if self._begins_at and self._is_cut and not approximate:
            text = f"What came before entry {self._begins_at} could not be replayed: the beginning is gone."
            ledger.warnings.append(text)
            if first is not None and first < self._begins_at:
                approximate = f"what entries {first} to {self._begins_at} came of is gone"
        elif self._is_cut and not approximate:
            approximate = "the beginning is gone, and nothing tells what the actor knew later"
        return Replayed(
            handled=ledger.handled,
            judged=ledger.judged,
            divergences=() if approximate else tuple(ledger.divergences),
            state=msgspec.Raw(state),
            skipped=self._skipped,
            approximate=approximate,
            begins_at=self._begins_at,
            warnings=tuple(ledger.warnings),
            outputs=ledger.outputs.hexdigest(),
            digest=digest_of(state),
            further=ledger.further,
        )

    def _live(
        self,
        boot: Boot,
        snapshot: Snapshot | None,
        state: object,
        upto: int,
        on_progress: Callable[[int], None] | None,
    ) -> Iterator[Step]:
        """Live through one run of the process."""
        source = self._source
        told = Wanted(actor=self._actor, part=Part.LIFE)
        rows = source.rows(told, after=boot.first_seq - 1, upto=boot.last_seq)
        life = Life(self._actor, (row for page in rows for row in page))
        after = boot.first_seq - 1 if snapshot is None else snapshot.seq
        spoken = Wanted(actor=self._actor, part=Part.OUTPUTS)
        with (
            closing(source.rows(self._wanted, after=after, upto=upto)) as inputs,
            closing(source.rows(spoken, after=after, upto=boot.last_seq)) as outputs,
        ):
            said = Sayings(outputs, self._trial.catalog, self._unknown)
            again = Again(self._trial, self._ledger, boot, life, said)
            if snapshot is not None:
                again.begin_at(snapshot, state, self._unread(boot, snapshot, life))
            elif not self._trial.is_strict:
                again.begin_anywhere()
            try:
                yield from again.go(inputs, on_progress)
                if not self._ledger.is_over:
                    yield from again.finish(upto, self._coming(again, upto))
            finally:
                self._last = again.actor
                self._is_cut |= again.is_cut
                if not self._begins_at and (snapshot is not None or self._is_cut):
                    self._begins_at = again.first_fed

    def _coming(self, again: Again, upto: int) -> int:
        """Return how many inputs come after *upto* before it is told how many wait, as far as it matters."""
        waiting, seq = again.due()
        if not waiting or seq <= upto:
            return 0
        pages = self._source.rows(self._wanted, after=upto, upto=seq)
        return min(waiting, sum(len(page) for page in pages))

    def _unread(self, boot: Boot, snapshot: Snapshot, life: Life) -> Sequence[Row]:
        """Return what waited when the snapshot was taken."""
        if not snapshot.unread:
            return ()
        came: list[Row] = []
        before, count = snapshot.seq, snapshot.unread
        while True:
            rows = self._source.newest(self._wanted, before=before, count=count)
            own = [row for row in rows if row.seq >= boot.first_seq]
            came[:0] = filter(self._trial.is_input, own)
            waiting, is_sure = life.queue(came, snapshot.seq)
            if is_sure and len(waiting) >= snapshot.unread:
                break
            if not own:
                self._approximate = f"of what waited at entry {snapshot.seq} some is gone"
                self._ledger.judges = _never
                break
            before, count = own[0].seq, 2 * count
        return waiting[-snapshot.unread :]

    # --- where to begin

    def _beginning(self) -> _Beginning:
        """Return where to begin so that all that is judged comes out as it must."""
        boots, span = self._facts.boots, self._span
        first = self._facts.first_seq if span.first is None else span.first
        index = max((i for i, boot in enumerate(boots) if boot.first_seq <= first), default=0)
        boot = boots[index]
        is_complete = self._is_complete(index)
        lost_until = max((high for low, high in self._facts.gone if low <= boot.last_seq), default=0)
        if is_complete and span.first is None:
            return _Beginning(index)
        why = ""
        oldest: _Beginning | None = None
        for snapshot in self._source.snapshots(self._actor, upto=boot.last_seq):
            if snapshot.boot != boot.boot or snapshot.seq < lost_until:
                break
            state = self._read(snapshot)
            if isinstance(state, _UnreadableState):
                why = why or state.why
                continue
            waited = self._source.newest(self._wanted, before=snapshot.seq, count=snapshot.unread)
            if len(waited) < snapshot.unread:
                continue
            oldest = _Beginning(index, snapshot, state)
            if snapshot.seq < first:
                break
        if is_complete and (oldest is None or (oldest.snapshot is not None and oldest.snapshot.seq >= first)):
            oldest = _Beginning(index)
        if oldest is None and why:
            raise SnapshotsUnreadableError(self._actor, self._facts.where, why)
        if why:
            self._ledger.warnings.append(f"A snapshot of {self._actor} was passed over: {why}.")
        return oldest or _Beginning(index)

    def _is_complete(self, index: int) -> bool:
        """Return whether all that the actor was told in this run of the process is there."""
        boot = self._facts.boots[index]
        if self._lost_until(boot):
            return False
        if index or not self._facts.gone:
            return True
        # What is gone was before this run, or its beginning: then the actor's first start is gone, too.
        told = Wanted(actor=self._actor, part=Part.LIFE)
        for page in self._source.rows(told, after=boot.first_seq - 1, upto=boot.last_seq):
            for row in page:
                if row.name == STARTED:
                    return bool(field(row, "incarnation") == 1)
        return False

    def _lost_until(self, boot: Boot) -> int:
        """Return the last number that is missing within a run of the process; 0 when none is."""
        inside = (high for low, high in self._facts.gone if low <= boot.last_seq and high >= boot.first_seq)
        return max(inside, default=0)

    def _read(self, snapshot: Snapshot) -> object:
        kind = type(self._last).state_type
        if snapshot.shape != shape_of(kind):
            return _UnreadableState(f"that of entry {snapshot.seq} has other fields than the actor has today")
        try:
            state = msgspec.json.decode(snapshot.state, type=kind)
        except msgspec.DecodeError as error:
            return _UnreadableState(f"that of entry {snapshot.seq} does not fit: {error}")
        if digest_of(canonical(state)) != snapshot.digest:
            return _UnreadableState(f"that of entry {snapshot.seq} does not read as what it was")
        return state

    def _kept(self, seq: int) -> str | None:
        newest = next(self._source.snapshots(self._actor, upto=seq), None)
        return newest.state if newest is not None and newest.seq == seq else None


class _UnreadableState:
    """A snapshot that cannot be begun at."""

    def __init__(self, why: str) -> None:
        self.why = why


def _never(_seq: int, _wall_ns: int, _correlation: str) -> bool:
    return False
