"""The client outside: asks for things, and keeps a list of what it was told."""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import msgspec
from anyio.abc import ByteReceiveStream, Process, SocketStream

from acore.clock import Clock
from acore.errors import AcoreError
from acore.events.base import Policy
from acore.soak.journal.boundaries import Boundary
from acore.soak.journal.victim import Orders

PATIENCE = 60.0
"""Seconds within which the process has to come to where it is killed."""
_BURST = 40
_PADDING = 2000
_STARTUP = 0.7
_TEARING = 5.0
_RUNNING = 0.25


class StuckError(AcoreError):
    """The process did not do what it was started for."""

    def __init__(self, orders: Orders, said: str) -> None:
        super().__init__(f"run {orders.boot} did not come to {orders.boundary} within {PATIENCE:g} s: {said}")


class Ledger(msgspec.Struct):
    """What a client was told over all runs in one directory, by the number of its request.

    Attributes:
        asked: What it asked for, and by which policy.
        accepted: The journal's number of what was accepted.
        durable: The same, once it was called durable.
        refused: What was not taken in, since too much waited for the disk.
        effects: The ids of the effects that were seen, in order.
        outcomes: The journal's number of each outcome that was called durable.
        batches: The last numbers of the transactions of the present run that were about to commit.
        upto: The highest number in the file when the present run began.
        is_heard: Whether the present run told of every transaction.
        has_ended: Whether the present run stopped in good order.
        synced: Of the present run: up to which number the log was synced, and how long it was then.
        boots: The runs so far, oldest first; the last is the present one.
        faults: What the process had to say about itself.
    """

    asked: dict[int, Policy] = {}
    accepted: dict[int, int] = {}
    durable: dict[int, int] = {}
    refused: set[int] = set()
    effects: list[tuple[int, str]] = []
    outcomes: dict[int, int] = {}
    batches: set[int] = set()
    upto: int = 0
    is_heard: bool = False
    has_ended: bool = False
    synced: list[tuple[int, int]] = []
    boots: list[str] = []
    faults: list[str] = []

    def take(self, line: str) -> None:
        """Take note of one line."""
        what, *words = line.split(" ")
        match what, words:
            case "accepted", [number, seq]:
                self.accepted[int(number)] = int(seq)
            case "refused", [number]:
                self.refused.add(int(number))
            case "durable", [number, seq]:
                self.durable[int(number)] = int(seq)
            case "effect", [number, effect]:
                self.effects.append((int(number), effect))
            case "outcome", [number, seq]:
                self.outcomes[int(number)] = int(seq)
            case "batch", [seq]:
                self.batches.add(int(seq))
            case "synced", [seq, size]:
                self.synced.append((int(seq), int(size)))
            case _:
                self.faults.append(line)

    @property
    def durable_seq(self) -> int:
        """The highest number that was called durable."""
        return max((*self.durable.values(), *self.outcomes.values()), default=0)

    @property
    def seen(self) -> Counter[str]:
        """How often each effect was seen, by its id."""
        return Counter(effect for _, effect in self.effects)


class Client:
    """Asks for things and kills, as chance has it."""

    def __init__(self, ledger: Ledger, chance: random.Random, clock: Clock) -> None:
        """Note in *ledger* what is told; let *chance* choose what is asked for."""
        self.ledger = ledger
        self.chance = chance
        self._clock = clock

    async def spend(self, orders: Orders, *, requests: int = 0) -> None:
        """Start the process, ask it for things, and see it die as ordered.

        Args:
            orders: How it dies. With the boundary "none" it is asked for *requests* things and then stops.
            requests: How many, then.

        Raises:
            StuckError: It did not come to where it was to die, or ended otherwise.
        """
        ledger = self.ledger
        ledger.boots.append(orders.boot)
        ledger.synced.clear()
        ledger.batches.clear()
        # What is written last of all is written when nobody can be told any more.
        ledger.is_heard, ledger.has_ended = False, orders.boundary is Boundary.NONE
        said = bytearray()
        async with _started(orders) as process:
            if orders.boundary is Boundary.STARTING:
                await self._clock.sleep(self.chance.uniform(0.0, _STARTUP))
                _kill(process)
            is_as_ordered = False
            # What ends while it is spoken to takes the connection with it.
            with suppress(anyio.EndOfStream, OSError), self._clock.deadline(PATIENCE):
                await self._live(process, said, orders, requests)
                is_as_ordered = True
            if not is_as_ordered and orders.boundary is not Boundary.STARTING:
                _kill(process)
                assert process.stderr is not None  # noqa: S101 - it was started with a pipe
                said += b"".join([part async for part in process.stderr])
                raise StuckError(orders, said.decode(errors="replace")[-2000:])
            await process.wait()

    async def _live(self, process: Process, said: bytearray, orders: Orders, requests: int) -> None:
        stdout = process.stdout
        assert stdout is not None  # noqa: S101 - it was started with a pipe
        port = int(await _word(stdout, said, "port"))
        async with await anyio.connect_tcp("127.0.0.1", port) as line, anyio.create_task_group() as group:
            is_exact = orders.boundary not in {Boundary.NONE, Boundary.STARTING}
            group.start_soon(self._hear, line, group.cancel_scope, is_exact)
            if orders.boundary is Boundary.NONE:
                await self._ask(line, requests)
                await line.send_eof()
                await process.wait()
                return
            group.start_soon(self._ask_for_ever, line)
            if orders.boundary is Boundary.RANDOM:
                await self._clock.sleep(self.chance.uniform(0.0, _RUNNING))
            else:
                await _word(stdout, said, "at")
            if orders.boundary is Boundary.COMMIT_TORN:
                # The kernel ends it, unless the log is begun anew just then and grows no more.
                with self._clock.deadline(_TEARING):
                    await process.wait()
            _kill(process)

    async def _hear(self, line: SocketStream, everything: anyio.CancelScope, is_exact: bool) -> None:  # noqa: FBT001 - a task's arguments have places
        """Take note of all that is said until the process is dead, then end what else goes on."""
        left = b""
        try:
            while True:
                *lines, left = (left + await line.receive()).split(b"\n")
                for one in lines:
                    self.ledger.take(one.decode())
                # What was said before this client came is said in one piece when it comes.
                self.ledger.is_heard = is_exact
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            everything.cancel()

    async def _ask_for_ever(self, line: SocketStream) -> None:
        never = self._unanswered()  # of the runs before
        try:
            while True:
                await self._ask(line, self.chance.randint(1, _BURST))
                # Not more than it can do: what is killed at once should have done something.
                while self._unanswered() - never > _BURST:
                    await self._clock.sleep(0.001)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return

    def _unanswered(self) -> int:
        ledger = self.ledger
        return len(ledger.asked) - len(ledger.accepted) - len(ledger.refused)

    async def _ask(self, line: SocketStream, requests: int) -> None:
        asked = self.ledger.asked
        words = list[str]()
        for _ in range(requests):
            number = len(asked)
            asked[number] = self.chance.choice(tuple(Policy))
            padding = "x" * self.chance.choice((1, 1, 1, self.chance.randint(1, _PADDING)))
            words.append(f"{number} {asked[number]} {padding}\n")
        await line.send("".join(words).encode())


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        process.kill()


async def _word(stdout: ByteReceiveStream, said: bytearray, wanted: str) -> str:
    """Return what the process says after the word *wanted*."""
    while True:
        for line in said.decode().split("\n")[:-1]:
            word, _, rest = line.partition(" ")
            if word == wanted:
                return rest
        said += await stdout.receive()


@asynccontextmanager
async def _started(orders: Orders) -> AsyncGenerator[Process]:
    process = await anyio.open_process(
        [sys.executable, "-m", "acore.soak.journal.victim", msgspec.json.encode(orders).decode()],
        stdin=subprocess.PIPE,
        cwd=Path(orders.directory).parent,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    async with process:
        try:
            yield process
        finally:
            if process.returncode is None:
                _kill(process)
