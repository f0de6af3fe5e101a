"""How long acore takes to be ready and how much memory it holds idle, beside a bare nextcord bot."""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from acore.clock import Clock, RealClock
from acore.errors import AcoreError
from acore.host.reader import resident_bytes
from acore.record import Record
from acore.sandbox import Sandbox

SETTLE = 5.0
"""Seconds after being ready at which memory is read."""
_TIME_LIMIT = 60.0

# The least that serves one command: the same intents, caches and pause for servers as acore's own client.
_BARE_BOT = """
import sys, nextcord
from nextcord.http import Route
Route.BASE = sys.argv[1]
intents = nextcord.Intents.none()
intents.guilds = intents.guild_messages = intents.dm_messages = True
class Bot(nextcord.Client):
    async def on_ready(self):
        print("Connected as", self.user, flush=True)
bot = Bot(intents=intents, max_messages=None, guild_ready_timeout=0.5)
@bot.slash_command(name="botstatus", description="How the bot is, in one look.")
async def botstatus(interaction):
    await interaction.response.send_message("fine")
bot.run(sys.argv[2])
"""


class Sample(Record):
    """One start: seconds until ready, and resident memory in bytes once it has settled."""

    seconds: float
    resident: int


class StartReport(Record):
    """Medians over all rounds, and the medians of the ratios taken in each round."""

    rounds: int
    acore_seconds: float
    bare_seconds: float
    seconds_ratio: float
    acore_resident: int
    bare_resident: int
    resident_ratio: float


class NotReadyError(AcoreError):
    """A measured process did not become ready."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what} was not ready within {_TIME_LIMIT:g} s; it said: {said[-500:]}")


async def measure_start(rounds: int, on_round: Callable[[int], None]) -> StartReport:
    """Start both, one after the other in shuffled order, *rounds* times on one sandbox.

    Args:
        rounds: How often.
        on_round: Told the number of each round that is done.

    Raises:
        NotReadyError: One of them did not start.
    """
    clock, samples = RealClock(), {"acore": list[Sample](), "bare": list[Sample]()}
    async with Sandbox() as sandbox:
        for number in range(1, rounds + 1):
            for what in random.sample(tuple(samples), k=2):
                samples[what].append(await _one_start(what, sandbox, clock))
            on_round(number)
    ours, theirs = samples["acore"], samples["bare"]
    return StartReport(
        rounds=rounds,
        acore_seconds=median(one.seconds for one in ours),
        bare_seconds=median(one.seconds for one in theirs),
        seconds_ratio=median(a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)),
        acore_resident=int(median(one.resident for one in ours)),
        bare_resident=int(median(one.resident for one in theirs)),
        resident_ratio=median(a.resident / b.resident for a, b in zip(ours, theirs, strict=True)),
    )


async def _one_start(what: str, sandbox: Sandbox, clock: Clock) -> Sample:
    with tempfile.TemporaryDirectory(prefix="acore-bench-") as folder:
        began = clock.monotonic()
        async with _started(what, sandbox, Path(folder)) as process:
            await _until_ready(what, process, clock)
            seconds = clock.monotonic() - began
            await clock.sleep(SETTLE)
            return Sample(seconds=seconds, resident=resident_bytes(process.pid))


@asynccontextmanager
async def _started(what: str, sandbox: Sandbox, folder: Path) -> AsyncGenerator[Process]:
    if what == "acore":
        command = [sys.executable, "-m", "acore", "run"]
    else:
        command = [sys.executable, "-c", _BARE_BOT, sandbox.api, sandbox.bot_token]
    process = await anyio.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={
            "PATH": os.defpath,
            "DISCORD_TOKEN": sandbox.bot_token,
            "DISCORD_API_BASE": sandbox.api,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def _until_ready(what: str, process: Process, clock: Clock) -> None:
    said = ""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    with clock.deadline(_TIME_LIMIT):
        async for text in TextReceiveStream(process.stdout):
            said += text
            if "Connected as" in said:
                return
    raise NotReadyError(what, said)
