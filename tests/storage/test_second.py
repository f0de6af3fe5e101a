"""Two processes on the same data: one writes, the other is refused or stops."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.storage.lock import LOCK_NAME, AlreadyRunningError
from acore.storage.mark import MARK_NAME, read_mark
from acore.storage.store import DATABASE_NAME, open_store
from acore.storage.verify import verify
from tests.storage.world import PYTHON, ROOT, rows


class Other:
    """Another process that opens a store, and then writes, when it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def go_on(self) -> str:
        """Tell it to do the next thing, and return what it says of that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def other(directory: Path, boot: str) -> Generator[Other]:
    with subprocess.Popen(
        [PYTHON, "-m", "tests.storage.fenced", str(directory), boot],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield Other(process)
        if process.poll() is None:
            process.kill()


async def test_whoever_takes_the_data_over_ends_the_other_process_at_its_next_commit(tmp_path: Path) -> None:
    """J09: the lock file was removed, so that the kernel's lock cannot help; the file itself decides."""
    with other(tmp_path, "first") as first, other(tmp_path, "second") as second:
        assert [first.go_on(), first.go_on()] == ["running", "written"]
        with pytest.raises(AlreadyRunningError) as refused:
            async with open_store(tmp_path, boot="mine", clock=HeldClock()):
                pytest.fail("two stores")
        named = f"pid {first.process.pid} on {os.uname().nodename}, boot first"
        assert named in str(refused.value)

        (tmp_path / LOCK_NAME).unlink()
        assert [second.go_on(), second.go_on()] == ["running", "written"]
        assert first.go_on() == "run second has taken the database over from first: this one stops"
        assert second.go_on() == "written"
        first.process.wait(30)

    path = tmp_path / DATABASE_NAME
    assert rows(path, "SELECT writer, epoch FROM progress") == [("second", 2)]
    counted = "SELECT boot FROM journal WHERE name = 'activity.counted' ORDER BY seq"
    assert rows(path, counted) == [("first",), ("second",), ("second",)]
    assert verify(path).findings == ()
    mark = read_mark(tmp_path / MARK_NAME)
    assert mark is not None
    assert (mark.boot, mark.epoch) == ("second", 2)
