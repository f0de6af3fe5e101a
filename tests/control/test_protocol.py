"""What is said on the control socket, and what is answered to what was not understood."""

import json
from datetime import UTC, datetime

import pytest

from acore import __version__
from acore.actors.control import _SERVERS
from acore.control.protocol import (
    GetStatus,
    NotUnderstoodError,
    PartsNow,
    Refusal,
    WatchParts,
    decode_reply,
    decode_request,
    encode,
    requests,
)
from acore.events.parts import Part, PartState

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("asked", [GetStatus(), WatchParts(), WatchParts(interval=0.5)])
def test_a_request_is_one_line_and_comes_back_equal(asked: GetStatus | WatchParts) -> None:
    line = encode(asked)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line)["v"] == 1
    assert decode_request(line) == asked


def test_a_reply_comes_back_equal() -> None:
    """S70: what is told of the parts is told whole."""
    inner = Part(name="writer", state=PartState.WAITING, since=NOW, restarts=2, queued=3, due=NOW)
    told = PartsNow(
        pid=7,
        version="1.2",
        at=NOW,
        monotonic=1.5,
        parts=(Part(name="store", state=PartState.RUNNING, since=NOW, parts=(inner,)),),
    )

    assert decode_reply(encode(told)) == told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "that is no JSON"),
        (b"\x00\xff\n", "that is no JSON"),
        (b"GET / HTTP/1.1", "that is no JSON"),
        (b'{"v": 1, "request": "st\xffatus"}', "that is no JSON"),
        (b'{"v": 1, "request": "status", "a": ' + b"[" * 50_000, "that is no JSON"),
        (b"[]", 'that is no request, which is {"v": 1, "request": "…"}'),
        (b"{}", "missing required field `v`"),
        (b'{"v": 1}', "missing required field `request`"),
        (b'{"v": "1", "request": "status"}', "Expected `int`, got `str` - at `$.v`"),
        (b'{"v": 2, "request": "status"}', "speaks version 1, not 2: use the same acore"),
        (
            b'{"v": 1, "request": "dance"}',
            "does not know the request 'dance', only parts, pin, purge, settle_effect, status",
        ),
        (
            b'{"v": 1, "request": "parts", "interval": 0}',
            "the request 'parts' is wrong: Expected `float` >= 0.1",
        ),
        (
            b'{"v": 1, "request": "parts", "interval": "often"}',
            "Expected `float`, got `str` - at `$.interval`",
        ),
    ],
)
def test_what_is_not_understood_is_named(line: bytes, words: str) -> None:
    with pytest.raises(NotUnderstoodError) as caught:
        decode_request(line)

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "line", [b'{"v": 9, "request": "status"}', b'{"v": 1, "request": "from the future"}']
)
def test_who_speaks_another_version_hears_which_acore_runs_here(line: bytes) -> None:
    """E10: what is newer than the code is refused by name."""
    with pytest.raises(NotUnderstoodError) as caught:
        decode_request(line)

    assert f"acore {__version__} runs here" in str(caught.value)


def test_an_option_that_this_acore_does_not_know_changes_nothing() -> None:
    """E10: unknown extra fields at the same version are ignored."""
    assert decode_request(b'{"v": 1, "request": "status", "colour": "red"}') == GetStatus()


def test_an_answer_of_another_acore_is_named_as_such() -> None:
    with pytest.raises(NotUnderstoodError, match=f"none that acore {__version__} knows"):
        decode_reply(b'{"v": 1, "reply": "from the future"}')


def test_a_refusal_says_which_acore_refuses() -> None:
    assert json.loads(encode(Refusal(text="no"))) == {
        "reply": "refusal",
        "v": 1,
        "text": "no",
        "version": __version__,
    }


def test_every_request_is_served() -> None:
    assert set(requests().values()) == set(_SERVERS)
    assert {"status", "parts"} <= set(requests())
