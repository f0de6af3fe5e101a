"""Pictures are drawn where the terminal says that it can, and nowhere else."""

import base64
import re

import pytest

from acore.sandbox.console.pictures import iterm, kitty, of_message, shower
from tests.sandbox.console.bots import PIXEL


@pytest.mark.parametrize(
    ("environ", "way"),
    [
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty"}, kitty),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-256color"}, kitty),
        ({"TERM_PROGRAM": "iTerm.app"}, iterm),
        ({"TERM_PROGRAM": "WezTerm"}, iterm),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "socket"}, None),
        ({"KITTY_WINDOW_ID": "1", "TERM": "screen-256color"}, None),
        ({}, None),
    ],
)
def test_what_the_terminal_says_of_itself_decides(environ: dict[str, str], way: object) -> None:
    assert shower(environ) is way


def test_a_terminal_that_is_none_draws_nothing() -> None:
    assert shower() is None


def test_kitty_gets_a_png_in_chunks_that_make_it_up_again() -> None:
    data = PIXEL + bytes(10_000)
    drawn = kitty(data) or ""
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", drawn)

    assert [head for head, _ in chunks] == ["a=T,f=100,m=1", "m=1", "m=1", "m=0"]
    assert all(len(chunk) <= 4096 for _, chunk in chunks)
    assert base64.standard_b64decode("".join(chunk for _, chunk in chunks)) == data
    assert kitty(b"\xff\xd8\xff a JPEG") is None


def test_iterm_gets_any_picture_whole() -> None:
    drawn = iterm(b"GIF89a") or ""

    assert drawn == f"\x1b]1337;File=inline=1;size=6:{base64.standard_b64encode(b'GIF89a').decode()}\x07"
    assert iterm(b"text") is None


def test_only_what_the_sandbox_itself_has_is_saved() -> None:
    message = {
        "attachments": [{"filename": "a.txt", "url": "http://127.0.0.1:1/a/a.txt"}],
        "embeds": [
            {
                "image": {"url": "http://127.0.0.1:1/b/b%20c.png"},
                "thumbnail": {"url": "https://example.org/d.png"},
            }
        ],
        "components": [{"type": 12, "items": [{"media": {"url": "http://127.0.0.1:1/e.png"}}]}],
    }

    assert of_message(message) == [
        ("a.txt", "http://127.0.0.1:1/a/a.txt"),
        ("b c.png", "http://127.0.0.1:1/b/b%20c.png"),
        ("e.png", "http://127.0.0.1:1/e.png"),
    ]
