"""Load over the control API: the sandbox's own meter, and dispatches that were encoded beforehand."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from acore.sandbox import parameters
from acore.sandbox.api.table import NOTHING, Answer
from acore.sandbox.control.table import ControlCall, ControlError, ControlRoutes
from acore.sandbox.load.flood import Flood, FloodPlan, NoBotError
from acore.sandbox.load.meter import Meter
from acore.sandbox.parameters import parameter
from acore.sandbox.state.records import User
from acore.sandbox.state.world import World


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What is to be measured."""

    seconds: float = parameter(60.0, "How long at most.", minimum=0.001, maximum=86400)


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """People who are to be there; those who are already are not made again."""

    count: int = parameter(10, "How many.", minimum=1, maximum=100_000)
    guilds: int = parameter(1, "In how many guilds, the first ones, each of them is.", minimum=1)


class Floods:
    """At most one flood at a time.

    Args:
        make: makes one.
        is_recording: whether what bots are sent is recorded, which a flood would leave holes in.
    """

    def __init__(self, make: Callable[[FloodPlan], Flood], *, is_recording: bool) -> None:
        self._make = make
        self._is_recording = is_recording
        self._running: Flood | None = None

    async def run(self, call: ControlCall) -> Answer:
        """Send until it is over; one who goes away before ends it.

        Raises:
            ControlError: it cannot be now.
            WrongInputError: what is asked for cannot be.
        """
        if self._is_recording:
            raise ControlError(409, "the recording would have holes; start the sandbox without --record")
        if self._running is not None:
            raise ControlError(409, "dispatches are being sent already; wait until they are")
        try:
            flood = self._make(parameters.read(FloodPlan, call.body))
        except NoBotError as error:
            raise ControlError(409, str(error)) from None
        self._running = flood
        try:
            return Answer(await flood.run())
        finally:
            self._running = None

    def stop(self, _call: ControlCall) -> Answer:
        """Send nothing more; whoever asked for it is told how it went."""
        if self._running is not None:
            self._running.stop()
        return NOTHING

    def progress(self, _call: ControlCall) -> Answer:
        """Tell how many were sent."""
        sent = 0 if self._running is None else self._running.sent
        return Answer({"is_running": self._running is not None, "sent": sent})


def routes(world: World, meter: Meter, floods: Floods) -> ControlRoutes:
    """Return what answers for load.

    Args:
        world: where people are made.
        meter: measures the sandbox.
        floods: sends what was encoded beforehand.
    """
    table = ControlRoutes()
    table.on("POST", "/load/dispatches")(floods.run)
    table.on("GET", "/load/dispatches")(floods.progress)
    table.on("DELETE", "/load/dispatches")(floods.stop)

    @table.on("POST", "/load/users")
    def add_users(call: ControlCall) -> Answer:
        crowd = parameters.read(Crowd, call.body)
        return Answer({"users": [{"id": one.id, "token": one.token} for one in _people(world, crowd)]})

    @table.on("POST", "/load/meter")
    def begin(call: ControlCall) -> Answer:
        meter.begin(parameters.read(Measurement, call.body).seconds)
        return NOTHING

    @table.on("GET", "/load/meter")
    async def tell(_call: ControlCall) -> Answer:
        return Answer(await meter.told())

    return table


def _people(world: World, crowd: Crowd) -> list[User]:
    guilds = list(islice(world.guilds.values(), crowd.guilds))
    known = {one.username: one for one in world.users.values() if not one.bot}
    people: list[User] = []
    for number in range(1, crowd.count + 1):
        name = f"load{number}"
        people.append(known.get(name) or world.new_user(name))
    for guild in guilds:
        for one in people:
            if one.id not in guild.members and one.id not in guild.bans:
                world.add_member(guild, one)
    return people
