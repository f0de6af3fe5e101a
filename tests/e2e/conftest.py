"""What the tests of the whole program stand on: a sandbox, people in it, and acore as a real process."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from acore.sandbox import Person, Sandbox


def pytest_configure(config: pytest.Config) -> None:
    # nextcord 3.2 gives aiohttp a websocket timeout the old way.
    config.addinivalue_line("filterwarnings", "ignore:parameter 'timeout' of type 'float':DeprecationWarning")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return tmp_path / "recording"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty directory to start acore in."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
async def sandbox(recording: Path) -> AsyncGenerator[Sandbox]:
    """A Discord that waits longer for the first answer than the real one: machines of tests are slow."""
    async with Sandbox(record=recording, answer_within=30.0) as running:
        yield running


@pytest.fixture
async def owner(sandbox: Sandbox) -> AsyncGenerator[Person]:
    """Who owns the bot's application."""
    async with Person(sandbox.api, sandbox.world.owner.token) as person:
        yield person


@pytest.fixture
async def member(sandbox: Sandbox) -> AsyncGenerator[Person]:
    """Somebody without any role."""
    async with Person(sandbox.api, sandbox.world.member.token) as person:
        yield person
