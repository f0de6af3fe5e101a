"""Lines that do not come from a terminal: a pipe's, or files'."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

import anyio

COMMENT = "#!"
"""A first line for the shell is no text to be said."""


async def of_files(paths: Sequence[Path]) -> AsyncIterator[str]:
    """Yield the lines of files; `-` is the standard input.

    Raises:
        OSError: one cannot be read.
    """
    for path in paths:
        if str(path) == "-":
            async for line in piped():
                yield line
            continue
        text = await anyio.Path(path).read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines()):
            if number or not line.startswith(COMMENT):
                yield line


async def piped(descriptor: int = 0) -> AsyncIterator[str]:
    """Yield the lines of an input that is no terminal, until it ends.

    A daemon thread reads them, so that waiting for a line that never comes does not keep the process alive.
    It reads the descriptor itself: a thread holding the lock of `sys.stdin` would make the interpreter abort
    at its end.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def put(line: str | None) -> None:
        with suppress(RuntimeError):  # the loop has ended; nobody wants the line any more
            loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        rest = b""
        while data := os.read(descriptor, 4096):
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                put(line.decode("utf-8", "replace"))
        if rest:
            put(rest.decode("utf-8", "replace"))
        put(None)

    threading.Thread(target=read, name="sandbox-console", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line
