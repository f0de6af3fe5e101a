"""The cell of a core actor: one message at a time, all or nothing."""

from collections.abc import Callable
from typing import Any

from anyio.lowlevel import checkpoint

from acore.clock import Timer
from acore.events.asks import AskError
from acore.events.base import Envelope, Kind, Message, Trace
from acore.events.supervision import ActorRemembered, ActorStopping, StateKept
from acore.runtime.actor import Actor, Context, Output, Speaker
from acore.runtime.cell import FAIR_SHARE, Cell
from acore.runtime.driver import Answer, Ask, Done, Handling, NoLoop, close, loop_in_place, put_in_place, step
from acore.runtime.edge import UndeclaredAskError
from acore.runtime.incarnation import Incarnation
from acore.runtime.memory import REMEMBER_AFTER, REMEMBER_EVERY, Memory, canonical, digest_of, shape_of
from acore.runtime.stack import Call, waiting
from acore.runtime.watchdog import HandlerTimeoutError

_NO_VIEW: object = Actor[Any].view
# What an actor does not say itself is not run: most have nothing to do at their start or end.
_NO_HOOKS = (Actor[Any].on_start, Actor[Any].on_stop)

_NEVER = float("inf")

type Handler = Callable[[Any, Context], Handling]


class _Work:
    """One run of a core actor at work."""

    __slots__ = (
        "actor",
        "broken",
        "ctx",
        "handlers",
        "has_view",
        "no_loop",
        "remember_at",
        "remember_by",
        "remembered",
        "run",
        "speaker",
        "timers",
    )

    def __init__(self, actor: Actor[Any], run: Incarnation, speaker: Speaker) -> None:
        self.actor = actor
        self.run = run
        self.speaker = speaker
        self.has_view = type(actor).view is not _NO_VIEW
        self.handlers: dict[type[Message], Handler | None] = {}
        self.timers: dict[str, Timer] = {}
        self.ctx: Context | None = None
        self.broken: BaseException | None = None
        """What has ended the handler at work, which may hide it; nothing may come of that handler."""
        self.no_loop = NoLoop(self.note)
        # How much was handled when the state was remembered last, and when it is to be the next time.
        self.remembered = 0
        self.remember_at = REMEMBER_EVERY
        self.remember_by = _NEVER

    def note(self, error: BaseException) -> None:
        self.broken = self.broken or error


class CoreCell(Cell[Actor[Any]]):
    """Runs a core actor: one message at a time, all or nothing."""

    # A handler that asks nothing ends in the turn it began in, so only one that asks is ever found at work.
    __slots__ = ("_asking",)

    def calls(self, envelope: Envelope) -> tuple[Call, ...]:
        """Return where the handling of *envelope* waits, outermost first."""
        return waiting(self._asking[0]) if self._asking and envelope is self.current else ()

    def _give_up(self, envelope: Envelope, run: Incarnation, error: HandlerTimeoutError) -> bool:  # noqa: ARG002 - the edge's only
        """End the wait for the reply, past the handler, which could hide the error."""
        return self._asking is not None and self.bus.fail(self._asking[1].command_id, error)

    async def _live(self, actor: Actor[Any], run: Incarnation, started: Envelope) -> None:
        self._asking: tuple[Handling, Ask[Any]] | None = None
        work = _Work(actor, run, self._speaker(run.number, Memory()))
        if self.handled:  # of the many that never do anything, none needs numbers of its own
            self._put_off_remembering(work)
        try:
            await self._call(work, started, "on_start")
            run.ready()
            await self._serve(work)
            last_words = ActorStopping(actor=self.name, incarnation=run.number, unread=len(self.mailbox))
            await self._call(work, self.bus.publish(last_words, run.ended_by.trace(self.name)), "on_stop")
            self._remember(work)
        finally:
            for timer in work.timers.values():
                timer.cancel()

    def _speaker(self, number: int, memory: Memory, hook: str = "") -> Speaker:
        return Speaker(self.name, number, self.bus.catalog, hook, self.bus.max_bytes, memory)

    async def _serve(self, work: _Work) -> None:
        """Handle what is queued and wait for more, until asked to stop."""
        while not self._has_to_stop:
            turn = self._turn(work)
            try:
                has_more = await self._drive(turn, work)
            except BaseException as error:
                work.note(error)
                close(turn)
                broken = work.broken or error
                if work.ctx is not None:
                    self._fail(work.ctx.envelope, broken, is_untouched=True)
                if broken is not error:
                    raise broken from error
                raise
            # Once a turn: for each message it would cost all of them something.
            if work.remember_by == _NEVER:
                self._put_off_remembering(work, work.remembered)
            elif self.handled >= work.remember_at or self.bus.clock.monotonic() >= work.remember_by:
                self._remember(work)
            self.bus.rested()
            if has_more:
                await checkpoint()
            elif self._is_last_call:
                work.run.request_stop()
            elif not self._has_to_stop:
                await self.mailbox.wait()
            work.run.check_current()

    async def _turn(self, work: _Work) -> bool:
        """Handle messages until none is left or others should have their turn; return whether one is left.

        Every message takes this path, so it is kept short. A turn, not each handler, is what the driver
        steps: awaiting a coroutine costs a third of stepping it.
        """
        take, handlers, speaker = self.mailbox.take, work.handlers, work.speaker
        loop, no_loop = loop_in_place(), work.no_loop
        put_in_place(no_loop)  # whoever steps the turn puts the loop back
        for _ in range(FAIR_SHARE):
            if self._has_to_stop or (envelope := take()) is None:
                return False
            message = envelope.message
            try:
                handler = handlers[type(message)]
            except KeyError:
                handler = self._bind(work, type(message))
            is_command = envelope.kind is Kind.COMMAND
            if handler is None or (is_command and self._is_expired(envelope)):
                continue
            self.current = envelope
            work.ctx = ctx = Context(envelope, speaker)
            value = await handler(message, ctx)
            if work.broken is not None:
                raise work.broken
            if ctx.outputs or is_command or ctx.wants_stop:
                put_in_place(loop)
                self._conclude(work, ctx, value)
                put_in_place(no_loop)
            work.ctx = None
            self.handled += 1
            if work.has_view and (view := work.actor.view()) is not None:
                self.bus.views.show(view, self.name)
            self.current = None
        return len(self.mailbox) > 0

    def _bind(self, work: _Work, kind: type[Message]) -> Handler | None:
        method = self._method(kind)
        work.handlers[kind] = None if method is None else getattr(work.actor, method)
        return work.handlers[kind]

    async def _call(self, work: _Work, envelope: Envelope, hook: str) -> None:
        """Run a hook, which the fact of the start or stop sets off."""
        own = getattr(work.actor, hook)
        if own.__func__ not in _NO_HOOKS:
            work.ctx = ctx = Context(envelope, self._speaker(work.run.number, work.speaker.memory, hook))
            handling = _await(own(ctx), work)
            self.current = envelope
            try:
                await self._drive(handling, work)
                self._conclude(work, ctx, None)
            finally:
                close(handling)
            self.current = work.ctx = None
        if work.has_view and (view := work.actor.view()) is not None:
            self.bus.views.show(view, self.name)

    async def _drive(self, handling: Handling, work: _Work) -> object:
        """Put what *handling* asks, until it is done; return what it returned."""
        asked = step(handling, note=work.note)
        while not isinstance(asked, Done):
            self._asking = (handling, asked)
            answer = await self._ask(asked, work)
            self._asking = None
            asked = step(handling, answer, note=work.note)
        return asked.value

    async def _ask(self, asked: Ask[Any], work: _Work) -> Answer:
        if work.broken is not None:
            raise work.broken
        command, ctx = asked.command, work.ctx
        assert ctx is not None  # noqa: S101 - whoever asks has one
        if type(command) not in work.actor.asks:
            raise UndeclaredAskError(self.name, type(command).__name__)
        try:
            reply = await self.bus.ask(
                command, ctx.trace, within=asked.within, command_id=asked.command_id, is_recorded=True
            )
        except AskError as error:
            answer: Answer = (None, error)
        else:
            answer = (reply, None)
        work.run.check_current()
        return answer

    def _conclude(self, work: _Work, ctx: Context, value: object) -> None:
        """Send what a handler that succeeded has said, in its order and without a pause."""
        envelope = ctx.envelope
        is_command = envelope.kind is Kind.COMMAND
        if is_command:
            # A reply that is not what the command promises is a failure, of which nothing may come.
            value, _ = self.bus.catalog.carry_reply(type(envelope.message), value)
        if ctx.outputs:
            trace = ctx.trace
            for output in ctx.outputs:
                if output.delay is None:
                    self.bus.send(output.kind, output.message, trace, output.id, output.payload)
                else:
                    self._arm(output, trace, work.timers)
        if ctx.wants_stop:
            work.run.request_stop()
        if is_command:
            self._reply(envelope, value)

    # --- what it knows, for replays

    def _put_off_remembering(self, work: _Work, remembered: int | None = None) -> None:
        work.remembered = self.handled if remembered is None else remembered
        work.remember_at = work.remembered + REMEMBER_EVERY
        work.remember_by = self.bus.clock.monotonic() + REMEMBER_AFTER

    def _remember(self, work: _Work) -> None:
        """Have what the actor knows now journaled as a digest, and kept."""
        is_new = self.handled > work.remembered
        self._put_off_remembering(work)
        kind = work.actor.state_type
        if not (is_new and kind.__struct_fields__):
            return
        try:
            state, shape = canonical(work.actor.state), shape_of(kind)
        except (TypeError, ValueError, OverflowError, RecursionError):
            return  # a state that is no JSON cannot be compared either; a replay says so
        remembered = ActorRemembered(
            actor=self.name,
            incarnation=work.run.number,
            unread=len(self.mailbox),
            shape=shape,
            digest=digest_of(state),
            latest=work.speaker.memory.latest,
            patches=tuple(sorted(work.speaker.memory.patches)),
        )
        seq = self.bus.publish(remembered, Trace(self.name)).seq
        if len(state) < self.bus.max_bytes // 4:  # quoted, it may take twice that; what is larger is not kept
            self.bus.publish(
                StateKept(seq=seq, remembered=remembered, state=state.decode()), Trace(self.name)
            )

    def _arm(self, output: Output, trace: Trace, timers: dict[str, Timer]) -> None:
        key = output.key or output.id
        if (old := timers.pop(key, None)) is not None:
            old.cancel()

        def fire() -> None:
            timers.pop(key, None)
            # What is due later starts a new count of hops: a daily timer is no storm, one at once is.
            hops = 0 if output.delay else trace.hops
            later = Trace(trace.source, trace.cause, trace.correlation, hops)
            self.bus.send(output.kind, output.message, later, output.id, output.payload)

        timers[key] = self.bus.clock.call_later(output.delay or 0.0, fire)


async def _await(hook: Handling, work: _Work) -> None:
    """Await *hook* as a turn does its handlers, so that an error finds its place in the same way."""
    loop = loop_in_place()
    put_in_place(work.no_loop)
    try:
        await hook
    finally:
        put_in_place(loop)
        if work.broken is not None:
            raise work.broken
