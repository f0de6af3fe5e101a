"""Where code is: the calls that something runs in or waits in, in a few bounded words."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

import acore
from acore.record import Record

DEEPEST = 30
"""Calls that are shown; of a deeper stack the innermost, where it is stuck."""
_LONGEST = 300
_STANDARD_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"
_ACORE = f"{Path(acore.__file__).parent}{os.sep}"
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
# What carries handlers is on every way to and from them, and says nothing of what one does.
_CARRIES = tuple(_ACORE + name for name in ("runtime", "events", "clock.py", "log.py"))
# Whatever an event loop calls, it calls from here; what is outside of it is how the program was started.
_LOOP_CALLS = (f"{_STANDARD_LIBRARY}asyncio{os.sep}events.py", "Handle._run")


class Call(Record):
    """One call that is under way: the file and line it has come to, and what is called."""

    file: str
    line: int
    name: str

    @property
    def place(self) -> str:
        """The file and line."""
        return f"{self.file}:{self.line}"


def waiting(awaited: object) -> tuple[Call, ...]:
    """Return the calls in which a coroutine waits, outermost first; none when it has ended."""
    calls: list[Call] = []
    seen: set[int] = set()  # a debugger's or a library's awaitable may lead back to itself
    while awaited is not None and id(awaited) not in seen:
        seen.add(id(awaited))
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(awaited, f"{kind}_frame")), None)
        if kind is None:
            break
        if isinstance(frame := getattr(awaited, f"{kind}_frame"), FrameType):
            calls.append(_call(frame))
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await", None)
    return tuple(calls)


def running(frame: FrameType | None) -> tuple[Call, ...]:
    """Return the calls that a thread is in, outermost first."""
    calls: list[Call] = []
    while frame is not None:
        calls.append(_call(frame))
        frame = frame.f_back
    return tuple(reversed(calls))


def called_by_loop(calls: Sequence[Call]) -> tuple[Call, ...]:
    """Return those of a thread's *calls* that its event loop has begun; none when the loop itself waits."""
    begins = [number for number, call in enumerate(calls) if (call.file, call.name) == _LOOP_CALLS]
    return tuple(calls[begins[-1] + 1 :]) if begins else ()


def place(calls: Sequence[Call]) -> str:
    """Return `file:line` of the innermost call that tells most; nothing when there is none.

    That is a call of the actor's own code. If there is none, it is one of what is installed, then of what
    carries handlers, then any.
    """
    best = max(reversed(calls), key=lambda call: _telling(call.file), default=None)
    return best.place if best is not None else ""


def text(calls: Iterable[Call]) -> str:
    """Return one line for each call, the innermost last."""
    lines = [f"{call.place} {call.name}"[:_LONGEST] for call in calls]
    left_out = len(lines) - DEEPEST
    return "\n".join([f"({left_out} more)", *lines[left_out:]] if left_out > 0 else lines)


def _call(frame: FrameType) -> Call:
    code = frame.f_code
    # Names of undecodable files bring lone surrogates, which JSON refuses.
    file = code.co_filename.encode(errors="replace").decode()
    return Call(file=file, line=frame.f_lineno or code.co_firstlineno, name=code.co_qualname)


def _telling(file: str) -> int:
    if file.startswith(_CARRIES):
        return 1
    if file.startswith(_ACORE):
        return 3
    if any(part in file for part in _INSTALLED):
        return 2
    return 0 if file.startswith((_STANDARD_LIBRARY, "<")) else 3
