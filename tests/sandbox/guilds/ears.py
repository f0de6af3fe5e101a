"""What a bot hears: its events, in order, to be waited for."""

from collections.abc import Callable, Coroutine
from typing import Any

import anyio
from nextcord.ext import commands  # noqa: TID251 - the sandbox is tested against the real library

from acore.sandbox import realtime

LONG = 10.0  # seconds a test waits for what must come


class Ears:
    """Listens to events of a bot.

    Args:
        bot: whose.
        names: of the events, as nextcord calls them without "on_".
    """

    def __init__(self, bot: commands.Bot, *names: str) -> None:
        self.heard: list[tuple[object, ...]] = []
        self._news = anyio.Event()
        for name in names:
            bot.add_listener(self._listener(name), f"on_{name}")

    async def hear(self, name: str, times: int = 1) -> tuple[object, ...]:
        """Return what came with the event of this name, once it has come so many times."""
        with realtime.deadline(LONG):
            while len(found := [one[1:] for one in self.heard if one[0] == name]) < times:
                await self._news.wait()
        return found[times - 1]

    def names(self) -> list[object]:
        """Return the names of what was heard, in order."""
        return [one[0] for one in self.heard]

    def _listener(self, name: str) -> Callable[..., Coroutine[Any, Any, None]]:
        async def listen(*arguments: object) -> None:
            self.heard.append((name, *arguments))
            self._news.set()
            self._news = anyio.Event()

        return listen
