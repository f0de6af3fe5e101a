"""The running side of the socket: callers are bounded in number, size and time, and none harms another."""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio import EndOfStream, Event, connect_unix, create_task_group
from anyio.abc import SocketListener, SocketStream

from acore.clock import HeldClock
from acore.control import server
from acore.control.address import listen_at
from acore.control.protocol import GetStatus, PartsNow, Refusal, Request, WatchParts, encode
from acore.control.server import Caller, Limits, Switchboard, peer_of

SHORT = Limits(request_bytes=1000, request_seconds=5.0, send_seconds=5.0, callers=2)


class Exchange:
    """A switchboard on a held clock, and the ways to call it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = HeldClock()
        self.served: list[Request] = []
        self.board = Switchboard(self.serve, self.clock, SHORT)
        self.reply = PartsNow(pid=1, version="1", at=self.clock.now(), monotonic=0.0, parts=())

    async def serve(self, asked: Request, caller: Caller) -> None:
        """Answer what is watched for ever, and fail on everything else."""
        self.served.append(asked)
        if not isinstance(asked, WatchParts):
            raise KeyError("the disk sang")
        while True:
            await caller.send(self.reply)
            await self.clock.sleep(asked.interval)

    async def call(self) -> SocketStream:
        """Connect, and return when that was noticed."""
        before = self.board.callers
        stream = await connect_unix(self.path)
        while self.board.callers == before:
            await self.clock.settle()
        return stream

    async def say(self, stream: SocketStream, data: bytes) -> None:
        await stream.send(data)
        await self.clock.settle()

    async def quiet(self) -> None:
        """Return when no caller is left."""
        while self.board.callers:
            await self.clock.settle()


async def heard(stream: SocketStream) -> dict[str, Any]:
    """Return the next reply."""
    line = b""
    while b"\n" not in line:
        line += await stream.receive(1)
    return json.loads(line)


async def is_over(stream: SocketStream) -> bool:
    """Return whether the other side has hung up."""
    try:
        return not await stream.receive()
    except EndOfStream:
        return True


@asynccontextmanager
async def exchange(directory: Path) -> AsyncGenerator[Exchange]:
    built = Exchange(directory / "s")
    listener = await SocketListener.from_socket(listen_at(built.path))
    async with create_task_group() as tasks:
        tasks.start_soon(built.board.listen, listener)
        yield built
        tasks.cancel_scope.cancel()


async def test_replies_come_until_the_caller_hangs_up(tmp_path: Path) -> None:
    async with exchange(tmp_path) as board:
        async with await board.call() as stream:
            await board.say(stream, encode(WatchParts(interval=1.0)))
            assert (await heard(stream))["reply"] == "parts"
            await board.clock.advance(1.0)
            assert (await heard(stream))["reply"] == "parts"
        await board.quiet()

        assert board.served == [WatchParts(interval=1.0)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"\n", "that is no JSON"),
        (b"GET / HTTP/1.1\r\n\r\n", "that is no JSON"),
        (b"\xfe" * 500 + b"\n", "that is no JSON"),
        (b'{"v": 1, "request": "dance"}\n', "does not know the request 'dance'"),
        (b"x" * 1001, "a request may have 1000 bytes, not more"),
        (b"[" * 999 + b"\n", "that is no request"),
    ],
)
async def test_rubbish_is_answered_with_what_is_wrong_and_harms_nobody_else(
    tmp_path: Path, said: bytes, words: str
) -> None:
    async with exchange(tmp_path) as board, await board.call() as other:
        await board.say(other, encode(WatchParts(interval=1.0)))
        assert (await heard(other))["reply"] == "parts"
        async with await board.call() as stream:
            await board.say(stream, said)
            answer = await heard(stream)

            assert answer["reply"] == "refusal"
            assert words in answer["text"]
            assert await is_over(stream)
        await board.clock.advance(1.0)

        assert (await heard(other))["reply"] == "parts"
        assert board.served == [WatchParts(interval=1.0)]


async def test_what_nobody_thought_of_costs_its_caller_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_line: bytes) -> Request:
        raise RuntimeError("the disk sang")

    async with exchange(tmp_path) as board, await board.call() as other:
        await board.say(other, encode(WatchParts(interval=1.0)))
        assert (await heard(other))["reply"] == "parts"
        monkeypatch.setattr(server, "decode_request", broken)
        async with await board.call() as stream:
            await board.say(stream, encode(GetStatus()))
            assert await is_over(stream)
        await board.clock.advance(1.0)

        assert (await heard(other))["reply"] == "parts"


async def test_a_caller_that_says_nothing_is_hung_up_on_after_a_while(tmp_path: Path) -> None:
    async with exchange(tmp_path) as board, await board.call() as stream:
        await board.clock.advance(4.9)
        assert board.board.callers == 1
        await board.say(stream, b'{"v": 1,')
        await board.clock.advance(0.2)

        assert (await heard(stream))["text"] == "no request came within 5 s"
        assert await is_over(stream)


async def test_a_request_that_is_cut_off_is_named(tmp_path: Path) -> None:
    async with exchange(tmp_path) as board, await board.call() as stream:
        await stream.send(b'{"v": 1')
        await stream.send_eof()

        assert (await heard(stream))["text"] == "the request has no end of line"


async def test_who_says_nothing_more_is_answered_until_it_hangs_up(tmp_path: Path) -> None:
    """As `echo … | socat - UNIX-CONNECT:…` does."""
    async with exchange(tmp_path) as board:
        async with await board.call() as stream:
            await stream.send(encode(WatchParts(interval=1.0)))
            await stream.send_eof()
            await board.clock.settle()
            for _ in range(3):
                assert (await heard(stream))["reply"] == "parts"
                await board.clock.advance(1.0)
            assert board.board.callers == 1
        await board.clock.advance(1.0)

        assert board.board.callers == 0


async def test_who_only_looks_whether_somebody_listens_is_let_go(tmp_path: Path) -> None:
    async with exchange(tmp_path) as board:
        async with await board.call():
            pass
        await board.quiet()

        assert board.served == []


async def test_a_caller_that_does_not_read_is_hung_up_on_after_a_while(tmp_path: Path) -> None:
    async with exchange(tmp_path) as board, await board.call() as stream:
        board.reply = PartsNow(pid=1, version="1" * 2**21, at=board.clock.now(), monotonic=0.0, parts=())
        await board.say(stream, encode(WatchParts(interval=0.1)))
        await board.clock.advance(4.0)
        assert board.board.callers == 1
        await board.clock.advance(2.0)

        assert board.board.callers == 0


async def test_there_is_room_for_so_many_and_one_more_hears_that(tmp_path: Path) -> None:
    async with exchange(tmp_path) as board, AsyncExitStack() as stack:
        first, _second = [await stack.enter_async_context(await board.call()) for _ in range(2)]
        third = await stack.enter_async_context(await connect_unix(board.path))
        assert "2 callers are connected already" in (await heard(third))["text"]
        assert await is_over(third)

        await first.aclose()
        while board.board.callers > 1:
            await board.clock.settle()
        async with await board.call() as again:
            await board.say(again, encode(WatchParts()))
            assert (await heard(again))["reply"] == "parts"


async def test_an_answer_that_fails_is_said_to_have_failed_and_the_others_go_on(tmp_path: Path) -> None:
    """B19: who asks what fails hears so at once."""
    async with exchange(tmp_path) as board, await board.call() as other:
        await board.say(other, encode(WatchParts(interval=1.0)))
        assert (await heard(other))["reply"] == "parts"
        async with await board.call() as stream:
            await board.say(stream, encode(GetStatus()))
            assert (await heard(stream))["text"] == "that failed inside the bot: KeyError: 'the disk sang'"
            assert await is_over(stream)
        await board.clock.advance(1.0)

        assert (await heard(other))["reply"] == "parts"


async def test_another_user_of_the_machine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def a_stranger(_stream: SocketStream) -> int:
        return os.geteuid() + 1

    monkeypatch.setattr(server, "peer_of", a_stranger)
    async with exchange(tmp_path) as board, await connect_unix(board.path) as stream:
        answer = await heard(stream)

        assert answer["reply"] == "refusal"
        assert answer["text"] == f"user {os.geteuid() + 1} may not: the bot belongs to user {os.geteuid()}"
        assert await is_over(stream)
        assert board.served == []


async def test_root_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def root(_stream: SocketStream) -> int:
        return 0

    def somebody() -> int:
        return 12345

    monkeypatch.setattr(server, "peer_of", root)
    monkeypatch.setattr(os, "geteuid", somebody)
    async with exchange(tmp_path) as board, await board.call() as stream:
        await board.say(stream, encode(WatchParts()))

        assert (await heard(stream))["reply"] == "parts"


async def test_the_operating_system_tells_who_calls(tmp_path: Path) -> None:
    listener = await SocketListener.from_socket(listen_at(tmp_path / "s"))
    async with listener, await connect_unix(tmp_path / "s"), await listener.accept() as taken:
        assert peer_of(taken) == os.geteuid()


async def test_when_nobody_can_be_let_in_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, tried, is_mended = HeldClock(), Event(), False
    listener = await SocketListener.from_socket(listen_at(tmp_path / "s"))
    accept = listener.accept

    async def full() -> SocketStream:
        if not is_mended:
            tried.set()
            raise OSError(24, "Too many open files")
        return await accept()

    async def serve(_asked: Request, caller: Caller) -> None:
        await caller.send(Refusal(text="here"))

    monkeypatch.setattr(listener, "accept", full)
    async with create_task_group() as tasks:
        tasks.start_soon(Switchboard(serve, clock).listen, listener)
        await tried.wait()
        is_mended = True
        await clock.advance(1.0)
        async with await connect_unix(tmp_path / "s") as stream:
            await stream.send(encode(GetStatus()))
            assert (await heard(stream))["text"] == "here"
        tasks.cancel_scope.cancel()


async def test_at_the_end_callers_are_hung_up_on(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        async with exchange(tmp_path) as board:
            stream = await stack.enter_async_context(await board.call())
            await board.say(stream, encode(WatchParts(interval=1000.0)))
            assert (await heard(stream))["reply"] == "parts"

        assert await is_over(stream)
