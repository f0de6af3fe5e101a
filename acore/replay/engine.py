"""Feeds a core actor what a journal says it was told, and compares what it says with what it said then.

Nothing outside is touched and no event loop is needed: acore steps the handlers itself, and the answers
to what they ask come from the journal.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from acore import __version__
from acore.events.base import Kind
from acore.events.catalog import CATALOG, Catalog
from acore.record import Record
from acore.replay import replayer
from acore.replay.report import Divergence, DivergenceKind, Replayed
from acore.replay.source import Part, Source, Wanted
from acore.replay.upcast import Unknown
from acore.runtime.actor import Actor, Output
from acore.storage.query import Row


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


class Said(Record):
    """What a handler said or asked; `due` in seconds for what was set for later, `kind` as in the journal."""

    kind: str
    name: str
    payload: str
    due: float | None = None


class Step(Record):
    """One message, handled again.

    Attributes:
        row: The message, or the fact of the start or stop that set off a hook.
        actor: Who handles it.
        incarnation: In which run, from 1.
        handler: The method.
        place: File and line of the method.
        attempt: Which attempt at the message, from 1.
        before: The state before, as canonical JSON; blank unless states are wanted.
        after: The state after.
        outputs: What was said and asked, in order.
        error: The error that it ended with, as `Type: text`; blank when it ended well.
        divergences: In what it differs from what is recorded.
    """

    row: Row
    actor: str
    incarnation: int
    handler: str
    place: str
    attempt: int
    before: str
    after: str
    outputs: tuple[Said, ...]
    error: str
    divergences: tuple[Divergence, ...]


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
        AcoreError: The source cannot be read, and why.
    """
    told: list[Step] = []
    old = replayer.replay(
        actor, build, _merged(source, actor), catalog=catalog, unknown=unknown, told=_teller(actor, told)
    )
    kept = [_divergence(actor, one) for one in old.divergences if _is_judged(one.seq, span)]
    steps_told = [_with(step, kept) for step in told if _is_judged(step.row.seq, span)]
    for step in steps_told:
        if on_step is not None:
            on_step(step if want_states else msgspec.structs.replace(step, before="", after=""))
    if on_progress is not None:
        on_progress(source.facts().last_seq)
    return Replayed(
        handled=old.handled,
        divergences=tuple(kept if collect else kept[:1]),
        state=old.state,
        skipped=old.skipped,
    )


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
    found: list[Step] = []
    replay(
        actor,
        build,
        source,
        span=span,
        collect=True,
        unknown=unknown,
        on_step=found.append,
        want_states=want_states,
        catalog=catalog,
    )
    yield from found


def _merged(source: Source, actor: str) -> list[Row]:
    events = tuple(one.name for one in source.names() if one.kind == Kind.EVENT)
    found: dict[int, Row] = {}
    for part in Part:
        for page in source.rows(Wanted(actor=actor, part=part, names=events)):
            found |= {row.seq: row for row in page}
    return [found[seq] for seq in sorted(found)]


def _is_judged(seq: int, span: Span) -> bool:
    return (span.first or 0) <= seq and (span.last is None or seq <= span.last)


def _teller(name: str, told: list[Step]) -> replayer.Told:
    def tell(row: Row, what: tuple[int, str, Actor[Any], str, list[Output]]) -> None:
        incarnation, method, actor, before, outputs = what
        told.append(
            Step(
                row=row,
                actor=name,
                incarnation=incarnation,
                handler=method,
                place=place_of(type(actor), method),
                attempt=row.attempt,
                before=before,
                after=canonical(actor.state).decode(),
                outputs=tuple(
                    Said(
                        kind=one.kind,
                        name=type(one.message).__name__,
                        payload=one.payload.decode(),
                        due=one.delay,
                    )
                    for one in outputs
                ),
                error="",
                divergences=(),
            )
        )

    return tell


def _with(step: Step, found: list[Divergence]) -> Step:
    own = tuple(one for one in found if one.seq == step.row.seq)
    return msgspec.structs.replace(step, divergences=own) if own else step


def _divergence(actor: str, one: replayer.Divergence) -> Divergence:
    return Divergence(
        kind=_KINDS[one.problem],
        seq=one.seq,
        message=one.message,
        actor=actor,
        incarnation=one.incarnation,
        handler=one.handler,
        place="",
        expected=one.expected,
        actual=one.actual,
        replayed_by=__version__,
    )


_KINDS = {
    "did not raise": DivergenceKind.OTHER_FAILURE,
    "raised": DivergenceKind.OTHER_FAILURE,
    "different output": DivergenceKind.OTHER_PAYLOAD,
    "extra output": DivergenceKind.EXTRA_OUTPUT,
    "missing output": DivergenceKind.MISSING_OUTPUT,
    "missing ask": DivergenceKind.MISSING_OUTPUT,
    "extra ask": DivergenceKind.EXTRA_OUTPUT,
    "different ask": DivergenceKind.OTHER_EFFECT,
    "different reply": DivergenceKind.OTHER_PAYLOAD,
}


def canonical(state: object) -> bytes:
    """Return *state* as JSON that is the same in every process, whatever the order of a set or a dict."""
    return msgspec.json.encode(state, order="deterministic")


def place_of(kind: type[Actor[Any]], method: str) -> str:
    """Return file and line of an actor's *method*."""
    code = getattr(kind, method).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"
