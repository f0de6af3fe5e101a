"""ProcessActor: signals become wishes, and the end comes also when nobody orders it."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import create_task_group

from acore.actors.process import PATIENCE, ProcessActor, Signals
from acore.clock import HeldClock
from acore.events.base import Trace
from acore.events.lifecycle import DescribeActors, DescribeProcess, StopRequested
from acore.events.parts import RestartPart
from acore.events.settings import ReloadRequested
from acore.runtime.cause import Cause
from acore.runtime.edge import EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec
from tests.actors.house import PROCESS, House, core, house
from tests.failing import Struck, fail_if


class Fragile(ProcessActor):
    """Fails when it is struck."""

    @handles
    async def fail(self, struck: Struck, _io: EdgeContext) -> None:
        fail_if("process", struck)


class Process:
    """What the process was told to do."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.clock = HeldClock()
        self.signals = Signals(self.clock, self.told.append, lambda: self.told.append("at once"))

    def stop(self, why: str, _cause: Cause) -> None:
        self.told.append(why)

    def restart(self, wanted: RestartPart, trace: Trace) -> None:
        self.told.append(f"restart {wanted.actor} for {wanted.by}, as {trace.source} says")

    def actors(self) -> tuple[ChildSpec, ...]:
        actor = ChildSpec(
            id="process",
            actor=Fragile,
            start=lambda: Fragile(PROCESS, tuple, self.signals, self.stop, self.restart),
        )
        return (actor,)


@asynccontextmanager
async def listening(process: Process, folder: Path, *others: ChildSpec) -> AsyncGenerator[House]:
    """Run the actor in a process that hears its signals."""
    async with create_task_group() as tasks:
        tasks.start_soon(process.signals.listen)
        await process.signals.is_listening.wait()
        async with house(folder, *process.actors(), *others, clock=process.clock) as home:
            yield home
        tasks.cancel_scope.cancel()


async def send(home: House, number: signal.Signals) -> None:
    """Send this process a signal, and let all that follows at once happen."""
    before = home.bus.seq
    signal.raise_signal(number)
    # The kernel hands it to the event loop's own socket: no task is ready before it has been read.
    for _ in range(100):
        await home.clock.settle()
        if home.bus.seq > before:
            return


async def test_the_first_signal_asks_for_an_ordered_stop(tmp_path: Path) -> None:
    """S47: it is a wish like any other; nothing is cancelled."""
    process = Process()
    async with listening(process, tmp_path) as home:
        await send(home, signal.SIGTERM)

        assert [one.by for one in await home.told(StopRequested)] == ["SIGTERM"]
        assert process.told == []


async def test_the_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    """S47."""
    process = Process()
    async with listening(process, tmp_path) as home:
        await send(home, signal.SIGINT)
        await send(home, signal.SIGTERM)

        assert process.told == ["at once"]


async def test_a_signal_brings_the_end_about_when_nobody_orders_it(tmp_path: Path) -> None:
    """S47: the actor that should is not needed for it."""
    process = Process()
    async with listening(process, tmp_path) as home:
        await send(home, signal.SIGTERM)
        await home.clock.advance(PATIENCE)

        assert process.told == ["SIGTERM"]


async def test_the_hang_up_signal_has_the_settings_read_again(tmp_path: Path) -> None:
    process = Process()
    async with listening(process, tmp_path, *core()) as home:
        await send(home, signal.SIGHUP)

        assert [one.by for one in await home.told(ReloadRequested)] == ["SIGHUP"]
        assert await home.told(StopRequested) == []


async def test_it_says_what_runs(tmp_path: Path) -> None:
    async with listening(Process(), tmp_path) as home:
        assert await home.ask(DescribeProcess()) == PROCESS
        assert await home.ask(DescribeActors()) == ()


async def test_a_signal_is_heard_while_the_actor_is_down(tmp_path: Path) -> None:
    """S47: it waits for the next run."""
    process = Process()
    async with listening(process, tmp_path) as home:
        await home.tell(Struck(actor="process"))
        signal.raise_signal(signal.SIGTERM)
        await home.clock.advance(1)

        assert [one.by for one in await home.told(StopRequested)] == ["SIGTERM"]


async def test_a_restart_is_handed_over_and_not_waited_for(tmp_path: Path) -> None:
    """S69: the part that hands it over may be the one, so it must not wait for itself."""
    process = Process()
    async with listening(process, tmp_path) as home:
        home.bus.perform(RestartPart(actor="process", by="ann"), Trace(source="lifecycle"))
        await home.clock.settle()

        assert process.told == ["restart process for ann, as process says"]
