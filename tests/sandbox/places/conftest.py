"""What the tests of channels, threads, webhooks and invites stand on: a nextcord bot with good ears."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest

from acore.sandbox import Sandbox
from tests.sandbox.conftest import Ask, Bot, Reply, Running


class Ears(Bot):
    """A bot that remembers the events it heard, by nextcord's names for them."""

    def __init__(self, sandbox: Sandbox, intents: nextcord.Intents | None = None) -> None:
        self.sandbox = sandbox
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self._came = anyio.Event()
        super().__init__(intents or nextcord.Intents.all())

    def dispatch(self, event_name: str, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - nextcord's own
        self.heard.append((event_name, args))
        self._came.set()
        self._came = anyio.Event()
        super().dispatch(event_name, *args, **kwargs)

    async def hear(self, name: str) -> tuple[Any, ...]:
        """Return what the next event of this name told, and forget it and those before it."""
        with anyio.fail_after(5):  # noqa: TID251 - a test that waits in vain is to fail
            while True:
                for index, (each, told) in enumerate(self.heard):
                    if each == name:
                        del self.heard[: index + 1]
                        return told
                await self._came.wait()

    @property
    def place(self) -> nextcord.Guild:
        """The guild it is in."""
        return self.guilds[0]

    @property
    def general(self) -> nextcord.TextChannel:
        """The channel where it talks."""
        channel = self.place.get_channel(int(self.sandbox.channel_id))
        assert isinstance(channel, nextcord.TextChannel)
        return channel


type AsOwner = Callable[..., Awaitable[Reply]]


@pytest.fixture
async def ears(sandbox: Sandbox, running: Running) -> AsyncIterator[Ears]:
    """A running bot that may do everything."""
    world = sandbox.world
    world.give_role(world.application.bot, world.add_role("powers", permission_bits=1 << 3))
    bot = Ears(sandbox)
    async with running(sandbox, bot):
        yield bot


@pytest.fixture
def as_owner(sandbox: Sandbox, ask: Ask) -> AsOwner:
    """Asks the REST API as the guild's owner."""

    async def as_owner(method: str, path: str, body: object = None) -> Reply:
        return await ask(sandbox, method, path, body, sandbox.world.owner.token)

    return as_owner
