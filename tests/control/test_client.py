"""The command line's side of the socket: each way in which there is no answer has its own sentence."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.control import client
from acore.control.address import SOCKET_NAME, listen_at
from acore.control.client import (
    HungUpError,
    NotOurBotError,
    NotRunningError,
    RefusedError,
    SilentError,
    ask,
    call,
)
from acore.control.protocol import (
    BotStatus,
    GetStatus,
    NotUnderstoodError,
    PartsNow,
    Refusal,
    WatchParts,
    encode,
)

NOW = PartsNow(pid=1, version="1", at=HeldClock().now(), monotonic=0.0, parts=())


@contextmanager
def answering(directory: Path, *said: bytes) -> Generator[None]:
    """Be a bot that says this to one caller, whatever it asks, and hangs up at the end of the block."""
    done = threading.Event()
    with listen_at(directory / SOCKET_NAME) as listener:
        listener.setblocking(True)  # noqa: FBT003 - the standard library's

        def answer() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.recv(1000)
                for data in said:
                    taken.sendall(data)
                done.wait(10)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PATIENCE", 0.2)


def test_without_a_bot_the_way_on_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError) as caught:
        ask(tmp_path, GetStatus(), BotStatus)

    assert (
        str(caught.value)
        == f"no bot runs on {tmp_path}: `acore status --data {tmp_path}` tells how it ended, and what to do"
    )


def test_what_a_dead_bot_left_behind_is_no_bot(tmp_path: Path) -> None:
    listen_at(tmp_path / SOCKET_NAME).close()

    with pytest.raises(NotRunningError):
        ask(tmp_path, GetStatus(), BotStatus)


@pytest.mark.parametrize("missing", ["no-such-directory", "x" * 200, "file/below"])
def test_without_the_directory_there_is_no_bot_either(tmp_path: Path, missing: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(NotRunningError):
        ask(tmp_path / missing, GetStatus(), BotStatus)


def test_another_users_bot_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: socket.socket, _address: str) -> None:
        raise PermissionError(13, "Permission denied")

    # Tests may run as root, to whom nothing is refused.
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(NotOurBotError, match="belongs to another user"):
        ask(tmp_path, GetStatus(), BotStatus)


def test_a_bot_that_does_not_answer_is_waited_for_only_so_long(tmp_path: Path) -> None:
    with answering(tmp_path), pytest.raises(SilentError) as caught:
        ask(tmp_path, GetStatus(), BotStatus)

    assert "has not answered for 0.2 s" in str(caught.value)


def test_a_bot_that_takes_no_caller_is_not_waited_for(tmp_path: Path) -> None:
    with listen_at(tmp_path / SOCKET_NAME) as listener:
        listener.listen(0)
        with call(tmp_path, GetStatus()), pytest.raises(SilentError), call(tmp_path, GetStatus()):
            pass


def test_a_refusal_is_handed_on(tmp_path: Path) -> None:
    with answering(tmp_path, encode(Refusal(text="user 7 may not"))), pytest.raises(RefusedError) as caught:
        ask(tmp_path, GetStatus(), BotStatus)

    assert str(caught.value) == "the bot does not answer: user 7 may not"


def test_a_refusal_is_heard_also_when_the_request_was_not_wanted(tmp_path: Path) -> None:
    with listen_at(tmp_path / SOCKET_NAME) as listener, call(tmp_path, GetStatus()) as line:
        taken, _ = listener.accept()
        taken.sendall(encode(Refusal(text="too many")))
        taken.close()  # with the request unread
        with pytest.raises(RefusedError, match="too many"):
            line.wait(1)


@pytest.mark.parametrize("said", [b"hello\n", b'{"reply": "from the future"}\n', b"\xff\n"])
def test_an_answer_that_is_none_is_named(tmp_path: Path, said: bytes) -> None:
    with answering(tmp_path, said), pytest.raises(NotUnderstoodError, match="none that acore"):
        ask(tmp_path, GetStatus(), BotStatus)


def test_an_answer_to_something_else_is_named(tmp_path: Path) -> None:
    with answering(tmp_path, encode(NOW)), pytest.raises(NotUnderstoodError, match="answered PartsNow"):
        ask(tmp_path, GetStatus(), BotStatus)


def test_replies_that_come_together_or_in_pieces_are_told_apart(tmp_path: Path) -> None:
    line = encode(NOW)
    with answering(tmp_path, line + line + line[:10], line[10:]), call(tmp_path, WatchParts()) as watching:
        assert [watching.wait(5) for _ in range(3)] == [NOW, NOW, NOW]


def test_when_the_bot_hangs_up_what_it_said_before_is_heard_first(tmp_path: Path) -> None:
    with listen_at(tmp_path / SOCKET_NAME) as listener, call(tmp_path, WatchParts()) as watching:
        taken, _ = listener.accept()
        taken.sendall(encode(NOW))
        taken.close()

        assert watching.wait(5) == NOW
        with pytest.raises(HungUpError, match="`acore status` tells whether it still runs"):
            watching.wait(5)
