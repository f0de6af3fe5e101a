"""A process that writes until it is killed; it says on its standard output what it knows to be durable."""

import os
import sys
from pathlib import Path

import anyio

from acore.clock import RealClock
from acore.events.discord import TokenSealed
from tests.storage.world import World, running


async def write_for_ever(world: World) -> None:
    while True:
        for _ in range(7):
            # What is a row, and what is only projected, share one transaction.
            world.say(TokenSealed(interaction=world.count(1).seq, sealed="sealed"))
        await world.durable()
        os.write(1, f"{world.bus.seq}\n".encode())


async def main(directory: Path, boot: str) -> None:
    async with running(directory, RealClock(), boot=boot) as world:
        await write_for_ever(world)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), sys.argv[2])
