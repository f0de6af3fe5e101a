"""pykka: an actor is a thread with a queue."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from acore.bench.runtime.sample import SAMPLE, Sample
from acore.bench.runtime.shapes import Receive, Send
from acore.bench.runtime.tally import CrashError, Restarts

IS_THREADED = True

pykka: Any = import_module("pykka")


class _Actor(pykka.ThreadingActor):
    use_daemon_thread = True


class _Receiver(_Actor):
    def __init__(self, receive: Receive) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - pykka comes without its types
        self._receive = receive

    def on_receive(self, message: object) -> None:
        self._receive(message)


class _Answerer(_Actor):
    def on_receive(self, message: Sample) -> int:
        return message.seq


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """`tell`, to one actor after the other."""
    tells = [_Receiver.start(receive).tell for receive in receivers]

    async def send(messages: int) -> None:
        for _ in range(messages):
            for one in tells:
                one(SAMPLE)

    yield send
    pykka.ActorRegistry.stop_all(timeout=5)


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """`ask`, which blocks until the answer is there."""
    actor = _Answerer.start()

    async def one() -> object:
        return actor.ask(SAMPLE)

    yield one
    actor.stop()


@asynccontextmanager
async def crash(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """It has no supervisor: the hook for failures starts another actor in place of the one that failed."""
    current: list[Any] = []

    class Fragile(_Actor):
        def on_start(self) -> None:
            current[:] = [self.actor_ref]
            restarts.running()

        def on_failure(self, *_error: object) -> None:
            Fragile.start()

        def on_receive(self, message: object) -> None:
            restarts.crashing()
            raise CrashError(message)

    async def hit() -> None:
        current[0].tell(1)

    Fragile.start()
    yield hit
    pykka.ActorRegistry.stop_all(timeout=5)
