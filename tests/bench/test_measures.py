"""What a measure does with a contestant that does not keep to the rules."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from acore.bench.runtime.measures import (
    WrongReplyError,
    measure_ask,
    measure_crash,
    measure_latency,
    measure_tell,
)
from acore.bench.runtime.sample import REPLY, SAMPLE
from acore.bench.runtime.shapes import Params, Receive, Send
from acore.bench.runtime.tally import LostMessagesError, Restarts

FEW = Params(fan_out=2, messages=5)


@asynccontextmanager
async def honest(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    async def send(messages: int) -> None:
        for _ in range(messages):
            for receive in receivers:
                receive(SAMPLE)

    yield send


@asynccontextmanager
async def stuttering(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    async def send(messages: int) -> None:
        for _ in range(messages + 1):
            for receive in receivers:
                receive(SAMPLE)

    yield send


@asynccontextmanager
async def forgetful(receivers: Sequence[Receive]) -> AsyncGenerator[Send]:
    async def send(messages: int) -> None:
        for _ in range(messages - 1):
            receivers[0](SAMPLE)

    yield send


async def test_a_contestant_that_delivers_has_a_rate() -> None:
    """A1: what is delivered is counted once for each receiver."""
    figures = await measure_tell(honest, FEW, is_threaded=False)

    assert figures["messages"] == 5
    assert figures["busy_per_second"] == pytest.approx(1e9 / figures["busy_ns"])


async def test_the_size_of_a_sample_follows_from_how_fast_the_contestant_is() -> None:
    """A1: nobody says how many messages; the time says it."""
    figures = await measure_tell(honest, Params(fan_out=1, seconds=0.01), is_threaded=False)

    assert figures["messages"] > 100


async def test_a_contestant_that_delivers_twice_has_no_figure() -> None:
    """A1: a message more than was sent is an error, not a faster bus."""
    with pytest.raises(LostMessagesError, match="5 messages were sent to each receiver, which got 6"):
        await measure_tell(stuttering, FEW, is_threaded=False)


async def test_a_contestant_that_loses_messages_has_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A1: what never comes is waited for only so long."""
    monkeypatch.setattr("acore.bench.runtime.measures.PATIENCE", 0.01)

    with pytest.raises(LostMessagesError, match="5 messages were sent to each receiver, which got 0, 4"):
        await measure_tell(forgetful, FEW, is_threaded=False)


async def test_latency_is_told_as_two_percentiles() -> None:
    """A6: p50 and p99 of single messages."""
    figures = await measure_latency(honest, Params(messages=20), is_threaded=False)

    assert 0 < figures["p50"] <= figures["p99"]


@asynccontextmanager
async def answering(reply: int) -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    async def ask() -> object:
        return reply

    yield ask


async def test_every_reply_is_looked_at() -> None:
    """A7: an answer to something else is no answer."""
    assert (await measure_ask(lambda: answering(REPLY), FEW, is_threaded=False))["messages"] == 5
    with pytest.raises(WrongReplyError, match=f"the reply is 7 and should be {REPLY}"):
        await measure_ask(lambda: answering(7), FEW, is_threaded=False)


@asynccontextmanager
async def phoenix(restarts: Restarts) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    async def hit() -> None:
        restarts.crashing()
        restarts.running()

    restarts.running()
    yield hit


@pytest.mark.parametrize("is_threaded", [False, True])
async def test_a_restart_is_timed_from_the_crash_to_the_next_run(*, is_threaded: bool) -> None:
    """D1: the first start is no restart."""
    figures = await measure_crash(phoenix, FEW, is_threaded=is_threaded)

    assert figures["messages"] == 5
    assert 0 < figures["p50"] < 1e9
