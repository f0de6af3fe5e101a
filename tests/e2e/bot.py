"""acore as its users run it: a real process in an empty directory, what it says, and how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from acore.clock import RealClock
from acore.sandbox import Sandbox

PYTHON = sys.executable
ACORE = (PYTHON, "-m", "acore")
LONG = 15.0
"""Seconds after which a test gives up waiting; what is waited for comes much sooner."""
_CLOCK = RealClock()


class Bot:
    """A process, with everything it has said so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.out = ""
        self.err = ""
        self._news = anyio.Event()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        """Standard output and standard error, for the messages of failing tests."""
        return f"\n--- stdout\n{self.out}\n--- stderr\n{self.err}"

    @property
    def complaints(self) -> list[str]:
        """What it told the person who started it, without the log: a line each."""
        return [line for line in self.err.splitlines() if line.startswith("acore: ")]

    async def said(self, text: str, *, times: int = 1, within: float = LONG) -> None:
        """Return when it has said *text* so often."""
        with _CLOCK.deadline(within):
            while (self.out + self.err).count(text) < times:
                await self._news.wait()
            return
        raise AssertionError(f"it did not say {text!r} {times} time(s) within {within:g} s:{self.output}")

    async def ended(self, *, within: float = LONG) -> int:
        """Return its exit code when it has ended and everything it said is here."""
        code = None
        with _CLOCK.deadline(within):
            code = await self.process.wait()
            while not self.is_silent:
                await self._news.wait()
            return code
        raise AssertionError(f"it did not end within {within:g} s (code {code}):{self.output}")

    async def type(self, text: str) -> None:
        """Type into its standard input, and end it."""
        assert self.process.stdin is not None
        await self.process.stdin.send(text.encode())
        await self.process.stdin.aclose()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def kill(self) -> None:
        """End it as a power cut would, and return when it is gone."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Ask it to end in good order and return its exit code."""
        self.process.terminate()
        return await self.ended()

    is_silent = False

    async def listen(self) -> None:
        """Take in both streams until they end."""

        async def hear(stream: ByteReceiveStream | None, *, is_error: bool) -> None:
            assert stream is not None
            async for data in stream:
                text = data.decode(errors="replace")
                if is_error:
                    self.err += text
                else:
                    self.out += text
                self._tell()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(hear, self.process.stdout, is_error=False))
            tasks.start_soon(partial(hear, self.process.stderr, is_error=True))
        self.is_silent = True
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()


@asynccontextmanager
async def started(command: Sequence[str], home: Path, environ: Mapping[str, str]) -> AsyncGenerator[Bot]:
    """Start a program in *home* with this environment and no other; it is killed after the block.

    Args:
        command: The program and its arguments.
        home: Where it starts, and what it takes for the user's home.
        environ: Its environment, beside PATH and HOME.
    """
    process = await anyio.open_process(
        command,
        stdin=subprocess.PIPE,
        cwd=home,
        env={"PATH": os.defpath, "HOME": str(home), **environ},
    )
    async with process, anyio.create_task_group() as tasks:
        bot = Bot(process)
        tasks.start_soon(bot.listen)
        try:
            yield bot
        except BaseException:
            print(bot.output)  # noqa: T201 - pytest shows it beside what failed
            raise
        finally:
            if process.returncode is None:
                process.kill()


AT_ANY_LOAD = {"CPU_WARNING_THRESHOLD": "100", "MEMORY_WARNING_THRESHOLD": "100"}
"""Settings with which a bot is well whatever else its machine has to do."""


def settings_for(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Return the environment that takes a bot into *sandbox*."""
    return {"DISCORD_TOKEN": sandbox.bot_token, "DISCORD_API_BASE": sandbox.api, **more}


@asynccontextmanager
async def running(
    home: Path, sandbox: Sandbox, *arguments: str, ready: str = "Connected as", **more: str
) -> AsyncGenerator[Bot]:
    """Run `acore run` in *sandbox*, and enter the block when it has said *ready*."""
    async with started((*ACORE, "run", *arguments), home, settings_for(sandbox, **more)) as bot:
        await bot.said(ready)
        yield bot


async def outcome(
    home: Path, *arguments: str, environ: Mapping[str, str] | None = None, typed: str = ""
) -> Bot:
    """Run `acore` with *arguments* to its end."""
    async with started((*ACORE, *arguments), home, environ or {}) as bot:
        await bot.type(typed)
        await bot.ended()
        return bot


def left_in(home: Path) -> list[str]:
    """Return the names of what is in *home*."""
    return sorted(path.name for path in home.iterdir())
