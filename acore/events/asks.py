"""Questions that wait for a reply, and why one may not come."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from math import inf

from acore.clock import Clock, Timer
from acore.errors import AcoreError
from acore.events.base import Trace

# So many answered questions are kept before those that still wait are gathered anew.
_ANSWERED = 256
# Sums of seconds differ in their last digits: what is due so much later is due now.
_SAME = 1e-6


class AskError(AcoreError):
    """A command brought no reply."""


class NobodyAnswersError(AskError):
    """No actor answers this command."""

    def __init__(self, what: str) -> None:
        super().__init__(f"no actor answers {what}")


class ActorStoppedError(AskError):
    """The actor that answers the command is stopped."""

    def __init__(self, actor: str, command: str) -> None:
        super().__init__(f"{actor} is stopped and cannot answer {command}")


class MailboxFullError(AskError):
    """So much waits for the actor that the message found no place, or lost it to a later one."""

    def __init__(self, actor: str, message: str, waiting: int) -> None:
        super().__init__(f"{actor} has no room for {message}: {waiting} messages are waiting already")


class ActorCrashedError(AskError):
    """The actor failed while it was working on the command."""

    def __init__(self, actor: str, command: str, error: str) -> None:
        super().__init__(f"{actor} failed on {command}: {error}")


class AskTimeoutError(AskError):
    """Nobody replied in time."""

    def __init__(self, actor: str, command: str, seconds: float, state: str) -> None:
        super().__init__(f"no reply to {command} from {actor} within {seconds:g} s ({state})")


class AskDeadlockError(AskError):
    """The asked actor is waiting, itself or through others, for the one that asks."""

    def __init__(self, command: str, chain: tuple[str, ...]) -> None:
        super().__init__(f"asking {command} would wait for ever: {' → '.join(chain)}")


type _Due = tuple[float, int, asyncio.Future[object], Callable[[], AskError]]


class Asks:
    """The questions that are open, who waits for whom, and until when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, asyncio.Future[object]] = {}
        self._waits: dict[str, str] = {}
        self._due: list[_Due] = []
        self._count = itertools.count()
        self._timer: Timer | None = None
        self._timer_at = inf

    def open(
        self, command_id: str, asker: str, asked: str, until: float, late: Callable[[], AskError]
    ) -> "asyncio.Future[object]":
        """Return what will hold the reply; to be closed in any case.

        Args:
            command_id: What the reply will name.
            asker: Who does nothing else meanwhile; empty for one that goes on with other things.
            asked: Who is to answer.
            until: How long it waits, in monotonic seconds.
            late: Returns the error for when it has waited in vain.
        """
        self._open[command_id] = reply = asyncio.get_running_loop().create_future()
        if asker:
            self._waits[asker] = asked
        # One timer for all: most are answered long before, and a timer for each costs a tenth of an ask.
        heapq.heappush(self._due, (until, next(self._count), reply, late))
        if until < self._timer_at:
            self._set_timer(until)
        if len(self._due) > 2 * len(self._open) + _ANSWERED:
            self._due = [one for one in self._due if not one[2].done()]
            heapq.heapify(self._due)
        return reply

    def close(self, command_id: str, asker: str) -> None:
        """Let go of a question, answered or not."""
        del self._open[command_id]
        if asker:
            self._waits.pop(asker, None)

    def is_open(self, command_id: str) -> bool:
        """Return whether somebody still waits for the reply."""
        reply = self._open.get(command_id)
        return reply is not None and not reply.done()

    def answer(self, command_id: str, value: object) -> bool:
        """Give *value* to whoever asked; return whether anybody waited for it."""
        reply = self._open.get(command_id)
        if reply is None or reply.done():
            return False
        reply.set_result(value)
        return True

    def fail(self, command_id: str, error: Exception) -> bool:
        """Tell whoever asked that there will be no reply, and why; return whether anybody waited for it."""
        reply = self._open.get(command_id)
        if reply is None or reply.done():
            return False
        reply.set_exception(error)
        return True

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_later(at - self._clock.monotonic(), self._give_up)
        self._timer_at = at

    def _give_up(self) -> bool:
        """End the wait of those whose time is up; return whether there were any."""
        self._timer, self._timer_at = None, inf
        now, any_late = self._clock.monotonic() + _SAME, False
        while self._due and (self._due[0][0] <= now or self._due[0][2].done()):
            _, _, reply, late = heapq.heappop(self._due)
            if not reply.done():
                reply.set_exception(late())
                any_late = True
        if self._due:
            self._set_timer(self._due[0][0])
        return any_late

    def circle(self, asker: str, asked: str) -> tuple[str, ...]:
        """Return how *asked* already waits for *asker* through others; nothing when it does not.

        The chain in an envelope knows who led to a question. This knows who waits for what else: two
        independent chains may meet.
        """
        path = [asker, asked]
        while (following := self._waits.get(path[-1])) is not None:
            path.append(following)
            if following == asker:
                return tuple(path)
        return ()


def asking(trace: Trace) -> tuple[str, ...]:
    """Return who waits for whom, up to the one who asks now."""
    return trace.chain if trace.source in trace.chain else (*trace.chain, trace.source)
