"""What supervisors and mailboxes say about the actors in their care."""

from datetime import datetime
from enum import StrEnum

from acore.events.base import Event
from acore.events.catalog import wire
from acore.events.personal import FreeText


class Burial(StrEnum):
    """Why a message could not be delivered; a closed set."""

    UNHANDLED = "unhandled"
    STOPPED = "stopped"
    FULL = "full"
    EXPIRED = "expired"
    POISON = "poison"
    INTERRUPTED = "interrupted"
    STALE = "stale"
    LOOP = "loop"
    LATE_REPLY = "late_reply"
    DECODE = "decode"


BROKEN_OFF = frozenset({Burial.INTERRUPTED, Burial.STALE})
"""Why a message died whose handling had begun: what came of it is not known."""


class Order(StrEnum):
    """What can be done to a part of the tree while it runs; a closed set."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    RETRY = "retry"
    DELETE = "delete"


@wire("actor.started", vital=True)
class ActorStarted(Event):
    """A new run of an actor began: fresh state, same mailbox."""

    actor: str
    incarnation: int


@wire("actor.stopping", vital=True)
class ActorStopping(Event):
    """An actor was asked to stop and says its last words; what is queued stays unread."""

    actor: str
    incarnation: int
    unread: int = 0


@wire("actor.exited", vital=True)
class ActorExited(Event):
    """A run of an actor ended, and how."""

    actor: str
    incarnation: int
    exit: str
    reason: FreeText = ""
    error: str = ""
    place: FreeText = ""
    handling: str = ""
    is_ready: bool = True


@wire("actor.patched", vital=True)
class ActorPatched(Event):
    """A run of an actor took a changed way for the first time: a replay takes it from here on."""

    actor: str
    incarnation: int
    patch: str


@wire("actor.remembered")
class ActorRemembered(Event):
    """What an actor knew between two messages, as a digest that a replay must come to as well.

    `unread` messages had come before this and were not handled yet. `shape` is a fingerprint of the state's
    fields, `digest` one of what they hold, blank where that cannot be known any more. `latest` is the latest
    instant that its handlers were told; `patches` are the changes of behaviour that the run had taken up.
    """

    actor: str
    incarnation: int
    unread: int
    shape: str
    digest: str
    latest: datetime | None = None
    patches: tuple[str, ...] = ()


@wire("actor.state_kept", journaled=False, projected=True)
class StateKept(Event):
    """The state that belongs to the digest, for the store alone: a replay can begin with it.

    `seq` is the number of the row that tells the digest, `state` is JSON.
    """

    seq: int
    remembered: ActorRemembered
    state: str


@wire("actor.restarting", vital=True)
class ActorRestarting(Event):
    """A supervisor decided to start an actor again, together with those that depend on it."""

    actor: str
    with_it: tuple[str, ...]
    delay: float
    restarts: int
    within: float


@wire("supervisor.gave_up", vital=True)
class SupervisorGaveUp(Event):
    """Restarting did not help; the failure goes up to the next supervisor."""

    supervisor: str
    actor: str
    reason: FreeText
    restarts: int
    within: float


@wire("supervisor.obeyed", vital=True)
class SupervisorObeyed(Event):
    """A supervisor was told to do something to one of its children, and does it."""

    supervisor: str
    order: Order
    actor: str


@wire("letter.died", vital=True)
class LetterDied(Event):
    """A message could not be delivered to one of its receivers."""

    reason: Burial
    actor: str
    message: str
    message_id: str
    incarnation: int = 0
    detail: FreeText = ""


@wire("message.requeued", vital=True)
class MessageRequeued(Event):
    """A message whose handling came to nothing waits again, before all others of its actor.

    `attempt` is the number of the handling that is to come.
    """

    actor: str
    message: str
    message_id: str
    attempt: int
    reason: FreeText


@wire("handler.slow", vital=True)
class HandlerSlow(Event):
    """An actor is not done with a message after a long time; said again each time that has doubled.

    `seconds` counts from when it was first seen at it. `place` is the file and line where it waits, `stack`
    one line for each call on the way there, the innermost last. After `limit` seconds it is given up, unless
    there is none.
    """

    actor: str
    message: str
    message_id: str
    seconds: float
    limit: float | None = None
    place: FreeText = ""
    stack: FreeText = ""


@wire("loop.blocked", vital=True)
class LoopBlocked(Event):
    """Something held up everything in the process for a while; what can be known of it.

    `actor` and `message` are blank when it was none, `place` and `stack` when it could not be seen.
    """

    seconds: float
    actor: str = ""
    message: str = ""
    place: FreeText = ""
    stack: FreeText = ""


@wire("supervisor.silent", vital=True)
class SupervisorSilent(Event):
    """A supervisor does not get to what it has to do: what fails below it is not started again."""

    supervisor: str
    seconds: float


NOTICES = (
    ActorStarted,
    ActorStopping,
    ActorExited,
    ActorPatched,
    ActorRemembered,
    StateKept,
    ActorRestarting,
    SupervisorGaveUp,
    SupervisorObeyed,
    HandlerSlow,
    LoopBlocked,
    SupervisorSilent,
)
"""What is said of an actor's life, as against what is said to it."""
