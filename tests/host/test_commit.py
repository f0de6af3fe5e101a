"""The commit that the program was started from, out of git's own files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from acore.host.commit import commit_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed here")


def git(folder: Path, *arguments: str) -> str:
    # No setting of whoever runs this may reach it, and no repository around it.
    environment = {
        "PATH": os.environ["PATH"],  # noqa: TID251 - git is found through it
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    done = subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "first")
    return tmp_path


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")[:12]


def test_on_a_branch(checkout: Path) -> None:
    assert commit_of(checkout) == head(checkout)
    assert len(commit_of(checkout)) == 12


def test_on_a_branch_with_a_slash_in_its_name(checkout: Path) -> None:
    git(checkout, "switch", "--quiet", "--create", "feature/one")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "second")

    assert commit_of(checkout) == head(checkout)


def test_from_a_folder_below(checkout: Path) -> None:
    below = checkout / "a" / "b"
    below.mkdir(parents=True)

    assert commit_of(below) == head(checkout)


def test_with_packed_references(checkout: Path) -> None:
    git(checkout, "tag", "--annotate", "--message", "m", "main-1")
    git(checkout, "branch", "other-main")
    git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git" / "refs" / "heads" / "main").exists()

    assert commit_of(checkout) == head(checkout)


def test_with_a_detached_head(checkout: Path) -> None:
    git(checkout, "switch", "--quiet", "--detach")

    assert commit_of(checkout) == head(checkout)


def test_in_a_work_tree_of_its_own(checkout: Path) -> None:
    tree = checkout / "elsewhere"
    git(checkout, "worktree", "add", "--quiet", "-b", "side", str(tree))
    git(tree, "commit", "--quiet", "--allow-empty", "--message", "second")

    assert commit_of(tree) == head(tree) != head(checkout)


def test_before_the_first_commit_there_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert not commit_of(tmp_path)


def test_outside_of_git_there_is_none(tmp_path: Path) -> None:
    assert not commit_of(tmp_path)


def test_a_damaged_head_is_none(checkout: Path) -> None:
    (checkout / ".git" / "HEAD").write_bytes(b"\xff\xfe\x00")

    assert not commit_of(checkout)
