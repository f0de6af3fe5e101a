"""Where the socket is, and who may connect to it."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from acore.control.address import LONGEST, NoAddressError, address_of, listen_at, remove


@pytest.fixture
def _everybody_may() -> Iterator[None]:
    """Let whatever is made be open to all, unless the code sees to it."""
    before = os.umask(0)
    yield
    os.umask(before)


def deep(base: Path) -> Path:
    """Return a directory whose path no socket address can hold."""
    path = base
    while len(os.fsencode(path)) <= LONGEST:
        path /= "a-rather-long-name"
    path.mkdir(parents=True)
    return path


def connects_to(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller, address_of(path) as address:
        return caller.connect_ex(address) == 0


@pytest.mark.usefixtures("_everybody_may")
def test_only_the_owner_may_connect_from_the_first_moment_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, modes = tmp_path / "s", list[int]()
    listen = socket.socket.listen

    def watched(self: socket.socket, backlog: int) -> None:
        modes.append(stat.S_IMODE(path.stat().st_mode))  # bound, and nobody can connect yet
        listen(self, backlog)

    monkeypatch.setattr(socket.socket, "listen", watched)
    with listen_at(path):
        assert modes == [0o600]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.umask(0) == 0, "what others make later is as before"


def test_what_a_dead_process_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    listen_at(path).close()  # a socket's file outlives it
    assert not connects_to(path)

    with listen_at(path):
        assert connects_to(path)


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("mine")

    with pytest.raises(FileExistsError, match="something else is in its place"):
        listen_at(path)
    remove(path)

    assert path.read_text() == "mine"


def test_a_path_that_is_too_long_for_a_socket_works_all_the_same(tmp_path: Path) -> None:
    path = deep(tmp_path) / "s"
    before = set(Path("/proc/self/fd").iterdir())

    with listen_at(path):
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert connects_to(path)
    remove(path)

    assert not path.exists()
    assert set(Path("/proc/self/fd").iterdir()) == before, "nothing is left open"


@pytest.mark.parametrize("extra", [0, 1])
def test_the_longest_path_that_fits_is_used_as_it_is(tmp_path: Path, extra: int) -> None:
    room = LONGEST + extra - len(os.fsencode(tmp_path)) - len("/") - len("/s")
    directory = tmp_path / ("d" * room)
    directory.mkdir()

    with address_of(directory / "s") as address:
        assert (address == str(directory / "s")) is (extra == 0)
        assert len(os.fsencode(address)) <= LONGEST
    with listen_at(directory / "s"):
        assert connects_to(directory / "s")


def test_where_no_way_leads_around_a_long_path_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deep(tmp_path) / "s"

    def none_such(_path: str) -> bool:
        return False

    monkeypatch.setattr(os.path, "isdir", none_such)
    with pytest.raises(NoAddressError) as caught:
        listen_at(path)

    assert str(path) in str(caught.value)
    assert "choose a data directory with a shorter one" in str(caught.value)


def test_removing_what_is_gone_is_harmless(tmp_path: Path) -> None:
    remove(tmp_path / "s")
    remove(tmp_path / "no-such-directory" / "s")
