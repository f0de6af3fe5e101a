"""HostActor: a sample every minute, taken where it holds nobody up."""

import threading
from pathlib import Path

from acore.actors.host import INTERVAL, HostActor
from acore.events.metrics import HostSampled
from acore.events.supervision import ActorExited
from acore.host.reader import HostReader, Reading
from acore.runtime.spec import ChildSpec
from tests.actors.house import house

READING = Reading(
    cpu_percent=1.0, memory_percent=2.0, process_bytes=3, process_cpu_percent=4.0, disk_percent=5.0
)


class Machine(HostReader):
    """A machine that says what the test wants, or nothing."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.says: Reading | None = READING
        self.threads: list[threading.Thread] = []

    def read(self) -> Reading:
        self.threads.append(threading.current_thread())
        if self.says is None:
            raise FileNotFoundError(2, "No such file or directory")
        return self.says


def host(machine: Machine) -> ChildSpec:
    return ChildSpec(id="host", actor=HostActor, start=lambda: HostActor(machine))


async def test_the_machine_is_sampled_at_once_and_then_every_minute(tmp_path: Path) -> None:
    async with house(tmp_path, host(Machine(tmp_path))) as home:
        await home.clock.advance(1)
        assert await home.told(HostSampled) == [
            HostSampled(
                cpu_percent=1.0,
                memory_percent=2.0,
                process_bytes=3,
                process_cpu_percent=4.0,
                disk_percent=5.0,
                loop_lag=0.0,
            )
        ]

        await home.clock.advance(3 * (INTERVAL + 0.1))

        assert len(await home.told(HostSampled)) == 4


async def test_reading_the_machine_never_holds_up_the_event_loop(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    async with house(tmp_path, host(machine)) as home:
        await home.clock.advance(1)

        assert machine.threads
        assert threading.current_thread() not in machine.threads


async def test_a_machine_that_does_not_say_is_asked_again_the_next_minute(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    machine.says = None
    async with house(tmp_path, host(machine)) as home:
        await home.clock.advance(1)
        assert await home.told(HostSampled) == []
        machine.says = READING

        await home.clock.advance(INTERVAL + 1)

        assert len(await home.told(HostSampled)) == 1
        assert await home.told(ActorExited) == []
