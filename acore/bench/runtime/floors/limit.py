"""The hand-written limit: a deque mailbox with a synchronous handler, and the check that acore's bus makes.

acore validates what it publishes by encoding and decoding it, once however many receive it; the share of the
limit is taken with the same work added here.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import msgspec

from acore.bench.runtime.floors.deque_mailbox import Mailbox, in_tasks, serve
from acore.bench.runtime.sample import SAMPLE, Sample
from acore.bench.runtime.shapes import GIVE_WAY, Receive, Send


@asynccontextmanager
async def tell(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    """One mailbox and one task for each receiver."""
    mailboxes = [Mailbox[object]() for _ in receivers]
    encode = msgspec.json.Encoder().encode
    decode = msgspec.json.Decoder(Sample).decode

    async def send(messages: int) -> None:
        for number in range(messages):
            message = decode(encode(SAMPLE))
            for mailbox in mailboxes:
                mailbox.put(message)
            if not number % GIVE_WAY:
                await asyncio.sleep(0)

    async with in_tasks(*(serve(box, receive) for box, receive in zip(mailboxes, receivers, strict=True))):
        yield send
