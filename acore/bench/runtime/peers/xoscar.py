"""xoscar: actors in a pool of this process, called directly under a lock."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from acore.bench.runtime.sample import SAMPLE, Sample
from acore.bench.runtime.shapes import Receive, Send

xoscar: Any = import_module("xoscar")


class _Receiver(xoscar.Actor):
    def __init__(self, receive: Receive) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType] - xoscar comes without its types
        self._receive = receive

    def take(self, message: object) -> None:
        self._receive(message)


class _Answerer(xoscar.Actor):
    def answer(self, message: Sample) -> int:
        return message.seq


@asynccontextmanager
async def _pool() -> AsyncGenerator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    pool = await xoscar.create_actor_pool(address, n_process=0)
    try:
        yield pool.external_address
    finally:
        await pool.stop()


async def _local(kind: type[Any], *arguments: object, uid: str, address: str) -> Any:  # noqa: ANN401 - xoscar has no types
    """Return a reference that calls the actor directly; the one that creating it returns sends messages."""
    await xoscar.create_actor(kind, *arguments, uid=uid, address=address)
    return await xoscar.actor_ref(address=address, uid=uid)


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """`reference.method.tell`, to one local actor after the other."""
    async with _pool() as address:
        tells: list[Callable[[object], Awaitable[None]]] = []
        for number, receive in enumerate(receivers):
            actor = await _local(_Receiver, receive, uid=f"receiver-{number}", address=address)
            tells.append(actor.take.tell)

        async def send(messages: int) -> None:
            for _ in range(messages):
                for one in tells:
                    await one(SAMPLE)

        yield send


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """`await reference.method(…)`."""
    async with _pool() as address:
        actor = await _local(_Answerer, uid="answerer", address=address)
        answer: Callable[[Sample], Awaitable[object]] = actor.answer

        async def one() -> object:
            return await answer(SAMPLE)

        yield one
