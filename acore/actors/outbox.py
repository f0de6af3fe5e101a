"""The edge that deals with effects without an outcome: those of earlier runs, and what this one broke off."""

from collections.abc import AsyncGenerator
from typing import assert_never

from acore.errors import AcoreError
from acore.events.audit import AuditNoted
from acore.events.base import Effect, Policy, Trace
from acore.events.catalog import CATALOG
from acore.events.outbox import (
    Decided,
    DecideEffect,
    Decision,
    EffectAbandoned,
    EffectResumed,
    EffectsUndecided,
    LoadOpenEffects,
    OpenEffect,
    OutboxView,
)
from acore.events.supervision import BROKEN_OFF, LetterDied
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles

MOST_RUNS = 3
"""So many runs take an effect up again by themselves: if it brings the process down, then not for ever."""
_LISTED = 5
UNKNOWN_OUTCOME = "whether it happened is not known"
_ONLY_A_PERSON = f"{UNKNOWN_OUTCOME}, and only a person can tell whether it may happen twice"


class NotPerformedError(AcoreError):
    """An effect that was asked for cannot be performed by this acore."""


class OutboxActor(EdgeActor):
    """Has what was asked for and never heard of performed again, given up, or decided by a person.

    The policy that the effect's class declares says which.
    """

    asks = (LoadOpenEffects,)
    at_once = 1  # of two decisions about one effect, the second finds it decided

    def __init__(self) -> None:
        """Know of nothing yet."""
        self._undecided: dict[str, OpenEffect] = {}
        self._is_through = False

    async def run(self, io: EdgeContext) -> None:
        """Take up what earlier runs left, then wait for what people decide."""
        self._show(io)
        # It may be more than those who perform it can take at once: nobody else waits for that.
        io.ready()
        async with io.until_stopped():
            await self._take_up(io)
            await io.stopping.wait()

    async def _take_up(self, io: EdgeContext) -> None:
        """Deal with all that earlier runs left."""
        found: list[tuple[str, str]] = []
        async for effect in _left_over(io):
            if effect.id in self._undecided:  # broken off meanwhile, and told of
                continue
            if reason := await self._deal_with(effect, io):
                self._undecided[effect.id] = effect
                found.append((effect.name, reason))
        self._is_through = True
        self._show(io)
        if found:
            names, reasons = zip(*found[:_LISTED], strict=True)
            io.publish(EffectsUndecided(count=len(found), effects=names, reasons=reasons))

    @handles
    async def heed(self, died: LetterDied, io: EdgeContext) -> None:
        """Have a person decide about an effect that was broken off now, if only a person can."""
        wire = CATALOG.named(died.message)
        is_ours = wire is not None and wire.policy is Policy.ASK_OPERATOR and died.reason in BROKEN_OFF
        # At the end of a run, the next one sees to it.
        if is_ours and not io.stopping.is_set():
            # What the store cannot write now may wait for hours: no handler does.
            io.spawn(self._ask_about, died.message_id, io)

    async def _ask_about(self, effect_id: str, io: EdgeContext) -> None:
        """Have a person decide about this effect, once the store knows that it was broken off."""
        assert io.handling is not None  # noqa: S101 - it is the letter that told of it
        await io.durable(io.handling.seq)
        async for effect in _left_over(io):
            if effect.id == effect_id and effect.id not in self._undecided:
                self._undecided[effect.id] = effect
                self._show(io)
                io.publish(EffectsUndecided(count=1, effects=(effect.name,), reasons=(_ONLY_A_PERSON,)))

    @handles
    async def decide(self, wanted: DecideEffect, io: EdgeContext) -> Decided:
        """Do what a person has decided about an effect that waits for that."""
        key = wanted.key
        found = [own for own in self._undecided if key and own.startswith(key)]
        if len(found) > 1 and key not in found:
            return Decided(problem=f"{key} fits {len(found)} of them: give more digits of the id")
        if not found and not self._is_through:
            return Decided(problem="what earlier runs left is still being taken up: try again in a moment")
        if not found:
            return Decided(
                problem=f"nothing waits for a decision under {key!r}: `acore outbox` lists what does"
            )
        effect = self._undecided[key if key in found else found[0]]
        match wanted.decision:
            case Decision.RETRY:
                try:
                    await self._perform(effect, io, by=wanted.by)
                except AcoreError as error:
                    return Decided(effect=effect.name, effect_id=effect.id, problem=str(error))
            case Decision.DROP:
                _abandon(
                    effect, io, reason=f"{UNKNOWN_OUTCOME}, and it was decided to leave it", by=wanted.by
                )
            case _:
                assert_never(wanted.decision)
        target = f"{effect.name} {effect.id}"
        io.publish(
            AuditNoted(who=wanted.by, action=f"{wanted.decision} effect", target=target, outcome="done")
        )
        del self._undecided[effect.id]
        self._show(io)
        return Decided(effect=effect.name, effect_id=effect.id)

    async def _deal_with(self, effect: OpenEffect, io: EdgeContext) -> str:
        """Do as the policy says; return why it waits for a person, blank if it does not."""
        match effect.policy:
            case Policy.AT_MOST_ONCE:
                _abandon(effect, io, reason=f"{UNKNOWN_OUTCOME}, and it must not happen twice")
                return ""
            case Policy.ASK_OPERATOR:
                return _ONLY_A_PERSON
            case Policy.IDEMPOTENT if effect.resumed >= MOST_RUNS:
                return f"it was taken up again by {effect.resumed} runs, and none of them finished it"
            case Policy.IDEMPOTENT:
                try:
                    await self._perform(effect, io)
                except AcoreError as error:
                    return str(error)
                return ""
            case _:
                assert_never(effect.policy)

    async def _perform(self, effect: OpenEffect, io: EdgeContext, by: str = "") -> None:
        """Have *effect* performed under its id, once there is room for it with whoever does that.

        Raises:
            AcoreError: It cannot be, and why.
        """
        resumed = EffectResumed(
            effect=effect.name, effect_id=effect.id, asked=effect.asked, run=effect.resumed + 1, by=by
        )
        trace = Trace(effect.source, effect.cause, effect.correlation)
        today = _today(effect)
        await io.room_for(type(today))
        # It was begun once, and by each that took it up again.
        io.resume(today, effect_id=effect.id, trace=trace, attempt=effect.resumed + 2, noting=resumed)

    def _show(self, io: EdgeContext) -> None:
        io.show(OutboxView(undecided=len(self._undecided), is_through=self._is_through))


async def _left_over(io: EdgeContext) -> AsyncGenerator[OpenEffect]:
    """Yield what has no outcome, oldest first, without what this run has in hand."""
    after = 0
    while page := await io.ask(LoadOpenEffects(after=after)):
        for effect in page:
            if effect.boot != io.boot:
                yield effect
        after = page[-1].seq


def _abandon(effect: OpenEffect, io: EdgeContext, *, reason: str, by: str = "") -> None:
    abandoned = EffectAbandoned(effect=effect.name, asked=effect.asked, reason=reason, by=by)
    io.conclude(effect.id, abandoned, effect.correlation)


def _today(effect: OpenEffect) -> Effect:
    """Return *effect* as this acore has it.

    Raises:
        AcoreError: It is not known here, or is not one effect any more.
    """
    messages = CATALOG.read(effect.name, effect.version, effect.payload.encode())
    if len(messages) != 1 or not isinstance(messages[0], Effect):
        raise NotPerformedError(f"{effect.name} is not one effect any more in this acore")
    return messages[0]
