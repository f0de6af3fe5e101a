"""What the sandbox's tests stand on: a sandbox, people in it, and real nextcord bots over real sockets."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import anyio
import msgspec
import nextcord  # noqa: TID251 - the sandbox is tested against the real library
import pytest
from nextcord.ext import commands  # noqa: TID251 - as above
from nextcord.http import Route  # noqa: TID251 - as above

from acore.sandbox import Limits, Person, Sandbox
from acore.sandbox.api.requests import Exchange

HURRIED = Limits(global_limit=0)
"""Tests ask more in a second than Discord lets a bot."""


@dataclass(frozen=True)
class Reply:
    """What the REST API answered."""

    status: int
    body: Any
    headers: dict[str, str]


class Ask(Protocol):
    """Asks the REST API of a sandbox, as its bot unless given another token."""

    async def __call__(
        self, sandbox: Sandbox, method: str, path: str, body: object = None, token: str | None = None
    ) -> Reply: ...


class Bot(commands.Bot):
    """A bot that comes up quickly and tells when its commands are registered."""

    def __init__(self, intents: nextcord.Intents) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.1)
        self.has_registered = anyio.Event()
        self.has_resumed = anyio.Event()

    async def on_connect(self) -> None:
        try:
            await super().on_connect()  # registers the commands
        finally:
            self.has_registered.set()

    async def on_resumed(self) -> None:
        self.has_resumed.set()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once; nextcord would wait five seconds before the second time."""


type Pretend = Callable[[Sandbox], None]
type NewBot = Callable[..., Bot]
type Running = Callable[[Sandbox, Bot], AbstractAsyncContextManager[Bot]]
type NewPerson = Callable[[Sandbox, str], Person]


def pytest_configure(config: pytest.Config) -> None:
    # nextcord 3.2 gives aiohttp a websocket timeout the old way.
    config.addinivalue_line("filterwarnings", "ignore:parameter 'timeout' of type 'float':DeprecationWarning")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "recording"


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Makes nextcord take a sandbox for Discord."""

    def point_at(sandbox: Sandbox) -> None:
        monkeypatch.setattr(Route, "BASE", sandbox.api)

    return point_at


@pytest.fixture
def exchanges() -> list[Exchange]:
    """What was asked over REST and how it was answered, as far as it went to one of the sandboxes below."""
    return []


@pytest.fixture
async def sandbox(recording: Path, pretend: Pretend, exchanges: list[Exchange]) -> AsyncIterator[Sandbox]:
    """A running sandbox, which nextcord takes for Discord."""
    async with Sandbox(record=recording, observe=exchanges.append, limits=HURRIED) as running:
        pretend(running)
        yield running


@pytest.fixture
async def unrecorded(pretend: Pretend, exchanges: list[Exchange]) -> AsyncIterator[Sandbox]:
    """A running sandbox without a recording, for what no bot should ever send."""
    async with Sandbox(observe=exchanges.append, limits=HURRIED) as running:
        pretend(running)
        yield running


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Asks the REST API of a sandbox, as its bot unless told otherwise."""
    async with aiohttp.ClientSession() as http:

        async def ask(
            sandbox: Sandbox, method: str, path: str, body: object = None, token: str | None = None
        ) -> Reply:
            headers = {"Content-Type": "application/json"}
            headers["Authorization"] = f"Bot {sandbox.bot_token}" if token is None else token
            data = None if body is None else msgspec.json.encode(body)
            async with http.request(method, sandbox.api + path, data=data, headers=headers) as response:
                raw = await response.read()
            is_json = response.content_type == "application/json"
            answer = msgspec.json.decode(raw) if raw and is_json else (raw.decode() or None)
            return Reply(response.status, answer, dict(response.headers))

        yield ask


@pytest.fixture
def new_bot() -> NewBot:
    """Makes a bot, to be called inside the running loop, as nextcord wants it."""

    def make(intents: nextcord.Intents | None = None) -> Bot:
        return Bot(intents or nextcord.Intents.all())

    return make


@pytest.fixture
def running() -> Running:
    """Runs a bot until it is ready with its commands registered, and closes it afterwards."""

    @asynccontextmanager
    async def run(sandbox: Sandbox, bot: Bot) -> AsyncGenerator[Bot]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bot.start, sandbox.bot_token)
            try:
                await bot.wait_until_ready()
                await bot.has_registered.wait()
                yield bot
            finally:
                with anyio.CancelScope(shield=True):
                    await bot.close()

    return run


@pytest.fixture
def person() -> NewPerson:
    """Makes the client of the user with this name, to be used with `async with`."""

    def make(sandbox: Sandbox, username: str) -> Person:
        user = next(one for one in sandbox.users if one.username == username)
        return Person(sandbox.api, user.token)

    return make
