"""`acore top`: a table when piped, JSON for machines, a live picture in a terminal."""

import json
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from fcntl import ioctl
from pathlib import Path

import pytest
from anyio import to_thread

from acore.cli.top import rates
from acore.clock import RealClock
from acore.control.protocol import PartsNow
from acore.errors import ExitCode
from acore.events.parts import Part, PartState
from acore.sandbox import Sandbox
from tests.actors.house import BEGAN
from tests.e2e.bot import ACORE, LONG, outcome, running, started

COLUMNS = ["part", "what it does", "state", "for", "restarts", "waiting", "messages/s", "last failure"]


async def test_piped_it_is_one_plain_table(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        looked = await outcome(home, "top", "--interval", "0.1")
        await bot.stop()

    assert looked.process.returncode == ExitCode.OK, looked.output
    assert "\x1b" not in looked.output
    header, *lines = [line.split("\t") for line in looked.out.splitlines()]
    assert header == COLUMNS
    assert [line[0] for line in lines[:3]] == ["store", "  writer", "  reader"]
    gateway = next(line for line in lines if line[0].strip() == "gateway")
    assert gateway[1:3] == ["the Discord connection", "running"]
    assert gateway[4:6] == ["0", "0"]
    assert float(gateway[6]) >= 0
    assert all(len(line) == len(COLUMNS) for line in lines)


async def test_for_machines_each_look_is_one_object(home: Path, sandbox: Sandbox) -> None:
    """S70: state, restarts, due time, last failure and queue depth of each part."""
    async with running(home, sandbox) as bot:
        looked = await outcome(home, "top", "--json", "--count", "3", "--interval", "0.1")
        once = await outcome(home, "top", "--json", "--interval", "0.1")
        await bot.stop()

    looks = [json.loads(line) for line in looked.out.splitlines()]
    assert len(looks) == 3
    assert len(once.out.splitlines()) == 1
    assert {look["pid"] for look in looks} == {bot.pid}
    assert [look["at"] for look in looks] == sorted(look["at"] for look in looks)
    store = looks[0]["parts"][0]
    assert [part["name"] for part in store["parts"]] == ["writer", "reader", "samples"]
    writer = store["parts"][0]
    assert writer.keys() == {
        "name",
        "is",
        "state",
        "since",
        "due",
        "restarts",
        "waiting",
        "handled",
        "per_second",
        "last_failure",
        "failed",
        "parts",
    }
    assert (writer["is"], writer["state"], writer["restarts"]) == ("record keeping", "running", 0)


def look(pid: int, monotonic: float, **handled: int) -> PartsNow:
    parts = tuple(
        Part(name=name, state=PartState.RUNNING, since=BEGAN, handled=count)
        for name, count in handled.items()
    )
    group = Part(name="all", state=PartState.RUNNING, since=BEGAN, handled=sum(handled.values()), parts=parts)
    return PartsNow(pid=pid, version="1", at=BEGAN, monotonic=monotonic, parts=(group,))


def test_messages_a_second_are_counted_from_one_look_to_the_next() -> None:
    before, now = look(1, 10.0, writer=100, reader=7), look(1, 12.5, writer=350, reader=7)

    assert rates(before, now) == {"all": 100.0, "writer": 100.0, "reader": 0.0}


@pytest.mark.parametrize(
    "now",
    [look(2, 12.0, writer=1), look(1, 10.0, writer=200), look(1, 12.0, writer=1), look(1, 12.0, other=9)],
)
def test_from_a_look_that_cannot_be_compared_nothing_is_counted(now: PartsNow) -> None:
    """Another process, no time between, a count that went back, a part that was not there."""
    assert not any(rates(look(1, 10.0, writer=100), now).values())


async def test_followed_it_goes_on_until_it_is_interrupted(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        async with started((*ACORE, "top", "--follow", "--interval", "0.1"), home, {}) as top:
            await top.said("part\twhat it does", times=3)
            top.signal(signal.SIGINT)
            assert await top.ended() == ExitCode.OK, top.output
        await bot.stop()

    assert top.err == ""


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--follow",)])
async def test_without_a_bot_it_says_so_and_where_to_look(home: Path, arguments: tuple[str, ...]) -> None:
    looked = await outcome(home, "top", *arguments)

    assert looked.process.returncode == ExitCode.UNAVAILABLE, looked.output
    assert looked.complaints == [
        "acore: no bot runs on data: `acore status --data data` tells how it ended, and what to do"
    ]
    assert looked.out == ""


async def test_when_the_bot_ends_it_says_so(home: Path, sandbox: Sandbox) -> None:
    watching = (*ACORE, "top", "--follow", "--interval", "0.1")
    async with running(home, sandbox) as bot, started(watching, home, {}) as top:
        await top.said("part\twhat it does")
        assert await bot.stop() == ExitCode.OK, bot.output
        assert await top.ended() == ExitCode.UNAVAILABLE, top.output

    assert top.complaints == [
        "acore: the bot on data has hung up: `acore status` tells whether it still runs"
    ]


@pytest.mark.parametrize("arguments", [("--interval", "0"), ("--interval", "often"), ("--count", "0")])
async def test_a_wrong_option_is_named(home: Path, arguments: tuple[str, ...]) -> None:
    looked = await outcome(home, "top", *arguments)

    assert looked.process.returncode == ExitCode.USAGE
    assert arguments[0] in looked.err


class Terminal:
    """A terminal with `acore top` in it."""

    def __init__(self, home: Path, columns: int) -> None:
        self.shown = ""
        self._screen, inside = pty.openpty()
        ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        environ = {"PATH": os.defpath, "HOME": str(home), "TERM": "xterm-256color"}
        self.process = subprocess.Popen(
            (*ACORE, "top", "--interval", "0.1"),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            cwd=home,
            env=environ,
            start_new_session=True,
        )
        os.close(inside)

    async def shows(self, text: str) -> None:
        """Return when *text* was shown."""

        def read() -> None:
            while text not in self.shown:
                self.shown += os.read(self._screen, 4096).decode(errors="replace")

        with RealClock().deadline(LONG):
            await to_thread.run_sync(read, abandon_on_cancel=True)
            return
        raise AssertionError(f"{text!r} was not shown: {self.shown}")

    def press(self, key: str) -> None:
        os.write(self._screen, key.encode())

    async def ended(self) -> int:
        """Return the exit code, once everything it showed is here."""

        def read() -> int:
            try:
                while data := os.read(self._screen, 4096):
                    self.shown += data.decode(errors="replace")
            except OSError:
                pass  # nobody is at the other end any more
            return self.process.wait()

        return await to_thread.run_sync(read)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)


@asynccontextmanager
async def terminal(home: Path, columns: int = 120) -> AsyncGenerator[Terminal]:
    built = await to_thread.run_sync(Terminal, home, columns)
    try:
        yield built
    finally:
        built.close()


def press_q(top: Terminal) -> None:
    top.press("xyzq")


def press_interrupt(top: Terminal) -> None:
    top.process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("leave", [press_q, press_interrupt])
async def test_in_a_terminal_the_picture_is_live_until_one_leaves(
    home: Path, sandbox: Sandbox, leave: Callable[[Terminal], None]
) -> None:
    async with running(home, sandbox) as bot:
        async with terminal(home) as top:
            await top.shows("15 of 15 parts run")
            await top.shows("the Discord connection")
            await top.shows("0.0")
            leave(top)
            assert await top.ended() == ExitCode.OK, top.shown
        await bot.stop()

    assert "\x1b[?1049h" in top.shown, "a screen of its own"
    assert "\x1b[?1049l" in top.shown, "and back"
    assert "Traceback" not in top.shown


async def test_a_narrow_terminal_has_the_figures_and_no_cut_off_words(home: Path, sandbox: Sandbox) -> None:
    async with running(home, sandbox) as bot:
        async with terminal(home, columns=80) as top:
            await top.shows("15 of 15 parts run")
            await top.shows("messages/s")
            await top.shows("lifecycle")
            press_q(top)
            assert await top.ended() == ExitCode.OK, top.shown
        await bot.stop()

    assert "…" not in top.shown


async def test_when_the_bot_ends_the_terminal_is_given_back_and_it_says_so(
    home: Path, sandbox: Sandbox
) -> None:
    async with running(home, sandbox) as bot, terminal(home) as top:
        await top.shows("15 of 15 parts run")
        await bot.kill()
        assert await top.ended() == ExitCode.UNAVAILABLE, top.shown

    assert "has hung up" in top.shown.split("\x1b[?1049l")[1]
