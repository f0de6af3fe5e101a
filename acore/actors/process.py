"""The edge that is the process: its signals, what it is, and its end."""

import signal
from collections.abc import Callable

from anyio import open_signal_receiver
from loguru import logger

from acore.events.lifecycle import (
    ActorLine,
    DescribeActors,
    DescribeProcess,
    EndProcess,
    ProcessFacts,
    StopRequested,
)
from acore.events.settings import ReloadRequested
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles

PATIENCE = 2.0
"""Seconds that the lifecycle actor has to order the end before a signal brings it about by itself."""


class ProcessActor(EdgeActor):
    """Turns signals into wishes, and the wish to end into the end: in good order, or at once."""

    def __init__(
        self,
        facts: ProcessFacts,
        describe_actors: Callable[[], tuple[ActorLine, ...]],
        stop: Callable[[str], None],
        quit_now: Callable[[], None],
    ) -> None:
        """Speak for the process.

        Args:
            facts: What the process is.
            describe_actors: Returns a line about every actor.
            stop: Stops everything in good order, for the reason given.
            quit_now: Ends everything at once.
        """
        self._facts = facts
        self._describe_actors = describe_actors
        self._stop = stop
        self._quit_now = quit_now

    async def run(self, io: EdgeContext) -> None:
        """Listen for signals."""
        async with io.until_stopped() as tasks:
            with open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
                io.ready()
                asked = 0
                async for number in signals:
                    name = signal.Signals(number).name
                    if number == signal.SIGHUP:
                        io.publish(ReloadRequested(by=name))
                        continue
                    asked += 1
                    if asked > 1:
                        logger.warning("{} again: stopping at once.", name)
                        self._quit_now()
                    else:
                        logger.info("{}: stopping. Once more stops at once.", name)
                        io.publish(StopRequested(by=name))
                        tasks.start_soon(self._insist, name, io)

    async def _insist(self, name: str, io: EdgeContext) -> None:
        """Stop even when the actor that should order it does not."""
        await io.clock.sleep(PATIENCE)
        self._stop(name)

    @handles
    async def describe(self, _question: DescribeProcess, _io: EdgeContext) -> ProcessFacts:
        """Answer what runs here."""
        return self._facts

    @handles
    async def actors(self, _question: DescribeActors, _io: EdgeContext) -> tuple[ActorLine, ...]:
        """Answer how every actor is."""
        return self._describe_actors()

    @handles
    async def end(self, wanted: EndProcess, _io: EdgeContext) -> None:
        """Stop everything in good order."""
        self._stop(wanted.reason)
