"""Effects that were asked for: what became of them where their performer has nothing of its own to tell."""

from datetime import datetime
from enum import StrEnum

from acore.events.base import Command, Event, Policy
from acore.events.catalog import wire
from acore.events.views import View
from acore.record import Record


@wire("effect.done")
class EffectDone(Event):
    """An effect was performed, and there is nothing to tell of it. Its outcome; the effect is its cause."""

    effect: str


@wire("effect.failed")
class EffectFailed(Event):
    """Performing an effect failed, and it is not tried again. Its outcome; the effect is its cause."""

    effect: str
    reason: str


@wire("effect.abandoned")
class EffectAbandoned(Event):
    """An effect that an earlier run left without an outcome is not done any more. Its outcome.

    `by` is who decided so; blank when what the effect is declared as did. `asked` is when it was asked for.
    """

    effect: str
    asked: datetime
    reason: str
    by: str = ""


@wire("effect.resumed")
class EffectResumed(Event):
    """An effect that an earlier run left without an outcome is performed under the same id.

    `run` counts the runs that have taken it up again, from 1; `by` is who wanted it, blank when what the
    effect is declared as did.
    """

    effect: str
    effect_id: str
    asked: datetime
    run: int
    by: str = ""


@wire("effect.went_ahead")
class WentAhead(Event):
    """Something that may not wait went out before what led to it was on disk, after `waited` seconds.

    `what` is the effect, or what else went out; a crash in that moment leaves no record of its cause.
    """

    what: str
    waited: float


@wire("effect.undecided")
class EffectsUndecided(Event):
    """Effects whose outcome nobody knows wait for a person's decision: an earlier run left them, or this one.

    `effects` are the names of the first of them, `reasons` why each waits.
    """

    count: int
    effects: tuple[str, ...]
    reasons: tuple[str, ...]


class OpenEffect(Record):
    """An effect without an outcome, as the store remembers it.

    `boot` is the run that has it in hand: that which asked for it, or the last that took it up again; blank
    when none has, since whoever performed it was ended in the middle.
    `resumed` counts those. `payload` is JSON.
    """

    id: str
    seq: int
    name: str
    version: int
    policy: Policy
    boot: str
    asked: datetime
    source: str
    cause: str
    correlation: str
    resumed: int
    payload: str


@wire("outbox.load", journaled=False)
class LoadOpenEffects(Command[tuple[OpenEffect, ...]]):
    """Which effects have no outcome? The next ones after number `after`, at most `limit`."""

    after: int = 0
    limit: int = 500


class Decision(StrEnum):
    """What a person decides about an effect whose outcome nobody knows."""

    RETRY = "retry"
    DROP = "drop"


class Decided(Record):
    """What became of a decision. `problem` is a sentence, blank when it is carried out."""

    effect: str = ""
    effect_id: str = ""
    problem: str = ""


@wire("outbox.decide", journaled=False)
class DecideEffect(Command[Decided]):
    """Have an effect that waits for a decision performed once more, or given up.

    `key` is its id or the first digits of it; `by` is who decides.
    """

    key: str
    decision: Decision
    by: str


class OutboxView(View):
    """How many effects wait for a person's decision.

    `is_through` tells whether each that earlier runs left has been looked at by now.
    """

    undecided: int
    is_through: bool
