"""A thread that notices when something holds up the event loop: then nothing in the loop itself can."""

import os
import sys
import threading
import time
from asyncio import AbstractEventLoop, Task, current_task, get_running_loop
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Protocol

from loguru import logger

from acore.clock import Clock, RealClock
from acore.errors import ExitCode
from acore.events.base import Envelope, Trace
from acore.events.bus import Bus, BusClosedError
from acore.events.supervision import LoopBlocked
from acore.record import Record
from acore.runtime.incarnation import inside
from acore.runtime.stack import Call, called_by_loop, place, running, text

NOTICE_AFTER = 1.0
"""Seconds without a turn of the loop that are worth telling."""
_MOST_THREADS = 20
# Where lines go may be the very thing that holds everything up: longer than this nobody waits for one.
_SAYING = 2.0
# While this thread could not run, a process that computed used at least this share of the time, also on a
# machine with little time for it; one that was halted used none.
_COMPUTING = 0.1
_NAME = "standstill"


class Worker(Protocol):
    """What the thread asks of an actor's cell."""

    def handled_by(self, task: Task[Any]) -> Envelope | None:
        """Return what *task*, one of this actor's, is handling. Called while the loop stands still."""
        ...


class Finding(Record):
    """What the loop was found at; blank is what could not be seen."""

    actor: str = ""
    message: str = ""
    calls: tuple[Call, ...] = ()

    def __str__(self) -> str:
        who = self.actor or "something that belongs to no actor"
        what = f" at {self.message}" if self.message else ""
        return f"{who}{what} in {place(self.calls) or 'a place that cannot be seen'}"


class _Question:
    """Whether the loop turns; the answer is a turn."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.halted = 0.0
        self.is_noticed = False
        self.is_answered = False

    def waited(self, now: float) -> float:
        return now - self.asked - self.halted


class StandstillWatch:
    """Asks the loop again and again whether it turns, and looks closely when it does not.

    A block that lasts is noticed after one to one and a half times `notice_after`: it is asked twice within.
    Time in which this thread did not run either does not count, unless the process computed meanwhile: then
    it was stopped, or the machine slept.
    """

    def __init__(
        self,
        cells: Mapping[str, Worker],
        bus: Bus,
        *,
        notice_after: float = NOTICE_AFTER,
        limit: float = 0.0,
        end: Callable[[], None] = lambda: os._exit(ExitCode.SOFTWARE),
        on_turn: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare to watch.

        Args:
            cells: The actors, by name.
            bus: Where it is told when the loop turns again.
            notice_after: Seconds without a turn that are worth telling.
            limit: Seconds without a turn after which *end* is called; 0 for never.
            end: Ends the process, whatever the loop's thread is doing.
            on_turn: Called in the loop each time it has answered, twice within `notice_after`.
        """
        self._cells = cells
        self._bus = bus
        # Never the bus's clock: one that is held stands still itself.
        self._clock: Clock = RealClock()
        self._notice_after = notice_after
        self._limit = limit
        self._end = end
        self._on_turn = on_turn
        self._is_over = threading.Event()
        self._shown: set[str] = set()

    @contextmanager
    def watching(self) -> Generator[None]:
        """Watch the running loop while the block lasts."""
        where = (get_running_loop(), threading.get_ident())
        threading.Thread(target=self._watch, args=where, name=_NAME, daemon=True).start()
        try:
            yield
        finally:
            self._is_over.set()

    # --- in the thread

    def _watch(self, loop: AbstractEventLoop, loops_thread: int) -> None:
        question: _Question | None = None
        pause = self._notice_after / 2
        before, computed = self._clock.monotonic(), time.process_time()
        while not self._is_over.wait(pause):
            now = self._clock.monotonic()
            gap = now - before
            lost = halted(gap, time.process_time() - computed, pause)
            try:
                if question is None or question.is_answered:
                    # What let this thread not run either has let it ask late.
                    question = _Question(now - max(0.0, gap - pause - lost))
                    loop.call_soon_threadsafe(self._answer, question)
                else:
                    question.halted += lost
                self._consider(question, now, loop, loops_thread)
            except RuntimeError:
                return  # the loop is closed
            before, computed = self._clock.monotonic(), time.process_time()

    def _consider(self, question: _Question, now: float, loop: AbstractEventLoop, loops_thread: int) -> None:
        waited = question.waited(now)
        is_over_the_limit = 0 < self._limit <= waited
        if not is_over_the_limit and (question.is_noticed or waited < self._notice_after):
            return
        finding = self._find(loop, loops_thread)
        if question.is_answered:
            return  # it turns again, and what was seen just now is innocent
        stacks = _stacks(loops_thread)
        began = f"Nothing has got on for {waited:.1f} s because of {finding}"
        if is_over_the_limit:
            self._say("CRITICAL", f"{began}. The process ends, so that it can be started anew.\n{stacks}")
            self._end()
            return
        # All stacks are long; of a place that often holds things up they are shown once.
        where = place(finding.calls)
        shown = "" if where in self._shown else f"\n{stacks}"
        self._shown.add(where)
        question.is_noticed = True
        loop.call_soon_threadsafe(self._tell, question, finding)
        self._say("WARNING", f"{began}. What takes long belongs in a thread.{shown}")

    def _find(self, loop: AbstractEventLoop, loops_thread: int) -> Finding:
        calls = called_by_loop(running(_frames().get(loops_thread)))
        task = current_task(loop)
        if task is None:
            return Finding(calls=calls)
        actor = (task.get_context().get(inside) or ("",))[-1]
        cell = self._cells.get(actor)
        envelope = cell.handled_by(task) if cell is not None else None
        message = self._bus.catalog.of(type(envelope.message)).name if envelope is not None else ""
        return Finding(actor=actor, message=message, calls=calls)

    def _say(self, level: str, sentence: str) -> None:
        speaker = threading.Thread(target=_log, args=(level, sentence), name=_NAME, daemon=True)
        speaker.start()
        speaker.join(_SAYING)

    # --- in the loop

    def _answer(self, question: _Question) -> None:
        question.is_answered = True
        self._on_turn()

    def _tell(self, question: _Question, finding: Finding) -> None:
        news = LoopBlocked(
            seconds=question.waited(self._clock.monotonic()),
            actor=finding.actor,
            message=finding.message,
            place=place(finding.calls),
            stack=text(finding.calls),
        )
        with suppress(BusClosedError):
            self._bus.publish(news, Trace(source=_NAME))


def halted(gap: float, computed: float, pause: float) -> float:
    """Return seconds in which everything was halted, the process or the machine, and nobody held it up.

    Args:
        gap: Seconds between two looks.
        computed: Seconds of the processor that the process used between them.
        pause: Seconds that were meant to lie between them; twice as many are not yet strange.
    """
    late = gap - pause
    return late if late > pause and computed < _COMPUTING * late else 0.0


def _frames() -> dict[int, FrameType]:
    return sys._current_frames()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - documented, and the only way


def _stacks(first: int) -> str:
    """Return what all threads are at but this one, the *first* one first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = _frames()
    others = [ident for ident in frames if ident not in {first, threading.get_ident()}]
    shown = [ident for ident in (first, *others) if ident in frames][:_MOST_THREADS]
    parts = [f"Thread {names.get(ident, ident)}:\n{text(running(frames[ident]))}" for ident in shown]
    left_out = len(frames) - 1 - len(shown)
    return "\n".join([*parts, f"({left_out} more threads)"] if left_out > 0 else parts)


def _log(level: str, sentence: str) -> None:
    logger.log(level, "{}", sentence)
