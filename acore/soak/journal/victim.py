"""The process that is killed: a small tree with a store, and a socket for whoever asks from outside.

`python -m acore.soak.journal.victim '{"directory": …}'` says `port N` when it is ready, and `at BOUNDARY`
when it has come to where it is to be killed. One client connects, sends `NUMBER POLICY PADDING`, and is told:

    accepted NUMBER SEQ     it is in memory
    durable NUMBER SEQ      it is on disk
    refused NUMBER          so much waits for the disk that it was not taken in
    effect NUMBER ID        this is the effect: seen by whoever reads it
    outcome NUMBER SEQ      the effect's outcome is on disk
    batch SEQ               a transaction is about to commit that ends with this number
    synced SEQ BYTES        it has, and the log is so long
"""

import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock

import anyio
import msgspec

from acore.actors.outbox import OutboxActor
from acore.clock import RealClock
from acore.events.base import Policy, Trace
from acore.events.bus import Bus
from acore.events.lifecycle import RunEnded, RunStarted
from acore.events.metrics import ActivityCounted
from acore.events.outbox import OutboxView
from acore.record import Record
from acore.runtime.actor import Actor, Context
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.restart import RestartLimit
from acore.runtime.spec import ChildSpec, SupervisorSpec
from acore.runtime.system import System
from acore.soak.journal.boundaries import GROWING, Boundary, Gate
from acore.soak.journal.messages import (
    STRIKES,
    Asked,
    Decided,
    StrikeAgain,
    StrikeOnce,
    StrikePerhaps,
    Struck,
)
from acore.storage.sqlite import Connection
from acore.storage.store import open_store

_ADVANCE = re.compile(r"UPDATE progress SET seq = (\d+)")
_READ = 1 << 16
_SYNCS = 2


class Orders(Record):
    """How one run goes.

    Attributes:
        directory: The data directory.
        boot: Names the run.
        boundary: Where it dies.
        nth: When it comes there for which time, from 1.
        torn: How many bytes of the last write are still done.
        cache_pages: How much of a batch the database keeps in memory before it goes to the log.
    """

    directory: str
    boot: str
    boundary: Boundary
    nth: int = 1
    torn: int = 1
    cache_pages: int = 0


class Line:
    """The connection to the one client. What `say` was given has left the process when it returns."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._client: socket.socket | None = None
        self._unsaid = list[bytes]()
        self._lock = Lock()

    @property
    def port(self) -> int:
        """Where the client connects."""
        port: int = self._server.getsockname()[1]
        return port

    async def accept(self) -> socket.socket:
        """Wait for the client."""
        await anyio.wait_readable(self._server)
        with self._lock:
            self._client, _ = self._server.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._client.sendall(b"".join(self._unsaid))
            return self._client

    def say(self, *words: object) -> None:
        """Tell the client, from any thread; before it is there, when it comes."""
        said = f"{' '.join(map(str, words))}\n".encode()
        with self._lock:
            if self._client is None:
                self._unsaid.append(said)
            else:
                self._client.sendall(said)


class _Nothing(msgspec.Struct):
    """Nothing is remembered."""


class Decider(Actor[_Nothing]):
    """Decides what is done for whoever asks."""

    @handles
    async def decide(self, asked: Asked, ctx: Context) -> None:
        """Have it struck as was asked."""
        ctx.publish(Decided(number=asked.number))
        ctx.perform(STRIKES[asked.policy](number=asked.number))


class Striker(EdgeActor):
    """Strikes outside: the client sees it."""

    def __init__(self, line: Line, gate: Gate) -> None:
        """Strike through *line*."""
        self._line = line
        self._gate = gate

    @handles
    async def again(self, strike: StrikeAgain, io: EdgeContext) -> Struck:
        """Strike."""
        return self._strike(strike.number, io)

    @handles
    async def once(self, strike: StrikeOnce, io: EdgeContext) -> Struck:
        """Strike."""
        return self._strike(strike.number, io)

    @handles
    async def perhaps(self, strike: StrikePerhaps, io: EdgeContext) -> Struck:
        """Strike."""
        return self._strike(strike.number, io)

    def _strike(self, number: int, io: EdgeContext) -> Struck:
        self._gate.at(Boundary.EFFECT_BEFORE)
        effect = io.handling
        assert effect is not None  # noqa: S101 - it is being handled
        self._line.say("effect", number, effect.id)
        self._gate.at(Boundary.EFFECT_AFTER)
        return Struck(number=number)


class Door(EdgeActor):
    """Takes in what the client wants, and tells it what has become of it."""

    def __init__(self, line: Line, gate: Gate, end: Callable[[], None]) -> None:
        """Serve the client at the other end of *line*; call *end* when it has had enough."""
        self._line = line
        self._gate = gate
        self._end = end

    async def run(self, io: EdgeContext) -> None:
        """Serve one client until it is done."""
        io.ready()
        os.write(1, f"port {self._line.port}\n".encode())
        client = await self._line.accept()
        left = b""
        async with io.until_stopped():
            while True:
                await anyio.wait_readable(client)
                if not (data := client.recv(_READ)):
                    break
                *lines, left = (left + data).split(b"\n")
                for line in lines:
                    self._take(line.decode(), io)
            self._end()
            await io.stopping.wait()

    def _take(self, line: str, io: EdgeContext) -> None:
        number, policy, padding = line.split(" ")
        asked = io.publish(Asked(number=int(number), policy=Policy(policy), padding=padding))
        if asked.was_refused:
            self._line.say("refused", number)
            return
        # Two more in the same turn: what is kept as a sum, and what is only a row, share its transaction.
        io.publish(ActivityCounted(messages=1))
        self._line.say("accepted", number, asked.seq)
        self._gate.at(Boundary.ACCEPTED)
        io.spawn(self._tell, io, "durable", int(number), asked.seq)

    @handles
    async def struck(self, struck: Struck, io: EdgeContext) -> None:
        """Tell the client when the outcome is durable."""
        self._gate.at(Boundary.OUTCOME_ACCEPTED)
        assert io.handling is not None  # noqa: S101 - it is being handled
        io.spawn(self._tell, io, "outcome", struck.number, io.handling.seq)

    async def _tell(self, io: EdgeContext, what: str, number: int, seq: int) -> None:
        await io.durable(seq)
        self._line.say(what, number, seq)
        if what == "outcome":
            self._gate.at(Boundary.OUTCOME_DURABLE)


class _Watched:
    """Looks on while the writer's connection works: which batch it commits, and that it syncs."""

    def __init__(self, orders: Orders, gate: Gate, line: Line) -> None:
        self._orders = orders
        self._gate = gate
        self._line = line
        self._upto = 0

    def prepare(self, connection: Connection) -> None:
        """Look on at a new connection."""
        syncs = connection.execute("PRAGMA synchronous").fetchone()[0]
        if syncs < _SYNCS:
            os.write(1, b"fault commits are not synced\n")
        if self._orders.boundary in GROWING:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        if self._orders.boundary is Boundary.COMMIT_SPILLED:
            connection.execute(f"PRAGMA cache_size = {self._orders.cache_pages:d}")
        (file,) = [row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main"]
        log = Path(f"{file}-wal")
        connection.set_trace_callback(partial(self._see, log))

    def _see(self, log: Path, statement: str) -> None:
        """Take note of a statement that is about to run; in the writer's thread."""
        if advance := _ADVANCE.search(statement):
            self._upto = int(advance[1])
        elif statement == "COMMIT" and self._upto:
            self._line.say("batch", self._upto)
            self._gate.at(Boundary.COMMIT_BEFORE)
            self._gate.at(Boundary.COMMIT_SPILLED)
            if self._gate.is_due(Boundary.COMMIT_TORN):
                self._gate.tear(log, self._orders.torn)

    def told(self, log: Path, committed: Callable[[int], None], upto: int) -> None:
        """Take note of a batch that was written, before anybody else is told."""
        self._gate.at(Boundary.COMMIT_AFTER)
        self._line.say("synced", upto, log.stat().st_size)
        committed(upto)


async def run(orders: Orders) -> None:
    """Run until the client is done, or until killed."""
    clock, line, gate = RealClock(), Line(), Gate(orders.boundary, orders.nth)
    watched = _Watched(orders, gate, line)
    directory = Path(orders.directory)
    trace = Trace("soak")
    async with open_store(directory, boot=orders.boot, clock=clock, prepare=watched.prepare) as store:
        journal = store.journal
        log = store.path.with_name(f"{store.path.name}-wal")
        # No other place lies between the disk and whoever waits for it.
        journal.committed = partial(watched.told, log, journal.committed)
        bus = Bus(clock, journal, boot=orders.boot, last_seq=store.last_seq)
        done = anyio.Event()
        system = System(
            SupervisorSpec(
                id="victim",
                limit=RestartLimit(intensity=0),
                children=(
                    SupervisorSpec(id="store", children=store.children()),
                    ChildSpec(id="decider", actor=Decider),
                    ChildSpec(id="striker", actor=Striker, start=lambda: Striker(line, gate)),
                    ChildSpec(id="door", actor=Door, start=lambda: Door(line, gate, done.set)),
                    ChildSpec(id="outbox", actor=OutboxActor),
                ),
            ),
            bus,
        )
        async with anyio.create_task_group() as group:
            bus.publish(_started(), trace)
            group.start_soon(system.run)
            await done.wait()
            # What earlier runs left is dealt with by then.
            await bus.views.wait(OutboxView, lambda view: view.is_through)
            await bus.idle(within=_PATIENCE)
            bus.publish(RunEnded(reason="the client is done", uptime=0.0), trace)
            system.stop()


_PATIENCE = 30.0


def _started() -> RunStarted:
    return RunStarted(version="soak", commit="", python="", host="", pid=os.getpid(), settings_revision="")


def main(orders: str) -> None:
    """Run as *orders*, JSON, say."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    anyio.run(run, msgspec.json.decode(orders, type=Orders))


if __name__ == "__main__":
    main(sys.argv[1])
