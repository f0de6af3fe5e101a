"""A core actor: state and handlers that decide without touching the outside."""

from collections.abc import Mapping
from datetime import datetime
from inspect import iscoroutinefunction
from typing import Any, ClassVar, get_args, get_origin

import msgspec

from acore.clock import instant
from acore.events.base import Command, Effect, Envelope, Event, Kind, Message, Trace, derive_id, trace_of
from acore.events.bus import MAX_BYTES, PayloadTooLargeError
from acore.events.catalog import CATALOG, Catalog
from acore.events.supervision import ActorPatched
from acore.events.views import View
from acore.runtime.driver import Ask
from acore.runtime.guard import guard
from acore.runtime.handlers import HandlerError, collect
from acore.runtime.memory import Memory


class Output(msgspec.Struct, frozen=True, gc=False):
    """Something a handler wants to go out when it has succeeded."""

    kind: Kind
    message: Message
    payload: bytes
    id: str
    delay: float | None = None
    key: str = ""


class Speaker(msgspec.Struct, frozen=True):
    """Who speaks through a context: an actor's run, or a hook of it."""

    actor: str
    incarnation: int
    catalog: Catalog = CATALOG
    hook: str = ""
    max_bytes: int = MAX_BYTES
    memory: Memory = msgspec.field(default_factory=Memory)

    @property
    def name(self) -> str:
        """What the ids of outputs are derived from."""
        # An actor may also handle the fact that started or stops it: the same cause, other outputs.
        return f"{self.actor}.{self.hook}" if self.hook else self.actor


class Context(msgspec.Struct, gc=False):
    """What a core handler may use: the instant, the ids, and the ways to say something.

    Nothing goes out by itself. One is made for every message, which a Struct does in half the time.
    """

    envelope: Envelope
    _speaker: Speaker
    outputs: list[Output] = []
    wants_stop: bool = False
    _index: int = 0

    @property
    def actor(self) -> str:
        """The actor's name."""
        return self._speaker.actor

    @property
    def incarnation(self) -> int:
        """Which run of the actor this is, from 1."""
        return self._speaker.incarnation

    @property
    def now(self) -> datetime:
        """The instant the message was sent, UTC: the same one in every replay.

        Within a run it never goes back, though a message may have waited for that run, and the machine's
        clock may be set: then it is the latest one that was told.
        """
        memory = self._speaker.memory
        memory.latest_ns = latest = max(memory.latest_ns, self.envelope.wall_ns)
        return instant(latest)

    @property
    def seq(self) -> int:
        """The journal's number of the message being handled."""
        return self.envelope.seq

    @property
    def boot(self) -> str:
        """Names this run of the process."""
        return self.envelope.origin.boot

    @property
    def message_id(self) -> str:
        """The id of the message being handled."""
        return self.envelope.id

    @property
    def attempt(self) -> int:
        """Which attempt at the message this is, from 1."""
        return self.envelope.attempt

    @property
    def trace(self) -> Trace:
        """What outputs inherit from the message being handled."""
        return trace_of(self.envelope, self._speaker.actor)

    def publish(self, event: Event) -> None:
        """State a fact, when the handler has succeeded.

        Raises:
            InvalidMessageError: The event does not fit its declaration, or is too large.
        """
        self._put(Kind.EVENT, event)

    def perform(self, effect: Effect) -> None:
        """Have *effect* done outside, when the handler has succeeded; its outcome comes as an event.

        Raises:
            InvalidMessageError: The effect does not fit its declaration, or is too large.
        """
        self._put(Kind.EFFECT, effect)

    def schedule(self, seconds: float, event: Event, *, key: str = "") -> None:
        """State a fact *seconds* from now, unless the actor stops or restarts before.

        Args:
            seconds: How long from now.
            event: What will be published then.
            key: A later schedule with the same key takes this one's place.

        Raises:
            InvalidMessageError: The event does not fit its declaration, or is too large.
        """
        self._put(Kind.EVENT, event, delay=seconds, key=key)

    def ask[R](self, command: Command[R], *, within: float = 5.0) -> "Ask[R]":
        """Ask another actor, or the store, and await the reply: `await ctx.ask(…)`.

        Args:
            command: The question.
            within: Seconds to wait for the reply.

        Raises:
            AskError: When awaited: there is no reply, and why.
        """
        own = self._next_id()
        # At each attempt a question is another one, which is answered anew.
        attempt = self.envelope.attempt
        return Ask(command, own if attempt == 1 else derive_id(own, self._speaker.name, attempt), within)

    def patched(self, name: str) -> bool:
        """Return whether to take the new way, where a change of behaviour must not make old journals differ.

        Live it is always taken, and noted in the journal once in each run of the actor. In a replay it is
        taken from where it was noted; what is older goes the old way::

            if ctx.patched("2026-01-cooldown"):
                ...  # as it should be
            else:
                ...  # as it was, until no journal is left that knows it

        Args:
            name: What the change is called, for ever.
        """
        speaker = self._speaker
        memory = speaker.memory
        if name not in memory.patches:
            if not memory.takes(name, self.envelope.id):
                return False
            memory.patches |= {name}
            self._put(
                Kind.EVENT, ActorPatched(actor=speaker.actor, incarnation=speaker.incarnation, patch=name)
            )
        return True

    def stop(self) -> None:
        """Stop this actor after the handler; its restart type decides what follows."""
        self.wants_stop = True

    def _put(self, kind: Kind, message: Message, delay: float | None = None, key: str = "") -> None:
        speaker = self._speaker
        message, payload = speaker.catalog.carry(message)
        if len(payload) > speaker.max_bytes:
            raise PayloadTooLargeError(type(message), len(payload), speaker.max_bytes)
        self.outputs.append(Output(kind, message, payload, self._next_id(), delay, key))

    def _next_id(self) -> str:
        own = derive_id(self.envelope.id, self._speaker.name, self._index)
        self._index += 1
        return own


class Actor[State: msgspec.Struct]:
    """Decides: one handler at a time, each all or nothing, nothing read but messages.

    `self.state` is made anew for every run; what must survive is asked for in `on_start`. Hooks:
    `on_start` runs before the first message, `on_stop` after the last one of an ordered stop — not after
    a crash or a kill.
    """

    handlers: ClassVar[Mapping[type[Message], str]] = {}
    asks: ClassVar[tuple[type[Command[Any]], ...]] = ()
    state_type: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    state: State

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Actor:
                cls.state_type = get_args(base)[0]
        _refuse_shared_state(cls)
        guard(cls)
        for hook in (cls.on_start, cls.on_stop):
            if not iscoroutinefunction(hook):
                raise HandlerError(f"{cls.__qualname__}.{hook.__name__} must be `async def`")
        cls.handlers = collect(cls)

    def __init__(self) -> None:
        self.state = self.state_type()  # pyright: ignore[reportAttributeAccessIssue] - what the class was made with

    async def on_start(self, ctx: Context) -> None:
        """Recall what must survive and set timers; messages wait until it has returned."""

    async def on_stop(self, ctx: Context) -> None:
        """Say the last words of an ordered stop."""

    def view(self) -> View | None:
        """Return what everybody may know of the state; None when there is nothing to show."""
        return None


def _refuse_shared_state(cls: type) -> None:
    for name, value in vars(cls).items():
        if (
            not name.startswith("__")
            and isinstance(value, list | dict | set | bytearray)
            and name != "handlers"
        ):
            raise HandlerError(
                f"{cls.__qualname__}.{name} is shared by every run of the actor; put it in the state"
            )
