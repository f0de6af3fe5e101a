"""Supervisors that no longer get to what they have to do are told of."""

from acore.clock import HeldClock
from acore.events.bus import Bus
from acore.events.recorder import MemoryRecorder
from acore.events.supervision import SupervisorSilent
from acore.runtime.pulse import PING_EVERY, SILENT_AFTER, Pulse


class Chief:
    """A supervisor that can be kept from its steps."""

    def __init__(self, clock: HeldClock) -> None:
        self.clock = clock
        self.pinged_at: float | None = None
        self.pings = 0
        self.is_stuck = False

    def ping(self) -> None:
        self.pings += 1
        self.pinged_at = self.clock.monotonic()
        if not self.is_stuck:
            self.answer()

    def answer(self) -> None:
        self.pinged_at = None


async def test_a_supervisor_that_does_not_come_to_its_steps_is_told_of_once_until_it_does() -> None:
    """S62."""
    clock, recorder = HeldClock(), MemoryRecorder()
    chief = Chief(clock)
    pulse = Pulse({"chief": chief}, Bus(clock, recorder, boot="test"))

    async def live(seconds: float) -> list[float]:
        """Look twice a second, as the loop's thread has it done, and return what was told by then."""
        for _ in range(int(2 * seconds)):
            pulse.look()
            await clock.advance(0.5)
        return [e.message.seconds for e in recorder.entries if isinstance(e.message, SupervisorSilent)]

    assert await live(60) == []
    assert chief.pings == 60 / PING_EVERY

    chief.is_stuck = True
    assert await live(60) == [SILENT_AFTER]
    assert chief.pings == 60 / PING_EVERY + 1, "what is stuck is not given more to do"

    chief.is_stuck = False
    chief.answer()
    assert await live(60) == [SILENT_AFTER]
    chief.is_stuck = True
    assert await live(60) == [SILENT_AFTER, SILENT_AFTER]
