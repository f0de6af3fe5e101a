"""How many dispatches the sandbox can send, beside how many a bare nextcord bot takes."""

import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median

import anyio
import anyio.to_thread
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from acore.clock import Clock, RealClock
from acore.errors import AcoreError
from acore.record import Record
from acore.sandbox import whereabouts
from acore.sandbox.load.driver import Driver, LoadPlan
from acore.sandbox.load.flood import FloodPlan
from acore.sandbox.load.remote import Remote
from acore.sandbox.load.report import LoadReport
from acore.sandbox.shapes import Json, as_object

MUST = 2.0
"""How many times more than a bare bot takes the sandbox must be able to send."""
ECHO_RATE = 20.0
_TIME_LIMIT = 60.0

# Reads and inflates, and nothing else: what it takes in is as much as any client could.
_READER = """
import base64, json, os, socket, sys, time, zlib
from urllib.parse import urlsplit
url, token, count = urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
line = socket.create_connection((url.hostname, url.port))
key = base64.b64encode(os.urandom(16)).decode()
line.sendall((
    f"GET /gateway?v=10&encoding=json&compress=zlib-stream HTTP/1.1\\r\\nHost: {url.netloc}\\r\\n"
    f"Upgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Key: {key}\\r\\n"
    "Sec-WebSocket-Version: 13\\r\\n\\r\\n"
).encode())
inflate, data = zlib.decompressobj().decompress, b""
while b"\\r\\n\\r\\n" not in data:
    data += line.recv(65536)
data = data.partition(b"\\r\\n\\r\\n")[2]

def messages():
    global data
    while True:
        at, end = 0, len(data)
        while at + 10 <= end:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif size == 127:
                size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if start + size > end:
                break
            yield inflate(data[start : start + size])
            at = start + size
        data = data[at:] + line.recv(1 << 20)

identity = json.dumps({"op": 2, "d": {"token": token, "intents": 33281, "properties": {}}}).encode()
mask = os.urandom(4)
masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(identity))
line.sendall(bytes((0x81, 0x80 | 126)) + len(identity).to_bytes(2, "big") + mask + masked)
heard = messages()
while b"GUILD_CREATE" not in next(heard):
    pass
print("Connected", flush=True)
next(heard)
began = time.perf_counter()
for _ in range(count - 1):
    next(heard)
print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)
line.recv(1)
"""

# The least that counts messages and echoes a command.
_BARE_BOT = """
import json, sys, time, nextcord
from nextcord.http import Route
Route.BASE = sys.argv[1]
count = int(sys.argv[3])
intents = nextcord.Intents.none()
intents.guilds = intents.guild_messages = intents.message_content = True
class Bot(nextcord.Client):
    heard, began = 0, 0.0
    async def on_ready(self):
        print("Connected", flush=True)
    async def on_message(self, message):
        self.heard += 1
        if self.heard == 1:
            self.began = time.perf_counter()
        elif self.heard == count:
            print(json.dumps({"seconds": time.perf_counter() - self.began}), flush=True)
bot = Bot(intents=intents, guild_ready_timeout=0.5)
@bot.slash_command(name="echo", description="Answers.")
async def echo(interaction):
    await interaction.response.send_message("echo")
bot.run(sys.argv[2])
"""


class Sizes(Record):
    """How much one sample is: a second or two of each."""

    reader_count: int = 300_000
    bot_count: int = 30_000
    echo_seconds: float = 3.0


class SandboxReport(Record):
    """Medians over all rounds; *ratio* is the median of the ratios taken in each round.

    Rates are dispatches a second, latencies milliseconds from the moment at which a command was due.
    """

    rounds: int
    ceiling: float
    bare: float
    ratio: float
    must: float
    sandbox_share: float
    echo_p50: float
    echo_p99: float
    echo_verdicts: list[str]
    load: tuple[float, float]


class NoSampleError(AcoreError):
    """A measured process did not do what it was measured at."""

    def __init__(self, what: str, said: str) -> None:
        super().__init__(f"{what} did not answer within {_TIME_LIMIT:g} s; it said: {said[-500:]}")


class Heard:
    """A process, and what it has said and nobody has asked for yet."""

    def __init__(self, what: str, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        self._what = what
        self._lines = TextReceiveStream(process.stdout)
        self._said = ""
        self.pid = process.pid
        self.kill = process.kill

    async def until(self, text: str, clock: Clock) -> str:
        """Return the line in which it says *text*.

        Raises:
            NoSampleError: it does not in time.
        """
        with clock.deadline(_TIME_LIMIT):
            while True:
                *lines, self._said = self._said.split("\n")
                for at, line in enumerate(lines):
                    if text in line:
                        self._said = "\n".join([*lines[at + 1 :], self._said])
                        return line
                try:
                    self._said += await self._lines.receive()
                except anyio.EndOfStream:
                    break
        raise NoSampleError(self._what, self._said)


async def measure_sandbox(
    rounds: int, on_round: Callable[[int], None], sizes: Sizes | None = None
) -> SandboxReport:
    """Measure a reader and a bare bot, one after the other in shuffled order, *rounds* times on one sandbox.

    Server and client are processes of their own.

    Args:
        rounds: How often.
        on_round: Told the number of each round that is done.
        sizes: How much one sample is.

    Raises:
        NoSampleError: One of them did not answer.
    """
    sizes = sizes or Sizes()
    clock, before = RealClock(), os.getloadavg()[0]
    rates = {"reader": list[float](), "bot": list[float]()}
    shares: list[float] = []
    echoes: list[LoadReport] = []
    async with (
        anyio.TemporaryDirectory(prefix="acore-bench-") as folder,
        served(Path(folder), clock) as state,
    ):
        for number in range(1, rounds + 1):
            for what in random.sample(tuple(rates), k=2):
                count = sizes.reader_count if what == "reader" else sizes.bot_count
                async with _client(what, state, count, Path(folder), clock) as client:
                    rate, share = await _flooded(state, count, client, clock)
                    rates[what].append(rate)
                    if what == "reader":
                        shares.append(share)
                    else:
                        echoes.append(await _echoed(state, sizes.echo_seconds))
            on_round(number)
    found = [one.commands.answer for one in echoes if one.commands is not None and one.commands.answer]
    return SandboxReport(
        rounds=rounds,
        ceiling=median(rates["reader"]),
        bare=median(rates["bot"]),
        ratio=median(ours / theirs for ours, theirs in zip(rates["reader"], rates["bot"], strict=True)),
        must=MUST,
        sandbox_share=median(shares),
        echo_p50=median(one.p50 for one in found),
        echo_p99=median(one.p99 for one in found),
        echo_verdicts=sorted({one.verdict for one in echoes}),
        load=(before, os.getloadavg()[0]),
    )


async def _flooded(state: Json, count: int, client: Heard, clock: Clock) -> tuple[float, float]:
    """Return how many dispatches a second a client took, and the share of the time the sandbox worked."""
    plan = FloodPlan(count=count, seconds=_TIME_LIMIT)
    report = await Remote(as_object(state["control"])).flood(plan, lambda _sent: None, anyio.Event())
    seconds = float(json.loads(await client.until("seconds", clock))["seconds"])
    return (count - 1) / seconds, report.processor_share


async def _echoed(state: Json, seconds: float) -> LoadReport:
    plan = LoadPlan(commands=ECHO_RATE, seconds=seconds, users=2, command="echo", arrivals="uniform")
    return await Driver(state, plan, lambda _passed: None).run()


@asynccontextmanager
async def served(folder: Path, clock: Clock) -> AsyncGenerator[Json]:
    """Serve a sandbox in a process of its own, and yield what its state file says."""
    path = folder / "state.json"
    # Clients come one right after the other, oftener than a bot may IDENTIFY.
    at_once = ("--identify-interval", "0")
    command = (sys.executable, "-m", "acore", "sandbox", "serve", "--state", str(path), *at_once)
    async with started("the sandbox", command, folder) as sandbox:
        await sandbox.until("serves at", clock)
        yield await anyio.to_thread.run_sync(whereabouts.read, path)


@asynccontextmanager
async def _client(what: str, state: Json, count: int, folder: Path, clock: Clock) -> AsyncGenerator[Heard]:
    code = _READER if what == "reader" else _BARE_BOT
    command = (sys.executable, "-c", code, str(state["api_v10"]), str(state["bot_token"]), str(count))
    async with started(f"the {what}", command, folder) as client:
        await client.until("Connected", clock)
        yield client


@asynccontextmanager
async def started(
    what: str, command: tuple[str, ...], folder: Path, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[Heard]:
    """Start *command* in *folder*, and ask it to stop after the block.

    Args:
        what: What it is, for an error.
        command: The program and its arguments.
        folder: Where it starts.
        environ: What its environment has beside the paths.
    """
    process = await anyio.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            **(environ or {}),
        },
    )
    try:
        yield Heard(what, process)
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself
            process.terminate()
        await process.wait()
