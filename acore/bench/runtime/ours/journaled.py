"""Edge actors that are sent what the store's own journal keeps; it is emptied as its writer would."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from acore.bench.runtime.ours.messages import MEASURED, Measured
from acore.bench.runtime.ours.stage import child, sender, stage
from acore.bench.runtime.shapes import Receive, Send
from acore.events.base import Entry
from acore.runtime.edge import EdgeActor, EdgeContext
from acore.runtime.handlers import handles
from acore.storage.journal import Journal

_AT_ONCE = 4096


class _Emptied(Journal):
    """The journal, as if a batch were on disk whenever it is full."""

    def append(self, entry: Entry) -> None:
        super().append(entry)
        if self.waiting >= _AT_ONCE:
            self.committed(entry.seq)


class _Receiver(EdgeActor):
    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    @handles
    async def take(self, measured: Measured, io: EdgeContext) -> None:  # noqa: ARG002 - every handler is called so
        self._receive(measured)


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """An edge actor publishes, edge actors handle, the journal keeps what was said."""
    children = [child(f"receiver-{n}", _Receiver, partial(_Receiver, one)) for n, one in enumerate(receivers)]
    async with stage(*children, recorder=_Emptied()) as io:
        yield sender(io, MEASURED)
