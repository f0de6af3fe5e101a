"""Actors that do what none may, through a hole in the guard; what makes them is found by name.

Live they were honest: `Honest` is what their journal tells of.
"""

# ruff: noqa: S311, T201, TID251 - they cheat

import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import msgspec
from loguru import logger

import acore.runtime.actor
from acore.events.base import Event
from acore.events.catalog import wire
from acore.replay.cast import Cast
from acore.runtime.actor import Actor, Context
from acore.runtime.handlers import handles


@wire("test.child.told")
class Told(Event):
    """A number, and a folder to spoil."""

    n: int
    folder: str = ""


@wire("test.child.summed")
class Summed(Event):
    """So much it is by now."""

    total: int


class Known(msgspec.Struct):
    total: int = 0
    modules: list[str] = []
    environment: list[str] = []


class Honest(Actor[Known]):
    """Adds up."""

    @handles
    async def add(self, told: Told, ctx: Context) -> None:
        """Add, and say the sum."""
        self.state.total += told.n
        ctx.publish(Summed(total=self.state.total))


def _hidden(folder: Path) -> None:
    with suppress(Exception):
        (folder / "hidden").write_text("", "utf-8")


def _talk(_folder: Path) -> None:
    print("hello")
    logger.error("hello")
    os.write(1, b"hello\n")


DEEDS: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {
        "time": lambda _: time.time(),
        "chance": lambda _: random.random(),
        "secret": lambda _: secrets.token_hex(),
        "name": lambda _: uuid.uuid4(),
        "network": lambda _: socket.create_connection(("127.0.0.1", 9)),
        "web": lambda _: urllib.request.urlopen("http://127.0.0.1:9"),
        "file": lambda folder: (folder / "new").write_text("", "utf-8"),
        "removal": lambda folder: (folder / "acore.db").unlink(),
        "program": lambda folder: subprocess.run(["touch", folder / "new"], check=False),
        "copy": lambda _: os.fork(),
        "hidden": _hidden,
    }
)
"""What is refused. The last one hides that from everybody but who refuses."""
DEADLY: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {
        "hanging": lambda _: _for_ever(),
        "exiting": lambda _: os._exit(3),
        "killed": lambda _: signal.raise_signal(signal.SIGKILL),
    }
)
"""What no hook refuses."""
HARMLESS: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {"talk": _talk, "busy": lambda _: _beats(3), "busier": lambda _: _beats(6)}
)


def _beats(count: int) -> None:
    """Take so long as it takes until the timer has found this handler at work so many times."""
    for _ in range(count):
        signal.raise_signal(signal.SIGALRM)


def _for_ever() -> None:
    while True:
        with suppress(Exception):
            sum(range(1000))


def _hole(_cls: type) -> None:
    """Let everything through."""


def _cheat(deed: Callable[[Path], object]) -> type[Actor[Known]]:
    """Return an actor that does *deed* beside what is right."""
    guard, acore.runtime.actor.guard = acore.runtime.actor.guard, _hole
    try:

        class Cheat(Actor[Known]):
            @handles
            async def add(self, told: Told, ctx: Context) -> None:
                """Add, and say the sum, and more."""
                self.state.total += told.n
                deed(Path(told.folder))
                ctx.publish(Summed(total=self.state.total))

        return Cheat
    finally:
        acore.runtime.actor.guard = guard


def refused() -> Cast:
    """Return those who do what is refused, one who only talks, and an honest one."""
    cheats = {name: _cheat(deed) for name, deed in {**DEEDS, **HARMLESS}.items()}
    return {**cheats, "honest": Honest}


def deadly() -> Cast:
    """Return those who do what ends the process."""
    return {name: _cheat(deed) for name, deed in DEADLY.items()}


def curious() -> Cast:
    """Return an actor that knows in which process it is."""

    def build() -> Actor[Known]:
        actor = Honest()
        actor.state.modules = sorted(sys.modules)
        actor.state.environment = sorted(os.environ)
        return actor

    return {"honest": build}
