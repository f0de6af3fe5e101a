"""What the tests of capsules share."""

import shutil
from pathlib import Path

import anyio
import pytest

from tests.capsule.lived import database_in, live


@pytest.fixture(scope="session")
def _lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("lived")
    anyio.run(live, directory)
    return directory


@pytest.fixture
def data(tmp_path: Path, _lived: Path) -> Path:
    """A data directory of one's own, with a journal of two runs."""
    shutil.copytree(_lived, tmp_path / "data")  # nobody has it open: its -wal file is gone
    return tmp_path / "data"


@pytest.fixture
def database(data: Path) -> Path:
    return database_in(data)
