"""A process that opens a store, and then writes, when it is told to, and says what became of it."""

import os
import sys
from pathlib import Path

import anyio
from anyio import to_thread

from acore.clock import RealClock
from acore.storage.rows import FencedOutError
from tests.storage.world import running


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


async def main(directory: Path, boot: str) -> None:
    await to_thread.run_sync(sys.stdin.readline)
    try:
        async with running(directory, RealClock(), boot=boot) as world:
            say("running")
            while await to_thread.run_sync(sys.stdin.readline):
                world.count(1)
                await world.durable()
                say("written")
    except* FencedOutError as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        say(str(error))


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), sys.argv[2])
