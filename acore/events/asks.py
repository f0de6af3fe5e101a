"""Questions that wait for a reply, and why one may not come."""

import asyncio

from acore.errors import AcoreError
from acore.events.base import Trace


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


class Asks:
    """The questions that are open, and who waits for whom."""

    def __init__(self) -> None:
        self._open: dict[str, asyncio.Future[object]] = {}
        self._waits: dict[str, str] = {}

    def open(self, command_id: str, asker: str, asked: str) -> "asyncio.Future[object]":
        """Return what will hold the reply; to be closed in any case.

        Args:
            command_id: What the reply will name.
            asker: Who does nothing else meanwhile; empty for one that goes on with other things.
            asked: Who is to answer.
        """
        self._open[command_id] = reply = asyncio.get_running_loop().create_future()
        if asker:
            self._waits[asker] = asked
        return reply

    def close(self, command_id: str, asker: str) -> None:
        """Let go of a question, answered or not."""
        del self._open[command_id]
        if asker:
            self._waits.pop(asker, None)

    def __len__(self) -> int:
        return len(self._open)

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

    def fail(self, command_id: str, error: Exception) -> None:
        """Tell whoever asked that there will be no reply, and why."""
        reply = self._open.get(command_id)
        if reply is not None and not reply.done():
            reply.set_exception(error)

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
