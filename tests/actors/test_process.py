"""ProcessActor: signals become wishes, and the end comes also when nobody orders it."""

import signal
from pathlib import Path

from acore.actors.process import PATIENCE, ProcessActor
from acore.events.lifecycle import DescribeActors, DescribeProcess, StopRequested
from acore.events.settings import ReloadRequested
from acore.runtime.spec import ChildSpec
from tests.actors.house import PROCESS, House, core, house


class Process:
    """What the process was told to do."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def actors(self) -> tuple[ChildSpec, ...]:
        actor = ChildSpec(
            id="process",
            actor=ProcessActor,
            start=lambda: ProcessActor(PROCESS, tuple, self.told.append, lambda: self.told.append("at once")),
        )
        return (actor,)


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
    process = Process()
    async with house(tmp_path, *process.actors()) as home:
        await send(home, signal.SIGTERM)

        assert [one.by for one in await home.told(StopRequested)] == ["SIGTERM"]
        assert process.told == []


async def test_the_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    process = Process()
    async with house(tmp_path, *process.actors()) as home:
        await send(home, signal.SIGINT)
        await send(home, signal.SIGTERM)

        assert process.told == ["at once"]


async def test_a_signal_brings_the_end_about_when_nobody_orders_it(tmp_path: Path) -> None:
    process = Process()
    async with house(tmp_path, *process.actors()) as home:
        await send(home, signal.SIGTERM)
        await home.clock.advance(PATIENCE)

        assert process.told == ["SIGTERM"]


async def test_the_hang_up_signal_has_the_settings_read_again(tmp_path: Path) -> None:
    process = Process()
    async with house(tmp_path, *process.actors(), *core()) as home:
        await send(home, signal.SIGHUP)

        assert [one.by for one in await home.told(ReloadRequested)] == ["SIGHUP"]
        assert await home.told(StopRequested) == []


async def test_it_says_what_runs(tmp_path: Path) -> None:
    async with house(tmp_path, *Process().actors()) as home:
        assert await home.ask(DescribeProcess()) == PROCESS
        assert await home.ask(DescribeActors()) == ()
