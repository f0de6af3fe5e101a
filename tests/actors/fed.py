"""A core actor that lives its life once more without a bus, a clock or a store."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from acore.clock import NANOSECONDS
from acore.events.asks import AskError
from acore.events.base import Envelope, Kind, Message
from acore.events.catalog import CATALOG
from acore.replay.life import STARTED, STOPPING, field, recorded_error
from acore.runtime.actor import Context, Speaker
from acore.runtime.driver import Answer, Ask, Handling, step
from acore.runtime.memory import Memory
from acore.storage.query import Row
from tests.actors.story import BUILD
from tests.failing import StruckError


class Fed:
    """A core actor that is given its messages by hand, one after the other: no bus, no clock, no store."""

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.said: dict[str, tuple[str, str]] = {}
        """What it said, by id."""
        self.at_once: set[str] = set()
        """The ids of what was not to come later, if nothing came between."""
        self._name = name
        self._replies = {row.cause: row for row in rows if row.kind in {Kind.REPLY, Kind.NO_REPLY}}
        self._actor = BUILD[name]()
        self._run = 0
        self._memory = Memory()
        self._waiting = deque[Envelope]()
        self._takes = False

    @property
    def state(self) -> bytes:
        """Its state, as a replay shows it."""
        return msgspec.json.encode(self._actor.state, order="deterministic")

    def live(self, row: Row) -> None:
        """Begin or end a run, as *row* tells."""
        if row.name == STARTED:
            self._actor, self._run = BUILD[self._name](), field(row, "incarnation")
            self._memory = Memory()
            self._takes = self._do(row.envelope(message(row)), "on_start", is_hook=True)
            self._go_on()
        elif row.name == STOPPING and self._takes:
            self._do(row.envelope(message(row)), "on_stop", is_hook=True)
            self._takes = False

    def give(self, envelope: Envelope) -> None:
        """Have *envelope* handled now, or by the next run."""
        self._waiting.append(envelope)
        self._go_on()

    def _go_on(self) -> None:
        while self._takes and self._waiting:
            envelope = self._waiting.popleft()
            kinds = type(envelope.message).__mro__
            method = next(self._actor.handlers[kind] for kind in kinds if kind in self._actor.handlers)
            self._takes = self._do(envelope, method)

    def _do(self, envelope: Envelope, method: str, *, is_hook: bool = False) -> bool:
        """Return whether it went well; nothing comes of what fails."""
        hook = method if is_hook else ""
        ctx = Context(envelope, Speaker(self._name, self._run, CATALOG, hook, memory=self._memory))
        handler = getattr(self._actor, method)
        handling: Handling = handler(ctx) if is_hook else handler(envelope.message, ctx)
        try:
            wants = step(handling)
            while isinstance(wants, Ask):
                wants = step(handling, self._answer(wants))
        except (AskError, StruckError):
            return False
        for output in ctx.outputs:
            self.said[output.id] = CATALOG.of(type(output.message)).name, output.payload.decode()
            if output.delay is None:
                self.at_once.add(output.id)
        return True

    def _answer(self, ask: Ask[Any]) -> Answer:
        reply = self._replies[ask.command_id]
        if reply.kind == Kind.NO_REPLY:
            return None, recorded_error(reply)
        return CATALOG.decode_reply(reply.name, reply.payload.encode()), None


def fed(name: str, rows: Sequence[Row], arrived: Iterable[tuple[float, Envelope]]) -> Fed:
    """Return a fresh actor that was given what *arrived*, in that order, in the runs that *rows* tell of."""
    one = Fed(name, rows)
    life = [row for row in rows if row.name in {STARTED, STOPPING} and field(row, "actor") == name]
    for at, envelope in arrived:
        # What arrives at the very moment of a start or an end was there before it.
        while life and life[0].mono_ns < round(at * NANOSECONDS):
            one.live(life.pop(0))
        one.give(envelope)
    for row in life:
        one.live(row)
    return one


def message(row: Row) -> Message:
    return CATALOG.decode(row.name, row.version, row.payload.encode())
