"""Words for the end of a run: bounded, and without holding on to what it saw."""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import cast

from acore.errors import FatalError
from acore.events.supervision import ActorExited
from acore.log import masked
from acore.runtime.incarnation import Ignore, Incarnation, inside
from acore.runtime.restart import Exit, ExitKind
from acore.runtime.stack import waiting
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


def judge(
    kind: ExitKind,
    error: BaseException | None,
    run: Incarnation,
    *,
    start_timeout: float,
    shutdown: float | None,
) -> Exit:
    """Return how *run* ended.

    Args:
        kind: How its task ended.
        error: What it raised, if anything.
        run: What it was asked, and whether it had become ready.
        start_timeout: Seconds it had to become ready.
        shutdown: Seconds it had to stop.
    """
    if not run.is_ready and (end := _failed_start(error, run, start_timeout)):
        return end
    if error is not None:
        return describe(error, kind)
    if kind is ExitKind.LOST:
        outside = "its task was cancelled by something outside acore"
        return Exit(kind=kind, error="CancelledError", reason=outside)
    if kind is ExitKind.KILLED:
        slow = f"it did not stop within {shutdown:g} s" if shutdown and run.is_ready else ""
        return Exit(kind=kind, reason=run.failure or slow or "it was stopped at once")
    return Exit(kind=kind, reason=run.remark)


def _failed_start(error: BaseException | None, run: Incarnation, start_timeout: float) -> Exit | None:
    """Return how *run*, which did not become ready, failed by itself; None when it was stopped."""
    if run.has_timed_out:
        late = f"not ready after {start_timeout:g} s"
        return Exit(kind=ExitKind.START_FAILED, error="StartTimeout", reason=late)
    if isinstance(error, Ignore):
        return Exit(kind=ExitKind.IGNORED, reason=str(error))
    if error is not None:
        return describe(error, ExitKind.START_FAILED)
    if not run.stopping.is_set():
        early = "it ended before it was ready"
        return Exit(kind=ExitKind.START_FAILED, error="EndedEarly", reason=early)
    return None


def exited(actor: str, run: Incarnation, end: Exit, handling: str) -> ActorExited:
    """Return the fact that *run* of *actor* has ended while it was handling a message of that name."""
    return ActorExited(
        actor=actor,
        incarnation=run.number,
        exit=end.kind,
        reason=end.reason,
        error=end.error,
        place=end.place,
        handling=handling,
        is_ready=run.is_ready,
    )


def describe(error: BaseException, kind: ExitKind) -> Exit:
    """Return how a run that raised *error* ended: by the one error that decides, with the others' names."""
    first, beside = error, ""
    if leaves(error)[0] is not error:
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


def whereabouts(path: tuple[str, ...]) -> list[str]:
    """Return at which lines the tasks of the run at *path* hang: a few, each with its last calls."""
    found: list[str] = []
    for task in asyncio.all_tasks():
        if task.get_context().get(inside) == path:
            calls = waiting(task.get_coro())[-_NAMED:]
            found.append(" > ".join(f"{call.place} {call.name}" for call in calls))
    return found[:_NAMED] or ["a place that cannot be seen"]


def _sendable(text: str) -> str:
    """Return *text* without lone surrogates, which names of undecodable files bring and JSON refuses."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def is_fatal(error: BaseException) -> bool:
    """Return whether no restart can help with *error*: acore knows it as such, or it ends Python itself."""
    if isinstance(error, BaseExceptionGroup):
        return any(is_fatal(one) for one in leaves(cast("BaseException", error)))
    return isinstance(error, FatalError | MemoryError) or not isinstance(error, Exception)
