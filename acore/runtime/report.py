"""Words for an exception: bounded, and without holding on to what it saw."""

from collections.abc import Iterator
from types import TracebackType
from typing import cast

from acore.errors import FatalError
from acore.log import masked
from acore.runtime.restart import Exit, ExitKind
from acore.runtime.watchdog import HandlerTimeoutError

MAX_REASON = 500
_NAMED = 5


def sole(error: BaseException) -> BaseException:
    """Return the one error in *error*: task groups wrap each failure once per level."""
    inner = leaves(error)
    while len(inner) == 1 and inner[0] is not error:
        error, inner = inner[0], leaves(inner[0])
    return error


def chief(error: BaseException) -> BaseException:
    """Return the one error in *error* that decides: what no restart can help with, else the first."""
    error = sole(error)
    inner = leaves(error)
    if inner[0] is error:
        return error
    return next((chief(one) for one in inner if is_fatal(one)), chief(inner[0]))


def _every(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in *error* that are no groups."""
    inner = leaves(error)
    if inner[0] is error:
        yield error
        return
    for one in inner:
        yield from _every(one)


def leaves(error: BaseException) -> tuple[BaseException, ...]:
    """Return the errors directly in the group *error*, or *error* itself when it is no group."""
    if isinstance(error, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", error).exceptions
    return (error,)


def describe(error: BaseException, kind: ExitKind) -> Exit:
    """Return how a run that raised *error* ended: by the one error that decides, with the others' names."""
    first = chief(error)
    others = [type(one).__name__ for one in _every(error) if one is not first]
    beside = f" (beside {', '.join(others[:_NAMED])})" if others else ""
    return Exit(
        kind=kind,
        error=type(first).__name__,
        reason=reason(first) + beside,
        place=place(first),
        is_fatal=is_fatal(error),
    )


def reason(error: BaseException) -> str:
    """Return what *error* says in one bounded line, whatever its `__str__` does."""
    try:
        said = str(error)
    except Exception as worse:  # noqa: BLE001 - a hostile exception must not take its reporter down
        said = f"(its text cannot be shown: {type(worse).__name__})"
    # Masked before it is cut: half a token is told nobody either. What is said here is journaled and shown.
    line = " ".join(masked(said[: 4 * MAX_REASON]).split())
    text = f"{type(error).__name__}: {line}" if line else type(error).__name__
    return _sendable(text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…")


def place(error: BaseException) -> str:
    """Return `file:line` of the innermost frame that *error* passed, or nothing when it passed none."""
    if isinstance(error, HandlerTimeoutError):
        return error.place  # the handler has passed no frame: it was not there to see it
    last: TracebackType | None = error.__traceback__
    if last is None:
        return ""
    while last.tb_next is not None:
        last = last.tb_next
    return _sendable(f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}")


def _sendable(text: str) -> str:
    """Return *text* without lone surrogates, which names of undecodable files bring and JSON refuses."""
    return text.encode(errors="replace").decode()


def is_fatal(error: BaseException) -> bool:
    """Return whether no restart can help with *error*: acore knows it as such, or it ends Python itself."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_fatal(one) for one in leaves(cast("BaseException", error)))
    return isinstance(error, FatalError) or not isinstance(error, Exception)
