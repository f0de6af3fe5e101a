"""A journal of one actor's simple life, written as the store writes it: what the replay is measured on.

`python -m acore.bench.replay.journal DIRECTORY 100000 answering` writes it, in a process of its own so that
the memory it takes is not the replay's.
"""

import sys
from collections.abc import Iterator
from functools import partial
from itertools import batched
from pathlib import Path

import msgspec

from acore.events.base import Entry, Envelope, Event, Kind, Origin, Trace, derive_id
from acore.events.catalog import CATALOG, wire
from acore.events.supervision import ActorStarted
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles
from acore.storage.database import connect
from acore.storage.rows import take_over, write
from acore.storage.sqlite import transact
from acore.storage.store import DATABASE_NAME

ACTOR = "counter"
_BOOT = "bench-boot"
_BATCH = 5000
_STEP_NS = 20_000_000


@wire("bench.ticked")
class Ticked(Event):
    """Something happened once more."""

    number: int
    name: str = "something of the usual size"


@wire("bench.counted")
class Counted(Event):
    """It was counted."""

    total: int


class Count(msgspec.Struct):
    """How often it happened."""

    total: int = 0


class Counter(Actor[Count]):
    """Counts, and says nothing."""

    @handles
    async def count(self, _ticked: Ticked, _ctx: Context) -> None:
        """Count one."""
        self.state.total += 1


class AnsweringCounter(Actor[Count]):
    """Counts, and says each time how far it has come."""

    @handles
    async def count(self, _ticked: Ticked, ctx: Context) -> None:
        """Count one and say so."""
        self.state.total += 1
        ctx.publish(Counted(total=self.state.total))


KINDS: dict[str, type[Actor[Count]]] = {"silent": Counter, "answering": AnsweringCounter}


def write_journal(directory: Path, rows: int, kind: str) -> None:
    """Write a journal of that many *rows* into a new database.

    Args:
        directory: Where the database is made.
        rows: How many rows, at least.
        kind: The actor whose life it is: `silent`, or `answering`, for which every other row is what it said.
    """
    connection = connect(directory / DATABASE_NAME)
    # Nobody needs it once it has been read.
    connection.execute("PRAGMA synchronous = OFF")
    transact(connection, partial(take_over, boot=_BOOT))
    for batch in batched(_entries(rows, is_answering=kind == "answering"), _BATCH):
        write(connection, batch, _BOOT)
    connection.close()


def _entries(rows: int, *, is_answering: bool) -> Iterator[Entry]:
    outside, itself = Trace("bench"), Trace(ACTOR)
    yield _entry(1, ActorStarted(actor=ACTOR, incarnation=1), itself)
    seq, total = 1, 0
    while seq < rows:
        seq, total = seq + 1, total + 1
        ticked = _entry(seq, Ticked(number=total), outside)
        yield ticked
        if is_answering:
            seq += 1
            cause = ticked.envelope.id
            own = derive_id(cause, ACTOR, 0)
            yield _entry(seq, Counted(total=total), Trace(ACTOR, cause, cause), own)


def _entry(seq: int, event: Event, trace: Trace, own: str = "") -> Entry:
    wall_ns = 1_767_225_600_000_000_000 + seq * _STEP_NS
    envelope = Envelope(seq, wall_ns, seq * _STEP_NS, Kind.EVENT, event, trace, _ORIGIN, own)
    known = CATALOG.of(type(event))
    return Entry(envelope, known.name, known.version, CATALOG.encode(event))


_ORIGIN = Origin(node="local", boot=_BOOT)

if __name__ == "__main__":
    write_journal(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
