"""What every test may use."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio: nextcord and aiosqlite run on nothing else."""
    return "asyncio"
