"""anyio's memory streams, bounded, as its documentation shows them: `await send` and `async for`."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from anyio import CancelScope, create_memory_object_stream, create_task_group
from anyio.abc import ObjectReceiveStream, TaskStatus

from acore.bench.runtime.floors.deque_mailbox import in_tasks
from acore.bench.runtime.sample import SAMPLE, Sample
from acore.bench.runtime.shapes import BUFFER, Receive, Send
from acore.bench.runtime.tally import CrashError, Restarts


async def receive_all(incoming: ObjectReceiveStream[Sample], receive: Receive) -> None:
    """Hand *receive* all that comes."""
    async for message in incoming:
        receive(message)


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """One stream and one task for each receiver."""
    pairs = [create_memory_object_stream[Sample](BUFFER) for _ in receivers]
    outgoing = [pair[0] for pair in pairs]

    async def send(messages: int) -> None:
        for _ in range(messages):
            for stream in outgoing:
                await stream.send(SAMPLE)

    tasks = (receive_all(pair[1], receive) for pair, receive in zip(pairs, receivers, strict=True))
    async with in_tasks(*tasks):
        yield send
    for one, other in pairs:
        one.close()
        other.close()


@asynccontextmanager
async def ask() -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """Send each question on a stream, with a future for its answer."""
    loop = asyncio.get_running_loop()
    outgoing, incoming = create_memory_object_stream[tuple[Sample, asyncio.Future[int]]](BUFFER)

    async def answer() -> None:
        async for message, reply in incoming:
            reply.set_result(message.seq)

    async def one() -> int:
        reply: asyncio.Future[int] = loop.create_future()
        await outgoing.send((SAMPLE, reply))
        return await reply

    async with in_tasks(answer()):
        yield one
    outgoing.close()
    incoming.close()


@asynccontextmanager
async def crash(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """The least that supervises: a task for each run, whose end a supervising task is told on a stream."""
    outgoing, incoming = create_memory_object_stream[int](BUFFER)
    ends, ended = create_memory_object_stream[Exception](BUFFER)

    async def run(*, task_status: TaskStatus[None]) -> None:
        try:
            with CancelScope():
                task_status.started()
                restarts.running()
                async for _ in incoming:
                    restarts.crashing()
                    raise CrashError  # noqa: TRY301 - the raise is what is measured
        except CrashError as error:
            ends.send_nowait(error)

    async def hit() -> None:
        await outgoing.send(1)

    async with create_task_group() as group:

        async def supervise() -> None:
            async for _ in ended:
                await group.start(run)

        group.start_soon(supervise)
        await group.start(run)
        yield hit
        group.cancel_scope.cancel()
    for stream in (outgoing, incoming, ends, ended):
        stream.close()


@asynccontextmanager
async def idle(actors: int) -> AsyncGenerator[None]:
    """So many supervised loops in one task group, each with a stream and a scope of its own."""
    kept: list[object] = []

    async def supervise() -> None:
        outgoing, incoming = create_memory_object_stream[Sample](BUFFER)
        kept.append(outgoing)
        with outgoing, incoming:
            while True:
                try:
                    with CancelScope():
                        async for _ in incoming:
                            pass
                except CrashError:
                    continue

    async with create_task_group() as group:
        for _ in range(actors):
            group.start_soon(supervise)
        await asyncio.sleep(0)  # the first step of each
        yield
        group.cancel_scope.cancel()
