"""CONTRIBUTING's actor in ten minutes, pasted as a new developer would and run in a copy of the checkout."""

import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

TOP = Path(__file__).parents[1]
SECTION = re.compile(r"^## An actor in ten minutes$(.*?)^## ", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"^\*\*`([^`]+)`\*\*.*?^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^    \.venv/bin/python (.+)$", re.MULTILINE)
CHANGE = re.compile(r"in `([^`]+)`:\n\n```diff\n-(.+)\n\+(.+)\n```$", re.MULTILINE)
SAID = re.compile(r"^```text\n(.+)\n```$", re.MULTILINE)


@pytest.fixture(scope="module")
def section() -> str:
    found = SECTION.search((TOP / "CONTRIBUTING.md").read_text("utf-8"))
    assert found is not None
    return found[1]


@pytest.fixture
def checkout(section: str, tmp_path: Path) -> Path:
    """Return a checkout with the section's files in it."""
    copytree(TOP / "acore", tmp_path / "acore", ignore=ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tests/conftest.py", "tests/runtime/stage.py"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((TOP / name).read_bytes())
    for name, code in FILE.findall(section):
        target = tmp_path / name
        assert not target.exists(), "what is pasted must not replace a file of acore"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(code, "utf-8")
    return tmp_path


def python(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=checkout, capture_output=True, text=True, check=False
    )


def run_its_command(section: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    (command,) = COMMAND.findall(section)
    return python(checkout, *command.split(), "-p", "no:cacheprovider")


def test_what_is_pasted_works_at_once(section: str, checkout: Path) -> None:
    done = run_its_command(section, checkout)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout
    assert "Four tests pass" in section


def test_what_is_pasted_is_written_as_code_is_here(section: str, checkout: Path) -> None:
    names = [name for name, _ in FILE.findall(section)]

    assert len(names) == 4
    for rule in (("check",), ("format", "--check")):
        done = python(checkout, "-m", "ruff", *rule, "--no-cache", *names)
        assert done.returncode == 0, done.stdout + done.stderr


def test_doing_it_wrong_says_what_the_page_shows(section: str, checkout: Path) -> None:
    (change,) = CHANGE.findall(section)
    (said,) = SAID.findall(section)
    name, before, after = change
    right = (checkout / name).read_text("utf-8")
    assert right.count(before) == 1
    (checkout / name).write_text(right.replace(before, after), "utf-8")

    done = run_its_command(section, checkout)

    assert done.returncode != 0
    assert re.search(re.escape(said).replace("…", ".+"), done.stdout), done.stdout
