"""A process with one effect that reaches outside, to be killed at a moment that whoever starts it chooses.

`python -m acore.soak.effects DIRECTORY POLICY MOMENT` asks for the effect, if no earlier run in the directory
has, says the moment's name on its standard output when it has come to it, and stays there until it is killed.
With the moment `none` it asks for nothing, deals with what earlier runs left, says `settled` and stops in
order. What the effect does outside is a line in the file `outside` of the directory.
"""

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path

import anyio
from anyio import create_task_group, sleep_forever

from acore.actors.outbox import OutboxActor
from acore.clock import RealClock
from acore.events.base import Effect, Event, Policy, Trace, outcome_id
from acore.events.bus import Bus
from acore.events.catalog import wire
from acore.events.outbox import OutboxView
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.storage.sqlite import Connection
from acore.storage.store import open_store

OUTSIDE = "outside"
EFFECT_ID = "the-one-effect"


class Moment(StrEnum):
    """Where the process waits to be killed."""

    ACCEPTED = "accepted"
    """The effect is asked for, and the disk has not taken it."""
    DURABLE = "durable"
    """It is on disk, and nothing was done."""
    DONE = "done"
    """It was done, and its outcome is not known to anybody."""
    OUTCOME = "outcome"
    """Its outcome is on disk."""
    NONE = "none"


@wire("soak.write_again", policy=Policy.IDEMPOTENT)
class WriteAgain(Effect):
    """Write a line outside; it does no harm twice."""


@wire("soak.write_once", policy=Policy.AT_MOST_ONCE)
class WriteOnce(Effect):
    """Write a line outside, never twice."""


@wire("soak.write_asked", policy=Policy.ASK_OPERATOR)
class WriteAsked(Effect):
    """Write a line outside; whether twice, only a person can tell."""


@wire("soak.written")
class Written(Event):
    """A line was written outside."""

    effect: str


_EFFECTS: dict[Policy, type[Effect]] = {
    Policy.IDEMPOTENT: WriteAgain,
    Policy.AT_MOST_ONCE: WriteOnce,
    Policy.ASK_OPERATOR: WriteAsked,
}


class Writer(EdgeActor):
    """Writes a line outside for each effect, and waits on the way where it is to be killed."""

    def __init__(self, directory: Path, moment: Moment) -> None:
        """Write into *directory*, and wait at *moment*."""
        self._path = directory / OUTSIDE
        self._moment = moment

    @handles
    async def again(self, _: WriteAgain, io: EdgeContext) -> Written:
        """Write a line."""
        return await self._write(io)

    @handles
    async def once(self, _: WriteOnce, io: EdgeContext) -> Written:
        """Write a line."""
        return await self._write(io)

    @handles
    async def asked(self, _: WriteAsked, io: EdgeContext) -> Written:
        """Write a line."""
        return await self._write(io)

    async def _write(self, io: EdgeContext) -> Written:
        assert io.handling is not None  # noqa: S101 - it is handling an effect
        if self._moment is Moment.DURABLE:
            await _wait_for_death(self._moment)
        await anyio.to_thread.run_sync(_append, self._path, io.handling.id)
        if self._moment is Moment.DONE:
            await _wait_for_death(self._moment)
        return Written(effect=io.handling.id)


def _append(path: Path, line: str) -> None:
    """Write *line* so that the machine's own death would not take it back."""
    with path.open("a") as file:
        file.write(f"{line}\n")
        file.flush()
        os.fsync(file.fileno())


def tell(what: str) -> None:
    """Say *what* to whoever started the process."""
    os.write(1, f"{what}\n".encode())


async def _wait_for_death(moment: Moment) -> None:
    tell(moment)
    await sleep_forever()


def _never_commits(connection: Connection) -> None:
    """Let the writer stand still before its first commit, as a disk does that hangs."""
    read, _ = os.pipe()

    def stand_still(statement: str) -> None:
        if statement.startswith("COMMIT"):
            tell(Moment.ACCEPTED)
            os.read(read, 1)

    connection.set_trace_callback(stand_still)


async def live(directory: Path, policy: Policy, moment: Moment, *, clock: RealClock | None = None) -> None:
    """Live until killed at *moment*; without one, until all that was left is dealt with."""
    clock = clock or RealClock()
    boot = f"boot-{os.getpid()}-{clock.wall_ns()}"
    prepare: Callable[[Connection], None] | None = None
    if moment is Moment.ACCEPTED:
        prepare = _never_commits
    async with open_store(directory, boot=boot, clock=clock, prepare=prepare) as store:
        bus = Bus(clock, store.journal, boot=boot, last_seq=store.last_seq)
        performer = ChildSpec(id="performer", actor=Writer, start=partial(Writer, directory, moment))
        outbox = ChildSpec(id="outbox", actor=OutboxActor)
        # A disk that hangs would keep the outbox from reading, and the process from its start.
        parts = (performer,) if moment is Moment.ACCEPTED else (performer, outbox)
        system = System(SupervisorSpec(id="victim", children=(*store.children(), *parts)), bus)
        async with create_task_group() as group:
            group.start_soon(system.run)
            await system.wait_ready()
            if moment is Moment.NONE:
                await bus.views.wait(OutboxView, lambda view: view.is_through)
                await bus.idle()
                await store.journal.wait_durable(bus.seq)
                tell("settled")
                system.stop()
                return
            if store.last_seq:  # an earlier run has asked for it, and the outbox takes it up
                await sleep_forever()
            with bus.listen(Written) as news:
                bus.perform(_EFFECTS[policy](), Trace(source="victim"), event_id=EFFECT_ID)
                outcome = await anext(news)
                assert outcome.id == outcome_id(EFFECT_ID)  # noqa: S101 - what the whole is about
                await store.journal.wait_durable(outcome.seq)
                await _wait_for_death(moment)


if __name__ == "__main__":
    anyio.run(live, Path(sys.argv[1]), Policy(sys.argv[2]), Moment(sys.argv[3]))
