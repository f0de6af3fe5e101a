"""What came of a line, for a person and for a script."""

from dataclasses import dataclass, field
from enum import StrEnum

from acore.sandbox import realtime
from acore.sandbox.person.connection import RefusedError
from acore.sandbox.person.forms import UnknownCommandError, UnknownComponentError
from acore.sandbox.person.invocation import DidNotRespondError, Invocation
from acore.sandbox.person.person import Person
from acore.sandbox.person.places import UnknownPlaceError
from acore.sandbox.shapes import Json
from acore.sandbox.state.kinds import MessageFlag


class Result(StrEnum):
    """How a line ended."""

    ANSWERED = "answered"
    """The bot answered with a message, or changed the one that was pressed."""
    ACKNOWLEDGED = "acknowledged"
    """The bot took note of a button or a form, and said nothing."""
    MODAL = "modal"
    """The bot shows a form."""
    DONE = "done"
    """It was for Discord or the console, and is done."""
    FAILED = "failed"
    """The bot did not respond within its three seconds."""
    UNFINISHED = "unfinished"
    """The bot is still "thinking…" after the time one waits."""
    UNKNOWN = "unknown"
    """There is no such command, component, user or channel."""
    REFUSED = "refused"
    """Discord's rules do not allow it."""
    INVALID = "invalid"
    """The line was not understood."""


GOOD = frozenset({Result.ANSWERED, Result.ACKNOWLEDGED, Result.MODAL, Result.DONE})


@dataclass(slots=True)
class Outcome:
    """What came of a line."""

    result: Result
    error: str | None = None
    code: int | None = None
    """Discord's own number for a refusal."""
    acknowledged_ms: float | None = None
    answered_ms: float | None = None
    messages: list[Json] = field(default_factory=list[Json])
    modal: Json | None = None
    note: str | None = None
    """What the console itself says to it."""

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong."""
        return self.result in GOOD

    @property
    def is_ephemeral(self) -> bool:
        """Whether the answer is for one person alone."""
        return bool(self.messages) and all(
            int(one.get("flags") or 0) & MessageFlag.EPHEMERAL for one in self.messages
        )

    def as_json(self) -> Json:
        """Return it for a script."""
        return {
            "outcome": self.result.value,
            "acknowledged_ms": self.acknowledged_ms,
            "answered_ms": self.answered_ms,
            "ephemeral": self.is_ephemeral,
            "messages": self.messages,
            "modal": self.modal,
            "error": self.error,
            "code": self.code,
        }


def of_error(error: Exception) -> Outcome:
    """Return what a failed line comes to."""
    match error:
        case RefusedError():
            return Outcome(Result.REFUSED, str(error), error.code)
        case DidNotRespondError():
            return Outcome(Result.FAILED, str(error))
        case UnknownCommandError() | UnknownComponentError() | UnknownPlaceError():
            return Outcome(Result.UNKNOWN, str(error))
        case TimeoutError():
            return Outcome(Result.UNFINISHED, "no answer came in time")
        case _:
            return Outcome(Result.INVALID, str(error))


async def follow(person: Person, invocation: Invocation, within: float, listen_for: float = 0.0) -> Outcome:
    """Wait until a bot has answered, and return what came of it.

    Args:
        person: who waits.
        invocation: what was started.
        within: seconds to wait for the final answer.
        listen_for: seconds to go on for follow-ups after it.

    Raises:
        GatewayLostError: the sandbox is gone.
    """
    try:
        outcome = await _settled(person, invocation, within)
    except DidNotRespondError as error:
        outcome = of_error(error)
    except TimeoutError as error:
        outcome = of_error(error)
        outcome.acknowledged_ms = await _acknowledged(invocation)
    if listen_for and outcome.is_good:
        await listen(person, listen_for)
    outcome.messages = _shown(invocation)
    if outcome.messages and outcome.result is Result.ACKNOWLEDGED:
        outcome.result = Result.ANSWERED
    return outcome


async def listen(person: Person, seconds: float) -> None:
    """Hear what else comes for a while.

    Raises:
        GatewayLostError: the sandbox is gone.
    """
    try:
        with realtime.deadline(seconds):
            await person.lost()
    except TimeoutError:
        return


async def _settled(person: Person, invocation: Invocation, within: float) -> Outcome:
    event = await invocation.settled(within)
    # What the bot's answer brought about was sent together with it.
    await person.catch_up()
    outcome = Outcome(Result.ANSWERED, acknowledged_ms=await _acknowledged(invocation))
    if event.name == "INTERACTION_MODAL_CREATE":
        outcome.result, outcome.modal = Result.MODAL, event.data
        return outcome
    if event.name == "INTERACTION_SUCCESS":
        if any(int(one.get("flags") or 0) & MessageFlag.LOADING for one in invocation.messages):
            await invocation.answered(within)
        elif not invocation.messages:
            outcome.result = Result.ACKNOWLEDGED if invocation.source is None else Result.ANSWERED
            return outcome
    outcome.answered_ms = _answered(invocation)
    return outcome


async def _acknowledged(invocation: Invocation) -> float | None:
    try:
        event = await invocation.acknowledged(0)
    except TimeoutError:
        return None
    return _milliseconds(event.at - invocation.began_at)


def _answered(invocation: Invocation) -> float | None:
    messages = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
    for event in invocation.events:
        if event.name in messages and not int(event.data.get("flags") or 0) & MessageFlag.LOADING:
            return _milliseconds(event.at - invocation.began_at)
    return None


def _shown(invocation: Invocation) -> list[Json]:
    """Return the bot's answers, and the message that was pressed if it was changed."""
    source = invocation.source
    return ([] if source is None else [source]) + [
        one for one in invocation.messages if one["id"] != invocation.source_id
    ]


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
