"""The edge that is the process: its signals, what it is, and its end."""

import signal
from collections import deque
from collections.abc import Callable

from anyio import Event as Flag
from anyio import create_task_group, open_signal_receiver
from anyio.abc import TaskGroup
from loguru import logger

from acore.clock import Clock
from acore.events.base import Trace, trace_of
from acore.events.lifecycle import (
    ActorLine,
    DescribeActors,
    DescribeProcess,
    EndProcess,
    ProcessFacts,
    StopRequested,
)
from acore.events.parts import RestartPart
from acore.events.settings import ReloadRequested
from acore.runtime.cause import Cause
from acore.runtime.edge import EdgeActor, EdgeContext, Outcome
from acore.runtime.handlers import handles

PATIENCE = 2.0
"""Seconds that the lifecycle actor has to order the end before a signal brings it about by itself."""


class Signals:
    """Hears what the process is sent, from its first moment to its last, whatever becomes of the actors."""

    def __init__(self, clock: Clock, stop: Callable[[str], None], quit_now: Callable[[], None]) -> None:
        """Prepare to listen.

        Args:
            clock: The clock everybody here goes by.
            stop: Stops everything in good order, for the reason given.
            quit_now: Ends everything at once.
        """
        self._clock = clock
        self._stop = stop
        self._quit_now = quit_now
        self._heard: deque[str] = deque()
        self._news = Flag()
        self._asked = 0
        self.is_listening = Flag()

    async def listen(self) -> None:
        """Listen until cancelled: a first signal asks for an end in good order, a second one ends at once."""
        async with create_task_group() as tasks:
            with open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
                self.is_listening.set()
                async for number in signals:
                    self._take(number, tasks)

    async def next(self) -> str:
        """Return the name of the next signal that asks for something."""
        while not self._heard:
            await self._news.wait()
        return self._heard.popleft()

    def _take(self, number: signal.Signals, tasks: TaskGroup) -> None:
        name = signal.Signals(number).name
        if number != signal.SIGHUP:
            self._asked += 1
            if self._asked > 1:
                logger.warning("{} again: stopping at once.", name)
                self._quit_now()
                return
            logger.info("{}: stopping. Once more stops at once.", name)
            tasks.start_soon(self._insist, name)
        self._heard.append(name)
        self._news.set()
        self._news = Flag()

    async def _insist(self, name: str) -> None:
        """Stop even when the actor that should order it does not."""
        await self._clock.sleep(PATIENCE)
        self._stop(name)


class ProcessActor(EdgeActor):
    """Turns signals into wishes, and the wish to end into the end in good order."""

    def __init__(
        self,
        facts: ProcessFacts,
        describe_actors: Callable[[], tuple[ActorLine, ...]],
        signals: Signals,
        stop: Callable[[str, Cause], None],
        restart: Callable[[RestartPart, Trace], None],
    ) -> None:
        """Speak for the process.

        Args:
            facts: What the process is.
            describe_actors: Returns a line about every actor.
            signals: What the process is sent.
            stop: Stops everything in good order, for the reason and because of the message given.
            restart: Begins to restart an actor, and sees that its outcome is told, with what that inherits.
        """
        self._facts = facts
        self._describe_actors = describe_actors
        self._signals = signals
        self._stop = stop
        self._restart = restart

    async def run(self, io: EdgeContext) -> None:
        """Say what signals ask for."""
        io.ready()
        async with io.until_stopped():
            while True:
                name = await self._signals.next()
                wish = ReloadRequested(by=name) if name == "SIGHUP" else StopRequested(by=name)
                io.publish(wish)

    @handles
    async def describe(self, _question: DescribeProcess, _io: EdgeContext) -> ProcessFacts:
        """Answer what runs here."""
        return self._facts

    @handles
    async def actors(self, _question: DescribeActors, _io: EdgeContext) -> tuple[ActorLine, ...]:
        """Answer how every actor is."""
        return self._describe_actors()

    @handles
    async def end(self, wanted: EndProcess, io: EdgeContext) -> None:
        """Stop everything in good order."""
        self._stop(wanted.reason, Cause.of(io.handling))

    @handles
    async def restart(self, wanted: RestartPart, io: EdgeContext) -> Outcome:
        """Have an actor restarted, without waiting for that: it may be this one."""
        assert io.handling is not None  # noqa: S101 - it is handling this
        self._restart(wanted, trace_of(io.handling, io.actor))
        return Outcome.LATER
