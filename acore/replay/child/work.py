"""What the sealed process does: replays, goes through steps, tells what was believed."""

import logging
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import assert_never

import loguru
import msgspec

from acore.events import topics
from acore.replay.believed import Belief, believe
from acore.replay.cast import cast_at, chosen
from acore.replay.child.pulse import Pipe, Pulse
from acore.replay.child.seal import Seal
from acore.replay.child.stepper import Stepper
from acore.replay.child.wire import (
    ActorReplayed,
    AnyRequest,
    AtTask,
    Back,
    Believed,
    Done,
    Find,
    Go,
    Goto,
    Last,
    Next,
    ReplayTask,
    Stepped,
    Steps,
    StepTask,
    Task,
    WhatIfTask,
    WhatIfTold,
    decode_request,
)
from acore.replay.engine import Step, replay, steps
from acore.replay.opening import databases, open_source
from acore.replay.whatif import what_if


def work(pipe: Pipe, seal: Seal) -> None:
    """Do what the first line on standard input asks for, and what further ones do.

    Args:
        pipe: Where to answer.
        seal: Closed when all is read that has to be there.

    Raises:
        AcoreError: It cannot be done, and why.
    """
    task = decode_request(sys.stdin.buffer.readline())
    assert isinstance(task, Task)  # noqa: S101 - who starts this process says first what it is for
    topics.load()
    # Nobody is to take what is decided again for news.
    loguru.logger.remove()
    logging.disable()
    _Work(task, pipe, seal).go()


class _Work:
    """One task."""

    def __init__(self, task: Task, pipe: Pipe, seal: Seal) -> None:
        path = Path(task.source)
        self._task = task
        self._pipe = pipe
        self._seal = seal
        self._cast = cast_at(task.cast)
        self._source = open_source(path)
        self._pulse = Pulse(pipe, task.limit)
        seal.close(*databases(path))

    def go(self) -> None:
        match self._task:
            case ReplayTask() as task:
                self._replay(task)
            case StepTask() as task:
                self._step(task)
            case AtTask() as task:
                self._tell(task)
            case WhatIfTask() as task:
                self._wonder(task)
            case _:
                raise AssertionError(self._task)

    def _replay(self, task: ReplayTask) -> None:
        total = self._source.facts().last_seq
        for name, build in chosen(self._cast, task.actors).items():
            with self._pulse.beating(name, total):
                replayed = replay(
                    name,
                    build,
                    self._source,
                    span=task.span,
                    collect=task.collects,
                    on_progress=self._note,
                )
            self._pipe.say(ActorReplayed(actor=name, replayed=replayed, breaches=self._seal.taken()))
            if replayed.divergences and not task.collects:
                break
        self._pipe.say(Done())

    def _note(self, seq: int) -> None:
        self._pulse.done = seq

    def _tell(self, task: AtTask) -> None:
        actors = chosen(self._cast, task.actors)
        for moment in task.moments:
            beliefs: list[Belief] = []
            for name, build in actors.items():
                with self._pulse.beating(name, self._source.facts().last_seq):
                    beliefs.append(believe(name, build, self._source, moment, on_progress=self._note))
            self._pipe.say(Believed(beliefs=tuple(beliefs)))
        self._pipe.say(Done())

    def _wonder(self, task: WhatIfTask) -> None:
        upto = self._source.seq_at(task.upto) if isinstance(task.upto, datetime) else task.upto
        with self._pulse.beating("all actors", self._source.facts().last_seq):
            result = what_if(self._cast, self._source, upto=upto, on_progress=self._note)
        self._pipe.say(WhatIfTold(result=result, breaches=self._seal.taken()))
        self._pipe.say(Done())

    # --- step by step

    def _step(self, task: StepTask) -> None:
        ((name, build),) = chosen(self._cast, (task.actor,)).items()

        def snapshot(before: int) -> int:
            return next((one.seq for one in self._source.snapshots(name, upto=before - 1)), 0)

        def begin(after: int) -> Iterator[Step]:
            first = max(task.span.first or 0, after + 1 if after else 0) or None
            return steps(name, build, self._source, span=msgspec.structs.replace(task.span, first=first))

        stepper = Stepper(begin, snapshot)
        self._pipe.say(Done())
        while line := sys.stdin.buffer.readline():
            with self._pulse.beating(name, self._source.facts().last_seq):
                answer = self._move(stepper, decode_request(line))
            self._pipe.say(answer)

    def _move(self, stepper: Stepper, move: AnyRequest) -> Stepped | Steps:
        match move:
            case Next():
                step = stepper.next()
            case Back():
                step = stepper.back()
            case Goto():
                step = stepper.goto(move.seq)
            case Find():
                step = stepper.find(move.pattern)
            case Go():
                step = stepper.go()
            case Last():
                return Steps(steps=stepper.last(move.count), current=stepper.current)
            case ReplayTask() | StepTask() | AtTask() | WhatIfTask():
                raise AssertionError(move)
            case _:
                assert_never(move)
        return Stepped(step=step, breaches=self._seal.taken())
