"""Steps a core actor's handler: live on anyio, in replay with no event loop at all."""

import asyncio.events
import inspect
from collections.abc import Callable, Coroutine, Generator, Iterator
from types import FrameType
from typing import Any, NoReturn, cast

from acore.errors import AcoreError
from acore.events.asks import AskError
from acore.events.base import Command


class ForeignAwaitError(AcoreError):
    """A core handler awaited something other than `ctx.ask`."""

    def __init__(self, handler: str, place: str, what: str) -> None:
        super().__init__(f"{handler} awaited {what} at {place}: a core handler may await only ctx.ask(…)")


class ForeignLoopError(AcoreError):
    """A core handler reached for the event loop: to start a task, to set a timer, to open something."""

    def __init__(self, handler: str, place: str, what: str) -> None:
        super().__init__(
            f"{handler} used the event loop ({what}) at {place}: a core handler runs without one, "
            "so leave that to an edge actor"
        )


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
type Note = Callable[[ForeignAwaitError | ForeignLoopError], None]
"""Told of a violation before the handler is, which may hide it."""

# asyncio names both for who implements event loops. The pair costs 40 ns, which every message pays.
loop_in_place: Callable[[], object] = asyncio.events._get_running_loop  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
put_in_place: Callable[[Any], None] = asyncio.events._set_running_loop  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above

# A handler that will not end, whatever is thrown at it, is left to itself after so many times.
_CLOSINGS = 16


class NoLoop:
    """Is in the event loop's place while a handler goes on, and notes who reaches for it there.

    So a handler does live what it would do in a replay. The guard refuses what can be seen in a class;
    this finds what came in by another way.
    """

    __slots__ = ("_note",)

    def __init__(self, note: Note) -> None:
        """Tell *note* of whoever reaches for the loop, since it may hide the error."""
        self._note = note

    def __getattr__(self, name: str) -> NoReturn:
        frames = list(_frames(inspect.currentframe()))
        handler = frames[-1]
        own = next(frame for frame in frames if _package(frame) == _package(handler))
        error = ForeignLoopError(handler.f_code.co_qualname, _place(own), name)
        # What is being freed just now may be anybody's.
        if not any(frame.f_code.co_name == "__del__" for frame in frames):
            self._note(error)
        raise error


def step(handling: Handling, answer: Answer | None = None, note: Note | None = None) -> Ask[Any] | Done:
    """Let *handling* go on until it asks or ends.

    Args:
        handling: A handler's coroutine, called but not awaited, or one that awaits handlers and hides
            the event loop from each.
        answer: The reply to what it asked last, or the error that came instead; None to begin.
        note: Told of a violation before the handler is, which may hide it. Who awaits handlers has one.

    Returns:
        What it asks, or that it is done.

    Raises:
        ForeignAwaitError: It awaited something else, also when it hid the error.
        ForeignLoopError: It reached for the event loop, also when it hid the error.
        Exception: What the handler raised.
    """
    noted: list[ForeignAwaitError | ForeignLoopError] = []
    loop = loop_in_place()
    # Only a handler asks, so whoever is answered is one.
    if note is None or answer is not None:
        put_in_place(NoLoop(note or noted.append))
    try:
        if answer is None:
            asked = handling.send(None)
        elif answer[1] is None:
            asked = handling.send(answer[0])
        else:
            asked = handling.throw(answer[1])
    except StopIteration as end:
        asked = Done(end.value)
    except BaseException as error:
        if noted:
            raise noted[0] from error
        raise
    finally:
        put_in_place(loop)
    if noted:
        close(handling)
        raise noted[0]
    if isinstance(asked, Ask | Done):
        return cast("Ask[Any] | Done", asked)
    raise _violation(handling, asked, note)


def close(handling: Handling) -> None:
    """Let go of *handling* wherever it is; what it makes of that, and whether it likes to, is moot."""
    if getattr(handling, "cr_frame", None) is None:
        return
    loop = loop_in_place()
    put_in_place(NoLoop(_forget))
    try:
        for _ in range(_CLOSINGS):
            try:
                handling.close()
            except BaseException:  # noqa: BLE001, S112 - what it raises on its way out is not what has ended it
                continue
            break
    finally:
        put_in_place(loop)


def _forget(_error: AcoreError) -> None:
    """Note nothing: whoever reaches for the loop now is on its way out anyway."""


def _violation(handling: Handling, awaited: object, note: Note | None) -> ForeignAwaitError:
    """Throw the error in, so that its traceback tells where; what the handler makes of it is moot."""
    error = ForeignAwaitError(*_where(handling, awaited, is_turn=note is not None))
    if note is not None:
        note(error)
    loop = loop_in_place()
    put_in_place(NoLoop(_forget))
    try:
        handling.throw(error)
    except BaseException as raised:  # noqa: BLE001 - whatever it raises, the violation is what counts
        if raised is not error:
            error.__context__ = raised
    finally:
        put_in_place(loop)
    close(handling)
    return error


def _where(handling: Handling, awaited: object, *, is_turn: bool) -> tuple[str, str, str]:
    """Return the handler's name, the innermost place in code of its own, and what waits there."""
    # A live actor's handlers are awaited by a turn of its cell, which is not what is asked about.
    inner: object = getattr(handling, "cr_await", None) if is_turn else handling
    name, place, what = getattr(inner, "__qualname__", "a handler"), "its end", type(awaited).__name__
    package = None
    while isinstance(frame := getattr(inner, "cr_frame", None), FrameType):
        package = package or _package(frame)
        if _package(frame) != package:
            break
        place = _place(frame)
        inner = getattr(inner, "cr_await", None)
        what = getattr(inner, "__qualname__", type(awaited).__name__).removesuffix(".__await__")
    return name, place, what


def _frames(of_loop: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames from what reached for the loop out to the handler."""
    frame = of_loop and of_loop.f_back
    while frame is not None and not str(frame.f_globals.get("__name__")).startswith("acore.runtime."):
        yield frame
        frame = frame.f_back


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
