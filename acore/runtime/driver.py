"""Steps a core actor's handler: live on anyio, in replay with no event loop at all."""

from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, cast

from acore.errors import AcoreError
from acore.events.asks import AskError
from acore.events.base import Command


class ForeignAwaitError(AcoreError):
    """A core handler awaited something other than `ctx.ask`."""

    def __init__(self, handler: str, place: str, what: str) -> None:
        super().__init__(f"{handler} awaited {what} at {place}: a core handler may await only ctx.ask(…)")


class Ask[R]:
    """A command on its way out of a handler; awaiting it brings the reply."""

    __slots__ = ("command", "command_id", "within")

    def __init__(self, command: Command[R], command_id: str, within: float) -> None:
        self.command = command
        self.command_id = command_id
        self.within = within

    def __await__(self) -> "Generator[Ask[Any], Any, R]":
        return (yield self)


class Done:
    """A handler has ended, with what it returned."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


type Handling = Coroutine[object, object, object]
type Answer = tuple[object, AskError | None]


def step(
    handling: Handling, answer: Answer | None = None, note: Callable[[ForeignAwaitError], None] | None = None
) -> Ask[Any] | Done:
    """Let *handling* go on until it asks or ends.

    Args:
        handling: A handler's coroutine, called but not awaited, or one that awaits handlers.
        answer: The reply to what it asked last, or the error that came instead; None to begin.
        note: Told of a violation before the handler is, which may hide it.

    Returns:
        What it asks, or that it is done.

    Raises:
        ForeignAwaitError: It awaited something else, now or earlier while hiding the error.
        Exception: What the handler raised.
    """
    try:
        if answer is None:
            asked = handling.send(None)
        elif answer[1] is None:
            asked = handling.send(answer[0])
        else:
            asked = handling.throw(answer[1])
    except StopIteration as end:
        return Done(end.value)
    if isinstance(asked, Ask):
        return cast("Ask[Any]", asked)
    raise _violation(handling, asked, note)


def _violation(
    handling: Handling, awaited: object, note: Callable[[ForeignAwaitError], None] | None
) -> ForeignAwaitError:
    """Throw the error in, so that its traceback tells where; what the handler makes of it is moot."""
    name, place = _where(handling, is_turn=note is not None)
    error = ForeignAwaitError(name, place, type(awaited).__name__)
    if note is not None:
        note(error)
    try:
        handling.throw(error)
    except BaseException as raised:  # noqa: BLE001 - whatever it raises, the violation is what counts
        if raised is not error:
            error.__context__ = raised
    close(handling)
    return error


def close(handling: Handling) -> None:
    """Let go of *handling* wherever it is, also when it refuses to end."""
    # What a handler raises on its way out is not what has ended it.
    with suppress(BaseException):
        handling.close()


def _where(handling: Handling, *, is_turn: bool) -> tuple[str, str]:
    """Return name and place of the line that *handling*, or the handler it awaits, is suspended at."""
    # A live actor's handlers are awaited by a turn of its cell, which is not what is asked about.
    awaited: object = getattr(handling, "cr_await", None) if is_turn else None
    inner: object = handling if awaited is None else awaited
    name = getattr(inner, "__qualname__", "a handler")
    frame = getattr(inner, "cr_frame", None)
    if frame is None:
        return name, "its end"
    return name, f"{frame.f_code.co_filename}:{frame.f_lineno}"
