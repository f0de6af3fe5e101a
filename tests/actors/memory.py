"""What stands for the store where nothing needs to survive: a list, and an actor that answers from it."""

from collections.abc import Iterator

from acore.events.lifecycle import LoadLastRun, PastRun
from acore.events.metrics import ActivityCounted, Counters, LoadCounters
from acore.events.recorder import MemoryRecorder
from acore.events.store import ProbeStore, StoreProbe
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.runtime.spec import ChildSpec


class Recall(EdgeActor):
    """Answers what core actors recall when they start."""

    def __init__(self, journal: MemoryRecorder) -> None:
        self._journal = journal

    @handles
    async def last_run(self, _: LoadLastRun, _io: EdgeContext) -> PastRun | None:
        return None

    @handles
    async def counters(self, _: LoadCounters, _io: EdgeContext) -> Counters:
        entries = self._journal.entries
        counted = [entry.message for entry in entries if isinstance(entry.message, ActivityCounted)]
        return Counters(
            messages=sum(one.messages for one in counted),
            commands=sum(one.commands for one in counted),
            errors=sum(one.errors for one in counted),
            upto=entries[-1].seq,
        )

    @handles
    async def probe(self, _: ProbeStore, _io: EdgeContext) -> StoreProbe:
        return StoreProbe(seconds=0.0, file_bytes=0, wal_bytes=0, integrity="ok")


class Memory:
    """Keeps all that travels in a list."""

    last_seq = 0

    def __init__(self) -> None:
        self.journal = MemoryRecorder()

    def children(self) -> tuple[ChildSpec, ...]:
        """Return the actor that answers."""
        return (ChildSpec(id="recall", actor=Recall, start=lambda: Recall(self.journal)),)

    def under_way(self) -> Iterator[str]:
        """Yield nothing: no thread is needed for it."""
        yield from ()
