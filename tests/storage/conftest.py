"""What the store's tests share."""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def open_directory() -> Generator[Path]:
    """A directory that everybody may look into and nobody but its owner may write."""
    path = Path(tempfile.mkdtemp(prefix="acore-"))
    path.chmod(0o755)
    yield path
    path.chmod(0o700)
    shutil.rmtree(path)


@pytest.fixture
def as_nobody(open_directory: Path) -> Generator[None]:
    """Give up the right to write in `open_directory`; root can always write, unless it stops being root."""
    if os.geteuid() != 0:
        open_directory.chmod(0o500)
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)
