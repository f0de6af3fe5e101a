"""Where a running sandbox is found: nobody else can read its tokens or show one of theirs."""

import stat
import tempfile
from pathlib import Path

import pytest

from acore.sandbox import whereabouts
from acore.sandbox.shapes import Json

STATE: Json = {"control": {"token": "secret"}}


@pytest.fixture
def default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default place, in a folder for temporary files of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = whereabouts.own_path()
    assert path.is_relative_to(tmp_path)
    return path


def test_what_is_written_is_for_its_owner_alone_and_nothing_is_left_beside_it(default: Path) -> None:
    whereabouts.write(default, STATE)

    assert whereabouts.read(default) == STATE
    assert [stat.S_IMODE(one.stat().st_mode) for one in (default.parent, default)] == [0o700, 0o600]
    assert list(default.parent.iterdir()) == [default]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_default_place_where_others_may_write_is_refused(default: Path, mode: int) -> None:
    whereabouts.write(default, STATE)
    default.parent.chmod(mode)

    with pytest.raises(PermissionError, match="not yours alone"):
        whereabouts.write(default, STATE)
    with pytest.raises(PermissionError, match="not yours alone"):
        whereabouts.read(default)


def test_a_default_place_that_is_a_link_is_refused(default: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    default.parent.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PermissionError, match="not yours alone"):
        whereabouts.write(default, STATE)


def test_a_link_that_waits_at_the_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "state.json").symlink_to(victim)

    whereabouts.write(tmp_path / "state.json", STATE)

    assert victim.read_text() == "precious"
    assert whereabouts.read(tmp_path / "state.json") == STATE


def test_a_place_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()

    with pytest.raises(IsADirectoryError):
        whereabouts.write(tmp_path / "state.json", STATE)

    assert [one.name for one in tmp_path.iterdir()] == ["state.json"]


def test_where_there_is_no_folder_no_sandbox_runs(default: Path) -> None:
    with pytest.raises(whereabouts.NoSandboxError, match="no sandbox runs"):
        whereabouts.read(default)
