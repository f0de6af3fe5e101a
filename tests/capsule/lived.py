"""A journal of two runs of the core actors, with a crash in each, for all tests here."""

from pathlib import Path

from acore.clock import HeldClock
from acore.events.discord import (
    Application,
    ApplicationIdentified,
    Argument,
    InteractionDenied,
    InteractionReceived,
    Invoker,
    Link,
    LinkChanged,
    Place,
)
from acore.events.lifecycle import StopRequested
from acore.events.metrics import ActivityCounted
from acore.events.parts import RestartActor
from acore.events.settings import ReloadRequested
from acore.storage.query import Row, tail
from acore.storage.store import DATABASE_NAME
from tests.actors.house import House, everybody, house
from tests.failing import Struck

ALICE = Invoker(id=123_456_789_012_345_678, name="Alice Liddell", roles=(223_456_789_012_345_678,))
PLACE = Place(guild=323_456_789_012_345_678, channel=423_456_789_012_345_678)
WRITTEN = "my cat is called Dinah"


async def live(directory: Path) -> None:
    """Live two runs; the second one ends in good order."""
    clock = HeldClock()
    async with house(directory, *everybody(), boot="boot-1", clock=clock) as home:
        await _some_of_a_day(home)
        await home.tell(Struck(actor="metrics"))
        await clock.advance(5)
    await clock.advance(60)
    async with house(directory, *everybody(), boot="boot-2", clock=clock) as home:
        await _some_of_a_day(home)
        await home.tell(Struck(actor="lifecycle"))
        await clock.advance(5)
        await home.ask(RestartActor(actor="metrics", by=ALICE.name, user=ALICE.id, interaction=ALICE.id + 7))
        await home.tell(StopRequested(by=ALICE.name))


async def _some_of_a_day(home: House) -> None:
    clock = home.clock
    await home.tell(
        ApplicationIdentified(
            application=Application(
                id=523_456_789_012_345_678,
                name="Cheshire",
                owners=(ALICE.id,),
                owner_name=ALICE.name,
                intents_on=(),
                intents_off=(),
            )
        ),
        LinkChanged(link=Link.READY),
        InteractionReceived(
            interaction=ALICE.id + 5 + home.bus.seq,
            application=523_456_789_012_345_678,
            command="botstatus",
            arguments=(Argument(name="why", value=WRITTEN),),
            invoker=ALICE,
            place=PLACE,
            is_ephemeral=True,
            role="admin",
            rule="admin",
            received=clock.now(),
        ),
        InteractionDenied(
            interaction=ALICE.id + 6 + home.bus.seq,
            command="ops",
            invoker=Invoker(id=987_654_321_012_345_678, name="Red Queen"),
            place=PLACE,
            rule="nobody",
        ),
    )
    for minute in range(5):
        home.say(ActivityCounted(messages=minute, commands=1))
        await clock.advance(60)
    await home.tell(ReloadRequested(by="SIGHUP"))


def rows(database: Path) -> tuple[Row, ...]:
    """Return the whole journal."""
    return tail(database, limit=1_000_000)


def database_in(directory: Path) -> Path:
    """Return the database of a data directory."""
    return directory / DATABASE_NAME
