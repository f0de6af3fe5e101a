import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from acore.clock import HeldClock
from acore.errors import ExitCode
from acore.storage.lock import LOCK_NAME, AlreadyRunningError, DataDirectory, DataDirectoryError, holder_of
from tests.storage.world import PYTHON, ROOT

HOLD = """
import sys
from pathlib import Path
from acore.clock import RealClock
from acore.storage.lock import DataDirectory
with DataDirectory(Path(sys.argv[1]), boot="theirs", clock=RealClock()):
    print("held", flush=True)
    sys.stdin.read()
"""


def take(path: Path) -> DataDirectory:
    return DataDirectory(path, boot="mine", clock=HeldClock())


def holder(path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [PYTHON, "-c", HOLD, str(path)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_the_directory_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "data"

    with take(path):
        assert path.stat().st_mode & 0o777 == 0o700
        assert (path / LOCK_NAME).stat().st_mode & 0o777 == 0o600


def test_a_directory_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    with take(tmp_path):
        assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_the_lock_file_says_who_holds_it(tmp_path: Path) -> None:
    with take(tmp_path):
        told = json.loads((tmp_path / LOCK_NAME).read_text())

    assert told == {
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "boot": "mine",
        "started": "2026-01-01T00:00:00+00:00",
    }


def test_a_second_instance_is_refused_and_told_about_the_first(tmp_path: Path) -> None:
    """J09."""
    with holder(tmp_path) as child:
        with pytest.raises(AlreadyRunningError) as caught:
            take(tmp_path).acquire()
        child.communicate("")

    said = str(caught.value)
    assert f"pid {child.pid} on {os.uname().nodename}, boot theirs" in said
    assert str(tmp_path) in said
    assert caught.value.exit_code is ExitCode.TEMPORARY


def test_a_killed_process_never_blocks_the_next_one(tmp_path: Path) -> None:
    """J09."""
    with holder(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()

    with take(tmp_path):
        assert json.loads((tmp_path / LOCK_NAME).read_text())["boot"] == "mine"


def test_whoever_lets_go_lets_the_next_one_in(tmp_path: Path) -> None:
    for _ in range(2):
        with take(tmp_path):
            pass


@pytest.mark.parametrize("content", ["", "{", '{"pid": "x"}'])
def test_a_lock_file_that_cannot_be_read_still_locks(tmp_path: Path, content: str) -> None:
    with take(tmp_path):
        (tmp_path / LOCK_NAME).write_text(content)
        with pytest.raises(AlreadyRunningError, match="another acore uses") as caught:
            take(tmp_path).acquire()

    assert caught.value.holder is None


def test_a_file_in_place_of_the_directory_is_named(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("")

    with pytest.raises(DataDirectoryError, match=r"a file is in its place; move it") as caught:
        take(path).acquire()

    assert str(path) in str(caught.value)
    assert caught.value.exit_code is ExitCode.CANT_CREATE


@pytest.mark.usefixtures("as_nobody")
def test_a_directory_that_cannot_be_written_is_named(open_directory: Path) -> None:
    with pytest.raises(DataDirectoryError, match=r"Permission denied.*make it writable"):
        take(open_directory).acquire()
    with pytest.raises(DataDirectoryError, match="Permission denied"):
        take(open_directory / "below").acquire()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    error = DataDirectoryError(tmp_path, OSError(28, "x"))

    assert str(error) == (
        f"the data directory {tmp_path} cannot be used (No space left on device): free some space"
    )


def test_who_holds_the_directory_can_be_asked_without_taking_it(tmp_path: Path) -> None:
    """J09: the lock decides, not what is written in its file."""
    assert holder_of(tmp_path / "nowhere") is None
    assert holder_of(tmp_path) is None
    with holder(tmp_path) as child:
        found = holder_of(tmp_path)
        child.communicate("")

    assert found is not None
    assert (found.pid, found.boot) == (child.pid, "theirs")
    assert holder_of(tmp_path) is None, "its name is still in the file"
    with take(tmp_path):
        pass


def test_a_holder_that_has_not_said_yet_who_it_is_is_a_holder(tmp_path: Path) -> None:
    with take(tmp_path):
        (tmp_path / LOCK_NAME).write_text("")
        found = holder_of(tmp_path)

    assert found is not None
    assert found.pid == 0
